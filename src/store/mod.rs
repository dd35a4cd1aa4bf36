//! Postgres: a row and its queries in one file; functions take a connection. The only SQL.

pub mod append;
pub mod changes;
pub mod cluster;
pub mod conversations;
pub mod creation;
pub mod history;
pub mod idempotency;
pub mod marks;
pub mod messages;
pub mod participants;
pub mod pool;
pub mod replay;
pub mod schema;
pub mod users;
