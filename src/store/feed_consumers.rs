//! The consumers of the durable feed: which server runs each, and its position.

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Double, Integer, Nullable, Text, Uuid as SqlUuid};
use std::time::Duration;
use uuid::Uuid;

use super::changed::Position;
use super::pool::explain;
use crate::domain::ids::ConversationNo;
use crate::error::Error;

/// A consumer that this server runs.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Its number.
    pub no: i32,
    /// What it reads next; `None` if it has only got its position, which must be committed before it sweeps.
    pub next: Option<Next>,
}

/// What a consumer reads next.
#[derive(Clone, Debug)]
pub enum Next {
    /// All conversations after this one, because the consumer is new or was away too long.
    Sweep(ConversationNo),
    /// Rows after this position.
    Rows(Position),
}

/// What is swept when a consumer has only got its position.
const NOT_BEGUN: i64 = -1;

#[derive(QueryableByName)]
struct ClaimedRow {
    #[diesel(sql_type = Integer)]
    no: i32,
    #[diesel(sql_type = Text)]
    tx: String,
    #[diesel(sql_type = BigInt)]
    row_no: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    swept_to: Option<i64>,
}

impl From<ClaimedRow> for Claimed {
    fn from(row: ClaimedRow) -> Self {
        let position = Position {
            tx: row.tx,
            no: row.row_no,
        };
        Self {
            no: row.no,
            next: match row.swept_to {
                Some(NOT_BEGUN) => None,
                Some(no) => Some(Next::Sweep(ConversationNo(no))),
                None => Some(Next::Rows(position)),
            },
        }
    }
}

// Raw SQL, as below, because Diesel has no type for xid8. A database restored from a dump contains transaction
// ids of another cluster, which may have been ahead. Positions are then meaningless, and every consumer sweeps.
const FORGET_ANOTHER_CLUSTER: &str = "
update feed_consumers set tx = null, row_no = null, swept_to = null
where exists (select from changed where tx >= pg_snapshot_xmax(pg_current_snapshot()))
    or exists (select from feed_consumers where tx > pg_snapshot_xmax(pg_current_snapshot()));
delete from changed where tx >= pg_snapshot_xmax(pg_current_snapshot())";

/// Registers the consumers when a server starts.
pub fn register(connection: &mut PgConnection, names: &[&str]) -> Result<(), Error> {
    connection.transaction(|connection| {
        connection.batch_execute(FORGET_ANOTHER_CLUSTER)?;
        let missing = "insert into feed_consumers (name) select unnest($1) on conflict do nothing";
        diesel::sql_query(missing)
            .bind::<Array<Text>, _>(names)
            .execute(connection)?;
        Ok(())
    })
}

// The claim locks the row until the transaction ends, so no other server can commit for this consumer
// meanwhile. If there is nothing to read and the lease is long enough, nothing is written. The first claim only gives the consumer its
// position, and the sweep begins in the next transaction: others delete rows by the positions that they see, and until this one is
// committed, they may delete a row whose entries the sweep could not see.
const CLAIM: &str = "
update feed_consumers c set holder = $2, leased_until = now() + make_interval(secs => $3),
    tx = coalesce(c.tx, pg_snapshot_xmin(pg_current_snapshot())), row_no = coalesce(c.row_no, 0),
    swept_to = case when c.tx is null then -1 when c.swept_to = -1 then 0 else c.swept_to end
where c.name = $1 and (c.holder = $2 or c.leased_until < now())
    and (c.tx is null or c.swept_to is not null or c.leased_until < now() + make_interval(secs => $3 / 2)
        or exists (select from changed r where (r.tx, r.no) > (c.tx, c.row_no) and r.tx < pg_snapshot_xmin(pg_current_snapshot())))
returning c.no, c.tx::text, c.row_no, c.swept_to";

/// Claims a consumer for a server, inside a transaction; `None` if another server runs it or there is nothing
/// to do.
pub fn claim(
    connection: &mut PgConnection,
    name: &str,
    server: Uuid,
    lease: Duration,
) -> Result<Option<Claimed>, Error> {
    let row: Option<ClaimedRow> = diesel::sql_query(CLAIM)
        .bind::<Text, _>(name)
        .bind::<SqlUuid, _>(server)
        .bind::<Double, _>(lease.as_secs_f64())
        .get_result(connection)
        .optional()
        .map_err(explain)?;
    Ok(row.map(Claimed::from))
}

/// Stores what a consumer reads from now on. The end of a sweep (`None`) continues with the rows since its
/// beginning.
pub fn advance(
    connection: &mut PgConnection,
    consumer: i32,
    next: Option<&Next>,
) -> Result<(), Error> {
    let done = match next {
        Some(Next::Rows(position)) => diesel::sql_query(
            "update feed_consumers set tx = $2::text::xid8, row_no = $3 where no = $1",
        )
        .bind::<Integer, _>(consumer)
        .bind::<Text, _>(&position.tx)
        .bind::<BigInt, _>(position.no)
        .execute(connection),
        Some(Next::Sweep(swept)) => {
            diesel::sql_query("update feed_consumers set swept_to = $2 where no = $1")
                .bind::<Integer, _>(consumer)
                .bind::<BigInt, _>(swept.0)
                .execute(connection)
        }
        None => diesel::sql_query("update feed_consumers set swept_to = null where no = $1")
            .bind::<Integer, _>(consumer)
            .execute(connection),
    };
    done.map(drop).map_err(explain)
}

/// Releases the consumers of a server, so that another server need not wait for its leases to expire.
pub fn release(connection: &mut PgConnection, server: Uuid) -> Result<(), Error> {
    diesel::sql_query("update feed_consumers set leased_until = now() where holder = $1")
        .bind::<SqlUuid, _>(server)
        .execute(connection)
        .map(drop)
        .map_err(explain)
}

/// Stops keeping rows for consumers that no server has run for this long. If they return, they sweep.
pub fn expire_idle(connection: &mut PgConnection, after: Duration) -> Result<(), Error> {
    let away = "update feed_consumers set tx = null, row_no = null, swept_to = null
        where tx is not null and leased_until < now() - make_interval(secs => $1)";
    diesel::sql_query(away)
        .bind::<Double, _>(after.as_secs_f64())
        .execute(connection)
        .map(drop)
        .map_err(explain)
}

/// How far a consumer lags behind.
#[derive(Debug, QueryableByName)]
pub struct Lag {
    /// The consumer.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The age in seconds of the oldest row that it has not handled; 0 if there is none.
    #[diesel(sql_type = Double)]
    pub seconds: f64,
}

const LAGS: &str = "
select c.name, coalesce(extract(epoch from now() - (
    select r.created_at from changed r where (r.tx, r.no) > (c.tx, c.row_no) order by r.tx, r.no limit 1
)), 0)::float8 as seconds from feed_consumers c where c.tx is not null";

/// The lag of each consumer for which rows are kept.
pub fn lags(connection: &mut PgConnection) -> Result<Vec<Lag>, Error> {
    diesel::sql_query(LAGS).load(connection).map_err(explain)
}
