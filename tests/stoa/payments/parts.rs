//! Refunds of parts: told apart by the gateway's ids, and added up once they are processed.

use serde_json::json;
use stoa::domain::flow::{PaymentOutcome, RefundRequest};
use stoa::domain::ids::ConversationNo;
use stoa::store::refunds;

use super::fixture::{Event, Fixture, PRICE, event, refund_event, refund_with};
use super::razorpay::{Razorpay, payment_entity};

const A: i64 = 200_000;
const B: i64 = 300_000;

async fn paid(fixture: &Fixture, payment: &str) -> (ConversationNo, String) {
    let conversation = fixture.conversation().await;
    fixture.request(conversation, 1);
    let order = fixture.ready(conversation, 1).await.gateway_order_id;
    let order = order.expect("the gateway's id");
    let captured = event("payment.captured", &order, payment, PRICE);
    fixture.events(&[captured]).await;
    (conversation, order)
}

/// A refund's event with the payment, of which the gateway counts so much as refunded.
fn beside(name: &str, order: &str, payment: &str, part: (&str, i64), counted: i64) -> Event {
    let mut entity = payment_entity(order, payment, PRICE, "captured");
    entity["captured"] = json!(true);
    entity["amount_refunded"] = json!(counted);
    refund_with(name, &format!("{}_{payment}", part.0), part.1, &entity)
}

fn alone(name: &str, payment: &str, part: (&str, i64)) -> Event {
    let mut event = refund_event(name, payment, &format!("{}_{payment}", part.0), part.1);
    event.id.push_str("_alone");
    event
}

#[tokio::test]
async fn a_part_that_is_pending_or_fails_does_not_count() {
    let fixture = Fixture::at(&Razorpay::start().await).await;
    let (conversation, order) = paid(&fixture, "pay_1").await;
    let beside = |name, part, counted| beside(name, &order, "pay_1", part, counted);
    fixture
        .events(&[
            beside("refund.created", ("a", A), A),
            beside("refund.created", ("b", B), PRICE),
            beside("refund.processed", ("a", A), PRICE),
            beside("refund.failed", ("b", B), A),
        ])
        .await;
    assert_eq!(
        fixture.recorder.outcomes(conversation),
        [PaymentOutcome::Paid]
    );
    assert_eq!(fixture.order(conversation, 1).status, "paid");
    fixture
        .events(&[beside("refund.processed", ("c", B), PRICE)])
        .await;
    let outcomes = fixture.recorder.outcomes(conversation);
    assert_eq!(outcomes, [PaymentOutcome::Paid, PaymentOutcome::Refunded]);
    let kept = "select count(*) as n from gateway_refunds where payment_id = 'pay_1' and status = ";
    assert_eq!(fixture.count(&format!("{kept} 'processed'")), 2);
    assert_eq!(fixture.count(&format!("{kept} 'failed'")), 1);
}

/// A fixed shuffle: every event after its place of another turn, some of them twice.
fn shuffled(events: &[Event], turn: usize) -> Vec<Event> {
    let mut rest: Vec<Event> = events
        .iter()
        .chain(events.iter().step_by(turn + 1))
        .cloned()
        .collect();
    let mut order = Vec::new();
    let mut seed = turn.wrapping_mul(7_919).wrapping_add(13);
    while !rest.is_empty() {
        seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12_345) & 0x7fff_ffff;
        order.push(rest.swap_remove(seed / 3 % rest.len()));
    }
    order
}

#[tokio::test]
async fn any_order_and_repetition_ends_the_same() {
    let fixture = Fixture::at(&Razorpay::start().await).await;
    for turn in 0..12 {
        let (payment, complete) = (format!("pay_{turn}"), turn % 2 == 0);
        let conversation = fixture.conversation().await;
        fixture.request(conversation, 1);
        let order = fixture
            .ready(conversation, 1)
            .await
            .gateway_order_id
            .unwrap();
        let mut story = vec![
            event("payment.authorized", &order, &payment, PRICE),
            event("payment.captured", &order, &payment, PRICE),
            beside("refund.created", &order, &payment, ("a", A), A),
            alone("refund.processed", &payment, ("a", A)),
            beside("refund.created", &order, &payment, ("b", B), PRICE),
            alone("refund.failed", &payment, ("b", B)),
        ];
        if complete {
            story.push(alone("refund.created", &payment, ("c", B)));
            story.push(beside(
                "refund.processed",
                &order,
                &payment,
                ("c", B),
                PRICE,
            ));
        }
        for event in shuffled(&story, turn) {
            fixture.event(&event).await;
        }
        fixture.until_idle().await;
        let outcomes = fixture.recorder.outcomes(conversation);
        let expected = [PaymentOutcome::Paid, PaymentOutcome::Refunded];
        let expected = &expected[..if complete { 2 } else { 1 }];
        assert_eq!(outcomes, expected, "turn {turn}");
        let status = if complete { "refunded" } else { "paid" };
        assert_eq!(fixture.order(conversation, 1).status, status);
    }
}

#[tokio::test]
async fn a_deal_asks_for_what_is_left_of_a_payment() {
    let razorpay = Razorpay::start().await;
    let fixture = Fixture::at(&razorpay).await;
    let (conversation, _) = paid(&fixture, "pay_1").await;
    let failed = alone("refund.failed", "pay_1", ("x", B));
    let part = alone("refund.processed", "pay_1", ("a", A));
    fixture.events(&[failed, part]).await;
    let wanted = RefundRequest {
        order: 1,
        reason: "late".to_owned(),
    };
    let asked = refunds::request(&mut fixture.app.connection(), conversation, &wanted);
    assert_eq!(asked.expect("asked for"), 1);
    fixture.run_sql("select 1");
    fixture.until_idle().await;
    assert_eq!(razorpay.refunds()[0]["amount"], PRICE - A);
    let outcomes = fixture.recorder.outcomes(conversation);
    assert_eq!(outcomes, [PaymentOutcome::Paid, PaymentOutcome::Refunded]);
    let ours = "select count(*) as n from refunds where status = 'processed' and gateway_refund_id = 'rfnd_0'";
    assert_eq!(fixture.count(ours), 1);
}

#[tokio::test]
async fn a_part_from_the_dashboard_is_not_taken_for_the_refund_that_a_deal_asks_for() {
    let razorpay = Razorpay::start().await;
    razorpay.refunds_are("pending");
    let mut fixture = Fixture::at(&razorpay).await;
    let (conversation, _) = paid(&fixture, "pay_1").await;
    fixture.stop_runner().await;
    let wanted = RefundRequest {
        order: 1,
        reason: "late".to_owned(),
    };
    refunds::request(&mut fixture.app.connection(), conversation, &wanted).expect("asked for");
    fixture
        .event(&alone("refund.processed", "pay_1", ("a", A)))
        .await;
    fixture.start_runner();
    fixture.until_idle().await;
    let ours = "select count(*) as n from refunds where status = 'pending' and gateway_refund_id = 'rfnd_0'";
    assert_eq!(fixture.count(ours), 1);
    assert_eq!(
        fixture.recorder.outcomes(conversation),
        [PaymentOutcome::Paid]
    );
}
