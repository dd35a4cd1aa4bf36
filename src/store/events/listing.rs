//! Lists events with what rules made of them, for operators.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
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
    match (&filter.event_type, filter.before) {
        (Some(event_type), before) => {
            let numbers = of_type(connection, event_type, before, limit)?;
            query = query.filter(table::no.eq_any(numbers));
        }
        (None, Some(before)) => query = query.filter(table::no.lt(before)),
        (None, None) => {}
    }
    Ok(query.load(connection)?)
}

/// Raw SQL: rows are compared and ordered as the index `events_type` has them. With the number alone, Postgres may walk all events for
/// those of a rare type.
const OF_TYPE: &str = "
select no from events where (type, no) < ($1, $2) and (type, no) > ($1, 0) order by type desc, no desc limit $3";

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    no: i64,
}

/// The numbers of the newest events of a type, before a number.
fn of_type(
    connection: &mut PgConnection,
    event_type: &str,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<i64>, Error> {
    let found: Vec<Number> = diesel::sql_query(OF_TYPE)
        .bind::<Text, _>(event_type)
        .bind::<BigInt, _>(before.unwrap_or(i64::MAX))
        .bind::<BigInt, _>(limit)
        .load(connection)?;
    Ok(found.into_iter().map(|row| row.no).collect())
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
