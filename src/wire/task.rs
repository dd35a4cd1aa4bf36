//! Publishes what this server says, listens to what others say, and connects again for as long as the server runs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::backoff::{Backoff, chance};
use super::frames::Frames;
use super::listening::{End, Listening};
use super::redis::{Connections, Redis, Trouble};
use super::state_report::StateReport;
use crate::error::Error;
use crate::telemetry::wire_metrics::WireMetrics;

/// How often it is looked whether frames come back.
const ECHO_CHECKS: Duration = Duration::from_millis(100);
/// How long a server that stops publishes what waits.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What runs on the wire's thread.
pub(super) struct Task {
    pub(super) redis: Redis,
    pub(super) frames: Frames,
    /// How many sections were dropped that are counted already.
    pub(super) dropped: u64,
    pub(super) listening: Arc<Listening>,
    pub(super) told: StateReport,
    pub(super) metrics: WireMetrics,
}

impl Task {
    /// Runs until the server stops, or nobody holds the other end any more.
    pub(super) async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let mut backoff = Backoff::default();
        let mut stop = stopped.clone();
        tokio::select! {
            () = self.run_until(&mut stopped, &mut backoff) => {}
            () = last_words(&mut stop) => {}
        }
    }

    async fn run_until(&mut self, stopped: &mut watch::Receiver<bool>, backoff: &mut Backoff) {
        while !is_stopped(stopped) {
            self.listening.begin();
            let connecting = self.redis.connect(Arc::clone(&self.listening) as Arc<_>);
            let connected = tokio::select! {
                connected = connecting => connected.map_err(Lost::from),
                () = stop(stopped) => return,
            };
            let lost = match connected {
                Ok(connections) => self.serve(&connections, stopped).await,
                Err(lost) => Err(lost),
            };
            let Err(lost) = lost else {
                return;
            };
            if self.told.take_was_whole() {
                backoff.reset();
            }
            self.told.tell_apart(&lost.to_string());
            tokio::select! {
                () = tokio::time::sleep(backoff.next(chance())) => {}
                () = stop(stopped) => return,
            }
        }
    }

    /// Publishes and listens, until the server stops or the connections are to be given up.
    async fn serve(
        &mut self,
        connections: &Connections,
        stopped: &mut watch::Receiver<bool>,
    ) -> Result<(), Lost> {
        let mut publishing = Publishing {
            frames: &mut self.frames,
            dropped: &mut self.dropped,
            listening: &self.listening,
            metrics: &self.metrics,
            connections,
        };
        tokio::select! {
            published = publishing.run(stopped) => published,
            trouble = connections.until_lost() => Err(trouble.into()),
            end = watch_echo(&self.listening, &mut self.told) => Err(Lost::Heard(end)),
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.told.end();
    }
}

/// Reports the state whenever it changes, until the connections are to be given up.
async fn watch_echo(listening: &Listening, told: &mut StateReport) -> End {
    let mut turn = tokio::time::interval(ECHO_CHECKS);
    turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = turn.tick() => {}
            () = listening.changed() => {}
        }
        match listening.state() {
            Ok(state) => told.tell(state),
            Err(end) => return end,
        }
    }
}

struct Publishing<'a> {
    frames: &'a mut Frames,
    dropped: &'a mut u64,
    listening: &'a Listening,
    metrics: &'a WireMetrics,
    connections: &'a Connections,
}

impl Publishing<'_> {
    /// Publishes frame after frame, and when the server stops those that wait.
    async fn run(&mut self, stopped: &mut watch::Receiver<bool>) -> Result<(), Lost> {
        loop {
            let next = tokio::select! {
                next = self.frames.next() => next.map(Some),
                () = stop(stopped) => self.frames.next_now(),
            };
            let dropped = self.frames.dropped();
            let before = std::mem::replace(self.dropped, dropped);
            self.metrics.dropped_out.inc_by(dropped - before);
            let Some(frame) = next.map_err(Lost::NotSealed)? else {
                return Ok(());
            };
            self.listening.note_sent(frame.number);
            self.connections.publish(&frame.bytes).await?;
            self.metrics.frames_out.inc();
            self.metrics.bytes_out.inc_by(frame.bytes.len() as u64);
        }
    }
}

/// Why the connections were given up.
enum Lost {
    ByRedis(Trouble),
    Heard(End),
    NotSealed(Error),
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByRedis(trouble) => trouble.fmt(f),
            Self::Heard(End::Closed) => f.write_str("the connection that listens was closed"),
            Self::Heard(End::Overwhelmed) => {
                f.write_str("more came in than this server could take")
            }
            Self::Heard(End::Deaf) => f.write_str("what this server publishes does not come back"),
            Self::NotSealed(error) => error.fmt(f),
        }
    }
}

impl From<Trouble> for Lost {
    fn from(trouble: Trouble) -> Self {
        Self::ByRedis(trouble)
    }
}

fn is_stopped(stopped: &watch::Receiver<bool>) -> bool {
    *stopped.borrow() || stopped.has_changed().is_err()
}

/// Waits until the server stops.
async fn stop(stopped: &mut watch::Receiver<bool>) {
    let _gone_is_stopped_too = stopped.wait_for(|stops| *stops).await;
}

/// Waits until the server has stopped for so long that what still waits is given up.
async fn last_words(stopped: &mut watch::Receiver<bool>) {
    let stops = stopped.wait_for(|stops| *stops).await.is_ok();
    if stops {
        tokio::time::sleep(LAST_WORDS).await;
    }
}
