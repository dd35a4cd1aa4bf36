//! The measurements of a scenario.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::drive::Failure;

/// Longer durations count as this: a minute.
const LONGEST_MICROSECONDS: u64 = 60_000_000;

/// Counts and durations. Nothing is recorded before the warm-up is over.
pub struct Meter {
    born: Instant,
    is_measuring: Cell<bool>,
    /// Set when senders must stop.
    pub is_ending: Cell<bool>,
    /// Acknowledged sends.
    pub acknowledged: Stage,
    /// Deliveries to listening sockets.
    pub delivered: Stage,
}

/// The number and durations of one kind of operation.
pub struct Stage {
    durations: RefCell<Histogram<u64>>,
}

impl Stage {
    /// An empty stage.
    pub fn new() -> Result<Self, Failure> {
        Ok(Self {
            durations: RefCell::new(Histogram::new_with_bounds(1, LONGEST_MICROSECONDS, 3)?),
        })
    }

    /// Records a duration.
    pub fn record(&self, duration: Duration) {
        self.durations
            .borrow_mut()
            .saturating_record(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    }

    /// The number of recorded durations.
    pub fn count(&self) -> u64 {
        self.durations.borrow().len()
    }

    /// The milliseconds that this part of the durations, from 0 to 1, does not exceed.
    pub fn milliseconds(&self, quantile: f64) -> f64 {
        self.durations.borrow().value_at_quantile(quantile) as f64 / 1_000.0
    }

    /// "p50 / p99 ms".
    pub fn quantiles(&self) -> String {
        let (p50, p99) = (self.milliseconds(0.5), self.milliseconds(0.99));
        format!("{p50:.2} / {p99:.2} ms")
    }
}

impl Meter {
    /// A meter that is not measuring yet.
    pub fn new() -> Result<Self, Failure> {
        Ok(Self {
            born: Instant::now(),
            is_measuring: Cell::new(false),
            is_ending: Cell::new(false),
            acknowledged: Stage::new()?,
            delivered: Stage::new()?,
        })
    }

    /// Nanoseconds since the meter was created; messages carry it as their stamp.
    pub fn now(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Records, while measuring, the end of an operation that began at a stamp.
    pub fn done(&self, stage: &Stage, begun: u64) {
        if self.is_measuring.get() {
            stage.record(Duration::from_nanos(self.now().saturating_sub(begun)));
        }
    }

    /// Starts to measure.
    pub fn start(&self) {
        self.is_measuring.set(true);
    }

    /// Measures for a while; returns the actual seconds.
    pub async fn measure(&self, seconds: f64) -> f64 {
        self.start();
        let started = Instant::now();
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        self.is_measuring.set(false);
        started.elapsed().as_secs_f64()
    }
}
