//! Reads the entries that a room has missed, unless they are too many.

use diesel::pg::PgConnection;

use super::entries::all_entries;
use super::replay::{in_snapshot, last_seq};
use crate::domain::entry::Entry;
use crate::domain::ids::{ConversationNo, Seq};
use crate::error::Error;

/// What a room has missed.
#[derive(Debug)]
pub enum Missed {
    /// All of it, in order, one entry for each seq.
    Entries(Vec<Entry>),
    /// More entries than were asked for.
    TooMany,
}

/// Every change after `after`, in order, each with the current form of its subject, if there are at most `most`.
pub fn missed(
    connection: &mut PgConnection,
    no: ConversationNo,
    after: Seq,
    most: Seq,
) -> Result<Missed, Error> {
    in_snapshot(connection, |connection| match last_seq(connection, no)? {
        Some(last) if last - after > most => Ok(Missed::TooMany),
        Some(last) if last > after => all_entries(connection, no, after, last).map(Missed::Entries),
        Some(_) | None => Ok(Missed::Entries(Vec::new())),
    })
}
