//! The order in which events about one subject are handled: that of their numbers.

use diesel::dsl::now;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
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
        // Locks the own job first: the earlier event's end, which wakes this one, waits for this lock or was seen.
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

fn waits(connection: &mut PgConnection, event: &EventRow) -> Result<bool, Error> {
    let (Some(kind), Some(id)) = (&event.subject_type, &event.subject_id) else {
        return Ok(false);
    };
    let earlier = table::table
        .filter(table::handled_at.is_null())
        .filter(table::subject_type.eq(kind))
        .filter(table::subject_id.eq(id))
        .filter(table::no.lt(event.no));
    let found = diesel::select(diesel::dsl::exists(earlier)).get_result(connection)?;
    Ok(found)
}

/// Raw SQL: the expression of the index `jobs_handle_event`.
const WAKE_NEXT: &str = "
update jobs set due_at = now() where kind = 'handle_event' and given_up_at is null and (payload ->> 'event_no')::bigint = (
    select no from events where handled_at is null and subject_type = $1 and subject_id = $2 and no > $3 order by no limit 1)";

/// Marks an event as handled, deletes its job, and wakes the next event about the same subject. These are two commits: a job that saw the
/// event unhandled and put itself back did so before the first, and the second finds it.
pub fn finish(connection: &mut PgConnection, lease: Lease, event: &EventRow) -> Result<(), Error> {
    let finished = jobs::finish_with(connection, lease, |connection| {
        diesel::update(table::table.find(event.no))
            .set(table::handled_at.eq(now))
            .execute(connection)?;
        Ok(())
    })?;
    let (Some(()), Some(kind), Some(id)) = (finished, &event.subject_type, &event.subject_id)
    else {
        return Ok(());
    };
    diesel::sql_query(WAKE_NEXT)
        .bind::<Text, _>(kind)
        .bind::<Text, _>(id)
        .bind::<BigInt, _>(event.no)
        .execute(connection)?;
    Ok(())
}
