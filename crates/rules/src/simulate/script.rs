//! Parses scripts: events, time that passes, and what is expected to follow.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use toml::de::DeTable;

use language::period;
use language::problem::{Origin, Problem, Problems};
use language::source::{Item, Section};

/// The most steps of a script.
const MOST_STEPS: usize = 500;
/// The most expectations of a step.
const MOST_LINES: usize = 50;

/// A script.
#[derive(Clone, Debug)]
pub struct Script {
    /// The names of users by their ids.
    pub(super) people: BTreeMap<String, String>,
    /// The time of the first step.
    pub(super) begins: DateTime<Utc>,
    /// The steps in order.
    pub(super) steps: Vec<Step>,
}

/// A step.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// Its line, from 1.
    pub(super) line: usize,
    pub(super) what: What,
    /// Parts of lines of the transcript, in order.
    pub(super) expect: Vec<String>,
}

/// What happens.
#[derive(Clone, Debug)]
pub(super) enum What {
    Event(Sent),
    Advance(TimeDelta, String),
}

/// An event, as the platform sends it.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    pub(super) event_type: String,
    pub(super) actor: Option<String>,
    pub(super) subject: Option<String>,
    pub(super) data: Map<String, Value>,
}

impl Script {
    /// Parses a script.
    ///
    /// # Errors
    ///
    /// All problems of the file, in order.
    pub fn parse(source: &str) -> Result<Self, Vec<Problem>> {
        let problems = Problems::new(Origin::File);
        let (table, errors) = DeTable::parse_recoverable(source);
        problems.add_toml(source, &errors);
        if !errors.is_empty() {
            return Err(problems.all(source));
        }
        let file = Section::of_file("a script", table.get_ref(), &problems);
        let line = |at: usize| source.get(..at).unwrap_or("").matches('\n').count() + 1;
        let begins = file.item("at").and_then(moment);
        let people = file.section("people", "the people");
        let people = people.map(|section| names(&section)).unwrap_or_default();
        let steps = file.need("step").and_then(|item| item.list(MOST_STEPS));
        let steps = steps.unwrap_or_default().into_iter();
        let steps = steps.filter_map(|item| step(item, &line)).collect();
        file.finish();
        match problems.is_empty() {
            true => Ok(Self {
                people,
                begins: begins.unwrap_or_default(),
                steps,
            }),
            false => Err(problems.all(source)),
        }
    }
}

fn names(section: &Section<'_>) -> BTreeMap<String, String> {
    let name = |item: &Item<'_>| Some((item.key.to_owned(), item.text(128)?.to_owned()));
    section.all().iter().filter_map(name).collect()
}

fn moment(item: Item<'_>) -> Option<DateTime<Utc>> {
    let parsed = item.text(40)?.parse::<DateTime<Utc>>();
    if parsed.is_err() {
        item.complain("this is not a time: like 2026-03-01T12:00:00Z");
    }
    parsed.ok()
}

fn step(item: Item<'_>, line: &impl Fn(usize) -> usize) -> Option<Step> {
    let section = item.section("a step")?;
    let event = section.item("event");
    let advance = section.item("advance");
    let expect = section.item("expect").and_then(|item| {
        let items = item.one_or_many(MOST_LINES)?.into_iter();
        let texts = items.filter_map(|item| Some(item.text(500)?.to_owned()));
        Some(texts.collect())
    });
    section.finish();
    let what = match (event, advance) {
        (Some(event), None) => What::Event(sent(event)?),
        (None, Some(advance)) => {
            let text = advance.text(40)?;
            let span = period::parse(text);
            if span.is_none() {
                advance.advise(format!("`{text}` is not a time"), "like PT12H or P2D");
            }
            What::Advance(span?, text.to_owned())
        }
        (Some(_), Some(_)) | (None, None) => {
            let help = "`event = { … }` or `advance = \"P2D\"`";
            item.advise("a step is an event, or time that passes", help);
            return None;
        }
    };
    Some(Step {
        line: line(section.at),
        what,
        expect: expect.unwrap_or_default(),
    })
}

fn sent(item: Item<'_>) -> Option<Sent> {
    let section = item.section("an event")?;
    let event_type = section.need("type").and_then(|item| item.text(64));
    let actor = section.item("actor").and_then(|item| item.text(128));
    let subject = section.item("subject").and_then(|item| item.text(200));
    let data = section.item("data").and_then(Item::json);
    section.finish();
    let data = match data {
        Some(Value::Object(data)) => data,
        _ => Map::new(),
    };
    Some(Sent {
        event_type: event_type?.to_owned(),
        actor: actor.map(str::to_owned),
        subject: subject.map(str::to_owned),
        data,
    })
}
