//! Reads the body of a request with events: a CloudEvents 1.0 object, a batch of them, or the same without `specversion`.

use chrono::{DateTime, TimeDelta, Utc};
use rules::{DataKind, EventType, RuleBook, Subject};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{DATA_BYTES, EVENT_BYTES, EVENTS, Event, EventProblem};
use crate::domain::ids::UserId;
use crate::domain::limits;
use crate::domain::refusal::Refusal;

/// The most characters of an id, a source and a subject.
const ID_CHARACTERS: usize = 256;
/// The attributes of an event that are read.
const ATTRIBUTES: [&str; 11] = [
    "specversion",
    "id",
    "source",
    "type",
    "subject",
    "time",
    "actor",
    "undoes",
    "data",
    "datacontenttype",
    "dataschema",
];

/// One event of a request: read, or refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Its source, as far as it could be read.
    pub source: Option<String>,
    /// Its id, as far as it could be read.
    pub id: Option<String>,
    /// What it says, or why it is refused.
    pub event: Result<Event, Refusal>,
}

/// Why none of a body's events can be read.
pub type Untold = Refusal;

/// Reads the events of a body, in order. One that is wrong stops no other.
pub fn read_batch(text: &str, book: &RuleBook, now: DateTime<Utc>) -> Result<Vec<Told>, Untold> {
    let items: Vec<&RawValue> = match text.trim_start().chars().next() {
        Some('[') => serde_json::from_str(text).map_err(|error| unreadable(&error))?,
        Some('{') => vec![serde_json::from_str(text).map_err(|error| unreadable(&error))?],
        Some(_) | None => {
            let reason = "must be a JSON object or a list of objects";
            return Err(Refusal::invalid("body", reason));
        }
    };
    if items.is_empty() || items.len() > EVENTS {
        let count = items.len();
        let reason = format!("must have from 1 to {EVENTS} events, not {count}");
        return Err(Refusal::invalid("body", reason));
    }
    Ok(items
        .into_iter()
        .map(|item| told(item, book, now))
        .collect())
}

fn unreadable(error: &serde_json::Error) -> Refusal {
    let (line, column) = (error.line(), error.column());
    Refusal::invalid("body", format!("is not JSON: line {line}, column {column}"))
}

fn told(item: &RawValue, book: &RuleBook, now: DateTime<Utc>) -> Told {
    let whole: Result<Map<String, Value>, _> = serde_json::from_str(item.get());
    let Ok(whole) = whole else {
        let refusal = Refusal::invalid("event", "must be an object, nested at most 127 deep");
        return Told {
            source: None,
            id: None,
            event: Err(refusal),
        };
    };
    let named = |key: &str| {
        let text = whole.get(key).and_then(Value::as_str);
        text.filter(|text| text.chars().count() <= ID_CHARACTERS)
            .map(str::to_owned)
    };
    Told {
        source: named("source"),
        id: named("id"),
        event: match item.get().len() > EVENT_BYTES {
            true => Err(Refusal::TooLarge { limit: EVENT_BYTES }),
            false => event(&whole, book, now),
        },
    }
}

fn event(
    whole: &Map<String, Value>,
    book: &RuleBook,
    now: DateTime<Utc>,
) -> Result<Event, Refusal> {
    must_be_readable(whole)?;
    let source = needed(whole, "source")?;
    let id = needed(whole, "id")?;
    let event_type = needed(whole, "type")?;
    let of = book.event_type(&event_type).ok_or_else(|| {
        let near = book.nearest(&event_type).map(str::to_owned);
        let name = event_type.clone();
        Refusal::Event(EventProblem::UnknownType { name, near })
    })?;
    let actor = optional(whole, "actor")?;
    let actor = actor.map(|actor| UserId::parse(&actor, "actor"));
    let subject = optional(whole, "subject")?.map(|text| {
        let why = "must be a type and an id: order/42";
        Subject::parse(&text).ok_or_else(|| Refusal::invalid("subject", why))
    });
    let subject = subject.transpose()?;
    of.must_be_about(subject.as_ref())
        .map_err(|why| Refusal::invalid("subject", why))?;
    let at = optional(whole, "time")?.map(|text| time(&text, now));
    let data = data(of, whole)?;
    let mut dropped = data.dropped;
    let unknown = whole
        .keys()
        .filter(|key| !ATTRIBUTES.contains(&key.as_str()));
    dropped.extend(unknown.cloned());
    Ok(Event {
        source,
        id,
        event_type,
        actor: actor.transpose()?,
        subject,
        at: at.transpose()?,
        undoes: optional(whole, "undoes")?,
        data: data.declared,
        users: data.users,
        dropped,
    })
}

/// Refuses what CloudEvents permits and Stoa does not read: other versions, and data that is not JSON.
fn must_be_readable(whole: &Map<String, Value>) -> Result<(), Refusal> {
    if optional(whole, "specversion")?.is_some_and(|version| version != "1.0") {
        return Err(Refusal::invalid("specversion", "must be 1.0"));
    }
    let kind = optional(whole, "datacontenttype")?;
    let is_json = |kind: &String| {
        let kind = kind.split(';').next().unwrap_or("").trim();
        kind == "application/json" || kind.ends_with("+json")
    };
    if !kind.as_ref().is_none_or(is_json) || whole.contains_key("data_base64") {
        return Err(Refusal::invalid("data", "must be a JSON object"));
    }
    Ok(())
}

fn optional(whole: &Map<String, Value>, key: &'static str) -> Result<Option<String>, Refusal> {
    let Some(value) = whole.get(key).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let text = value.as_str();
    let text = text.ok_or_else(|| Refusal::invalid(key, "must be a string"))?;
    limits::required_text(text, key, ID_CHARACTERS)?;
    if text.chars().any(char::is_control) {
        return Err(Refusal::invalid(key, "must not have control characters"));
    }
    Ok(Some(text.to_owned()))
}

fn needed(whole: &Map<String, Value>, key: &'static str) -> Result<String, Refusal> {
    optional(whole, key)?.ok_or_else(|| Refusal::invalid(key, "is missing"))
}

fn time(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, Refusal> {
    let wrong = || Refusal::invalid("time", "must be a time like 2026-01-31T12:00:00Z");
    let at = language::value::instant_of(text).ok_or_else(wrong)?;
    if at < now - TimeDelta::days(7) {
        return Err(Refusal::Event(EventProblem::TooOld));
    }
    if at > now + TimeDelta::minutes(5) {
        return Err(Refusal::Event(EventProblem::InFuture));
    }
    Ok(at)
}

/// The data of an event.
struct Data {
    declared: Map<String, Value>,
    /// The users in it, each with their field.
    users: Vec<(String, UserId)>,
    /// The names of what is not declared.
    dropped: Vec<String>,
}

fn data(of: &EventType, whole: &Map<String, Value>) -> Result<Data, Refusal> {
    let nothing = Map::new();
    let given = match whole.get("data") {
        None | Some(Value::Null) => &nothing,
        Some(Value::Object(given)) => given,
        Some(_) => return Err(Refusal::invalid("data", "must be a JSON object")),
    };
    let size = serde_json::to_string(given).map_or(0, |text| text.len());
    if size > DATA_BYTES {
        let reason = format!("has {size} bytes; at most {DATA_BYTES}");
        return Err(Refusal::invalid("data", reason));
    }
    let checked = of.check(given);
    let checked = checked.map_err(|wrong| Refusal::invalid(wrong.field, wrong.reason))?;
    let mut users = Vec::new();
    for (name, field) in &of.data {
        let user = checked.data.get(name).and_then(Value::as_str);
        if let Some(user) = user.filter(|_| field.kind == DataKind::User) {
            users.push((name.clone(), UserId::parse(user, format!("data.{name}"))?));
        }
    }
    Ok(Data {
        declared: checked.data,
        users,
        dropped: checked.unknown,
    })
}

#[cfg(test)]
#[path = "reading_tests.rs"]
mod tests;
