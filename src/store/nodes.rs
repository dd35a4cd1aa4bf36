//! The servers that run on this database: one row for each, with the time of its last beat.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Double, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid};
use uuid::Uuid;

use super::clock::DatabaseClock;
use super::pool::explain;
use crate::error::Error;

/// What a server says about itself.
#[derive(Clone, Debug)]
pub struct OwnNode {
    /// The id of this start of the server.
    pub id: Uuid,
    /// The name that its operator gave it.
    pub tag: Option<String>,
    /// Where it listens.
    pub address: String,
    /// The versions of the wire that it reads, from and to; `None` without a wire.
    pub wire: Option<(i16, i16)>,
}

/// Whether a server is stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeState {
    /// It goes on.
    Staying,
    /// It is stopping.
    Leaving,
}

/// Another server, as its row says.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeRow {
    /// The id of its start.
    pub id: Uuid,
    /// Its name.
    pub tag: Option<String>,
    /// Where it listens.
    pub address: String,
    /// Its version.
    pub version: String,
    /// The versions of the wire that it reads.
    pub wire: Option<(i16, i16)>,
    /// The seconds since its last beat, by the database's clock.
    pub silent_for: f64,
    /// Whether it is stopping.
    pub state: NodeState,
}

/// What the database says at a beat: its time, and one of the others; one row without another server if there is none.
#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Timestamptz)]
    time: DateTime<Utc>,
    #[diesel(embed)]
    other: Option<Other>,
}

#[derive(QueryableByName)]
struct Other {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Nullable<Text>)]
    tag: Option<String>,
    #[diesel(sql_type = Text)]
    address: String,
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = Nullable<SmallInt>)]
    wire_from: Option<i16>,
    #[diesel(sql_type = Nullable<SmallInt>)]
    wire_to: Option<i16>,
    #[diesel(sql_type = Double)]
    silent_for: f64,
    #[diesel(sql_type = Bool)]
    leaving: bool,
}

// Raw SQL: one statement beats, deletes the rows of servers that were killed long ago, and reads the time and all others.
const BEAT: &str = "
with beat as (
    insert into nodes (id, tag, address, version, wire_from, wire_to, leaving) values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (id) do update set beat_at = clock_timestamp(), leaving = excluded.leaving
), old as (
    delete from nodes where id <> $1 and beat_at < clock_timestamp() - interval '1 hour'
)
select clock_timestamp() as time, id, tag, address, version, wire_from, wire_to, leaving,
    extract(epoch from clock_timestamp() - beat_at)::float8 as silent_for
from (select 1) as always left join nodes on id <> $1";

/// Records that this server runs, sets its reading of the database's clock, and returns the rows of all others.
pub fn beat(
    connection: &mut PgConnection,
    own: &OwnNode,
    state: NodeState,
    clock: &DatabaseClock,
) -> Result<Vec<NodeRow>, Error> {
    let rows = clock.set_with(|| {
        let rows = read(connection, own, state)?;
        let time = rows.first().map(|row| row.time);
        Ok((time.ok_or(diesel::NotFound)?, rows))
    });
    let rows = rows.map_err(explain)?;
    Ok(rows
        .into_iter()
        .filter_map(|row| row.other)
        .map(node)
        .collect())
}

fn read(connection: &mut PgConnection, own: &OwnNode, state: NodeState) -> QueryResult<Vec<Row>> {
    let (from, to) = own.wire.unzip();
    diesel::sql_query(BEAT)
        .bind::<SqlUuid, _>(own.id)
        .bind::<Nullable<Text>, _>(&own.tag)
        .bind::<Text, _>(&own.address)
        .bind::<Text, _>(env!("CARGO_PKG_VERSION"))
        .bind::<Nullable<SmallInt>, _>(from)
        .bind::<Nullable<SmallInt>, _>(to)
        .bind::<Bool, _>(state == NodeState::Leaving)
        .load(connection)
}

fn node(row: Other) -> NodeRow {
    NodeRow {
        id: row.id,
        tag: row.tag,
        address: row.address,
        version: row.version,
        wire: row.wire_from.zip(row.wire_to),
        silent_for: row.silent_for,
        state: match row.leaving {
            true => NodeState::Leaving,
            false => NodeState::Staying,
        },
    }
}

/// Deletes the row of a server that has stopped.
pub fn leave(connection: &mut PgConnection, id: Uuid) -> Result<(), Error> {
    diesel::sql_query("delete from nodes where id = $1")
        .bind::<SqlUuid, _>(id)
        .execute(connection)
        .map(drop)
        .map_err(explain)
}
