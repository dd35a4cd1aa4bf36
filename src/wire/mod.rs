//! The wire between servers on one database: what each tells the others, and how it comes to them over Redis.
//!
//! Redis stores nothing of it. A server that misses something reads the database.

pub mod frame;
pub mod outgoing;
pub mod section;
