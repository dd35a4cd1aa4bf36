//! The inbox of gateways' webhooks: each event once, as it was told.

use diesel::dsl::now;
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Binary, Nullable, Text};
use sha2::{Digest, Sha256};
use std::borrow::Cow;

use super::schema::payment_events as table;
use crate::error::Error;
use crate::signing::hex;

/// Keeps an event and the job that looks at it; says whether it is new. Without an id the body's digest is one. Nobody signs
/// the id: should another body come under an id that is known, it is another event.
pub fn receive(
    connection: &mut PgConnection,
    gateway: &str,
    event_id: Option<&str>,
    body: &[u8],
) -> Result<bool, Error> {
    let kept = Kept::of(body);
    let digest = hex(&Sha256::digest(body));
    let id = event_id.unwrap_or(&digest);
    if insert(connection, gateway, id, &kept)? {
        return Ok(true);
    }
    let known = table::table.find((gateway, id));
    let same = known
        .filter(table::body.eq(&kept.text))
        .filter(table::raw.is_not_distinct_from(kept.raw));
    let same = diesel::dsl::exists(same);
    if diesel::select(same).get_result(connection)? {
        return Ok(false);
    }
    insert(connection, gateway, &format!("{id} {digest}"), &kept)
}

/// A body as it is kept: as text, and as bytes too where no text says the same.
struct Kept<'a> {
    text: Cow<'a, str>,
    raw: Option<&'a [u8]>,
}

impl<'a> Kept<'a> {
    fn of(body: &'a [u8]) -> Self {
        // A NUL is text, but not to the database.
        match std::str::from_utf8(body) {
            Ok(text) if !text.contains('\0') => Self {
                text: Cow::Borrowed(text),
                raw: None,
            },
            Ok(_) | Err(_) => Self {
                text: String::from_utf8_lossy(body)
                    .replace('\0', "\u{fffd}")
                    .into(),
                raw: Some(body),
            },
        }
    }
}

/// An event and its job, in one statement.
struct Insert<'a> {
    gateway: &'a str,
    event_id: &'a str,
    body: &'a Kept<'a>,
}

impl QueryFragment<Pg> for Insert<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "with kept as (insert into payment_events (gateway, event_id, body, raw) values (",
        );
        out.push_bind_param::<Text, _>(self.gateway)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(self.event_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(&self.body.text)?;
        out.push_sql(", ");
        out.push_bind_param::<Nullable<Binary>, _>(&self.body.raw)?;
        out.push_sql(") on conflict do nothing returning gateway, event_id) insert into jobs (kind, payload) select 'payment_event', jsonb_build_object('gateway', gateway, 'event_id', event_id) from kept");
        Ok(())
    }
}

// One text for any event, so the prepared statement is found by the type alone.
impl QueryId for Insert<'_> {
    type QueryId = Insert<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<PgConnection> for Insert<'_> {}

fn insert(
    connection: &mut PgConnection,
    gateway: &str,
    event_id: &str,
    body: &Kept<'_>,
) -> Result<bool, Error> {
    let event = Insert {
        gateway,
        event_id,
        body,
    };
    Ok(event.execute(connection)? == 1)
}

/// An event's body.
#[derive(Debug, PartialEq, Eq)]
pub enum Body {
    /// As it came.
    Text(String),
    /// It is no text, so it can be no JSON.
    Bytes,
}

/// The body of an event; none where there is no such event.
pub fn body(
    connection: &mut PgConnection,
    gateway: &str,
    event_id: &str,
) -> Result<Option<Body>, Error> {
    let found: Option<(String, bool)> = table::table
        .find((gateway, event_id))
        .select((table::body, table::raw.is_null()))
        .first(connection)
        .optional()?;
    let body = |(text, is_text)| match is_text {
        true => Body::Text(text),
        false => Body::Bytes,
    };
    Ok(found.map(body))
}

/// Notes that an event is looked at.
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
