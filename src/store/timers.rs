//! Timers of deals. They are claimed like jobs; a name and a time identify them.

use chrono::{DateTime, Utc};
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Double, Integer, Text, Timestamptz};
use std::time::Duration;

use super::clock::after_now;
use super::jobs::{first_of, seconds_until};
use super::schema::flow_timers as table;
use crate::domain::flow::Timer;
use crate::domain::ids::ConversationNo;
use crate::error::Error;

/// A timer that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueTimer {
    /// The deal.
    pub conversation: ConversationNo,
    /// Its name and time.
    pub timer: Timer,
    /// The number of this attempt, from 1.
    pub attempt: i32,
    /// When the lease expires. A later claim changes the expiry and voids this one.
    pub until: DateTime<Utc>,
}

/// One round trip for any number of timers, as for jobs.
#[derive(QueryId)]
struct Claim {
    limit: i64,
    lease: f64,
}

impl QueryFragment<Pg> for Claim {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("update flow_timers set attempts = attempts + 1, claimed_until = now() + make_interval(secs => ");
        out.push_bind_param::<Double, _>(&self.lease)?;
        out.push_sql(") where ctid = any(array(select ctid from flow_timers where coalesce(claimed_until, due_at) <= now() order by coalesce(claimed_until, due_at) limit ");
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        out.push_sql(" for update skip locked)) returning conversation_no, name, due_at, attempts, claimed_until");
        Ok(())
    }
}

impl Query for Claim {
    type SqlType = (BigInt, Text, Timestamptz, Integer, Timestamptz);
}

impl RunQueryDsl<PgConnection> for Claim {}

#[derive(Queryable)]
struct Row {
    conversation_no: i64,
    name: String,
    due_at: DateTime<Utc>,
    attempts: i32,
    claimed_until: DateTime<Utc>,
}

/// Claims at most `limit` timers that are due, for the duration of a lease. Skips timers that others are
/// claiming.
pub fn claim(
    connection: &mut PgConnection,
    limit: usize,
    lease: Duration,
) -> Result<Vec<DueTimer>, Error> {
    let claim = Claim {
        limit: i64::try_from(limit).unwrap_or(i64::MAX),
        lease: lease.as_secs_f64(),
    };
    let rows: Vec<Row> = claim.load(connection)?;
    let claimed = rows.into_iter().map(|row| DueTimer {
        conversation: ConversationNo(row.conversation_no),
        timer: Timer {
            name: row.name,
            due: row.due_at,
        },
        attempt: row.attempts,
        until: row.claimed_until,
    });
    Ok(claimed.collect())
}

/// Seconds until the next timer is due.
pub fn next_due(connection: &mut PgConnection) -> Result<Option<f64>, Error> {
    let next = table::table
        .order(first_of(table::claimed_until, table::due_at))
        .select((
            first_of(table::claimed_until, table::due_at),
            after_now(Duration::ZERO),
        ))
        .first(connection)
        .optional()?;
    Ok(next.map(seconds_until))
}

/// Deletes exactly this timer, not one of the same name that was set again for another time.
pub fn delete(connection: &mut PgConnection, due: &DueTimer) -> Result<(), Error> {
    diesel::delete(table::table.find((due.conversation.0, &due.timer.name)))
        .filter(table::due_at.eq(due.timer.due))
        .execute(connection)?;
    Ok(())
}

/// Makes the timer due again after a delay. Its own time stays, because it identifies the timer.
pub fn put_back(
    connection: &mut PgConnection,
    due: &DueTimer,
    after: Duration,
    problem: &str,
) -> Result<(), Error> {
    diesel::update(table::table.find((due.conversation.0, &due.timer.name)))
        .filter(table::due_at.eq(due.timer.due))
        .filter(table::claimed_until.eq(due.until))
        .set((
            table::claimed_until.eq(after_now(after).nullable()),
            table::last_error.eq(problem),
        ))
        .execute(connection)?;
    Ok(())
}
