//! Properties of every deal under random inputs, for the flows that ship with Stoa.

use chrono::TimeDelta;
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::{noon, object, shipped};
use crate::{Definition, machine};
use crate::{
    Field, FieldKind, FlowActor, FlowInput, Instance, Money, PaymentOutcome, STAFF, Step, Timer,
};

fn flows() -> &'static [Definition; 3] {
    static FLOWS: OnceLock<[Definition; 3]> = OnceLock::new();
    FLOWS.get_or_init(|| ["bid", "campaign", "negotiation"].map(shipped))
}

/// Random choices; each use takes one.
struct Choices<'a>(std::slice::Iter<'a, u16>);

impl Choices<'_> {
    fn below(&mut self, bound: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % bound.max(1)
    }
}

fn value(field: &Field, choices: &mut Choices<'_>) -> Value {
    if choices.below(8) == 0 {
        let odd = [
            json!(null),
            json!(-1),
            json!({}),
            json!([1]),
            json!("\u{0}"),
            json!(i64::MAX),
            json!(""),
        ];
        return odd[choices.below(odd.len())].clone();
    }
    match field.kind {
        FieldKind::Text | FieldKind::Textarea => json!("some words"),
        FieldKind::Number => json!(choices.below(10)),
        FieldKind::Email => json!("a@b.org"),
        FieldKind::Url => json!("https://example.com/x"),
        FieldKind::Date => json!("2026-05-01"),
        FieldKind::Money => json!([100, 900, 5_000, 12_000, 1_000_000_000][choices.below(5)]),
    }
}

/// One of the deal's timers, or one that it does not have.
fn timer(instance: &Instance, choices: &mut Choices<'_>) -> Timer {
    let timers = &instance.timers;
    let found = timers.get(choices.below(timers.len() + 1)).cloned();
    found.unwrap_or_else(|| Timer {
        name: "deadline".into(),
        due: noon(),
    })
}

/// A report on the awaited order, or on the first one.
fn news(instance: &Instance, choices: &mut Choices<'_>) -> FlowInput {
    let known = instance.payment.as_ref().map_or(1, |payment| payment.order);
    let order = if choices.below(3) == 0 { 1 } else { known };
    let paid = Money {
        amount: 1,
        currency: "XXX".into(),
    };
    let checkout = json!({ "order_id": "x" });
    let outcome = match choices.below(7) {
        0 | 1 => PaymentOutcome::Ready { checkout },
        2 => PaymentOutcome::Paid,
        3 => PaymentOutcome::WrongAmount { paid },
        4 => PaymentOutcome::Failed,
        5 => PaymentOutcome::Repeated,
        _ => PaymentOutcome::Refunded,
    };
    FlowInput::Payment { order, outcome }
}

/// A random input: mostly an available action, sometimes anything.
fn happening(
    definition: &Definition,
    instance: &Instance,
    choices: &mut Choices<'_>,
) -> (FlowActor, FlowInput) {
    let roles = &definition.roles;
    match choices.below(8) {
        0 => (FlowActor::Timer, FlowInput::Due(timer(instance, choices))),
        1 => (FlowActor::Payment, news(instance, choices)),
        2 => {
            let actors = [
                FlowActor::Staff,
                FlowActor::System,
                FlowActor::Timer,
                FlowActor::Role("nobody".into()),
            ];
            let actor = actors[choices.below(actors.len())].clone();
            let action = &definition.actions[choices.below(definition.actions.len())];
            press(actor, &action.name, &action.input, instance, choices)
        }
        _ => {
            let role = &roles[choices.below(roles.len())];
            let deal_view = machine::deal_view(definition, instance);
            let available_actions = deal_view.actions_of(Some(role));
            let actor = FlowActor::Role(role.clone());
            match available_actions.get(choices.below(available_actions.len())) {
                Some(available) => press(
                    actor,
                    &available.action,
                    &available.input,
                    instance,
                    choices,
                ),
                None => press(actor, "no_such_action", &[], instance, choices),
            }
        }
    }
}

fn press(
    actor: FlowActor,
    action: &str,
    fields: &[Field],
    instance: &Instance,
    choices: &mut Choices<'_>,
) -> (FlowActor, FlowInput) {
    let mut input: Map<String, Value> = fields
        .iter()
        .map(|field| (field.name.clone(), value(field, choices)))
        .collect();
    if choices.below(20) == 0 {
        input.insert("unasked".into(), json!(1));
    }
    let version = match choices.below(10) {
        0 => Some(instance.version - 1),
        1 => None,
        _ => Some(instance.version),
    };
    let action = action.to_owned();
    (
        actor,
        FlowInput::Press {
            action,
            input,
            version,
        },
    )
}

/// The state of a deal replayed from its log.
#[derive(Debug, PartialEq)]
struct Replayed {
    state: String,
    version: i64,
    visits: BTreeMap<String, u32>,
}

impl Replayed {
    fn take(&mut self, step: &Step, before: Option<&Instance>) {
        let mut at = before.map(|before| before.state.clone());
        for transition in &step.transitions {
            assert_eq!(transition.from, at, "transitions follow each other");
            at = Some(transition.to.clone());
            let entered =
                transition.version != self.version && transition.action != "payment_ready";
            assert!(transition.version == self.version || transition.version == self.version + 1);
            if entered {
                *self.visits.entry(transition.to.clone()).or_default() += 1;
            }
            self.version = transition.version;
            self.state.clone_from(&transition.to);
            let carded: Vec<bool> = transition
                .lines
                .iter()
                .map(|line| line.card.is_some())
                .collect();
            assert!(carded.is_sorted(), "cards come last");
        }
    }
}

fn check(definition: &Definition, step: &Step) {
    let instance = &step.instance;
    let state = definition.state(&instance.state).expect("a known state");
    assert_eq!(step.deal_view, machine::deal_view(definition, instance));
    let mut names: Vec<&str> = instance
        .timers
        .iter()
        .map(|timer| timer.name.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), instance.timers.len(), "timers are unique");
    assert_eq!(instance.payment.is_some(), state.payment.is_some());
    let has_actions = definition
        .roles
        .iter()
        .any(|role| !step.deal_view.actions_of(Some(role)).is_empty());
    assert!(
        state.terminal || has_actions || !instance.timers.is_empty(),
        "no dead end: {}",
        state.name
    );
    assert!(state.terminal || instance.timers.iter().any(|timer| timer.name == "deadline"));
    for order in &step.orders {
        assert!(order.price.amount > 0 && order.order <= instance.version);
    }
    for line in step
        .transitions
        .iter()
        .flat_map(|transition| &transition.lines)
    {
        assert!(!line.body.trim().is_empty());
        if let Some(card) = &line.card {
            assert_eq!(
                (card.state_version, &card.state),
                (instance.version, &instance.state)
            );
            assert_eq!(
                card.actions,
                step.deal_view.actions_of(Some(&card.visible_to))
            );
        }
    }
    let known = |name: &String| definition.context.contains_key(name);
    assert!(instance.context.keys().all(known));
    assert!(
        !step.deal_view.available_actions[STAFF].is_empty()
            || state.terminal
            || definition.name == "negotiation"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_way_is_sound(flow in 0_usize..3, choices in prop::collection::vec(any::<u16>(), 30..300)) {
        let definition = &flows()[flow];
        let mut now = noon();
        let begun = machine::start(definition, object(json!({})), now).unwrap();
        let mut replayed = Replayed { state: String::new(), version: 0, visits: BTreeMap::new() };
        replayed.take(&begun, None);
        check(definition, &begun);
        let mut instance = begun.instance;
        let mut choices = Choices(choices.iter());
        while choices.0.len() > 0 {
            now += TimeDelta::minutes(7);
            let (actor, input) = happening(definition, &instance, &mut choices);
            let before = instance.clone();
            let once = machine::step(definition, &instance, &actor, &input, now);
            let again = machine::step(definition, &instance, &actor, &input, now);
            prop_assert_eq!(&once, &again, "the same arguments give the same step");
            prop_assert_eq!(&instance, &before);
            if let Ok(step) = once {
                replayed.take(&step, Some(&before));
                check(definition, &step);
                instance = step.instance;
            }
            prop_assert_eq!((&replayed.state, replayed.version, &replayed.visits), (&instance.state, instance.version, &instance.visits));
            let stored: Instance = serde_json::from_str(&serde_json::to_string(&instance).unwrap()).unwrap();
            prop_assert_eq!(&stored, &instance);
        }
    }
}
