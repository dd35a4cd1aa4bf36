//! The inbox of gateways' webhooks. Each event is stored once, as received.

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

/// Stores an event and the job that handles it; returns whether it is new. Without an id, the body's digest
/// serves as one. The id is not part of the signature, so another body with a known id is stored as another
/// event.
pub fn receive(
    connection: &mut PgConnection,
    gateway: &str,
    event_id: Option<&str>,
    body: &[u8],
) -> Result<bool, Error> {
    let kept = EncodedBody::of(body);
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

/// A body as stored: as text, and also as bytes if the text is not the same.
struct EncodedBody<'a> {
    text: Cow<'a, str>,
    raw: Option<&'a [u8]>,
}

impl<'a> EncodedBody<'a> {
    fn of(body: &'a [u8]) -> Self {
        // PostgreSQL does not accept NUL in text.
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

/// Inserts an event and its job in one statement.
struct Insert<'a> {
    gateway: &'a str,
    event_id: &'a str,
    body: &'a EncodedBody<'a>,
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

// The text is always the same, so the type identifies the prepared statement.
impl QueryId for Insert<'_> {
    type QueryId = Insert<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl RunQueryDsl<PgConnection> for Insert<'_> {}

fn insert(
    connection: &mut PgConnection,
    gateway: &str,
    event_id: &str,
    body: &EncodedBody<'_>,
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
    /// As received.
    Text(String),
    /// It is not text, so it cannot be JSON.
    Bytes,
}

/// The body of an event; `None` if the event does not exist.
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

/// Marks an event as handled.
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
