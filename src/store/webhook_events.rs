//! Webhooks to the platform, and their delivery attempts.

use chrono::{DateTime, SecondsFormat, Utc};
use diesel::dsl::{max, now};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

use super::jobs;
use super::schema::{conversations, webhook_event_attempts as attempts, webhook_events as table};
use crate::domain::flow::WebhookEvent;
use crate::domain::ids::ConversationNo;
use crate::domain::job::Job;
use crate::error::Error;

/// An event for the platform.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = table)]
pub struct EventRow {
    /// Its number.
    pub no: i64,
    /// Its id, by which the receiver recognises repetitions.
    pub id: String,
    /// Its type.
    pub event: String,
    /// The deal.
    pub conversation_no: Option<i64>,
    /// The signed body.
    pub body: String,
    /// When it happened.
    pub created_at: DateTime<Utc>,
    /// When the platform accepted it.
    pub delivered_at: Option<DateTime<Utc>>,
    /// When it was given up.
    pub given_up_at: Option<DateTime<Utc>>,
}

/// An attempt to deliver an event.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = attempts)]
pub struct AttemptRow {
    /// The event.
    pub event_no: i64,
    /// The number of the attempt, from 1.
    pub attempt: i32,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// The status of the response.
    pub status: Option<i32>,
    /// A stable code if the attempt failed.
    pub problem: Option<String>,
    /// How long it took, in milliseconds.
    pub took_ms: i32,
}

/// Inserts an event and the job that delivers it. Call it in the transaction of the change.
pub fn add(
    connection: &mut PgConnection,
    conversation: Option<ConversationNo>,
    event: &WebhookEvent,
    at: DateTime<Utc>,
) -> Result<i64, Error> {
    let body = json!({
        "type": event.event,
        "timestamp": at.to_rfc3339_opts(SecondsFormat::Millis, true),
        "data": event.data,
    });
    let no: i64 = diesel::insert_into(table::table)
        .values((
            table::id.eq(format!("evt_{}", Uuid::now_v7().simple())),
            table::event.eq(&event.event),
            table::conversation_no.eq(conversation.map(|no| no.0)),
            table::body.eq(body.to_string()),
            table::created_at.eq(at),
        ))
        .returning(table::no)
        .get_result(connection)?;
    let job = Job::DeliverEvent { event_no: no };
    jobs::add(connection, conversation, &job, Duration::ZERO)?;
    Ok(no)
}

/// An event by its number.
pub fn by_no(connection: &mut PgConnection, no: i64) -> Result<Option<EventRow>, Error> {
    let found = table::table
        .find(no)
        .select(EventRow::as_select())
        .first(connection)
        .optional()?;
    Ok(found)
}

/// The filters of a list of events.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this type.
    pub event: Option<String>,
    /// Only this id.
    pub id: Option<String>,
    /// Only events before this number.
    pub before: Option<i64>,
}

/// A page of events with the ids of their conversations, newest first.
pub fn list(
    connection: &mut PgConnection,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<(EventRow, Option<Uuid>)>, Error> {
    let mut query = table::table
        .left_join(conversations::table.on(table::conversation_no.eq(conversations::no.nullable())))
        .select((EventRow::as_select(), conversations::id.nullable()))
        .order(table::no.desc())
        .limit(limit)
        .into_boxed();
    if let Some(event) = &filter.event {
        query = query.filter(table::event.eq(event));
    }
    if let Some(id) = &filter.id {
        query = query.filter(table::id.eq(id));
    }
    if let Some(before) = filter.before {
        query = query.filter(table::no.lt(before));
    }
    Ok(query.load(connection)?)
}

/// The result of an attempt.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The status of the response.
    pub status: Option<u16>,
    /// Why it failed.
    pub problem: Option<&'static str>,
    /// How long it took.
    pub took: Duration,
}

/// Records an attempt.
pub fn note(connection: &mut PgConnection, no: i64, attempt: &Attempt) -> Result<(), Error> {
    let last: Option<i32> = attempts::table
        .filter(attempts::event_no.eq(no))
        .select(max(attempts::attempt))
        .first(connection)?;
    diesel::insert_into(attempts::table)
        .values((
            attempts::event_no.eq(no),
            attempts::attempt.eq(last.unwrap_or(0) + 1),
            attempts::status.eq(attempt.status.map(i32::from)),
            attempts::problem.eq(attempt.problem),
            attempts::took_ms.eq(i32::try_from(attempt.took.as_millis()).unwrap_or(i32::MAX)),
        ))
        .execute(connection)?;
    Ok(())
}

/// Marks an event as delivered.
pub fn set_delivered(connection: &mut PgConnection, no: i64) -> Result<(), Error> {
    diesel::update(table::table.find(no))
        .set((
            table::delivered_at.eq(now),
            table::given_up_at.eq(None::<DateTime<Utc>>),
        ))
        .execute(connection)?;
    Ok(())
}

/// Marks an event as given up.
pub fn set_given_up(connection: &mut PgConnection, no: i64) -> Result<(), Error> {
    diesel::update(table::table.find(no))
        .set(table::given_up_at.eq(now))
        .execute(connection)?;
    Ok(())
}

/// The attempts of an event after a number, oldest first.
pub fn attempts_of(
    connection: &mut PgConnection,
    no: i64,
    after: i32,
    limit: i64,
) -> Result<Vec<AttemptRow>, Error> {
    let found = attempts::table
        .filter(attempts::event_no.eq(no))
        .filter(attempts::attempt.gt(after))
        .order(attempts::attempt)
        .limit(limit)
        .select(AttemptRow::as_select())
        .load(connection)?;
    Ok(found)
}

/// Starts the delivery of an event again from the first attempt.
pub fn redeliver(connection: &mut PgConnection, no: i64) -> Result<(), Error> {
    connection.transaction(|connection| {
        diesel::update(table::table.find(no))
            .set((
                table::delivered_at.eq(None::<DateTime<Utc>>),
                table::given_up_at.eq(None::<DateTime<Utc>>),
            ))
            .execute(connection)?;
        let job = Job::DeliverEvent { event_no: no };
        jobs::add(connection, None, &job, Duration::ZERO).map(drop)
    })
}
