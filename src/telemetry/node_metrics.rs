//! The metrics of several servers on one database.

use prometheus::{IntCounter, IntGaugeVec, Opts, Registry};

use super::metrics::{counter, register};
use crate::error::Error;

const PEERS: (&str, &str) = ("stoa_peers", "Other servers on this database, by state");
const CHECKS: (&str, &str) = (
    "stoa_catch_up_checks_total",
    "Checks of how far conversations are that other servers may have written to",
);
const BEHIND: (&str, &str) = (
    "stoa_rooms_behind_total",
    "Rooms that a catch-up check found behind the database",
);

/// What a server counts of the others.
pub struct NodeMetrics {
    /// Other servers on the same database, by state.
    pub peers: IntGaugeVec,
    /// Checks of how far conversations are that other servers may have written to.
    pub catch_up_checks: IntCounter,
    /// Rooms that such a check found behind.
    pub rooms_behind: IntCounter,
}

impl NodeMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, Error> {
        let peers = IntGaugeVec::new(Opts::new(PEERS.0, PEERS.1), &["state"]);
        Ok(Self {
            peers: register(registry, peers)?,
            catch_up_checks: counter(registry, CHECKS.0, CHECKS.1)?,
            rooms_behind: counter(registry, BEHIND.0, BEHIND.1)?,
        })
    }
}
