//! A step is news for the other side, and not for the user who made it.

use serde_json::{Value, json};

use super::SYSTEM;
use crate::client::Person;
use crate::deals::Deal;
use crate::socketio_chat::client::SocketIoClient;

#[actix_rt::test]
async fn who_presses_gets_no_news_of_their_own_step() {
    let deal = Deal::begin().await;
    let counted = async |person: &Person| {
        let told = person.get("/api/messages/unread-count").await;
        told.expect_status(200).body["unread_count"].clone()
    };
    let seen = format!("/api/conversations/{}/seen", deal.id);
    for person in [&deal.influencer, &deal.brand_owner] {
        person.put(&seen, json!({})).await.expect_status(200);
        assert_eq!(counted(person).await, 0);
    }
    let mut own = SocketIoClient::stoory(&deal.influencer).await;
    let mut other = SocketIoClient::stoory(&deal.brand_owner).await;
    deal.click("influencer", "accept_connection", json!({}))
        .await
        .expect_status(200);
    let told = other.event("notification").await;
    assert_eq!(
        (&told["data"]["sender_id"], &told["data"]["sender_name"]),
        (&json!("ines"), &json!("ines by name")),
        "the name is of the same person as the id"
    );
    let unread = other.event("unread_count_updated").await;
    assert_eq!(unread["action"], "increment");
    let heard = own.drain().await;
    let is_news = |event: &&Value| event[0] == "notification" || event[0] == "unread_count_updated";
    assert_eq!(heard.iter().find(is_news), None);
    assert_eq!(counted(&deal.influencer).await, 0);
    assert_eq!(counted(&deal.brand_owner).await, unread["unread_count"]);
    let listed = deal
        .influencer
        .get("/api/messages/conversations/bids")
        .await;
    assert_eq!(listed.body["conversations"][0]["unread_count"], 0);
    let listed = deal
        .influencer
        .get("/api/v1/conversations?unread=true")
        .await;
    assert_eq!(listed.expect_status(200).body["items"], json!([]));
    let found = |query: &str| format!("/api/v1/search?q={query}");
    let own = deal.influencer.get(&found("is:unread")).await;
    assert_eq!(own.expect_status(200).body["total"], 0);
    let others = deal.brand_owner.get(&found("is:unread")).await;
    assert_eq!(
        others.expect_status(200).body["total"],
        unread["unread_count"]
    );
}

#[actix_rt::test]
async fn what_nobody_pressed_is_news_for_both_in_the_conversation_s_name() {
    let deal = Deal::begin().await;
    let mut own = SocketIoClient::stoory(&deal.brand_owner).await;
    deal.to_payment().await;
    deal.order().await;
    let mut told = own.event("notification").await;
    while told["data"]["message"]["message_type"] != "brand_owner_payment" {
        told = own.event("notification").await;
    }
    assert_eq!(
        told["data"]["sender_id"], SYSTEM,
        "the gateway's order made it"
    );
    assert!(told["data"]["sender_name"].is_string());
}
