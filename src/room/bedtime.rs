//! When a room sleeps: unused for long enough, it asks the registry to forget it; forgotten, it stops once nothing is under way. Pure.

use std::time::{Duration, Instant};

/// What a room is awake for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Nothing,
    /// Somebody has joined.
    Listeners,
    /// Something is being written, read or gathered, with or without listeners.
    Work,
}

/// What a room must do now to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    GoOn,
    /// Tell the registry that it is not in use.
    AskToSleep,
    Stop,
}

/// Whether a room is in use, and how far its end has been agreed with the registry.
#[derive(Debug)]
pub(super) struct Bedtime {
    used_at: Instant,
    phase: Phase,
}

#[derive(Debug, PartialEq)]
enum Phase {
    Awake,
    /// The registry knows it.
    Asked,
    /// The registry has forgotten this room.
    Dozing,
}

impl Bedtime {
    /// A room that was just woken.
    pub(super) fn awake(now: Instant) -> Self {
        Self {
            used_at: now,
            phase: Phase::Awake,
        }
    }

    /// Something was asked of the room, or came back to it.
    pub(super) fn note_use(&mut self, now: Instant) {
        self.used_at = now;
    }

    /// Whether the registry has forgotten the room.
    pub(super) fn is_dozing(&self) -> bool {
        self.phase == Phase::Dozing
    }

    /// Begins to end the room although it is in use; returns `AskToSleep` unless the registry knows it already.
    pub(super) fn end(&mut self) -> Then {
        match self.phase {
            Phase::Asked | Phase::Dozing => Then::GoOn,
            Phase::Awake => {
                self.phase = Phase::Asked;
                Then::AskToSleep
            }
        }
    }

    /// The registry has forgotten the room.
    pub(super) fn doze(&mut self, used_for: Use) -> Then {
        self.phase = Phase::Dozing;
        self.stop_unless_at_work(used_for)
    }

    /// What is to be done now by a room that sleeps once it has not been used for so long.
    pub(super) fn look(&mut self, used_for: Use, idle: Duration, now: Instant) -> Then {
        match self.phase {
            Phase::Dozing => self.stop_unless_at_work(used_for),
            Phase::Asked => Then::GoOn,
            Phase::Awake => {
                let is_idle = now.duration_since(self.used_at) >= idle;
                if used_for != Use::Nothing || !is_idle {
                    return Then::GoOn;
                }
                self.phase = Phase::Asked;
                Then::AskToSleep
            }
        }
    }

    fn stop_unless_at_work(&self, used_for: Use) -> Then {
        match used_for {
            Use::Work => Then::GoOn,
            Use::Nothing | Use::Listeners => Then::Stop,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clock::ManualClock;

    const IDLE: Duration = Duration::from_secs(60);

    #[test]
    fn an_unused_room_asks_once_and_a_used_one_stays_awake() {
        let time = ManualClock::standing();
        let clock = time.clock();
        let mut bedtime = Bedtime::awake(clock.now());
        time.advance(IDLE - Duration::from_nanos(1));
        assert_eq!(bedtime.look(Use::Nothing, IDLE, clock.now()), Then::GoOn);
        bedtime.note_use(clock.now());
        time.advance(IDLE - Duration::from_nanos(1));
        assert_eq!(bedtime.look(Use::Nothing, IDLE, clock.now()), Then::GoOn);
        time.advance(Duration::from_nanos(1));
        for used_for in [Use::Listeners, Use::Work] {
            assert_eq!(bedtime.look(used_for, IDLE, clock.now()), Then::GoOn);
        }
        let asked = bedtime.look(Use::Nothing, IDLE, clock.now());
        assert_eq!(asked, Then::AskToSleep);
        time.advance(IDLE);
        assert_eq!(bedtime.look(Use::Nothing, IDLE, clock.now()), Then::GoOn);
        assert!(!bedtime.is_dozing(), "the registry may still send it work");
    }

    #[test]
    fn a_room_that_is_to_end_asks_once_and_not_after_it_was_forgotten() {
        let now = ManualClock::standing().clock().now();
        let mut bedtime = Bedtime::awake(now);
        assert_eq!(bedtime.end(), Then::AskToSleep);
        assert_eq!(bedtime.end(), Then::GoOn);
        let idle = bedtime.look(Use::Nothing, Duration::ZERO, now);
        assert_eq!(idle, Then::GoOn);
        assert_eq!(bedtime.doze(Use::Work), Then::GoOn);
        assert_eq!(bedtime.end(), Then::GoOn);
    }

    #[test]
    fn a_forgotten_room_stops_when_its_work_is_done_however_short_that_was() {
        let now = ManualClock::standing().clock().now();
        let mut bedtime = Bedtime::awake(now);
        assert_eq!(bedtime.doze(Use::Work), Then::GoOn);
        assert!(bedtime.is_dozing());
        assert_eq!(bedtime.look(Use::Work, IDLE, now), Then::GoOn);
        assert_eq!(bedtime.look(Use::Nothing, IDLE, now), Then::Stop);
        assert_eq!(Bedtime::awake(now).doze(Use::Nothing), Then::Stop);
    }
}
