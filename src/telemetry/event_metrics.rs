//! The metrics of the platform's events and of the rules that follow them.

use prometheus::{IntCounterVec, Opts, Registry};

use super::metrics::register;
use crate::error::Error;

const TOLD: (&str, &str) = (
    "stoa_events_in_total",
    "Events that the platform told, by type and what became of them",
);
const RUNS: (&str, &str) = (
    "stoa_rule_runs_total",
    "Rules that have run for an event, by rule and how that ended",
);

/// What is counted of events and rules. Types and rules are those of the rules files.
pub struct EventMetrics {
    /// Events told, by type (`unknown` for one that cannot be read or is not declared) and outcome: `accepted`, `known` or `refused`.
    pub told: IntCounterVec,
    /// Runs that have ended, by rule and outcome: `done`, `skipped` or `failed`.
    pub runs: IntCounterVec,
}

impl EventMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, Error> {
        let family = |(name, help): (&str, &str), labels: [&str; 2]| {
            register(registry, IntCounterVec::new(Opts::new(name, help), &labels))
        };
        Ok(Self {
            told: family(TOLD, ["type", "outcome"])?,
            runs: family(RUNS, ["rule", "outcome"])?,
        })
    }
}
