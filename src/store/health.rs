//! Whether the database responds, as the watch observes it. All connections consult it.

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch::{self, Receiver};

use super::pool::explain;
use crate::error::Error;

/// The state of the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It responds.
    Answering,
    /// Connecting fails at once: it is stopped or starting. A retry is cheap and may succeed at any moment.
    Away,
    /// It accepts connections and does not respond, like a frozen process. Only the watch still queries it.
    Silent,
}

/// The state, and how often it was silent so far. The count reveals a silence that began and ended between two
/// looks.
#[derive(Clone, Copy)]
pub(super) struct Observed {
    pub(super) state: State,
    pub(super) silences: u64,
}

/// Has the database respond once on a connection.
pub fn respond(connection: &mut PgConnection) -> Result<(), Error> {
    connection.batch_execute("select 1").map_err(explain)
}

/// The observed health.
pub(super) struct Health {
    known: watch::Sender<Observed>,
    begun: Instant,
    /// Milliseconds from `begun` to the last response on any connection.
    heard: AtomicU64,
}

impl Health {
    /// The database counts as responding until the watch observes something else.
    pub(super) fn new() -> Self {
        let known = Observed {
            state: State::Answering,
            silences: 0,
        };
        Self {
            known: watch::Sender::new(known),
            begun: Instant::now(),
            heard: AtomicU64::new(0),
        }
    }

    pub(super) fn state(&self) -> State {
        self.known.borrow().state
    }

    /// How often the database was silent so far.
    pub(super) fn silences(&self) -> u64 {
        self.known.borrow().silences
    }

    pub(super) fn is_silent(&self) -> bool {
        self.state() == State::Silent
    }

    /// Sets the state and returns the previous one.
    pub(super) fn set(&self, state: State) -> State {
        let mut before = state;
        self.known.send_if_modified(|known| {
            before = std::mem::replace(&mut known.state, state);
            known.silences += u64::from(state == State::Silent && before != State::Silent);
            before != state
        });
        before
    }

    pub(super) fn listen(&self) -> Receiver<Observed> {
        self.known.subscribe()
    }

    /// Records a response of the database.
    pub(super) fn note_response(&self) {
        let millis = self.begun.elapsed().as_millis();
        self.heard
            .store(u64::try_from(millis).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The time since the last response.
    pub(super) fn quiet_for(&self) -> Duration {
        let heard = Duration::from_millis(self.heard.load(Ordering::Relaxed));
        self.begun.elapsed().saturating_sub(heard)
    }
}

/// Returns when the database becomes silent; `silences` is the count when the caller began.
pub(super) async fn wait_for_silence(mut listener: Receiver<Observed>, silences: u64) {
    let gone =
        listener.wait_for(|known| known.silences != silences || known.state == State::Silent);
    if gone.await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_silence_that_is_over_again_is_not_overlooked() {
        let health = Health::new();
        let listener = health.listen();
        let silences = listener.borrow().silences;
        assert_eq!(health.set(State::Silent), State::Answering);
        assert_eq!(health.set(State::Answering), State::Silent);
        wait_for_silence(listener, silences).await;
        let (listener, silences) = (health.listen(), 1);
        let waiting = tokio::time::timeout(
            Duration::from_millis(20),
            wait_for_silence(listener, silences),
        );
        assert!(waiting.await.is_err(), "it answers");
    }
}
