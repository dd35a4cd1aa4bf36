//! Migrates a running deal to a newer version of its flow.

use chrono::{DateTime, Utc};
use language::fields::checked;
use serde_json::{Map, Value};

use super::definition::{Definition, MigratedTimers, Migration, State};
use super::machine::{Origin, StepBuilder};
use crate::{FlowActor, Instance, Step, Timer};

/// The step that migrates a deal: one transition, `migrate`, to the renamed state (or the one with the same
/// name), with every role prompted again. Context values that the new version declares are kept.
///
/// # Errors
///
/// A sentence that says why the deal must keep its version.
pub fn migrate(
    old: &Definition,
    new: &Definition,
    instance: &Instance,
    now: DateTime<Utc>,
) -> Result<Step, String> {
    if old.name != new.name {
        return Err(format!("{} is not {}", new.name, old.name));
    }
    let mut migrations = new.migrations.iter();
    let migration = migrations.find(|migration| migration.from_version == old.version);
    let migration = migration.ok_or_else(|| {
        let (name, from, to) = (&old.name, old.version, new.version);
        format!("{name} {to} has no migration from version {from}")
    })?;
    let renamed = |name: &str| {
        let renamed = migration.states.get(name).map(String::as_str);
        renamed.unwrap_or(name).to_owned()
    };
    let name = renamed(&instance.state);
    let state = new.state(&name);
    let state = state.ok_or_else(|| format!("version {} has no state {name}", new.version))?;
    let mut moved = instance.clone();
    moved.context = context(new, &instance.context)?;
    moved.visits.clear();
    for (visited, times) in &instance.visits {
        let known = moved.visits.entry(renamed(visited)).or_default();
        *known = known.saturating_add(*times);
    }
    if instance.payment.is_some() && state.payment.is_none() {
        return Err(format!(
            "the deal waits for money, and {name} asks for none"
        ));
    }
    let mut builder = StepBuilder::resumed(new, &moved, now);
    let origin = Origin::new(Some(&instance.state), "migrate", &FlowActor::System);
    let told = |refusal: crate::refusal::Refusal| refusal.message();
    builder.relocate(state, origin).map_err(told)?;
    let fresh = builder.timers(state);
    builder.instance.timers = timers(migration, state, &moved, fresh);
    builder.follow_then(state).map_err(told)?;
    Ok(builder.finish())
}

/// The values that the new version declares, with defaults for new ones.
fn context(new: &Definition, old: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    let mut kept = Map::new();
    for (name, field) in &new.context {
        let value = match old.get(name) {
            Some(value) => checked(&field.kind, value).map_err(|why| format!("{name} {why}"))?,
            None => match &field.default {
                Some(default) => default.clone(),
                None if field.required => return Err(format!("{name} is missing")),
                None => continue,
            },
        };
        kept.insert(name.clone(), value);
    }
    Ok(kept)
}

/// Keeps timers that the new state also has, if the migration says so; other timers of the state count from
/// now.
fn timers(migration: &Migration, state: &State, old: &Instance, fresh: Vec<Timer>) -> Vec<Timer> {
    if migration.timers == MigratedTimers::Restart || state.terminal {
        return fresh;
    }
    let kept = |timer: &Timer| {
        old.timers
            .iter()
            .find(|old| old.name == timer.name)
            .cloned()
    };
    // A reminder that was sent is not sent again.
    let said = |timer: &Timer| {
        timer.name != "deadline" && old.timers.iter().any(|old| old.name == "deadline")
    };
    fresh
        .into_iter()
        .filter_map(|timer| match kept(&timer) {
            Some(kept) => Some(kept),
            None if said(&timer) => None,
            None => Some(timer),
        })
        .collect()
}
