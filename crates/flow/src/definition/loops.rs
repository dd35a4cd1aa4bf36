//! Finds ways round and round that nobody walks: what follows at once, and what time alone brings about.

use super::checks::targets;
use super::{Definition, State};
use language::problem::Problems;

/// Complains of states that lead back to themselves at once, and of timers that lead round for ever.
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

/// Where a state leads without a moment between: by `then`, or since it was visited too often.
fn at_once(_: &Definition, state: &State) -> Vec<String> {
    let then = state.then.iter().flat_map(targets).map(str::to_owned);
    let limit = state.visits.iter().map(|visits| visits.otherwise.clone());
    then.chain(limit).collect()
}

/// Where a state leads when nobody does anything; a state with a limit of visits ends the round.
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
