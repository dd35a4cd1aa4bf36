//! Reads a rules file: modules and event types first, then the rules that refer to them.

use std::collections::BTreeMap;
use std::fmt;
use std::thread;
use toml::de::DeTable;

use crate::event_type::{self, EventType};
use crate::rule::{self, Rule};
use language::problem::{Origin, Problem, Problems};
use language::source::{Item, Section};

/// The largest file, in bytes.
const LARGEST_FILE: usize = 256 * 1_024;
/// The parser of expressions needs megabytes of stack.
const STACK: usize = 64 * 1_024 * 1_024;
/// The most event types of a file.
const MOST_TYPES: usize = 200;
/// The most modules of a file.
const MOST_MODULES: usize = 50;

/// A checked rules file.
#[derive(Clone)]
pub struct RuleSet {
    /// Its name.
    pub name: String,
    /// Its version, from 1.
    pub version: i64,
    /// The modules of the platform with their titles.
    pub modules: BTreeMap<String, String>,
    /// The event types by name.
    pub types: BTreeMap<String, EventType>,
    /// The rules in the order of the file.
    pub rules: Vec<Rule>,
}

impl fmt::Debug for RuleSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RuleSet({} {})", self.name, self.version)
    }
}

impl RuleSet {
    /// Parses and checks a file.
    ///
    /// # Errors
    ///
    /// All problems of the file, in order.
    pub fn parse(source: &str) -> Result<Self, Vec<Problem>> {
        thread::scope(|scope| {
            let builder = thread::Builder::new().stack_size(STACK);
            let reading = builder.spawn_scoped(scope, || read(source));
            match reading.map(thread::ScopedJoinHandle::join) {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) => Err(alone("an expression in it cannot be read")),
                Err(_) => Err(alone("there is not enough memory to read it")),
            }
        })
    }
}

fn alone(message: impl Into<String>) -> Vec<Problem> {
    let problems = Problems::new(Origin::File);
    problems.add(0, message);
    problems.all("")
}

fn read(source: &str) -> Result<RuleSet, Vec<Problem>> {
    if source.len() > LARGEST_FILE {
        let bytes = source.len();
        return Err(alone(format!(
            "the file has {bytes} bytes; at most {LARGEST_FILE}"
        )));
    }
    let problems = Problems::new(Origin::File);
    let (table, errors) = DeTable::parse_recoverable(source);
    problems.add_toml(source, &errors);
    if !errors.is_empty() {
        return Err(problems.all(source));
    }
    let file = Section::of_file("a rules file", table.get_ref(), &problems);
    match whole(&file) {
        Some(rules) if problems.is_empty() => Ok(rules),
        _ => Err(problems.all(source)),
    }
}

fn whole(file: &Section<'_>) -> Option<RuleSet> {
    let name = file.need("name").and_then(Item::name);
    let version = file
        .need("version")
        .and_then(|item| item.integer(1..=1_000_000));
    let modules = file
        .need("modules")
        .and_then(|item| item.section("the modules"));
    let modules = modules.map(|section| titles(&section)).unwrap_or_default();
    let events = file.need("events");
    let events = events.and_then(|item| item.section("the event types"));
    let types = events.map(|section| types_of(&section, &modules));
    let types = types.unwrap_or_default();
    let rules = file.item("rules").map(|item| rule::read_all(item, &types));
    file.finish();
    Some(RuleSet {
        name: name?.to_owned(),
        version: version?,
        modules,
        types,
        rules: rules.unwrap_or_default(),
    })
}

fn titles(section: &Section<'_>) -> BTreeMap<String, String> {
    limit(section, "modules", MOST_MODULES);
    let module = |item: &Item<'_>| Some((item.key_name()?.to_owned(), item.text(80)?.to_owned()));
    section.all().iter().filter_map(module).collect()
}

fn types_of(
    section: &Section<'_>,
    modules: &BTreeMap<String, String>,
) -> BTreeMap<String, EventType> {
    limit(section, "event types", MOST_TYPES);
    let read = |item: &Item<'_>| event_type::read(*item, modules);
    let types = section.all().iter().filter_map(read);
    types.map(|of| (of.name.clone(), of)).collect()
}

fn limit(section: &Section<'_>, what: &str, most: usize) {
    let count = section.all().len();
    if count > most {
        let message = format!("{count} {what}; at most {most}");
        section.problems.add(section.at, message);
    }
}
