//! The order in which events about one subject are handled: that of their numbers.

use diesel::dsl::now;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use rules::Subject;
use std::time::Duration;

use super::{EventRow, by_no};
use crate::error::Error;
use crate::store::jobs::{self, Lease};
use crate::store::schema::events as table;

/// Whether an event may be handled now.
#[derive(Debug)]
pub enum Turn {
    /// It may.
    Now(Box<EventRow>),
    /// An earlier event about the same subject comes first. The job is put back.
    Later,
    /// It was handled, or is there no more.
    Never,
}

/// Whether an event may be handled now. If an earlier event about its subject was not handled, puts the job back until `finish` wakes it,
/// at most for `at_most`.
pub fn may_handle(
    connection: &mut PgConnection,
    lease: Lease,
    no: i64,
    at_most: Duration,
) -> Result<Turn, Error> {
    let Some(event) = by_no(connection, no)?.filter(|event| event.handled_at.is_none()) else {
        return Ok(Turn::Never);
    };
    if !waits(connection, &event)? {
        return Ok(Turn::Now(Box::new(event)));
    }
    connection.transaction(|connection| {
        // Locks the own job first: the end of the earlier event, which wakes this one, waits for this lock or was seen.
        let is_own = jobs::hold(connection, lease)?;
        if !waits(connection, &event)? {
            return Ok(Turn::Now(Box::new(event)));
        }
        if is_own {
            jobs::put_back(connection, lease, at_most, None)?;
        }
        Ok(Turn::Later)
    })
}

/// Raw SQL: rows are compared and ordered as the index `events_waiting` has them. With the number alone, Postgres may walk all events
/// when many of them were waiting while it counted.
const FIRST_WAITING: &str = "
select no from events
where handled_at is null and subject_type is not null
    and (subject_type, subject_id, no) > ($1, $2, $3) and (subject_type, subject_id, no) <= ($1, $2, 9223372036854775807)
order by subject_type, subject_id, no limit 1";

#[derive(QueryableByName)]
struct First {
    #[diesel(sql_type = BigInt)]
    no: i64,
}

/// The first event about a subject after `after` that is not handled.
fn first_waiting(
    connection: &mut PgConnection,
    subject: &Subject,
    after: i64,
) -> Result<Option<i64>, Error> {
    let first: Option<First> = diesel::sql_query(FIRST_WAITING)
        .bind::<Text, _>(&subject.kind)
        .bind::<Text, _>(&subject.id)
        .bind::<BigInt, _>(after)
        .get_result(connection)
        .optional()?;
    Ok(first.map(|first| first.no))
}

fn waits(connection: &mut PgConnection, event: &EventRow) -> Result<bool, Error> {
    let Some(subject) = event.subject() else {
        return Ok(false);
    };
    let first = first_waiting(connection, &subject, 0)?;
    Ok(first.is_some_and(|first| first < event.no))
}

/// Raw SQL: the expression of the index `jobs_handle_event`.
const WAKE: &str = "
update jobs set due_at = now() where kind = 'handle_event' and given_up_at is null and (payload ->> 'event_no')::bigint = $1";

/// Marks an event as handled, deletes its job and wakes the next event about the same subject, in one transaction. A job that is putting
/// itself back at this moment holds the lock of its row: either it has seen that the event is handled, or it is woken afterwards.
pub fn finish(connection: &mut PgConnection, lease: Lease, event: &EventRow) -> Result<(), Error> {
    let finished = jobs::finish_with(connection, lease, |connection| {
        diesel::update(table::table.find(event.no))
            .set(table::handled_at.eq(now))
            .execute(connection)?;
        let Some(subject) = event.subject() else {
            return Ok(());
        };
        if let Some(next) = first_waiting(connection, &subject, event.no)? {
            diesel::sql_query(WAKE)
                .bind::<BigInt, _>(next)
                .execute(connection)?;
        }
        Ok(())
    });
    finished.map(drop)
}
