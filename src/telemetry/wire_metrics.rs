//! The metrics of the wire between servers.

use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, Opts, Registry};

use super::metrics::register;
use crate::error::Error;

const FRAMES: (&str, &str) = (
    "stoa_feed_frames_total",
    "Frames that this server has published, and has heard of others",
);
const BYTES: (&str, &str) = (
    "stoa_feed_bytes_total",
    "Bytes of these frames, without what Redis adds",
);
const DROPPED: (&str, &str) = (
    "stoa_feed_dropped_total",
    "Sections that were not published, because too many waited or for too long, and frames of others that could not be taken in",
);
const ECHO: (&str, &str) = (
    "stoa_feed_echo_seconds",
    "Seconds until a frame that this server has published came back",
);
const SECONDS: [f64; 12] = [
    0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 3.0,
];
const DIRECTION: &str = "direction";

/// What a server counts of the wire. Cheap to clone.
#[derive(Clone)]
pub struct WireMetrics {
    /// Frames that were published.
    pub frames_out: IntCounter,
    /// Frames of others that were heard.
    pub frames_in: IntCounter,
    /// The bytes of those that were published.
    pub bytes_out: IntCounter,
    /// The bytes of those that were heard.
    pub bytes_in: IntCounter,
    /// Sections that were not published.
    pub dropped_out: IntCounter,
    /// Frames of others that could not be taken in.
    pub dropped_in: IntCounter,
    /// The seconds until a frame came back.
    pub echo_seconds: Histogram,
}

impl WireMetrics {
    pub(super) fn new(registry: &Registry) -> Result<Self, Error> {
        let both = |(name, help): (&str, &str)| -> Result<_, Error> {
            let family = IntCounterVec::new(Opts::new(name, help), &[DIRECTION]);
            let family = register(registry, family)?;
            let of = |direction| family.with_label_values(&[direction]);
            Ok((of("out"), of("in")))
        };
        let ((frames_out, frames_in), (bytes_out, bytes_in)) = (both(FRAMES)?, both(BYTES)?);
        let (dropped_out, dropped_in) = both(DROPPED)?;
        let echo = HistogramOpts::new(ECHO.0, ECHO.1).buckets(SECONDS.to_vec());
        Ok(Self {
            frames_out,
            frames_in,
            bytes_out,
            bytes_in,
            dropped_out,
            dropped_in,
            echo_seconds: register(registry, Histogram::with_opts(echo))?,
        })
    }
}
