//! A server whose keys were forgotten takes no payments: nothing is paid for nothing, and everybody is told. With the sandbox, the
//! platform is told too that no money moved.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::fixture::{event, post};
use super::hex_hmac;
use super::platform::{receiver, told_here, until_events};
use crate::child::{outcome, program};
use crate::deals::{Deal, creation};
use crate::test_app::{SECRET, TestApp, fresh_database};

async fn database() -> String {
    let made = tokio::task::spawn_blocking(fresh_database);
    made.await.expect("a database")
}

#[tokio::test]
async fn a_deal_that_asks_for_money_cannot_begin_without_a_gateway() {
    let app = TestApp::bare(database().await, &["--rate-limits", "off"]).await;
    let platform = app.person_with("platform", &["service"]).await;
    for person in ["ines", "bela"] {
        app.person(person).await;
    }
    let refused = platform
        .post("/api/v1/conversations", creation("bid-1"))
        .await;
    let refused = refused
        .expect_status(409)
        .expect_code("PAYMENTS_UNAVAILABLE");
    assert!(
        refused.body["message"]
            .as_str()
            .unwrap()
            .contains("takes no payments")
    );
    assert_eq!(app.count("select count(*) as n from conversations"), 0);
    let mut plain = creation("bid-1");
    plain["flow"] = Value::Null;
    let made = platform.post("/api/v1/conversations", plain).await;
    made.expect_status(201);
    platform
        .post("/sandbox/checkout/order_1", json!({ "outcome": "success" }))
        .await
        .expect_status(404);
    let paid = event("payment.captured", "order_1", "pay_1", 100);
    let seed = hex_hmac(SECRET, "the sandbox's webhooks");
    let signature = hex_hmac(&seed, &paid.body);
    assert_eq!(post(app.address, "x", &paid.body, &signature).await, 503);
    assert_eq!(app.count("select count(*) as n from payment_events"), 0);
}

#[tokio::test]
async fn one_that_runs_already_cannot_come_to_its_payment() {
    let mut deal = Deal::begin().await;
    deal.connect().await;
    let details = json!({ "details": "Three posts" });
    deal.step(
        "brand_owner",
        "send_project_details",
        details,
        "influencer_reviewing",
    )
    .await;
    deal.step(
        "influencer",
        "accept_project",
        json!({}),
        "brand_owner_pricing",
    )
    .await;
    let price = crate::deals::rupees(5_000);
    deal.step(
        "brand_owner",
        "send_price_offer",
        price,
        "influencer_price_response",
    )
    .await;
    deal.app.stop().await;
    let bare = TestApp::bare(deal.app.database.clone(), &["--rate-limits", "off"]).await;
    let influencer = bare.person("ines").await;
    let path = format!(
        "/api/v1/conversations/{}/flow/actions/accept_price",
        deal.id
    );
    let refused = influencer.post(&path, json!({})).await;
    refused
        .expect_status(409)
        .expect_code("PAYMENTS_UNAVAILABLE");
    let path = format!("/api/v1/conversations/{}/flow", deal.id);
    let stands = influencer.get(&path).await;
    assert_eq!(stands.body["state"], "influencer_price_response");
    assert_eq!(bare.count("select count(*) as n from payment_orders"), 0);
}

#[tokio::test]
async fn an_explicit_webhook_secret_asks_for_the_sandbox_and_keys_rule_it_out() {
    let options = [
        "--rate-limits",
        "off",
        "--sandbox-webhook-secret",
        "a secret",
    ];
    let app = TestApp::bare(database().await, &options).await;
    let deal = Deal::begin_on(app).await;
    deal.to_payment().await;
    let order = deal.order().await;
    assert!(deal.check_out(&order, "success").await.is_success());
    deal.reaches("payment_completed").await;
    let both = [
        "serve",
        "--sandbox",
        "--razorpay-key-id",
        "rzp_1",
        "--razorpay-key-secret",
        "x",
        "--razorpay-webhook-secrets",
        "y",
    ];
    let (output, _, complained) = outcome(&both, &[("STOA_JWT_SECRET", SECRET)]);
    assert!(
        !output.status.success() && complained.contains("--sandbox"),
        "{complained}"
    );
}

/// The first line of a server's log that says something of payments.
fn said_of_payments(database: &str, arguments: &[&str]) -> String {
    let variables = [
        ("DATABASE_URL", database),
        ("STOA_JWT_SECRET", SECRET),
        ("STOA_LISTEN", "127.0.0.1:0"),
    ];
    let arguments = [&["serve", "--workers", "1"], arguments].concat();
    let mut server = program(&arguments, &variables)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let lines = BufReader::new(server.stderr.take().expect("a pipe")).lines();
    let mut lines = lines.map(|line| line.expect("text"));
    let said = lines.find(|line| {
        ["sandbox_payments", "no_gateway", "listening"]
            .iter()
            .any(|event| line.contains(event))
    });
    server.kill().expect("it ends");
    server.wait().expect("it ends");
    said.expect("a line")
}

#[tokio::test]
async fn the_log_says_what_becomes_of_payments() {
    for (options, event) in [
        (&["--sandbox"][..], "sandbox_payments"),
        (&[], "no_gateway"),
    ] {
        let database = database().await;
        let said = tokio::task::spawn_blocking(move || said_of_payments(&database, options));
        let said = said.await.unwrap();
        assert!(
            said.contains(event) && said.contains("--razorpay-key-id"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn the_platform_is_told_that_a_payment_was_made_in_the_sandbox() {
    let platform = receiver(|_| super::listener::Said::status(204)).await;
    let options = told_here(&platform);
    let mut options: Vec<&str> = options.iter().map(String::as_str).collect();
    options.extend(["--rate-limits", "off"]);
    let deal = Deal::begin_on(TestApp::with(&options).await).await;
    deal.to_payment().await;
    let order = deal.order().await;
    assert!(deal.check_out(&order, "success").await.is_success());
    deal.reaches("payment_completed").await;
    let is_told = |events: &[Value]| {
        events
            .iter()
            .any(|event| event["type"] == "deal.paid" && event["status"] == "delivered")
    };
    let events = until_events(&deal.platform, is_told).await;
    for heard in platform.heard() {
        let body: Value = serde_json::from_str(&heard.body).expect("JSON");
        let is_paid = body["type"] == "deal.paid";
        let mark = body.get("sandbox");
        assert!(
            mark == Some(&json!(true)) || !is_paid && mark.is_none(),
            "{body}"
        );
        assert!(body["data"].is_object() && body["timestamp"].is_string());
    }
    let shown = events
        .iter()
        .find(|event| event["type"] == "deal.paid")
        .unwrap();
    assert_eq!(shown["body"]["sandbox"], true);
}
