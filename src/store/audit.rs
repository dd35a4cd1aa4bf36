//! The log of what staff did and looked at.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text, Uuid as SqlUuid};
use serde_json::Value;
use std::borrow::Cow;
use uuid::Uuid;

use super::access::may_read;
use super::pool::explain;
use super::schema::{audit_log, conversations, users};
use crate::domain::access::Requester;
use crate::domain::ids::{ConversationId, ConversationNo, UserNo};
use crate::error::Error;

/// A line of the log.
#[derive(Clone, Debug)]
pub struct Audited {
    /// Who did it.
    pub actor: UserNo,
    /// What was done, such as `search`.
    pub action: Cow<'static, str>,
    /// The type of what it was done to.
    pub object_type: Cow<'static, str>,
    /// Its id.
    pub object_id: String,
    /// The conversation, if it was in one.
    pub conversation: Option<ConversationNo>,
    /// What else is to be known.
    pub data: Value,
}

/// Writes a line.
pub fn write(connection: &mut PgConnection, line: &Audited) -> Result<(), Error> {
    diesel::insert_into(audit_log::table)
        .values((
            audit_log::actor_no.eq(line.actor.0),
            audit_log::action.eq(line.action.as_ref()),
            audit_log::object_type.eq(line.object_type.as_ref()),
            audit_log::object_id.eq(&line.object_id),
            audit_log::conversation_no.eq(line.conversation.map(|no| no.0)),
            audit_log::data.eq(&line.data),
        ))
        .execute(connection)
        .map(drop)
        .map_err(explain)
}

/// Within how many minutes several readings of a conversation by the same person are one line of the log.
const ONE_READING_MINUTES: i32 = 10;

/// Writes that the platform's staff read a conversation, unless they take part in it or the log says so already.
pub fn note_reading(
    connection: &mut PgConnection,
    reader: Requester,
    conversation: ConversationId,
) -> Result<(), Error> {
    if !reader.roles.reads_on_record() {
        return Ok(());
    }
    let takes_part = may_read("p");
    let line = format!(
        "insert into audit_log (actor_no, action, object_type, object_id, conversation_no)
        select $1, 'read', 'conversation', c.id::text, c.no from conversations c
        where c.id = $2
            and not exists (select from participants p where p.conversation_no = c.no and p.user_no = $1 and {takes_part})
            and not exists (select from audit_log a where a.conversation_no = c.no and a.actor_no = $1 and a.action = 'read'
                and a.at > now() - interval '{ONE_READING_MINUTES} minutes')"
    );
    diesel::sql_query(line)
        .bind::<BigInt, _>(reader.no.0)
        .bind::<SqlUuid, _>(conversation.0)
        .execute(connection)
        .map(drop)
        .map_err(explain)
}

/// A line as it is shown.
#[derive(Clone, Debug, Queryable)]
pub struct LineRow {
    /// Its number.
    pub no: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// The platform's id of who did it; empty for the platform itself.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// The type of what it was done to.
    pub object_type: String,
    /// Its id.
    pub object_id: String,
    /// The conversation, if it was in one.
    pub conversation_id: Option<Uuid>,
    /// What else is to be known.
    pub data: Value,
}

/// The filters of a list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only what was done to this: its type and id.
    pub object: Option<(String, String)>,
    /// Only lines before this number.
    pub before: Option<i64>,
}

/// A page of the log, newest first.
pub fn list(
    connection: &mut PgConnection,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<LineRow>, Error> {
    let mut query = audit_log::table
        .inner_join(users::table.on(audit_log::actor_no.eq(users::no)))
        .left_join(
            conversations::table.on(audit_log::conversation_no.eq(conversations::no.nullable())),
        )
        .select((
            audit_log::no,
            audit_log::at,
            users::id,
            audit_log::action,
            audit_log::object_type,
            audit_log::object_id,
            conversations::id.nullable(),
            audit_log::data,
        ))
        .order(audit_log::no.desc())
        .limit(limit)
        .into_boxed();
    match (&filter.object, filter.before) {
        (Some(object), before) => {
            let numbers = of_object(connection, object, before, limit)?;
            query = query.filter(audit_log::no.eq_any(numbers));
        }
        (None, Some(before)) => query = query.filter(audit_log::no.lt(before)),
        (None, None) => {}
    }
    query.load(connection).map_err(explain)
}

/// Raw SQL: rows are compared and ordered as the index `audit_log_object` has them. With the number alone, Postgres may walk the whole
/// log for a thing to which little was done.
const OF_OBJECT: &str = "
select no from audit_log where (object_type, object_id, no) < ($1, $2, $3) and (object_type, object_id, no) > ($1, $2, 0)
order by object_type desc, object_id desc, no desc limit $4";

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    no: i64,
}

/// The numbers of the newest lines about a thing, before a number.
fn of_object(
    connection: &mut PgConnection,
    (kind, id): &(String, String),
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<i64>, Error> {
    let found: Vec<Number> = diesel::sql_query(OF_OBJECT)
        .bind::<Text, _>(kind)
        .bind::<Text, _>(id)
        .bind::<BigInt, _>(before.unwrap_or(i64::MAX))
        .bind::<BigInt, _>(limit)
        .load(connection)
        .map_err(explain)?;
    Ok(found.into_iter().map(|row| row.no).collect())
}
