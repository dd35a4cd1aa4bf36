//! Jobs: written with the fact that caused them, claimed by whoever has time, deleted when done. The database's clock says
//! what is due, so that nodes need not agree on the time.

use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Double, Integer, Jsonb, Nullable, Text, Timestamptz};
use serde_json::Value;
use std::time::Duration;

use super::clock::in_time;
use super::schema::jobs as table;
use crate::domain::ids::ConversationNo;
use crate::domain::job::{Job, Lane};
use crate::error::Error;

diesel::define_sql_function! {
    /// The first of two times that there is.
    #[sql_name = "coalesce"]
    fn first_of(one: Nullable<Timestamptz>, other: Timestamptz) -> Timestamptz;
}
/// The claim of a row: whoever claims it later has another end of it, and mostly a higher number of attempts; then this one is void.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The row.
    pub no: i64,
    /// Which attempt this is, from 1. A claim that was lost with the database is not counted.
    pub attempt: i32,
    /// Until when it lasts.
    pub until: DateTime<Utc>,
}

/// A job to be done.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Its claim.
    pub lease: Lease,
    /// What is to be done; none for a kind that this version does not know.
    pub job: Option<Job>,
    /// The name of its kind.
    pub kind: String,
    /// When it was written down.
    pub created_at: DateTime<Utc>,
}

#[derive(Queryable)]
struct Row {
    no: i64,
    kind: String,
    payload: Value,
    attempts: i32,
    created_at: DateTime<Utc>,
    claimed_until: DateTime<Utc>,
}

impl From<Row> for Claimed {
    fn from(row: Row) -> Self {
        let stored = serde_json::json!({ "kind": row.kind, "payload": row.payload });
        Self {
            lease: Lease {
                no: row.no,
                attempt: row.attempts,
                until: row.claimed_until,
            },
            job: serde_json::from_value(stored).ok(),
            kind: row.kind,
            created_at: row.created_at,
        }
    }
}

/// Writes a job down, due after a while; in the transaction that makes it necessary.
pub fn add(
    connection: &mut PgConnection,
    conversation: Option<ConversationNo>,
    job: &Job,
    after: Duration,
) -> Result<i64, Error> {
    let mut stored = serde_json::to_value(job).map_err(Error::internal)?;
    let payload = stored.get_mut("payload").map_or(Value::Null, Value::take);
    let no = diesel::insert_into(table::table)
        .values((
            table::kind.eq(job.kind()),
            table::lane.eq(job.lane().name()),
            table::conversation_no.eq(conversation.map(|no| no.0)),
            table::payload.eq(payload),
            table::due_at.eq(in_time(after)),
        ))
        .returning(table::no)
        .get_result(connection)?;
    Ok(no)
}

/// Writes several jobs down, or none.
pub fn add_all(connection: &mut PgConnection, jobs: &[Job]) -> Result<(), Error> {
    connection.transaction(|connection| {
        for job in jobs {
            add(connection, None, job, Duration::ZERO)?;
        }
        Ok(())
    })
}

/// Finds, locks and claims in one round trip, without a transaction around it; Diesel prepares it once for each connection.
#[derive(QueryId)]
struct Claim {
    lane: &'static str,
    limit: i64,
    lease: f64,
}

impl QueryFragment<Pg> for Claim {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("update jobs set attempts = attempts + 1, claimed_until = now() + make_interval(secs => ");
        out.push_bind_param::<Double, _>(&self.lease)?;
        out.push_sql(
            ") where no = any(array(select no from jobs where given_up_at is null and lane = ",
        );
        out.push_bind_param::<Text, _>(&self.lane)?;
        out.push_sql(" and coalesce(claimed_until, due_at) <= now() order by coalesce(claimed_until, due_at) limit ");
        out.push_bind_param::<BigInt, _>(&self.limit)?;
        out.push_sql(" for update skip locked)) returning no, kind, payload, attempts, created_at, claimed_until");
        Ok(())
    }
}

impl Query for Claim {
    type SqlType = (BigInt, Text, Jsonb, Integer, Timestamptz, Timestamptz);
}

impl RunQueryDsl<PgConnection> for Claim {}

/// Claims jobs that are due, at most so many, for so long. What others are claiming at the moment is passed over.
pub fn claim(
    connection: &mut PgConnection,
    lane: Lane,
    limit: usize,
    lease: Duration,
) -> Result<Vec<Claimed>, Error> {
    let claim = Claim {
        lane: lane.name(),
        limit: i64::try_from(limit).unwrap_or(i64::MAX),
        lease: lease.as_secs_f64(),
    };
    let rows: Vec<Row> = claim.load(connection)?;
    Ok(rows.into_iter().map(Claimed::from).collect())
}

/// Seconds until the next job of a lane is due; negative where one waits already.
pub fn next_due(connection: &mut PgConnection, lane: Lane) -> Result<Option<f64>, Error> {
    let next = table::table
        .filter(table::lane.eq(lane.name()))
        .filter(table::given_up_at.is_null())
        .order(first_of(table::claimed_until, table::due_at))
        .select((
            first_of(table::claimed_until, table::due_at),
            in_time(Duration::ZERO),
        ))
        .first(connection)
        .optional()?;
    Ok(next.map(seconds_until))
}

/// How far a time is from another.
pub(super) fn seconds_until((at, present): (DateTime<Utc>, DateTime<Utc>)) -> f64 {
    (at - present).as_seconds_f64()
}

/// Deletes the webhooks to the platform that are due, without posting them; says how many.
pub fn discard_deliveries(connection: &mut PgConnection) -> Result<usize, Error> {
    let due = table::table
        .filter(table::lane.eq(Lane::Delivery.name()))
        .filter(table::kind.eq("deliver_event"))
        .filter(table::given_up_at.is_null())
        .filter(first_of(table::claimed_until, table::due_at).le(now));
    Ok(diesel::delete(due).execute(connection)?)
}

/// Deletes a job that is done; false when the claim is void, and then nothing that goes with it may be committed.
pub fn finish(connection: &mut PgConnection, lease: Lease) -> Result<bool, Error> {
    let deleted = diesel::delete(table::table.find(lease.no))
        .filter(table::claimed_until.eq(lease.until))
        .execute(connection)?;
    Ok(deleted == 1)
}

/// Deletes a job together with what it does, in one transaction: done once, whenever the server is killed. Nothing is done
/// when the claim is void, or when what it does fails.
pub fn finish_with<T>(
    connection: &mut PgConnection,
    lease: Lease,
    work: impl FnOnce(&mut PgConnection) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    connection.transaction(|connection| match finish(connection, lease)? {
        true => work(connection).map(Some),
        false => Ok(None),
    })
}

/// Puts a job back, to be tried again after a while. Without a problem it merely has to wait.
pub fn put_back(
    connection: &mut PgConnection,
    lease: Lease,
    after: Duration,
    problem: Option<&str>,
) -> Result<(), Error> {
    diesel::update(table::table.find(lease.no))
        .filter(table::claimed_until.eq(lease.until))
        .set((
            table::due_at.eq(in_time(after)),
            table::claimed_until.eq(None::<DateTime<Utc>>),
            table::last_error.eq(problem),
        ))
        .execute(connection)?;
    Ok(())
}

/// Leaves a job for people to look at.
pub fn give_up(connection: &mut PgConnection, lease: Lease, problem: &str) -> Result<(), Error> {
    diesel::update(table::table.find(lease.no))
        .filter(table::claimed_until.eq(lease.until))
        .set((
            table::given_up_at.eq(now),
            table::claimed_until.eq(None::<DateTime<Utc>>),
            table::last_error.eq(problem),
        ))
        .execute(connection)?;
    Ok(())
}

/// Whether something is still to be told to a deal that was written down before.
#[derive(QueryId)]
struct Earlier {
    conversation: i64,
    than: i64,
}

impl QueryFragment<Pg> for Earlier {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // The kind stands in the text: the index is a partial one.
        out.push_sql("select exists (select from jobs where kind = 'tell_deal' and given_up_at is null and conversation_no = ");
        out.push_bind_param::<BigInt, _>(&self.conversation)?;
        out.push_sql(" and no < ");
        out.push_bind_param::<BigInt, _>(&self.than)?;
        out.push_sql(")");
        Ok(())
    }
}

impl Query for Earlier {
    type SqlType = Bool;
}

impl RunQueryDsl<PgConnection> for Earlier {}

/// Whether a deal may be told this now. While something written down before is still to be told, the job is put back until
/// `finish_telling` calls it, or for so long at most.
pub fn has_turn(
    connection: &mut PgConnection,
    lease: Lease,
    conversation: ConversationNo,
    at_most: Duration,
) -> Result<bool, Error> {
    let waits = |connection: &mut PgConnection| {
        let earlier = Earlier {
            conversation: conversation.0,
            than: lease.no,
        };
        earlier.get_result::<bool>(connection)
    };
    if !waits(connection)? {
        return Ok(true);
    }
    connection.transaction(|connection| {
        // The own row first: whoever is about to call it waits for this, or is seen to be done.
        let own: Option<i64> = table::table
            .find(lease.no)
            .select(table::no)
            .for_update()
            .first(connection)
            .optional()?;
        let waits = waits(connection)?;
        if own.is_some() && waits {
            put_back(connection, lease, at_most, None)?;
        }
        Ok(!waits)
    })
}

/// Calls what is to be told next to a deal, unconditionally: should that job be looking at this moment, this waits for it to lie
/// down, or it for this.
#[derive(QueryId)]
struct CallNext {
    conversation: i64,
}

impl QueryFragment<Pg> for CallNext {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("update jobs set due_at = now() where no = (select no from jobs where kind = 'tell_deal' and given_up_at is null and conversation_no = ");
        out.push_bind_param::<BigInt, _>(&self.conversation)?;
        out.push_sql(" order by no limit 1)");
        Ok(())
    }
}

impl RunQueryDsl<PgConnection> for CallNext {}

/// Deletes a job that has told a deal something, and calls the next one that waits for it. Two commits: whoever saw the first job and
/// lay down for it was there before the deletion, and is found by the call.
pub fn finish_telling(
    connection: &mut PgConnection,
    lease: Lease,
    conversation: ConversationNo,
) -> Result<(), Error> {
    if finish(connection, lease)? {
        let next = CallNext {
            conversation: conversation.0,
        };
        next.execute(connection)?;
    }
    Ok(())
}
