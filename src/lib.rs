//! Stoa: realtime conversations beside a platform's own users, jobs and orders.
//!
//! Five rules hold everywhere:
//!
//! 1. **One owner**: a `Command` goes to exactly one owner, a room or a deal, which alone decides on it.
//! 2. **PostgreSQL holds the truth**: a change exists when its transaction has committed. Only then is it
//!    acknowledged and announced.
//! 3. **Rooms publish values**: a room creates one `RoomEvent` for each change and queues it for each
//!    connection, which encodes it in its dialect.
//! 4. **Deferred work is a row**: jobs and timers are inserted in the transaction that causes them.
//! 5. **Rules are pure**: functions without I/O and without a clock decide what may happen; actors do the I/O.
//!
//! `ARCHITECTURE.md` defines the terms, and describes the way of a message through the modules.
//!
//! The modules follow in reading order, from the edge inwards. Each imports only modules below it
//! (`tests/tidy.rs` checks that).

pub mod app;
pub mod seed;

pub mod edge;
pub mod jobs;

pub mod nodes;

pub mod registry;

pub mod deal;
pub mod room;

pub mod feed;
pub mod notifier;

pub mod journal;

pub mod identity;

pub mod media;
pub mod payment;
pub mod store;

pub mod objects;
pub mod presence;
pub mod scanner;

pub mod wire;

pub mod job_signal;
pub mod outbound;
pub mod queue;
pub mod signing;
pub mod telemetry;

pub mod config;
pub mod error;

pub mod domain;
