//! The sandbox: a button, real webhooks, and no other way to money.

use serde_json::json;
use stoa::domain::flow::PaymentOutcome;

use super::razorpay::Razorpay;
use super::world::World;
use crate::client::Answer;

fn secrets(signing: &str, verifying: &str) -> Vec<String> {
    [
        "--sandbox-signing-secret",
        signing,
        "--sandbox-webhook-secret",
        verifying,
    ]
    .map(str::to_owned)
    .into()
}

async fn press(world: &World, order: &str, outcome: &str) -> Answer {
    let anybody = crate::client::Person::new(world.app.address, "anybody", "no token".to_owned());
    let path = format!("/sandbox/checkout/{order}");
    anybody.post(&path, json!({ "outcome": outcome })).await
}

#[tokio::test]
async fn pressing_pay_pays_by_webhook_alone() {
    let world = World::with(&[]).await;
    let (conversation, order) = world.deal().await;
    press(&world, &order, "failure").await.expect_status(202);
    world.until_idle().await;
    press(&world, &order, "success").await.expect_status(202);
    press(&world, &order, "success").await;
    world.until_idle().await;
    let outcomes = world.recorder.outcomes(conversation);
    assert_eq!(outcomes, [PaymentOutcome::Failed, PaymentOutcome::Paid]);
    assert_eq!(
        world.count("select count(*) as n from payment_events where gateway = 'sandbox'"),
        4
    );
    press(&world, &order, "success").await.expect_status(409);
}

#[tokio::test]
async fn only_orders_that_exist_can_be_paid() {
    let world = World::with(&[]).await;
    let (_, order) = world.deal().await;
    let dearer = order.replace("_500000_", "_100_");
    assert_ne!(dearer, order);
    for wrong in ["order_1", "x", &order[..order.len() - 1], &dearer] {
        press(&world, wrong, "success")
            .await
            .expect_status(404)
            .expect_code("ORDER_NOT_FOUND");
    }
    let elsewhere = World::with(&[]).await;
    press(&elsewhere, &order, "success")
        .await
        .expect_status(404);
    press(&world, &order, "maybe").await.expect_status(400);
}

#[tokio::test]
async fn with_the_wrong_secret_the_deal_stays_unpaid() {
    let world = World::with(&secrets("one secret", "another secret")).await;
    let (conversation, order) = world.deal().await;
    press(&world, &order, "success").await.expect_status(202);
    // It was posted, and refused.
    let refused = "select count(*) as n from jobs where kind = 'sandbox_events' and attempts > 1 and last_error = 'gateway_keys_refused'";
    world.app.until_count(refused, 1).await;
    assert_eq!(world.order(conversation, 1).status, "created");
    assert!(world.recorder.outcomes(conversation).is_empty());
    assert_eq!(world.count("select count(*) as n from payment_events"), 0);
}

#[tokio::test]
async fn an_order_outlives_a_restart_and_so_does_a_press() {
    let mut world = World::with(&[]).await;
    let (conversation, order) = world.deal().await;
    world.stop_runner().await;
    press(&world, &order, "success").await.expect_status(202);
    world.app.stop().await;
    world.app.start_again().await;
    world.start_runner();
    world.until_idle().await;
    assert_eq!(
        world.recorder.outcomes(conversation),
        [PaymentOutcome::Paid]
    );
}

#[tokio::test]
async fn pages_from_elsewhere_can_not_press() {
    let world = World::with(&[
        "--allowed-origins".to_owned(),
        "https://app.example".to_owned(),
    ])
    .await;
    let (conversation, order) = world.deal().await;
    let address = world.app.address;
    let press = |kind: &'static str, origin: Option<String>| {
        let request = reqwest::Client::new()
            .post(format!("http://{address}/sandbox/checkout/{order}"))
            .header("content-type", kind)
            .body(r#"{"outcome":"success"}"#);
        let request = match origin {
            Some(origin) => request.header("origin", origin),
            None => request,
        };
        async move { request.send().await.unwrap() }
    };
    let evil = || Some("https://evil.example".to_owned());
    for (kind, origin, status, code) in [
        ("text/plain", evil(), 403, "ORIGIN_REFUSED"),
        ("application/json", evil(), 403, "ORIGIN_REFUSED"),
        (
            "application/json",
            Some("null".to_owned()),
            403,
            "ORIGIN_REFUSED",
        ),
        ("text/plain", None, 400, "INVALID_REQUEST"),
        (
            "application/x-www-form-urlencoded",
            None,
            400,
            "INVALID_REQUEST",
        ),
    ] {
        let answer = press(kind, origin.clone()).await;
        let told = answer.status().as_u16();
        let body: serde_json::Value = answer.json().await.unwrap_or_default();
        assert_eq!(
            (told, body["error_code"].as_str()),
            (status, Some(code)),
            "{kind} {origin:?}"
        );
    }
    let posted = "select count(*) as n from jobs where kind = 'sandbox_events'";
    assert_eq!(world.count(posted), 0);
    let own = Some(format!("http://{address}"));
    let pressed = press("application/json; charset=utf-8", own).await;
    assert_eq!(pressed.status().as_u16(), 202);
    world.until_idle().await;
    assert_eq!(
        world.recorder.outcomes(conversation),
        [PaymentOutcome::Paid]
    );
}

#[tokio::test]
async fn where_money_is_real_there_is_no_such_button() {
    let world = World::at(&Razorpay::start().await).await;
    let (_, order) = world.deal().await;
    press(&world, &order, "success").await.expect_status(404);
}
