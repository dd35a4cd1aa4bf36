//! The consumers of the durable feed: which server runs each, and how far it is.

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

/// A consumer that this server runs at the moment.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Its number.
    pub no: i32,
    /// What it reads next.
    pub next: Next,
}

/// What a consumer reads next.
#[derive(Clone, Debug)]
pub enum Next {
    /// Conversations after this one, whatever was changed: it is new, or was away for too long.
    Sweep(ConversationNo),
    /// Rows after this one.
    Rows(Position),
}

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
        let swept = row.swept_to.map(|no| Next::Sweep(ConversationNo(no)));
        Self {
            no: row.no,
            next: swept.unwrap_or(Next::Rows(position)),
        }
    }
}

// Raw SQL, as below: Diesel has no xid8. What a database that was restored from a dump says of transactions is from another cluster,
// which may have been ahead: then rows and positions mean nothing, and everybody sweeps.
const FORGET_ANOTHER_CLUSTER: &str = "
update feed_consumers set tx = null, row_no = null, swept_to = null
where exists (select from changed where tx >= pg_snapshot_xmax(pg_current_snapshot()))
    or exists (select from feed_consumers where tx > pg_snapshot_xmax(pg_current_snapshot()));
delete from changed where tx >= pg_snapshot_xmax(pg_current_snapshot())";

/// Makes consumers known, when a server starts.
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

// Who claims holds the row until their transaction ends: so nobody else commits anything for this consumer meanwhile. Where there is
// nothing to read and the lease is long enough, nothing is claimed, and nothing written.
const CLAIM: &str = "
update feed_consumers c set holder = $2, leased_until = now() + make_interval(secs => $3),
    tx = coalesce(c.tx, pg_snapshot_xmin(pg_current_snapshot())), row_no = coalesce(c.row_no, 0),
    swept_to = case when c.tx is null then 0 else c.swept_to end
where c.name = $1 and (c.holder = $2 or c.leased_until < now())
    and (c.tx is null or c.swept_to is not null or c.leased_until < now() + make_interval(secs => $3 / 2)
        or exists (select from changed r where (r.tx, r.no) > (c.tx, c.row_no) and r.tx < pg_snapshot_xmin(pg_current_snapshot())))
returning c.no, c.tx::text, c.row_no, c.swept_to";

/// Claims a consumer for a server, within a transaction; none where another server runs it, or where there is nothing to do.
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

/// Notes how far a consumer is: `next` is what it reads from now on. The end of a sweep goes on with the rows since its beginning.
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

/// Gives back what a server holds, so that another one need not wait for the end of its leases.
pub fn release(connection: &mut PgConnection, server: Uuid) -> Result<(), Error> {
    diesel::sql_query("update feed_consumers set leased_until = now() where holder = $1")
        .bind::<SqlUuid, _>(server)
        .execute(connection)
        .map(drop)
        .map_err(explain)
}

/// Consumers that no server has run for so long hold no rows any more: should they come back, they sweep.
pub fn let_go(connection: &mut PgConnection, after: Duration) -> Result<(), Error> {
    let away = "update feed_consumers set tx = null, row_no = null, swept_to = null
        where tx is not null and leased_until < now() - make_interval(secs => $1)";
    diesel::sql_query(away)
        .bind::<Double, _>(after.as_secs_f64())
        .execute(connection)
        .map(drop)
        .map_err(explain)
}

/// How far behind a consumer is.
#[derive(Debug, QueryableByName)]
pub struct Lag {
    /// The consumer.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The age of the oldest row that it has not handled, in seconds; 0 where there is none.
    #[diesel(sql_type = Double)]
    pub seconds: f64,
}

const LAGS: &str = "
select c.name, coalesce(extract(epoch from now() - (
    select r.created_at from changed r where (r.tx, r.no) > (c.tx, c.row_no) order by r.tx, r.no limit 1
)), 0)::float8 as seconds from feed_consumers c where c.tx is not null";

/// How far behind each consumer is that holds rows.
pub fn lags(connection: &mut PgConnection) -> Result<Vec<Lag>, Error> {
    diesel::sql_query(LAGS).load(connection).map_err(explain)
}
