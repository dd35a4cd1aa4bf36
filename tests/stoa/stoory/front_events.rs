//! The events of the platform's real front end: their payloads and their order.

use serde_json::{Value, json};

use super::{SYSTEM, fields, names};
use crate::deals::Deal;
use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::TestApp;

/// Everything that came, in its order, up to the first event of a name. Nothing may be kept from before.
async fn until(talker: &mut SocketIoClient, last: &str) -> Vec<Value> {
    let mut events: Vec<Value> = Vec::new();
    while events.last().is_none_or(|event| event[0] != last) {
        let packet = talker.wire().text().await;
        match packet.strip_prefix("42") {
            Some(event) => events.push(serde_json::from_str(event).unwrap()),
            None if packet == "2" => talker.wire().send("3").await,
            None => panic!("{packet}"),
        }
    }
    events
}

#[actix_rt::test]
async fn of_a_send_the_message_comes_first_then_the_notification_then_the_end_of_typing() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let place = app.direct(&ann, &bob).await;
    let (mut one, mut other) = (
        SocketIoClient::stoory(&ann).await,
        SocketIoClient::stoory(&bob).await,
    );
    for talker in [&mut one, &mut other] {
        talker
            .call("join_conversation", json!({ "conversationId": place }))
            .await;
    }
    let here = json!({ "conversationId": place, "userId": "ann" });
    one.call("typing_start", here).await;
    assert_eq!(other.event("user_typing").await["isTyping"], true);
    other.drain().await;
    one.drain().await;
    let said = json!({ "conversationId": place, "senderId": "ann", "receiverId": "bob", "message": "hello", "mediaUrl": null });
    one.tell("send_message", said).await;
    let events = until(&mut other, "user_typing").await;
    assert_eq!(
        names(&events),
        [
            "new_message",
            "notification",
            "conversation_list_updated",
            "user_typing"
        ]
    );
    assert_eq!(events[3][1]["isTyping"], false);
    let shared = events[0][1]["message"].clone();
    must_notify(&events[1][1], &place, &shared);
    let listed = &events[2][1];
    assert_eq!(
        (&listed["action"], &listed["message"]),
        (&json!("message_received"), &shared)
    );
    let own = until(&mut one, "conversation_list_updated").await;
    assert_eq!(
        names(&own),
        ["new_message", "message_sent", "conversation_list_updated"]
    );
    assert_eq!(own[1][1]["message"], shared);
    assert_eq!(own[2][1]["action"], "message_sent");
}

/// The notification of a message of ann's to bob.
fn must_notify(told: &Value, place: &str, shared: &Value) {
    let (kind, data) = (&told["type"], &told["data"]);
    assert_eq!(kind, "message");
    assert_eq!(data["message"], *shared, "the row");
    assert_eq!(
        ["title", "body", "sender_id", "receiver_id", "sender_name"].map(|name| data[name].clone()),
        ["New message", "hello", "ann", "bob", "ann by name"]
    );
    assert_eq!(
        (&data["id"], &data["created_at"]),
        (&shared["id"], &shared["created_at"])
    );
    assert_eq!(
        data["payload"],
        json!({ "conversation_id": place, "message_id": shared["id"], "sender_id": "ann" })
    );
    assert_eq!(
        data["conversation_context"],
        json!({
            "id": place, "chat_status": "real_time", "flow_state": "real_time", "awaiting_role": null,
            "conversation_type": "direct", "automation_enabled": false, "current_action_data": null,
        })
    );
}

#[actix_rt::test]
async fn who_has_not_joined_gets_the_notification_the_list_and_the_count() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let place = app.direct(&ann, &bob).await;
    let mut other = SocketIoClient::stoory(&bob).await;
    let said = ann.say(&place, "hello").await;
    let listed = other.event("conversation_list_updated").await;
    assert_eq!(
        (
            &listed["conversation_id"],
            &listed["action"],
            &listed["message"]["id"]
        ),
        (&json!(place), &json!("message_received"), &said["id"])
    );
    let told = other.event("notification").await;
    assert_eq!(
        (&told["type"], &told["data"]["message"]["message"]),
        (&json!("message"), &json!("hello"))
    );
    assert_eq!(told["data"]["unread_count"], 1);
    let counted = other.event("unread_count_updated").await;
    assert_eq!(
        counted,
        json!({ "conversation_id": place, "unread_count": 1, "action": "increment" })
    );
    bob.request(
        "PUT",
        &format!("/api/conversations/{place}/seen"),
        None,
        &[],
    )
    .await
    .expect_status(200);
    let counted = other.event("unread_count_updated").await;
    assert_eq!(
        counted,
        json!({ "conversation_id": place, "unread_count": 0, "action": "decrement" })
    );
}

#[actix_rt::test]
async fn a_group_is_told_of_messages_once() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let place = app.group(&ann, &[&bob]).await;
    let mut other = SocketIoClient::stoory(&bob).await;
    other.call("join_conversation", json!(place)).await;
    other.drain().await;
    ann.say(&place, "hello").await;
    other.event("new_message").await;
    assert_eq!(
        names(&other.drain().await),
        [""; 0],
        "who has joined a group is told of messages there"
    );
}

#[actix_rt::test]
async fn of_a_step_the_conversation_comes_first_then_the_press_then_the_messages() {
    let deal = Deal::begin().await;
    let mut one = SocketIoClient::stoory(&deal.brand_owner).await;
    one.call("join_conversation", json!(deal.id)).await;
    one.drain().await;
    let click = deal
        .click("influencer", "accept_connection", json!({}))
        .await;
    click.expect_status(200);
    let events = until(&mut one, "notification").await;
    assert_eq!(
        names(&events),
        [
            "conversation_updated",
            "conversation_state_changed",
            "button_action",
            "new_message",
            "new_message",
            "notification"
        ]
    );
    let updated = &events[0][1];
    let names = [
        "conversation_id",
        "flow_state",
        "awaiting_role",
        "chat_status",
        "conversation_type",
    ];
    assert_eq!(
        fields(updated, names),
        json!([
            deal.id,
            "brand_owner_details",
            "brand_owner",
            "automated",
            "bid"
        ])
    );
    assert_eq!(
        updated["conversation_context"]["flow_state"],
        "brand_owner_details"
    );
    let (said, card) = (&events[3][1]["message"], &events[4][1]["message"]);
    for row in [said, card] {
        assert_eq!(
            (&row["sender_id"], &row["receiver_id"]),
            (&json!("ines"), &json!("bela")),
            "from who pressed"
        );
    }
    assert_eq!(
        card["action_data"]["message_type"],
        "brand_owner_details_input"
    );
}

#[tokio::test]
async fn a_step_s_messages_are_from_who_made_it_and_the_others_from_the_system() {
    let deal = Deal::begin().await;
    let click = deal.click("influencer", "accept_connection", json!({}));
    click.await.expect_status(200);
    let own = deal.rows("influencer").await;
    let audit = own
        .iter()
        .find(|row| row["message_type"] == "audit")
        .unwrap();
    assert_eq!(audit["sender_id"], "ines");
    assert_eq!(own[0]["sender_id"], SYSTEM, "nobody pressed the beginning");
}

#[actix_rt::test]
async fn a_confirmation_for_one_side_reaches_nobody_else() {
    let deal = Deal::begin().await;
    let mut other = SocketIoClient::stoory(&deal.brand_owner).await;
    let mut own = SocketIoClient::stoory(&deal.influencer).await;
    for talker in [&mut other, &mut own] {
        talker.call("join_conversation", json!(deal.id)).await;
        talker.drain().await;
    }
    deal.click("influencer", "accept_connection", json!({}))
        .await
        .expect_status(200);
    other.event("notification").await;
    let audit = "You accepted the connection.";
    let heard = |events: Vec<Value>| events.iter().any(|event| event.to_string().contains(audit));
    assert!(!heard(other.drain().await));
    own.event("button_action").await;
    deal.type_in("brand_owner", "Three posts", "details")
        .await
        .expect_status(200);
    own.event("text_input").await;
    assert!(heard(own.drain().await));
}

#[tokio::test]
async fn a_prompt_has_the_front_end_s_name_and_a_payable_one_its_own_kind() {
    let deal = Deal::begin().await;
    let asked =
        async |role: &str| deal.row(role).await["current_action_data"]["message_type"].clone();
    assert_eq!(asked("influencer").await, "influencer_connection_response");
    deal.to_pricing().await;
    assert_eq!(asked("brand_owner").await, "brand_owner_pricing_input");
    assert_eq!(
        asked("influencer").await,
        "automated",
        "who is not asked has no prompt"
    );
    let offer = json!({ "price": 5000 });
    deal.click("brand_owner", "send_price_offer", offer)
        .await
        .expect_status(200);
    assert_eq!(asked("influencer").await, "influencer_price_response");
    for (role, action, asked_role, prompt) in [
        (
            "influencer",
            "negotiate_price",
            "brand_owner",
            "brand_owner_negotiation_response",
        ),
        (
            "brand_owner",
            "agree_negotiation",
            "brand_owner",
            "brand_owner_negotiation_input",
        ),
        (
            "brand_owner",
            "send_negotiated_price",
            "influencer",
            "influencer_final_price_response",
        ),
    ] {
        let data = match action {
            "send_negotiated_price" => json!({ "price": 6000 }),
            _ => json!({}),
        };
        deal.click(role, action, data).await.expect_status(200);
        assert_eq!(asked(asked_role).await, prompt);
    }
    deal.click("influencer", "accept_final_price", json!({}))
        .await
        .expect_status(200);
    deal.order().await;
    let rows = deal.rows("brand_owner").await;
    let card = rows.last().unwrap();
    assert_eq!(card["message_type"], "brand_owner_payment");
    assert_eq!(card["action_data"]["message_type"], "brand_owner_payment");
}

#[actix_rt::test]
async fn rooms_are_joined_and_left_in_every_spelling() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let place = app.direct(&ann, &bob).await;
    let mut one = SocketIoClient::stoory(&ann).await;
    for (event, argument) in [
        ("join", json!("ann")),
        ("join", json!({ "userId": "ann" })),
        ("join_user_room", json!({ "userId": "ann" })),
        ("join_user_room", json!("ann")),
        ("leave_user_room", json!({ "userId": "ann" })),
        ("leave_user_room", json!("ann")),
        ("join_conversation", json!({ "conversationId": place })),
        ("leave_conversation", json!({ "conversationId": place })),
        ("join_conversation", json!(place)),
        ("leave_conversation", json!(place)),
        ("join_bid_room", json!({ "bidId": "b-1" })),
        ("leave_bid_room", json!("b-1")),
        ("join_campaign_room", json!("c-1")),
        ("leave_campaign_room", json!({ "campaignId": "c-1" })),
    ] {
        one.call(event, argument).await;
    }
    let named = |name: &str, id: &str| json!({ name: id, "userId": "bob" });
    for (event, argument) in [
        ("join", json!({ "userId": "bob" })),
        ("join_user_room", json!({ "userId": "bob" })),
        ("leave_user_room", json!("bob")),
        ("join_conversation", named("conversationId", &place)),
        ("leave_conversation", named("conversationId", &place)),
        ("join_bid_room", named("bidId", "b-1")),
        ("leave_campaign_room", named("campaignId", "c-1")),
    ] {
        assert_eq!(
            one.ask(event, argument).await["error_code"],
            "IDENTITY_MISMATCH"
        );
    }
    for wrong in [
        json!({}),
        json!({ "conversationId": 5 }),
        json!(5),
        json!({ "conversation": place }),
    ] {
        let refused = one.ask("join_conversation", wrong).await;
        assert_eq!(refused["details"]["field"], "conversationId");
    }
}

#[actix_rt::test]
async fn what_is_refused_without_an_acknowledgement_is_told_under_both_names() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let place = app.direct(&ann, &bob).await;
    let mut one = SocketIoClient::stoory(&ann).await;
    for (event, told_as, argument) in [
        (
            "send_message",
            "message_error",
            json!({ "conversationId": place }),
        ),
        (
            "send_message",
            "message_error",
            json!({ "conversationId": place, "senderId": "bob", "message": "x" }),
        ),
        (
            "mark_seen",
            "seen_error",
            json!({ "conversationId": place, "messageId": place }),
        ),
    ] {
        one.tell(event, argument).await;
        let refused = one.event("error").await;
        assert_eq!(
            one.event(told_as).await,
            json!({ "error": refused["message"] }),
            "{event}"
        );
    }
    let refused = one
        .ask("send_message", json!({ "conversationId": place }))
        .await;
    assert_eq!(refused["success"], false);
    one.tell("typing_start", json!({})).await;
    one.event("error").await;
    assert_eq!(
        names(&one.drain().await),
        [""; 0],
        "an acknowledgement tells it alone, and other events have no name of their own"
    );
}
