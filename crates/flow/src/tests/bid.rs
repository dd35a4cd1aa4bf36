//! The bid flow from start to end.

use serde_json::json;

use super::{Play, shipped};
use crate::LineKind;
use crate::refusal::Refusal;
use crate::{FlowActor, FlowInput, LineAudience, Money, PaymentOutcome, Phase, Step, Timer};

/// A definition is shared by all threads.
const fn is_shared<T: Send + Sync>() {}
const _: () = is_shared::<crate::Definition>();

fn at_the_price() -> Play {
    let (mut play, _) = Play::begin(shipped("bid"), json!({}));
    play.press("influencer", "accept_connection", json!({}))
        .unwrap();
    let details = json!({ "details": "Create 3 posts" });
    play.press("brand_owner", "send_project_details", details)
        .unwrap();
    play.press("influencer", "accept_project", json!({}))
        .unwrap();
    let price = json!({ "price": { "amount": 500_000, "currency": "INR" } });
    play.press("brand_owner", "send_price_offer", price)
        .unwrap();
    play
}

fn at_the_payment() -> (Play, i64) {
    let mut play = at_the_price();
    let step = play.press("influencer", "accept_price", json!({})).unwrap();
    let order = step.orders.first().unwrap().order;
    assert_eq!(order, step.instance.version);
    (play, order)
}

fn hear(play: &mut Play, order: i64, outcome: PaymentOutcome) -> Result<Step, Refusal> {
    play.feed(&FlowActor::Payment, FlowInput::Payment { order, outcome })
}

fn ready() -> PaymentOutcome {
    PaymentOutcome::Ready {
        checkout: json!({ "order_id": "order_1" }),
    }
}

#[test]
fn it_begins_with_the_influencer() {
    let (play, step) = Play::begin(shipped("bid"), json!({ "proposed_amount": 400_000 }));
    assert_eq!(play.state(), "influencer_responding");
    let transitions: Vec<_> = step
        .transitions
        .iter()
        .map(|transition| (transition.action.as_str(), transition.version))
        .collect();
    assert_eq!(transitions, [("start", 1), ("then", 2)]);
    let card = step.transitions[1].lines[0].card.as_ref().unwrap();
    assert_eq!(card.visible_to, "influencer");
    assert_eq!(card.state_version, 2);
    let names: Vec<_> = card
        .actions
        .iter()
        .map(|available| available.action.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "accept_connection",
            "reject_connection",
            "close_conversation"
        ]
    );
    assert_eq!(step.deal_view.awaiting_role.as_deref(), Some("influencer"));
    assert_eq!(step.deal_view.deadline, card.deadline);
}

#[test]
fn it_goes_from_the_price_to_free_talk() {
    let (mut play, order) = at_the_payment();
    let early = play.press("brand_owner", "proceed_to_payment", json!({}));
    assert!(
        matches!(early, Err(Refusal::ActionNotAllowed(_))),
        "{early:?}"
    );
    let step = hear(&mut play, order, ready()).unwrap();
    let card = step.transitions[0].lines[0].card.as_ref().unwrap();
    assert_eq!(
        card.payment_order,
        Some(json!({ "razorpay_config": { "order_id": "order_1" } }))
    );
    assert_eq!(card.actions[0].action, "proceed_to_payment");
    let step = play
        .press("brand_owner", "proceed_to_payment", json!({}))
        .unwrap();
    assert_eq!(step.transitions[0].lines[0].kind, LineKind::Audit);
    assert_eq!(step.transitions[0].lines[0].to, LineAudience::Actor);
    hear(&mut play, order, PaymentOutcome::Failed).unwrap();
    let step = hear(&mut play, order, PaymentOutcome::Paid).unwrap();
    assert_eq!(step.events[0].event, "deal.paid");
    assert_eq!(step.events[0].data["price"]["amount"], 500_000);
    assert_eq!(
        step.transitions[0].lines[0].body,
        "Your payment of ₹5,000.00 has arrived."
    );
    play.press("influencer", "start_work", json!({})).unwrap();
    let work = json!({ "deliverables": "https://drive.google.com/x", "description": "3 posts" });
    let step = play.press("influencer", "submit_work", work).unwrap();
    assert_eq!(
        step.instance.context["submitted_at"],
        "2026-03-01T12:00:00Z"
    );
    let step = play
        .press("brand_owner", "approve_work", json!({}))
        .unwrap();
    assert_eq!(play.state(), "real_time");
    assert_eq!(step.transitions.len(), 2);
    assert_eq!(step.deal_view.phase, Phase::Over);
    assert_eq!(step.deal_view.chat_of("influencer").name(), "free");
}

#[test]
fn a_press_is_refused_for_its_reason() {
    let mut play = at_the_price();
    let before = play.instance.clone();
    let unknown = play.press("influencer", "dance", json!({}));
    assert_eq!(unknown, Err(Refusal::ActionNotFound("dance".into())));
    let Err(Refusal::FlowStateInvalid(told)) = play.press("influencer", "start_work", json!({}))
    else {
        panic!("not misplaced")
    };
    assert_eq!(told.required, ["payment_completed"]);
    assert_eq!(told.available.len(), 5);
    let theirs = play.press("brand_owner", "accept_price", json!({}));
    assert!(matches!(theirs, Err(Refusal::Forbidden(_))));
    for (input, field) in [
        (json!({}), "price"),
        (json!({ "price": "5000" }), "price"),
        (json!({ "price": 5 }), "price"),
        (json!({ "price": 600_000, "tip": 1 }), "tip"),
    ] {
        let wrong = play.press("influencer", "negotiate_price", input);
        assert!(matches!(wrong, Err(Refusal::Invalid { field: found, .. }) if found == field));
    }
    let greedy = play.press(
        "influencer",
        "negotiate_price",
        json!({ "price": 1_500_001 }),
    );
    assert!(matches!(greedy, Err(Refusal::ActionNotAllowed(why)) if why.contains("three times")));
    let stale = FlowInput::Press {
        action: "accept_price".into(),
        input: serde_json::Map::new(),
        version: Some(before.version - 1),
    };
    let stale = play.feed(&FlowActor::Role("influencer".into()), stale);
    assert!(matches!(stale, Err(Refusal::FlowStateInvalid(_))));
    assert_eq!(play.instance, before);
}

#[test]
fn timers_fire_once_and_only_their_own() {
    let (mut play, _) = Play::begin(shipped("bid"), json!({}));
    let version = play.instance.version;
    let (timer, step) = play.wait();
    assert_eq!(timer.name, "remind_1");
    assert_eq!(step.instance.version, version);
    assert!(
        step.transitions[0]
            .lines
            .iter()
            .all(|line| line.card.is_none())
    );
    let again = play.feed(&FlowActor::Timer, FlowInput::Due(timer));
    assert!(matches!(again, Err(Refusal::FlowStateInvalid(_))));
    let stranger = Timer {
        name: "deadline".into(),
        due: play.now,
    };
    let stranger = play.feed(&FlowActor::Timer, FlowInput::Due(stranger));
    assert!(matches!(stranger, Err(Refusal::FlowStateInvalid(_))));
    let (timer, step) = play.wait();
    assert_eq!(timer.name, "deadline");
    assert_eq!(step.transitions[0].reason.as_deref(), Some("expired"));
    assert_eq!(play.state(), "chat_closed");
    assert!(play.instance.timers.is_empty());
}

#[test]
fn late_money_is_taken_or_sent_back() {
    let (mut play, order) = at_the_payment();
    while play.state() == "payment_pending" {
        play.wait();
    }
    assert_eq!(play.instance.context["closed_because"], "payment_expired");
    let step = hear(&mut play, order, PaymentOutcome::Paid).unwrap();
    assert_eq!((play.state(), step.refunds.len()), ("payment_completed", 0));

    let (mut play, order) = at_the_payment();
    play.press("brand_owner", "close_conversation", json!({}))
        .unwrap();
    let step = hear(&mut play, order, PaymentOutcome::Paid).unwrap();
    assert_eq!(
        (play.state(), step.refunds[0].reason.as_str()),
        ("chat_closed", "late")
    );
    let step = hear(&mut play, order, PaymentOutcome::Refunded).unwrap();
    assert!(step.refunds.is_empty());
}

#[test]
fn wrong_money_goes_back_and_a_new_order_is_made() {
    let (mut play, order) = at_the_payment();
    let paid = Money {
        amount: 1_000,
        currency: "INR".into(),
    };
    let step = hear(&mut play, order, PaymentOutcome::WrongAmount { paid }).unwrap();
    assert_eq!(step.refunds[0].order, order);
    assert!(step.orders[0].order > order);
    assert!(
        step.transitions[0].lines[0]
            .body
            .starts_with("₹10.00 is not")
    );
    let stale = hear(&mut play, order, ready());
    assert!(matches!(stale, Err(Refusal::FlowStateInvalid(_))));
}

#[test]
fn revisions_come_to_an_end() {
    let (mut play, order) = at_the_payment();
    hear(&mut play, order, PaymentOutcome::Paid).unwrap();
    play.press("influencer", "start_work", json!({})).unwrap();
    for round in 0.. {
        let work = json!({ "deliverables": "x", "description": "y" });
        let step = play.press("influencer", "submit_work", work).unwrap();
        let available_actions = step.deal_view.actions_of(Some("brand_owner"));
        let comment = json!({ "comment": "again" });
        let revised = play.press("brand_owner", "request_revision", comment);
        assert_eq!(
            available_actions
                .iter()
                .any(|available| available.action == "request_revision"),
            revised.is_ok()
        );
        if revised.is_err() {
            assert_eq!(round, 3);
            break;
        }
    }
}
