//! What rules make of events: planned once for each event, and carried out effect by effect.

use chrono::TimeDelta;
use diesel::dsl::now;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use rules::Effect;
use serde_json::{Value, json};
use std::time::Duration;

use super::jobs;
use super::schema::{events, rule_runs as table};
use crate::domain::job::Job;
use crate::error::Error;

/// What a rule makes of an event, before any of it takes place.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// The rule's full name.
    pub rule: String,
    /// What it makes of the event.
    pub outcome: Planned,
    /// How long after the event it runs.
    pub after: Option<TimeDelta>,
}

/// What a rule makes of an event.
#[derive(Clone, Debug)]
pub enum Planned {
    /// These effects take place, in order.
    Effects(Vec<Effect>),
    /// None, for this reason.
    Skipped(Value),
    /// None: the event lacks something.
    Failed(Value),
}

/// A run that has not ended.
#[derive(Clone, Debug)]
pub struct PendingRun {
    /// The event.
    pub event_no: i64,
    /// Its place among the runs of the event.
    pub place: i16,
    /// The rule's full name.
    pub rule: String,
    /// All its effects.
    pub effects: Vec<Effect>,
    /// How many of them have taken place.
    pub done: i16,
    /// How often it was tried and put off.
    pub attempts: i32,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub enum RunEnd {
    /// All effects took place; what there is to say about them.
    Done(Option<Value>),
    /// It cannot go on, for this reason, which is no fault.
    Skipped(Value),
    /// It cannot go on.
    Failed(Value),
}

/// Stores what rules make of an event, unless that was done before. Rules that run later get jobs of their own.
pub fn plan(connection: &mut PgConnection, event_no: i64, runs: &[NewRun]) -> Result<(), Error> {
    connection.transaction(|connection| {
        let decided = diesel::update(events::table.find(event_no))
            .filter(events::decided_at.is_null())
            .set(events::decided_at.eq(now))
            .execute(connection)?;
        if decided == 0 {
            return Ok(());
        }
        for (place, run) in (0_i16..).zip(runs) {
            insert(connection, event_no, place, run)?;
        }
        Ok(())
    })
}

fn insert(
    connection: &mut PgConnection,
    event_no: i64,
    place: i16,
    run: &NewRun,
) -> Result<(), Error> {
    let (status, effects, detail) = match &run.outcome {
        Planned::Effects(effects) => {
            let effects = serde_json::to_value(effects).map_err(Error::internal)?;
            ("pending", Some(effects), None)
        }
        Planned::Skipped(why) => ("skipped", None, Some(why)),
        Planned::Failed(why) => ("failed", None, Some(why)),
    };
    let delay = run.after.and_then(|after| after.to_std().ok());
    let delay = delay.filter(|_| effects.is_some());
    diesel::insert_into(table::table)
        .values((
            table::event_no.eq(event_no),
            table::place.eq(place),
            table::rule.eq(&run.rule),
            table::status.eq(status),
            table::effects.eq(effects),
            table::detail.eq(detail),
        ))
        .execute(connection)?;
    match delay {
        Some(delay) => run_later(connection, event_no, place, delay),
        None => Ok(()),
    }
}

fn run_later(
    connection: &mut PgConnection,
    event_no: i64,
    place: i16,
    delay: Duration,
) -> Result<(), Error> {
    diesel::update(table::table.find((event_no, place)))
        .set(table::due_at.eq(super::clock::after_now(delay).nullable()))
        .execute(connection)?;
    let job = Job::RunRule { event_no, place };
    jobs::add(connection, None, &job, delay).map(drop)
}

#[derive(Queryable)]
struct Row {
    place: i16,
    rule: String,
    effects: Option<Value>,
    done: i16,
    attempts: i32,
}

type Columns = (
    table::place,
    table::rule,
    table::effects,
    table::done,
    table::attempts,
);

fn columns() -> Columns {
    (
        table::place,
        table::rule,
        table::effects,
        table::done,
        table::attempts,
    )
}

impl Row {
    fn into_run(self, event_no: i64) -> Result<PendingRun, Error> {
        let effects = self.effects.unwrap_or(Value::Null);
        Ok(PendingRun {
            event_no,
            place: self.place,
            rule: self.rule,
            effects: serde_json::from_value(effects).map_err(Error::internal)?,
            done: self.done,
            attempts: self.attempts,
        })
    }
}

/// The runs of an event that take place with it and have not ended, in order.
pub fn pending(connection: &mut PgConnection, event_no: i64) -> Result<Vec<PendingRun>, Error> {
    let rows: Vec<Row> = table::table
        .filter(table::event_no.eq(event_no))
        .filter(table::status.eq("pending"))
        .filter(table::due_at.is_null())
        .order(table::place)
        .select(columns())
        .load(connection)?;
    rows.into_iter().map(|row| row.into_run(event_no)).collect()
}

/// A run that takes place later, if it has not ended.
pub fn late(
    connection: &mut PgConnection,
    event_no: i64,
    place: i16,
) -> Result<Option<PendingRun>, Error> {
    let row: Option<Row> = table::table
        .find((event_no, place))
        .filter(table::status.eq("pending"))
        .filter(table::effects.is_not_null())
        .select(columns())
        .first(connection)
        .optional()?;
    row.map(|row| row.into_run(event_no)).transpose()
}

/// Whether a run is still where its caller believes it to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It is, and was advanced.
    Advanced,
    /// Another server has advanced it meanwhile.
    Elsewhere,
}

/// Writes rows that are an effect, and advances the run beyond it, in one transaction: the effect takes place once.
pub fn advance_with(
    connection: &mut PgConnection,
    run: &PendingRun,
    effect: impl FnOnce(&mut PgConnection) -> Result<(), Error>,
) -> Result<Progress, Error> {
    connection.transaction(|connection| {
        let advanced = advance(connection, run)?;
        if advanced == Progress::Advanced {
            effect(connection)?;
        }
        Ok(advanced)
    })
}

/// Advances a run beyond an effect that has taken place.
pub fn advance(connection: &mut PgConnection, run: &PendingRun) -> Result<Progress, Error> {
    let advanced = diesel::update(table::table.find((run.event_no, run.place)))
        .filter(table::status.eq("pending"))
        .filter(table::done.eq(run.done))
        .set((table::done.eq(run.done + 1), table::updated_at.eq(now)))
        .execute(connection)?;
    Ok(match advanced {
        1 => Progress::Advanced,
        _ => Progress::Elsewhere,
    })
}

/// Notes how a run ended. Its effects are no longer needed.
pub fn end(connection: &mut PgConnection, run: &PendingRun, end: &RunEnd) -> Result<(), Error> {
    let (status, detail) = match end {
        RunEnd::Done(notes) => ("done", notes.as_ref()),
        RunEnd::Skipped(why) => ("skipped", Some(why)),
        RunEnd::Failed(why) => ("failed", Some(why)),
    };
    diesel::update(table::table.find((run.event_no, run.place)))
        .filter(table::status.eq("pending"))
        .set((
            table::status.eq(status),
            table::detail.eq(detail),
            table::effects.eq(None::<Value>),
            table::updated_at.eq(now),
        ))
        .execute(connection)?;
    Ok(())
}

/// Notes that a run was tried and will be again, because of this code.
pub fn note_failure(
    connection: &mut PgConnection,
    run: &PendingRun,
    code: &str,
) -> Result<(), Error> {
    diesel::update(table::table.find((run.event_no, run.place)))
        .set((
            table::attempts.eq(table::attempts + 1),
            table::detail.eq(json!({ "code": code })),
            table::updated_at.eq(now),
        ))
        .execute(connection)?;
    Ok(())
}

/// Whether another event of the same source withdraws this one.
pub fn is_withdrawn(connection: &mut PgConnection, source: &str, id: &str) -> Result<bool, Error> {
    let by = events::table
        .filter(events::source.eq(source))
        .filter(events::undoes.eq(id));
    Ok(diesel::select(diesel::dsl::exists(by)).get_result(connection)?)
}
