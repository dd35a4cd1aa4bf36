//! The endpoints of one side: work that is handed in and judged, and who may act.

use serde_json::{Value, json};

use crate::deals::Deal;

const BIDS: &str = "/api/bids/automated";

impl Deal {
    /// Up to the payment that has arrived.
    pub async fn paid(&self) {
        self.clicked_to_payment().await;
        let order = self.order().await;
        assert!(self.check_out(&order, "success").await.is_success());
        self.reaches("payment_completed").await;
    }
}

#[tokio::test]
async fn work_is_handed_in_and_judged() {
    let deal = Deal::begin().await;
    let work = json!({ "deliverables": "https://example.com/a", "description": "Posts" });
    let (submit, review) = (
        format!("/api/bids/{}/submit-work", deal.id),
        format!("/api/bids/{}/review-work", deal.id),
    );
    let told = deal.influencer.post(&submit, work.clone()).await;
    told.expect_status(400).expect_code("FLOW_STATE_INVALID");
    deal.paid().await;
    deal.front_walks(&[("influencer", "start_work", json!({}), "work_in_progress")])
        .await;
    let bare = deal
        .influencer
        .post(&submit, json!({ "description": "Posts" }))
        .await
        .expect_status(400)
        .body;
    assert_eq!(bare["details"]["field"], "deliverables");
    let told = deal
        .influencer
        .post(&submit, work.clone())
        .await
        .expect_status(200)
        .body;
    assert_eq!(
        told,
        json!({ "success": true, "message": "Work submitted successfully", "flow_state": "work_submitted", "awaiting_role": "brand_owner" })
    );
    let again = json!({ "action": "request_revision", "feedback": "Warmer light" });
    let told = deal
        .brand_owner
        .post(&review, again)
        .await
        .expect_status(200)
        .body;
    assert_eq!(
        (&told["flow_state"], &told["message"]),
        (
            &json!("work_in_progress"),
            &json!("Work reviewed successfully")
        )
    );
    deal.front_walks(&[("influencer", "resubmit_work", work, "work_submitted")])
        .await;
    let well = json!({ "action": "approve_work", "feedback": "Well done" });
    let told = deal
        .brand_owner
        .post(&review, well)
        .await
        .expect_status(200)
        .body;
    assert_eq!(
        (&told["flow_state"], &told["awaiting_role"]),
        (&json!("real_time"), &Value::Null)
    );
}

#[tokio::test]
async fn work_is_judged_by_the_brand_owner_in_two_words() {
    let deal = Deal::begin().await;
    deal.paid().await;
    let work = json!({ "deliverables": "https://example.com/a", "description": "Posts" });
    deal.front_walks(&[
        ("influencer", "start_work", json!({}), "work_in_progress"),
        ("influencer", "submit_work", work, "work_submitted"),
    ])
    .await;
    let review = format!("/api/bids/{}/review-work", deal.id);
    deal.influencer
        .post(&review, json!({ "action": "approve_work" }))
        .await
        .expect_status(403);
    deal.brand_owner
        .post(&review, json!({ "action": "burn_work" }))
        .await
        .expect_status(400);
    assert_eq!(deal.row("influencer").await["flow_state"], "work_submitted");
}

#[tokio::test]
async fn each_endpoint_is_for_its_side() {
    let deal = Deal::begin().await;
    let accept = json!({ "conversation_id": deal.id, "action": "accept_connection", "data": {} });
    for path in [
        "/api/bids/automated/brand-owner-action",
        "/api/campaigns/handle-brand-owner-action",
    ] {
        let told = deal.influencer.post(path, accept.clone()).await;
        told.expect_status(403).expect_code("FORBIDDEN");
    }
    let told = deal
        .brand_owner
        .post("/api/bids/automated/influencer-action", accept.clone())
        .await;
    told.expect_status(403).expect_code("FORBIDDEN");
    let stranger = deal.app.person("otto").await;
    let told = stranger
        .post("/api/bids/automated/influencer-action", accept.clone())
        .await;
    told.expect_status(404)
        .expect_code("CONVERSATION_NOT_FOUND");
    for (wrong, field) in [
        (json!({ "action": "accept" }), "conversation_id"),
        (json!({ "conversation_id": deal.id }), "action"),
        (
            json!({ "conversation_id": deal.id, "action": "accept", "data": 5 }),
            "data",
        ),
    ] {
        let told = deal
            .influencer
            .post("/api/bids/automated/influencer-action", wrong)
            .await
            .expect_status(400)
            .body;
        assert_eq!(told["details"]["field"], field, "{told}");
    }
    let unknown = deal.front_acts("influencer", "dance", json!({})).await;
    unknown.expect_status(400).expect_code("ACTION_NOT_FOUND");
    let early = deal.front_acts("brand_owner", "pay_now", json!({})).await;
    early.expect_status(400).expect_code("FLOW_STATE_INVALID");
    assert_eq!(
        deal.row("influencer").await["flow_state"],
        "influencer_responding"
    );
}

#[tokio::test]
async fn the_context_of_a_flow_has_its_messages() {
    let deal = Deal::begin().await;
    let path = format!("{BIDS}/conversation/{}/context", deal.id);
    let told = deal.influencer.get(&path).await.expect_status(200).body;
    assert_eq!(
        ["flow_state", "awaiting_role", "chat_status"].map(|name| told[name].clone()),
        ["influencer_responding", "influencer", "automated"]
    );
    let rows = deal.rows("influencer").await;
    assert_eq!(told["conversation"]["messages"], json!(rows));
    assert_eq!(told["conversation"]["id"], deal.id);
}

#[tokio::test]
async fn nobody_sets_the_state_of_a_conversation() {
    let deal = Deal::begin().await;
    let path = format!("/api/conversations/{}/state", deal.id);
    let forged = json!({ "flow_state": "payment_completed", "awaiting_role": "influencer" });
    for person in [&deal.influencer, &deal.brand_owner, &deal.platform] {
        let told = person.patch(&path, forged.clone()).await;
        told.expect_status(404).expect_code("ROUTE_NOT_FOUND");
    }
    assert_eq!(
        deal.row("influencer").await["flow_state"],
        "influencer_responding"
    );
}
