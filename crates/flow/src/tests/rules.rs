//! Expressions: what holds, what does not, and what cannot be computed.

use serde_json::{Value, json};

use super::{Play, object};
use crate::refusal::Refusal;
use crate::{Definition, machine};
use crate::{FlowActor, FlowInput, PaymentOutcome};

const SMALL: &str = include_str!("small.toml");

/// Whether an offer of 5 euros passes a guard, in a deal with this context.
fn passes(guard: &str, context: Value) -> bool {
    let source = SMALL.replace("\"ctx.rounds < 3\"", &format!("{guard:?}"));
    let definition = Definition::parse(&source).unwrap_or_else(|told| panic!("{guard}: {told:?}"));
    let mut play = Play::begin(definition, context).0;
    match play.press("seller", "offer", json!({ "price": 500 })) {
        Ok(_) => true,
        Err(Refusal::ActionNotAllowed(_)) => false,
        Err(other) => panic!("{guard}: {other:?}"),
    }
}

#[test]
fn rules_hold_or_not() {
    let context = || json!({ "note": "abc", "rounds": 2, "due": "2026-03-02" });
    for guard in [
        "ctx.rounds + 1 == 3 && !(ctx.rounds > 2)",
        "ctx.note.startsWith('a') && size(ctx.note) == 3 && ctx.note.size() == 3",
        "ctx.note in ['x', 'abc']",
        "ctx.price == null && ctx.note != null",
        "input.price.amount == 500 && input.price.currency == 'EUR'",
        "ctx.due > now && now + duration('24h') > ctx.due",
        "now - timestamp('2026-03-01T00:00:00Z') == duration('12h')",
        "visits.asking == 1 && visits.over == 0",
        "actor.role == 'seller' && !actor.staff",
        "(ctx.rounds > 5 ? 'x' : 'y') == 'y'",
        "int('7') == 7 && string(ctx.rounds) == '2'",
        "ctx.rounds > 100 || true",
    ] {
        assert!(passes(guard, context()), "{guard}");
    }
    for guard in ["ctx.rounds > 2", "ctx.note.contains('z')", "ctx.due < now"] {
        assert!(!passes(guard, context()), "{guard}");
    }
}

#[test]
fn what_cannot_be_computed_does_not_hold() {
    for guard in [
        "ctx.price.amount > 1",
        "ctx.due > now",
        "9223372036854775807 + ctx.rounds + 1 > 0",
        "1 / ctx.rounds > 0",
        "int(ctx.note) > 0",
        "timestamp(ctx.note) > now",
        "timestamp('+262142-12-31T23:59:59Z') + duration('2000000h') > now",
    ] {
        assert!(!passes(guard, json!({})), "{guard}");
    }
}

#[test]
fn a_value_that_cannot_be_computed_or_kept_exactly_refuses_the_action() {
    let play = |expression: &str| {
        let source = SMALL.replace("ctx.rounds + 1", expression);
        let definition = Definition::parse(&source).unwrap();
        Play::begin(definition, json!({ "rounds": -9_007_199_254_740_991_i64 })).0
    };
    let offer = json!({ "price": 500 });
    assert!(
        play("ctx.rounds + 1")
            .press("seller", "offer", offer.clone())
            .is_ok()
    );
    for expression in ["ctx.rounds - 2", "ctx.rounds - 9223372036854775807"] {
        let mut play = play(expression);
        let before = play.instance.clone();
        let told = play.press("seller", "offer", offer.clone());
        assert!(matches!(told, Err(Refusal::ActionNotAllowed(why)) if why.contains("rounds")));
        assert_eq!(play.instance, before, "{expression}");
    }
}

#[test]
fn a_deal_begins_with_what_is_declared() {
    let small = Definition::parse(SMALL).unwrap();
    let begin = |context| machine::start(&small, object(context), super::noon());
    for (context, field) in [
        (json!({ "nothing": 1 }), "nothing"),
        (json!({ "price": "5" }), "price"),
        (
            json!({ "price": { "amount": 5, "currency": "USD" } }),
            "price",
        ),
        (json!({ "due": "tomorrow" }), "due"),
    ] {
        let told = begin(context);
        assert!(matches!(told, Err(Refusal::Invalid { field: found, .. }) if found == field));
    }
    assert_eq!(
        begin(json!({ "price": 5 })).unwrap().instance.context["price"]["currency"],
        "EUR"
    );
}

#[test]
fn there_is_no_payment_without_a_price() {
    let source = SMALL.replace("price = \"input.price\", ", "");
    let mut play = Play::begin(Definition::parse(&source).unwrap(), json!({})).0;
    let told = play.press("seller", "offer", json!({ "price": 500 }));
    assert!(matches!(told, Err(Refusal::ActionNotAllowed(why)) if why.contains("no price")));
    let press = FlowInput::Press {
        action: "offer".into(),
        input: object(json!({ "price": 500 })),
        version: None,
    };
    let told = play.feed(&FlowActor::Timer, press);
    assert!(matches!(told, Err(Refusal::Forbidden(_))));
}

#[test]
fn the_log_says_why_in_the_flows_own_words_and_the_right_payment_goes_back() {
    let path = format!(
        "{}/flows/negotiation.toml",
        concat!(env!("CARGO_MANIFEST_DIR"), "/../..")
    );
    let source = std::fs::read_to_string(path).unwrap();
    let source = source.replace(
        "repeated = \"refund\"",
        "repeated = { policy = \"refund\", reason = \"twice\" }",
    );
    let definition = Definition::parse(&source).unwrap();
    let (mut play, _) = Play::begin(definition, json!({}));
    play.press("customer", "ask", json!({ "request": "x" }))
        .unwrap();
    play.press("provider", "offer", json!({ "price": 1_000 }))
        .unwrap();
    play.press("customer", "accept", json!({})).unwrap();
    let order = play.instance.payment.as_ref().unwrap().order;
    let told = |outcome| FlowInput::Payment { order, outcome };
    play.feed(&FlowActor::Payment, told(PaymentOutcome::Paid))
        .unwrap();
    let step = play
        .feed(&FlowActor::Payment, told(PaymentOutcome::Repeated))
        .unwrap();
    assert_eq!(step.refunds[0].reason, "repeated");
    assert_eq!(step.transitions[0].reason.as_deref(), Some("twice"));
}
