//! How long the consumers rest after their turn, and how much they do in it: less while many messages are written, since these come
//! first. Pure.

use std::time::{Duration, Instant};

use super::Timing;
use super::following::Found;

/// The shortest rest.
const BREATH: Duration = Duration::from_millis(100);
/// The longest rest.
const LONGEST: Duration = Duration::from_secs(10);
/// Messages a second from which on a server has little time to spare, and none.
const MANY: f64 = 2_500.0;
const FULL: f64 = 10_000.0;
/// So many events that are given to connections are as much work as a message.
const EVENTS_OF_A_MESSAGE: u64 = 25;
/// How much longer than their turn the consumers rest then: they take a sixteenth of one core, and a thirty-second.
const LONGER: u32 = 15;
const LONGER_WHEN_FULL: u32 = 31;
/// The entries of a pass then: what a pass writes delays the messages that are stored at the same time.
const ENTRIES: i64 = 1_000;

/// How much a server has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Load {
    Light,
    Heavy,
    Full,
}

impl Load {
    /// How many of the entries that a pass could handle it may handle.
    pub(super) fn bound(self, entries: i64) -> i64 {
        match self {
            Self::Light => entries,
            Self::Heavy | Self::Full => entries.min(ENTRIES),
        }
    }
}

/// What the server had done up to a time, counted in messages.
pub(super) struct Work {
    done: u64,
    at: Instant,
}

/// The work of these messages, and of these events that were given to connections.
pub(super) fn work(messages: u64, events: u64) -> u64 {
    messages + events / EVENTS_OF_A_MESSAGE
}

impl Work {
    pub(super) fn new(done: u64, at: Instant) -> Self {
        Self { done, at }
    }

    /// The load since the last note.
    pub(super) fn note(&mut self, done: u64, now: Instant) -> Load {
        let seconds = now.duration_since(self.at).as_secs_f64();
        let more = done.saturating_sub(self.done);
        *self = Self { done, at: now };
        match more as f64 {
            more if more < MANY * seconds || more == 0.0 => Load::Light,
            more if more < FULL * seconds => Load::Heavy,
            _ => Load::Full,
        }
    }
}

/// How long to rest at least, and then at most until there is something new.
pub(super) fn rest(
    found: Found,
    took: Duration,
    load: Load,
    timing: &Timing,
) -> (Duration, Duration) {
    let least = match (found, load) {
        (Found::Nothing, _) => return (BREATH, timing.look),
        (_, Load::Heavy) => busy(took * LONGER, timing),
        (_, Load::Full) => busy(took * LONGER_WHEN_FULL, timing),
        // A backlog uses at most half of the time, so that others get the database too.
        (Found::More, Load::Light) => took.max(BREATH),
        (Found::CaughtUp, Load::Light) => timing.rest,
    };
    (least, Duration::ZERO)
}

/// A rest while there is little time to spare.
fn busy(wanted: Duration, timing: &Timing) -> Duration {
    wanted.min(LONGEST).max(timing.rest).max(BREATH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clock::ManualClock;

    const TOOK: Duration = Duration::from_millis(400);

    #[test]
    fn many_messages_a_second_are_a_heavy_load() {
        let time = ManualClock::standing();
        let clock = time.clock();
        let mut work = Work::new(100, clock.now());
        time.advance(Duration::from_millis(500));
        assert_eq!(work.note(1_349, clock.now()), Load::Light);
        time.advance(Duration::from_millis(500));
        assert_eq!(work.note(2_599, clock.now()), Load::Heavy);
        assert_eq!(work.note(2_599, clock.now()), Load::Light);
        time.advance(Duration::from_millis(500));
        assert_eq!(work.note(7_599, clock.now()), Load::Full);
    }

    #[test]
    fn many_events_are_as_much_work_as_a_message() {
        assert_eq!(work(100, 0), 100);
        assert_eq!(work(2_000, 4_000), 2_160);
        assert_eq!(work(2_300, 460_000), 20_700);
    }

    #[test]
    fn consumers_take_half_of_the_time_for_a_backlog_and_little_while_many_messages_are_written() {
        let timing = Timing::default();
        let least = |found, load| rest(found, TOOK, load, &timing).0;
        assert_eq!(least(Found::More, Load::Light), TOOK);
        assert_eq!(least(Found::CaughtUp, Load::Light), timing.rest);
        for found in [Found::More, Found::CaughtUp] {
            assert_eq!(least(found, Load::Heavy), TOOK * LONGER);
            assert_eq!(least(found, Load::Full), LONGEST);
            let full = rest(found, TOOK / 4, Load::Full, &timing).0;
            assert_eq!(full, TOOK / 4 * LONGER_WHEN_FULL);
        }
        let slow = rest(Found::More, LONGEST, Load::Heavy, &timing).0;
        assert_eq!(slow, LONGEST);
    }
}
