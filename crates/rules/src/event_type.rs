//! Declared types of events: their data, and what they count for.

use chrono::TimeDelta;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

use crate::event::Subject;
use language::declared::{self, Checked, DataFields, DataKind, Wrong};
use language::expression::Root;
use language::period;
use language::source::Item;
use language::value::Shape;

/// The shortest time for which an event is kept: a repeat within it is recognised.
const SHORTEST_KEEP: i64 = 30;
/// How long an event is kept if its type does not say it, in days.
const DEFAULT_KEEP: i64 = 400;

/// A type of events.
#[derive(Clone, Debug)]
pub struct EventType {
    /// Its name: `job.applied`.
    pub name: String,
    /// The module of the platform that it belongs to.
    pub module: String,
    /// The type of subject that its events are about; `None` if any, or none, will do.
    pub subject: Option<String>,
    /// The declared data. Nothing else is stored.
    pub data: DataFields,
    /// The field of the user towards whom it is done.
    pub to: Option<String>,
    /// What it counts for its actor, 0 to 10.
    pub weight: i64,
    /// What it counts for the user towards whom it is done, 0 to 10.
    pub received: i64,
    /// What it may be used for.
    pub purpose: Purpose,
    /// How long the event is kept.
    pub keep: TimeDelta,
    /// Whether each event with an actor is an activity.
    pub activity: bool,
}

/// What an event may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// What the platform needs to work.
    Service,
    /// Figures about people.
    Insight,
    /// Suggestions to people.
    Suggestions,
}

impl EventType {
    /// The declared part of an event's data, or the first field that is wrong.
    pub fn check(&self, given: &Map<String, Value>) -> Result<Checked, Wrong> {
        declared::check(&self.data, given)
    }

    /// The fields that hold users, in the order of their names.
    pub fn user_fields(&self) -> impl Iterator<Item = &str> {
        let fields = self.data.iter();
        let users = fields.filter(|(_, field)| field.kind == DataKind::User);
        users.map(|(name, _)| name.as_str())
    }

    /// Refuses an event that is about nothing, or about something else than events of this type are; the error is a sentence.
    pub fn must_be_about(&self, subject: Option<&Subject>) -> Result<(), String> {
        match (&self.subject, subject) {
            (None, _) => Ok(()),
            (Some(wanted), Some(found)) if *wanted == found.kind => Ok(()),
            (Some(wanted), _) => Err(format!("must be a subject of type `{wanted}`: {wanted}/id")),
        }
    }

    /// The names that a condition on its events may use.
    pub(crate) fn roots(&self) -> Vec<Root> {
        let data = self.data.iter();
        let data = data.map(|(name, field)| (name.clone(), field.kind.shape()));
        let texts = |names: &[&str]| {
            let names = names.iter();
            names
                .map(|name| ((*name).to_owned(), Shape::Text))
                .collect()
        };
        let root = |name: &str, fields| Root {
            name: name.to_owned(),
            fields,
        };
        vec![
            root("data", data.collect()),
            root("actor", texts(&["id", "name"])),
            root("subject", texts(&["type", "id"])),
            root("event", texts(&["id", "source", "type"])),
        ]
    }

    /// The names that a text may use: also the names of users, as `data.rider.name`.
    pub(crate) fn roots_of_texts(&self) -> Vec<Root> {
        let mut roots = self.roots();
        let names: Vec<String> = self
            .user_fields()
            .map(|field| format!("{field}.name"))
            .collect();
        if let Some(data) = roots.first_mut() {
            let names = names.into_iter();
            data.fields.extend(names.map(|name| (name, Shape::Text)));
        }
        roots
    }
}

/// Whether a text is `object.verbed`: two or more names with points between them, at most 64 characters.
pub(crate) fn is_type_name(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    text.len() <= 64 && parts.len() >= 2 && parts.iter().all(|part| language::source::is_name(part))
}

/// Reads the declaration of a type.
pub(crate) fn read(item: Item<'_>, modules: &BTreeMap<String, String>) -> Option<EventType> {
    let section = item.section("an event type")?;
    if !is_type_name(item.key) || item.key.starts_with("stoa.") {
        let message = format!("`{}` is not a type of the platform's events", item.key);
        let help = "names with points between them, like `job.applied`; those that begin with `stoa.` are Stoa's own";
        section.problems.advise(item.key_at, message, help);
    }
    let module = section.need("module").and_then(|item| {
        let module = item.text(64)?;
        if !modules.contains_key(module) {
            let help = "declare it under [modules]";
            item.advise(format!("there is no module `{module}`"), help);
        }
        Some(module)
    });
    let subject = section.item("subject").and_then(Item::name);
    let data = section.section("data", "the data of an event");
    let data = data.map(|data| declared::fields(&data)).unwrap_or_default();
    let to = section.item("to").and_then(|item| user_field(item, &data));
    let points = |key| section.item(key).and_then(|item| item.integer(0..=10));
    let (weight, received) = (points("weight"), points("received"));
    let purpose = section.item("purpose").and_then(purpose);
    let keep = section.item("keep").and_then(keep);
    let activity = section.item("activity").and_then(Item::flag);
    section.finish();
    Some(EventType {
        name: item.key.to_owned(),
        module: module?.to_owned(),
        subject: subject.map(str::to_owned),
        data,
        to,
        weight: weight.unwrap_or(1),
        received: received.unwrap_or(0),
        purpose: purpose.unwrap_or(Purpose::Service),
        keep: keep.unwrap_or(TimeDelta::days(DEFAULT_KEEP)),
        activity: activity.unwrap_or(true),
    })
}

/// `data.employer`: a field that holds a user.
fn user_field(item: Item<'_>, data: &DataFields) -> Option<String> {
    let text = item.text(80)?;
    let field = text.strip_prefix("data.").unwrap_or("");
    match data.get(field) {
        Some(found) if found.kind == DataKind::User => Some(field.to_owned()),
        Some(_) => {
            let help = format!("`{field} = \"user\"` in its data");
            item.advise(format!("`{text}` is not a user"), help);
            None
        }
        None => {
            let help = "a field of the data that holds a user, like `data.employer`";
            item.advise(format!("there is no `{text}`"), help);
            None
        }
    }
}

fn purpose(item: Item<'_>) -> Option<Purpose> {
    match item.text(20)? {
        "service" => Some(Purpose::Service),
        "insight" => Some(Purpose::Insight),
        "suggestions" => Some(Purpose::Suggestions),
        other => {
            let help = "one of service, insight, suggestions";
            item.advise(format!("there is no purpose `{other}`"), help);
            None
        }
    }
}

fn keep(item: Item<'_>) -> Option<TimeDelta> {
    let text = item.text(20)?;
    let kept = period::parse(text);
    match kept {
        Some(kept) if kept >= TimeDelta::days(SHORTEST_KEEP) => Some(kept),
        Some(_) => {
            let help = "repeats are recognised for as long as the row is kept";
            item.advise(
                format!("an event is kept for at least {SHORTEST_KEEP} days"),
                help,
            );
            None
        }
        None => {
            item.advise(format!("`{text}` is not a time"), "like P400D");
            None
        }
    }
}
