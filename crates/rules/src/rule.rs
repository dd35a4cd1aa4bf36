//! Rules: what follows from events of a type.

use chrono::TimeDelta;
use std::collections::{BTreeMap, BTreeSet};

use crate::actions::{self, Action, RoomNames};
use crate::event_type::EventType;
use language::expression::{Expression, KnownNames, Type};
use language::period;
use language::problem::nearest;
use language::source::{Item, Section};

/// The latest that a rule runs after its event.
const LATEST: TimeDelta = TimeDelta::days(60);
/// The most rules of a file.
pub(crate) const MOST_RULES: usize = 200;

/// A rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its name, unique in its file.
    pub name: String,
    /// The type of events that it follows.
    pub on: String,
    /// How long after the event it runs.
    pub after: Option<TimeDelta>,
    /// Whether an event for which it runs is an activity.
    pub activity: bool,
    pub(crate) when: Option<Condition>,
    pub(crate) actions: Vec<Action>,
}

/// A condition with its text.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) text: String,
    pub(crate) expression: Expression,
}

/// The names that rules may refer to.
pub(crate) struct Declared<'a> {
    pub(crate) types: &'a BTreeMap<String, EventType>,
    /// The rooms that some rule's `converse` makes.
    pub(crate) rooms: RoomNames,
}

/// Reads the rules, in the order of the file.
pub(crate) fn read_all(item: Item<'_>, types: &BTreeMap<String, EventType>) -> Vec<Rule> {
    let items = item.list(MOST_RULES).unwrap_or_default();
    let sections: Vec<(Item<'_>, Section<'_>)> = items
        .into_iter()
        .filter_map(|item| Some((item, item.section("a rule")?)))
        .collect();
    let rooms = sections.iter().filter_map(|(_, rule)| {
        let converse = rule.item("converse")?.section("`converse`")?;
        Some(converse.item("type")?.text(64)?.to_owned())
    });
    let declared = Declared {
        types,
        rooms: rooms.collect(),
    };
    let (mut rules, mut names) = (Vec::new(), BTreeSet::new());
    for (item, section) in &sections {
        let Some(rule) = read(*item, section, &declared) else {
            continue;
        };
        if !names.insert(rule.name.clone()) {
            item.complain(format!("the rule `{}` is there twice", rule.name));
        }
        rules.push(rule);
    }
    rules
}

fn read(item: Item<'_>, section: &Section<'_>, declared: &Declared<'_>) -> Option<Rule> {
    let name = section.need("name").and_then(Item::name);
    let on = section.need("on");
    let of = on.and_then(|item| trigger(item, declared.types));
    let Some(of) = of else {
        // Without its type, no name in it can be checked: the first problem is enough.
        return None;
    };
    let when = section.item("when").and_then(|item| condition(item, of));
    let after = section.item("after").and_then(|item| after(item, of));
    let activity = section.item("activity").and_then(Item::flag);
    let actions = actions::read(section, of, &declared.rooms);
    section.finish();
    if actions.is_empty() && activity.is_none() && section.problems.is_empty() {
        item.advise("a rule without an effect", actions::HELP);
    }
    Some(Rule {
        name: name?.to_owned(),
        on: of.name.clone(),
        after,
        activity: activity.unwrap_or(true),
        when,
        actions,
    })
}

/// The type that a rule follows. Triggers of Stoa's own are known, and refused with the reason.
fn trigger<'a>(item: Item<'_>, types: &'a BTreeMap<String, EventType>) -> Option<&'a EventType> {
    let text = item.text(64)?;
    if let Some(own) = text.strip_prefix("stoa.") {
        let why = match own.starts_with("inquiry_") {
            true => {
                "who waits for whose answer is counted by insight, which this version does not have"
            }
            false => "this version raises no events of its own; rules follow the platform's events",
        };
        item.advise(format!("`{text}` is not available yet"), why);
        return None;
    }
    let found = types.get(text);
    if found.is_none() {
        let message = format!("there is no event type `{text}`");
        match nearest(text, types.keys().map(String::as_str)) {
            Some(near) => item.advise(message, format!("did you mean `{near}`?")),
            None => item.advise(message, format!("declare it: [events.\"{text}\"]")),
        }
    }
    found
}

fn condition(item: Item<'_>, of: &EventType) -> Option<Condition> {
    let text = item.text(1_024)?;
    let roots = of.roots();
    match Expression::parse(text, item.at(), KnownNames::of_roots(&roots)) {
        Ok(expression) if expression.kind == Type::Boolean => Some(Condition {
            text: text.to_owned(),
            expression,
        }),
        Ok(expression) => {
            let kind = expression.kind;
            item.complain(format!("a condition is a boolean, and this is {kind}"));
            None
        }
        Err(why) => {
            item.complain(why);
            None
        }
    }
}

fn after(item: Item<'_>, of: &EventType) -> Option<TimeDelta> {
    let text = item.text(20)?;
    let span = period::parse(text);
    match span {
        Some(span) if span <= LATEST.min(of.keep - TimeDelta::days(1)) => Some(span),
        Some(_) => {
            let message = "a rule runs at most 60 days later, and before its event is forgotten";
            item.advise(
                message,
                "the data of events is kept for 90 days, unless `keep` is less",
            );
            None
        }
        None => {
            item.advise(format!("`{text}` is not a time"), "like PT12H or P2D");
            None
        }
    }
}
