//! Whether the database answers: what the watch has found out, and what everybody who wants something from it goes by.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch::{self, Receiver};

/// How the database is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It answers.
    Answering,
    /// Connections to it fail at once: it is stopped, or starts. Trying costs nothing and may go well the next moment.
    Away,
    /// It takes connections and says nothing, as a frozen one does. Nobody asks it for anything but the watch.
    Silent,
}

/// The state, and how often it was silent so far: a silence that is over again is seen by those who looked away.
#[derive(Clone, Copy)]
pub(super) struct Known {
    pub(super) state: State,
    pub(super) silences: u64,
}

/// What is known of the database.
pub(super) struct Health {
    known: watch::Sender<Known>,
    begun: Instant,
    /// Milliseconds from `begun` until anything was last heard from the database, on any connection.
    heard: AtomicU64,
    /// Other servers on the same database.
    others: AtomicUsize,
}

impl Health {
    /// It is taken to answer until something else is found.
    pub(super) fn new() -> Self {
        let known = Known {
            state: State::Answering,
            silences: 0,
        };
        Self {
            known: watch::Sender::new(known),
            begun: Instant::now(),
            heard: AtomicU64::new(0),
            others: AtomicUsize::new(0),
        }
    }

    pub(super) fn state(&self) -> State {
        self.known.borrow().state
    }

    /// How often it was silent so far.
    pub(super) fn silences(&self) -> u64 {
        self.known.borrow().silences
    }

    pub(super) fn is_silent(&self) -> bool {
        self.state() == State::Silent
    }

    /// Sets the state; answers what it was before.
    pub(super) fn set(&self, state: State) -> State {
        let mut before = state;
        self.known.send_if_modified(|known| {
            before = std::mem::replace(&mut known.state, state);
            known.silences += u64::from(state == State::Silent && before != State::Silent);
            before != state
        });
        before
    }

    pub(super) fn listen(&self) -> Receiver<Known> {
        self.known.subscribe()
    }

    /// Something was heard from the database just now.
    pub(super) fn heard(&self) {
        let millis = self.begun.elapsed().as_millis();
        self.heard
            .store(u64::try_from(millis).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// How long nothing was heard.
    pub(super) fn quiet_for(&self) -> Duration {
        let heard = Duration::from_millis(self.heard.load(Ordering::Relaxed));
        self.begun.elapsed().saturating_sub(heard)
    }

    pub(super) fn others(&self) -> usize {
        self.others.load(Ordering::Relaxed)
    }

    pub(super) fn set_others(&self, count: usize) {
        self.others.store(count, Ordering::Relaxed);
    }
}

/// Waits until the database does not answer any more; for ever if it goes on answering.
pub(super) async fn silenced(mut listener: Receiver<Known>, silences: u64) {
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
        silenced(listener, silences).await;
        let (listener, silences) = (health.listen(), 1);
        let waiting = tokio::time::timeout(Duration::from_millis(20), silenced(listener, silences));
        assert!(waiting.await.is_err(), "it answers");
    }
}
