//! Parses scripts: runs of steps with expectations.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};
use toml::de::DeTable;

use crate::Problem;
use language::period;
use language::problem::{Origin, Problems};
use language::source::{Item, Section};

/// The most runs in one file.
const MOST_RUNS: usize = 200;
/// The most steps in one run.
const MOST_STEPS: usize = 500;

/// The runs of one or more files.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// The runs in the order of the files.
    pub runs: Vec<Run>,
}

/// The run of one deal from its start.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its name, by which later runs refer to it.
    pub name: String,
    /// The file that contains it.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// The index of the run that it continues.
    pub after: Option<usize>,
    /// The initial context.
    pub context: Map<String, Value>,
    /// The time of the start.
    pub begins: DateTime<Utc>,
    /// The expectations after the start.
    pub expect: Expected,
    /// The steps in order.
    pub steps: Vec<ScriptStep>,
}

/// A step with its expectations.
#[derive(Clone, Debug)]
pub struct ScriptStep {
    /// Its line, from 1.
    pub line: usize,
    /// What happens.
    pub what: What,
    /// The expectations.
    pub expect: Expected,
}

/// What happens in a step.
#[derive(Clone, Debug)]
pub enum What {
    /// A press.
    Press {
        /// A role, `staff` or `system`.
        by: String,
        /// The action's name.
        action: String,
        /// The form's values.
        input: Map<String, Value>,
        /// Whether the press names an outdated version.
        stale: bool,
    },
    /// Time passes: how much, and its text in the file.
    Advance(TimeDelta, String),
    /// A payment report.
    Payment {
        /// The outcome.
        outcome: Outcome,
        /// The number of the order, from 1; the last one if absent.
        order: Option<usize>,
    },
}

/// The outcome of an order.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The order was created.
    Ready,
    /// It was paid.
    Paid,
    /// An attempt failed.
    Failed,
    /// Another amount was paid.
    WrongAmount(i64),
    /// It was paid again.
    Repeated,
    /// The payment was refunded.
    Refunded,
}

/// The expectations of a step. Absent ones are not compared.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// The state's name.
    pub state: Option<String>,
    /// A role, or `nobody`.
    pub awaiting: Option<String>,
    /// The code of a refusal.
    pub refused: Option<String>,
    /// Parts of messages, in order.
    pub says: Vec<String>,
    /// All actions of a role, in order.
    pub actions: Vec<(String, Vec<String>)>,
    /// The events for the platform.
    pub events: Option<Vec<ExpectedEvent>>,
    /// The reasons of refunds.
    pub refunds: Option<Vec<String>>,
    /// The amounts of the requested orders.
    pub orders: Option<Vec<i64>>,
    /// Values of the context.
    pub context: Map<String, Value>,
}

/// An expected event for the platform.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ExpectedEvent {
    /// Its type.
    pub event: String,
    /// Values that it must have; others are not compared.
    pub with: Map<String, Value>,
    /// Values that must be null.
    pub without: Vec<String>,
}

impl Script {
    /// Adds the runs of a file, which may continue earlier ones; returns their number.
    ///
    /// # Errors
    ///
    /// All problems of the file, in order.
    pub fn add(&mut self, file: &str, source: &str) -> Result<usize, Vec<Problem>> {
        let problems = Problems::new(Origin::File);
        let (table, errors) = DeTable::parse_recoverable(source);
        problems.add_toml(source, &errors);
        if !errors.is_empty() {
            return Err(problems.all(source));
        }
        let whole = Section::of_file("a flow file", table.get_ref(), &problems);
        let line = |at: usize| source.get(..at).unwrap_or("").matches('\n').count() + 1;
        let before = self.runs.len();
        let items = whole.need("run").and_then(|item| item.list(MOST_RUNS));
        for item in items.unwrap_or_default() {
            if let Some(run) = run(item, file, &self.runs, &line) {
                self.runs.push(run);
            }
        }
        whole.finish();
        if problems.is_empty() {
            Ok(self.runs.len() - before)
        } else {
            Err(problems.all(source))
        }
    }
}

fn run(item: Item<'_>, file: &str, before: &[Run], line: &impl Fn(usize) -> usize) -> Option<Run> {
    let section = item.section("a run")?;
    let name = section.need("name");
    let told = name.and_then(|item| item.text(120));
    if let (Some(item), Some(told)) = (name, told)
        && before.iter().any(|run| run.name == told)
    {
        item.complain(format!("the run `{told}` is there twice"));
    }
    let after = section.item("after").and_then(|item| {
        let name = item.text(120)?;
        let found = before.iter().position(|run| run.name == name);
        if found.is_none() {
            item.complain(format!("there is no run `{name}` before this one"));
        }
        found
    });
    let begins = section.item("at").and_then(|item| {
        let parsed = item.text(40)?.parse::<DateTime<Utc>>();
        if parsed.is_err() {
            item.complain("this is not a time: like 2026-03-01T12:00:00Z");
        }
        parsed.ok()
    });
    let start = section.item("start");
    if let Some(start) = start.filter(|_| after.is_some()) {
        start.complain("a run that continues another begins with what that one has");
    }
    let context = start.map(object).unwrap_or_default();
    let expect = section
        .section("expect", "what is expected")
        .map(|section| expected(&section));
    let steps = section.item("step").and_then(|item| item.list(MOST_STEPS));
    let steps = steps.unwrap_or_default();
    let steps = steps
        .into_iter()
        .filter_map(|item| step(item, line))
        .collect();
    section.finish();
    Some(Run {
        name: told?.to_owned(),
        file: file.to_owned(),
        line: line(item.at()),
        after,
        context,
        begins: begins.unwrap_or(DateTime::UNIX_EPOCH + TimeDelta::days(20_000)),
        expect: expect.unwrap_or_default(),
        steps,
    })
}

fn step(item: Item<'_>, line: &impl Fn(usize) -> usize) -> Option<ScriptStep> {
    let section = item.section("a step")?;
    let doing = section.item("do");
    let by = section.item("by").and_then(|item| item.text(64));
    let input = section.item("input").map(object).unwrap_or_default();
    let stale = section.flag("stale");
    let advance = section.item("advance");
    let payment = section.item("payment");
    let paid = section
        .item("paid")
        .and_then(|item| item.integer(0..=i64::MAX));
    let order = section
        .item("order")
        .and_then(|item| item.integer(1..=1_000));
    let expect = section
        .section("expect", "what is expected")
        .map(|section| expected(&section));
    section.finish();
    let what = match (doing, advance, payment) {
        (Some(action), None, None) => {
            let Some(by) = by else {
                action.complain("the actor is missing: `by = \"…\"`");
                return None;
            };
            What::Press {
                by: by.to_owned(),
                action: action.text(64)?.to_owned(),
                input,
                stale,
            }
        }
        (None, Some(advance), None) => {
            let text = advance.text(40)?;
            let Some(span) = period::parse(text) else {
                advance.complain(format!("`{text}` is not a duration: like PT48H"));
                return None;
            };
            What::Advance(span, text.to_owned())
        }
        (None, None, Some(payment)) => What::Payment {
            outcome: outcome(payment, paid)?,
            order: order.and_then(|order| usize::try_from(order).ok()),
        },
        _ => {
            let help = "`do` with `by`, `advance`, or `payment`";
            item.advise("a step is one of three", help);
            return None;
        }
    };
    Some(ScriptStep {
        line: line(item.at()),
        what,
        expect: expect.unwrap_or_default(),
    })
}

fn outcome(item: Item<'_>, paid: Option<i64>) -> Option<Outcome> {
    match (item.text(20)?, paid) {
        ("ready", _) => Some(Outcome::Ready),
        ("paid", _) => Some(Outcome::Paid),
        ("failed", _) => Some(Outcome::Failed),
        ("wrong_amount", Some(paid)) => Some(Outcome::WrongAmount(paid)),
        ("wrong_amount", None) => {
            item.complain("the amount is missing: `paid = 100`");
            None
        }
        ("repeated", _) => Some(Outcome::Repeated),
        ("refunded", _) => Some(Outcome::Refunded),
        (other, _) => {
            let help = "one of ready, paid, failed, wrong_amount, repeated, refunded";
            item.advise(format!("`{other}` is not an outcome of a payment"), help);
            None
        }
    }
}

fn expected(section: &Section<'_>) -> Expected {
    let text = |key| {
        let item = section.item(key)?;
        item.text(120).map(str::to_owned)
    };
    let texts = |key| section.item(key).map(names);
    let actions = section.section("actions", "the actions by role");
    let actions = actions.iter().flat_map(|section| section.all());
    let actions = actions.map(|entry| (entry.key.to_owned(), names(*entry)));
    let orders = section.item("orders").and_then(|item| item.one_or_many(50));
    let amounts = |items: Vec<Item<'_>>| {
        let amounts = items.into_iter();
        amounts
            .filter_map(|item| item.integer(0..=i64::MAX))
            .collect()
    };
    let found = Expected {
        state: text("state"),
        awaiting: text("awaiting"),
        refused: text("refused"),
        says: texts("says").unwrap_or_default(),
        actions: actions.collect(),
        events: section.item("events").map(events),
        refunds: texts("refunds"),
        orders: orders.map(amounts),
        context: section.item("context").map(object).unwrap_or_default(),
    };
    section.finish();
    found
}

/// Events by name, or as tables with values.
fn events(item: Item<'_>) -> Vec<ExpectedEvent> {
    let items = item.one_or_many(50).unwrap_or_default().into_iter();
    let event = |item: Item<'_>| {
        if item.is_text() {
            let event = item.text(120)?.to_owned();
            return Some(ExpectedEvent {
                event,
                ..ExpectedEvent::default()
            });
        }
        let section = item.section("an event")?;
        let event = section.need("event").and_then(|item| item.text(120));
        let with = section.item("with").map(object).unwrap_or_default();
        let without = section.item("without").map(names).unwrap_or_default();
        section.finish();
        Some(ExpectedEvent {
            event: event?.to_owned(),
            with,
            without,
        })
    };
    items.filter_map(event).collect()
}

fn names(item: Item<'_>) -> Vec<String> {
    let items = item.one_or_many(50).unwrap_or_default().into_iter();
    items
        .filter_map(|item| item.text(500).map(str::to_owned))
        .collect()
}

fn object(item: Item<'_>) -> Map<String, Value> {
    match item.json() {
        Some(Value::Object(map)) => map,
        Some(_) | None => {
            item.complain(format!("`{}` must be a table", item.key));
            Map::new()
        }
    }
}
