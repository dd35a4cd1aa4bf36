//! Orders at the gateway: made once, told with what its checkout needs, asked about when nothing is heard.

use serde_json::{Value, json};
use stoa::domain::flow::{FlowInput, PaymentOutcome};
use stoa::domain::job::Job;

use super::fixture::{Fixture, PRICE};
use super::listener::Said;
use super::razorpay::{KEY_ID, Razorpay};

fn checkouts(fixture: &Fixture) -> Vec<Value> {
    let told = fixture.recorder.told().into_iter();
    told.filter_map(|(_, input)| match input {
        FlowInput::Payment {
            outcome: PaymentOutcome::Ready { checkout },
            ..
        } => Some(checkout),
        _ => None,
    })
    .collect()
}

#[tokio::test]
async fn the_checkout_has_what_the_guide_says() {
    let razorpay = Razorpay::start().await;
    let mut options = razorpay.options();
    options.extend(["--checkout-name", "Stoory Platform"].map(str::to_owned));
    let fixture = Fixture::with(&options).await;
    let (_, order) = fixture.deal().await;
    let expected = json!({
        "order_id": order, "amount": PRICE, "currency": "INR", "key_id": KEY_ID, "name": "Stoory Platform",
        "description": "Payment for Campaign Collaboration",
        "prefill": { "name": "seller by name", "email": "", "contact": "" },
        "theme": { "color": "#3B82F6" }
    });
    assert_eq!(checkouts(&fixture), [expected]);
    let made = &razorpay.orders()[0];
    assert_eq!(
        (&made["amount"], &made["currency"]),
        (&PRICE.into(), &"INR".into())
    );
}

#[tokio::test]
async fn a_gateway_that_is_busy_slow_or_loses_its_answer_makes_one_order() {
    let razorpay = Razorpay::start().await;
    let fixture = Fixture::at(&razorpay).await;
    let (mut lost, mut slow) = (Said::status(200), Said::status(200));
    lost.lost = true;
    slow.after = std::time::Duration::from_secs(3);
    razorpay.say_instead(vec![
        Said::status(503),
        lost,
        slow,
        Said::status(429),
        Said::status(401),
    ]);
    let (conversation, order) = fixture.deal().await;
    assert_eq!(razorpay.orders().len(), 1);
    assert_eq!(razorpay.orders()[0]["id"], order.as_str());
    assert_eq!(fixture.order(conversation, 1).status, "created");
}

#[tokio::test]
async fn asked_for_again_it_is_only_told_again() {
    let razorpay = Razorpay::start().await;
    let fixture = Fixture::at(&razorpay).await;
    let (conversation, _) = fixture.deal().await;
    let again = Job::CreateOrder {
        conversation_no: conversation,
        order: 1,
    };
    let mut connection = fixture.app.connection();
    stoa::store::jobs::add(
        &mut connection,
        Some(conversation),
        &again,
        Default::default(),
    )
    .unwrap();
    fixture.request(conversation, 1);
    fixture.until_idle().await;
    assert_eq!(razorpay.orders().len(), 1);
    let told = checkouts(&fixture);
    assert_eq!((told.len(), &told[0]), (2, &told[1]));
    assert_eq!(
        fixture.count("select count(*) as n from jobs where kind = 'reconcile'"),
        1
    );
}

#[tokio::test]
async fn what_the_gateway_will_never_make_is_left_for_people() {
    let razorpay = Razorpay::start().await;
    let fixture = Fixture::at(&razorpay).await;
    let conversation = fixture.conversation().await;
    razorpay.say_instead(vec![Said::status(400)]);
    fixture.request(conversation, 1);
    razorpay.say_instead(vec![Said::status(400), Said::json(&json!({ "items": [] }))]);
    fixture.until_idle().await;
    assert_eq!(
        fixture.count(
            "select count(*) as n from jobs where kind = 'create_order' and given_up_at is not null"
        ),
        1
    );
    assert!(checkouts(&fixture).is_empty());
}

#[tokio::test]
async fn without_any_webhook_the_reconciler_finds_the_money() {
    let razorpay = Razorpay::start().await;
    let mut options = razorpay.options();
    options.extend(["--reconcile-after-ms", "50"].map(str::to_owned));
    let fixture = Fixture::with(&options).await;
    let (conversation, order) = fixture.deal().await;
    razorpay.pay_silently(&order, "pay_0", PRICE, "created");
    razorpay.pay_silently(&order, "pay_1", PRICE, "failed");
    razorpay.pay_silently(&order, "pay_2", PRICE, "captured");
    let paid = |told: &[(_, FlowInput)]| {
        let is_paid = |(_, input): &(_, FlowInput)| {
            matches!(
                input,
                FlowInput::Payment {
                    outcome: PaymentOutcome::Paid,
                    ..
                }
            )
        };
        told.iter().any(is_paid)
    };
    fixture.recorder.until("money", paid).await;
    // A paid order is not asked about again.
    fixture
        .app
        .until_count("select count(*) as n from jobs", 0)
        .await;
    let outcomes = fixture.recorder.outcomes(conversation);
    let count = |wanted: PaymentOutcome| {
        outcomes
            .iter()
            .filter(|outcome| **outcome == wanted)
            .count()
    };
    assert_eq!(count(PaymentOutcome::Paid), 1, "{outcomes:?}");
    assert!(count(PaymentOutcome::Failed) <= 1, "{outcomes:?}");
    assert_eq!(
        fixture.order(conversation, 1).paid_by.as_deref(),
        Some("pay_2")
    );
}
