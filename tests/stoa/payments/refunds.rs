//! Money that goes back: asked for once, sent once, told once; a part of it is no refund.

use stoa::domain::flow::{PaymentOutcome, RefundRequest};
use stoa::domain::ids::ConversationNo;
use stoa::store::refunds;

use super::fixture::{Fixture, PRICE, event, refund_event};
use super::listener::Said;
use super::razorpay::Razorpay;

fn ask(fixture: &Fixture, conversation: ConversationNo, reason: &str) -> usize {
    let wanted = RefundRequest {
        order: 1,
        reason: reason.to_owned(),
    };
    refunds::request(&mut fixture.app.connection(), conversation, &wanted).expect("asked for")
}

async fn paid(fixture: &Fixture, payments: &[&str]) -> (ConversationNo, String) {
    let (conversation, order) = fixture.deal().await;
    for payment in payments {
        fixture
            .event(&event("payment.captured", &order, payment, PRICE))
            .await;
        fixture.until_idle().await;
    }
    (conversation, order)
}

#[tokio::test]
async fn a_refund_is_sent_once_and_told_once() {
    let razorpay = Razorpay::start().await;
    let fixture = Fixture::at(&razorpay).await;
    let (conversation, _) = paid(&fixture, &["pay_1"]).await;
    // The first answer is lost, the second is a busy gateway; its books are kept all the same.
    let mut lost = Said::status(200);
    lost.lost = true;
    razorpay.say_instead(vec![lost, Said::status(503)]);
    assert_eq!(
        (
            ask(&fixture, conversation, "late"),
            ask(&fixture, conversation, "late")
        ),
        (1, 0)
    );
    fixture.until_idle().await;
    let sent = razorpay.refunds();
    assert_eq!((sent.len(), &sent[0]["amount"]), (1, &PRICE.into()));
    let again = refund_event("refund.processed", "pay_1", "rfnd_0", PRICE);
    fixture.event(&again).await;
    fixture.until_idle().await;
    let outcomes = fixture.recorder.outcomes(conversation);
    assert_eq!(outcomes, [PaymentOutcome::Paid, PaymentOutcome::Refunded]);
    assert_eq!(fixture.order(conversation, 1).status, "refunded");
    assert_eq!(fixture.count("select count(*) as n from refunds where status = 'processed' and gateway_refund_id = 'rfnd_0'"), 1);
}

#[tokio::test]
async fn a_slow_refund_is_told_when_it_is_processed() {
    let razorpay = Razorpay::start().await;
    razorpay.refunds_are("pending");
    let fixture = Fixture::at(&razorpay).await;
    let (conversation, _) = paid(&fixture, &["pay_1"]).await;
    ask(&fixture, conversation, "late");
    fixture.until_idle().await;
    for name in ["refund.created", "refund.failed"] {
        fixture
            .event(&refund_event(name, "pay_1", "rfnd_0", PRICE))
            .await;
        fixture.until_idle().await;
    }
    assert_eq!(
        fixture.recorder.outcomes(conversation),
        [PaymentOutcome::Paid]
    );
    assert_eq!(
        fixture.count("select count(*) as n from refunds where status = 'failed'"),
        1
    );
    fixture
        .event(&refund_event("refund.processed", "pay_1", "rfnd_0", PRICE))
        .await;
    fixture.until_idle().await;
    assert_eq!(
        fixture.recorder.outcomes(conversation),
        [PaymentOutcome::Paid, PaymentOutcome::Refunded]
    );
    assert_eq!(
        fixture.count("select count(*) as n from refunds where status = 'processed'"),
        1
    );
}

#[tokio::test]
async fn a_second_payment_goes_back_once_and_the_deal_stays_paid() {
    let razorpay = Razorpay::start().await;
    let fixture = Fixture::at(&razorpay).await;
    let (conversation, _) = paid(&fixture, &["pay_1", "pay_2"]).await;
    assert_eq!(ask(&fixture, conversation, "repeated"), 1);
    fixture.until_idle().await;
    assert_eq!(razorpay.refunds()[0]["payment_id"], "pay_2");
    let outcomes = fixture.recorder.outcomes(conversation);
    assert_eq!(outcomes, [PaymentOutcome::Paid, PaymentOutcome::Repeated]);
    assert_eq!(fixture.order(conversation, 1).status, "paid");
}

#[tokio::test]
async fn a_part_that_goes_back_from_the_dashboard_changes_nothing() {
    let fixture = Fixture::at(&Razorpay::start().await).await;
    let (conversation, _) = paid(&fixture, &["pay_1"]).await;
    fixture
        .event(&refund_event(
            "refund.processed",
            "pay_1",
            "rfnd_x",
            PRICE / 2,
        ))
        .await;
    fixture.until_idle().await;
    assert_eq!(
        fixture.recorder.outcomes(conversation),
        [PaymentOutcome::Paid]
    );
    fixture
        .event(&refund_event("refund.processed", "pay_1", "rfnd_y", PRICE))
        .await;
    fixture.until_idle().await;
    assert_eq!(
        fixture.recorder.outcomes(conversation),
        [PaymentOutcome::Paid, PaymentOutcome::Refunded]
    );
}

#[tokio::test]
async fn a_refund_that_the_gateway_refuses_is_left_for_people() {
    let razorpay = Razorpay::start().await;
    let fixture = Fixture::at(&razorpay).await;
    let (conversation, _) = paid(&fixture, &["pay_1"]).await;
    razorpay.say_instead(vec![Said::status(400)]);
    ask(&fixture, conversation, "late");
    fixture.until_idle().await;
    assert_eq!(fixture.count("select count(*) as n from jobs where kind = 'refund' and given_up_at is not null and last_error = 'gateway_refused'"), 1);
    assert_eq!(
        fixture.count("select count(*) as n from refunds where status = 'failed'"),
        1
    );
    assert_eq!(
        fixture.recorder.outcomes(conversation),
        [PaymentOutcome::Paid]
    );
}
