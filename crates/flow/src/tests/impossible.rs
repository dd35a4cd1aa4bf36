//! Steps that cannot be computed: a press is refused; timers and payments are left to staff, once; and files
//! that may lack a value get a warning.

use serde_json::json;

use super::{Play, shipped};
use crate::Definition;
use crate::refusal::Refusal;
use crate::{FlowActor, FlowInput, LineAudience, PaymentOutcome};

const SMALL: &str = include_str!("small.toml");

/// The small flow with one replacement.
fn small(from: &str, to: &str) -> Definition {
    assert!(SMALL.contains(from), "{from}");
    Definition::parse(&SMALL.replace(from, to)).unwrap_or_else(|told| panic!("{told:?}"))
}

fn told_staff(step: &crate::Step) -> Vec<&str> {
    let lines = step
        .transitions
        .iter()
        .flat_map(|transition| &transition.lines);
    let for_staff = lines.filter(|line| line.to == LineAudience::Role("staff".into()));
    for_staff.map(|line| line.body.as_str()).collect()
}

#[test]
fn an_event_with_a_value_that_cannot_be_computed_refuses_the_press() {
    let emit = "set = { rounds = \"ctx.rounds + 1\" }\nemit = { event = \"deal.offered\", with = { back = \"ctx.price.amount - 1\", note = \"ctx.note\" } }";
    let flow = || {
        small(
            "set = { price = \"input.price\", rounds = \"ctx.rounds + 1\" }",
            emit,
        )
    };
    let (mut play, _) = Play::begin(flow(), json!({}));
    let before = play.instance.clone();
    let told = play.press("seller", "offer", json!({ "price": 50 }));
    assert!(
        matches!(&told, Err(Refusal::ActionNotAllowed(why)) if why == "This is not possible: back cannot be computed"),
        "{told:?}"
    );
    assert_eq!(play.instance, before);
    // A missing value is null, which can be computed.
    let (mut play, _) = Play::begin(flow(), json!({ "price": 5 }));
    let step = play
        .press("seller", "offer", json!({ "price": 50 }))
        .unwrap();
    assert_eq!(step.events[0].data, json!({ "back": 4, "note": null }));
}

#[test]
fn a_deadline_that_cannot_be_carried_out_is_used_up_and_left_to_staff() {
    for (key, why) in [
        (
            "emit = { event = \"deal.over\", with = { back = \"ctx.price.amount\" } }",
            "back cannot be computed",
        ),
        (
            "set = { rounds = \"ctx.price.amount\" }",
            "rounds cannot be computed",
        ),
    ] {
        let deadline = format!("to = \"over\", reason = \"expired\", {key} }}");
        let definition = small("to = \"over\", reason = \"expired\" }", &deadline);
        let (mut play, _) = Play::begin(definition, json!({}));
        play.wait();
        let before = play.instance.clone();
        let (timer, step) = play.wait();
        assert_eq!(timer.name, "deadline");
        assert_eq!(play.state(), "asking");
        assert!(play.instance.timers.is_empty(), "it does not come again");
        assert_eq!(
            (&play.instance.context, play.instance.version),
            (&before.context, before.version)
        );
        assert_eq!(step.transitions[0].reason.as_deref(), Some("not_computed"));
        assert_eq!(step.events[0].event, "timer.failed");
        assert_eq!(step.events[0].data["timer"], "deadline");
        assert!(
            told_staff(&step)[0].contains(why),
            "{:?}",
            told_staff(&step)
        );
        let again = play.feed(&FlowActor::Timer, FlowInput::Due(timer));
        assert!(matches!(again, Err(Refusal::FlowStateInvalid(_))));
        // The deal continues.
        play.press("seller", "offer", json!({ "price": 500 }))
            .unwrap();
        assert_eq!(play.state(), "paying");
    }
}

#[test]
fn money_whose_course_cannot_be_computed_is_held_for_staff() {
    let paid = "paid = { to = \"over\", emit = { event = \"deal.paid\", with = { note = \"size(ctx.note)\" } } }";
    let definition = small("paid = { to = \"over\" }", paid);
    let (mut play, _) = Play::begin(definition, json!({}));
    play.press("seller", "offer", json!({ "price": 500 }))
        .unwrap();
    let order = play.instance.payment.as_ref().unwrap().order;
    let outcome = PaymentOutcome::Paid;
    let step = play
        .feed(&FlowActor::Payment, FlowInput::Payment { order, outcome })
        .unwrap();
    assert_eq!(play.state(), "paying");
    assert_eq!(step.events.len(), 1);
    assert_eq!(step.events[0].event, "payment.held");
    assert_eq!(step.events[0].data["reason"], "not_computed");
    assert_eq!(told_staff(&step).len(), 1);
}

#[test]
fn what_is_said_when_a_guard_does_not_hold_has_its_values() {
    let message = "guard = \"ctx.rounds < 3\"\nguard_message = \"{ctx.rounds} rounds are enough, {input.price} or not; {{really}}\"";
    let definition = small("guard = \"ctx.rounds < 3\"", message);
    let (mut play, _) = Play::begin(definition, json!({ "rounds": 3 }));
    let told = play.press("seller", "offer", json!({ "price": 1_250 }));
    assert_eq!(
        told,
        Err(Refusal::ActionNotAllowed(
            "3 rounds are enough, €12.50 or not; {really}".into()
        ))
    );
}

#[test]
fn a_stored_definition_is_read_by_the_rules_of_its_time() {
    let source = SMALL.replace(
        "guard = \"ctx.rounds < 3\"",
        "guard = \"ctx.rounds < 3\"\nguard_message = \"See {ctx.nothing} and {\"",
    );
    let source = source.replace("\"Asking\"", "\"Ask\\uFFFEing\"");
    let problems = Definition::parse(&source).unwrap_err();
    let told: Vec<&str> = problems
        .iter()
        .map(|problem| problem.message.as_str())
        .collect();
    assert_eq!(
        told,
        [
            "`title` has the character U+FFFE in it",
            "there is no `ctx.nothing`"
        ]
    );
    let stored = Definition::parse_stored(&source).unwrap();
    let (mut play, _) = Play::begin(stored, json!({ "rounds": 3 }));
    let told = play.press("seller", "offer", json!({ "price": 1 }));
    let why = "See {ctx.nothing} and {";
    assert_eq!(told, Err(Refusal::ActionNotAllowed(why.into())));
}

fn warnings(definition: &Definition) -> Vec<String> {
    let warnings = definition.warnings().iter();
    warnings.map(|warning| warning.message.clone()).collect()
}

#[test]
fn shipped_flows_lack_nothing() {
    for name in ["bid", "campaign", "negotiation"] {
        assert_eq!(warnings(&shipped(name)), [""; 0], "{name}");
    }
    assert_eq!(warnings(&Definition::parse(SMALL).unwrap()), [""; 0]);
}

#[test]
fn a_value_that_may_be_absent_is_warned_of() {
    let setting = "set = { price = \"input.price\", rounds = \"ctx.rounds + 1\" }";
    let with = |rounds: &str| {
        let set = format!("set = {{ price = \"input.price\", rounds = \"{rounds}\" }}");
        warnings(&small(setting, &set))
    };
    let refused =
        |name: &str| format!("`{name}` may be absent in `asking`; then the step is refused");
    for (rounds, name) in [
        ("size(ctx.note)", "ctx.note"),
        ("ctx.price.amount", "ctx.price"),
        (
            "ctx.note != null || ctx.rounds > 0 ? size(ctx.note) : 0",
            "ctx.note",
        ),
        ("ctx.note == null ? size(ctx.note) : 0", "ctx.note"),
    ] {
        assert_eq!(with(rounds), [refused(name)], "{rounds}");
    }
    for rounds in [
        "ctx.note != null ? size(ctx.note) : 0",
        "ctx.note == null ? 0 : size(ctx.note)",
        "!(ctx.note == null || ctx.due == null) && ctx.due < now ? size(ctx.note) : 0",
        "ctx.note == 'abc' ? size(ctx.note) : 0",
        "ctx.price != null && ctx.price.amount > 5 ? ctx.price.amount : 0",
        "input.price.amount",
    ] {
        assert_eq!(with(rounds), [""; 0], "{rounds}");
    }
    let guarded =
        format!("{setting}\nemit = {{ event = \"a\", with = {{ size = \"size(ctx.note)\" }} }}");
    let guarded = SMALL.replace(setting, &guarded);
    let open = Definition::parse(&guarded).unwrap();
    assert_eq!(warnings(&open), [refused("ctx.note")]);
    let guarded = guarded.replace("ctx.rounds < 3", "ctx.rounds < 3 && ctx.note != null");
    assert_eq!(warnings(&Definition::parse(&guarded).unwrap()), [""; 0]);
    let deadline = "to = \"over\", reason = \"expired\", emit = { event = \"a\", with = { size = \"size(ctx.note)\" } } }";
    let deadline = small("to = \"over\", reason = \"expired\" }", deadline);
    assert_eq!(
        warnings(&deadline),
        ["`ctx.note` may be absent in `asking`; then staff have to decide"]
    );
    let unpriced = small("set = { price = \"input.price\", ", "set = { ");
    assert_eq!(
        warnings(&unpriced),
        ["`ctx.price` may be absent in `paying`; then the step is refused"]
    );
}
