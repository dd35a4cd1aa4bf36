//! The inbox of gateways' webhooks: each event once, as it was told.

use diesel::dsl::now;
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::Text;
use sha2::{Digest, Sha256};

use super::schema::payment_events as table;
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
    if insert(connection, gateway, id, body)? {
        return Ok(true);
    }
    let known = table::table.find((gateway, id));
    let same = diesel::dsl::exists(known.filter(table::body.eq(body)));
    if diesel::select(same).get_result(connection)? {
        return Ok(false);
    }
    insert(connection, gateway, &format!("{id} {digest}"), body)
}

/// An event and its job, in one statement.
struct Insert<'a> {
    gateway: &'a str,
    event_id: &'a str,
    body: &'a str,
}

impl QueryFragment<Pg> for Insert<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("with kept as (insert into payment_events (gateway, event_id, body) values (");
        out.push_bind_param::<Text, _>(self.gateway)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(self.event_id)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(self.body)?;
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
    body: &str,
) -> Result<bool, Error> {
    let event = Insert {
        gateway,
        event_id,
        body,
    };
    Ok(event.execute(connection)? == 1)
}

/// Notes that an event is looked at; gives its body.
pub fn handle(
    connection: &mut PgConnection,
    gateway: &str,
    event_id: &str,
) -> Result<Option<String>, Error> {
    let body = diesel::update(table::table.find((gateway, event_id)))
        .set(table::handled_at.eq(now))
        .returning(table::body)
        .get_result(connection)
        .optional()?;
    Ok(body)
}
