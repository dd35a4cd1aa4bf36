//! How long the wire waits before it connects again. Pure but for `chance`.

use std::time::Duration;
use uuid::Uuid;

const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

/// Counts connections that failed.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failed: u32,
}

impl Backoff {
    /// A connection has worked.
    pub(super) fn reset(&mut self) {
        self.failed = 0;
    }

    /// The time until the next one. It doubles with each failure, and is random between its half and its whole (`chance` from 0 to 1),
    /// so that servers that lose Redis together do not come back together.
    pub(super) fn next(&mut self, chance: f64) -> Duration {
        let doubled = SHORTEST.saturating_mul(1 << self.failed.min(10));
        self.failed = self.failed.saturating_add(1);
        let half = doubled.min(LONGEST) / 2;
        half + half.mul_f64(chance.clamp(0.0, 1.0))
    }
}

/// A random number from 0 to 1.
pub(super) fn chance() -> f64 {
    let (random, _) = Uuid::new_v4().as_u64_pair();
    random as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_waits_longer_after_each_failure_and_never_longer_than_two_seconds() {
        let mut backoff = Backoff::default();
        let waited: Vec<u128> = (0..8).map(|_| backoff.next(1.0).as_millis()).collect();
        assert_eq!(waited, [50, 100, 200, 400, 800, 1_600, 2_000, 2_000]);
        let mut long = Backoff { failed: u32::MAX };
        assert_eq!(long.next(0.0), LONGEST / 2);
        long.reset();
        assert_eq!(long.next(0.0), SHORTEST / 2);
    }

    #[test]
    fn chance_is_between_none_and_one() {
        let chances: Vec<f64> = (0..200).map(|_| chance()).collect();
        assert!(chances.iter().all(|chance| (0.0..=1.0).contains(chance)));
        assert!(chances.iter().any(|chance| *chance < 0.5));
        assert!(chances.iter().any(|chance| *chance > 0.5));
    }
}
