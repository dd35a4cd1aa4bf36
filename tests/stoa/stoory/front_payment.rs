//! What the browser reports after a checkout is a hint; the gateway's webhook moves the deal.

use serde_json::{Value, json};
use stoa::signing::hex_signature;

use super::fields;
use crate::client::Answer;
use crate::deals::Deal;
use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::{SECRET, TestApp};

const VERIFY: &str = "/api/bids/automated/verify-payment";

/// The signature that the sandbox's checkout would give the browser.
fn signature(order: &str, payment: &str) -> String {
    let seed = hex_signature(SECRET.as_bytes(), b"the sandbox's webhooks");
    hex_signature(seed.as_bytes(), format!("{order}|{payment}").as_bytes())
}

impl Deal {
    async fn reports(&self, path: &str, order: &str, payment: &str, signature: &str) -> Answer {
        let body = json!({
            "razorpay_order_id": order, "razorpay_payment_id": payment, "razorpay_signature": signature, "conversation_id": self.id,
        });
        self.brand_owner.post(path, body).await
    }
}

#[tokio::test]
async fn a_reported_payment_is_confirmed_by_the_webhook_alone() {
    let deal = Deal::begin().await;
    deal.to_payment().await;
    let order = deal.order().await;
    let before = deal.steps_made().await;
    let told = deal
        .reports(VERIFY, &order, "pay_1", &signature(&order, "pay_1"))
        .await;
    let told = told.expect_status(200).body;
    assert_eq!(
        told["payment_status"],
        json!({ "status": "confirming", "razorpay_payment_id": "pay_1", "razorpay_order_id": order, "amount": 500_000, "currency": "INR" })
    );
    assert!(told["message"].is_string());
    let conversation = &told["conversation"];
    let names = [
        "id",
        "conversation_type",
        "flow_state",
        "awaiting_role",
        "chat_status",
    ];
    assert_eq!(
        fields(conversation, names),
        json!([
            deal.id,
            "bid",
            "payment_pending",
            "brand_owner",
            "automated"
        ])
    );
    assert_eq!(conversation["flow_data"]["price"]["amount"], 500_000);
    assert!(
        conversation["current_action_data"].is_object() && conversation["created_at"].is_string()
    );
    let wallet = json!({ "balance_paise": null, "frozen_balance_paise": null });
    assert_eq!(
        told["wallet_updates"],
        json!({ "brand_owner": wallet, "influencer": wallet })
    );
    assert_eq!(deal.steps_made().await, before, "a hint moves nothing");
    assert_eq!(
        deal.row("brand_owner").await["flow_state"],
        "payment_pending"
    );

    is_verified_once_paid(&deal, &order).await;
}

async fn is_verified_once_paid(deal: &Deal, order: &str) {
    assert!(deal.check_out(order, "success").await.is_success());
    deal.reaches("payment_completed").await;
    let paid = deal.app.payment_of(order).await;
    for path in [VERIFY, "/api/campaigns/automated/verify-payment"] {
        let told = deal
            .reports(path, order, &paid, &signature(order, &paid))
            .await
            .expect_status(200)
            .body;
        assert_eq!(told["payment_status"]["status"], "verified", "{told}");
        assert_eq!(told["conversation"]["flow_state"], "payment_completed");
    }
    let other = deal
        .reports(VERIFY, order, "pay_1", &signature(order, "pay_1"))
        .await
        .expect_status(200)
        .body;
    assert_eq!(
        other["payment_status"]["status"], "confirming",
        "another payment has not come"
    );
}

impl TestApp {
    /// The sandbox's id of the payment of an order, which it derives from the order's id.
    async fn payment_of(&self, order: &str) -> String {
        let seed = hex_signature(SECRET.as_bytes(), b"the sandbox's webhooks");
        let mark = hex_signature(seed.as_bytes(), order.as_bytes());
        format!("pay_sandbox_{}", &mark[..20])
    }
}

#[tokio::test]
async fn a_report_without_the_gateway_s_signature_is_refused() {
    let deal = Deal::begin().await;
    deal.to_payment().await;
    let order = deal.order().await;
    let forged = deal
        .reports(VERIFY, &order, "pay_1", &"0".repeat(64))
        .await
        .expect_status(400)
        .body;
    assert_eq!(forged["details"]["field"], "razorpay_signature");
    let of_another = signature("order_other", "pay_1");
    deal.reports(VERIFY, &order, "pay_1", &of_another)
        .await
        .expect_status(400);
    let unknown = deal
        .reports(VERIFY, "order_other", "pay_1", &of_another)
        .await;
    unknown.expect_status(404).expect_code("ORDER_NOT_FOUND");
    let stranger = deal.app.person("otto").await;
    let body = json!({
        "razorpay_order_id": order, "razorpay_payment_id": "p", "razorpay_signature": signature(&order, "p"), "conversation_id": deal.id,
    });
    let told = stranger.post(VERIFY, body.clone()).await;
    told.expect_status(404)
        .expect_code("CONVERSATION_NOT_FOUND");
    for missing in [
        "razorpay_order_id",
        "razorpay_payment_id",
        "razorpay_signature",
        "conversation_id",
    ] {
        let mut lacking = body.clone();
        lacking.as_object_mut().unwrap().remove(missing);
        let told = deal
            .brand_owner
            .post(VERIFY, lacking)
            .await
            .expect_status(400)
            .body;
        assert_eq!(told["details"]["field"], missing);
    }
    let direct = deal.app.direct(&deal.influencer, &deal.brand_owner).await;
    let mut elsewhere = body;
    elsewhere["conversation_id"] = json!(direct);
    let told = deal.brand_owner.post(VERIFY, elsewhere).await;
    told.expect_status(404).expect_code("ORDER_NOT_FOUND");
    assert_eq!(
        deal.row("brand_owner").await["flow_state"],
        "payment_pending"
    );
}

#[actix_rt::test]
async fn a_payment_is_told_in_the_front_end_s_order() {
    let deal = Deal::begin().await;
    deal.to_payment().await;
    let order = deal.order().await;
    let mut payer = SocketIoClient::stoory(&deal.brand_owner).await;
    payer.call("join_conversation", json!(deal.id)).await;
    let mut elsewhere = SocketIoClient::stoory(&deal.influencer).await;
    payer.drain().await;
    assert!(deal.check_out(&order, "success").await.is_success());
    deal.reaches("payment_completed").await;
    let status = payer.event("payment_status_update").await;
    assert_eq!(
        status,
        json!({
            "conversation_id": deal.id, "status": "completed", "message": "Your payment of ₹5,000.00 has arrived.",
            "flow_state": "payment_completed", "chat_status": "automated",
        })
    );
    let is_paid =
        |event: &Value| event[0] == "notification" && event[1]["type"] == "payment_completed";
    let mut events = payer.drain().await;
    let told = events
        .iter()
        .find(|event| is_paid(event))
        .expect("a notification");
    let data = &told[1]["data"];
    assert_eq!(
        ["conversation_id", "message", "flow_state", "chat_status"].map(|name| data[name].clone()),
        [
            json!(deal.id),
            status["message"].clone(),
            json!("payment_completed"),
            json!("automated")
        ]
    );
    events.retain(|event| event[0] == "conversation_updated");
    assert_eq!(events.last().unwrap()[1]["payment_completed"], true);
    loop {
        let told = elsewhere.event("notification").await;
        if told["type"] == "payment_completed" {
            assert_eq!(
                told["data"]["message"],
                "The brand owner has paid ₹5,000.00. You can start."
            );
            break;
        }
    }
}

#[actix_rt::test]
async fn an_attempt_that_failed_is_told_as_one() {
    let deal = Deal::begin().await;
    deal.to_payment().await;
    let order = deal.order().await;
    let mut payer = SocketIoClient::stoory(&deal.brand_owner).await;
    payer.call("join_conversation", json!(deal.id)).await;
    assert!(deal.check_out(&order, "failure").await.is_success());
    let status = payer.event("payment_status_update").await;
    assert_eq!(
        (&status["status"], &status["flow_state"]),
        (&json!("failed"), &json!("payment_pending"))
    );
}

#[tokio::test]
async fn nobody_reports_a_payment_in_another_s_name() {
    let deal = Deal::begin().await;
    deal.to_payment().await;
    let order = deal.order().await;
    let body = |user: &str| {
        json!({
            "razorpay_order_id": order, "razorpay_payment_id": "pay_1", "conversation_id": deal.id,
            "razorpay_signature": signature(&order, "pay_1"), "sender_id": user,
        })
    };
    let told = deal.brand_owner.post(VERIFY, body("ines")).await;
    told.expect_status(403).expect_code("IDENTITY_MISMATCH");
    deal.brand_owner
        .post(VERIFY, body("bela"))
        .await
        .expect_status(200);
    let told = deal.platform.post(VERIFY, body("bela")).await;
    assert_eq!(
        told.expect_status(200).body["conversation"]["awaiting_role"],
        "brand_owner"
    );
}
