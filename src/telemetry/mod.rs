//! What operators see: figures, the log, and refusals in it.

pub mod logging;
pub mod metrics;
pub mod refusal_log;
