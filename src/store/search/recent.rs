//! What was sent or changed since the documents were written: messages are matched directly, so that a search is
//! never behind, and documents of what they were before are not counted.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};

use super::conditions::{Conditions, too_broad};
use super::searched_conversation::SearchedConversation;
use super::walking::{Slice, walk};
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
    /// How many of the documents that match were written from what a message was before its last change. The
    /// consumer may write one while the message changes, and removes it when it comes to the change.
    pub(super) outdated: i64,
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
            outdated: 0,
        }
    }
}

/// Something of each of these conversations, in order.
fn each<'a, T>(
    conversations: &[&'a SearchedConversation],
    value: impl Fn(&'a SearchedConversation) -> T,
) -> Vec<T> {
    conversations.iter().map(|one| value(one)).collect()
}

/// The messages of these conversations that have no document yet; of the most recently changed conversations if there are too
/// many.
// Raw SQL: two scans for each conversation, one of the end of its messages and one of the end of its edits.
pub(super) fn recent(
    connection: &mut PgConnection,
    searched: &[SearchedConversation],
    conditions: &Conditions,
) -> Result<Recent, Error> {
    let behind: Vec<&SearchedConversation> = searched
        .iter()
        .filter(|conversation| conversation.last > conversation.indexed)
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
        .bind::<Array<BigInt>, _>(each(&behind, |one| one.no))
        .bind::<Array<BigInt>, _>(each(&behind, |one| one.indexed))
        .bind::<Array<Text>, _>(each(&behind, |one| one.role.as_str()))
        .bind::<BigInt, _>(conditions.me.0)
        .bind::<BigInt, _>(MOST as i64 + 1)
        .bind::<Array<BigInt>, _>(each(&behind, |one| one.sees_from))
        .load(connection)
        .map_err(too_broad)?;
    let keys: Vec<(i64, Seq)> = keys.iter().map(|key| (key.no, key.seq)).collect();
    let taken = keys.get(..keys.len().min(MOST)).unwrap_or_default();
    Ok(Recent {
        messages: by_keys(connection, taken)?,
        is_whole: keys.len() <= MOST,
        outdated: outdated(connection, &behind, conditions)?,
    })
}

/// How many documents match of messages of these conversations that have changed since.
// Raw SQL: one scan of the end of the changes for each conversation. `offset 0` keeps the planner from reading all documents.
fn outdated(
    connection: &mut PgConnection,
    behind: &[&SearchedConversation],
    conditions: &Conditions,
) -> Result<i64, Error> {
    let sql = "select o.no, d.seq from unnest($1, $2) as o(no, indexed) cross join lateral (
            select distinct c.target_seq from message_changes c
            where c.conversation_no = o.no and c.seq > o.indexed and c.target_seq <= o.indexed offset 0
        ) c cross join lateral (
            select d.seq from search_docs d where d.conversation_no = o.no and d.seq = c.target_seq offset 0
        ) d limit $3";
    conditions.deadline.limit(connection)?;
    let keys: Vec<Key> = diesel::sql_query(sql)
        .bind::<Array<BigInt>, _>(each(behind, |one| one.no))
        .bind::<Array<BigInt>, _>(each(behind, |one| one.indexed))
        .bind::<BigInt, _>(MOST as i64)
        .load(connection)
        .map_err(too_broad)?;
    let slice = |key: &Key| {
        let conversation = behind
            .iter()
            .find(|conversation| conversation.no == key.no)?;
        let slice = Slice {
            conversation,
            above: key.seq - 1,
            up_to: key.seq,
        };
        conversation.sees_seq(key.seq).then_some(slice)
    };
    let slices: Vec<Slice<'_>> = keys.iter().filter_map(slice).collect();
    match slices.is_empty() {
        true => Ok(0),
        false => Ok(walk(connection, &slices, conditions, None, 1)?.total),
    }
}
