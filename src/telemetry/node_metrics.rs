//! The metrics of several servers on one database.

use prometheus::{IntCounter, IntGauge, IntGaugeVec, Opts, Registry};

use super::metrics::{counter, register};
use crate::error::Error;

const PEERS: (&str, &str) = (
    "stoa_peers",
    "Other servers on this database, by how they are heard",
);
const GAPS: (&str, &str) = (
    "stoa_feed_gaps_total",
    "Frames of other servers before which some were missing",
);
const CHECKS: (&str, &str) = (
    "stoa_catch_up_checks_total",
    "Checks of how far conversations are that other servers may have written to",
);
const BEHIND: (&str, &str) = (
    "stoa_rooms_behind_total",
    "Rooms that a catch-up check found behind the database",
);

const SAME_TAG: (&str, &str) = (
    "stoa_peers_with_same_tag",
    "Other servers on this database with the --node-tag of this one",
);

/// How a peer is heard: its frames come, they do not although it has a wire, it has none.
pub const PEER_STATES: [&str; 3] = ["heard", "silent", "without_wire"];

/// What a server counts of the others.
pub struct NodeMetrics {
    /// Other servers on the same database, by how they are heard.
    pub peers: IntGaugeVec,
    /// Other servers on the same database with this one's tag.
    pub same_tag: IntGauge,
    /// Frames of other servers before which some were missing.
    pub gaps: IntCounter,
    /// Checks of how far conversations are that other servers may have written to.
    pub catch_up_checks: IntCounter,
    /// Rooms that such a check found behind.
    pub rooms_behind: IntCounter,
}

impl NodeMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, Error> {
        let peers = IntGaugeVec::new(Opts::new(PEERS.0, PEERS.1), &["state"]);
        let peers = register(registry, peers)?;
        for state in PEER_STATES {
            peers.with_label_values(&[state]);
        }
        Ok(Self {
            peers,
            same_tag: register(registry, IntGauge::new(SAME_TAG.0, SAME_TAG.1))?,
            gaps: counter(registry, GAPS.0, GAPS.1)?,
            catch_up_checks: counter(registry, CHECKS.0, CHECKS.1)?,
            rooms_behind: counter(registry, BEHIND.0, BEHIND.1)?,
        })
    }
}
