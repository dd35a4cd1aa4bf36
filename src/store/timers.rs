//! Timers of deals: claimed like jobs, by a name and a time in place of a number.

use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use std::time::Duration;

use super::jobs::{first_of, in_time, seconds_until};
use super::schema::flow_timers as table;
use crate::domain::flow::Timer;
use crate::domain::ids::ConversationNo;
use crate::error::Error;

/// A timer that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueTimer {
    /// The deal.
    pub conversation: ConversationNo,
    /// Its name and its time.
    pub timer: Timer,
    /// Which attempt this is, from 1: whoever claims it later has a higher number, and this claim is void.
    pub attempt: i32,
}

/// Claims timers that are due, at most so many, for so long.
pub fn claim(
    connection: &mut PgConnection,
    limit: usize,
    lease: Duration,
) -> Result<Vec<DueTimer>, Error> {
    connection.transaction(|connection| {
        let due: Vec<(i64, String)> = table::table
            .filter(first_of(table::claimed_until, table::due_at).le(now))
            .order(first_of(table::claimed_until, table::due_at))
            .limit(i64::try_from(limit).unwrap_or(i64::MAX))
            .select((table::conversation_no, table::name))
            .for_update()
            .skip_locked()
            .load(connection)?;
        let mut claimed = Vec::with_capacity(due.len());
        for (conversation, name) in due {
            let row: (i64, String, DateTime<Utc>, i32) =
                diesel::update(table::table.find((conversation, name)))
                    .set((
                        table::claimed_until.eq(in_time(lease).nullable()),
                        table::attempts.eq(table::attempts + 1),
                    ))
                    .returning((
                        table::conversation_no,
                        table::name,
                        table::due_at,
                        table::attempts,
                    ))
                    .get_result(connection)?;
            let (no, name, due, attempt) = row;
            claimed.push(DueTimer {
                conversation: ConversationNo(no),
                timer: Timer { name, due },
                attempt,
            });
        }
        Ok(claimed)
    })
}

/// Seconds until the next timer is due.
pub fn next_due(connection: &mut PgConnection) -> Result<Option<f64>, Error> {
    let next = table::table
        .order(first_of(table::claimed_until, table::due_at))
        .select((
            first_of(table::claimed_until, table::due_at),
            in_time(Duration::ZERO),
        ))
        .first(connection)
        .optional()?;
    Ok(next.map(seconds_until))
}

/// Deletes exactly this timer: not one of its name that was armed anew for another time.
pub fn delete(connection: &mut PgConnection, due: &DueTimer) -> Result<(), Error> {
    diesel::delete(table::table.find((due.conversation.0, &due.timer.name)))
        .filter(table::due_at.eq(due.timer.due))
        .execute(connection)?;
    Ok(())
}

/// Leaves it to be tried again after a while. Its time stays as it is: it is part of what the timer is.
pub fn put_back(
    connection: &mut PgConnection,
    due: &DueTimer,
    after: Duration,
    problem: &str,
) -> Result<(), Error> {
    diesel::update(table::table.find((due.conversation.0, &due.timer.name)))
        .filter(table::due_at.eq(due.timer.due))
        .filter(table::attempts.eq(due.attempt))
        .set((
            table::claimed_until.eq(in_time(after).nullable()),
            table::last_error.eq(problem),
        ))
        .execute(connection)?;
    Ok(())
}
