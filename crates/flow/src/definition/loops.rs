//! Finds endless loops that need no person: by `then`, and by timers.

use super::checks::targets;
use super::{Definition, State};
use language::problem::Problems;

/// Reports states that lead back to themselves at once, and timers that lead round forever.
pub(super) fn check(definition: &Definition, problems: &Problems) {
    for state in definition.states.values() {
        if leads_back(definition, state, at_once) {
            let message = format!("`{}` leads back to itself at once, for ever", state.name);
            problems.add(state.at, message);
        } else if leads_back(definition, state, by_time) {
            let message = format!(
                "time alone leads from `{}` back to it, for ever",
                state.name
            );
            let help = "give a state on the way a limit: `visits = { max = 3, else = \"…\" }`";
            problems.advise(state.at, message, help);
        }
    }
}

fn leads_back(
    definition: &Definition,
    state: &State,
    next: fn(&Definition, &State) -> Vec<String>,
) -> bool {
    let (mut waiting, mut seen) = (next(definition, state), Vec::new());
    while let Some(name) = waiting.pop() {
        if name == state.name {
            return true;
        }
        if seen.contains(&name) {
            continue;
        }
        if let Some(found) = definition.state(&name) {
            waiting.extend(next(definition, found));
        }
        seen.push(name);
    }
    false
}

/// The states that follow at once: by `then`, or after too many visits.
fn at_once(_: &Definition, state: &State) -> Vec<String> {
    let then = state.then.iter().flat_map(targets).map(str::to_owned);
    let limit = state.visits.iter().map(|visits| visits.otherwise.clone());
    then.chain(limit).collect()
}

/// The states that follow if nobody acts. A limit of visits ends a loop.
fn by_time(definition: &Definition, state: &State) -> Vec<String> {
    let then = state.then.iter().flat_map(targets);
    let deadline = state.deadline.iter();
    let deadline = deadline.flat_map(|deadline| targets(&deadline.outcome.effects));
    let unlimited = |name: &&str| {
        let found = definition.state(name);
        found.is_some_and(|state| state.visits.is_none())
    };
    then.chain(deadline)
        .filter(unlimited)
        .map(str::to_owned)
        .collect()
}
