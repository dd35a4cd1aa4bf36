//! When a failed job is tried again, and for how long.

use std::time::Duration;

use crate::domain::job::Job;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// The retry schedule of one kind of job.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Backoff {
    /// Factor by which its first delay exceeds the configured one.
    first: u32,
    /// Factor between one delay and the next.
    factor: f64,
    /// The longest delay.
    longest: Duration,
    /// The age at which a job is given up.
    pub(super) patience: Duration,
}

/// The schedule of a job. A kind that this version does not know waits for a server that does.
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
        Some(Job::CheckFile { .. }) => backoff(1, 2.0, MINUTE, 2 * DAY),
        // It may be planned for a year ahead.
        Some(Job::DropFile { .. }) => backoff(1, 2.0, HOUR, 2 * 366 * DAY),
        // It decides itself when to give up, and other events wait for it.
        Some(Job::HandleEvent { .. } | Job::RunRule { .. }) => {
            backoff(1, 2.0, MINUTE, Duration::MAX)
        }
        None => backoff(10, 1.0, MINUTE, DAY),
    }
}

/// The delay before a timer is tried again. Timers are tried until they are deleted.
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
    /// The delay after a failure (counted from 1), varied by up to a fifth: `chance` 0 is the shortest, 1 the
    /// longest. Jobs that failed together are thus not retried together.
    pub(super) fn delay(&self, first: Duration, failure: u32, chance: f64) -> Duration {
        let exponent = i32::try_from(failure.saturating_sub(1).min(60)).unwrap_or(60);
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
