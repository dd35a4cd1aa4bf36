//! Who types in a room: from when they say so until they stop, or have not said so again for a while. Pure.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::domain::command::Typing;
use crate::domain::ids::UserNo;

/// How long somebody types without saying so again.
const TYPING_FADES: Duration = Duration::from_secs(6);

/// How often others get an event of somebody who goes on typing: clients take a start back after 6 seconds by themselves, and those who have
/// joined since have not heard of it.
const TOLD_AGAIN: Duration = Duration::from_secs(2);

/// Who types.
#[derive(Debug, Default)]
pub(super) struct Typists(HashMap<UserNo, Typist>);

/// Since when somebody types, when they said last that they do, and when others got the event.
#[derive(Debug)]
struct Typist {
    since: Instant,
    said: Instant,
    told: Instant,
}

impl Typists {
    /// Notes what somebody says; whether others get an event.
    pub(super) fn note(&mut self, user: UserNo, typing: Typing, now: Instant) -> bool {
        match typing {
            Typing::Started => self.start(user, now),
            Typing::Stopped => self.stop(user),
        }
    }

    fn start(&mut self, user: UserNo, now: Instant) -> bool {
        let before = self.0.get(&user);
        let since = before.map_or(now, |typist| typist.since);
        let told = before.map(|typist| typist.told);
        let told = told.filter(|told| now.duration_since(*told) < TOLD_AGAIN);
        let typist = Typist {
            since,
            said: now,
            told: told.unwrap_or(now),
        };
        self.0.insert(user, typist);
        told.is_none()
    }

    /// Somebody types no more, as when their message is there; whether that is news for others.
    pub(super) fn stop(&mut self, user: UserNo) -> bool {
        // Called for each message, mostly while nobody types.
        !self.0.is_empty() && self.0.remove(&user).is_some()
    }

    /// Those who type, each with how long they have.
    pub(super) fn now_typing(&self, now: Instant) -> Vec<(UserNo, Duration)> {
        let types = |typist: &Typist| now.duration_since(typist.said) < TYPING_FADES;
        let typing = self.0.iter().filter(|(_, typist)| types(typist));
        let mut typing: Vec<(UserNo, Duration)> = typing
            .map(|(user, typist)| (*user, now.duration_since(typist.since)))
            .collect();
        typing.sort_unstable_by_key(|(user, _)| *user);
        typing
    }

    /// Those whose last signal is too old.
    pub(super) fn faded(&self, now: Instant) -> Vec<UserNo> {
        let has_faded = |typist: &Typist| now.duration_since(typist.said) >= TYPING_FADES;
        let faded = self.0.iter().filter(|(_, typist)| has_faded(typist));
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
    fn somebody_who_goes_on_typing_is_told_of_again_every_two_seconds() {
        let (time, mut typists) = (ManualClock::standing(), Typists::default());
        let clock = time.clock();
        let mut told = 0;
        // A key every 200 ms for ten seconds.
        for _ in 0..50 {
            told += usize::from(typists.note(ALICE, Typing::Started, clock.now()));
            time.advance(Duration::from_millis(200));
        }
        assert_eq!(told, 5);
        let ten_seconds = Duration::from_secs(10);
        assert_eq!(typists.now_typing(clock.now()), [(ALICE, ten_seconds)]);
        assert_eq!(typists.faded(clock.now()), []);
    }

    #[test]
    fn somebody_fades_after_they_last_said_that_they_type() {
        let (time, mut typists) = (ManualClock::standing(), Typists::default());
        let clock = time.clock();
        assert!(typists.note(ALICE, Typing::Started, clock.now()));
        time.advance(TOLD_AGAIN / 2);
        assert!(!typists.note(ALICE, Typing::Started, clock.now()));
        assert!(typists.note(BOB, Typing::Started, clock.now()));
        time.advance(TYPING_FADES - Duration::from_nanos(1));
        assert_eq!(typists.faded(clock.now()), []);
        assert!(typists.note(BOB, Typing::Stopped, clock.now()));
        time.advance(Duration::from_nanos(1));
        assert_eq!(typists.faded(clock.now()), [ALICE]);
        assert_eq!(typists.now_typing(clock.now()), []);
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
