//! Reads conversations: one, or a user's list.

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

use super::access::{may_read, that_is_there};
use super::blocks;
use super::messages::by_keys;
use super::mine::{self, is_hidden, read_to};
use super::participants::of_conversations;
use super::pool::explain;
use super::schema::{conversation_flows, conversations, users};
use super::unread::{self, Tombstones, newest_visible, unread_messages};
use crate::domain::access::blocks::Apart;
use crate::domain::business::{BusinessId, BusinessRef};
use crate::domain::conversation::{
    Closed, Conversation, ConversationKind, ConversationStatus, Participant, Subject,
};
use crate::domain::flow::DealView;
use crate::domain::ids::{BusinessNo, ConversationId, ConversationNo, Seq, UserId, UserNo};
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
    max_participants: Option<i16>,
    slow_seconds: i16,
    external_id: Option<String>,
    business_no: Option<i64>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// When a conversation stopped being open, by whom and why.
type ClosedRow = (Option<DateTime<Utc>>, Option<String>, Option<String>);

/// A conversation, its creator's id, its deal, how it was closed, and the id of its business.
type Row = (
    ConversationRow,
    String,
    Option<Value>,
    ClosedRow,
    Option<String>,
);

fn closed((at, by, reason): ClosedRow) -> Option<Arc<Closed>> {
    let (at, by) = at.zip(by)?;
    let by = UserId::stored(by);
    Some(Arc::new(Closed { at, by, reason }))
}

fn assemble((row, created_by, standing, closing, business): Row) -> Result<Conversation, Error> {
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
        max_participants: row.max_participants.map(i16::unsigned_abs),
        slow_seconds: row.slow_seconds.unsigned_abs(),
        closed: closed(closing),
        external_id: row.external_id.map(Into::into),
        business: row.business_no.zip(business).map(|(no, id)| {
            Arc::new(BusinessRef {
                no: BusinessNo(no),
                id: BusinessId::stored(id),
            })
        }),
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

/// Reads one conversation, unless it was deleted.
pub fn find(connection: &mut PgConnection, key: Key) -> Result<Option<Conversation>, Error> {
    let query = whole().filter(that_is_there());
    match key {
        Key::Id(id) => query
            .filter(conversations::id.eq(id.0))
            .first::<Row>(connection),
        Key::No(no) => query.filter(conversations::no.eq(no.0)).first(connection),
    }
    .optional()
    .map_err(explain)?
    .map(assemble)
    .transpose()
}

/// The conversation to which the platform has given this id.
pub fn by_external_id(
    connection: &mut PgConnection,
    id: &str,
) -> Result<Option<Conversation>, Error> {
    let found = whole()
        .filter(that_is_there())
        .filter(conversations::external_id.eq(id))
        .first::<Row>(connection);
    found
        .optional()
        .map_err(explain)?
        .map(assemble)
        .transpose()
}

/// The view of a conversation's deal, if it has one, also where the conversation was deleted.
pub(super) fn deal_view(
    connection: &mut PgConnection,
    no: ConversationNo,
) -> Result<Option<Arc<DealView>>, Error> {
    let standing: Option<Value> = conversation_flows::table
        .find(no.0)
        .select(conversation_flows::standing)
        .first(connection)
        .optional()
        .map_err(explain)?;
    let view = standing.map(serde_json::from_value).transpose();
    Ok(view.map_err(Error::internal)?.map(Arc::new))
}

/// How a conversation stopped being open.
pub(super) fn closing(
    connection: &mut PgConnection,
    no: ConversationNo,
) -> Result<Option<Arc<Closed>>, Error> {
    let row: ClosedRow = conversations::table
        .find(no.0)
        .select(closed_columns())
        .first(connection)
        .map_err(explain)?;
    Ok(closed(row))
}

/// All columns of a conversation.
#[diesel::dsl::auto_type(no_type_alias)]
fn whole() -> _ {
    let row: diesel::dsl::AsSelect<ConversationRow, diesel::pg::Pg> = ConversationRow::as_select();
    let business: SqlLiteral<Nullable<Text>> = business_id();
    conversations::table
        .inner_join(users::table.on(users::no.eq(conversations::created_by)))
        .left_join(flow_of())
        .select((
            row,
            users::id,
            conversation_flows::standing.nullable(),
            closed_columns(),
            business,
        ))
}

#[diesel::dsl::auto_type]
fn closed_columns() -> _ {
    let by: SqlLiteral<Nullable<Text>> = closer_id();
    (conversations::closed_at, by, conversations::closed_reason)
}

fn business_id() -> SqlLiteral<Nullable<Text>> {
    sql("(select b.id from businesses b where b.no = conversations.business_no)")
}

fn closer_id() -> SqlLiteral<Nullable<Text>> {
    sql("(select u.id from users u where u.no = conversations.closed_by)")
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

#[diesel::dsl::auto_type]
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
    /// Only those that the user has marked, or has not.
    pub starred: Option<bool>,
    /// Only those that the user has hidden, or has not.
    pub hidden: Option<bool>,
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
pub(super) fn cut_columns() -> String {
    let read_to = read_to("p");
    format!(
        "c.no as conversation_no, c.updated_at, c.last_seq, p.role, p.user_no, p.sees_from, {read_to} as read_to"
    )
}

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
    let (columns, is_hidden) = (cut_columns(), is_hidden("p", "c.last_seq"));
    format!(
        "
with listed as (
    select {columns}
    from participants p join conversations c on c.no = p.conversation_no
    where p.user_no = $1 and {may_read}
      and ($2 is null or c.kind = $2) and ($3 is null or c.status = any($3))
      and ($4 is null or c.subject_type = $4) and ($5 is null or c.subject_id = $5)
      and ($6 is null or c.no = $6)
      and ($7 is null or (c.updated_at, c.no) < ($7, $8))
      and ($12 is null or p.starred = $12) and ($13 is null or {is_hidden} = $13)
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
        .bind::<Nullable<Bool>, _>(filter.starred)
        .bind::<Nullable<Bool>, _>(filter.hidden)
        .load(connection)
        .map_err(explain)?;
    complete(connection, user, rows)
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// How many of a user's conversations are of the filter's kind and status, and hidden or not. Its other fields do not count.
// Raw SQL: as the list, it scans the user's participations by index.
pub fn count(connection: &mut PgConnection, user: UserNo, filter: &Filter) -> Result<i64, Error> {
    let (may_read, is_hidden) = (may_read("p"), is_hidden("p", "c.last_seq"));
    let counted: Count = diesel::sql_query(format!(
        "select count(*) as n from participants p join conversations c on c.no = p.conversation_no
        where p.user_no = $1 and {may_read} and ($2 is null or c.kind = $2) and ($3 is null or c.status = any($3))
            and ($4 is null or {is_hidden} = $4)"
    ))
    .bind::<BigInt, _>(user.0)
    .bind::<Nullable<Text>, _>(filter.kind.map(ConversationKind::name))
    .bind::<Nullable<Array<Text>>, _>(filter.statuses())
    .bind::<Nullable<Bool>, _>(filter.hidden)
    .get_result(connection)
    .map_err(explain)?;
    Ok(counted.n)
}

/// Conversations by their numbers.
pub(super) fn by_numbers(
    connection: &mut PgConnection,
    numbers: &[i64],
) -> Result<HashMap<i64, Conversation>, Error> {
    let found = whole()
        .filter(that_is_there())
        .filter(conversations::no.eq_any(numbers))
        .load::<Row>(connection)
        .map_err(explain)?;
    let pair = |row: Row| Ok((row.0.no, assemble(row)?));
    found.into_iter().map(pair).collect()
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
    let apart = Apart::of(user, blocks::between(connection, user, &others)?);
    let mut people: HashMap<i64, Vec<Participant>> = HashMap::new();
    for (no, mut participant) in everybody {
        apart.mask([&mut participant]);
        people.entry(no.0).or_default().push(participant);
    }
    let mut mine = mine::of_conversations(connection, user, &numbers)?;
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
            mine: mine.remove(&row.no),
        })
    };
    Ok(rows.into_iter().filter_map(complete).collect())
}
