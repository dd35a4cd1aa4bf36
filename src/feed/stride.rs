//! How much of its work is done at once: less after a failure, more after what was quick. Pure.

use std::time::Duration;

/// The shortest delay after a failure.
const SHORTEST_WAIT: Duration = Duration::from_secs(1);
/// The longest delay after a failure.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How much is done at once, between 1 and a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stride {
    size: i64,
    most: i64,
    /// Failures in a row.
    failures: u32,
}

/// What failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It took too long, or lost its connection while the database responds.
    Slow,
    /// It met an error.
    Broken,
}

impl Stride {
    /// Begins with an eighth of the bound.
    pub(super) fn new(most: i64) -> Self {
        Self {
            size: (most / 8).max(1),
            most,
            failures: 0,
        }
    }

    /// How much the next one takes.
    pub(super) fn size(self) -> i64 {
        self.size
    }

    /// One that did all that was asked has ended well. Twice as much would still take less than half of the time that a statement may
    /// take, or the next one is no larger.
    pub(super) fn note_full(&mut self, took: Duration, allowed: Duration) {
        self.failures = 0;
        if took < allowed / 4 {
            self.size = self.size.saturating_mul(2).min(self.most);
        }
    }

    /// One that found less than was asked has ended well.
    pub(super) fn note_done(&mut self) {
        self.failures = 0;
    }

    /// One has failed: the next one is half as large. Answers how long to wait for it. A slow one is repeated soon as long as it becomes
    /// smaller.
    pub(super) fn note_failure(&mut self, failure: Failure) -> Duration {
        let becomes_smaller = self.size > 1;
        self.size = (self.size / 2).max(1);
        if failure == Failure::Slow && becomes_smaller {
            return SHORTEST_WAIT;
        }
        let wait = SHORTEST_WAIT * 2_u32.saturating_pow(self.failures);
        self.failures = (self.failures + 1).min(10);
        wait.min(LONGEST_WAIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: Duration = Duration::from_secs(10);
    const QUICK: Duration = Duration::from_millis(2_499);

    #[test]
    fn what_is_too_slow_becomes_smaller_until_it_is_one_and_then_waits_longer_and_longer() {
        let mut stride = Stride::new(64);
        let mut sizes = Vec::new();
        for _ in 0..3 {
            sizes.push(stride.size());
            let wait = stride.note_failure(Failure::Slow);
            assert_eq!(wait, SHORTEST_WAIT, "the next one is smaller");
        }
        assert_eq!((sizes.as_slice(), stride.size()), ([8, 4, 2].as_slice(), 1));
        let waits: Vec<u64> = (0..8)
            .map(|_| stride.note_failure(Failure::Slow).as_secs())
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(stride.size(), 1);
    }

    #[test]
    fn only_what_was_full_and_quick_becomes_larger() {
        let mut stride = Stride::new(64);
        stride.note_full(ALLOWED / 4, ALLOWED);
        assert_eq!(stride.size(), 8, "it was not quick");
        stride.note_done();
        assert_eq!(stride.size(), 8, "it was not full");
        for size in [16, 32, 64, 64] {
            stride.note_full(QUICK, ALLOWED);
            assert_eq!(stride.size(), size);
        }
    }

    #[test]
    fn what_is_broken_waits_longer_each_time_until_something_ends_well() {
        let mut stride = Stride::new(1_000);
        let mut wait = || stride.note_failure(Failure::Broken).as_secs();
        assert_eq!([wait(), wait(), wait()], [1, 2, 4]);
        stride.note_done();
        assert_eq!(stride.note_failure(Failure::Broken).as_secs(), 1);
    }
}
