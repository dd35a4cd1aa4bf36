//! Stores events of the platform, each once, with the activities that they are and the jobs that handle them.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Jsonb, Text};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap};

use crate::domain::ids::UserNo;
use crate::error::Error;
use crate::store::schema::events as table;

/// The class of the advisory locks of transactions that accept events: two that concern the same subject, or the same id, are committed one
/// after the other. No other code takes locks of this class.
const LOCK_CLASS: i32 = 1_937_010_017;
/// The longest time for which `data` is kept, in days.
const KEEP_DATA: i64 = 90;

/// An event to store.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Where it comes from.
    pub source: String,
    /// Its id there.
    pub id: String,
    /// Its type.
    pub event_type: String,
    /// The module of its type, if it is an activity.
    pub module: Option<String>,
    /// Who did it.
    pub actor: Option<UserNo>,
    /// The type and id of what it is about.
    pub subject: Option<(String, String)>,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// The id of the event that it withdraws.
    pub undoes: Option<String>,
    /// Tells a repeat from another event with the same id.
    pub fingerprint: i64,
    /// Its declared data.
    pub data: Value,
    /// Whom it concerns besides who did it.
    pub concerns: Vec<UserNo>,
    /// How long it is kept.
    pub keep: TimeDelta,
    /// Whether rules follow it.
    pub followed: bool,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// It is stored.
    Accepted,
    /// It was stored before.
    Known,
    /// Another event is stored under its id.
    Conflict,
}

/// Stores those that are new, in one transaction; answers for each, in order, what became of it.
pub fn accept(
    connection: &mut PgConnection,
    events: &[NewEvent],
    now: DateTime<Utc>,
) -> Result<Vec<Acceptance>, Error> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    connection.transaction(|connection| {
        take_lanes(connection, events)?;
        let made = insert(connection, events, now)?;
        let known = known(connection, events)?;
        let mut made: HashMap<(&str, &str), i64> = made
            .iter()
            .map(|(no, source, id)| ((source.as_str(), id.as_str()), *no))
            .collect();
        let mut accepted = Vec::new();
        let outcomes = events.iter().map(|event| {
            let key = (event.source.as_str(), event.id.as_str());
            // A later event of the batch with the same id is a repeat of the first.
            match made.remove(&key) {
                Some(no) => {
                    accepted.push((no, event));
                    Acceptance::Accepted
                }
                None if known.get(&key_of(event)) == Some(&event.fingerprint) => Acceptance::Known,
                None => Acceptance::Conflict,
            }
        });
        let outcomes = outcomes.collect();
        record(connection, &accepted)?;
        Ok(outcomes)
    })
}

fn key_of(event: &NewEvent) -> (String, String) {
    (event.source.clone(), event.id.clone())
}

/// The lane of a text: one of 256.
fn lane(parts: [&str; 3]) -> i32 {
    let digest = Sha256::digest(parts.join("\0"));
    digest.first().map_or(0, |byte| i32::from(*byte))
}

/// The lanes of an event: what it is about, its own id, and that of the event that it withdraws.
fn lanes_of(event: &NewEvent) -> impl Iterator<Item = i32> {
    let subject = event.subject.as_ref();
    let subject = subject.map(|(kind, id)| lane(["subject", kind, id]));
    let own = lane(["event", &event.source, &event.id]);
    let undone = event.undoes.as_ref();
    let undone = undone.map(|id| lane(["event", &event.source, id]));
    subject.into_iter().chain([own]).chain(undone)
}

/// Raw SQL: Diesel has no functions without a value. The order is the same for all, so no two wait for each other.
const TAKE_LANES: &str = "select count(pg_advisory_xact_lock($1, lane)) from (select unnest($2) as lane order by 1) lanes";

fn take_lanes(connection: &mut PgConnection, events: &[NewEvent]) -> Result<(), Error> {
    let lanes: BTreeSet<i32> = events.iter().flat_map(lanes_of).collect();
    let lanes: Vec<i32> = lanes.into_iter().collect();
    diesel::sql_query(TAKE_LANES)
        .bind::<Integer, _>(LOCK_CLASS)
        .bind::<Array<Integer>, _>(&lanes)
        .execute(connection)?;
    Ok(())
}

fn insert(
    connection: &mut PgConnection,
    events: &[NewEvent],
    now: DateTime<Utc>,
) -> Result<Vec<(i64, String, String)>, Error> {
    let rows: Vec<_> = events
        .iter()
        .map(|event| {
            let subject = event.subject.as_ref();
            let handled = (!event.followed).then_some(now);
            (
                table::source.eq(&event.source),
                table::id.eq(&event.id),
                table::event_type.eq(&event.event_type),
                table::actor_no.eq(event.actor.map(|actor| actor.0)),
                table::subject_type.eq(subject.map(|(kind, _)| kind)),
                table::subject_id.eq(subject.map(|(_, id)| id)),
                table::at.eq(event.at),
                table::undoes.eq(&event.undoes),
                table::fingerprint.eq(event.fingerprint),
                table::data.eq(&event.data),
                table::data_until.eq(now + event.keep.min(TimeDelta::days(KEEP_DATA))),
                table::keep_until.eq(now + event.keep),
                table::decided_at.eq(handled),
                table::handled_at.eq(handled),
            )
        })
        .collect();
    let made = diesel::insert_into(table::table)
        .values(rows)
        .on_conflict((table::source, table::id))
        .do_nothing()
        .returning((table::no, table::source, table::id))
        .get_results(connection)?;
    Ok(made)
}

/// The fingerprints of the stored events with these ids.
fn known(
    connection: &mut PgConnection,
    events: &[NewEvent],
) -> Result<HashMap<(String, String), i64>, Error> {
    let sources: Vec<&str> = events.iter().map(|event| event.source.as_str()).collect();
    let ids: Vec<&str> = events.iter().map(|event| event.id.as_str()).collect();
    let rows: Vec<Known> = diesel::sql_query(
        "select source, id, fingerprint from events where (source, id) in (select unnest($1), unnest($2))",
    )
    .bind::<Array<Text>, _>(&sources)
    .bind::<Array<Text>, _>(&ids)
    .load(connection)?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|row| ((row.source, row.id), row.fingerprint))
        .collect())
}

#[derive(QueryableByName)]
struct Known {
    #[diesel(sql_type = Text)]
    source: String,
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = BigInt)]
    fingerprint: i64,
}

/// Writes the activities that are not withdrawn, takes back those that now are, and inserts the jobs.
const RECORD: &str = "
with given as (
    select * from jsonb_to_recordset($1) as g(no bigint, module text, concerns bigint[], followed boolean)
), taken_back as (
    delete from activities a using events e, events u, given g
    where u.no = g.no and u.undoes is not null and e.source = u.source and e.id = u.undoes and a.event_no = e.no
), acted as (
    insert into activities (event_no, actor_no, type, module, subject_type, subject_id, at)
    select e.no, e.actor_no, e.type, g.module, e.subject_type, e.subject_id, e.at
    from given g join events e on e.no = g.no
    where g.module is not null and e.actor_no is not null
        and not exists (select from events u where u.source = e.source and u.undoes = e.id)
    returning event_no, at
), concerned as (
    insert into concerns (user_no, at, event_no)
    select c.user_no, a.at, a.event_no from acted a join given g on g.no = a.event_no, unnest(g.concerns) as c(user_no)
)
insert into jobs (kind, lane, payload)
select 'handle_event', 'events', jsonb_build_object('event_no', no) from given where followed order by no";

fn record(connection: &mut PgConnection, accepted: &[(i64, &NewEvent)]) -> Result<(), Error> {
    let given: Vec<Value> = accepted
        .iter()
        .map(|(no, event)| {
            let concerns: Vec<i64> = event.concerns.iter().map(|user| user.0).collect();
            json!({ "no": no, "module": event.module, "concerns": concerns, "followed": event.followed })
        })
        .collect();
    diesel::sql_query(RECORD)
        .bind::<Jsonb, _>(Value::Array(given))
        .execute(connection)?;
    Ok(())
}
