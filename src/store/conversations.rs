//! Reads conversations: one, or a user's list.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

use super::access::may_read;
use super::blocks;
use super::messages::by_keys;
use super::participants::of_conversations;
use super::pool::explain;
use super::schema::{conversation_flows, conversations, users};
use super::unread::{self, Tombstones, newest_visible, unread_messages};
use crate::domain::access::blocks::ReaderBlocks;
use crate::domain::conversation::{
    Conversation, ConversationKind, ConversationStatus, Participant, Subject,
};
use crate::domain::ids::{ConversationId, ConversationNo, Seq, UserId, UserNo};
use crate::domain::message::Message;
use crate::domain::snapshot::Listed;
use crate::error::Error;

#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = conversations)]
pub(super) struct ConversationRow {
    no: i64,
    id: Uuid,
    kind: String,
    title: Option<String>,
    status: String,
    subject_type: Option<String>,
    subject_id: Option<String>,
    subject: Option<Value>,
    last_seq: i64,
    policy_version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

fn assemble(
    row: ConversationRow,
    created_by: String,
    standing: Option<Value>,
) -> Result<Conversation, Error> {
    let flow = standing
        .map(serde_json::from_value)
        .transpose()
        .map_err(Error::internal)?
        .map(std::sync::Arc::new);
    let subject = row.subject_type.zip(row.subject_id).map(|(kind, id)| {
        Arc::new(Subject {
            kind,
            id,
            card: row.subject.unwrap_or(Value::Null),
        })
    });
    Ok(Conversation {
        no: ConversationNo(row.no),
        id: ConversationId(row.id),
        kind: ConversationKind::named(&row.kind)
            .ok_or_else(|| Error::internal("unknown kind of conversation"))?,
        title: row.title.map(Into::into),
        status: ConversationStatus::named(&row.status)
            .ok_or_else(|| Error::internal("unknown status"))?,
        subject,
        created_by: UserId::stored(created_by),
        last_seq: row.last_seq,
        policy_version: row.policy_version,
        flow,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}

/// How a caller identifies a conversation.
#[derive(Clone, Copy, Debug)]
pub enum Key {
    /// By its public id.
    Id(ConversationId),
    /// By its number.
    No(ConversationNo),
}

/// Reads one conversation.
pub fn find(connection: &mut PgConnection, key: Key) -> Result<Option<Conversation>, Error> {
    let query = conversations::table
        .inner_join(users::table.on(users::no.eq(conversations::created_by)))
        .left_join(flow_of())
        .select((
            ConversationRow::as_select(),
            users::id,
            conversation_flows::standing.nullable(),
        ));
    match key {
        Key::Id(id) => {
            query
                .filter(conversations::id.eq(id.0))
                .first::<(ConversationRow, String, Option<Value>)>(connection)
        }
        Key::No(no) => query.filter(conversations::no.eq(no.0)).first(connection),
    }
    .optional()
    .map_err(explain)?
    .map(|(row, creator, standing)| assemble(row, creator, standing))
    .transpose()
}

/// The public id of a conversation.
pub fn id_of(
    connection: &mut PgConnection,
    no: ConversationNo,
) -> Result<Option<ConversationId>, Error> {
    let found = conversations::table
        .find(no.0)
        .select(conversations::id)
        .first(connection);
    let found: Option<Uuid> = found.optional().map_err(explain)?;
    Ok(found.map(ConversationId))
}

#[diesel::dsl::auto_type(no_type_alias)]
fn flow_of() -> _ {
    conversation_flows::table.on(conversation_flows::conversation_no.eq(conversations::no))
}

/// The filters of a list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this kind.
    pub kind: Option<ConversationKind>,
    /// Only these statuses; every one where none is named.
    pub statuses: Vec<ConversationStatus>,
    /// Only subjects of this type.
    pub subject_type: Option<String>,
    /// Only subjects with this id.
    pub subject_id: Option<String>,
    /// Only conversations with unread messages.
    pub only_unread: bool,
    /// Only this conversation.
    pub only: Option<ConversationNo>,
    /// Only conversations after this position in the list (update time and number).
    pub cursor: Option<(DateTime<Utc>, i64)>,
    /// Leaves out so many at the beginning.
    pub offset: i64,
}

impl Filter {
    fn statuses(&self) -> Option<Vec<&'static str>> {
        let names = self.statuses.iter().map(|status| status.name());
        Some(names.collect()).filter(|names: &Vec<_>| !names.is_empty())
    }
}

/// A conversation of a list: its newest visible message and its unread count.
#[derive(QueryableByName)]
pub(super) struct ListedRow {
    #[diesel(sql_type = BigInt)]
    no: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    last_message: Option<i64>,
    #[diesel(sql_type = BigInt)]
    unread: i64,
    #[diesel(sql_type = Bool)]
    is_capped: bool,
}

/// The columns that a row of a page needs, before its messages are counted.
pub(super) const CUT: &str =
    "c.no as conversation_no, c.updated_at, c.last_seq, p.role, p.user_no, p.read_seq";

/// The end of a statement whose table `cut` has the page's rows: their newest messages and unread counts.
pub(super) fn with_messages(tombstones: Tombstones) -> String {
    let beyond = unread_messages("l", "l.last_seq");
    let most = unread::MOST;
    let is_capped = unread::is_capped("mine.unread", "mine", "mine.last_seq");
    let newest = newest_visible("mine", tombstones);
    format!(
        "
mine as materialized (
    select l.*, (select count(*) from (select {beyond} order by m.seq desc limit {most}) m) as unread from cut l
)
select mine.conversation_no as no,
    {newest} as last_message,
    mine.unread, {is_capped} as is_capped
from mine order by mine.updated_at desc, mine.conversation_no desc"
    )
}

// Raw SQL: limits the page first and counts and previews only its rows. It scans the user's participations by
// index; unread counts and previews read the end of the messages' primary key.
fn page_sql() -> String {
    let beyond = unread_messages("l", "l.last_seq");
    let (with_messages, may_read) = (with_messages(Tombstones::Shown), may_read("p"));
    format!(
        "
with listed as (
    select {CUT}
    from participants p join conversations c on c.no = p.conversation_no
    where p.user_no = $1 and {may_read}
      and ($2 is null or c.kind = $2) and ($3 is null or c.status = any($3))
      and ($4 is null or c.subject_type = $4) and ($5 is null or c.subject_id = $5)
      and ($6 is null or c.no = $6)
      and ($7 is null or (c.updated_at, c.no) < ($7, $8))
), cut as (
    select * from listed l where not $9 or exists (select {beyond})
    order by updated_at desc, conversation_no desc limit $10 offset $11
), {with_messages}"
    )
}

/// A page of a user's conversations, most recently changed first.
pub fn list(
    connection: &mut PgConnection,
    user: UserNo,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<Listed>, Error> {
    let rows: Vec<ListedRow> = diesel::sql_query(page_sql())
        .bind::<BigInt, _>(user.0)
        .bind::<Nullable<Text>, _>(filter.kind.map(ConversationKind::name))
        .bind::<Nullable<Array<Text>>, _>(filter.statuses())
        .bind::<Nullable<Text>, _>(filter.subject_type.as_deref())
        .bind::<Nullable<Text>, _>(filter.subject_id.as_deref())
        .bind::<Nullable<BigInt>, _>(filter.only.map(|no| no.0))
        .bind::<Nullable<Timestamptz>, _>(filter.cursor.map(|(at, _)| at))
        .bind::<BigInt, _>(filter.cursor.map_or(0, |(_, no)| no))
        .bind::<Bool, _>(filter.only_unread)
        .bind::<BigInt, _>(limit)
        .bind::<BigInt, _>(filter.offset)
        .load(connection)
        .map_err(explain)?;
    complete(connection, user, rows)
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// How many of a user's conversations are of the filter's kind and status. Its other fields do not count.
// Raw SQL: as the list, it scans the user's participations by index.
pub fn count(connection: &mut PgConnection, user: UserNo, filter: &Filter) -> Result<i64, Error> {
    let may_read = may_read("p");
    let counted: Count = diesel::sql_query(format!(
        "select count(*) as n from participants p join conversations c on c.no = p.conversation_no
        where p.user_no = $1 and {may_read} and ($2 is null or c.kind = $2) and ($3 is null or c.status = any($3))"
    ))
    .bind::<BigInt, _>(user.0)
    .bind::<Nullable<Text>, _>(filter.kind.map(ConversationKind::name))
    .bind::<Nullable<Array<Text>>, _>(filter.statuses())
    .get_result(connection)
    .map_err(explain)?;
    Ok(counted.n)
}

/// Conversations by their numbers.
pub(super) fn by_numbers(
    connection: &mut PgConnection,
    numbers: &[i64],
) -> Result<HashMap<i64, Conversation>, Error> {
    conversations::table
        .inner_join(users::table.on(users::no.eq(conversations::created_by)))
        .left_join(flow_of())
        .filter(conversations::no.eq_any(numbers))
        .select((
            ConversationRow::as_select(),
            users::id,
            conversation_flows::standing.nullable(),
        ))
        .load::<(ConversationRow, String, Option<Value>)>(connection)
        .map_err(explain)?
        .into_iter()
        .map(|(row, creator, standing)| Ok((row.no, assemble(row, creator, standing)?)))
        .collect()
}

/// The conversations of a page, with their messages and with their people as the user sees them.
pub(super) fn complete(
    connection: &mut PgConnection,
    user: UserNo,
    rows: Vec<ListedRow>,
) -> Result<Vec<Listed>, Error> {
    let numbers: Vec<i64> = rows.iter().map(|row| row.no).collect();
    let keys: Vec<(i64, Seq)> = rows
        .iter()
        .filter_map(|row| Some((row.no, row.last_message?)))
        .collect();
    let mut found = by_numbers(connection, &numbers)?;
    let everybody = of_conversations(connection, &numbers)?;
    let others: Vec<i64> = everybody.iter().map(|(_, person)| person.no.0).collect();
    let reader_blocks = ReaderBlocks::of(user, blocks::between(connection, user, &others)?);
    let mut people: HashMap<i64, Vec<Participant>> = HashMap::new();
    for (no, mut participant) in everybody {
        reader_blocks.mask([&mut participant]);
        people.entry(no.0).or_default().push(participant);
    }
    let mut last: HashMap<i64, Message> = by_keys(connection, &keys)?
        .into_iter()
        .map(|m| (m.id.conversation.0, m))
        .collect();
    let complete = |row: ListedRow| {
        Some(Listed {
            conversation: found.remove(&row.no)?,
            participants: people.remove(&row.no).unwrap_or_default(),
            last_message: last.remove(&row.no),
            unread: unread::counted(row.unread, row.is_capped),
        })
    };
    Ok(rows.into_iter().filter_map(complete).collect())
}
