//! Data of the database as a whole: the secret of a demo that uses it.

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
