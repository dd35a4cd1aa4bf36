//! Compares the result of a script's step with its expectations.

use serde_json::Value;

use super::playing::Found;
use super::script::{Expected, ExpectedEvent};
use crate::definition::Definition;
use crate::machine;
use crate::{FlowActor, Instance, PLATFORM, STAFF, WebhookEvent};

/// All differences, each as a sentence.
pub(super) fn differences(
    definition: &Definition,
    instance: Option<&Instance>,
    expect: &Expected,
    found: &Found,
) -> Vec<String> {
    let mut differences = unknown_names(definition, expect);
    refusal(expect, found, &mut differences);
    if let Some(instance) = instance {
        deal_view(definition, instance, expect, &mut differences);
    }
    heard(expect, found, &mut differences);
    if let Some(wanted) = &expect.events {
        events(wanted, &found.events, &mut differences);
    }
    if let Some(wanted) = &expect.refunds {
        let shown = |list: &[String]| format!("[{}]", list.join(", "));
        let (wanted, found) = (shown(wanted), shown(&found.refunds));
        differ(&mut differences, "refunds", &wanted, &found);
    }
    if let Some(wanted) = &expect.orders {
        let (wanted, found) = (format!("{wanted:?}"), format!("{:?}", found.orders));
        differ(&mut differences, "orders", &wanted, &found);
    }
    differences
}

/// Names that the flow does not have. Comparing with them could succeed by accident.
fn unknown_names(definition: &Definition, expect: &Expected) -> Vec<String> {
    let mut found = Vec::new();
    let acts = |name: &str| {
        name == STAFF || name == PLATFORM || definition.roles.iter().any(|role| role == name)
    };
    let roles = expect.actions.iter().map(|(role, _)| role);
    found.extend(
        roles
            .filter(|role| !acts(role))
            .map(|role| no_such("role", role)),
    );
    let awaited = expect.awaiting.iter();
    let awaited = awaited
        .filter(|role| *role != "nobody" && !definition.roles.iter().any(|known| known == *role));
    found.extend(awaited.map(|role| no_such("role", role)));
    let states = expect.state.iter();
    let states = states.filter(|state| definition.state(state).is_none());
    found.extend(states.map(|state| no_such("state", state)));
    let values = expect.context.keys();
    let values = values.filter(|name| !definition.context.contains_key(*name));
    found.extend(values.map(|name| format!("the flow has no `ctx.{name}`")));
    found
}

/// The sentence about a name that the flow does not have.
pub(super) fn no_such(what: &str, name: &str) -> String {
    format!("the flow has no {what} `{name}`")
}

fn refusal(expect: &Expected, found: &Found, differences: &mut Vec<String>) {
    match (&expect.refused, &found.refusal) {
        (None, Some(refusal)) => {
            let code = refusal.code();
            differences.push(format!("refused: {code}: {}", refusal.message()));
        }
        (Some(wanted), None) => differences.push(format!("expected {wanted}, was not refused")),
        (Some(wanted), Some(refusal)) => {
            let code = refusal.code();
            differ(differences, "refusal", wanted, code);
        }
        (None, None) => {}
    }
}

fn deal_view(
    definition: &Definition,
    instance: &Instance,
    expect: &Expected,
    differences: &mut Vec<String>,
) {
    let deal_view = machine::deal_view(definition, instance);
    if let Some(wanted) = &expect.state {
        differ(differences, "state", wanted, &deal_view.state);
    }
    if let Some(wanted) = &expect.awaiting {
        let found = deal_view.awaiting_role.as_deref().unwrap_or("nobody");
        differ(differences, "awaiting", wanted, found);
    }
    for (role, wanted) in &expect.actions {
        let available_actions = match role.as_str() {
            PLATFORM => deal_view.actions_of_actors(&[FlowActor::System, FlowActor::Staff]),
            STAFF => deal_view.actions_of(None).iter().collect(),
            role => deal_view.actions_of(Some(role)).iter().collect(),
        };
        let found: Vec<&str> = available_actions
            .iter()
            .map(|available| available.action.as_str())
            .collect();
        actions(role, wanted, &found, differences);
    }
    for (name, wanted) in &expect.context {
        let found = instance.context.get(name);
        let found = found.map_or_else(|| "nothing".to_owned(), ToString::to_string);
        let what = format!("ctx.{name}");
        differ(differences, &what, &wanted.to_string(), &found);
    }
}

/// Compares actions in the order of the buttons.
fn actions(role: &str, wanted: &[String], found: &[&str], differences: &mut Vec<String>) {
    let mut sorted: [Vec<&str>; 2] = [wanted.iter().map(String::as_str).collect(), found.to_vec()];
    let (left, right) = (wanted.join(", "), found.join(", "));
    sorted.iter_mut().for_each(|names| names.sort_unstable());
    let [sorted_wanted, sorted_found] = sorted;
    if left != right && sorted_wanted == sorted_found {
        differences.push(format!(
            "actions of {role}: expected {left}, found {right}: another order (buttons stand in the order of the file)"
        ));
    } else {
        differ(differences, &format!("actions of {role}"), &left, &right);
    }
}

fn heard(expect: &Expected, found: &Found, differences: &mut Vec<String>) {
    let mut said = found.says.iter();
    for wanted in &expect.says {
        if said.any(|body| body.contains(wanted)) {
            continue;
        }
        let all = found.says.iter().map(|body| body.replace('\n', " / "));
        let all = all.collect::<Vec<String>>().join("\n      ");
        differences.push(format!(
            "expected to hear \"{wanted}\" (in this order); heard:\n      {all}"
        ));
        return;
    }
}

fn events(wanted: &[ExpectedEvent], found: &[WebhookEvent], differences: &mut Vec<String>) {
    let names = |names: Vec<&str>| format!("[{}]", names.join(", "));
    let (left, right) = (
        names(wanted.iter().map(|event| event.event.as_str()).collect()),
        names(found.iter().map(|event| event.event.as_str()).collect()),
    );
    if left != right {
        return differ(differences, "events", &left, &right);
    }
    for (wanted, found) in wanted.iter().zip(found) {
        for (name, value) in &wanted.with {
            let what = format!("{}: {name}", wanted.event);
            let told = found.data.get(name);
            let told = told.map_or_else(|| "nothing".to_owned(), Value::to_string);
            differ(differences, &what, &value.to_string(), &told);
        }
        for name in &wanted.without {
            let told = found.data.get(name).filter(|value| !value.is_null());
            if let Some(told) = told {
                let what = format!("{}: {name}", wanted.event);
                differ(differences, &what, "null", &told.to_string());
            }
        }
    }
}

fn differ(differences: &mut Vec<String>, what: &str, wanted: &str, found: &str) {
    if wanted != found {
        differences.push(format!("{what}: expected {wanted}, found {found}"));
    }
}
