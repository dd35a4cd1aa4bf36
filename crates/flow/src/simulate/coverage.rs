//! Names the transitions of a flow, and those that a step made.

use chrono::{DateTime, Utc};
use serde_json::{Map, json};
use std::collections::BTreeMap;

use crate::definition::{Definition, Effects, MoneyPolicy, State};
use crate::machine::{first_that_holds, reminder};
use crate::{FlowActor, FlowInput, Instance, PaymentOutcome, Transition};
use language::expression::Facts;
use language::value::of_money;

/// The names of all transitions: each branch of each action (from any state), deadline, reminder, payment,
/// limit of visits and payment policy.
pub fn transitions(definition: &Definition) -> Vec<String> {
    let mut found = Vec::new();
    for name in &definition.reading_order {
        if let Some(state) = definition.state(name) {
            of_state(state, &mut found);
        }
    }
    for action in &definition.actions {
        found.extend(branches(&action.name, &action.effects));
    }
    if let Some(money) = &definition.money {
        let all = [
            ("paid_late", &money.late),
            ("wrong_amount", &money.wrong_amount),
            ("paid_again", &money.repeated),
            ("refunded", &money.refunded),
        ];
        for (what, policies) in all {
            found.extend((1..=policies.len()).map(|index| policy_name(what, index)));
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|name| seen.insert(name.clone()));
    found
}

fn of_state(state: &State, found: &mut Vec<String>) {
    let name = &state.name;
    for index in 0..state.reminders.len() {
        found.push(format!("{name}: {}", reminder(index)));
    }
    if let Some(deadline) = &state.deadline
        && deadline.outcome.action.is_none()
    {
        let what = format!("{name}: deadline");
        found.extend(branches(&what, &deadline.outcome.effects));
    }
    if let Some(payment) = &state.payment {
        found.push(format!("{name}: payment_ready"));
        found.push(format!("{name}: payment_failed"));
        if payment.paid.action.is_none() {
            found.extend(branches(&format!("{name}: paid"), &payment.paid.effects));
        }
    }
    if let Some(then) = &state.then {
        found.extend(branches(&format!("{name}: then"), then));
    }
    if let Some(visits) = &state.visits {
        found.push(too_often(name, &visits.otherwise));
    }
}

fn branches(what: &str, effects: &Effects) -> Vec<String> {
    if effects.to.is_empty() {
        return vec![what.to_owned()];
    }
    let branches = effects.to.iter();
    branches
        .map(|branch| format!("{what} → {}", branch.to))
        .collect()
}

fn too_often(state: &str, otherwise: &str) -> String {
    format!("{state}: too often → {otherwise}")
}

fn policy_name(what: &str, index: usize) -> String {
    format!("{what}: policy {index}")
}

/// The names of the transitions that a step made.
pub fn made(
    definition: &Definition,
    before: Option<&Instance>,
    actor: &FlowActor,
    input: Option<&FlowInput>,
    taken: &[Transition],
    now: DateTime<Utc>,
) -> Vec<String> {
    let mut found = Vec::new();
    for transition in taken {
        names_of(definition, transition, &mut found);
    }
    if let (Some(before), Some(FlowInput::Payment { order, outcome })) = (before, input) {
        let awaited = before.payment.as_ref();
        let awaited = awaited.is_some_and(|payment| payment.order == *order);
        found.extend(policy(definition, before, actor, outcome, awaited, now));
    }
    found
}

fn names_of(definition: &Definition, transition: &Transition, found: &mut Vec<String>) {
    let action = definition.action(&transition.action);
    let state = transition
        .from
        .as_deref()
        .and_then(|from| definition.state(from));
    let (what, effects) = match (action, state) {
        (Some(action), _) => (action.name.clone(), Some(&action.effects)),
        (None, Some(state)) => {
            let what = format!("{}: {}", state.name, transition.action);
            let effects = match transition.action.as_str() {
                "deadline" => state.deadline.as_ref().map(|found| &found.outcome.effects),
                "paid" => state.payment.as_ref().map(|found| &found.paid.effects),
                "then" => state.then.as_ref(),
                _ => {
                    too_often_by_policy(definition, transition, found);
                    None
                }
            };
            (what, effects)
        }
        (None, None) => return,
    };
    let Some(effects) = effects.filter(|effects| !effects.to.is_empty()) else {
        found.push(what);
        return;
    };
    if effects.to.iter().any(|branch| branch.to == transition.to) {
        found.push(format!("{what} → {}", transition.to));
        return;
    }
    limits(definition, [effects].into_iter(), transition, found);
}

fn too_often_by_policy(definition: &Definition, transition: &Transition, found: &mut Vec<String>) {
    let Some(money) = &definition.money else {
        return;
    };
    let policies = match transition.action.as_str() {
        "paid_late" => &money.late,
        "wrong_amount" => &money.wrong_amount,
        "paid_again" => &money.repeated,
        "refunded" => &money.refunded,
        _ => return,
    };
    let all_effects = || policies.iter().map(|policy| &policy.effects);
    let mut branches = all_effects().flat_map(|effects| &effects.to);
    if transition.from.as_ref() != Some(&transition.to)
        && !branches.any(|branch| branch.to == transition.to)
    {
        limits(definition, all_effects(), transition, found);
    }
}

/// The limits of visits that redirected a transition.
fn limits<'a>(
    definition: &Definition,
    all_effects: impl Iterator<Item = &'a Effects>,
    transition: &Transition,
    found: &mut Vec<String>,
) {
    let branches = all_effects.flat_map(|effects| &effects.to);
    for state in branches.filter_map(|branch| definition.state(&branch.to)) {
        let visits = state.visits.as_ref();
        if let Some(visits) = visits.filter(|visits| visits.otherwise == transition.to) {
            found.push(too_often(&state.name, &visits.otherwise));
        }
    }
}

/// The payment policy that was applied.
fn policy(
    definition: &Definition,
    before: &Instance,
    actor: &FlowActor,
    outcome: &PaymentOutcome,
    awaited: bool,
    now: DateTime<Utc>,
) -> Option<String> {
    let money = definition.money.as_ref()?;
    let mut input = Map::new();
    let (what, policies): (&str, &Vec<MoneyPolicy>) = match outcome {
        PaymentOutcome::Paid if !awaited => ("paid_late", &money.late),
        PaymentOutcome::WrongAmount { paid } => {
            input.insert("paid".to_owned(), json!(of_money(paid)));
            ("wrong_amount", &money.wrong_amount)
        }
        PaymentOutcome::Repeated => ("paid_again", &money.repeated),
        PaymentOutcome::Refunded => ("refunded", &money.refunded),
        PaymentOutcome::Ready { .. } | PaymentOutcome::Paid | PaymentOutcome::Failed => {
            return None;
        }
    };
    let visits: &BTreeMap<String, u32> = &before.visits;
    let facts = Facts {
        context: &before.context,
        input: &input,
        visits,
        actor: actor.into(),
        now,
    };
    let policy = first_that_holds(definition, policies, facts)?;
    let index = policies
        .iter()
        .position(|other| std::ptr::eq(other, policy))?;
    Some(policy_name(what, index + 1))
}
