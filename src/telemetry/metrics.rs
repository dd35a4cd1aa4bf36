//! The metrics that `/metrics` shows. Labels are codes and route patterns, never ids.

use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    Opts, Registry, TextEncoder,
};

use super::event_metrics::EventMetrics;
use super::node_metrics::NodeMetrics;
use super::wire_metrics::WireMetrics;
use crate::error::Error;

/// All metrics, in a registry of their own, so that two servers in one process count separately.
pub struct Metrics {
    registry: Registry,
    /// Open sockets.
    pub connections: IntGauge,
    /// Rooms that are awake.
    pub rooms: IntGauge,
    /// Messages committed.
    pub messages: IntCounter,
    /// Steps of deals committed.
    pub steps: IntCounter,
    /// Sends that were answered with an earlier result.
    pub repeats: IntCounter,
    /// Frames pushed to connection queues.
    pub deliveries: IntCounter,
    /// Events that were encoded, by dialect.
    encoded: IntCounterVec,
    /// Connection queues that exceeded their bound.
    pub overflows: IntCounter,
    /// Appends and marks in one commit.
    pub batch_size: Histogram,
    /// The duration of one commit, in seconds.
    pub batch_seconds: Histogram,
    /// Requests whose head is not HTTP.
    pub unreadable_requests: IntCounter,
    /// WebSockets that the server closed, by close code.
    pub closed_sockets: IntCounterVec,
    /// Requests for Socket.IO sessions of other nodes.
    pub misrouted: IntCounter,
    /// Jobs that were given up after their last attempt, by kind.
    pub given_up: IntCounterVec,
    /// The age in seconds of the oldest row of the feed that a consumer has not handled.
    pub feed_oldest: Gauge,
    /// The same for each consumer.
    pub feed_lag: GaugeVec,
    /// What is counted of the other servers.
    pub nodes: NodeMetrics,
    /// What is counted of the wire to them.
    pub wire: WireMetrics,
    /// The platform's events and the rules that follow them.
    pub events: EventMetrics,
    /// Search.
    pub search: SearchMetrics,
    /// Refusals by code.
    pub refusals: IntCounterVec,
    /// Requests by route pattern, method and status.
    pub requests: HistogramVec,
}

impl Metrics {
    /// All metrics at zero. Fails only if two of them have the same name.
    pub fn new() -> Result<Self, Error> {
        let registry = Registry::new();
        Ok(Self {
            connections: gauge(&registry, "stoa_connections", "Open sockets")?,
            rooms: gauge(&registry, "stoa_rooms_awake", "Loaded rooms")?,
            messages: counter(&registry, "stoa_messages_total", "Messages committed")?,
            steps: counter(&registry, STEPS.0, STEPS.1)?,
            repeats: counter(&registry, REPEATS.0, REPEATS.1)?,
            deliveries: counter(
                &registry,
                "stoa_deliveries_total",
                "Frames pushed to connection queues",
            )?,
            encoded: family(&registry, ENCODED, "Events encoded, by dialect", "form")?,
            overflows: counter(
                &registry,
                "stoa_outbox_overflows_total",
                "Connections closed as slow readers",
            )?,
            batch_size: histogram(
                &registry,
                "stoa_commit_batch_size",
                "Appends in one commit",
                &SIZES,
            )?,
            batch_seconds: histogram(
                &registry,
                "stoa_commit_seconds",
                "Seconds per commit",
                &SECONDS,
            )?,
            unreadable_requests: counter(
                &registry,
                "stoa_unreadable_requests_total",
                "Requests whose head is not HTTP",
            )?,
            closed_sockets: family(&registry, CLOSED, "WebSockets closed by the server", "code")?,
            misrouted: counter(&registry, MISROUTED.0, MISROUTED.1)?,
            given_up: family(&registry, GIVEN_UP.0, GIVEN_UP.1, "kind")?,
            feed_oldest: register(&registry, Gauge::new(FEED_OLDEST.0, FEED_OLDEST.1))?,
            feed_lag: register(
                &registry,
                GaugeVec::new(Opts::new(FEED_LAG.0, FEED_LAG.1), &["consumer"]),
            )?,
            nodes: NodeMetrics::new(&registry)?,
            wire: WireMetrics::new(&registry)?,
            events: EventMetrics::new(&registry)?,
            search: SearchMetrics::new(&registry)?,
            refusals: family(&registry, "stoa_refusals_total", "Refusals by code", "code")?,
            requests: requests(&registry)?,
            registry,
        })
    }

    /// The counter of events encoded in a dialect.
    pub fn encoded(&self, dialect: &str) -> IntCounter {
        self.encoded.with_label_values(&[dialect])
    }

    /// The text that Prometheus reads.
    pub fn render(&self) -> Result<String, Error> {
        TextEncoder::new()
            .encode_to_string(&self.registry.gather())
            .map_err(Error::internal)
    }
}

const STEPS: (&str, &str) = ("stoa_flow_steps_total", "Steps of deals committed");
const GIVEN_UP: (&str, &str) = (
    "stoa_jobs_given_up_total",
    "Jobs given up after their last attempt",
);
const ENCODED: &str = "stoa_events_encoded_total";
const CLOSED: &str = "stoa_closed_sockets_total";
const REPEATS: (&str, &str) = (
    "stoa_repeated_sends_total",
    "Sends answered with an earlier result",
);
const MISROUTED: (&str, &str) = (
    "stoa_misrouted_sessions_total",
    "Requests for Socket.IO sessions of other nodes",
);
const FEED_OLDEST: (&str, &str) = (
    "stoa_feed_oldest_seconds",
    "Age of the oldest row of the feed that a consumer has not handled",
);
const FEED_LAG: (&str, &str) = (
    "stoa_feed_lag_seconds",
    "Age of the oldest row of the feed that this consumer has not handled",
);
const SIZES: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 128.0, 256.0, 512.0];
const SECONDS: [f64; 11] = [
    0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0,
];

/// The metrics of search.
pub struct SearchMetrics {
    /// Messages written into the index.
    pub documents: IntCounter,
    /// The duration of searches, by plan.
    pub seconds: HistogramVec,
}

impl SearchMetrics {
    fn new(registry: &Registry) -> Result<Self, Error> {
        let options = HistogramOpts::new("stoa_search_seconds", "Seconds per search, by plan");
        let options = options.buckets(SECONDS.to_vec());
        Ok(Self {
            documents: counter(
                registry,
                "stoa_search_documents_total",
                "Messages written into the index of search",
            )?,
            seconds: register(registry, HistogramVec::new(options, &["plan"]))?,
        })
    }
}

fn requests(registry: &Registry) -> Result<HistogramVec, Error> {
    let options = HistogramOpts::new(
        "stoa_request_seconds",
        "Seconds per request, by method, route and status",
    );
    let options = options.buckets(SECONDS.to_vec());
    let labels = ["method", "route", "status"];
    register(registry, HistogramVec::new(options, &labels))
}

pub(super) fn register<C: prometheus::core::Collector + Clone + 'static>(
    registry: &Registry,
    made: prometheus::Result<C>,
) -> Result<C, Error> {
    let collector = made.map_err(Error::internal)?;
    registry
        .register(Box::new(collector.clone()))
        .map_err(Error::internal)?;
    Ok(collector)
}

fn gauge(registry: &Registry, name: &str, help: &str) -> Result<IntGauge, Error> {
    register(registry, IntGauge::new(name, help))
}

pub(super) fn counter(registry: &Registry, name: &str, help: &str) -> Result<IntCounter, Error> {
    register(registry, IntCounter::new(name, help))
}

fn family(
    registry: &Registry,
    name: &str,
    help: &str,
    label: &str,
) -> Result<IntCounterVec, Error> {
    register(
        registry,
        IntCounterVec::new(Opts::new(name, help), &[label]),
    )
}

fn histogram(
    registry: &Registry,
    name: &str,
    help: &str,
    buckets: &[f64],
) -> Result<Histogram, Error> {
    register(
        registry,
        Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec())),
    )
}
