//! What time it is: the machine's clock, or one that a test moves. It is passed in, so that tests need not wait.

#![doc = include_str!("../README.md")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A clock; the machine's by default.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<Hands>>);

/// How a clock stands that a test moves.
#[derive(Debug)]
struct Hands {
    /// Where it stands still; nothing where it goes with the machine's.
    stands: Option<(Instant, Duration)>,
    /// Nanoseconds by which it was moved on.
    passed: AtomicU64,
}

impl Clock {
    /// This moment, for lengths of time.
    #[inline]
    pub fn now(&self) -> Instant {
        match &self.0 {
            None => Instant::now(),
            Some(hands) => {
                let stands = hands.stands.map(|(at, _)| at);
                stands.unwrap_or_else(Instant::now) + hands.passed()
            }
        }
    }

    /// The time since 1970, as calendars and tokens have it.
    pub fn since_1970(&self) -> Duration {
        match &self.0 {
            None => machine_since_1970(),
            Some(hands) => {
                let stands = hands.stands.map(|(_, since)| since);
                stands.unwrap_or_else(machine_since_1970) + hands.passed()
            }
        }
    }
}

impl Hands {
    fn passed(&self) -> Duration {
        Duration::from_nanos(self.passed.load(Ordering::Acquire))
    }
}

/// Nothing where the machine's clock stands before 1970.
fn machine_since_1970() -> Duration {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default()
}

/// A clock that is moved on: by hand alone, or beside going with the machine's.
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Hands>);

impl ManualClock {
    /// One that begins with the machine's time and stands still.
    pub fn standing() -> Self {
        Self::new(Some((Instant::now(), machine_since_1970())))
    }

    /// One that goes with the machine's, for a whole program that waits in between.
    pub fn running() -> Self {
        Self::new(None)
    }

    fn new(stands: Option<(Instant, Duration)>) -> Self {
        let passed = AtomicU64::new(0);
        Self(Arc::new(Hands { stands, passed }))
    }

    /// The clock to pass in.
    pub fn clock(&self) -> Clock {
        Clock(Some(Arc::clone(&self.0)))
    }

    /// Moves every clock that came from this one on.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        self.0.passed.fetch_add(by, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_times_of_a_standing_clock_go_on_together_and_only_when_moved() {
        let time = ManualClock::standing();
        let (clock, other) = (time.clock(), time.clock());
        let (begun, since) = (clock.now(), clock.since_1970());
        assert_eq!((clock.now(), clock.since_1970()), (begun, since));
        time.advance(Duration::from_millis(1_500));
        time.advance(Duration::from_nanos(1));
        let passed = Duration::from_nanos(1_500_000_001);
        assert_eq!(other.now(), begun + passed);
        assert_eq!(other.since_1970(), since + passed);
    }

    #[test]
    fn the_machines_clock_goes_on_by_itself() {
        let clock = Clock::default();
        let before = Instant::now();
        let (read, since) = (clock.now(), clock.since_1970());
        assert!(before <= read && read <= Instant::now());
        assert!(since >= Duration::from_secs(1_700_000_000));
    }

    #[test]
    fn a_running_clock_goes_with_the_machines_and_can_be_moved_on() {
        let time = ManualClock::running();
        let before = Instant::now();
        let hour = Duration::from_secs(3_600);
        time.advance(hour);
        let clock = time.clock();
        let (read, since) = (clock.now() - hour, clock.since_1970() - hour);
        assert!(before <= read && read <= Instant::now());
        assert!(since <= machine_since_1970());
    }

    #[test]
    fn a_clock_is_as_small_as_a_pointer() {
        assert_eq!(size_of::<Clock>(), size_of::<usize>());
    }
}
