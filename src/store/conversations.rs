//! Reads conversations: one, some, or a user's list.

mod lists;

use chrono::{DateTime, Utc};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

use super::access::that_is_there;
use super::pool::explain;
use super::schema::{conversation_flows, conversations, users};
use crate::domain::business::{BusinessId, BusinessRef};
use crate::domain::conversation::{
    Closed, Conversation, ConversationKind, ConversationStatus, Subject,
};
use crate::domain::flow::DealView;
use crate::domain::ids::{BusinessNo, ConversationId, ConversationNo, UserId};
use crate::error::Error;

pub use lists::{Filter, count, list};
pub(super) use lists::{ListedRow, complete, cut_columns, with_messages};

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
    found.optional().map_err(explain)?.map(assemble).transpose()
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
