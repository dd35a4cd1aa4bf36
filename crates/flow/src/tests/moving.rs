//! Migrations of running deals to a newer version.

use chrono::TimeDelta;
use serde_json::json;

use super::{Play, noon, object};
use crate::{Definition, machine, migrate};
use crate::{FlowActor, FlowInput, PaymentOutcome};

const SMALL: &str = include_str!("small.toml");

/// The older version: another name for the first state, and a value that the new version lacks.
fn before() -> Definition {
    let source = SMALL
        .replace("version = 2", "version = 1")
        .replace("asking", "begin")
        .replace("note = \"text\"", "note = \"text\"\nold = \"text\"");
    let source = source.split("[[migrations]]").next().unwrap().to_owned();
    Definition::parse(&source).unwrap()
}

fn after() -> Definition {
    Definition::parse(SMALL).unwrap()
}

#[test]
fn a_deal_comes_to_its_state_of_another_name() {
    let (play, _) = Play::begin(before(), json!({ "note": "n", "old": "o" }));
    let later = noon() + TimeDelta::hours(30);
    let step = migrate(&play.definition, &after(), &play.instance, later).unwrap();
    let moved = &step.instance;
    assert_eq!((moved.state.as_str(), moved.version), ("asking", 2));
    assert_eq!(moved.context, object(json!({ "note": "n", "rounds": 0 })));
    assert_eq!(moved.timers, play.instance.timers);
    assert_eq!(moved.visits["asking"], 1);
    assert_eq!(moved.entered_at, noon());
    let [transition] = step.transitions.as_slice() else {
        panic!("one transition")
    };
    assert_eq!(
        (transition.from.as_deref(), transition.action.as_str()),
        (Some("begin"), "migrate")
    );
    assert_eq!(transition.lines[0].card.as_ref().unwrap().state_version, 2);
    assert_eq!(step.deal_view.flow_version, 2);
}

#[test]
fn an_order_that_is_awaited_stays_awaited() {
    let (mut play, _) = Play::begin(before(), json!({}));
    let step = play
        .press("seller", "offer", json!({ "price": 500 }))
        .unwrap();
    let order = step.orders[0].order;
    let (new, later) = (after(), noon() + TimeDelta::hours(1));
    let step = migrate(&play.definition, &new, &play.instance, later).unwrap();
    assert!(step.orders.is_empty());
    let paid = FlowInput::Payment {
        order,
        outcome: PaymentOutcome::Paid,
    };
    let step = machine::step(&new, &step.instance, &FlowActor::Payment, &paid, later).unwrap();
    assert_eq!(
        (step.instance.state.as_str(), step.refunds.len()),
        ("over", 0)
    );
}

#[test]
fn timers_can_begin_anew() {
    let source = SMALL.replace("from = 1\n", "from = 1\ntimers = \"restart\"\n");
    let (play, _) = Play::begin(before(), json!({}));
    let later = noon() + TimeDelta::hours(30);
    let new = Definition::parse(&source).unwrap();
    let step = migrate(&play.definition, &new, &play.instance, later).unwrap();
    assert_eq!(step.deal_view.deadline, Some(later + TimeDelta::days(2)));
    assert_eq!(step.instance.timers.len(), 2);
}

#[test]
fn what_cannot_go_there_stays() {
    let (play, _) = Play::begin(before(), json!({}));
    let refused = |from: &str, to: &str| {
        let new = Definition::parse(&SMALL.replace(from, to)).unwrap();
        migrate(&play.definition, &new, &play.instance, noon()).unwrap_err()
    };
    assert_eq!(
        refused("name = \"small\"", "name = \"other\""),
        "other is not small"
    );
    let without = refused(
        "[[migrations]]\nfrom = 1\nstates = { begin = \"asking\" }\n",
        "",
    );
    assert_eq!(without, "small 2 has no migration from version 1");
    let unnamed = refused("states = { begin = \"asking\" }", "states = {}");
    assert_eq!(unnamed, "version 2 has no state begin");
    let missing = refused(
        "due = \"date\"",
        "due = { type = \"date\", required = true }",
    );
    assert_eq!(missing, "due is missing");
}
