//! Stoa: realtime conversations beside a platform's own users, jobs and orders.
//!
//! Five sentences to hold in mind:
//!
//! 1. **One way in**: a `Command` reaches exactly one owner, a room or a deal, and that owner decides.
//! 2. **One truth**: Postgres. A fact exists when its transaction has committed; only then is it acknowledged, and only then announced.
//! 3. **One way out**: an entry about a committed fact goes to the room, which encodes it once and pushes it to outboxes.
//! 4. **Later is a row**: work that can wait is written in the same transaction and comes back in through the same doors.
//! 5. **Rules are pure**: what may happen is decided by functions without I/O and without a clock; actors only carry.
//!
//! The words: a *conversation* is what is stored, a *room* is the actor that is awake for it; a *session* is one connection, its *queue*
//! holds, within a bound, what is still to be sent to it; an *entry* is a committed change with its *seq*; a *principal* is an authenticated caller;
//! a message's *content* is what its sender wrote; a *mark* is a watermark of reading. A *flow* is a file, its *definition* one checked version of it, a *deal* a conversation
//! that runs by one; a *step* is what follows from one input, in one or more *transitions*; its *view* is what of it is shown and enforced.
//!
//! The modules in reading order, from the outside in. Each may import only those after it (`tests/tidy.rs` sees to that).

pub mod app;
pub mod seed;

pub mod edge;
pub mod jobs;

pub mod registry;

pub mod deal;
pub mod room;

pub mod feed;

pub mod journal;

pub mod identity;

pub mod payment;
pub mod store;

pub mod presence;

pub mod job_signal;
pub mod outbound;
pub mod queue;
pub mod signing;
pub mod telemetry;

pub mod config;
pub mod error;

pub mod domain;
