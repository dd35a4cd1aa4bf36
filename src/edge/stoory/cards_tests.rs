//! The cards that Stoory's front end renders.

use serde_json::{Value, json};

use super::*;
use crate::domain::flow::Field;

fn field(name: &str, kind: FieldKind, required: bool) -> Field {
    Field {
        name: name.to_owned(),
        label: Some("A label".to_owned()),
        kind,
        required,
        min: (kind == FieldKind::Money).then_some(150),
        max: None,
        max_length: (kind == FieldKind::Textarea).then_some(1_000),
        placeholder: None,
        currency: (kind == FieldKind::Money).then(|| "INR".to_owned()),
    }
}

fn available(action: &str, input: Vec<Field>) -> AvailableAction {
    AvailableAction {
        action: action.to_owned(),
        label: format!("Do {action}"),
        style: Style::Success,
        input,
    }
}

fn kept(actions: Vec<AvailableAction>, done: Value) -> StoredCard {
    let card = Card {
        title: "You are offered ₹5,000.00".to_owned(),
        subtitle: Some("What do you say?".to_owned()),
        state: "influencer_price_response".to_owned(),
        state_version: 7,
        visible_to: "influencer".to_owned(),
        actions,
        deadline: None,
        payment_order: None,
    };
    let mut stored = serde_json::to_value(card).unwrap();
    stored["done"] = done;
    let text = RawValue::from_string(stored.to_string()).unwrap();
    StoredCard::read(&text).unwrap()
}

fn shown(actions: Vec<AvailableAction>) -> Value {
    let data = kept(actions, Value::Null).into_action_data(MessageKind::Automated);
    serde_json::to_value(data).unwrap()
}

#[test]
fn an_action_with_one_field_is_typed_and_the_others_are_pressed() {
    let price = field("price", FieldKind::Money, true);
    let shown = shown(vec![
        available("accept_price", vec![]),
        available("negotiate_price", vec![price]),
    ]);
    assert_eq!(
        shown,
        json!({
            "title": "You are offered ₹5,000.00",
            "subtitle": "What do you say?",
            "buttons": [{ "id": "accept_price", "text": "Do accept_price", "style": "success", "action": "accept_price", "data": {} }],
            "input_field": { "id": "new_price", "type": "number", "placeholder": "A label", "required": true, "min": 1.5 },
            "submit_button": { "text": "Do negotiate_price", "style": "success" },
            "flow_state": "influencer_price_response",
            "message_type": "influencer_price_response",
            "visible_to": "influencer",
        })
    );
}

#[test]
fn a_form_of_several_fields_is_a_button_that_names_them() {
    let text = |name: &str, required| field(name, FieldKind::Textarea, required);
    let shown = shown(vec![
        available(
            "submit_work",
            vec![text("deliverables", true), text("notes", false)],
        ),
        available("approve_work", vec![text("comment", false)]),
    ]);
    assert_eq!(shown.get("input_field"), None);
    let fields = &shown["buttons"][0]["data"]["fields"];
    assert_eq!(
        (&fields[0]["id"], &fields[0]["maxLength"]),
        (&json!("deliverables"), &json!(1_000))
    );
    assert_eq!(
        shown["buttons"][1]["id"], "approve_work",
        "what may be left empty is pressed"
    );
}

#[test]
fn of_two_that_are_typed_the_second_is_pressed() {
    let price = || vec![field("price", FieldKind::Money, true)];
    let shown = shown(vec![available("ask", price()), available("offer", price())]);
    assert_eq!(shown["submit_button"]["text"], "Do ask");
    assert_eq!(shown["buttons"].as_array().unwrap().len(), 1);
    assert_eq!(shown["buttons"][0]["id"], "offer");
}

#[test]
fn a_card_asks_until_it_was_answered() {
    let one = || vec![available("accept_price", vec![])];
    assert!(kept(one(), Value::Null).asks() && !kept(one(), Value::Null).is_done());
    let answered = kept(
        one(),
        json!({ "action": "accept_price", "actor": "influencer" }),
    );
    assert!(!answered.asks() && answered.is_done());
    assert!(!kept(vec![], Value::Null).asks(), "nothing can be pressed");
}
