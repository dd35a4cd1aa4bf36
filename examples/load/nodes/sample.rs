//! One measurement, and the middle of several.

use crate::drive::Failure;
use crate::meter::Stage;
use crate::traffic::Outcome;

use super::usage::Usage;

/// What was measured of a case in one round.
#[derive(Clone)]
pub struct Sample {
    /// Acknowledged sends a second.
    pub sends: f64,
    /// Deliveries to listening sockets a second.
    pub deliveries: f64,
    /// From the send to its acknowledgement, in milliseconds.
    pub acknowledged: Quantiles,
    /// From the send to a listening socket, in milliseconds.
    pub delivered: Quantiles,
    /// Percent of a core.
    pub usage: Usage,
    /// The seconds until the last node was ready.
    pub ready: f64,
    /// The MiB of memory that the last node has gained under load.
    pub growth: f64,
}

/// Half of all are below the first, 99 of a hundred below the second.
#[derive(Clone, Copy)]
pub struct Quantiles {
    pub p50: f64,
    pub p99: f64,
}

impl Sample {
    /// The figures of an outcome, the seconds until the last node was ready, and what its memory has gained.
    pub fn new(
        outcome: Outcome<Result<Usage, Failure>>,
        ready: f64,
        growth: f64,
    ) -> Result<Self, Failure> {
        let (meter, seconds) = (&outcome.meter, outcome.seconds);
        let quantiles = |stage: &Stage| Quantiles {
            p50: stage.milliseconds(0.5),
            p99: stage.milliseconds(0.99),
        };
        let (begun, ended) = outcome.seen;
        Ok(Self {
            sends: meter.acknowledged.count() as f64 / seconds,
            deliveries: meter.delivered.count() as f64 / seconds,
            acknowledged: quantiles(&meter.acknowledged),
            delivered: quantiles(&meter.delivered),
            usage: ended?.since(&begun?, seconds),
            ready,
            growth,
        })
    }

    /// Each figure is the median of those of these samples, which are of one case.
    pub fn median(samples: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(samples.iter().map(figure));
        let nodes = samples.iter().map(|sample| sample.usage.nodes.len()).max();
        let node = |index: usize| {
            let nodes = samples.iter().map(|sample| &sample.usage.nodes);
            median(nodes.filter_map(|nodes| nodes.get(index).copied()))
        };
        Self {
            sends: of(|sample| sample.sends),
            deliveries: of(|sample| sample.deliveries),
            acknowledged: Quantiles {
                p50: of(|sample| sample.acknowledged.p50),
                p99: of(|sample| sample.acknowledged.p99),
            },
            delivered: Quantiles {
                p50: of(|sample| sample.delivered.p50),
                p99: of(|sample| sample.delivered.p99),
            },
            usage: Usage {
                nodes: (0..nodes.unwrap_or(0)).map(node).collect(),
                postgres: of(|sample| sample.usage.postgres),
                redis: of(|sample| sample.usage.redis),
            },
            ready: of(|sample| sample.ready),
            growth: of(|sample| sample.growth),
        }
    }
}

/// The middle one, or the mean of the two in the middle; 0 of none.
fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    let at = |index: usize| figures.get(index).copied().unwrap_or(0.0);
    match figures.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => at(odd / 2),
        even => f64::midpoint(at(even / 2 - 1), at(even / 2)),
    }
}
