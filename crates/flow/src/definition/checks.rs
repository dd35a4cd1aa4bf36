//! Checks of a flow as a whole: reachability, ways out, and whose turn it is.

use std::collections::BTreeSet;

use super::{Action, Definition, Effects, State, loops};
use crate::STAFF;
use language::problem::Problems;

/// Reports everything that would leave a deal stuck.
pub(super) fn check(definition: &Definition, problems: &Problems) {
    for state in definition.states.values() {
        turns(state, problems);
        ways_out(definition, state, problems);
        timers(state, problems);
        money(definition, state, problems);
    }
    for action in &definition.actions {
        used(definition, action, problems);
    }
    let reached = reachable(definition);
    for state in definition.states.values() {
        if !reached.contains(state.name.as_str()) {
            let message = format!("the state `{}` is never reached", state.name);
            problems.add(state.at, message);
        }
    }
    loops::check(definition, problems);
}

/// A role that a state awaits must have an action, a prompt and a deadline.
fn turns(state: &State, problems: &Problems) {
    let Some(role) = &state.awaiting else {
        return;
    };
    let complain = |what: String| problems.add(state.at, what);
    if state.terminal {
        return complain(format!("`{}` is terminal and awaits `{role}`", state.name));
    }
    if state.is_left_at_once() {
        return complain(format!(
            "`{}` is left at once and awaits `{role}`",
            state.name
        ));
    }
    if !state.actions.iter().any(|action| action.by.contains(role)) {
        let what = format!("`{}` awaits `{role}`, who can do nothing in it", state.name);
        complain(what);
    }
    if !state.prompts.contains_key(role) {
        let what = format!(
            "`{}` awaits `{role}` and does not ask them: `prompt`",
            state.name
        );
        complain(what);
    }
    if state.deadline.is_none() {
        let what = format!("`{}` awaits `{role}` without a deadline", state.name);
        let help = "`deadline = { after = \"P3D\", to = \"…\" }`, here or in [defaults]";
        problems.advise(state.at, what, help);
    }
}

/// The states to which effects may lead.
pub(crate) fn targets(effects: &Effects) -> impl Iterator<Item = &str> {
    effects.to.iter().map(|branch| branch.to.as_str())
}

/// The states that may follow a state without staff: by actions, by itself, by payment.
pub(crate) fn ways<'d>(definition: &'d Definition, state: &'d State) -> Vec<&'d str> {
    let by_people = |action: &&std::sync::Arc<Action>| action.by.iter().any(|who| who != STAFF);
    let actions = state.actions.iter().filter(by_people);
    let deadline = state
        .deadline
        .iter()
        .map(|deadline| &deadline.outcome.effects);
    let payment = state.payment.iter().map(|payment| &payment.paid.effects);
    let all_effects = actions
        .map(|action| &action.effects)
        .chain(deadline)
        .chain(payment)
        .chain(&state.then);
    let mut found: Vec<&str> = all_effects.flat_map(targets).collect();
    let limits: Vec<&str> = found
        .iter()
        .filter_map(|name| definition.states.get(*name)?.visits.as_ref())
        .map(|visits| visits.otherwise.as_str())
        .collect();
    found.extend(limits);
    found
}

fn ways_out(definition: &Definition, state: &State, problems: &Problems) {
    if state.terminal {
        if state.then.is_some() || state.deadline.is_some() || state.payment.is_some() {
            let message = format!("`{}` is terminal and goes on by itself", state.name);
            problems.add(state.at, message);
        }
        return;
    }
    if !ways(definition, state).iter().any(|to| *to != state.name) {
        let message = format!("there is no way out of `{}` but staff", state.name);
        problems.add(state.at, message);
    } else if !ends(definition, state) {
        let message = format!("no way from `{}` leads to an end", state.name);
        problems.add(state.at, message);
    }
    if state.is_left_at_once() && !(state.prompts.is_empty() && state.payment.is_none()) {
        let message = format!(
            "`{}` is left at once, so it cannot have a prompt",
            state.name
        );
        problems.add(state.at, message);
    }
}

/// Whether some path leads to a terminal state.
fn ends(definition: &Definition, state: &State) -> bool {
    builder(definition, vec![state.name.as_str()], |state| {
        ways(definition, state)
    })
    .into_iter()
    .any(|name| definition.state(name).is_some_and(|state| state.terminal))
}

fn builder<'d>(
    definition: &'d Definition,
    mut waiting: Vec<&'d str>,
    next: impl Fn(&'d State) -> Vec<&'d str>,
) -> BTreeSet<&'d str> {
    let mut seen = BTreeSet::new();
    while let Some(name) = waiting.pop() {
        if let Some(state) = definition.states.get(name)
            && seen.insert(name)
        {
            waiting.extend(next(state));
        }
    }
    seen
}

/// All states that a deal may reach, also by staff and payments.
fn reachable(definition: &Definition) -> BTreeSet<&str> {
    let mut begin = vec![definition.initial.as_str()];
    if let Some(money) = &definition.money {
        let all = [
            &money.late,
            &money.wrong_amount,
            &money.repeated,
            &money.refunded,
        ];
        let policies = all.into_iter().flatten();
        begin.extend(policies.flat_map(|policy| targets(&policy.effects)));
    }
    builder(definition, begin, |state| {
        let staff = state
            .actions
            .iter()
            .flat_map(|action| targets(&action.effects));
        let mut found = ways(definition, state);
        found.extend(staff);
        let limits = found
            .iter()
            .filter_map(|name| definition.state(name)?.visits.as_ref());
        let limits: Vec<&str> = limits.map(|visits| visits.otherwise.as_str()).collect();
        found.extend(limits);
        found
    })
}

fn timers(state: &State, problems: &Problems) {
    let Some(last) = state.reminders.last() else {
        return;
    };
    match &state.deadline {
        None => {
            let message = format!("`{}` has reminders and no deadline", state.name);
            problems.add(state.at, message);
        }
        Some(deadline) if last.after >= deadline.after => {
            let message = format!("`{}` reminds after its deadline", state.name);
            problems.add(state.at, message);
        }
        Some(_) => {}
    }
}

fn money(definition: &Definition, state: &State, problems: &Problems) {
    let Some(payment) = &state.payment else {
        return;
    };
    if definition.money.is_none() {
        let message = format!(
            "`{}` asks for money, but there are no policies for late, wrong, repeated or refunded payments",
            state.name
        );
        let help = "a table [payment] with late, wrong_amount, repeated and refunded";
        problems.advise(state.at, message, help);
    }
    let pays =
        |action: &std::sync::Arc<Action>| action.checkout && action.by.contains(&payment.payer);
    if !state.actions.iter().any(pays) {
        let message = format!(
            "`{}` asks `{}` for money without an action that opens the checkout",
            state.name, payment.payer
        );
        let help = "an action from it, by the payer, with `checkout = true`";
        problems.advise(state.at, message, help);
    }
}

/// An action by `timer` or `payment` must be named by one; a checkout needs a payment.
fn used(definition: &Definition, action: &Action, problems: &Problems) {
    let states = || action.from.iter().filter_map(|name| definition.state(name));
    if action.checkout && states().any(|state| state.payment.is_none()) {
        let message = format!(
            "`{}` opens a checkout in a state without a payment",
            action.name
        );
        problems.add(action.at, message);
    }
    for who in ["timer", "payment"] {
        if !action.by.iter().any(|name| name == who) {
            continue;
        }
        for state in states() {
            let deadline = state.deadline.iter().map(|deadline| &deadline.outcome);
            let paid = state.payment.iter().map(|payment| &payment.paid);
            let mut found = deadline
                .filter(|_| who == "timer")
                .chain(paid.filter(|_| who == "payment"));
            if !found.any(|outcome| outcome.action.as_ref() == Some(&action.name)) {
                let message = format!("no {who} of `{}` does `{}`", state.name, action.name);
                let help = format!(
                    "`do = \"{}\"` there, or take the state out of `from`",
                    action.name
                );
                problems.advise(action.at, message, help);
            }
        }
    }
    if action.from.is_empty() {
        let message = format!("`{}` begins in no state", action.name);
        problems.add(action.at, message);
    }
}
