//! When messages were delivered to, and read by, each participant.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Timestamptz};
use std::collections::HashMap;

use super::pool::explain;
use crate::domain::ids::{ConversationNo, MessageId, Seq, UserNo};
use crate::error::Error;

/// When a message reached somebody; `None` where that was not noted, or too long ago.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reached {
    /// When it was delivered.
    pub delivered_at: Option<DateTime<Utc>>,
    /// When it was read.
    pub read_at: Option<DateTime<Utc>>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    user_no: i64,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    delivered_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    read_at: Option<DateTime<Utc>>,
}

// Raw SQL: for each user two lookups of the first move to the message or beyond it.
const REACHED: &str = "
select w.user_no,
    (select at from receipt_moves r where r.conversation_no = $1 and r.user_no = w.user_no and not r.is_read and r.seq >= $2
        order by r.seq limit 1) as delivered_at,
    (select at from receipt_moves r where r.conversation_no = $1 and r.user_no = w.user_no and r.is_read and r.seq >= $2
        order by r.seq limit 1) as read_at
from unnest($3) as w(user_no)";

/// When a message reached these users.
pub fn of_message(
    connection: &mut PgConnection,
    message: MessageId,
    users: &[i64],
) -> Result<HashMap<UserNo, Reached>, Error> {
    let rows: Vec<Row> = diesel::sql_query(REACHED)
        .bind::<BigInt, _>(message.conversation.0)
        .bind::<BigInt, _>(message.seq)
        .bind::<Array<BigInt>, _>(users)
        .load(connection)
        .map_err(explain)?;
    let pair = |row: Row| {
        let Row {
            user_no,
            delivered_at,
            read_at,
        } = row;
        let reached = Reached {
            delivered_at,
            read_at,
        };
        (UserNo(user_no), reached)
    };
    Ok(rows.into_iter().map(pair).collect())
}

/// A move of a participant's watermark.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Move {
    /// Whose.
    pub user: UserNo,
    /// Whether they read, or a device of theirs received.
    pub is_read: bool,
    /// Up to where.
    pub seq: Seq,
    /// When.
    pub at: DateTime<Utc>,
}

// Raw SQL: for each participant and watermark one range of the primary key.
const MOVES: &str = "
select r.user_no, r.is_read, r.seq, r.at
from participants p cross join (values (false), (true)) as w(is_read)
    cross join lateral (
        select * from receipt_moves r
        where r.conversation_no = $1 and r.user_no = p.user_no and r.is_read = w.is_read and r.seq >= $2
        order by r.seq limit $3
    ) r
where p.conversation_no = $1";

/// The moves of a conversation's watermarks to a seq and beyond it, at most so many for each participant and watermark, the earliest first.
pub fn moves(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    from: Seq,
    most: i64,
) -> Result<Vec<Move>, Error> {
    let rows: Vec<MoveRow> = diesel::sql_query(MOVES)
        .bind::<BigInt, _>(conversation.0)
        .bind::<BigInt, _>(from)
        .bind::<BigInt, _>(most)
        .load(connection)
        .map_err(explain)?;
    let moves = rows.into_iter().map(|row| Move {
        user: UserNo(row.user_no),
        is_read: row.is_read,
        seq: row.seq,
        at: row.at,
    });
    Ok(moves.collect())
}

#[derive(QueryableByName)]
struct MoveRow {
    #[diesel(sql_type = BigInt)]
    user_no: i64,
    #[diesel(sql_type = Bool)]
    is_read: bool,
    #[diesel(sql_type = BigInt)]
    seq: Seq,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
}

// Raw SQL, because Diesel's deletions have no limit.
const DELETE: &str = "
delete from receipt_moves where ctid = any(array(
    select ctid from receipt_moves where at < now() - make_interval(days => $1) order by at limit $2 for update skip locked
))";

/// Deletes at most `most` rows that are older than so many days; returns how many.
pub fn delete_old(connection: &mut PgConnection, days: i32, most: i64) -> Result<usize, Error> {
    diesel::sql_query(DELETE)
        .bind::<Integer, _>(days)
        .bind::<BigInt, _>(most)
        .execute(connection)
        .map_err(explain)
}
