//! The way through the bid flow up to the money: what both sides see at each step.

use serde_json::{Value, json};

use super::{Deal, creation, rupees};
use crate::test_app::TestApp;

fn names(stands: &Value) -> Vec<&str> {
    let offers = stands["available_actions"].as_array().unwrap();
    offers
        .iter()
        .map(|offer| offer["action"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_deal_shows_each_side_its_own_actions_and_its_own_cards() {
    let deal = Deal::begin().await;
    let (mine, theirs) = (
        deal.stands(&deal.influencer).await,
        deal.stands(&deal.brand_owner).await,
    );
    assert_eq!(mine["state"], "influencer_responding");
    assert_eq!(mine["awaiting_role"], "influencer");
    assert_eq!(
        names(&mine),
        [
            "accept_connection",
            "reject_connection",
            "close_conversation"
        ]
    );
    assert_eq!(names(&theirs), ["close_conversation"]);
    assert!(mine["deadline"].is_string() && mine["phase"] == "running");
    let card = deal.messages(&deal.influencer).await.pop().unwrap();
    assert_eq!(
        card["action"]["title"],
        "A brand owner wants to work with you"
    );
    assert_eq!(card["sender_id"], Value::Null);
    assert!(deal.messages(&deal.brand_owner).await.is_empty());
    deal.connect().await;
    let card = deal.messages(&deal.influencer).await.remove(0);
    assert_eq!(card["action"]["done"]["action"], "accept_connection");
    assert_eq!(card["action"]["done"]["actor_id"], "ines");
}

#[tokio::test]
async fn a_step_is_told_to_both_sides_as_it_happens_with_what_each_may_do() {
    let deal = Deal::begin().await;
    let mut listening = deal.brand_owner.joined(&deal.id).await;
    deal.connect().await;
    let told = listening.event("conversation_state_changed").await;
    assert_eq!(told["previous_state"], "influencer_responding");
    assert_eq!(told["new_state"], "brand_owner_details");
    assert_eq!(told["actor_id"], "ines");
    let offered = &told["available_actions"][0]["action"];
    assert_eq!(offered, "send_project_details");
    let card = loop {
        let message = listening.event("new_message").await;
        if message["message"]["action"].is_object() {
            break message["message"]["action"].clone();
        }
    };
    assert_eq!(card["state_version"], told["state_version"]);
    let press = json!({
        "conversation_id": deal.id, "action": "send_project_details", "state_version": told["state_version"],
        "input": { "details": "Three posts" }, "request_id": "r-1",
    });
    let after = listening.call("flow_action", press.clone()).await.unwrap();
    assert_eq!(after["state"], "influencer_reviewing");
    let again = listening.call("flow_action", press).await.unwrap();
    assert_eq!(again, after, "the same press again");
}

/// Up to the money, by way of a counter offer.
async fn bargain(deal: &Deal) -> Value {
    let none = || json!({});
    let details = json!({ "details": "x" });
    deal.steps([
        (
            "influencer",
            "accept_connection",
            none(),
            "brand_owner_details",
        ),
        (
            "brand_owner",
            "send_project_details",
            details,
            "influencer_reviewing",
        ),
        (
            "influencer",
            "accept_project",
            none(),
            "brand_owner_pricing",
        ),
        (
            "brand_owner",
            "send_price_offer",
            rupees(5_000),
            "influencer_price_response",
        ),
        (
            "influencer",
            "negotiate_price",
            rupees(7_000),
            "brand_owner_negotiation",
        ),
        (
            "brand_owner",
            "make_counter_offer",
            none(),
            "negotiation_input",
        ),
        (
            "brand_owner",
            "send_counter_offer",
            rupees(6_000),
            "influencer_final_response",
        ),
    ])
    .await;
    deal.step(
        "influencer",
        "accept_final_offer",
        none(),
        "payment_pending",
    )
    .await
}

#[tokio::test]
async fn the_log_tells_every_step_and_each_side_its_own_words() {
    let deal = Deal::begin().await;
    let last = bargain(&deal).await;
    assert_eq!(last["state"], "payment_pending");
    let log = deal.history(&deal.brand_owner).await;
    let action = |step: &Value| step["action"].as_str().unwrap().to_owned();
    let actions: Vec<String> = log.iter().map(action).collect();
    assert_eq!(actions[..3], ["start", "then", "accept_connection"]);
    let input = |name: &str| {
        let found = log.iter().find(|step| step["action"] == name);
        found.unwrap()["input"].clone()
    };
    assert_eq!(input("send_price_offer"), rupees(5_000), "one's own words");
    assert_eq!(input("negotiate_price"), Value::Null, "the other side's");
}

#[tokio::test]
async fn a_wrong_press_is_refused_with_what_would_be_right_and_changes_nothing() {
    let deal = Deal::begin().await;
    let wrong = deal.press(&deal.brand_owner, "approve_work", json!({}));
    let refused = wrong
        .await
        .expect_status(409)
        .expect_code("FLOW_STATE_INVALID");
    assert_eq!(
        refused.body["details"]["current_state"],
        "influencer_responding"
    );
    assert_eq!(refused.body["details"]["required_state"], "work_submitted");
    assert_eq!(
        refused.body["details"]["available_actions"][0]["action"],
        "close_conversation"
    );
    let theirs = deal.press(&deal.brand_owner, "accept_connection", json!({}));
    theirs.await.expect_status(403).expect_code("FORBIDDEN");
    let unknown = deal.press(&deal.influencer, "fly", json!({}));
    unknown
        .await
        .expect_status(404)
        .expect_code("ACTION_NOT_FOUND");
    deal.connect().await;
    let empty = deal.press(
        &deal.brand_owner,
        "send_project_details",
        json!({ "input": {} }),
    );
    let refused = empty
        .await
        .expect_status(400)
        .expect_code("INVALID_REQUEST");
    assert_eq!(refused.body["details"]["field"], "details");
    let stale = deal.press(
        &deal.brand_owner,
        "send_project_details",
        json!({ "input": { "details": "x" }, "state_version": 1 }),
    );
    stale
        .await
        .expect_status(409)
        .expect_code("FLOW_STATE_INVALID");
    assert_eq!(deal.history(&deal.brand_owner).await.len(), 3);
}

#[tokio::test]
async fn a_deal_begins_for_the_platform_alone_and_with_every_role_taken() {
    let app = TestApp::start().await;
    let platform = app.person_with("platform", &["service"]).await;
    let (ines, bela) = (app.person("ines").await, app.person("bela").await);
    let own = ines.post("/api/v1/conversations", creation("b")).await;
    own.expect_status(403).expect_code("FORBIDDEN");
    let mut lonely = creation("b");
    lonely["participants"].as_array_mut().unwrap().pop();
    let refused = platform.post("/api/v1/conversations", lonely).await;
    refused.expect_status(400).expect_code("INVALID_REQUEST");
    let mut unknown = creation("b");
    unknown["flow"]["name"] = json!("nothing");
    let refused = platform.post("/api/v1/conversations", unknown).await;
    refused
        .expect_status(404)
        .expect_code("FLOW_DEFINITION_NOT_FOUND");
    let mut odd = creation("b");
    odd["flow"]["context"]["proposed_amount"] = json!("much");
    let refused = platform.post("/api/v1/conversations", odd).await;
    refused.expect_status(400).expect_code("INVALID_REQUEST");
    let listed = bela.get("/api/v1/conversations").await.body;
    assert_eq!(listed["items"], json!([]), "nothing was made");
    let first = platform.post("/api/v1/conversations", creation("b")).await;
    let second = platform.post("/api/v1/conversations", creation("b")).await;
    let first = first.expect_status(201).body;
    assert_eq!(second.expect_status(200).body["id"], first["id"]);
    assert_eq!(first["flow"]["state"], "influencer_responding");
}
