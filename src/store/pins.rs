//! Reads pins: those of messages, and their changes.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz};
use std::sync::Arc;

use super::access::{is_seen, role_or_none};
use super::messages;
use super::pool::explain;
use super::schema::pins as table;
use crate::domain::annotation::{Annotations, PINS, Pin, Pinned, Placing, Target};
use crate::domain::entry::{Entry, Fact};
use crate::domain::ids::{ConversationNo, MessageId, Seq, UserId};
use crate::domain::message::Message;
use crate::domain::snapshot::Reader;
use crate::error::Error;

/// A row, with whether it stands now.
#[derive(QueryableByName)]
pub(super) struct StoredPin {
    #[diesel(sql_type = BigInt)]
    target_seq: Seq,
    #[diesel(sql_type = BigInt)]
    seq: Seq,
    #[diesel(sql_type = Text)]
    user_id: String,
    #[diesel(sql_type = Bool)]
    stands: bool,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub(super) expires_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Timestamptz)]
    changed_at: DateTime<Utc>,
}

impl StoredPin {
    /// Whether the message is pinned now.
    pub(super) fn placing(&self) -> Placing {
        Placing::of(self.stands)
    }

    /// The change that the row holds.
    pub(super) fn fact(&self, target: Target) -> Fact {
        Fact::Pinned(Arc::new(Pinned {
            target,
            user_id: UserId::stored(self.user_id.clone()),
            placing: self.placing(),
            seq: self.seq,
            at: Some(self.changed_at),
            expires_at: self.expires_at,
        }))
    }

    fn pin(self) -> Pin {
        Pin {
            by: UserId::stored(self.user_id),
            at: self.changed_at,
            expires_at: self.expires_at,
        }
    }
}

/// SQL: whether a row of this table stands now.
fn stands(pin: &str) -> String {
    format!("(not {pin}.removed and ({pin}.expires_at is null or {pin}.expires_at > now()))")
}

// Raw SQL: the id of each user is one lookup, and what stands is computed.
fn rows_sql(condition: &str) -> String {
    let stands = stands("p");
    format!(
        "select p.target_seq, p.seq, (select u.id from users u where u.no = p.user_no) as user_id, {stands} as stands,
            p.expires_at, p.changed_at
        from pins p where p.conversation_no = $1 and {condition}"
    )
}

/// The pin of a message, whether it stands or not.
pub(super) fn find(
    connection: &mut PgConnection,
    message: MessageId,
) -> Result<Option<StoredPin>, Error> {
    diesel::sql_query(rows_sql("p.target_seq = $2"))
        .bind::<BigInt, _>(message.conversation.0)
        .bind::<BigInt, _>(message.seq)
        .get_result(connection)
        .optional()
        .map_err(explain)
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// How many messages of a conversation are pinned now.
pub(super) fn count(
    connection: &mut PgConnection,
    conversation: ConversationNo,
) -> Result<i64, Error> {
    let stands = stands("p");
    let sql = format!(
        "select count(*) as n from pins p join messages m on m.conversation_no = p.conversation_no and m.seq = p.target_seq
        where p.conversation_no = $1 and {stands} and m.deleted_at is null"
    );
    let found: Number = diesel::sql_query(sql)
        .bind::<BigInt, _>(conversation.0)
        .get_result(connection)
        .map_err(explain)?;
    Ok(found.n)
}

/// Adds the pins of these messages of one conversation.
pub(super) fn add(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    seqs: &[Seq],
    annotations: &mut Annotations,
) -> Result<(), Error> {
    let condition = format!("p.target_seq = any($2) and {}", stands("p"));
    let rows: Vec<StoredPin> = diesel::sql_query(rows_sql(&condition))
        .bind::<BigInt, _>(conversation.0)
        .bind::<Array<BigInt>, _>(seqs)
        .load(connection)
        .map_err(explain)?;
    for row in rows {
        let annotation = annotations.of_mut(row.target_seq);
        annotation.pin = Some(row.pin());
    }
    Ok(())
}

#[derive(QueryableByName)]
struct PinnedSeq {
    #[diesel(sql_type = BigInt)]
    target_seq: Seq,
}

/// The pinned messages that a reader may see, the one that was pinned last first; at most as many as a conversation has.
pub fn messages(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    reader: &Reader,
) -> Result<Vec<Message>, Error> {
    let (stands, seen) = (stands("p"), is_seen("m", "$3", "$2", "$4"));
    let sql = format!(
        "select p.target_seq from pins p join messages m on m.conversation_no = p.conversation_no and m.seq = p.target_seq
        where p.conversation_no = $1 and {stands} and m.deleted_at is null and {seen} order by p.seq desc limit $5"
    );
    let rows: Vec<PinnedSeq> = diesel::sql_query(sql)
        .bind::<BigInt, _>(conversation.0)
        .bind::<BigInt, _>(reader.no.0)
        .bind::<Text, _>(role_or_none(reader))
        .bind::<BigInt, _>(reader.sees_from)
        .bind::<BigInt, _>(PINS as i64)
        .load(connection)
        .map_err(explain)?;
    let keys = rows.iter().map(|row| (conversation.0, row.target_seq));
    let keys: Vec<(i64, Seq)> = keys.collect();
    let mut found = messages::by_keys(connection, &keys)?;
    found.sort_by_key(|message| rows.iter().position(|row| row.target_seq == message.seq()));
    Ok(found)
}

/// The messages whose pins changed after a seq.
pub(super) fn targets_since(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    after: Seq,
) -> Result<Vec<Seq>, Error> {
    table::table
        .filter(table::conversation_no.eq(conversation.0))
        .filter(table::seq.gt(after))
        .select(table::target_seq)
        .load(connection)
        .map_err(explain)
}

/// The changes after `after` up to `to` that no later one has replaced, in any order.
pub(super) fn entries(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    after: Seq,
    to: Seq,
) -> Result<Vec<Entry>, Error> {
    let rows: Vec<StoredPin> = diesel::sql_query(rows_sql("p.seq > $2 and p.seq <= $3"))
        .bind::<BigInt, _>(conversation.0)
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(to)
        .load(connection)
        .map_err(explain)?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let keys = rows.iter().map(|row| (conversation.0, row.target_seq));
    let keys: Vec<(i64, Seq)> = keys.collect();
    let targets = messages::by_keys(connection, &keys)?;
    let entry = |row: StoredPin| {
        let found = targets.iter().find(|it| it.seq() == row.target_seq);
        let message = found.ok_or_else(|| Error::internal("a pinned message is missing"))?;
        let target = Target {
            message: message.id,
            audience: message.content.audience.clone(),
        };
        Ok(Entry {
            seq: row.seq,
            at: row.changed_at,
            fact: row.fact(target),
        })
    };
    rows.into_iter().map(entry).collect()
}
