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

/// The messages that were written up to a time.
pub(super) struct Written {
    messages: u64,
    at: Instant,
}

impl Written {
    pub(super) fn new(messages: u64, at: Instant) -> Self {
        Self { messages, at }
    }

    /// The load since the last note.
    pub(super) fn note(&mut self, messages: u64, now: Instant) -> Load {
        let seconds = now.duration_since(self.at).as_secs_f64();
        let more = messages.saturating_sub(self.messages);
        *self = Self { messages, at: now };
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
        (_, Load::Heavy) => (took * LONGER).min(LONGEST).max(timing.rest).max(BREATH),
        (_, Load::Full) => (took * LONGER_WHEN_FULL)
            .min(LONGEST)
            .max(timing.rest)
            .max(BREATH),
        // A backlog uses at most half of the time, so that others get the database too.
        (Found::More, Load::Light) => took.max(BREATH),
        (Found::CaughtUp, Load::Light) => timing.rest,
    };
    (least, Duration::ZERO)
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
        let mut written = Written::new(100, clock.now());
        time.advance(Duration::from_millis(500));
        assert_eq!(written.note(1_349, clock.now()), Load::Light);
        time.advance(Duration::from_millis(500));
        assert_eq!(written.note(2_599, clock.now()), Load::Heavy);
        assert_eq!(written.note(2_599, clock.now()), Load::Light);
        time.advance(Duration::from_millis(500));
        assert_eq!(written.note(7_599, clock.now()), Load::Full);
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
