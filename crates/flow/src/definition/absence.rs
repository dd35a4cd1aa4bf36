//! Warns of values that may be missing when a step needs them.
//!
//! For each state, it computes the values that are present on every path to it: the context at the start,
//! values set on the way, and values that guards and conditions require. A deal migrated from an older version
//! may still lack some of them; the machine then refuses the step.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Definition, Effects, MoneyPolicy, State};
use crate::Field;
use language::expression::{Expression, Present};
use language::problem::Problems;

/// What happens with a step that cannot be computed.
#[derive(Clone, Copy)]
enum Otherwise {
    Refused,
    LeftToStaff,
}

/// The values that are certainly present in each state reached so far.
#[derive(Default)]
struct Reached<'d> {
    present: BTreeMap<&'d str, Present>,
    /// The states whose values have changed since they were last processed.
    changed: BTreeSet<&'d str>,
}

/// Warns of every expression that may lack a value.
pub(super) fn check(definition: &Definition, problems: &Problems) {
    let after_payment = after_payment(definition);
    let mut reached = Reached::default();
    let known = definition.context.iter();
    let begun = known.filter(|(_, field)| field.required || field.default.is_some());
    let begun = begun.map(|(name, _)| format!("ctx.{name}")).collect();
    arrive(definition, &mut reached, &definition.initial, begun);
    // Terminates, because the sets only shrink.
    while let Some(name) = reached.changed.pop_first() {
        let (Some(state), Some(present)) = (definition.state(name), reached.present.get(name))
        else {
            continue;
        };
        for (effects, present, _) in
            all_effects(definition, state, &present.clone(), &after_payment)
        {
            leave(definition, &mut reached, state, effects, present);
        }
    }
    for state in definition.states.values() {
        let Some(present) = reached.present.get(state.name.as_str()) else {
            continue;
        };
        if let Some(payment) = &state.payment {
            let amount = &payment.amount;
            let lacking = amount.missing(present).or_else(|| amount.null_by(present));
            tell(problems, amount, lacking, &state.name, Otherwise::Refused);
        }
        for (effects, present, otherwise) in all_effects(definition, state, present, &after_payment)
        {
            warn(problems, state, effects, &present, otherwise);
        }
    }
}

/// All effects that may happen in a state, each with the values that are then certainly present.
fn all_effects<'d>(
    definition: &'d Definition,
    state: &'d State,
    present: &Present,
    after_payment: &BTreeSet<&str>,
) -> Vec<(&'d Effects, Present, Otherwise)> {
    let mut found = Vec::new();
    let mut present = present.clone();
    if let Some(payment) = &state.payment {
        present.extend(payment.amount.needs_as_value());
        found.push((
            &payment.paid.effects,
            present.clone(),
            Otherwise::LeftToStaff,
        ));
    }
    for action in &state.actions {
        let present = pressed(action, &present);
        found.push((&action.effects, present, Otherwise::Refused));
    }
    if let Some(deadline) = &state.deadline {
        let effects = &deadline.outcome.effects;
        found.push((effects, present.clone(), Otherwise::LeftToStaff));
    }
    if let Some(then) = &state.then {
        found.push((then, present.clone(), Otherwise::Refused));
    }
    if after_payment.contains(state.name.as_str()) {
        for policy in policies(definition, state) {
            let mut present = present.clone();
            present.insert("input.paid".to_owned());
            present.extend(policy.when.iter().flat_map(Expression::implies));
            found.push((&policy.effects, present, Otherwise::LeftToStaff));
        }
    }
    found
}

fn pressed(action: &Action, present: &Present) -> Present {
    let required = action.input.iter().filter(|field: &&Field| field.required);
    let required = required.map(|field| format!("input.{}", field.name));
    let mut present: Present = present.iter().cloned().chain(required).collect();
    present.extend(action.guard.iter().flat_map(Expression::implies));
    present
}

/// The values that are present after effects have set values and computed their events.
fn followed(effects: &Effects, mut present: Present) -> Present {
    present.extend(effects.set.iter().flat_map(|setting| setting.value.needs()));
    let before = present.clone();
    for setting in &effects.set {
        let name = format!("ctx.{}", setting.name);
        match setting.value.null_by(&before) {
            Some(_) => present.remove(&name),
            None => present.insert(name),
        };
    }
    present
}

/// Follows effects out of a state, or back into it.
fn leave<'d>(
    definition: &'d Definition,
    reached: &mut Reached<'d>,
    state: &'d State,
    effects: &'d Effects,
    present: Present,
) {
    let mut present = followed(effects, present);
    let values = effects.emit.iter().flat_map(|emission| &emission.values);
    present.extend(values.flat_map(|setting| setting.value.needs()));
    let carried = |present: &Present| {
        let context = present.iter().filter(|name| name.starts_with("ctx."));
        context.cloned().collect::<Present>()
    };
    if effects.to.is_empty() {
        arrive(definition, reached, &state.name, carried(&present));
    }
    for branch in &effects.to {
        let mut present = present.clone();
        present.extend(branch.when.iter().flat_map(Expression::implies));
        arrive(definition, reached, &branch.to, carried(&present));
    }
}

/// Enters a state, or the one that replaces it after too many visits.
fn arrive<'d>(definition: &'d Definition, reached: &mut Reached<'d>, name: &str, present: Present) {
    let mut next = definition.state(name);
    for _ in 0..=definition.states.len() {
        let Some(state) = next else { return };
        let name = state.name.as_str();
        match reached.present.get_mut(name) {
            None => {
                reached.present.insert(name, present.clone());
                reached.changed.insert(name);
            }
            Some(known) => {
                let before = known.len();
                known.retain(|value| present.contains(value));
                if known.len() < before {
                    reached.changed.insert(name);
                }
            }
        }
        let visits = state.visits.as_ref();
        next = visits.and_then(|visits| definition.state(&visits.otherwise));
    }
}

/// The states in which a payment may be reported: those with a payment, and all that may follow.
fn after_payment(definition: &Definition) -> BTreeSet<&str> {
    let paying = definition.states.values();
    let paying = paying.filter(|state| state.payment.is_some());
    let mut waiting: Vec<&str> = paying.map(|state| state.name.as_str()).collect();
    let mut seen = BTreeSet::new();
    while let Some(name) = waiting.pop() {
        let Some(state) = definition.state(name).filter(|_| seen.insert(name)) else {
            continue;
        };
        let actions = state.actions.iter().map(|action| &action.effects);
        let deadline = state.deadline.iter().map(|found| &found.outcome.effects);
        let paid = state.payment.iter().map(|payment| &payment.paid.effects);
        let money = policies(definition, state).map(|policy| &policy.effects);
        let all_effects = actions
            .chain(deadline)
            .chain(paid)
            .chain(&state.then)
            .chain(money);
        let targets = all_effects.flat_map(|effects| &effects.to);
        waiting.extend(targets.map(|branch| branch.to.as_str()));
        waiting.extend(state.visits.iter().map(|visits| visits.otherwise.as_str()));
    }
    seen
}

/// The policies by which a payment may move a deal in a state. A wrong amount moves it only while its order is
/// awaited.
fn policies<'d>(
    definition: &'d Definition,
    state: &State,
) -> impl Iterator<Item = &'d MoneyPolicy> {
    let is_awaited = state.payment.is_some();
    let money = definition.money.iter();
    money.flat_map(move |money| {
        let wrong = money.wrong_amount.iter().filter(move |_| is_awaited);
        let others = [&money.late, &money.repeated, &money.refunded];
        others.into_iter().flatten().chain(wrong)
    })
}

fn warn(
    problems: &Problems,
    state: &State,
    effects: &Effects,
    present: &Present,
    otherwise: Otherwise,
) {
    for setting in &effects.set {
        let lacking = setting.value.missing(present);
        tell(problems, &setting.value, lacking, &state.name, otherwise);
    }
    let after = followed(effects, present.clone());
    for setting in effects.emit.iter().flat_map(|emission| &emission.values) {
        let lacking = setting.value.missing(&after);
        tell(problems, &setting.value, lacking, &state.name, otherwise);
    }
}

fn tell(
    problems: &Problems,
    expression: &Expression,
    lacking: Option<String>,
    state: &str,
    otherwise: Otherwise,
) {
    let Some(name) = lacking else { return };
    let otherwise = match otherwise {
        Otherwise::Refused => "then the step is refused",
        Otherwise::LeftToStaff => "then staff have to decide",
    };
    let message = format!("`{name}` may be absent in `{state}`; {otherwise}");
    let help = format!("make sure that it is there, or write `{name} != null ? … : …`");
    problems.warn(expression.at, message, help);
}
