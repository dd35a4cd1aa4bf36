//! Money of the wrong amount, of the wrong currency, too often, too early, or after a failure.

use stoa::domain::flow::{Money, PaymentOutcome};

use super::razorpay::Razorpay;
use super::world::{PRICE, World, event};

#[tokio::test]
async fn another_amount_or_currency_pays_nothing() {
    let world = World::at(&Razorpay::start().await).await;
    let (conversation, order) = world.deal().await;
    world
        .event(&event("payment.captured", &order, "pay_less", PRICE - 1))
        .await;
    world.until_idle().await;
    let mut dollars = event("payment.captured", &order, "pay_dollars", PRICE);
    dollars.body = dollars.body.replace("INR", "USD");
    world.event(&dollars).await;
    world.until_idle().await;
    let wrong = |amount: i64, currency: &str| PaymentOutcome::WrongAmount {
        paid: Money {
            amount,
            currency: currency.to_owned(),
        },
    };
    let expected = vec![wrong(PRICE - 1, "INR"), wrong(PRICE, "USD")];
    assert_eq!(world.recorder.outcomes(conversation), expected);
    assert_eq!(world.order(conversation, 1).status, "created");
    world
        .event(&event("order.paid", &order, "pay_whole", PRICE))
        .await;
    world.until_idle().await;
    assert_eq!(
        world.recorder.outcomes(conversation).last(),
        Some(&PaymentOutcome::Paid)
    );
    assert_eq!(
        world.order(conversation, 1).paid_by.as_deref(),
        Some("pay_whole")
    );
    assert_eq!(
        world.count("select count(*) as n from payments where verdict = 'wrong_amount'"),
        2
    );
}

#[tokio::test]
async fn a_second_payment_is_told_as_such() {
    let world = World::at(&Razorpay::start().await).await;
    let (conversation, order) = world.deal().await;
    for payment in ["pay_1", "pay_2"] {
        for name in ["payment.captured", "order.paid"] {
            world.event(&event(name, &order, payment, PRICE)).await;
        }
        world.until_idle().await;
    }
    let outcomes = world.recorder.outcomes(conversation);
    assert_eq!(outcomes, [PaymentOutcome::Paid, PaymentOutcome::Repeated]);
    assert_eq!(
        world.order(conversation, 1).paid_by.as_deref(),
        Some("pay_1")
    );
}

#[tokio::test]
async fn a_failed_payment_may_still_be_captured() {
    let world = World::at(&Razorpay::start().await).await;
    let (conversation, order) = world.deal().await;
    for name in ["payment.failed", "payment.captured", "payment.failed"] {
        let mut event = event(name, &order, "pay_1", PRICE);
        event.id.push_str(
            &world
                .count("select count(*) as n from payment_events")
                .to_string(),
        );
        world.event(&event).await;
        world.until_idle().await;
    }
    let outcomes = world.recorder.outcomes(conversation);
    assert_eq!(outcomes, [PaymentOutcome::Failed, PaymentOutcome::Paid]);
}

#[tokio::test]
async fn an_order_that_becomes_known_later_is_paid_then() {
    let world = World::at(&Razorpay::start().await).await;
    world
        .event(&event("order.paid", "order_0", "pay_1", PRICE))
        .await;
    let retried =
        "select count(*) as n from jobs where last_error = 'order_not_found' and attempts > 1";
    world.app.until_count(retried, 1).await;
    assert!(world.recorder.told().is_empty());
    let (conversation, order) = world.deal().await;
    assert_eq!(order, "order_0");
    world.until_idle().await;
    assert_eq!(
        world.recorder.outcomes(conversation),
        [PaymentOutcome::Paid]
    );
    assert_eq!(
        world.count("select count(*) as n from payment_events where handled_at is null"),
        0
    );
}

#[tokio::test]
async fn money_that_the_deal_has_taken_in_is_not_told_again() {
    let world = World::at(&Razorpay::start().await).await;
    let (conversation, order) = world.deal().await;
    let mut connection = world.app.connection();
    let first = stoa::store::orders::apply(&mut connection, conversation, 1);
    let second = stoa::store::orders::apply(&mut connection, conversation, 1);
    assert_eq!((first.unwrap(), second.unwrap()), (true, false));
    world
        .event(&event("order.paid", &order, "pay_1", PRICE))
        .await;
    world.until_idle().await;
    assert_eq!(world.recorder.outcomes(conversation), []);
    assert_eq!(world.order(conversation, 1).status, "paid");
}
