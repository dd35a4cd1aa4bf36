//! When what failed is tried again, and for how long.

use std::time::Duration;

use crate::domain::job::Job;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// How one kind of job is tried again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Backoff {
    /// How much longer than the usual one its first delay is.
    first: u32,
    /// How much longer each delay is than the one before.
    factor: f64,
    /// The longest delay.
    longest: Duration,
    /// For how long it is tried.
    pub(super) patience: Duration,
}

/// How a kind of job is tried again; one that this version does not know waits for a version that does.
pub(super) fn backoff_of(job: Option<&Job>, reconcile_hours: u32) -> Backoff {
    let backoff = |first, factor, longest, patience| Backoff {
        first,
        factor,
        longest,
        patience,
    };
    match job {
        Some(Job::CreateOrder { .. }) => backoff(1, 2.0, 5 * MINUTE, DAY),
        Some(Job::PaymentEvent { .. }) => backoff(1, 2.0, 10 * MINUTE, 4 * DAY),
        Some(Job::TellDeal { .. } | Job::Announce { .. }) => backoff(1, 2.0, MINUTE, 4 * DAY),
        Some(Job::Reconcile { .. }) => backoff(1, 2.0, HOUR, DAY + reconcile_hours * HOUR),
        Some(Job::Refund { .. }) => backoff(1, 2.0, HOUR, 4 * DAY),
        Some(Job::DeliverEvent { .. }) => backoff(5, 3.0, 2 * HOUR, DAY),
        Some(Job::SandboxEvents { .. }) => backoff(1, 2.0, HOUR, DAY),
        None => backoff(10, 1.0, MINUTE, DAY),
    }
}

/// How a timer is tried again: for as long as it is there.
pub(super) fn timer_delay(first: Duration, attempt: u32, chance: f64) -> Duration {
    let backoff = Backoff {
        first: 1,
        factor: 2.0,
        longest: 5 * MINUTE,
        patience: Duration::MAX,
    };
    backoff.delay(first, attempt, chance)
}

impl Backoff {
    /// The delay after an attempt, counted from 1: a fifth less or more, as `chance` from 0 to 1 has it, so that what failed
    /// together does not come back together.
    pub(super) fn delay(&self, first: Duration, attempt: u32, chance: f64) -> Duration {
        let exponent = i32::try_from(attempt.saturating_sub(1).min(60)).unwrap_or(60);
        let grown = first.as_secs_f64() * f64::from(self.first) * self.factor.powi(exponent);
        let bounded = grown.min(self.longest.as_secs_f64());
        Duration::from_secs_f64(bounded * (0.8 + 0.4 * chance.clamp(0.0, 1.0)))
    }
}

/// A number from 0 to 1 that differs between servers.
pub(super) fn chance() -> f64 {
    let random = uuid::Uuid::new_v4().as_u128() as u32;
    f64::from(random) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_delivery_is_tried_about_twenty_times_in_its_day() {
        let backoff = backoff_of(Some(&Job::DeliverEvent { event_no: 1 }), 96);
        let delay = |attempt| backoff.delay(Duration::from_secs(1), attempt, 0.5);
        assert_eq!(
            (1..=4)
                .map(|attempt| delay(attempt).as_secs())
                .collect::<Vec<_>>(),
            [5, 15, 45, 135]
        );
        let mut waited = Duration::ZERO;
        let tries = (1..).take_while(|attempt| {
            waited += delay(*attempt);
            waited < backoff.patience
        });
        assert!((15..=25).contains(&tries.count()));
    }

    proptest! {
        #[test]
        fn delays_stay_within_their_bounds(attempt in 0u32..2_000_000_000, first in 1u64..60_000, chance in -1.0f64..2.0) {
            let backoff = backoff_of(Some(&Job::Reconcile { order_no: 1 }), 96);
            let delay = backoff.delay(Duration::from_millis(first), attempt, chance);
            prop_assert!(delay <= HOUR.mul_f64(1.2) && !delay.is_zero());
        }
    }
}
