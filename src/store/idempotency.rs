//! Stored responses to requests with an `Idempotency-Key`.

use diesel::pg::PgConnection;
use diesel::prelude::*;

use super::clock::ago;
use super::schema::idempotency_keys as table;
use crate::domain::ids::UserNo;
use crate::error::Error;

/// How long a key is kept: a day.
const KEPT_SECONDS: u32 = 24 * 3_600;
/// Seconds after which an unanswered request counts as lost with its server.
const LOST_AFTER_SECONDS: u32 = 60;

/// The state of a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Claim {
    /// New: run the request and store its response.
    Fresh,
    /// The stored response: status and body.
    Answered(u16, String),
    /// The first request is still running.
    Underway,
    /// The first request with this key was a different one.
    Different,
}

/// Claims a key for a request with this fingerprint.
pub fn claim(
    connection: &mut PgConnection,
    user: UserNo,
    key: &str,
    fingerprint: &str,
) -> Result<Claim, Error> {
    diesel::delete(table::table.find((user.0, key)))
        .filter(
            table::created_at.lt(ago(KEPT_SECONDS)).or(table::status
                .is_null()
                .and(table::created_at.lt(ago(LOST_AFTER_SECONDS)))),
        )
        .execute(connection)?;
    let made = diesel::insert_into(table::table)
        .values((
            table::user_no.eq(user.0),
            table::key.eq(key),
            table::fingerprint.eq(fingerprint),
        ))
        .on_conflict_do_nothing()
        .execute(connection)?;
    if made == 1 {
        return Ok(Claim::Fresh);
    }
    let found: Option<(String, Option<i16>, Option<String>)> = table::table
        .find((user.0, key))
        .select((table::fingerprint, table::status, table::answer))
        .first(connection)
        .optional()?;
    Ok(match found {
        Some((first, _, _)) if first != fingerprint => Claim::Different,
        Some((_, Some(status), Some(answer))) => Claim::Answered(status.unsigned_abs(), answer),
        Some(_) | None => Claim::Underway,
    })
}

/// Stores the response for a claimed key.
pub fn keep(
    connection: &mut PgConnection,
    user: UserNo,
    key: &str,
    status: u16,
    answer: &str,
) -> Result<(), Error> {
    diesel::update(table::table.find((user.0, key)))
        .set((
            table::status.eq(i16::try_from(status).unwrap_or(500)),
            table::answer.eq(answer),
        ))
        .execute(connection)?;
    Ok(())
}

/// Releases a claimed key, so that the request can be repeated.
pub fn release(connection: &mut PgConnection, user: UserNo, key: &str) -> Result<(), Error> {
    diesel::delete(
        table::table
            .find((user.0, key))
            .filter(table::status.is_null()),
    )
    .execute(connection)?;
    Ok(())
}

/// Deletes expired keys; returns how many.
pub fn sweep(connection: &mut PgConnection) -> Result<usize, Error> {
    let old = table::created_at.lt(ago(KEPT_SECONDS));
    Ok(diesel::delete(table::table.filter(old)).execute(connection)?)
}
