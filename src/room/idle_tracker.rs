//! When a room ends: unused for long enough, it asks the registry to forget it; forgotten, it stops once nothing is under way. Pure.

use std::time::{Duration, Instant};

/// What a room is used for.
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
pub(super) enum NextStep {
    GoOn,
    /// Tell the registry that it is not in use.
    AskToBeForgotten,
    Stop,
}

/// Whether a room is in use, and how far its end has been agreed with the registry.
#[derive(Debug)]
pub(super) struct IdleTracker {
    used_at: Instant,
    phase: Phase,
}

#[derive(Debug, PartialEq)]
enum Phase {
    InUse,
    /// The registry knows it.
    Asked,
    /// The registry has forgotten this room.
    Forgotten,
}

impl IdleTracker {
    /// A room that has just started.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            used_at: now,
            phase: Phase::InUse,
        }
    }

    /// Something was asked of the room, or came back to it.
    pub(super) fn note_use(&mut self, now: Instant) {
        self.used_at = now;
    }

    /// Whether the registry has forgotten the room.
    pub(super) fn is_forgotten(&self) -> bool {
        self.phase == Phase::Forgotten
    }

    /// Begins to end the room although it is in use; returns `AskToBeForgotten` unless the registry knows it already.
    pub(super) fn end(&mut self) -> NextStep {
        match self.phase {
            Phase::Asked | Phase::Forgotten => NextStep::GoOn,
            Phase::InUse => {
                self.phase = Phase::Asked;
                NextStep::AskToBeForgotten
            }
        }
    }

    /// The registry has forgotten the room.
    pub(super) fn note_forgotten(&mut self, used_for: Use) -> NextStep {
        self.phase = Phase::Forgotten;
        self.stop_unless_at_work(used_for)
    }

    /// What a room must do now that ends once it has not been used for so long.
    pub(super) fn look(&mut self, used_for: Use, idle: Duration, now: Instant) -> NextStep {
        match self.phase {
            Phase::Forgotten => self.stop_unless_at_work(used_for),
            Phase::Asked => NextStep::GoOn,
            Phase::InUse => {
                let is_idle = now.duration_since(self.used_at) >= idle;
                if used_for != Use::Nothing || !is_idle {
                    return NextStep::GoOn;
                }
                self.phase = Phase::Asked;
                NextStep::AskToBeForgotten
            }
        }
    }

    fn stop_unless_at_work(&self, used_for: Use) -> NextStep {
        match used_for {
            Use::Work => NextStep::GoOn,
            Use::Nothing | Use::Listeners => NextStep::Stop,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clock::ManualClock;

    const IDLE: Duration = Duration::from_secs(60);

    #[test]
    fn an_unused_room_asks_once_and_a_used_one_never() {
        let time = ManualClock::standing();
        let clock = time.clock();
        let mut idle_tracker = IdleTracker::new(clock.now());
        time.advance(IDLE - Duration::from_nanos(1));
        assert_eq!(
            idle_tracker.look(Use::Nothing, IDLE, clock.now()),
            NextStep::GoOn
        );
        idle_tracker.note_use(clock.now());
        time.advance(IDLE - Duration::from_nanos(1));
        assert_eq!(
            idle_tracker.look(Use::Nothing, IDLE, clock.now()),
            NextStep::GoOn
        );
        time.advance(Duration::from_nanos(1));
        for used_for in [Use::Listeners, Use::Work] {
            assert_eq!(
                idle_tracker.look(used_for, IDLE, clock.now()),
                NextStep::GoOn
            );
        }
        let asked = idle_tracker.look(Use::Nothing, IDLE, clock.now());
        assert_eq!(asked, NextStep::AskToBeForgotten);
        time.advance(IDLE);
        assert_eq!(
            idle_tracker.look(Use::Nothing, IDLE, clock.now()),
            NextStep::GoOn
        );
        assert!(
            !idle_tracker.is_forgotten(),
            "the registry may still send it work"
        );
    }

    #[test]
    fn a_room_that_is_to_end_asks_once_and_not_after_it_was_forgotten() {
        let now = ManualClock::standing().clock().now();
        let mut idle_tracker = IdleTracker::new(now);
        assert_eq!(idle_tracker.end(), NextStep::AskToBeForgotten);
        assert_eq!(idle_tracker.end(), NextStep::GoOn);
        let idle = idle_tracker.look(Use::Nothing, Duration::ZERO, now);
        assert_eq!(idle, NextStep::GoOn);
        assert_eq!(idle_tracker.note_forgotten(Use::Work), NextStep::GoOn);
        assert_eq!(idle_tracker.end(), NextStep::GoOn);
    }

    #[test]
    fn a_forgotten_room_stops_when_its_work_is_done_however_short_that_was() {
        let now = ManualClock::standing().clock().now();
        let mut idle_tracker = IdleTracker::new(now);
        assert_eq!(idle_tracker.note_forgotten(Use::Work), NextStep::GoOn);
        assert!(idle_tracker.is_forgotten());
        assert_eq!(idle_tracker.look(Use::Work, IDLE, now), NextStep::GoOn);
        assert_eq!(idle_tracker.look(Use::Nothing, IDLE, now), NextStep::Stop);
        assert_eq!(
            IdleTracker::new(now).note_forgotten(Use::Nothing),
            NextStep::Stop
        );
    }
}
