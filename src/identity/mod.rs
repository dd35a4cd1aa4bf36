//! Authentication, known users, rate limits, and the demo's secret.

pub mod auth;
pub mod demo_secret;
pub mod last_seen;
pub mod people;
pub mod rate_limits;
pub mod staff;
