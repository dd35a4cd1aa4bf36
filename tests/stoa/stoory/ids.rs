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

impl Shown {
    /// As an answer or an event shows them that has a message and its conversation.
    fn by_message(by: &'static str, told: &Value) -> Self {
        let message = &told["message"];
        Self {
            by,
            conversation: told["conversation_id"].clone(),
            message: message["id"].clone(),
            alice: message["sender_id"].clone(),
            bob: message["receiver_id"].clone(),
        }
    }
}

/// Alice says something.
async fn say(alice: &Person, id: &str) -> Value {
    let text = json!({ "conversation_id": id, "message": "hello" });
    let sent = alice.post("/api/messages", text).await;
    sent.expect_status(200).body
}

/// Every place of the dialect that shows the ids of a message: each of a message of its own, so that each can be deleted.
async fn places(app: &TestApp, alice: &Person, bob: &Person) -> Vec<Shown> {
    let id = app.direct(alice, bob).await;
    let answer = say(alice, &id).await;
    let mut places = vec![Shown::by_message("the answer of a send", &answer)];
    places.extend(in_events(&id, alice, bob).await);
    places.extend(in_rows(&id, alice, bob).await);
    places
}

async fn in_events(id: &str, alice: &Person, bob: &Person) -> Vec<Shown> {
    let mut joined = SocketIoClient::stoory(bob).await;
    joined.call("join_conversation", json!(id)).await;
    let elsewhere = SocketIoClient::stoory(bob).await;
    let own = SocketIoClient::stoory(alice).await;
    let mut clients = [joined, elsewhere, own];
    let mut places = Vec::new();
    for (by, client, event) in [
        ("new_message", 0, "new_message"),
        ("the list, updated", 0, "conversation_list_updated"),
        ("notification, joined", 0, "notification"),
        ("notification, elsewhere", 1, "notification"),
        ("message_sent", 2, "message_sent"),
    ] {
        let client = &mut clients[client];
        client.drain().await;
        say(alice, id).await;
        let told = client.event(event).await;
        let told = match event {
            "notification" => &told["data"],
            _ => &told,
        };
        places.push(Shown::by_message(by, told));
    }
    places
}

async fn in_rows(id: &str, alice: &Person, bob: &Person) -> [Shown; 2] {
    say(alice, id).await;
    let listed = bob.get("/api/messages/conversations/direct").await;
    let row = &listed.expect_status(200).body["conversations"][0];
    let newest = newest(bob, &format!("/api/messages/{id}?limit=50")).await;
    let list = Shown {
        by: "a row of the list, and of a page",
        conversation: row["id"].clone(),
        message: newest["id"].clone(),
        alice: row["other_user"]["id"].clone(),
        bob: newest["receiver_id"].clone(),
    };
    say(alice, id).await;
    let context = format!("/api/messages/conversations/{id}/context");
    let context = &bob.get(&context).await.expect_status(200).body["context"];
    let newest = self::newest(bob, &format!("/api/conversations/{id}/messages")).await;
    let context = Shown {
        by: "a context",
        conversation: context["conversation"]["id"].clone(),
        message: newest["id"].clone(),
        alice: context["users"]["other"]["id"].clone(),
        bob: context["users"]["current"]["id"].clone(),
    };
    [list, context]
}

/// The newest message of a page.
async fn newest(reader: &Person, path: &str) -> Value {
    let page = reader.get(path).await.expect_status(200).body;
    let messages = page["messages"].as_array().expect("messages");
    messages.last().expect("a message").clone()
}

#[actix_rt::test]
async fn an_id_that_is_shown_can_be_used_in_every_call() {
    let (app, alice, bob) = two().await;
    for shown in places(&app, &alice, &bob).await {
        let by = shown.by;
        let id = shown.conversation.as_str().expect(by);
        posts(&bob, id, &shown).await;
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
        emits(&bob, id, &shown).await;
        let message = shown.message.as_str().expect(by);
        let path = format!("/api/messages/messages/{message}");
        let told = alice.request("DELETE", &path, None, &[]).await;
        assert_eq!(told.status, 200, "{by}: DELETE {path}: {told:?}");
    }
}

/// Every call that sends, or begins a conversation.
async fn posts(bob: &Person, id: &str, Shown { by, alice, .. }: &Shown) {
    let into = |text: &str| json!({ "conversation_id": id, "receiver_id": alice, "message": text });
    let to = |text: &str| json!({ "receiver_id": alice, "message": text });
    for (path, body) in [
        ("/api/messages".to_owned(), into("a")),
        ("/api/messages".to_owned(), to("b")),
        ("/api/messages/send".to_owned(), into("c")),
        ("/api/messages/direct-message".to_owned(), to("d")),
        (
            "/api/messages/direct-connect".to_owned(),
            json!({ "target_user_id": alice }),
        ),
        (
            format!("/api/messages/conversations/{id}/messages"),
            into("e"),
        ),
        (format!("/api/conversations/{id}/messages"), into("f")),
    ] {
        let told = bob.post(&path, body.clone()).await;
        let is_done = [200, 201].contains(&told.status);
        assert!(is_done, "{by}: {path} {body}: {told:?}");
        assert_eq!(told.body["conversation_id"], id, "{by}: {path} {body}");
    }
}

/// Every event that names a conversation, a message or a user.
async fn emits(bob: &Person, id: &str, shown: &Shown) {
    let Shown {
        by, message, alice, ..
    } = shown;
    let (first, second) = (alice, &shown.bob);
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
