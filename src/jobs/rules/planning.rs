//! Decides what follows from an event, and stores it.

use chrono::TimeDelta;
use rules::{Decision, EventType, Facts, decide};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

use super::RuleDeps;
use crate::error::Error;
use crate::jobs::JobDeps;
use crate::store::events::EventRow;
use crate::store::rule_runs::{self, NewRun, Planned};
use crate::store::users;

/// How long an event waits for a server that knows its type.
const PATIENCE: TimeDelta = TimeDelta::days(1);

/// What is read for the rules of an event.
struct Read {
    /// The platform's id of the actor.
    actor: Option<String>,
    /// The names of users by their ids.
    names: BTreeMap<String, String>,
    /// Whether another event withdraws it.
    is_withdrawn: bool,
}

/// Decides what the rules make of an event and stores that. Returns false if this server does not know its type, and another may.
pub(super) async fn plan(
    deps: &Arc<JobDeps>,
    rules: &RuleDeps,
    event: &EventRow,
) -> Result<bool, Error> {
    let Some(of) = rules.book.event_type(&event.event_type) else {
        let is_old = deps.pool.clock().now() - event.accepted_at > PATIENCE;
        if is_old {
            let (no, type_name) = (event.no, event.event_type.as_str());
            log::warn!(event = "event_without_type", type_name = type_name; "");
            let plan = move |connection: &mut _| rule_runs::plan(connection, no, &[]);
            deps.pool.run(plan).await?;
        }
        return Ok(is_old);
    };
    let read = read(deps, event, of).await?;
    let runs = runs(rules, event, of, &read, deps.pool.clock().now());
    for run in &runs {
        let outcome = match run.outcome {
            Planned::Effects(_) => continue,
            Planned::Skipped(_) => "skipped",
            Planned::Failed(_) => "failed",
        };
        let counted = &deps.metrics.events.runs;
        counted
            .with_label_values(&[run.rule.as_str(), outcome])
            .inc();
    }
    let no = event.no;
    let plan = move |connection: &mut _| rule_runs::plan(connection, no, &runs);
    deps.pool.run(plan).await.map(|()| true)
}

async fn read(deps: &Arc<JobDeps>, event: &EventRow, of: &EventType) -> Result<Read, Error> {
    let (source, id, actor) = (event.source.clone(), event.id.clone(), event.actor_no);
    let data = event.data.as_ref();
    let users = of.user_fields();
    let users = users.filter_map(|field| data?.get(field)?.as_str().map(str::to_owned));
    let users: Vec<String> = users.collect();
    let read = deps.pool.run(move |connection| {
        let is_withdrawn = rule_runs::is_withdrawn(connection, &source, &id)?;
        let actor: Vec<i64> = actor.into_iter().collect();
        let actor = users::with_numbers(connection, &actor)?.pop();
        let ids: Vec<&str> = users.iter().map(String::as_str).collect();
        let mut people = users::find_all(connection, &ids)?;
        people.extend(actor.clone());
        let names = people
            .into_iter()
            .filter_map(|row| Some((row.id, row.name?)));
        Ok(Read {
            actor: actor.map(|row| row.id),
            names: names.collect(),
            is_withdrawn,
        })
    });
    read.await
}

fn runs(
    rules: &RuleDeps,
    event: &EventRow,
    of: &EventType,
    read: &Read,
    now: chrono::DateTime<chrono::Utc>,
) -> Vec<NewRun> {
    let subject = event.subject();
    let nothing = Map::new();
    let data = event.data.as_ref().and_then(Value::as_object);
    let facts = Facts {
        of,
        source: &event.source,
        id: &event.id,
        actor: read.actor.as_deref(),
        subject: subject.as_ref(),
        data: data.unwrap_or(&nothing),
        names: &read.names,
        now,
    };
    let rules_of = rules.book.rules_for(&of.name);
    let run = |(name, rule): (&str, &rules::Rule)| NewRun {
        rule: name.to_owned(),
        outcome: match read.is_withdrawn {
            true => Planned::Skipped(json!({ "withdrawn": true })),
            false => planned(decide(rule, &rules.book.engine, &facts)),
        },
        after: rule.after,
    };
    rules_of.map(run).collect()
}

fn planned(decision: Decision) -> Planned {
    match decision {
        Decision::Runs(effects) => Planned::Effects(effects),
        Decision::Skipped { condition, values } => {
            Planned::Skipped(json!({ "condition": condition, "values": values }))
        }
        Decision::Lacks(what) => Planned::Failed(
            json!({ "code": "LACKS", "message": format!("The event lacks {what}") }),
        ),
    }
}
