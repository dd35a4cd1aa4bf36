//! The names that the front end has for a deal's actions and fields, where the flows have others. A name counts only if the state has no
//! action of that name that the press can be.

use serde_json::{Map, Value};

use crate::domain::flow::AvailableAction;

/// A name of the front end, the state in which it is pressed, and the flow's action. Of several, the first counts whose form the press
/// fills in.
const ACTIONS: [(&str, &str, &str); 22] = [
    ("accept", "influencer_responding", "accept_connection"),
    ("reject", "influencer_responding", "reject_connection"),
    ("deny_project", "influencer_reviewing", "reject_project"),
    (
        "negotiate_price",
        "influencer_price_response",
        "ask_for_better_offer",
    ),
    (
        "send_counter_offer",
        "influencer_price_response",
        "negotiate_price",
    ),
    (
        "agree_negotiation",
        "brand_owner_negotiation",
        "reject_negotiation",
    ),
    (
        "agree_negotiation",
        "brand_owner_negotiation",
        "make_counter_offer",
    ),
    (
        "reject_negotiation",
        "brand_owner_negotiation",
        "close_conversation",
    ),
    (
        "send_negotiated_price",
        "negotiation_input",
        "send_counter_offer",
    ),
    (
        "send_negotiated_price",
        "brand_owner_negotiation",
        "reject_negotiation",
    ),
    (
        "accept_counter_offer",
        "brand_owner_negotiation",
        "accept_negotiation",
    ),
    (
        "reject_counter_offer",
        "brand_owner_negotiation",
        "close_conversation",
    ),
    (
        "make_final_offer",
        "brand_owner_negotiation",
        "reject_negotiation",
    ),
    (
        "make_final_offer",
        "negotiation_input",
        "send_counter_offer",
    ),
    (
        "accept_negotiated_price",
        "influencer_final_response",
        "accept_final_offer",
    ),
    (
        "accept_final_price",
        "influencer_final_response",
        "accept_final_offer",
    ),
    (
        "reject_negotiated_price",
        "influencer_final_response",
        "reject_final_offer",
    ),
    (
        "reject_final_price",
        "influencer_final_response",
        "reject_final_offer",
    ),
    (
        "continue_negotiate",
        "influencer_final_response",
        "ask_for_better_offer",
    ),
    (
        "negotiate_price",
        "influencer_final_response",
        "ask_for_better_offer",
    ),
    ("pay_now", "payment_pending", "proceed_to_payment"),
    ("resubmit_work", "work_in_progress", "submit_work"),
];

/// A name of the front end, and the flow's field.
const FIELDS: [(&str, &str); 6] = [
    ("price_offer", "price"),
    ("new_price", "price"),
    ("negotiated_price", "price"),
    ("project_details", "details"),
    ("feedback", "comment"),
    ("notes", "submission_notes"),
];

/// The names under which the front end is shown the field of a prompt, by the state and the flow's field. A press may name each of them.
const SHOWN: [(&str, &str, &str); 5] = [
    ("brand_owner_details", "details", "project_details"),
    ("brand_owner_pricing", "price", "price_offer"),
    ("influencer_price_response", "price", "new_price"),
    ("brand_owner_negotiation", "price", "new_price"),
    ("negotiation_input", "price", "new_price"),
];

/// The name under which a prompt of this state shows a field: the flow's, where the front end has none for it.
pub fn shown<'a>(state: &str, field: &'a str) -> &'a str {
    let found = SHOWN
        .iter()
        .find(|(at, name, _)| (*at, *name) == (state, field));
    found.map_or(field, |(.., shown)| shown)
}

/// The flow's name of a field.
pub fn field(name: &str) -> &str {
    let found = FIELDS.iter().find(|(alias, _)| *alias == name);
    found.map_or(name, |(_, field)| field)
}

/// The value that a press gives for a field, under the flow's name or the front end's.
pub fn value_of<'a>(additional: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let aliases = FIELDS.iter().filter(|(_, field)| *field == name);
    let mut names = std::iter::once(name).chain(aliases.map(|(alias, _)| *alias));
    names.find_map(|name| additional.get(name))
}

/// The name that a button stands for: `handle_negotiation` says in its form whether the brand owner agrees.
pub fn button<'a>(name: &'a str, additional: &Map<String, Value>) -> &'a str {
    match (name, additional.get("action").and_then(Value::as_str)) {
        ("handle_negotiation", Some("agree")) => "agree_negotiation",
        ("handle_negotiation", Some("reject")) => "reject_negotiation",
        (name, _) => name,
    }
}

/// The flow's actions that a name can stand for in a state, in the order in which they count.
pub fn in_state<'a>(name: &'a str, state: &'a str) -> impl Iterator<Item = &'static str> + 'a {
    let meant = ACTIONS
        .iter()
        .filter(move |(alias, at, _)| (*alias, *at) == (name, state));
    meant.map(|(_, _, action)| *action)
}

/// The flow's actions that a name can stand for in any state.
pub fn anywhere(name: &str) -> impl Iterator<Item = &'static str> + '_ {
    let meant = ACTIONS.iter().filter(move |(alias, ..)| *alias == name);
    meant.map(|(_, _, action)| *action)
}

/// Whether a press gives everything that an action requires.
pub fn fills_in(available: &AvailableAction, additional: &Map<String, Value>) -> bool {
    let mut required = available.input.iter().filter(|field| field.required);
    required.all(|field| value_of(additional, &field.name).is_some_and(|value| !value.is_null()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_press_may_name_each_field_as_the_prompt_shows_it() {
        for (state, name, front) in SHOWN {
            assert_eq!(shown(state, name), front);
            assert_eq!(field(front), name);
        }
    }

    #[test]
    fn a_state_of_another_flow_shows_the_names_of_its_fields() {
        assert_eq!(shown("pricing", "price"), "price");
        assert_eq!(shown("brand_owner_pricing", "details"), "details");
    }
}
