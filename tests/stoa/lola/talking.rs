//! Sending and hearing: flat messages with both ids, on their sender's side, and the acknowledgements.

use serde_json::json;

use super::{Desk, MESSAGE, must_have};
use crate::socketio_chat::client::SocketIoClient;

#[actix_rt::test]
async fn a_message_is_flat_and_the_same_for_both_sides() {
    let desk = Desk::open().await;
    let (mut ann, mut sam) = (
        SocketIoClient::lola(&desk.ann).await,
        SocketIoClient::lola(&desk.sam).await,
    );
    for client in [&mut ann, &mut sam] {
        let room = json!({ "roomId": desk.room });
        client.call("chat:join-room", room).await;
    }
    let sent = ann.call("chat:send-message", desk.says("Hello")).await;
    must_have(&sent, &[("messageId", "text"), ("timestamp", "time")]);
    let heard = sam.event("chat:new-message").await;
    must_have(&heard, &MESSAGE);
    assert_eq!(ann.event("chat:new-message").await, heard);
    assert_eq!(
        (&heard["id"], &heard["_id"]),
        (&sent["messageId"], &sent["messageId"])
    );
    assert_eq!(heard["createdAt"], sent["timestamp"]);
    assert_eq!(heard["content"], "Hello");
    assert_eq!(heard["businessId"], "b-7");
    assert_eq!(heard["roomId"], *desk.room);
    assert_eq!(
        (&heard["senderId"], &heard["senderType"]),
        (&json!("ann"), &json!("customer"))
    );
    assert_eq!(
        heard["senderName"], "ann by name",
        "the platform's, not the payload's"
    );
    sam.call("chat:send-message", desk.answers("Hi")).await;
    let answer = ann.event("chat:new-message").await;
    assert_eq!(answer["senderType"], "staff");
    assert_ne!(answer["id"], heard["id"], "or the client drops it");
}

#[actix_rt::test]
async fn files_are_addresses_and_a_reply_names_its_message() {
    let desk = Desk::open().await;
    let mut ann = SocketIoClient::lola(&desk.ann).await;
    ann.call("chat:join-room", json!({ "roomId": desk.room }))
        .await;
    let url = "https://example.com/a.png";
    let mut picture = desk.says("");
    picture["messageType"] = json!("image");
    picture["attachments"] = json!([url]);
    let sent = ann.call("chat:send-message", picture).await;
    let heard = ann.event("chat:new-message").await;
    assert_eq!(
        (&heard["attachments"], &heard["messageType"]),
        (&json!([url]), &json!("image"))
    );
    let mut reply = desk.says("Do you like it?");
    reply["replyToMessageId"] = sent["messageId"].clone();
    ann.call("chat:send-message", reply).await;
    let heard = ann.event("chat:new-message").await;
    assert_eq!(heard["replyToMessageId"], sent["messageId"]);
    let path = format!("/api/v1/conversations/{}/messages", desk.room);
    let native = desk.ann.get(&path).await.expect_status(200).body;
    assert_eq!(native["items"][0]["attachments"][0]["url"], url);
}

#[actix_rt::test]
async fn a_refusal_has_its_sentence_as_error() {
    let desk = Desk::open().await;
    let (mut ann, eve) = (
        SocketIoClient::lola(&desk.ann).await,
        desk.app.person("eve").await,
    );
    let mut eve = SocketIoClient::lola(&eve).await;
    let mut as_sam = desk.says("x");
    as_sam["senderId"] = json!("sam");
    let mut as_system = desk.says("x");
    as_system["messageType"] = json!("system");
    let foreign = json!({ "roomId": desk.room, "content": "x" });
    for (asked, code) in [
        (desk.says(" "), "INVALID_REQUEST"),
        (as_sam, "IDENTITY_MISMATCH"),
        (as_system, "INVALID_REQUEST"),
        (foreign, "CONVERSATION_NOT_FOUND"),
    ] {
        let client = match code {
            "CONVERSATION_NOT_FOUND" => &mut eve,
            _ => &mut ann,
        };
        let refused = client.ask("chat:send-message", asked).await;
        assert_eq!(refused["success"], false);
        assert_eq!(refused["error_code"], code, "{refused}");
        must_have(&refused, &[("error", "text")]);
    }
    ann.tell("chat:send-message", json!({ "roomId": desk.room }))
        .await;
    must_have(&ann.event("error").await, &[("error", "text")]);
    let by_business = json!({ "businessId": "b-7", "userName": "Ann", "email": "a@example.com" });
    let refused = ann.ask("chat:join-room", by_business).await;
    assert_eq!(refused["success"], false);
    let said = refused["error"].as_str().expect("a text");
    assert!(said.contains("roomId"), "{said}");
}

#[actix_rt::test]
async fn lines_that_nobody_wrote_are_messages_too() {
    let desk = Desk::open().await;
    let platform = desk.app.person_with("platform", &["service"]).await;
    let mut ann = SocketIoClient::lola(&desk.ann).await;
    ann.call("chat:join-room", json!({ "roomId": desk.room }))
        .await;
    let path = format!("/api/v1/conversations/{}/messages", desk.room);
    for (kind, side, is) in [("automated", "bot", "text"), ("system", "system", "system")] {
        let line = json!({ "body": "We are closed", "kind": kind });
        platform.post(&path, line).await.expect_status(201);
        let heard = ann.event("chat:new-message").await;
        assert_eq!(heard["senderType"], side);
        assert_eq!(heard["messageType"], is);
        assert_eq!(
            (&heard["isAutomated"], &heard["senderId"]),
            (&json!(true), &json!(null))
        );
    }
    let line = json!({ "body": "I can help" });
    platform.post(&path, line).await.expect_status(201);
    let heard = ann.event("chat:new-message").await;
    assert_eq!(
        heard["senderType"], "staff",
        "whoever is not in the room helps"
    );
}

#[actix_rt::test]
async fn a_change_of_a_message_is_flat_too() {
    let desk = Desk::open().await;
    let mut ann = SocketIoClient::lola(&desk.ann).await;
    ann.call("chat:join-room", json!({ "roomId": desk.room }))
        .await;
    let sent = ann.call("chat:send-message", desk.says("Helo")).await;
    let path = format!("/api/v1/messages/{}", sent["messageId"].as_str().unwrap());
    let edit = json!({ "body": "Hello" });
    desk.ann.patch(&path, edit).await.expect_status(200);
    let edited = ann.event("chat:message-updated").await;
    assert_eq!(
        (&edited["content"], &edited["isEdited"]),
        (&json!("Hello"), &json!(true))
    );
    desk.ann.delete(&path).await.expect_status(200);
    let deleted = ann.event("chat:message-deleted").await;
    assert_eq!(
        (&deleted["content"], &deleted["isDeleted"]),
        (&json!(""), &json!(true))
    );
    assert_eq!(deleted["id"], sent["messageId"]);
}
