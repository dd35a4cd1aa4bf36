//! The action that a click or a text means, and its form.

use serde_json::{Value, json};

use super::*;
use crate::domain::flow::Style;

fn field(name: &str, kind: FieldKind, required: bool) -> Field {
    Field {
        name: name.to_owned(),
        label: None,
        kind,
        required,
        min: None,
        max: None,
        max_length: None,
        placeholder: None,
        currency: (kind == FieldKind::Money).then(|| "INR".to_owned()),
    }
}

fn available(action: &str, input: Vec<Field>) -> AvailableAction {
    AvailableAction {
        action: action.to_owned(),
        label: action.to_owned(),
        style: Style::Primary,
        input,
    }
}

fn price(action: &str) -> AvailableAction {
    available(action, vec![field("price", FieldKind::Money, true)])
}

fn comment(action: &str, required: bool) -> AvailableAction {
    available(
        action,
        vec![field("comment", FieldKind::Textarea, required)],
    )
}

fn text(text: &str, input_type: Option<&str>) -> DealInput {
    DealInput::Text {
        text: text.to_owned(),
        input_type: input_type.map(str::to_owned),
    }
}

fn click(button: &str, additional: Value) -> DealInput {
    DealInput::Click {
        button: button.to_owned(),
        additional: additional.as_object().cloned().unwrap_or_default(),
    }
}

fn form(input: &DealInput, available: &AvailableAction) -> Result<Value, Refusal> {
    let agreed = json!({ "offer": { "amount": 500_000, "currency": "INR" } });
    input
        .form(available, agreed.as_object().unwrap())
        .map(Value::Object)
}

fn rupees(amount: i64) -> Value {
    json!({ "price": { "amount": amount * 100, "currency": "INR" } })
}

/// The action that takes a text of this `input_type`.
fn meant(available_actions: &[AvailableAction], word: Option<&str>) -> Option<String> {
    let found = text("x", word).meant_among("any", available_actions);
    found.map(|available| available.action.clone())
}

#[test]
fn the_type_of_an_input_names_an_action() {
    let responding = [available("accept_price", vec![]), price("negotiate_price")];
    let reviewing = [
        comment("approve_work", false),
        comment("request_revision", true),
    ];
    for word in [
        None,
        Some(""),
        Some("negotiation"),
        Some("price"),
        Some("number"),
        Some("negotiate_price"),
        Some("new_price"),
        Some("question"),
        Some("response"),
        Some("general"),
    ] {
        assert_eq!(
            meant(&responding, word).as_deref(),
            Some("negotiate_price"),
            "{word:?}"
        );
    }
    for word in [Some("accept_price"), Some("revision"), Some("textarea")] {
        assert_eq!(meant(&responding, word), None, "{word:?}");
    }
    assert_eq!(
        meant(&reviewing, Some("comment")).as_deref(),
        Some("request_revision")
    );
    assert_eq!(
        meant(&reviewing, Some("approve_work")).as_deref(),
        Some("approve_work")
    );
    assert_eq!(
        meant(&reviewing, Some("response")).as_deref(),
        Some("request_revision")
    );
    let named = [comment("request_revision", true), price("response")];
    assert_eq!(
        meant(&named, Some("response")).as_deref(),
        Some("response"),
        "an action of that name comes first"
    );
    assert_eq!(meant(&reviewing[..1], Some("response")), None);
    assert_eq!(meant(&reviewing, Some("negotiation")), None);
    assert_eq!(meant(&[], None), None);
}

#[test]
fn a_text_fills_in_one_field() {
    let work = available(
        "submit_work",
        vec![
            field("a", FieldKind::Text, true),
            field("b", FieldKind::Text, true),
        ],
    );
    assert_eq!(meant(&[work], None), None);
}

#[test]
fn prices_are_in_rupees() {
    let action = price("send_price_offer");
    for additional in [
        json!({ "price": 5000 }),
        json!({ "price": "5,000" }),
        json!({ "price": "₹5000" }),
        json!({ "price": { "amount": 500_000, "currency": "INR" }, "note": "ignored" }),
    ] {
        assert_eq!(
            form(&click("send_price_offer", additional), &action),
            Ok(rupees(5_000))
        );
    }
    assert_eq!(form(&text("Rs 5000", None), &action), Ok(rupees(5_000)));
    let wrong = |input: &DealInput| match form(input, &action) {
        Err(Refusal::Invalid { field, .. }) => field.into_owned(),
        other => panic!("{other:?}"),
    };
    assert_eq!(wrong(&text("five thousand", None)), "text");
    assert_eq!(
        wrong(&click("send_price_offer", json!({ "price": "a lot" }))),
        "price"
    );
    let empty = click("send_price_offer", json!({ "price": " " }));
    assert_eq!(
        form(&empty, &action),
        Ok(json!({ "price": " " })),
        "the deal refuses it"
    );
}

#[test]
fn a_price_with_an_acceptance_must_be_the_current_one() {
    let action = available("accept_price", vec![]);
    let pressed = |additional| form(&click("accept_price", additional), &action);
    for same in [
        json!({}),
        json!({ "price": 5000 }),
        json!({ "price": "₹5,000" }),
        json!({ "price": null }),
    ] {
        assert_eq!(pressed(same), Ok(json!({})));
    }
    assert!(matches!(
        pressed(json!({ "price": 4000 })),
        Err(Refusal::Conflict(_))
    ));
    assert!(matches!(
        pressed(json!({ "price": [] })),
        Err(Refusal::Invalid { .. })
    ));
}

#[test]
fn other_fields_are_given_as_they_are() {
    let action = available(
        "x",
        vec![
            field("days", FieldKind::Number, true),
            field("note", FieldKind::Text, false),
        ],
    );
    let filled = form(
        &click("x", json!({ "days": " 7 ", "note": 5, "fields": [] })),
        &action,
    );
    assert_eq!(filled, Ok(json!({ "days": 7, "note": 5 })));
    let filled = form(&text("7", None), &action);
    assert_eq!(filled, Ok(json!({ "days": 7 })));
}

#[test]
fn a_press_is_the_same_again_by_its_action_and_its_form() {
    let action = price("send_price_offer");
    let filled = |input: &DealInput| input.form(&action, &Map::new()).unwrap();
    let first = filled(&click("send_price_offer", json!({ "price": 5000 })));
    let id = request_id(7, "send_price_offer", &first);
    let id = format!("somebody:with:colons/{id}");
    for again in [
        click(
            "send_price_offer",
            json!({ "price": "₹5,000", "at": "now" }),
        ),
        text("5000", Some("negotiation")),
    ] {
        assert!(was(&id, "send_price_offer", &filled(&again)), "{again:?}");
    }
    let other = filled(&text("5001", None));
    assert!(!was(&id, "send_price_offer", &other));
    assert!(!was(&id, "send_counter_offer", &first));
    for stranger in ["somebody/r-1", "", "::"] {
        assert!(!was(stranger, "send_price_offer", &first));
    }
    assert_ne!(request_id(7, "a", &first), request_id(8, "a", &first));
    assert!(request_id(i64::MAX, "a", &first).len() <= 64);
}

#[test]
fn a_name_of_the_front_end_stands_for_an_action_of_the_state() {
    let negotiating = [
        available("accept_negotiation", vec![]),
        available("make_counter_offer", vec![]),
        price("reject_negotiation"),
        available("close_conversation", vec![]),
    ];
    let meant = |button: &str, additional: Value| {
        let found = click(button, additional)
            .meant_among("brand_owner_negotiation", &negotiating)
            .cloned();
        found.map(|available| available.action)
    };
    let five = || json!({ "price": 5 });
    for (button, additional, action) in [
        ("agree_negotiation", json!({}), "make_counter_offer"),
        ("agree_negotiation", five(), "reject_negotiation"),
        (
            "handle_negotiation",
            json!({ "action": "agree" }),
            "make_counter_offer",
        ),
        (
            "handle_negotiation",
            json!({ "action": "reject" }),
            "close_conversation",
        ),
        ("reject_negotiation", json!({}), "close_conversation"),
        ("reject_negotiation", five(), "reject_negotiation"),
        (
            "reject_negotiation",
            json!({ "new_price": 5 }),
            "reject_negotiation",
        ),
        ("make_final_offer", five(), "reject_negotiation"),
        ("make_final_offer", json!({}), "reject_negotiation"),
        ("accept_counter_offer", json!({}), "accept_negotiation"),
    ] {
        assert_eq!(
            meant(button, additional).as_deref(),
            Some(action),
            "{button}"
        );
    }
    assert_eq!(meant("pay_now", json!({})), None);
    let dance = json!({ "action": "dance" });
    assert_eq!(meant("handle_negotiation", dance), None);
}

#[test]
fn a_flow_s_own_name_comes_before_the_front_end_s() {
    let own = [
        available("accept", vec![]),
        available("accept_connection", vec![]),
    ];
    let found = click("accept", json!({}))
        .meant_among("influencer_responding", &own)
        .cloned();
    assert_eq!(
        found.map(|available| available.action).as_deref(),
        Some("accept"),
        "a flow's own name comes first"
    );
}

#[test]
fn a_form_may_use_the_front_end_s_names_of_fields() {
    let offer = price("send_price_offer");
    let filled =
        click("send_price_offer", json!({ "price_offer": 5000 })).form(&offer, &Map::new());
    assert_eq!(Value::Object(filled.unwrap()), rupees(5000));
    let both = json!({ "price": 1, "new_price": 2 });
    let filled = click("send_price_offer", both).form(&offer, &Map::new());
    assert_eq!(
        Value::Object(filled.unwrap()),
        rupees(1),
        "the flow's name comes first"
    );
}
