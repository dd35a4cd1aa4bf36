//! What was sent or edited since the documents were written: it is matched directly, so that a search is never
//! behind.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};

use super::conditions::{Conditions, too_broad};
use super::places::SearchedConversation;
use crate::domain::ids::Seq;
use crate::domain::message::Message;
use crate::error::Error;
use crate::store::access::{is_seen, is_wanted};
use crate::store::messages::by_keys;

/// The most messages that are matched directly.
pub(super) const MOST: usize = 5_000;

/// Messages without a document.
pub(super) struct Recent {
    /// The messages that the searcher may see, in no particular order.
    pub(super) messages: Vec<Message>,
    /// Whether these are all.
    pub(super) is_whole: bool,
}

#[derive(QueryableByName)]
struct Key {
    #[diesel(sql_type = BigInt)]
    no: i64,
    #[diesel(sql_type = BigInt)]
    seq: Seq,
}

impl Default for Recent {
    /// Every message has a document.
    fn default() -> Self {
        Self {
            messages: Vec::new(),
            is_whole: true,
        }
    }
}

/// The messages of these places that have no document yet; of the most recently changed places if there are too
/// many.
// Raw SQL: two scans for each place, one of the end of its messages and one of the end of its edits.
pub(super) fn recent(
    connection: &mut PgConnection,
    places: &[SearchedConversation],
    conditions: &Conditions,
) -> Result<Recent, Error> {
    let behind: Vec<&SearchedConversation> = places
        .iter()
        .filter(|place| place.last > place.indexed)
        .collect();
    if behind.is_empty() {
        return Ok(Recent::default());
    }
    let (visible, wanted) = (
        is_seen("m", "o.role", "$4", "o.sees_from"),
        is_wanted("m", "$4"),
    );
    let sql = format!(
        "select r.no, r.seq from unnest($1, $2, $3, $6) as o(no, indexed, role, sees_from) cross join lateral (
            select o.no, m.seq from messages m where m.conversation_no = o.no and m.seq > o.indexed and m.deleted_at is null
                and {visible} and {wanted} order by m.seq desc limit $5
        ) r
        union all
        select r.no, r.seq from unnest($1, $2, $3, $6) as o(no, indexed, role, sees_from) cross join lateral (
            select distinct o.no, m.seq from message_changes c, messages m
            where c.conversation_no = o.no and c.seq > o.indexed and c.target_seq <= o.indexed
                and m.conversation_no = o.no and m.seq = c.target_seq and m.deleted_at is null and {visible} and {wanted}
            limit $5
        ) r limit $5"
    );
    conditions.deadline.limit(connection)?;
    let keys: Vec<Key> = diesel::sql_query(sql)
        .bind::<Array<BigInt>, _>(behind.iter().map(|place| place.no).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(behind.iter().map(|place| place.indexed).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(
            behind
                .iter()
                .map(|place| place.role.as_str())
                .collect::<Vec<_>>(),
        )
        .bind::<BigInt, _>(conditions.me.0)
        .bind::<BigInt, _>(MOST as i64 + 1)
        .bind::<Array<BigInt>, _>(
            behind
                .iter()
                .map(|place| place.sees_from)
                .collect::<Vec<_>>(),
        )
        .load(connection)
        .map_err(too_broad)?;
    let keys: Vec<(i64, Seq)> = keys.iter().map(|key| (key.no, key.seq)).collect();
    let taken = keys.get(..keys.len().min(MOST)).unwrap_or_default();
    Ok(Recent {
        messages: by_keys(connection, taken)?,
        is_whole: keys.len() <= MOST,
    })
}
