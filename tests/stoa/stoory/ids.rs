//! Each id that a row, an answer or an event shows can be used in each call and event that takes one.

use serde_json::{Value, json};

use super::two;
use crate::client::Person;
use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::TestApp;

/// The ids that one place shows: of the conversation, a message of Alice's, Alice and Bob.
#[derive(Debug)]
struct Shown {
    by: &'static str,
    conversation: Value,
    message: Value,
    alice: Value,
    bob: Value,
}

/// Every place of the vocabulary that shows the ids of a message: each of a message of its own, so that each can be deleted.
async fn places(app: &TestApp, alice: &Person, bob: &Person) -> Vec<Shown> {
    let id = app.direct(alice, bob).await;
    let mut joined = SocketIoClient::stoory(bob).await;
    joined.call("join_conversation", json!(id)).await;
    let elsewhere = SocketIoClient::stoory(bob).await;
    let own = SocketIoClient::stoory(alice).await;
    let text = json!({ "conversation_id": id, "message": "hello" });
    let post = async || {
        let sent = alice.post("/api/messages", text.clone()).await;
        sent.expect_status(200).body
    };
    let answer = post().await;
    let mut places = vec![Shown {
        by: "the answer of a send",
        conversation: answer["conversation_id"].clone(),
        message: answer["message"]["id"].clone(),
        alice: answer["message"]["sender_id"].clone(),
        bob: answer["message"]["receiver_id"].clone(),
    }];
    let mut clients = [joined, elsewhere, own];
    for (by, client, event) in [
        ("new_message", 0, "new_message"),
        ("conversation_list_updated", 0, "conversation_list_updated"),
        ("notification, joined", 0, "notification"),
        ("notification, elsewhere", 1, "notification"),
        ("message_sent", 2, "message_sent"),
    ] {
        let client = &mut clients[client];
        client.drain().await;
        post().await;
        let told = client.event(event).await;
        let told = if event == "notification" {
            &told["data"]
        } else {
            &told
        };
        places.push(Shown {
            by,
            conversation: told["conversation_id"].clone(),
            message: told["message"]["id"].clone(),
            alice: told["message"]["sender_id"].clone(),
            bob: told["message"]["receiver_id"].clone(),
        });
    }
    post().await;
    let listed = bob.get("/api/messages/conversations/direct").await;
    let row = &listed.expect_status(200).body["conversations"][0];
    let page = bob.get(&format!("/api/messages/{id}?limit=50")).await.body;
    let newest = page["messages"].as_array().unwrap().last().unwrap();
    places.push(Shown {
        by: "a row of the list, and of a page",
        conversation: row["id"].clone(),
        message: newest["id"].clone(),
        alice: row["other_user"]["id"].clone(),
        bob: newest["receiver_id"].clone(),
    });
    post().await;
    let context = format!("/api/messages/conversations/{id}/context");
    let context = &bob.get(&context).await.expect_status(200).body["context"];
    let page = bob
        .get(&format!("/api/conversations/{id}/messages"))
        .await
        .body;
    let newest = page["messages"].as_array().unwrap().last().unwrap();
    places.push(Shown {
        by: "a context",
        conversation: context["conversation"]["id"].clone(),
        message: newest["id"].clone(),
        alice: context["users"]["other"]["id"].clone(),
        bob: context["users"]["current"]["id"].clone(),
    });
    places
}

#[actix_rt::test]
async fn an_id_that_is_shown_can_be_used_in_every_call() {
    let (app, alice, bob) = two().await;
    for Shown {
        by,
        conversation,
        message,
        alice: first,
        bob: second,
    } in places(&app, &alice, &bob).await
    {
        let id = conversation
            .as_str()
            .unwrap_or_else(|| panic!("{by} shows no conversation"));
        for (path, body) in [
            (
                "/api/messages".to_owned(),
                json!({ "conversation_id": id, "receiver_id": first, "message": "a" }),
            ),
            (
                "/api/messages".to_owned(),
                json!({ "receiver_id": first, "message": "b" }),
            ),
            (
                "/api/messages/send".to_owned(),
                json!({ "conversation_id": id, "receiver_id": first, "message": "c" }),
            ),
            (
                "/api/messages/direct-message".to_owned(),
                json!({ "receiver_id": first, "message": "d" }),
            ),
            (
                "/api/messages/direct-connect".to_owned(),
                json!({ "target_user_id": first }),
            ),
            (
                format!("/api/messages/conversations/{id}/messages"),
                json!({ "conversation_id": id, "message": "e" }),
            ),
            (
                format!("/api/conversations/{id}/messages"),
                json!({ "message": "f" }),
            ),
        ] {
            let told = bob.post(&path, body.clone()).await;
            assert!(
                [200, 201].contains(&told.status),
                "{by}: {path} {body}: {told:?}"
            );
            assert_eq!(told.body["conversation_id"], id, "{by}: {path} {body}");
        }
        for path in [
            format!("/api/messages/{id}"),
            format!("/api/messages/conversations/{id}/messages"),
            format!("/api/conversations/{id}/messages"),
            format!("/api/messages/conversations/{id}/context"),
        ] {
            let told = bob.get(&path).await;
            assert_eq!(told.status, 200, "{by}: {path}");
        }
        for path in [
            format!("/api/messages/conversations/{id}/seen"),
            format!("/api/conversations/{id}/seen"),
        ] {
            let told = bob.request("PUT", &path, None, &[]).await;
            assert_eq!(told.status, 200, "{by}: {path}");
        }
        emits(&bob, (id, &message), (&first, &second), by).await;
        let path = format!("/api/messages/messages/{}", message.as_str().unwrap());
        let told = alice.request("DELETE", &path, None, &[]).await;
        assert_eq!(told.status, 200, "{by}: DELETE {path}: {told:?}");
    }
}

/// Every event that names a conversation, a message or a user.
async fn emits(
    bob: &Person,
    (id, message): (&str, &Value),
    (first, second): (&Value, &Value),
    by: &str,
) {
    let mut client = SocketIoClient::stoory_without_user_room(bob).await;
    for (event, argument) in [
        ("join", second.clone()),
        ("join_user_room", json!({ "userId": second })),
        ("join_conversation", json!(id)),
        (
            "join_conversation",
            json!({ "conversation_id": id, "userId": second }),
        ),
        (
            "typing_start",
            json!({ "conversationId": id, "userId": second }),
        ),
        (
            "typing_stop",
            json!({ "conversationId": id, "userId": second }),
        ),
        (
            "send_message",
            json!({ "conversationId": id, "senderId": second, "receiverId": first, "message": "x" }),
        ),
        (
            "mark_seen",
            json!({ "messageId": message, "conversationId": id, "userId": second }),
        ),
        ("user_status", json!({ "status": "busy", "userId": second })),
        ("leave_conversation", json!({ "conversationId": id })),
        ("leave_user_room", json!({ "userId": second })),
    ] {
        let told = client.ask(event, argument.clone()).await;
        assert_eq!(told["success"], true, "{by}: {event} {argument}: {told}");
    }
}
