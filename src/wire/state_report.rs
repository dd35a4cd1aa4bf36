//! Says when this server is apart from the others and when it is whole again, to its listener and in the log.

use std::sync::Arc;

use super::echo::State;
use super::inbox::Inbox;

/// The state that was reported, to its listener and in the log.
pub(super) struct StateReport {
    inbox: Arc<Inbox>,
    state: Option<State>,
    /// Whether it has been whole since this was asked last.
    was_whole: bool,
    /// Why it is apart, as it was logged last.
    reason: String,
}

impl StateReport {
    /// Nothing was reported yet.
    pub(super) fn new(inbox: Arc<Inbox>) -> Self {
        Self {
            inbox,
            state: None,
            was_whole: false,
            reason: String::new(),
        }
    }

    /// Whether it has been whole since this was asked last.
    pub(super) fn take_was_whole(&mut self) -> bool {
        std::mem::take(&mut self.was_whole)
    }

    /// The state of an open connection at this moment.
    pub(super) fn tell(&mut self, state: State) {
        match (self.state, state) {
            (Some(told), now) if told == now => {}
            // The first connection is young, and nothing has come back yet.
            (None, State::Apart) => {}
            (_, State::Apart) => self.tell_apart("what this server publishes comes back late"),
            (_, State::Whole) => {
                self.state = Some(State::Whole);
                self.was_whole = true;
                self.reason.clear();
                self.inbox.push_state(State::Whole);
                log::info!(event = "feed_whole"; "this server hears what others publish");
            }
        }
    }

    /// Says it to the listener if it is news, and logs each reason once until it is whole again.
    pub(super) fn tell_apart(&mut self, reason: &str) {
        if self.state != Some(State::Apart) {
            self.state = Some(State::Apart);
            self.inbox.push_state(State::Apart);
        }
        if self.reason != reason {
            reason.clone_into(&mut self.reason);
            log::warn!(
                event = "feed_apart", reason = reason;
                "other servers are not heard over Redis: what they write is read from the database"
            );
        }
    }

    /// The wire ends.
    pub(super) fn end(&self) {
        self.inbox.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::inbox::{Heard, Incoming};

    async fn next(heard: &mut Heard) -> Option<State> {
        heard.next().await.map(|incoming| match incoming {
            Incoming::Apart => State::Apart,
            Incoming::Whole => State::Whole,
            Incoming::Frame(frame) => panic!("{frame:?}"),
        })
    }

    #[actix_rt::test]
    async fn a_state_is_told_once() {
        let (inbox, mut heard) = Inbox::open();
        let mut told = StateReport::new(inbox);
        told.tell(State::Apart);
        told.tell(State::Whole);
        told.tell(State::Whole);
        told.tell(State::Apart);
        told.tell_apart("away");
        told.tell_apart("still away");
        assert!(told.take_was_whole());
        assert!(!told.take_was_whole());
        told.tell(State::Apart);
        told.tell(State::Whole);
        told.end();
        for expected in [
            Some(State::Whole),
            Some(State::Apart),
            Some(State::Whole),
            None,
        ] {
            assert_eq!(next(&mut heard).await, expected);
        }
    }

    #[actix_rt::test]
    async fn a_redis_that_is_away_at_the_start_is_told() {
        let (inbox, mut heard) = Inbox::open();
        let mut told = StateReport::new(inbox);
        told.tell_apart("away");
        told.end();
        for expected in [Some(State::Apart), None] {
            assert_eq!(next(&mut heard).await, expected);
        }
    }
}
