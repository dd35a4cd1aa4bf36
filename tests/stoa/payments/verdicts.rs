//! Money of the wrong amount, of the wrong currency, too often, too early, or after a failure.

use stoa::domain::flow::{Money, PaymentOutcome};

use super::fixture::{Fixture, PRICE, event};
use super::razorpay::Razorpay;

#[tokio::test]
async fn another_amount_or_currency_pays_nothing() {
    let fixture = Fixture::at(&Razorpay::start().await).await;
    let (conversation, order) = fixture.deal().await;
    fixture
        .event(&event("payment.captured", &order, "pay_less", PRICE - 1))
        .await;
    fixture.until_idle().await;
    let mut dollars = event("payment.captured", &order, "pay_dollars", PRICE);
    dollars.body = dollars.body.replace("INR", "USD");
    fixture.event(&dollars).await;
    fixture.until_idle().await;
    let wrong = |amount: i64, currency: &str| PaymentOutcome::WrongAmount {
        paid: Money {
            amount,
            currency: currency.to_owned(),
        },
    };
    let expected = vec![wrong(PRICE - 1, "INR"), wrong(PRICE, "USD")];
    assert_eq!(fixture.recorder.outcomes(conversation), expected);
    assert_eq!(fixture.order(conversation, 1).status, "created");
    fixture
        .event(&event("order.paid", &order, "pay_whole", PRICE))
        .await;
    fixture.until_idle().await;
    assert_eq!(
        fixture.recorder.outcomes(conversation).last(),
        Some(&PaymentOutcome::Paid)
    );
    assert_eq!(
        fixture.order(conversation, 1).paid_by.as_deref(),
        Some("pay_whole")
    );
    assert_eq!(
        fixture.count("select count(*) as n from payments where verdict = 'wrong_amount'"),
        2
    );
}

#[tokio::test]
async fn a_second_payment_is_told_as_such() {
    let fixture = Fixture::at(&Razorpay::start().await).await;
    let (conversation, order) = fixture.deal().await;
    for payment in ["pay_1", "pay_2"] {
        for name in ["payment.captured", "order.paid"] {
            fixture.event(&event(name, &order, payment, PRICE)).await;
        }
        fixture.until_idle().await;
    }
    let outcomes = fixture.recorder.outcomes(conversation);
    assert_eq!(outcomes, [PaymentOutcome::Paid, PaymentOutcome::Repeated]);
    assert_eq!(
        fixture.order(conversation, 1).paid_by.as_deref(),
        Some("pay_1")
    );
}

#[tokio::test]
async fn a_failed_payment_may_still_be_captured() {
    let fixture = Fixture::at(&Razorpay::start().await).await;
    let (conversation, order) = fixture.deal().await;
    for name in ["payment.failed", "payment.captured", "payment.failed"] {
        let mut event = event(name, &order, "pay_1", PRICE);
        event.id.push_str(
            &fixture
                .count("select count(*) as n from payment_events")
                .to_string(),
        );
        fixture.event(&event).await;
        fixture.until_idle().await;
    }
    let outcomes = fixture.recorder.outcomes(conversation);
    assert_eq!(outcomes, [PaymentOutcome::Failed, PaymentOutcome::Paid]);
}

#[tokio::test]
async fn an_order_that_becomes_known_later_is_paid_then() {
    let fixture = Fixture::at(&Razorpay::start().await).await;
    fixture
        .event(&event("order.paid", "order_0", "pay_1", PRICE))
        .await;
    let retried =
        "select count(*) as n from jobs where last_error = 'order_not_found' and attempts > 1";
    fixture.app.until_count(retried, 1).await;
    assert!(fixture.recorder.told().is_empty());
    let (conversation, order) = fixture.deal().await;
    assert_eq!(order, "order_0");
    fixture.until_idle().await;
    assert_eq!(
        fixture.recorder.outcomes(conversation),
        [PaymentOutcome::Paid]
    );
    assert_eq!(
        fixture.count("select count(*) as n from payment_events where handled_at is null"),
        0
    );
}

#[tokio::test]
async fn money_that_the_deal_has_taken_in_is_not_told_again() {
    let fixture = Fixture::at(&Razorpay::start().await).await;
    let (conversation, order) = fixture.deal().await;
    let mut connection = fixture.app.connection();
    let first = stoa::store::orders::apply(&mut connection, conversation, 1);
    let second = stoa::store::orders::apply(&mut connection, conversation, 1);
    assert_eq!((first.unwrap(), second.unwrap()), (true, false));
    fixture
        .event(&event("order.paid", &order, "pay_1", PRICE))
        .await;
    fixture.until_idle().await;
    assert_eq!(fixture.recorder.outcomes(conversation), []);
    assert_eq!(fixture.order(conversation, 1).status, "paid");
}
