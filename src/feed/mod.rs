//! The feed: what was committed, for whoever follows it. Its live half is a hint in memory that something happened; its durable half are
//! rows, which consumers follow so that each entry takes effect exactly once.
//!
//! A consumer is a file that implements [`Consumer`], and a line in [`consumers`].

mod following;
mod live;
mod messages_per_day;
mod runner;

use diesel::pg::PgConnection;
use std::sync::Arc;

use crate::error::Error;
pub use crate::store::feed_watermarks::NewEntries;
pub use following::{Bounds, Found, pass};
pub use live::{Feed, Listener, Signal, Transient};
pub use runner::{Following, Timing};

/// Somebody who makes something of every entry of every conversation: counts, an index, alerts.
pub trait Consumer: Send + Sync {
    /// Under which name it is remembered how far it has read. Under another name it reads everything again.
    fn name(&self) -> &'static str;

    /// Reads the entries and does what follows from them, on this connection: it is in a transaction that also notes that they were read.
    /// Each entry comes once, those of a conversation in order, in as many parts as the bounds make of them. A message may have been edited
    /// since: it reads as it is now, and the edit comes as an entry of its own.
    fn take_in(&self, connection: &mut PgConnection, entries: &[NewEntries]) -> Result<(), Error>;
}

/// The consumers that every server follows the feed for.
pub fn consumers() -> Vec<Arc<dyn Consumer>> {
    vec![Arc::new(messages_per_day::MessagesPerDay)]
}
