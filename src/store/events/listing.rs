//! Lists events with what rules made of them, for operators.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use serde_json::Value;

use super::EventRow;
use crate::error::Error;
use crate::store::schema::{events as table, rule_runs, users};

/// The filters of a list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this type.
    pub event_type: Option<String>,
    /// Only events before this number.
    pub before: Option<i64>,
}

/// A page of events with the platform's ids of their actors, newest first.
pub fn list(
    connection: &mut PgConnection,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<(EventRow, Option<String>)>, Error> {
    let mut query = table::table
        .left_join(users::table.on(table::actor_no.eq(users::no.nullable())))
        .select((EventRow::as_select(), users::id.nullable()))
        .order(table::no.desc())
        .limit(limit)
        .into_boxed();
    if let Some(event_type) = &filter.event_type {
        query = query.filter(table::event_type.eq(event_type));
    }
    if let Some(before) = filter.before {
        query = query.filter(table::no.lt(before));
    }
    Ok(query.load(connection)?)
}

/// The event with this id, and the platform's id of its actor.
pub fn find(
    connection: &mut PgConnection,
    source: &str,
    id: &str,
) -> Result<Option<(EventRow, Option<String>)>, Error> {
    let found = table::table
        .left_join(users::table.on(table::actor_no.eq(users::no.nullable())))
        .filter(table::source.eq(source))
        .filter(table::id.eq(id))
        .select((EventRow::as_select(), users::id.nullable()))
        .first(connection)
        .optional()?;
    Ok(found)
}

/// What a rule made of an event.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = rule_runs)]
pub struct RunRow {
    /// The rule's full name.
    pub rule: String,
    /// `pending`, `done`, `skipped` or `failed`.
    pub status: String,
    /// How often it was tried.
    pub attempts: i32,
    /// When it runs, where that is later than the event.
    pub due_at: Option<DateTime<Utc>>,
    /// Why it was skipped, or why it failed.
    pub detail: Option<Value>,
}

/// What the rules made of an event, in order.
pub fn runs_of(connection: &mut PgConnection, no: i64) -> Result<Vec<RunRow>, Error> {
    let found = rule_runs::table
        .filter(rule_runs::event_no.eq(no))
        .order(rule_runs::place)
        .select(RunRow::as_select())
        .load(connection)?;
    Ok(found)
}
