//! Accepts the events of a request: looks up their users, stores them, and answers for each what became of it.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use rules::RuleBook;
use serde::Serialize;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::event::{Event, EventProblem, Told};
use crate::domain::ids::UserNo;
use crate::domain::refusal::Refusal;
use crate::edge::http::{AppState, Failure};
use crate::edge::refusal_json::refusal_json;
use crate::error::Error;
use crate::store::events::{self, Acceptance, NewEvent};
use crate::store::users;

/// The most users whom an activity concerns.
const MOST_CONCERNED: usize = 16;

/// What became of the events of a request.
#[derive(Default, Serialize)]
pub(super) struct Results {
    accepted: usize,
    known: usize,
    refused: usize,
    results: Vec<ItemResult>,
}

/// What became of an event.
#[derive(Serialize)]
struct ItemResult {
    id: Option<String>,
    source: Option<String>,
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dropped: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Value>,
}

/// Stores the events that can be, all in one transaction.
pub(super) async fn accept(
    server: &AppState,
    told: Vec<Told>,
    now: DateTime<Utc>,
) -> Result<Results, Failure> {
    let book = Arc::clone(&server.rules);
    let pool = &server.deps.room.pool;
    let done = pool.run(move |connection| store(connection, &book, told, now));
    let mut results = Results::default();
    let counted = &server.deps.room.metrics.events.told;
    for (told, outcome) in done.await? {
        let event_type = told.event.as_ref().map(|event| event.event_type.clone());
        let event_type = event_type.unwrap_or_else(|_| "unknown".to_owned());
        let status = results.add(told, outcome);
        counted
            .with_label_values(&[event_type.as_str(), status])
            .inc();
    }
    Ok(results)
}

type Done = (Told, Result<Acceptance, Refusal>);

fn store(
    connection: &mut PgConnection,
    book: &RuleBook,
    told: Vec<Told>,
    now: DateTime<Utc>,
) -> Result<Vec<Done>, Error> {
    let known = users_of(connection, &told)?;
    let made: Vec<Result<NewEvent, Refusal>> = told
        .iter()
        .map(|told| match &told.event {
            Ok(event) => new_event(event, book, &known, now),
            Err(refusal) => Err(refusal.clone()),
        })
        .collect();
    let fine: Vec<NewEvent> = made
        .iter()
        .filter_map(|one| one.as_ref().ok().cloned())
        .collect();
    let mut outcomes = events::accept(connection, &fine, now)?.into_iter();
    let done = told.into_iter().zip(made).map(|(told, made)| {
        let outcome = match made {
            Err(refusal) => Err(refusal),
            Ok(_) => outcomes.next().map_or_else(
                || {
                    Err(Refusal::Unavailable(
                        "The event was not stored: tell it again",
                    ))
                },
                Ok,
            ),
        };
        (told, outcome)
    });
    Ok(done.collect())
}

/// The numbers of all users whom the events name.
fn users_of(connection: &mut PgConnection, told: &[Told]) -> Result<HashMap<String, i64>, Error> {
    let events = told.iter().filter_map(|told| told.event.as_ref().ok());
    let ids = events.flat_map(|event| {
        let users = event.users.iter().map(|(_, user)| user);
        users.chain(&event.actor).map(|user| user.as_str())
    });
    let mut ids: Vec<&str> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    let rows = users::find_all(connection, &ids)?.into_iter();
    Ok(rows.map(|row| (row.id, row.no)).collect())
}

/// The row of an event; refuses one that names an unknown user.
fn new_event(
    event: &Event,
    book: &RuleBook,
    known: &HashMap<String, i64>,
    now: DateTime<Utc>,
) -> Result<NewEvent, Refusal> {
    let of = book.event_type(&event.event_type);
    let of = of.ok_or(Refusal::EventNotFound)?;
    let number = |id: &str| {
        let no = known.get(id).copied().map(UserNo);
        no.ok_or_else(|| Refusal::UserNotFound(id.to_owned()))
    };
    let actor = event.actor.as_ref().map(|actor| number(actor.as_str()));
    let actor = actor.transpose()?;
    let mut concerns: Vec<UserNo> = Vec::new();
    for (_, user) in &event.users {
        let user = number(user.as_str())?;
        let is_new = Some(user) != actor && !concerns.contains(&user);
        if is_new && concerns.len() < MOST_CONCERNED {
            concerns.push(user);
        }
    }
    let subject = event.subject.clone();
    Ok(NewEvent {
        source: event.source.clone(),
        id: event.id.clone(),
        event_type: event.event_type.clone(),
        module: of.activity.then(|| of.module.clone()),
        actor,
        subject: subject.map(|subject| (subject.kind, subject.id)),
        at: event.at.unwrap_or(now),
        undoes: event.undoes.clone(),
        fingerprint: event.fingerprint(),
        data: Value::Object(event.data.clone()),
        concerns,
        keep: of.keep,
        followed: book.rules_for(&of.name).next().is_some(),
    })
}

impl Results {
    /// Adds what became of an event, and answers that.
    fn add(&mut self, told: Told, outcome: Result<Acceptance, Refusal>) -> &'static str {
        let dropped = told.event.map(|event| event.dropped).unwrap_or_default();
        let (status, error) = match outcome {
            Ok(Acceptance::Accepted) => ("accepted", None),
            Ok(Acceptance::Known) => ("known", None),
            Ok(Acceptance::Conflict) => ("refused", Some(Refusal::Event(EventProblem::Conflict))),
            Err(refusal) => ("refused", Some(refusal)),
        };
        match status {
            "accepted" => self.accepted += 1,
            "known" => self.known += 1,
            _ => self.refused += 1,
        }
        self.results.push(ItemResult {
            id: told.id,
            source: told.source,
            status,
            dropped,
            error: error.map(|refusal| refusal_json(&refusal)),
        });
        status
    }
}
