//! The sandbox: a button, real webhooks, and no other way to money.

use serde_json::json;
use stoa::domain::flow::PaymentOutcome;

use super::fixture::Fixture;
use super::razorpay::Razorpay;
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

async fn press(fixture: &Fixture, order: &str, outcome: &str) -> Answer {
    let anybody =
        crate::client::Person::new(fixture.app.addresses(), "anybody", "no token".to_owned());
    let path = format!("/sandbox/checkout/{order}");
    anybody.post(&path, json!({ "outcome": outcome })).await
}

#[tokio::test]
async fn pressing_pay_pays_by_webhook_alone() {
    let fixture = Fixture::with(&[]).await;
    let (conversation, order) = fixture.deal().await;
    press(&fixture, &order, "failure").await.expect_status(202);
    fixture.until_idle().await;
    press(&fixture, &order, "success").await.expect_status(202);
    press(&fixture, &order, "success").await;
    fixture.until_idle().await;
    let outcomes = fixture.recorder.outcomes(conversation);
    assert_eq!(outcomes, [PaymentOutcome::Failed, PaymentOutcome::Paid]);
    assert_eq!(
        fixture.count("select count(*) as n from payment_events where gateway = 'sandbox'"),
        4
    );
    press(&fixture, &order, "success").await.expect_status(409);
}

#[tokio::test]
async fn only_orders_that_exist_can_be_paid() {
    let fixture = Fixture::with(&[]).await;
    let (_, order) = fixture.deal().await;
    let dearer = order.replace("_500000_", "_100_");
    assert_ne!(dearer, order);
    for wrong in ["order_1", "x", &order[..order.len() - 1], &dearer] {
        press(&fixture, wrong, "success")
            .await
            .expect_status(404)
            .expect_code("ORDER_NOT_FOUND");
    }
    let elsewhere = Fixture::with(&[]).await;
    press(&elsewhere, &order, "success")
        .await
        .expect_status(404);
    press(&fixture, &order, "maybe").await.expect_status(400);
}

#[tokio::test]
async fn with_the_wrong_secret_the_deal_stays_unpaid() {
    let fixture = Fixture::with(&secrets("one secret", "another secret")).await;
    let (conversation, order) = fixture.deal().await;
    press(&fixture, &order, "success").await.expect_status(202);
    // It was posted, and refused.
    let refused = "select count(*) as n from jobs where kind = 'sandbox_events' and attempts > 1 and last_error = 'gateway_keys_refused'";
    fixture.app.until_count(refused, 1).await;
    assert_eq!(fixture.order(conversation, 1).status, "created");
    assert!(fixture.recorder.outcomes(conversation).is_empty());
    assert_eq!(fixture.count("select count(*) as n from payment_events"), 0);
}

#[tokio::test]
async fn an_order_outlives_a_restart_and_so_does_a_press() {
    let mut fixture = Fixture::with(&[]).await;
    let (conversation, order) = fixture.deal().await;
    fixture.stop_runner().await;
    press(&fixture, &order, "success").await.expect_status(202);
    fixture.app.stop().await;
    fixture.app.start_again().await;
    fixture.start_runner();
    fixture.until_idle().await;
    assert_eq!(
        fixture.recorder.outcomes(conversation),
        [PaymentOutcome::Paid]
    );
}

#[tokio::test]
async fn pages_from_elsewhere_cannot_press() {
    let fixture = Fixture::with(&[
        "--allowed-origins".to_owned(),
        "https://app.example".to_owned(),
    ])
    .await;
    let (conversation, order) = fixture.deal().await;
    let address = fixture.app.address;
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
    assert_eq!(fixture.count(posted), 0);
    let own = Some(format!("http://{address}"));
    let pressed = press("application/json; charset=utf-8", own).await;
    assert_eq!(pressed.status().as_u16(), 202);
    fixture.until_idle().await;
    assert_eq!(
        fixture.recorder.outcomes(conversation),
        [PaymentOutcome::Paid]
    );
}

#[tokio::test]
async fn where_money_is_real_there_is_no_such_button() {
    let fixture = Fixture::at(&Razorpay::start().await).await;
    let (_, order) = fixture.deal().await;
    press(&fixture, &order, "success").await.expect_status(404);
}
