//! The inbox of gateways' webhooks: each event once, as it was told.

use diesel::dsl::now;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use sha2::{Digest, Sha256};
use std::time::Duration;

use super::jobs;
use super::schema::payment_events as table;
use crate::domain::job::Job;
use crate::error::Error;
use crate::signing::hex;

/// Keeps an event and the job that looks at it; says whether it is new. Without an id the body's digest is one. Nobody signs
/// the id: should another body come under an id that is known, it is another event.
pub fn receive(
    connection: &mut PgConnection,
    gateway: &str,
    event_id: Option<&str>,
    body: &str,
) -> Result<bool, Error> {
    let digest = hex(&Sha256::digest(body));
    let id = event_id.unwrap_or(&digest);
    connection.transaction(|connection| {
        if insert(connection, gateway, id, body)? {
            return Ok(true);
        }
        let same: bool = diesel::select(diesel::dsl::exists(
            table::table
                .find((gateway, id))
                .filter(table::body.eq(body)),
        ))
        .get_result(connection)?;
        if same {
            return Ok(false);
        }
        insert(connection, gateway, &format!("{id} {digest}"), body)
    })
}

fn insert(
    connection: &mut PgConnection,
    gateway: &str,
    event_id: &str,
    body: &str,
) -> Result<bool, Error> {
    let made = diesel::insert_into(table::table)
        .values((
            table::gateway.eq(gateway),
            table::event_id.eq(event_id),
            table::body.eq(body),
        ))
        .on_conflict_do_nothing()
        .execute(connection)?;
    if made == 1 {
        let job = Job::PaymentEvent {
            gateway: gateway.to_owned(),
            event_id: event_id.to_owned(),
        };
        jobs::add(connection, None, &job, Duration::ZERO)?;
    }
    Ok(made == 1)
}

/// The body of an event.
pub fn body(
    connection: &mut PgConnection,
    gateway: &str,
    event_id: &str,
) -> Result<Option<String>, Error> {
    let found = table::table
        .find((gateway, event_id))
        .select(table::body)
        .first(connection)
        .optional()?;
    Ok(found)
}

/// Notes that an event was looked at.
pub fn set_handled(
    connection: &mut PgConnection,
    gateway: &str,
    event_id: &str,
) -> Result<(), Error> {
    diesel::update(table::table.find((gateway, event_id)))
        .set(table::handled_at.eq(now))
        .execute(connection)?;
    Ok(())
}
