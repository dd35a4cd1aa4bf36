//! Postgres: a row and its queries in one file; functions take a connection. The only SQL.

pub mod append;
pub mod changes;
pub mod cluster;
pub mod conversations;
pub mod creation;
pub mod flows;
pub mod history;
pub mod idempotency;
pub mod jobs;
pub mod marks;
pub mod messages;
pub mod missed;
pub mod orders;
pub mod participants;
pub mod payment_events;
pub mod payments;
pub mod platform_events;
pub mod pool;
pub mod recoveries;
pub mod refunds;
pub mod replay;
pub mod schema;
pub mod steps;
pub mod timers;
pub mod users;
