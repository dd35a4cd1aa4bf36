//! The feed of committed changes. Its live half is a hint in memory; its durable half are rows, which
//! consumers read so that each entry takes effect exactly once.
//!
//! To add a consumer, write a file that implements [`Consumer`], with a constant name, put its queries into `store/` and its table
//! into `migrations/`, and add it to [`consumers`]. The runner, the lease and the watermarks need nothing more.

mod following;
mod live;
mod messages_per_day;
mod resting;
mod runner;
mod search_index;
mod stride;

use diesel::pg::PgConnection;
use std::sync::Arc;

use crate::error::Error;
pub use crate::store::feed_watermarks::NewEntries;
pub use following::{Bounds, Found, pass};
pub use live::{Concerned, Feed};
pub use runner::{FeedRunner, Timing};
pub use search_index::SearchIndex;

/// A subscriber to every entry of every conversation, such as a counter, an index or an alert.
pub trait Consumer: Send + Sync {
    /// The name under which its position is stored. A consumer with a new name reads everything from the
    /// beginning.
    fn name(&self) -> &str;

    /// Handles entries on this connection, inside the transaction that also advances the watermarks. Each entry
    /// comes once. The entries of a conversation come in order, in as many parts as the bounds require; a transaction
    /// may have several parts. A
    /// message is read as it is now; an edit also comes as its own entry.
    fn handle(&self, connection: &mut PgConnection, entries: &[NewEntries]) -> Result<(), Error>;
}

/// The consumers that a server runs, with the one for search if the server searches.
pub fn consumers(search: Option<SearchIndex>) -> Vec<Arc<dyn Consumer>> {
    let counting: Arc<dyn Consumer> = Arc::new(messages_per_day::MessagesPerDay);
    let search = search.map(|index| -> Arc<dyn Consumer> { Arc::new(index) });
    std::iter::once(counting).chain(search).collect()
}
