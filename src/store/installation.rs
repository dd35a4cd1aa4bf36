//! Data of the database as a whole: the secret of a demo that uses it, and the key that signs links to files.

use diesel::pg::PgConnection;
use diesel::prelude::*;

use super::pool::explain;
use super::schema::installation;
use crate::error::Error;

/// The demo's secret, if one is stored.
pub fn demo_secret(connection: &mut PgConnection) -> Result<Option<String>, Error> {
    let kept = installation::table
        .select(installation::demo_secret)
        .first::<Option<String>>(connection);
    Ok(kept.optional().map_err(explain)?.flatten())
}

/// Stores the secret of a demo that keeps it in its data folder, so that demos of other servers on this database accept the same tokens.
pub fn set_demo_secret(connection: &mut PgConnection, secret: &str) -> Result<(), Error> {
    let set = diesel::insert_into(installation::table)
        .values((
            installation::only_row.eq(true),
            installation::demo_secret.eq(secret),
        ))
        .on_conflict(installation::only_row)
        .do_update()
        .set(installation::demo_secret.eq(secret))
        .execute(connection);
    set.map(drop).map_err(explain)
}

/// Stores this secret if there is none, and returns the stored one. Servers that start together get the same.
pub fn keep_demo_secret(connection: &mut PgConnection, fresh: &str) -> Result<String, Error> {
    let one = diesel::insert_into(installation::table)
        .values((
            installation::only_row.eq(true),
            installation::demo_secret.eq(fresh),
        ))
        .on_conflict(installation::only_row)
        .do_update()
        .set(installation::demo_secret.eq(diesel::dsl::sql(
            "coalesce(installation.demo_secret, excluded.demo_secret)",
        )))
        .returning(installation::demo_secret)
        .get_result::<Option<String>>(connection);
    one.map_err(explain)?
        .ok_or_else(|| Error::internal("the demo's secret was not kept"))
}

/// Stores this key of links if there is none, and returns the stored one. Servers that start together get the same.
pub fn keep_link_key(connection: &mut PgConnection, fresh: &[u8]) -> Result<Vec<u8>, Error> {
    let one = diesel::insert_into(installation::table)
        .values((
            installation::only_row.eq(true),
            installation::link_key.eq(fresh),
        ))
        .on_conflict(installation::only_row)
        .do_update()
        .set(installation::link_key.eq(diesel::dsl::sql(
            "coalesce(installation.link_key, excluded.link_key)",
        )))
        .returning(installation::link_key)
        .get_result::<Option<Vec<u8>>>(connection);
    one.map_err(explain)?
        .ok_or_else(|| Error::internal("the key of links was not kept"))
}
