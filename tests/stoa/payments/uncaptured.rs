//! Money that was never captured pays for nothing, whatever is told of its refund, and by whom.

use serde_json::{Value, json};
use stoa::domain::flow::PaymentOutcome;
use stoa::domain::ids::ConversationNo;

use super::fixture::{Event, Fixture, PRICE, event, refund_event, refund_with};
use super::razorpay::{Razorpay, payment_entity};
use crate::deals::Deal;
use crate::test_app::TestApp;

/// A payment that the bank has let go, as Razorpay shows it.
fn released(order: &str, payment: &str) -> Value {
    let mut entity = payment_entity(order, payment, PRICE, "refunded");
    entity["captured"] = json!(false);
    entity["amount_refunded"] = json!(PRICE);
    entity
}

/// Everything that Razorpay may tell of it, in an order.
fn story(order: &str, payment: &str) -> Vec<Event> {
    let authorized = event("payment.authorized", order, payment, PRICE);
    let refund = format!("rfnd_{payment}");
    let with = |name: &str| {
        let mut event = refund_with(name, &refund, PRICE, &released(order, payment));
        event.id.push_str("_with");
        event
    };
    vec![
        authorized,
        with("refund.created"),
        with("refund.processed"),
        refund_event("refund.processed", payment, &refund, PRICE),
    ]
}

fn assert_unpaid(fixture: &Fixture, conversation: ConversationNo) {
    let outcomes = fixture.recorder.outcomes(conversation);
    let in_vain = |outcome: &PaymentOutcome| *outcome == PaymentOutcome::Failed;
    assert!(
        outcomes.iter().all(in_vain) && outcomes.len() <= 1,
        "{outcomes:?}"
    );
    let order = fixture.order(conversation, 1);
    assert_eq!((order.status.as_str(), order.paid_by), ("created", None));
}

#[tokio::test]
async fn a_released_authorization_pays_for_nothing_in_any_order() {
    let fixture = Fixture::at(&Razorpay::start().await).await;
    for turn in 0..4 {
        let conversation = fixture.conversation().await;
        fixture.request(conversation, 1);
        let order = fixture
            .ready(conversation, 1)
            .await
            .gateway_order_id
            .unwrap();
        let mut story = story(&order, &format!("pay_{turn}"));
        story.rotate_left(turn);
        // What comes before its payment is known waits for it.
        for event in story.iter().chain(&story) {
            fixture.event(event).await;
        }
        fixture.until_idle().await;
        assert_unpaid(&fixture, conversation);
        // Another attempt is not in its way.
        let paid = event(
            "payment.captured",
            &order,
            &format!("pay_good_{turn}"),
            PRICE,
        );
        fixture.events(&[paid]).await;
        let last = fixture.recorder.outcomes(conversation).pop();
        assert_eq!(last, Some(PaymentOutcome::Paid));
    }
    let released =
        "select count(*) as n from payments where status = 'released' and verdict is null";
    assert_eq!(fixture.count(released), 4);
}

#[tokio::test]
async fn a_refund_alone_does_not_say_that_the_money_was_there() {
    let fixture = Fixture::at(&Razorpay::start().await).await;
    let (conversation, order) = fixture.deal().await;
    fixture
        .events(&[
            event("payment.authorized", &order, "pay_1", PRICE),
            refund_event("refund.processed", "pay_1", "rfnd_1", PRICE),
        ])
        .await;
    assert_unpaid(&fixture, conversation);
    // Had it been captured all the same, it is paid and given back, in that order.
    let captured = event("payment.captured", &order, "pay_1", PRICE);
    fixture.events(&[captured]).await;
    let outcomes = fixture.recorder.outcomes(conversation);
    assert_eq!(outcomes, [PaymentOutcome::Paid, PaymentOutcome::Refunded]);
}

async fn reconciled(
    payment: impl Fn(&str) -> Value,
    refunds: &[(&str, i64, &str)],
) -> (Fixture, ConversationNo) {
    let razorpay = Razorpay::start().await;
    let mut options = razorpay.options();
    options.extend(["--reconcile-after-ms", "50"].map(str::to_owned));
    let fixture = Fixture::with(&options).await;
    let (conversation, order) = fixture.deal().await;
    razorpay.keep_payment(payment(&order));
    for (refund, amount, status) in refunds {
        razorpay.refund_silently("pay_1", refund, *amount, status);
    }
    let known = "select count(*) as n from payments where status <> 'created'";
    fixture.app.until_count(known, 1).await;
    fixture.until_idle().await;
    (fixture, conversation)
}

#[tokio::test]
async fn nor_does_it_when_the_gateway_is_asked() {
    let (fixture, conversation) = reconciled(|order| released(order, "pay_1"), &[]).await;
    assert_unpaid(&fixture, conversation);
    assert_eq!(
        fixture.count("select count(*) as n from payments where status = 'released'"),
        1
    );
}

#[tokio::test]
async fn what_was_captured_and_went_back_unheard_is_found_with_its_parts() {
    let went_back = |order: &str| {
        let mut entity = payment_entity(order, "pay_1", PRICE, "refunded");
        entity["captured"] = json!(true);
        entity["amount_refunded"] = json!(PRICE);
        entity
    };
    let parts = [
        ("rfnd_1", 200_000, "processed"),
        ("rfnd_2", 300_000, "processed"),
    ];
    let (fixture, conversation) = reconciled(went_back, &parts).await;
    let outcomes = fixture.recorder.outcomes(conversation);
    assert_eq!(outcomes, [PaymentOutcome::Paid, PaymentOutcome::Refunded]);
    let parts = [
        ("rfnd_1", 200_000, "processed"),
        ("rfnd_2", 300_000, "pending"),
    ];
    let (fixture, conversation) = reconciled(went_back, &parts).await;
    assert_eq!(
        fixture.recorder.outcomes(conversation),
        [PaymentOutcome::Paid]
    );
    assert_eq!(fixture.order(conversation, 1).status, "paid");
}

#[tokio::test]
async fn a_real_deal_goes_on_waiting_and_nobody_is_told_that_it_is_paid() {
    let razorpay = Razorpay::start().await;
    let options = razorpay.options();
    let mut options: Vec<&str> = options.iter().map(String::as_str).collect();
    options.extend(["--rate-limits", "off"]);
    let deal = Deal::begin_on(TestApp::with(&options).await).await;
    deal.to_payment().await;
    let order = deal.order().await;
    for event in story(&order, "pay_1") {
        let signature = super::hex_hmac(super::razorpay::WEBHOOK_SECRET, &event.body);
        let status = super::fixture::post(deal.app.address, &event.id, &event.body, &signature);
        assert_eq!(status.await, 200);
    }
    let left = "select count(*) as n from jobs where kind in ('payment_event', 'tell_deal')";
    deal.app.until_count(left, 0).await;
    let stands = deal.stands(&deal.platform).await;
    assert_eq!(stands["state"], "payment_pending", "{stands}");
    let paid = "select count(*) as n from webhook_events where event = 'deal.paid'";
    assert_eq!(deal.app.count(paid), 0);
    let log = deal.history(&deal.platform).await;
    assert!(log.iter().all(|step| step["action"] != "paid"), "{log:?}");
}
