//! Every event of the Stoory dialect, both ways.

use serde_json::json;

use super::client::SocketIoClient;
use crate::test_app::TestApp;

#[actix_rt::test]
async fn stoorys_front_end_finds_everything_under_its_names() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.direct(&ann, &bob).await;
    let mut one = SocketIoClient::stoory(&ann).await;
    let mut other = SocketIoClient::stoory(&bob).await;
    one.call("join", json!("ann")).await;
    for client in [&mut one, &mut other] {
        let joined = client.call("join_conversation", json!(conversation)).await;
        assert_eq!(joined["conversation"]["id"], *conversation);
        assert_eq!(joined["conversation"]["chat_status"], "real_time");
    }
    let said = json!({ "conversationId": conversation, "senderId": "ann", "receiverId": "bob", "message": "hello", "mediaUrl": null });
    let sent = one.call("send_message", said).await;
    let heard = other.event("new_message").await;
    assert_eq!(heard["conversation_id"], *conversation);
    assert_eq!(heard["message"]["message"], "hello");
    assert_eq!(heard["message"]["sender_id"], "ann");
    assert_eq!(heard["message"]["receiver_id"], "bob");
    assert_eq!(heard["message"]["seen"], false);
    assert_eq!(heard["message"]["id"], sent["message"]["id"]);
    assert_eq!(heard["conversation_context"]["flow_state"], "real_time");
    assert_eq!(one.event("new_message").await, heard, "the sender too");

    let typing = json!({ "conversationId": conversation, "userId": "bob" });
    other.call("typing_start", typing.clone()).await;
    let typed = one.event("user_typing").await;
    assert_eq!(
        typed,
        json!({ "conversationId": conversation, "userId": "bob", "isTyping": true })
    );
    other.call("typing_stop", typing).await;
    assert_eq!(one.event("user_typing").await["isTyping"], false);

    let message = &heard["message"]["id"];
    let seen = json!({ "messageId": message, "userId": "bob", "conversationId": conversation });
    let never = message.as_str().unwrap();
    let never = format!("{}ffff", &never[..never.len() - 4]);
    let wrong = json!({ "messageId": never, "userId": "bob", "conversationId": conversation });
    let refused = other.ask("mark_seen", wrong).await;
    assert_eq!(refused["error_code"], "MESSAGE_NOT_FOUND");
    other.call("mark_seen", seen).await;
    let seen = json!({ "messageId": message, "userId": "bob" });
    assert_eq!(one.event("message_seen").await, seen);

    let status = json!({ "userId": "bob", "status": "away" });
    other.call("user_status", status.clone()).await;
    assert_eq!(one.event("user_status_change").await, status);
    other.call("leave_conversation", json!(conversation)).await;
    other.drain().await;
    ann.say(&conversation, "are you there?").await;
    let notified = other.event("notification").await;
    assert_eq!(notified["type"], "message");
    assert_eq!(notified["data"]["conversation_id"], *conversation);
    assert_eq!(notified["data"]["sender_id"], "ann");
    let watched = one.call("join_bid_room", json!("bid-1")).await;
    assert_eq!(watched["conversations"], json!([]));
    one.call("join_campaign_room", json!("campaign-1")).await;
}

#[actix_rt::test]
async fn nobody_acts_for_another_and_what_is_wrong_is_told_in_stoorys_shape() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let eve = app.person("eve").await;
    let conversation = app.direct(&ann, &bob).await;
    let mut client = SocketIoClient::stoory(&eve).await;
    let code = |answer: serde_json::Value| {
        assert_eq!(answer["success"], false, "{answer}");
        answer["error_code"].as_str().expect("a code").to_owned()
    };
    let refused = client.ask("join", json!("ann")).await;
    assert_eq!(code(refused), "IDENTITY_MISMATCH");
    let refused = client.ask("join_conversation", json!(conversation)).await;
    assert_eq!(code(refused), "CONVERSATION_NOT_FOUND");
    let said = json!({ "conversationId": conversation, "senderId": "ann", "message": "x" });
    assert_eq!(
        code(client.ask("send_message", said).await),
        "IDENTITY_MISMATCH"
    );
    let typing = json!({ "conversationId": conversation, "userId": "ann" });
    assert_eq!(
        code(client.ask("typing_start", typing).await),
        "IDENTITY_MISMATCH"
    );
    assert_eq!(
        code(client.ask("nonsense", json!({})).await),
        "INVALID_REQUEST"
    );
    let wrong = client
        .ask("send_message", json!({ "conversationId": conversation }))
        .await;
    assert_eq!(wrong["details"]["field"], "message");
    client
        .tell("send_message", json!({ "conversationId": conversation }))
        .await;
    assert_eq!(code(client.event("error").await), "INVALID_REQUEST");
}

#[actix_rt::test]
async fn who_has_no_trusted_token_is_refused_in_the_guides_shape() {
    let app = TestApp::start().await;
    for auth in [
        json!({}),
        json!({ "token": "nonsense" }),
        json!({ "token": 7 }),
    ] {
        let refused = SocketIoClient::connect(app.address, "/", auth)
            .await
            .err()
            .expect("refused");
        assert_eq!(refused["data"]["success"], false);
        let code = refused["data"]["error_code"].as_str().expect("a code");
        assert!(
            ["UNAUTHENTICATED", "INVALID_REQUEST"].contains(&code),
            "{refused}"
        );
        assert_eq!(refused["message"], refused["data"]["message"]);
    }
    let elsewhere = SocketIoClient::connect(app.address, "/elsewhere", json!({})).await;
    assert_eq!(
        elsewhere.err().expect("refused")["message"],
        "Invalid namespace"
    );
}

#[actix_rt::test]
async fn the_cores_fields_are_read_under_the_other_guides_names() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let mut one = SocketIoClient::lola(&ann).await;
    let mut other = SocketIoClient::lola(&bob).await;
    let conversation = app.direct(&ann, &bob).await;
    let created = other.event("chat:new-conversation").await;
    assert_eq!(created["roomId"], *conversation);
    assert_eq!(created["conversation"]["id"], *conversation);
    assert_eq!(created["conversation"]["participants"][0]["userId"], "ann");
    for client in [&mut one, &mut other] {
        let joined = client
            .call("chat:join-room", json!({ "conversationId": conversation }))
            .await;
        assert_eq!(joined["conversation"]["id"], *conversation);
    }
    let said = json!({ "conversationId": conversation, "body": "hello", "clientId": "c1" });
    let sent = one.call("chat:send-message", said).await;
    assert_eq!(sent["clientId"], "c1");
    let heard = other.event("chat:new-message").await;
    assert_eq!(heard["content"], "hello");
    assert_eq!(heard["senderId"], "ann");
    assert_eq!(heard["id"], sent["messageId"]);
    other
        .call(
            "chat:typing",
            json!({ "conversationId": conversation, "isTyping": true }),
        )
        .await;
    let typing = one.event("chat:user-typing").await;
    assert_eq!(
        (&typing["roomId"], &typing["userId"]),
        (&json!(conversation), &json!("bob"))
    );
    other
        .call(
            "chat:read-messages",
            json!({ "conversationId": conversation }),
        )
        .await;
    let read = one.event("chat:messages-read").await;
    assert_eq!(read["messageIds"], json!([sent["messageId"]]));
    assert_eq!(read["seq"], sent["seq"]);
    other
        .call("chat:leave-room", json!({ "conversationId": conversation }))
        .await;
    ann.say(&conversation, "are you there?").await;
    assert_eq!(
        other.event("notification:new").await["data"]["roomId"],
        *conversation
    );
}
