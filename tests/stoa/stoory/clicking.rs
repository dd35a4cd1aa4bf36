//! Clicks and texts that are refused, and the refusals.

use serde_json::{Value, json};

use super::{led_to, two};
use crate::deals::Deal;

#[tokio::test]
async fn a_click_in_another_state_is_told_both_states_as_in_the_guide() {
    let deal = Deal::begin().await;
    deal.clicked_to_payment().await;
    let told = deal
        .click("influencer", "accept_price", json!({ "price": 5000 }))
        .await;
    let told = told
        .expect_status(409)
        .expect_code("FLOW_STATE_INVALID")
        .body;
    assert_eq!(
        (
            &told["success"],
            &told["details"]["current_state"],
            &told["details"]["required_state"]
        ),
        (
            &json!(false),
            &json!("payment_pending"),
            &json!("influencer_price_response")
        )
    );
    let told = deal.type_in("influencer", "₹5000", "negotiation").await;
    let told = told
        .expect_status(409)
        .expect_code("FLOW_STATE_INVALID")
        .body;
    assert_eq!(
        (
            &told["details"]["current_state"],
            &told["details"]["required_state"]
        ),
        (
            &json!("payment_pending"),
            &json!("influencer_price_response")
        )
    );
    let told = deal.type_in("brand_owner", "₹5000", "negotiation").await;
    let told = told
        .expect_status(409)
        .expect_code("FLOW_STATE_INVALID")
        .body;
    assert_eq!(
        told["details"]["required_state"],
        json!([
            "brand_owner_pricing",
            "brand_owner_negotiation",
            "negotiation_input"
        ])
    );
}

#[tokio::test]
async fn buttons_are_known_and_pressed_by_their_own() {
    let deal = Deal::begin().await;
    let unknown = deal.click("influencer", "dance", json!({})).await;
    let told = unknown
        .expect_status(400)
        .expect_code("ACTION_NOT_FOUND")
        .body;
    assert_eq!(told["details"]["action"], "dance");
    let theirs = deal
        .click("brand_owner", "accept_connection", json!({}))
        .await;
    theirs.expect_status(403).expect_code("FORBIDDEN");
    for body in [
        json!({}),
        json!({ "button_id": null }),
        json!({ "button_id": 5 }),
        json!({ "button_id": " " }),
        json!({ "button_id": "x".repeat(65) }),
        json!({ "button_id": "accept_connection", "additional_data": [] }),
        json!({ "button_id": "accept_connection", "additional_data": { "a": "x".repeat(9_000) } }),
    ] {
        let wrong = deal
            .influencer
            .post(&deal.path("button-click"), body.clone())
            .await;
        assert_eq!(
            (wrong.status, &wrong.body["error_code"]),
            (400, &json!("INVALID_REQUEST")),
            "{body}"
        );
    }
    let bare = json!({ "button_id": "accept_connection" });
    let pressed = deal.influencer.post(&deal.path("button-click"), bare).await;
    led_to(pressed, "brand_owner_details");
}

/// The field that a refusal names.
fn field(body: &Value) -> &str {
    body["details"]["field"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn texts_name_what_they_are_for() {
    let deal = Deal::begin().await;
    let told = deal.type_in("influencer", "hello", "mood").await;
    let told = told.expect_status(400).expect_code("INVALID_REQUEST").body;
    assert_eq!(field(&told), "input_type");
    let accept = deal
        .click("influencer", "accept_connection", json!({}))
        .await;
    led_to(accept, "brand_owner_details");
    let early = deal.type_in("brand_owner", "₹5000", "negotiation").await;
    early.expect_status(409).expect_code("FLOW_STATE_INVALID");
    for (text, word) in [("", "details"), ("  ", "details"), ("x", &*"x".repeat(65))] {
        let told = deal.type_in("brand_owner", text, word).await;
        told.expect_status(400);
    }
    let path = deal.path("text-input");
    let untyped = json!({ "text": "Three posts" });
    let typed = deal.brand_owner.post(&path, untyped).await;
    led_to(typed, "influencer_reviewing");
}

#[tokio::test]
async fn what_is_no_amount_is_refused() {
    let deal = Deal::begin().await;
    deal.to_pricing().await;
    for wrong in ["five thousand", "5,00", "-5", "5000.505", "₹", "1e6"] {
        let told = deal.type_in("brand_owner", wrong, "price").await;
        let told = told.expect_status(400).body;
        assert_eq!(field(&told), "text", "{wrong}: {told}");
    }
    for (price, message) in [
        (
            json!("much"),
            "price must be an amount, like 5000 or 5,000.50",
        ),
        (Value::Null, "price must be filled in"),
        (json!("0.50"), "price must be at least ₹1.00"),
        (json!(0.5), "price must be at least ₹1.00"),
        (json!(1e15), "price must be at most ₹1,00,00,000.00"),
    ] {
        let offer = json!({ "price": price });
        let told = deal.click("brand_owner", "send_price_offer", offer).await;
        assert_eq!(told.expect_status(400).body["message"], message);
    }
    assert_eq!(
        deal.row("influencer").await["flow_state"],
        "brand_owner_pricing"
    );
}

#[tokio::test]
async fn a_price_is_agreed_as_it_was_said() {
    let deal = Deal::begin().await;
    deal.to_pricing().await;
    let offer = deal
        .type_in("brand_owner", "Rs. 5,000/-", "send_price_offer")
        .await;
    led_to(offer, "influencer_price_response");
    let greedy = deal.type_in("influencer", "50000", "negotiation").await;
    greedy.expect_status(400).expect_code("ACTION_NOT_ALLOWED");
    let other = json!({ "price": 6000 });
    let other = deal.click("influencer", "accept_price", other).await;
    other.expect_status(409).expect_code("CONFLICT");
    let same = json!({ "price": 5000 });
    let same = deal.click("influencer", "accept_price", same).await;
    led_to(same, "payment_pending");
}

#[tokio::test]
async fn others_neither_press_nor_learn() {
    let deal = Deal::begin().await;
    let stranger = deal.app.person("otto").await;
    let click = json!({ "button_id": "accept_connection" });
    let text = json!({ "text": "5", "input_type": "negotiation" });
    for (endpoint, body) in [("button-click", &click), ("text-input", &text)] {
        let path = deal.path(endpoint);
        let told = stranger.post(&path, body.clone()).await;
        told.expect_status(404)
            .expect_code("CONVERSATION_NOT_FOUND");
        let mut named = body.clone();
        named["user_id"] = json!("ines");
        let told = deal.brand_owner.post(&path, named).await;
        told.expect_status(403).expect_code("IDENTITY_MISMATCH");
    }
    for endpoint in ["context", "messages"] {
        let told = stranger.get(&deal.path(endpoint)).await;
        told.expect_status(404)
            .expect_code("CONVERSATION_NOT_FOUND");
    }
    let mut own = click.clone();
    own["userId"] = json!("ines");
    led_to(
        deal.influencer.post(&deal.path("button-click"), own).await,
        "brand_owner_details",
    );
    let as_other = json!({ "text": "Three posts", "input_type": "details", "user_id": "bela" });
    let acted = deal.platform.post(&deal.path("text-input"), as_other).await;
    led_to(acted, "influencer_reviewing");
    let log = deal.history(&deal.platform).await;
    assert_eq!(
        log.last().unwrap()["actor_id"],
        "bela",
        "the platform acts for others"
    );
    let beyond = json!({ "button_id": "staff_close", "additional_data": { "reason": "x" }, "user_id": "ines" });
    let path = deal.path("button-click");
    let refused = deal.platform.post(&path, beyond).await;
    refused.expect_status(403).expect_code("FORBIDDEN");
}

#[tokio::test]
async fn staff_press_what_is_theirs() {
    let deal = Deal::begin().await;
    let support = deal.app.person_with("support", &["support"]).await;
    let row = support
        .get(&deal.path("context"))
        .await
        .expect_status(200)
        .body;
    assert_eq!(row["conversation"]["current_action_data"], Value::Null);
    let close = json!({ "button_id": "staff_close", "additional_data": { "reason": "asked for" } });
    let update = led_to(
        support.post(&deal.path("button-click"), close).await,
        "chat_closed",
    );
    assert_eq!(update["chat_status"], "closed");
    let row = deal.row("influencer").await;
    assert_eq!(
        (&row["chat_status"], &row["automation_enabled"]),
        (&json!("closed"), &json!(false))
    );
}

#[tokio::test]
async fn without_a_deal_there_is_nothing_to_press() {
    let (app, alice, bob) = two().await;
    let id = app.direct(&alice, &bob).await;
    for (endpoint, body) in [
        ("button-click", json!({ "button_id": "accept_connection" })),
        (
            "text-input",
            json!({ "text": "5", "input_type": "negotiation" }),
        ),
    ] {
        let path = format!("/api/messages/conversations/{id}/{endpoint}");
        alice
            .post(&path, body)
            .await
            .expect_status(404)
            .expect_code("FLOW_NOT_FOUND");
    }
}
