//! Jobs: inserted in the transaction that causes them, claimed by any server, deleted when done. Due times are
//! measured by the database's clock, so servers' clocks do not matter.

use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Bool, Double, Integer, Jsonb, Nullable, Text, Timestamptz};
use serde_json::Value;
use std::time::Duration;

use super::clock::after_now;
use super::schema::jobs as table;
use crate::domain::ids::ConversationNo;
use crate::domain::job::{Job, Lane};
use crate::error::Error;

diesel::define_sql_function! {
    /// SQL's coalesce.
    #[sql_name = "coalesce"]
    fn first_of(one: Nullable<Timestamptz>, other: Timestamptz) -> Timestamptz;
}
/// A lease on a job, identified by its expiry. If another worker claims the job later, the expiry changes and
/// this lease can no longer commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The job's number.
    pub no: i64,
    /// When it expires.
    pub until: DateTime<Utc>,
}

/// A job as this version reads it.
#[derive(Clone, Debug)]
pub enum StoredJob {
    /// A job that it can run.
    Known(Job),
    /// It does not know the kind: another version inserted the job.
    UnknownKind,
    /// It knows the kind and cannot read the payload; the text says why, without the payload.
    Unreadable(String),
}

impl StoredJob {
    fn read(kind: &str, payload: Value) -> Self {
        if !Job::KINDS.contains(&kind) {
            return Self::UnknownKind;
        }
        let stored = serde_json::json!({ "kind": kind, "payload": payload });
        match serde_json::from_value(stored) {
            Ok(job) => Self::Known(job),
            Err(error) => Self::Unreadable(format!("{:?} error in the payload", error.classify())),
        }
    }

    /// The job, if this version can run it.
    pub fn known(&self) -> Option<&Job> {
        match self {
            Self::Known(job) => Some(job),
            Self::UnknownKind | Self::Unreadable(_) => None,
        }
    }
}

/// A claimed job.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Its lease.
    pub lease: Lease,
    /// The job, as far as this version can read it.
    pub job: StoredJob,
    /// The name of its kind.
    pub kind: String,
    /// How often it failed before. That it waited for its turn is no failure.
    pub failures: u32,
    /// When it was inserted.
    pub created_at: DateTime<Utc>,
}

#[derive(Queryable)]
struct Row {
    no: i64,
    kind: String,
    payload: Value,
    failures: i32,
    created_at: DateTime<Utc>,
    claimed_until: DateTime<Utc>,
}

impl From<Row> for Claimed {
    fn from(row: Row) -> Self {
        Self {
            lease: Lease {
                no: row.no,
                until: row.claimed_until,
            },
            job: StoredJob::read(&row.kind, row.payload),
            kind: row.kind,
            failures: row.failures.unsigned_abs(),
            created_at: row.created_at,
        }
    }
}

/// Inserts a job that is due after a delay. Call it in the transaction that causes the job.
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
            table::due_at.eq(after_now(after)),
        ))
        .returning(table::no)
        .get_result(connection)?;
    Ok(no)
}

/// Inserts all jobs or none.
pub fn add_all(connection: &mut PgConnection, jobs: &[Job]) -> Result<(), Error> {
    connection.transaction(|connection| {
        for job in jobs {
            add(connection, None, job, Duration::ZERO)?;
        }
        Ok(())
    })
}

/// Finds, locks and claims in one round trip, without a transaction. Diesel prepares it once for each
/// connection.
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
        out.push_sql(" for update skip locked)) returning no, kind, payload, failures, created_at, claimed_until");
        Ok(())
    }
}

impl Query for Claim {
    type SqlType = (BigInt, Text, Jsonb, Integer, Timestamptz, Timestamptz);
}

impl RunQueryDsl<PgConnection> for Claim {}

/// Claims at most `limit` jobs that are due, for the duration of a lease. Skips jobs that others are claiming.
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

/// Seconds until the next job of a lane is due; negative if one is overdue.
pub fn next_due(connection: &mut PgConnection, lane: Lane) -> Result<Option<f64>, Error> {
    let next = table::table
        .filter(table::lane.eq(lane.name()))
        .filter(table::given_up_at.is_null())
        .order(first_of(table::claimed_until, table::due_at))
        .select((
            first_of(table::claimed_until, table::due_at),
            after_now(Duration::ZERO),
        ))
        .first(connection)
        .optional()?;
    Ok(next.map(seconds_until))
}

/// Seconds from `present` to `at`.
pub(super) fn seconds_until((at, present): (DateTime<Utc>, DateTime<Utc>)) -> f64 {
    (at - present).as_seconds_f64()
}

/// Deletes the webhooks that are due without posting them; returns how many.
pub fn discard_deliveries(connection: &mut PgConnection) -> Result<usize, Error> {
    let due = table::table
        .filter(table::lane.eq(Lane::Delivery.name()))
        .filter(table::kind.eq("deliver_event"))
        .filter(table::given_up_at.is_null())
        .filter(first_of(table::claimed_until, table::due_at).le(now));
    Ok(diesel::delete(due).execute(connection)?)
}

/// Deletes a finished job. Returns false if the lease has expired; the caller must then roll back.
pub fn finish(connection: &mut PgConnection, lease: Lease) -> Result<bool, Error> {
    let deleted = diesel::delete(table::table.find(lease.no))
        .filter(table::claimed_until.eq(lease.until))
        .execute(connection)?;
    Ok(deleted == 1)
}

/// Runs `work` and deletes the job in one transaction, so that it takes effect once even if the server is
/// killed. Nothing is committed if the lease has expired or `work` fails.
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

/// Locks the row of a job; returns whether it is there.
pub fn hold(connection: &mut PgConnection, lease: Lease) -> Result<bool, Error> {
    let own: Option<i64> = table::table
        .find(lease.no)
        .select(table::no)
        .for_update()
        .first(connection)
        .optional()?;
    Ok(own.is_some())
}

/// Makes a job due again after a delay. `problem` is `None` if the job did not fail; otherwise the failure is counted.
pub fn put_back(
    connection: &mut PgConnection,
    lease: Lease,
    after: Duration,
    problem: Option<&str>,
) -> Result<(), Error> {
    diesel::update(table::table.find(lease.no))
        .filter(table::claimed_until.eq(lease.until))
        .set((
            table::due_at.eq(after_now(after)),
            table::claimed_until.eq(None::<DateTime<Utc>>),
            table::failures.eq(table::failures + i32::from(problem.is_some())),
            table::last_error.eq(problem),
        ))
        .execute(connection)?;
    Ok(())
}

/// Marks a job as given up and keeps it for an operator.
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

/// Whether an earlier outcome for a deal is still undelivered.
#[derive(QueryId)]
struct EarlierOutcome {
    conversation: i64,
    than: i64,
}

impl QueryFragment<Pg> for EarlierOutcome {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // The kind is a literal, because the index is partial.
        out.push_sql("select exists (select from jobs where kind = 'tell_deal' and given_up_at is null and conversation_no = ");
        out.push_bind_param::<BigInt, _>(&self.conversation)?;
        out.push_sql(" and no < ");
        out.push_bind_param::<BigInt, _>(&self.than)?;
        out.push_sql(")");
        Ok(())
    }
}

impl Query for EarlierOutcome {
    type SqlType = Bool;
}

impl RunQueryDsl<PgConnection> for EarlierOutcome {}

/// Whether an outcome may be delivered now. If an earlier one is undelivered, postpones this job until
/// `finish_and_wake_next` wakes it, at most for `at_most`.
pub fn may_deliver(
    connection: &mut PgConnection,
    lease: Lease,
    conversation: ConversationNo,
    at_most: Duration,
) -> Result<bool, Error> {
    let waits = |connection: &mut PgConnection| {
        let earlier = EarlierOutcome {
            conversation: conversation.0,
            than: lease.no,
        };
        earlier.get_result::<bool>(connection)
    };
    if !waits(connection)? {
        return Ok(true);
    }
    connection.transaction(|connection| {
        // Locks the own row first, so that the earlier job, which wakes this one, waits for this lock or has
        // already been deleted.
        let is_own = hold(connection, lease)?;
        let waits = waits(connection)?;
        if is_own && waits {
            put_back(connection, lease, at_most, None)?;
        }
        Ok(!waits)
    })
}

/// Makes the next outcome for a deal due. It is unconditional: if that job is being postponed at this moment,
/// one of the two waits for the other's lock.
#[derive(QueryId)]
struct WakeNext {
    conversation: i64,
}

impl QueryFragment<Pg> for WakeNext {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("update jobs set due_at = now() where no = (select no from jobs where kind = 'tell_deal' and given_up_at is null and conversation_no = ");
        out.push_bind_param::<BigInt, _>(&self.conversation)?;
        out.push_sql(" order by no limit 1)");
        Ok(())
    }
}

impl RunQueryDsl<PgConnection> for WakeNext {}

/// Deletes a job that delivered an outcome, and wakes the next one. These are two commits: a job that saw the
/// first one and postponed itself did so before the deletion, and the wake-up finds it.
pub fn finish_and_wake_next(
    connection: &mut PgConnection,
    lease: Lease,
    conversation: ConversationNo,
) -> Result<(), Error> {
    if finish(connection, lease)? {
        let next = WakeNext {
            conversation: conversation.0,
        };
        next.execute(connection)?;
    }
    Ok(())
}
