//! What is counted while a scenario is measured.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::drive::Failure;

/// What takes longer counts as this: a minute.
const LONGEST_MICROSECONDS: u64 = 60_000_000;

/// Counts and durations; nothing is recorded before the warm-up is over.
pub struct Meter {
    born: Instant,
    is_measuring: Cell<bool>,
    /// Set when senders begin nothing new.
    pub is_ending: Cell<bool>,
    /// Acknowledged sends.
    pub acknowledged: Stage,
    /// Deliveries to listening sockets.
    pub delivered: Stage,
}

/// How often something happened, and how long it took.
pub struct Stage {
    durations: RefCell<Histogram<u64>>,
}

impl Stage {
    /// Nothing yet.
    pub fn new() -> Result<Self, Failure> {
        Ok(Self {
            durations: RefCell::new(Histogram::new_with_bounds(1, LONGEST_MICROSECONDS, 3)?),
        })
    }

    /// One took so long.
    pub fn record(&self, duration: Duration) {
        self.durations
            .borrow_mut()
            .saturating_record(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    }

    /// How many there were.
    pub fn count(&self) -> u64 {
        self.durations.borrow().len()
    }

    /// "p50 / p99 ms".
    pub fn quantiles(&self) -> String {
        let durations = self.durations.borrow();
        let milliseconds = |quantile| durations.value_at_quantile(quantile) as f64 / 1_000.0;
        format!("{:.2} / {:.2} ms", milliseconds(0.5), milliseconds(0.99))
    }
}

impl Meter {
    /// Born now, not measuring yet.
    pub fn new() -> Result<Self, Failure> {
        Ok(Self {
            born: Instant::now(),
            is_measuring: Cell::new(false),
            is_ending: Cell::new(false),
            acknowledged: Stage::new()?,
            delivered: Stage::new()?,
        })
    }

    /// Nanoseconds since birth: the stamp that a message carries.
    pub fn now(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Records, while measuring, that something begun at a stamp is done.
    pub fn done(&self, stage: &Stage, begun: u64) {
        if self.is_measuring.get() {
            stage.record(Duration::from_nanos(self.now().saturating_sub(begun)));
        }
    }

    /// Measures from now on.
    pub fn start(&self) {
        self.is_measuring.set(true);
    }

    /// Measures for a while; answers the seconds that it really took.
    pub async fn measure(&self, seconds: f64) -> f64 {
        self.start();
        let started = Instant::now();
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        self.is_measuring.set(false);
        started.elapsed().as_secs_f64()
    }
}
