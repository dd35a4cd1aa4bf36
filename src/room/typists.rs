//! Who types in a room: from when they say so until they stop, or have not said so again for a while. Pure.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::domain::command::Typing;
use crate::domain::ids::UserNo;

/// How long somebody types without saying so again.
const TYPING_FADES: Duration = Duration::from_secs(6);

/// Who types, and when they said so last.
#[derive(Debug, Default)]
pub(super) struct Typists(HashMap<UserNo, Instant>);

impl Typists {
    /// Notes what somebody says; whether that is news for others.
    pub(super) fn note(&mut self, user: UserNo, typing: Typing, now: Instant) -> bool {
        match typing {
            Typing::Started => self.0.insert(user, now).is_none(),
            Typing::Stopped => self.stop(user),
        }
    }

    /// Somebody types no more, as when their message is there; whether that is news for others.
    pub(super) fn stop(&mut self, user: UserNo) -> bool {
        // Called for each message, mostly while nobody types.
        !self.0.is_empty() && self.0.remove(&user).is_some()
    }

    /// Whoever has not said so again for a while.
    pub(super) fn faded(&self, now: Instant) -> Vec<UserNo> {
        let has_faded = |since: &Instant| now.duration_since(*since) >= TYPING_FADES;
        let faded = self.0.iter().filter(|(_, since)| has_faded(since));
        faded.map(|(user, _)| *user).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clock::ManualClock;

    const ALICE: UserNo = UserNo(1);
    const BOB: UserNo = UserNo(2);

    #[test]
    fn somebody_who_goes_on_typing_is_told_once_and_fades_after_the_last_word() {
        let (time, mut typists) = (ManualClock::standing(), Typists::default());
        let clock = time.clock();
        assert!(typists.note(ALICE, Typing::Started, clock.now()));
        time.advance(TYPING_FADES / 2);
        assert!(!typists.note(ALICE, Typing::Started, clock.now()));
        assert!(typists.note(BOB, Typing::Started, clock.now()));
        time.advance(TYPING_FADES - Duration::from_nanos(1));
        assert_eq!(typists.faded(clock.now()), []);
        assert!(typists.note(BOB, Typing::Stopped, clock.now()));
        time.advance(Duration::from_nanos(1));
        assert_eq!(typists.faded(clock.now()), [ALICE]);
        assert!(typists.stop(ALICE));
        assert_eq!(typists.faded(clock.now()), []);
    }

    #[test]
    fn it_is_no_news_that_somebody_stops_who_does_not_type() {
        let (now, mut typists) = (ManualClock::standing().clock().now(), Typists::default());
        assert!(!typists.note(ALICE, Typing::Stopped, now));
        assert!(typists.note(ALICE, Typing::Started, now));
        assert!(!typists.note(BOB, Typing::Stopped, now));
        assert!(typists.note(ALICE, Typing::Stopped, now));
        assert!(!typists.note(ALICE, Typing::Stopped, now));
    }
}
