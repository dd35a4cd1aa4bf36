//! Counts the messages of each day. It is the smallest consumer; copy it to write another.

use diesel::pg::PgConnection;

use super::{Consumer, NewEntries};
use crate::error::Error;
use crate::store::messages_per_day;

/// The consumer.
pub(super) struct MessagesPerDay;

impl Consumer for MessagesPerDay {
    fn name(&self) -> &'static str {
        "messages_per_day"
    }

    fn handle(&self, connection: &mut PgConnection, entries: &[NewEntries]) -> Result<(), Error> {
        messages_per_day::add(connection, entries)
    }
}
