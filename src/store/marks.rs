//! Watermarks: up to which seq messages were delivered to, and read by, each participant.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt};
use std::collections::{HashMap, HashSet};

use super::pool::explain;
use crate::domain::ids::{ConversationNo, Seq, UserNo};
use crate::error::Error;

/// New watermarks of a participant. A watermark never moves backwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewMark {
    /// The conversation.
    pub conversation: ConversationNo,
    /// The participant.
    pub user: UserNo,
    /// The highest seq delivered to them.
    pub delivered: Seq,
    /// The highest seq that they have read.
    pub read: Seq,
    /// The highest seq up to which they have read everything, threads too.
    pub threads: Seq,
}

// Raw SQL: updates the watermarks of all rooms in one statement, and notes when they moved. It skips locked rows, so that it never waits.
const ADVANCE: &str = "
with input as (
    select conversation_no, user_no, max(delivered) as delivered, max(read) as read, max(threads) as threads
    from unnest($1, $2, $3, $4, $5) as i(conversation_no, user_no, delivered, read, threads) group by 1, 2
), locked as materialized (
    select p.conversation_no, p.user_no, i.delivered, i.read, i.threads, p.delivered_seq as delivered_before, p.read_seq as read_before
    from participants p join input i using (conversation_no, user_no)
    for no key update of p skip locked
), noted as (
    insert into receipt_moves (conversation_no, user_no, is_read, seq)
    select conversation_no, user_no, false, greatest(delivered, read) from locked where greatest(delivered, read) > delivered_before
    union all select conversation_no, user_no, true, read from locked where read > read_before
    on conflict do nothing
)
update participants p
set delivered_seq = greatest(p.delivered_seq, l.delivered, l.read), read_seq = greatest(p.read_seq, l.read),
    threads_seq = greatest(p.threads_seq, l.threads),
    unread_from = case when l.read < p.unread_from then p.unread_from end
from locked l where p.conversation_no = l.conversation_no and p.user_no = l.user_no
returning p.conversation_no, p.user_no";

/// Moves the watermarks in one commit, except those whose row is locked; returns whose have moved.
pub fn advance(
    connection: &mut PgConnection,
    marks: &[NewMark],
) -> Result<HashSet<(ConversationNo, UserNo)>, Error> {
    let column = |pick: fn(&NewMark) -> i64| -> Vec<i64> { marks.iter().map(pick).collect() };
    let moved: Vec<Moved> = diesel::sql_query(ADVANCE)
        .bind::<Array<BigInt>, _>(column(|m| m.conversation.0))
        .bind::<Array<BigInt>, _>(column(|m| m.user.0))
        .bind::<Array<BigInt>, _>(column(|m| m.delivered))
        .bind::<Array<BigInt>, _>(column(|m| m.read))
        .bind::<Array<BigInt>, _>(column(|m| m.threads))
        .load(connection)
        .map_err(explain)?;
    let whose = |row: Moved| (ConversationNo(row.conversation_no), UserNo(row.user_no));
    Ok(moved.into_iter().map(whose).collect())
}

#[derive(QueryableByName)]
struct Moved {
    #[diesel(sql_type = BigInt)]
    conversation_no: i64,
    #[diesel(sql_type = BigInt)]
    user_no: i64,
}

#[derive(QueryableByName)]
struct Newest {
    #[diesel(sql_type = BigInt)]
    mark: Seq,
    #[diesel(sql_type = BigInt)]
    message: Seq,
}

// Raw SQL: for each watermark one step back along the messages' key.
const NEWEST: &str = "
select w.mark, m.seq as message
from unnest($2) as w(mark), lateral (
    select seq from messages where conversation_no = $1 and seq <= w.mark order by seq desc limit 1
) m";

/// The newest message at or before each watermark, which may point at another kind of change. Watermarks
/// without an earlier message are left out.
pub fn newest_messages(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    marks: &[Seq],
) -> Result<HashMap<Seq, Seq>, Error> {
    let found: Vec<Newest> = diesel::sql_query(NEWEST)
        .bind::<BigInt, _>(conversation.0)
        .bind::<Array<BigInt>, _>(marks)
        .load(connection)
        .map_err(explain)?;
    let pairs = found.into_iter().map(|row| (row.mark, row.message));
    Ok(pairs.collect())
}
