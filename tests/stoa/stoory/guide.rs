//! The guide's own requests and its own rendering, word by word.

use serde_json::{Value, json};

use super::{led_to, two};
use crate::deals::Deal;

/// Two bodies of the guide's section "API Endpoints", as they are printed there; `uuid` and the address are filled in.
const CONNECT: &str = r#"{
    "target_user_id": "uuid",
    "initial_message": "Hello!"
}"#;
const SEND: &str = r#"{
    "conversation_id": "$c",
    "message": "Hello!",
    "media_url": "https://...",
    "receiver_id": "uuid"
}"#;

#[tokio::test]
async fn the_requests_of_the_guide_are_answered() {
    let (_app, alice, bob) = two().await;
    let connect = CONNECT.replace("uuid", &bob.id);
    let path = "/api/messages/direct-connect";
    let connected = alice.request("POST", path, Some(connect), &[]).await;
    let connected = connected.expect_status(201).body;
    let id = connected["conversation"]["id"].as_str().unwrap();
    let file = "https://example.com/a.png";
    let send = SEND
        .replace("$c", id)
        .replace("uuid", &bob.id)
        .replace("https://...", file);
    let sent = alice
        .request("POST", "/api/messages/send", Some(send), &[])
        .await;
    assert_eq!(sent.expect_status(201).body["message"]["media_url"], file);
    for path in [
        "/api/messages/conversations?page=1&limit=10",
        &format!("/api/messages/conversations/{id}/messages?page=1&limit=50"),
        "/api/messages/unread-count",
        "/api/messages/direct-connections?page=1&limit=10",
        &format!("/api/messages/conversations/{id}/context"),
    ] {
        let answer = bob.get(path).await.expect_status(200);
        assert_eq!(answer.body["success"], true, "{path}");
    }
    let path = format!("/api/messages/conversations/{id}/seen");
    let seen = bob.request("POST", &path, None, &[]).await;
    assert_eq!(seen.expect_status(200).body["success"], true);
}

#[tokio::test]
async fn the_clicks_and_texts_of_the_guide_are_answered() {
    let deal = Deal::begin().await;
    let click = r#"{
    "button_id": "accept_connection",
    "additional_data": {}
}"#;
    let path = deal.path("button-click");
    let clicked = deal
        .influencer
        .request("POST", &path, Some(click.to_owned()), &[]);
    let update = led_to(clicked.await, "brand_owner_details");
    assert_eq!(
        update,
        json!({ "flow_state": "brand_owner_details", "awaiting_role": "brand_owner", "chat_status": "automated" })
    );
    led_to(
        deal.click(
            "brand_owner",
            "send_project_details",
            json!({ "details": "Create 3 Instagram posts..." }),
        )
        .await,
        "influencer_reviewing",
    );
    led_to(
        deal.click("influencer", "accept_project", json!({})).await,
        "brand_owner_pricing",
    );
    led_to(
        deal.click("brand_owner", "send_price_offer", json!({ "price": 4000 }))
            .await,
        "influencer_price_response",
    );
    let text = r#"{
    "text": "₹5000",
    "input_type": "negotiation"
}"#;
    let path = deal.path("text-input");
    let typed = deal
        .influencer
        .request("POST", &path, Some(text.to_owned()), &[]);
    led_to(typed.await, "brand_owner_negotiation");
    assert_eq!(
        deal.row("influencer").await["flow_data"]["offer"]["amount"],
        500_000
    );
}

/// What `renderMessage` and `renderActionMessage` make of a message, without the markup.
fn rendered(message: &Value) -> Vec<String> {
    let data = &message["action_data"];
    if message["action_required"] != true || data.is_null() {
        return vec![message["message"].as_str().unwrap().to_owned()];
    }
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut shown = vec![text(&data["title"]), text(&data["subtitle"])];
    for button in data["buttons"].as_array().unwrap() {
        shown.push(format!(
            "[{}:btn-{}]",
            text(&button["text"]),
            text(&button["style"])
        ));
    }
    if data["input_field"].is_object() {
        let field = &data["input_field"];
        shown.push(format!(
            "<{} {}>",
            text(&field["type"]),
            text(&field["placeholder"])
        ));
        shown.push(format!("[{}]", text(&data["submit_button"]["text"])));
    }
    shown
}

#[tokio::test]
async fn the_guide_s_own_rendering_shows_what_can_be_done() {
    let deal = Deal::begin().await;
    let newest = async |role: &str| rendered(deal.rows(role).await.last().unwrap());
    assert_eq!(
        newest("influencer").await[2..],
        [
            "[Accept:btn-success]",
            "[Decline:btn-danger]",
            "[Close the conversation:btn-secondary]"
        ]
    );
    led_to(
        deal.click("influencer", "accept_connection", json!({}))
            .await,
        "brand_owner_details",
    );
    assert_eq!(
        newest("brand_owner").await,
        [
            "Describe your project",
            "What is to be made, for whom, and until when?",
            "[Close the conversation:btn-secondary]",
            "<textarea Create 3 Instagram posts …>",
            "[Send the details]",
        ]
    );
    led_to(
        deal.type_in("brand_owner", "Posts", "textarea").await,
        "influencer_reviewing",
    );
    led_to(
        deal.click("influencer", "accept_project", json!({})).await,
        "brand_owner_pricing",
    );
    led_to(
        deal.type_in("brand_owner", "5000", "number").await,
        "influencer_price_response",
    );
    assert_eq!(
        newest("influencer").await[2..],
        [
            "[Accept ₹5,000.00:btn-success]",
            "[Decline:btn-danger]",
            "[Ask for a better offer:btn-warning]",
            "[Close the conversation:btn-secondary]",
            "<number Your price>",
            "[Negotiate]"
        ]
    );
}
