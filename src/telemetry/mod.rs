//! What operators see: metrics, the log, and refusals in the log.

pub mod event_metrics;
pub mod logging;
pub mod metrics;
pub mod node_metrics;
pub mod refusal_log;
pub mod wire_metrics;
