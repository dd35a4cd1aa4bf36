//! Sending again under a known `client_id`: the answer is the message as it is now, over REST and over each socket.

use serde_json::{Value, json};

use crate::client::{Answer, Person};
use crate::participants::path;
use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::TestApp;

/// What became of the message since it was sent first.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Since {
    Edited,
    Deleted,
}

async fn change(alice: &Person, message: &Value, since: Since) {
    let message = format!("/api/v1/messages/{}", message["id"].as_str().unwrap());
    let answer = match since {
        Since::Edited => alice.patch(&message, json!({ "body": "second" })).await,
        Since::Deleted => alice.delete(&message).await,
    };
    answer.expect_status(200);
}

async fn send(alice: &Person, id: &str, more: Value) -> Answer {
    let mut message = json!({ "body": "first", "client_id": "k1" });
    let more = more.as_object().expect("an object").clone();
    message.as_object_mut().unwrap().extend(more);
    alice.post(&path(id, "/messages"), message).await
}

fn must_be_as_it_is(message: &Value, since: Since) {
    let body = match since {
        Since::Edited => "second",
        Since::Deleted => "",
    };
    assert_eq!(message["body"], body, "{message}");
    let (edited, deleted) = (&message["edited_at"], &message["deleted_at"]);
    assert_eq!(edited.is_string(), since == Since::Edited, "{message}");
    assert_eq!(deleted.is_string(), since == Since::Deleted, "{message}");
}

#[tokio::test]
async fn over_rest_and_the_socket_after_a_restart_too() {
    for since in [Since::Edited, Since::Deleted] {
        let mut app = TestApp::start().await;
        let (alice, bob) = (app.person("alice").await, app.person("bob").await);
        let id = app.direct(&alice, &bob).await;
        let first = send(&alice, &id, json!({})).await.expect_status(201).body;
        let plain = send(&alice, &id, json!({})).await.expect_status(200).body;
        assert_eq!(plain, first);
        change(&alice, &first, since).await;
        for restarted in [false, true] {
            if restarted {
                app.stop().await;
                app.start_again().await;
            }
            let again = send(&alice, &id, json!({})).await.expect_status(200);
            must_be_as_it_is(&again.body, since);
            assert_eq!(again.body["id"], first["id"]);
            let mut socket = alice.socket().await;
            let again = json!({ "conversation_id": id, "body": "first", "client_id": "k1" });
            let told = socket.call("send_message", again).await.unwrap();
            assert_eq!((&told["id"], &told["seq"]), (&first["id"], &first["seq"]));
            must_be_as_it_is(&told["message"], since);
        }
        let empty = send(&alice, &id, json!({ "body": "second" })).await;
        empty.expect_status(409).expect_code("CONFLICT");
        assert_eq!(bob.bodies(&id).await.len(), 1, "nothing was said twice");
    }
}

#[actix_rt::test]
async fn over_socket_io_in_both_guides_words() {
    for since in [Since::Edited, Since::Deleted] {
        let app = TestApp::start().await;
        let (alice, bob) = (app.person("alice").await, app.person("bob").await);
        let id = app.direct(&alice, &bob).await;
        let first = send(&alice, &id, json!({})).await.expect_status(201).body;
        change(&alice, &first, since).await;
        let mut stoory = SocketIoClient::stoory(&alice).await;
        stoory.call("join_conversation", json!(id)).await;
        let again = json!({ "conversationId": id, "message": "first", "clientId": "k1" });
        let told = stoory.call("send_message", again).await;
        let body = if since == Since::Edited { "second" } else { "" };
        assert_eq!(told["message"]["message"], body);
        assert_eq!(told["message"]["id"], first["id"]);
        let mut lola = SocketIoClient::lola(&alice).await;
        let again = json!({ "conversationId": id, "body": "first", "clientId": "k1" });
        let told = lola.call("chat:send-message", again).await;
        assert_eq!(told["messageId"], first["id"]);
        assert_eq!(told["message"]["content"], body, "{told}");
    }
}

#[tokio::test]
async fn an_empty_context_is_the_same_as_none() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.direct(&alice, &bob).await;
    let first = send(&alice, &id, json!({})).await.expect_status(201).body;
    for context in [json!(null), json!({})] {
        let again = send(&alice, &id, json!({ "context": context })).await;
        assert_eq!(again.expect_status(200).body["id"], first["id"]);
    }
    let other = send(&alice, &id, json!({ "context": { "a": 1 } })).await;
    other.expect_status(409).expect_code("CONFLICT");
    let kept = json!({ "client_id": "k2", "context": {} });
    let kept = send(&alice, &id, kept).await.expect_status(201).body;
    assert_eq!(kept["context"], json!({}), "what was sent is kept");
}
