//! Money that goes back: asked for once, sent once, told once; a part of it is no refund.

use stoa::domain::flow::{PaymentOutcome, RefundRequest};
use stoa::domain::ids::ConversationNo;
use stoa::store::refunds;

use super::listener::Said;
use super::razorpay::Razorpay;
use super::world::{PRICE, World, event, refund_event};

fn ask(world: &World, conversation: ConversationNo, reason: &str) -> usize {
    let wanted = RefundRequest {
        order: 1,
        reason: reason.to_owned(),
    };
    refunds::request(&mut world.app.connection(), conversation, &wanted).expect("asked for")
}

async fn paid(world: &World, payments: &[&str]) -> (ConversationNo, String) {
    let (conversation, order) = world.deal().await;
    for payment in payments {
        world
            .event(&event("payment.captured", &order, payment, PRICE))
            .await;
        world.until_idle().await;
    }
    (conversation, order)
}

#[tokio::test]
async fn a_refund_is_sent_once_and_told_once() {
    let razorpay = Razorpay::start().await;
    let world = World::at(&razorpay).await;
    let (conversation, _) = paid(&world, &["pay_1"]).await;
    // The first answer is lost, the second is a busy gateway; its books are kept all the same.
    let mut lost = Said::status(200);
    lost.lost = true;
    razorpay.say_instead(vec![lost, Said::status(503)]);
    assert_eq!(
        (
            ask(&world, conversation, "late"),
            ask(&world, conversation, "late")
        ),
        (1, 0)
    );
    world.until_idle().await;
    let sent = razorpay.refunds();
    assert_eq!((sent.len(), &sent[0]["amount"]), (1, &PRICE.into()));
    let again = refund_event("refund.processed", "pay_1", "rfnd_0", PRICE);
    world.event(&again).await;
    world.until_idle().await;
    let outcomes = world.recorder.outcomes(conversation);
    assert_eq!(outcomes, [PaymentOutcome::Paid, PaymentOutcome::Refunded]);
    assert_eq!(world.order(conversation, 1).status, "refunded");
    assert_eq!(world.count("select count(*) as n from refunds where status = 'processed' and gateway_refund_id = 'rfnd_0'"), 1);
}

#[tokio::test]
async fn a_slow_refund_is_told_when_it_is_processed() {
    let razorpay = Razorpay::start().await;
    razorpay.refunds_are("pending");
    let world = World::at(&razorpay).await;
    let (conversation, _) = paid(&world, &["pay_1"]).await;
    ask(&world, conversation, "late");
    world.until_idle().await;
    for name in ["refund.created", "refund.failed"] {
        world
            .event(&refund_event(name, "pay_1", "rfnd_0", PRICE))
            .await;
        world.until_idle().await;
    }
    assert_eq!(
        world.recorder.outcomes(conversation),
        [PaymentOutcome::Paid]
    );
    assert_eq!(
        world.count("select count(*) as n from refunds where status = 'failed'"),
        1
    );
    world
        .event(&refund_event("refund.processed", "pay_1", "rfnd_0", PRICE))
        .await;
    world.until_idle().await;
    assert_eq!(
        world.recorder.outcomes(conversation),
        [PaymentOutcome::Paid, PaymentOutcome::Refunded]
    );
    assert_eq!(
        world.count("select count(*) as n from refunds where status = 'processed'"),
        1
    );
}

#[tokio::test]
async fn what_was_paid_twice_goes_back_once_and_the_deal_stays_paid() {
    let razorpay = Razorpay::start().await;
    let world = World::at(&razorpay).await;
    let (conversation, _) = paid(&world, &["pay_1", "pay_2"]).await;
    assert_eq!(ask(&world, conversation, "repeated"), 1);
    world.until_idle().await;
    assert_eq!(razorpay.refunds()[0]["payment_id"], "pay_2");
    let outcomes = world.recorder.outcomes(conversation);
    assert_eq!(outcomes, [PaymentOutcome::Paid, PaymentOutcome::Repeated]);
    assert_eq!(world.order(conversation, 1).status, "paid");
}

#[tokio::test]
async fn a_part_that_goes_back_from_the_dashboard_changes_nothing() {
    let world = World::at(&Razorpay::start().await).await;
    let (conversation, _) = paid(&world, &["pay_1"]).await;
    world
        .event(&refund_event(
            "refund.processed",
            "pay_1",
            "rfnd_x",
            PRICE / 2,
        ))
        .await;
    world.until_idle().await;
    assert_eq!(
        world.recorder.outcomes(conversation),
        [PaymentOutcome::Paid]
    );
    world
        .event(&refund_event("refund.processed", "pay_1", "rfnd_y", PRICE))
        .await;
    world.until_idle().await;
    assert_eq!(
        world.recorder.outcomes(conversation),
        [PaymentOutcome::Paid, PaymentOutcome::Refunded]
    );
}

#[tokio::test]
async fn a_refund_that_the_gateway_refuses_is_left_for_people() {
    let razorpay = Razorpay::start().await;
    let world = World::at(&razorpay).await;
    let (conversation, _) = paid(&world, &["pay_1"]).await;
    razorpay.say_instead(vec![Said::status(400)]);
    ask(&world, conversation, "late");
    world.until_idle().await;
    assert_eq!(world.count("select count(*) as n from jobs where kind = 'refund' and given_up_at is not null and last_error = 'gateway_refused'"), 1);
    assert_eq!(
        world.count("select count(*) as n from refunds where status = 'failed'"),
        1
    );
    assert_eq!(
        world.recorder.outcomes(conversation),
        [PaymentOutcome::Paid]
    );
}
