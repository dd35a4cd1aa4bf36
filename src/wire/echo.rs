//! Whether what this server publishes comes back to it. Pure.
//!
//! A connection may be open and deaf, for example to a Redis that is no longer the master. One's own frames show it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// A frame that has not come back for so long says that this server is apart from the others.
pub const APART: Duration = Duration::from_millis(1_500);
/// And after so long both connections are made anew.
pub const DEAF: Duration = Duration::from_secs(3);
/// A frame that comes back within this time says that the wire is whole. Shorter than `APART`, so that the state does not alternate.
pub const WHOLE: Duration = Duration::from_millis(750);

/// Whether this server hears what is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Redis is away, or this server does not hear itself. It may miss what others say.
    Apart,
    /// It hears itself.
    Whole,
}

/// The frames that were published and have not come back.
#[derive(Debug)]
pub struct Echo {
    state: State,
    /// Their numbers and when they were published, in order.
    under_way: VecDeque<(u64, Instant)>,
}

impl Default for Echo {
    fn default() -> Self {
        Self {
            state: State::Apart,
            under_way: VecDeque::new(),
        }
    }
}

impl Echo {
    /// The connections are gone or new: what was under way does not come back.
    pub fn begin(&mut self) {
        *self = Self::default();
    }

    /// A frame is being published.
    pub fn note_sent(&mut self, number: u64, now: Instant) {
        self.under_way.push_back((number, now));
    }

    /// A frame of this server was heard. Answers how long it took; `None` if it was not under way. Frames before it, which Redis would
    /// have passed on earlier, do not come back any more.
    pub fn note_heard(&mut self, number: u64, now: Instant) -> Option<Duration> {
        let found = self
            .under_way
            .binary_search_by_key(&number, |(number, _)| *number);
        let index = found.ok()?;
        let (_, sent) = self.under_way.drain(..=index).next_back()?;
        let took = now.saturating_duration_since(sent);
        if took < WHOLE {
            self.state = State::Whole;
        }
        Some(took)
    }

    /// The state at this moment.
    pub fn state(&mut self, now: Instant) -> State {
        if self.has_waited(APART, now) {
            self.state = State::Apart;
        }
        self.state
    }

    /// Whether the connections should be made anew.
    pub fn is_deaf(&self, now: Instant) -> bool {
        self.has_waited(DEAF, now)
    }

    fn has_waited(&self, limit: Duration, now: Instant) -> bool {
        let oldest = self.under_way.front();
        oldest.is_some_and(|(_, sent)| now.saturating_duration_since(*sent) >= limit)
    }
}

#[cfg(test)]
#[path = "echo_tests.rs"]
mod tests;
