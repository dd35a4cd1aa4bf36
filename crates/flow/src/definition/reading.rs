//! Reads a flow file: first the names, then everything that refers to them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::thread;

use toml::de::DeTable;

use super::actions::ReadAction;
use super::effects::Names;
use super::{Definition, MigratedTimers, Migration, State, absence, checks};
use crate::BUILT_IN;
use language::expression::Engine;
use language::fields::{self, currency_of};
use language::problem::{Origin, Problem, Problems};
use language::source::{Item, Section};

/// The largest file, in bytes.
const LARGEST_FILE: usize = 256 * 1_024;
/// The expression parser needs a deep stack: up to 8 MiB in debug builds for the deepest permitted expression.
const STACK: usize = 64 * 1_024 * 1_024;
/// Role names that are keys of texts by role.
const RESERVED: [&str; 2] = ["everybody", "kind"];

/// Parses a file on a thread with a large stack.
pub(super) fn parse(source: &str, origin: Origin) -> Result<Definition, Vec<Problem>> {
    thread::scope(|scope| {
        let builder = thread::Builder::new().stack_size(STACK);
        let reading = builder.spawn_scoped(scope, || read(source, origin));
        let done = reading.map(thread::ScopedJoinHandle::join);
        match done {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(alone("an expression in it cannot be read")),
            Err(_) => Err(alone("there is not enough memory to read it")),
        }
    })
}

fn alone(message: impl Into<String>) -> Vec<Problem> {
    let problems = Problems::new(Origin::File);
    problems.add(0, message);
    problems.all("")
}

fn read(source: &str, origin: Origin) -> Result<Definition, Vec<Problem>> {
    if source.len() > LARGEST_FILE {
        let bytes = source.len();
        return Err(alone(format!(
            "the file has {bytes} bytes; at most {LARGEST_FILE}"
        )));
    }
    let problems = Problems::new(origin);
    let (table, errors) = DeTable::parse_recoverable(source);
    problems.add_toml(source, &errors);
    if !errors.is_empty() {
        return Err(problems.all(source));
    }
    let file = Section::of_file("a flow file", table.get_ref(), &problems);
    let definition = whole(&file);
    match definition {
        Some(mut definition) if problems.is_empty() => {
            definition.warnings = problems.warnings(source);
            Ok(definition)
        }
        _ => Err(problems.all(source)),
    }
}

fn whole(file: &Section<'_>) -> Option<Definition> {
    let name = file.need("name").and_then(Item::name);
    let version = file
        .need("version")
        .and_then(|item| item.integer(1..=1_000_000));
    let title = file.need("title").and_then(|item| item.text(120));
    let roles = file.need("roles").map(roles).unwrap_or_default();
    let defaults = file.section("defaults", "the defaults");
    let currency = defaults
        .as_ref()
        .and_then(|defaults| defaults.item("currency"));
    let currency = currency.and_then(|item| currency_of(item));
    let empty = file.section("context", "the context");
    let context = empty.map(|section| fields::context(&section, currency.as_deref()));
    let states = file
        .need("states")
        .and_then(|item| item.section("the states"));
    let actions = file.section("actions", "the actions");
    let names = Names {
        roles,
        states: names_in(states.as_ref()),
        actions: names_in(actions.as_ref()),
        context: context.unwrap_or_default(),
        currency,
        problems: file.problems,
    };
    limit(states.as_ref(), "states", 200);
    limit(actions.as_ref(), "actions", 400);
    let initial = file.need("initial").and_then(|item| names.state(item));
    let read_actions = names.actions_of(actions.as_ref());
    let found = names.states_of(states.as_ref(), defaults.as_ref(), &read_actions);
    let money = file.section("payment", "[payment]");
    let money = money.map(|section| names.money_policies(&section));
    let migrations = file
        .item("migrations")
        .map(|item| migrations(item, &names, version));
    file.finish();
    let reading_order = found.iter().map(|state| state.name.clone()).collect();
    let (states, actions) = joined(found, read_actions);
    let definition = Definition {
        name: name?.to_owned(),
        version: version?,
        title: title?.to_owned(),
        roles: names.roles,
        initial: initial.unwrap_or_default(),
        context: names.context,
        states,
        reading_order,
        actions,
        money,
        migrations: migrations.unwrap_or_default(),
        engine: Engine::default(),
        warnings: Vec::new(),
    };
    if file.problems.is_empty() {
        checks::check(&definition, file.problems);
        absence::check(&definition, file.problems);
    }
    Some(definition)
}

fn limit(section: Option<&Section<'_>>, what: &str, most: usize) {
    if let Some(section) = section.filter(|section| section.all().len() > most) {
        let message = format!("{} {what}; at most {most}", section.all().len());
        section.problems.add(section.at, message);
    }
}

fn names_in(section: Option<&Section<'_>>) -> BTreeSet<String> {
    let entries = section.into_iter().flat_map(Section::all);
    entries.map(|entry| entry.key.to_owned()).collect()
}

fn roles(item: Item<'_>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for entry in item.list(8).unwrap_or_default() {
        let Some(role) = entry.name() else { continue };
        if BUILT_IN.contains(&role) || RESERVED.contains(&role) {
            entry.complain(format!("`{role}` cannot be a role's name"));
        } else if found.iter().any(|other| other == role) {
            entry.complain(format!("the role `{role}` is there twice"));
        } else {
            found.push(role.to_owned());
        }
    }
    if found.is_empty() {
        item.complain("a flow needs at least one role");
    }
    found
}

/// Links states with their actions and actions with their states.
fn joined(
    found: Vec<State>,
    read: Vec<ReadAction>,
) -> (BTreeMap<String, State>, Vec<Arc<super::Action>>) {
    let order: Vec<String> = found.iter().map(|state| state.name.clone()).collect();
    let everywhere: Vec<String> = found
        .iter()
        .filter(|state| !state.terminal && !state.is_left_at_once())
        .map(|state| state.name.clone())
        .collect();
    let mut states: BTreeMap<String, State> = found
        .into_iter()
        .map(|state| (state.name.clone(), state))
        .collect();
    let mut actions = Vec::new();
    for mut entry in read {
        if entry.everywhere {
            entry.action.from.extend(everywhere.iter().cloned());
        }
        entry
            .action
            .from
            .sort_by_key(|name| order.iter().position(|other| other == name));
        entry.action.from.dedup();
        let action = Arc::new(entry.action);
        for name in &action.from {
            if let Some(state) = states.get_mut(name) {
                state.actions.push(Arc::clone(&action));
            }
        }
        actions.push(action);
    }
    (states, actions)
}

fn migrations(item: Item<'_>, names: &Names<'_>, version: Option<i64>) -> Vec<Migration> {
    let mut found: Vec<Migration> = Vec::new();
    for entry in item.list(100).unwrap_or_default() {
        let Some(section) = entry.section("a migration") else {
            continue;
        };
        let last = version.unwrap_or(i64::MAX) - 1;
        let number = section
            .need("from")
            .map(|item| (item, item.integer(1..=last)));
        let timers = section
            .item("timers")
            .and_then(|item| match item.text(20)? {
                "keep" => Some(MigratedTimers::Keep),
                "restart" => Some(MigratedTimers::Restart),
                other => {
                    item.complain(format!("timers can `keep` or `restart`, not `{other}`"));
                    None
                }
            });
        let renamed = section.section("states", "the renamed states");
        let renamed = renamed.iter().flat_map(|section| section.all());
        let states = renamed
            .filter_map(|entry| Some((entry.key_name()?.to_owned(), names.state(*entry)?)))
            .collect();
        section.finish();
        let Some((item, Some(from_version))) = number else {
            continue;
        };
        if found.iter().any(|other| other.from_version == from_version) {
            item.complain(format!("version {from_version} is migrated twice"));
        }
        found.push(Migration {
            from_version,
            states,
            timers: timers.unwrap_or(MigratedTimers::Keep),
        });
    }
    found
}
