//! A typed text where people type freely is a message like any that is sent.

use serde_json::{Value, json};

use super::two;
use crate::deals::Deal;
use crate::socketio_chat::client::SocketIoClient;

#[actix_rt::test]
async fn without_a_deal_a_text_is_sent() {
    let (app, alice, bob) = two().await;
    let id = app.direct(&alice, &bob).await;
    let mut other = SocketIoClient::stoory(&bob).await;
    other.call("join_conversation", json!(id)).await;
    let path = format!("/api/messages/conversations/{id}/text-input");
    for (number, word) in [
        json!("general"),
        json!("question"),
        json!("response"),
        json!(null),
    ]
    .into_iter()
    .enumerate()
    {
        let text = format!("text {number}");
        let typed = json!({ "text": text, "input_type": word });
        let told = alice.post(&path, typed).await.expect_status(200).body;
        assert_eq!(told["message"]["message"], text, "{word}");
        assert_eq!(
            (
                &told["message"]["sender_id"],
                &told["message"]["message_type"]
            ),
            (&json!("alice"), &json!("user_input"))
        );
        assert_eq!(
            told["flow_update"],
            json!({ "flow_state": "real_time", "awaiting_role": null, "chat_status": "real_time" })
        );
        let heard = other.event("new_message").await;
        assert_eq!(heard["message"]["id"], told["message"]["id"]);
    }
    let page = bob.get(&format!("/api/messages/{id}")).await.body;
    assert_eq!(page["pagination"]["total"], 4);
    let long = json!({ "text": "x".repeat(1_001), "input_type": "general" });
    let told = alice.post(&path, long).await.expect_status(400).body;
    assert_eq!(told["details"]["field"], "text");
    let other = json!({ "text": "x", "input_type": "general", "user_id": "bob" });
    let told = alice.post(&path, other).await;
    told.expect_status(403).expect_code("IDENTITY_MISMATCH");
    let stranger = app.person("otto").await;
    let typed = json!({ "text": "x", "input_type": "general" });
    let told = stranger.post(&path, typed).await;
    told.expect_status(404)
        .expect_code("CONVERSATION_NOT_FOUND");
}

#[tokio::test]
async fn in_a_deal_a_text_is_sent_once_its_people_type_freely() {
    let deal = Deal::begin().await;
    let refused = deal.type_in("influencer", "hello", "general").await;
    refused.expect_status(409).expect_code("FLOW_STATE_INVALID");
    deal.paid().await;
    let work = json!({ "deliverables": "https://example.com/a", "description": "Posts" });
    deal.front_walks(&[
        ("influencer", "start_work", json!({}), "work_in_progress"),
        ("influencer", "submit_work", work, "work_submitted"),
        ("brand_owner", "approve_work", json!({}), "real_time"),
    ])
    .await;
    let steps = deal.steps_made().await;
    for role in ["influencer", "brand_owner"] {
        for _ in 0..2 {
            let told = deal.type_in(role, "Thank you!", "general").await;
            let told = told.expect_status(200).body;
            assert_eq!(told["message"]["message"], "Thank you!");
            assert_eq!(told["flow_state"], "real_time");
            assert_eq!(told["audit_message"], Value::Null);
        }
    }
    assert_eq!(deal.steps_made().await, steps, "nothing was pressed");
    let rows = deal.rows("influencer").await;
    let said = rows.iter().filter(|row| row["message"] == "Thank you!");
    assert_eq!(said.count(), 4);
    let priced = deal.type_in("brand_owner", "5000", "negotiation").await;
    assert!(priced.status >= 400, "a price is no message");
}
