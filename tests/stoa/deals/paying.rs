//! Money in deals, from end to end: the order, the sandbox's page, its webhooks, the step.

use serde_json::{Value, json};

use super::{Deal, rupees};
use crate::polling::until;
use crate::test_app::TestApp;

impl Deal {
    /// What the payer does on the sandbox's page.
    pub async fn check_out(&self, order: &str, outcome: &str) -> reqwest::StatusCode {
        let url = format!("http://{}/sandbox/checkout/{order}", self.app.address);
        let sent = reqwest::Client::new()
            .post(url)
            .json(&json!({ "outcome": outcome }))
            .send();
        sent.await.unwrap().status()
    }
}

#[tokio::test]
async fn an_attempt_that_fails_is_told_and_the_next_one_pays_once() {
    let deal = Deal::begin().await;
    deal.to_payment().await;
    let order = deal.order().await;
    let stands = deal.stands(&deal.brand_owner).await;
    let offered = &stands["available_actions"][0]["action"];
    assert_eq!(offered, "proceed_to_payment");
    deal.step(
        "brand_owner",
        "proceed_to_payment",
        json!({}),
        "payment_pending",
    )
    .await;
    assert!(deal.check_out(&order, "failure").await.is_success());
    let failed = "The payment did not go through. You can try again.";
    let says_so = |messages: &Vec<Value>| messages.iter().any(|message| message["body"] == failed);
    let messages = async || deal.messages(&deal.brand_owner).await;
    until("the failure to be told", messages, says_so).await;
    assert_eq!(
        deal.stands(&deal.platform).await["state"],
        "payment_pending"
    );
    assert!(deal.check_out(&order, "success").await.is_success());
    deal.reaches("payment_completed").await;
    let log = deal.history(&deal.platform).await;
    let is_paid = |step: &&Value| step["new_state"] == "payment_completed";
    let paid: Vec<&Value> = log.iter().filter(is_paid).collect();
    assert_eq!(paid.len(), 1);
    assert_eq!(
        (&paid[0]["actor"], &paid[0]["actor_id"]),
        (&json!("payment"), &Value::Null)
    );
}

#[tokio::test]
async fn a_deal_goes_from_invitation_to_free_chat() {
    let deal = Deal::begin().await;
    deal.to_payment().await;
    let order = deal.order().await;
    assert!(deal.check_out(&order, "success").await.is_success());
    deal.reaches("payment_completed").await;
    let work = json!({ "deliverables": "https://example.com/a", "description": "posts", "submission_notes": "warm light" });
    let comment = |text: &str| json!({ "comment": text });
    deal.steps([
        ("influencer", "start_work", json!({}), "work_in_progress"),
        ("influencer", "submit_work", work.clone(), "work_submitted"),
        (
            "brand_owner",
            "request_revision",
            comment("warmer"),
            "work_in_progress",
        ),
        ("influencer", "submit_work", work, "work_submitted"),
        (
            "brand_owner",
            "approve_work",
            comment("lovely"),
            "real_time",
        ),
    ])
    .await;
    let path = format!("/api/v1/conversations/{}/messages", deal.id);
    for person in [&deal.influencer, &deal.brand_owner] {
        let said = person.post(&path, json!({ "body": "thank you" })).await;
        said.expect_status(201);
    }
    let stands = deal.stands(&deal.influencer).await;
    let shown = (&stands["phase"], &stands["chat"], &stands["deadline"]);
    assert_eq!(shown, (&json!("over"), &json!("free"), &Value::Null));
}

#[tokio::test]
async fn with_a_wrong_secret_of_the_sandbox_the_deal_stays_unpaid() {
    let options = [
        "--rate-limits",
        "off",
        "--sandbox-signing-secret",
        "another-secret-than-the-one-it-verifies-with",
    ];
    let deal = Deal::begin_on(TestApp::with(&options).await).await;
    deal.to_payment().await;
    let order = deal.order().await;
    assert!(deal.check_out(&order, "success").await.is_success());
    let refused =
        "select count(*) as n from jobs where kind = 'sandbox_events' and last_error is not null";
    deal.app.until_count(refused, 1).await;
    assert_eq!(
        deal.stands(&deal.platform).await["state"],
        "payment_pending"
    );
    assert_eq!(
        deal.app.count("select count(*) as n from payment_events"),
        0
    );
}

#[tokio::test]
async fn money_for_a_deal_that_is_off_goes_back() {
    let deal = Deal::begin().await;
    deal.to_payment().await;
    let order = deal.order().await;
    deal.step(
        "brand_owner",
        "close_conversation",
        json!({}),
        "chat_closed",
    )
    .await;
    assert!(deal.check_out(&order, "success").await.is_success());
    let back = "select count(*) as n from refunds where status = 'processed' and reason = 'late'";
    deal.app.until_count(back, 1).await;
    assert_eq!(deal.stands(&deal.platform).await["state"], "chat_closed");
}

#[tokio::test]
async fn an_event_waits_until_the_platform_takes_it() {
    let deal = Deal::begin().await;
    deal.steps([
        (
            "influencer",
            "accept_connection",
            json!({}),
            "brand_owner_details",
        ),
        (
            "brand_owner",
            "send_project_details",
            json!({ "details": "x" }),
            "influencer_reviewing",
        ),
        (
            "influencer",
            "accept_project",
            json!({}),
            "brand_owner_pricing",
        ),
        (
            "brand_owner",
            "send_price_offer",
            rupees(10),
            "influencer_price_response",
        ),
        ("influencer", "close_conversation", json!({}), "chat_closed"),
    ])
    .await;
    let told = deal
        .platform
        .get("/api/v1/webhooks/events")
        .await
        .expect_status(200)
        .body;
    let event = &told["items"][0];
    assert_eq!(event["type"], "deal.closed", "{told}");
}
