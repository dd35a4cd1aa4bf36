//! Data of the database as a whole: its id and the key of the wire between its servers, the secret of a demo that uses it, and the key that signs links to files.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use uuid::Uuid;

use super::pool::explain;
use super::schema::installation;
use crate::error::Error;
use crate::wire::seal::WireKey;

/// What the servers on one database have in common.
#[derive(Clone, Debug)]
pub struct Installation {
    /// The id, which tells installations on one Redis apart.
    pub id: Uuid,
    /// What their frames are sealed with.
    pub wire_key: WireKey,
}

/// Reads the installation, and makes its row if it is missing.
pub fn read(connection: &mut PgConnection) -> Result<Installation, Error> {
    diesel::insert_into(installation::table)
        .values(installation::only_row.eq(true))
        .on_conflict_do_nothing()
        .execute(connection)
        .map_err(explain)?;
    let (id, wire_key) = installation::table
        .select((installation::id, installation::wire_key))
        .first::<(Uuid, Vec<u8>)>(connection)
        .map_err(explain)?;
    let random = wire_key.as_slice().try_into();
    let random = random.map_err(|_| Error::internal("the wire key does not have 32 bytes"))?;
    Ok(Installation {
        id,
        wire_key: WireKey::new(random),
    })
}

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
