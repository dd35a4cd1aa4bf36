//! Handles the platform's events: decides once what follows from each, and carries it out, each effect once.

mod doors;
mod notifying;
mod planning;
mod rooms;
mod rows;

use notices::Notices;
use rules::{Effect, RuleBook};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

use super::{JobDeps, JobEnd, code_of};
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::registry::Rooms;
use crate::registry::deals::Deals;
use crate::room::RoomDeps;
use crate::store::events::{self, EventRow, Turn};
use crate::store::jobs::Lease;
use crate::store::rule_runs::{self, PendingRun, Progress, RunEnd};

/// Longest wait for an earlier event about the same subject, whose end wakes this one.
const TURN_TIMEOUT: Duration = Duration::from_secs(300);
/// How often a run is tried while what it needs is unavailable: about a day. Other events about its subject wait for it.
const MOST_ATTEMPTS: i32 = 1_500;
/// How often a run is tried that meets a fault of ours.
const MOST_FAULTS: i32 = 20;

/// What rules work with.
#[derive(Clone)]
pub struct RuleDeps {
    /// The rules.
    pub book: Arc<RuleBook>,
    /// Creates conversations.
    pub room: Arc<RoomDeps>,
    /// Reaches rooms.
    pub rooms: Rooms,
    /// Reaches deals.
    pub deals: Deals,
    /// The types of notifications.
    pub notices: Arc<Notices>,
}

/// What became of an effect.
enum Outcome {
    /// It took place, and the run is still where it was.
    Took,
    /// It took place, and the run was advanced with it.
    TookAndAdvanced(Progress),
    /// There was nothing to do, for this reason.
    Nothing(&'static str),
    /// The state of a deal does not allow it: the run ends.
    NotAllowed(Value),
}

/// Whether a run is over.
enum Carried {
    /// It is.
    Over,
    /// It is to be tried again, because of this code.
    Again(String),
}

/// Handles an event. Events about one subject are handled one after the other.
pub(super) async fn handle_event(
    deps: &Arc<JobDeps>,
    lease: Lease,
    event_no: i64,
) -> Result<JobEnd, Error> {
    let Some(rules) = &deps.rules else {
        return Ok(JobEnd::Retry("no_rules".to_owned()));
    };
    let look =
        move |connection: &mut _| events::may_handle(connection, lease, event_no, TURN_TIMEOUT);
    let event = match deps.pool.run(look).await? {
        Turn::Now(event) => event,
        Turn::Later => return Ok(JobEnd::Finished),
        Turn::Never => return Ok(JobEnd::Done),
    };
    if event.decided_at.is_none() && !planning::plan(deps, rules, &event).await? {
        return Ok(JobEnd::Retry("unknown_event_type".to_owned()));
    }
    let read = move |connection: &mut _| rule_runs::pending(connection, event_no);
    for run in deps.pool.run(read).await? {
        if let Carried::Again(code) = carry_out_or_skip(deps, rules, &event, run).await? {
            return Ok(JobEnd::Retry(code));
        }
    }
    let finish = move |connection: &mut _| events::finish(connection, lease, &event);
    deps.pool.run(finish).await.map(|()| JobEnd::Finished)
}

/// Carries out a rule that runs later than its event.
pub(super) async fn run_rule(
    deps: &Arc<JobDeps>,
    event_no: i64,
    place: i16,
) -> Result<JobEnd, Error> {
    let Some(rules) = &deps.rules else {
        return Ok(JobEnd::Retry("no_rules".to_owned()));
    };
    let read = move |connection: &mut _| {
        let event = events::by_no(connection, event_no)?;
        Ok((event, rule_runs::late(connection, event_no, place)?))
    };
    let (Some(event), Some(run)) = deps.pool.run(read).await? else {
        return Ok(JobEnd::Done);
    };
    Ok(match carry_out_or_skip(deps, rules, &event, run).await? {
        Carried::Over => JobEnd::Done,
        Carried::Again(code) => JobEnd::Retry(code),
    })
}

/// Carries out a run. One that was decided earlier and has not begun is skipped if its event was withdrawn meanwhile.
async fn carry_out_or_skip(
    deps: &Arc<JobDeps>,
    rules: &RuleDeps,
    event: &EventRow,
    run: PendingRun,
) -> Result<Carried, Error> {
    let waited = event.decided_at.is_some() && run.done == 0;
    if waited && is_withdrawn(deps, event).await? {
        return end(deps, run, RunEnd::Skipped(json!({ "withdrawn": true }))).await;
    }
    carry_out(deps, rules, event, run).await
}

async fn is_withdrawn(deps: &Arc<JobDeps>, event: &EventRow) -> Result<bool, Error> {
    let (source, id) = (event.source.clone(), event.id.clone());
    let look = move |connection: &mut _| rule_runs::is_withdrawn(connection, &source, &id);
    deps.pool.run(look).await
}

/// Carries out the effects of a run that have not taken place, in order.
async fn carry_out(
    deps: &Arc<JobDeps>,
    rules: &RuleDeps,
    event: &EventRow,
    mut run: PendingRun,
) -> Result<Carried, Error> {
    let mut notes = Vec::new();
    while let Some(effect) = run
        .effects
        .get(usize::from(run.done.unsigned_abs()))
        .cloned()
    {
        let outcome = take_place(deps, rules, event, &run, effect).await;
        let progress = match outcome {
            Ok(Outcome::TookAndAdvanced(progress)) => progress,
            Ok(Outcome::Took) => advance(deps, &run).await?,
            Ok(Outcome::Nothing(why)) => {
                notes.push(why);
                advance(deps, &run).await?
            }
            Ok(Outcome::NotAllowed(why)) => return end(deps, run, RunEnd::Skipped(why)).await,
            Err(error) => return fail(deps, run, error).await,
        };
        match progress {
            Progress::Advanced => run.done += 1,
            // Its lease had expired; whoever has the run now goes on.
            Progress::Elsewhere => return Ok(Carried::Again("lease_lost".to_owned())),
        }
    }
    let notes = (!notes.is_empty()).then(|| json!({ "nothing_to_do": notes }));
    end(deps, run, RunEnd::Done(notes)).await
}

/// Makes an effect take place. One that changes rooms or deals knows itself again, so it may be repeated; one that is rows is written with
/// the progress of its run.
async fn take_place(
    deps: &Arc<JobDeps>,
    rules: &RuleDeps,
    event: &EventRow,
    run: &PendingRun,
    effect: Effect,
) -> Result<Outcome, Error> {
    let patience = Duration::from_secs(u64::from(deps.config.jobs.job_lease_seconds)) / 2;
    let taking_place = async {
        match effect {
            Effect::Converse { .. } => rooms::converse(rules, event, run, effect).await,
            Effect::People { .. }
            | Effect::Say { .. }
            | Effect::Press { .. }
            | Effect::Close { .. } => doors::through(rules, event, run, effect).await,
            Effect::Notify { .. } => notifying::notify(rules, event, run, effect).await,
            Effect::Emit { .. }
            | Effect::Audit { .. }
            | Effect::Connect { .. }
            | Effect::Disconnect { .. }
            | Effect::Trait { .. } => rows::write(deps, event, run, effect).await,
        }
    };
    let timeout = Refusal::Unavailable("The effect of a rule takes too long");
    let taken = tokio::time::timeout(patience, taking_place).await;
    taken.unwrap_or(Err(Error::Refused(timeout)))
}

async fn advance(deps: &Arc<JobDeps>, run: &PendingRun) -> Result<Progress, Error> {
    let run = run.clone();
    let advance = move |connection: &mut _| rule_runs::advance(connection, &run);
    deps.pool.run(advance).await
}

async fn end(deps: &Arc<JobDeps>, run: PendingRun, how: RunEnd) -> Result<Carried, Error> {
    let outcome = match &how {
        RunEnd::Done(_) => "done",
        RunEnd::Skipped(_) => "skipped",
        RunEnd::Failed(_) => "failed",
    };
    let note = move |connection: &mut _| rule_runs::end(connection, &run, &how).map(|()| run.rule);
    let rule = deps.pool.run(note).await?;
    let runs = &deps.metrics.events.runs;
    runs.with_label_values(&[rule.as_str(), outcome]).inc();
    log::debug!(event = "rule_ended", rule = rule.as_str(), outcome = outcome; "");
    Ok(Carried::Over)
}

/// Ends a run that cannot succeed. Another is tried again, but not for ever.
async fn fail(deps: &Arc<JobDeps>, run: PendingRun, error: Error) -> Result<Carried, Error> {
    let most = match &error {
        Error::Refused(_) => MOST_ATTEMPTS,
        Error::Internal(_) => MOST_FAULTS,
    };
    let is_over = error.is_final() || run.attempts >= most;
    let message = match &error {
        Error::Refused(refusal) => Some(refusal.message()),
        Error::Internal(_) => None,
    };
    let code = code_of(error, "handle_event", None);
    if is_over {
        log::warn!(event = "rule_failed", rule = run.rule.as_str(), code = code.as_str(); "");
        let why = json!({ "code": code.to_uppercase(), "message": message });
        return end(deps, run, RunEnd::Failed(why)).await;
    }
    let (again, failed) = (code.clone(), run);
    let note = move |connection: &mut _| rule_runs::note_failure(connection, &failed, &code);
    deps.pool.run(note).await?;
    Ok(Carried::Again(again))
}
