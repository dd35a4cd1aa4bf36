//! Sending, connecting, reading and counting.

use serde_json::{Value, json};

use super::{SYSTEM, two};
use crate::deals::Deal;
use crate::test_app::TestApp;

const SEND: &str = "/api/messages/send";
const CONNECT: &str = "/api/messages/direct-connect";

#[tokio::test]
async fn a_message_to_somebody_new_makes_the_conversation() {
    let (_app, alice, bob) = two().await;
    let hello = json!({ "message": "Hello!", "receiver_id": "bob" });
    let first = alice
        .post(SEND, hello.clone())
        .await
        .expect_status(201)
        .body;
    let conversation = first["conversation"]["id"].clone();
    assert_eq!(
        (
            &first["message"]["conversation_id"],
            &first["message"]["sender_id"],
            &first["message"]["receiver_id"]
        ),
        (&conversation, &json!("alice"), &json!("bob"))
    );
    assert_eq!(
        (
            &first["conversation"]["brand_owner_id"],
            &first["conversation"]["influencer_id"]
        ),
        (&json!("alice"), &json!("bob")),
        "without the guide's roles the one who began is the brand owner"
    );
    let again = bob
        .post(SEND, json!({ "message": "Hi", "receiver_id": "alice" }))
        .await;
    let again = again.expect_status(201).body;
    assert_eq!(
        again["conversation"]["id"], conversation,
        "two people have one"
    );
    let there = json!({ "conversation_id": conversation, "message": "", "media_url": "https://cdn.example.com/a.png", "receiver_id": "alice" });
    let picture = bob.post(SEND, there).await.expect_status(201).body;
    assert_eq!(
        picture["message"]["media_url"],
        "https://cdn.example.com/a.png"
    );
    assert_eq!(picture.get("conversation"), None);
    let named = json!({ "conversation_id": conversation, "message": "x", "media_url": null, "receiver_id": "", "senderId": "alice" });
    alice.post(SEND, named).await.expect_status(201);
}

/// A body in which `$c` is the conversation, and the field that is wrong.
const WRONG: [(&str, &str); 9] = [
    (r#"{"conversation_id":"$c"}"#, "message"),
    (r#"{"conversation_id":"$c","message":"  "}"#, "message"),
    (r#"{"conversation_id":"$c","message":5}"#, "message"),
    (
        r#"{"conversation_id":"x","message":"m"}"#,
        "conversation_id",
    ),
    (r#"{"message":"m"}"#, "conversation_id"),
    (r#"{"message":"m","receiver_id":"a b"}"#, "receiver_id"),
    (
        r#"{"conversation_id":"$c","message":"m","media_url":"http://cdn.example.com/a"}"#,
        "media_url",
    ),
    (
        r#"{"conversation_id":"$c","message":"m","media_url":"https://evil.example/a"}"#,
        "media_url",
    ),
    (
        r#"{"conversation_id":"$c","message":"m","media_url":"https://cdn.example.com@evil.example/a"}"#,
        "media_url",
    ),
];

/// A body, and how it is refused.
const REFUSED: [(&str, u16, &str); 6] = [
    (
        r#"{"conversation_id":"$c","message":"m","receiver_id":"carol"}"#,
        404,
        "PARTICIPANT_NOT_FOUND",
    ),
    (
        r#"{"conversation_id":"$c","message":"m","receiver_id":"alice"}"#,
        404,
        "PARTICIPANT_NOT_FOUND",
    ),
    (
        r#"{"message":"m","receiver_id":"nobody"}"#,
        404,
        "USER_NOT_FOUND",
    ),
    (
        r#"{"message":"m","receiver_id":"alice"}"#,
        422,
        "UNPROCESSABLE",
    ),
    (
        r#"{"conversation_id":"$c","message":"m","sender_id":"bob"}"#,
        403,
        "IDENTITY_MISMATCH",
    ),
    (
        r#"{"conversation_id":"$c","message":"m","senderId":"bob"}"#,
        403,
        "IDENTITY_MISMATCH",
    ),
];

#[tokio::test]
async fn what_cannot_be_sent_is_refused_by_name() {
    let hosts = "cdn.example.com,*.images.example";
    let app = TestApp::with(&["--rate-limits", "off", "--media-hosts", hosts]).await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    app.person("carol").await;
    let id = app.direct(&alice, &bob).await;
    let send = async |body: &str| {
        let body = body.replace("$c", &id);
        alice.request("POST", SEND, Some(body), &[]).await
    };
    for (body, field) in WRONG {
        let told = send(body)
            .await
            .expect_status(400)
            .expect_code("INVALID_REQUEST");
        assert_eq!(told.body["details"]["field"], field, "{body}");
    }
    for (body, status, code) in REFUSED {
        send(body).await.expect_status(status).expect_code(code);
    }
    let long = json!({ "conversation_id": id, "message": "x".repeat(8_001) });
    send(&long.to_string()).await.expect_status(400);
    let allowed =
        r#"{"conversation_id":"$c","message":"m","media_url":"https://eu.images.example/a"}"#;
    send(allowed).await.expect_status(201);
    assert_eq!(alice.bodies(&id).await, ["m"]);
}

#[tokio::test]
async fn who_left_or_is_blocked_is_nobody_to_send_to() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.person("ada").await, app.person("ben").await);
    let (eve, kim) = (app.person("eve").await, app.person("kim").await);
    let id = app.group(&ada, &[&ben, &eve, &kim]).await;
    let people = format!("/api/v1/conversations/{id}/participants");
    ben.delete(&format!("{people}/ben")).await;
    let block = json!({ "blocked": true });
    ada.patch(&format!("{people}/eve"), block).await;
    let to = |receiver: &str| json!({ "conversation_id": id, "message": receiver, "receiver_id": receiver });
    for gone in ["ben", "eve"] {
        ada.post(SEND, to(gone))
            .await
            .expect_status(404)
            .expect_code("PARTICIPANT_NOT_FOUND");
    }
    ada.post(SEND, to("kim")).await.expect_status(201);
    assert_eq!(ada.bodies(&id).await, ["kim"]);
}

#[tokio::test]
async fn in_a_state_of_buttons_nobody_types() {
    let deal = Deal::begin().await;
    let hello = json!({ "conversation_id": deal.id, "message": "hello" });
    let told = deal.influencer.post(SEND, hello.clone()).await;
    let told = told.expect_status(403).expect_code("CHAT_NOT_ALLOWED").body;
    assert_eq!(told["details"]["current_state"], "influencer_responding");
    let stranger = deal.app.person("otto").await;
    stranger
        .post(SEND, hello)
        .await
        .expect_status(404)
        .expect_code("CONVERSATION_NOT_FOUND");
}

#[tokio::test]
async fn connecting_twice_is_one_conversation() {
    let (_app, alice, bob) = two().await;
    let bare = json!({ "target_user_id": "bob" });
    let first = alice
        .post(CONNECT, bare.clone())
        .await
        .expect_status(201)
        .body;
    assert_eq!(first["message"], "You are connected");
    assert_eq!(first["conversation_id"], first["conversation"]["id"]);
    let again = alice.post(CONNECT, bare).await.expect_status(200).body;
    assert_eq!(again["conversation_id"], first["conversation_id"]);
    assert_eq!(again["message"], "You are connected already");
    let hello = json!({ "target_user_id": "alice", "initial_message": "Hello!" });
    let there = bob.post(CONNECT, hello).await.expect_status(200).body;
    assert_eq!(there["conversation_id"], first["conversation_id"]);
    let words = "You are connected already: the initial message was not sent";
    assert_eq!(
        (&there["message"], there.get("initial_message")),
        (&json!(words), None)
    );
    let id = first["conversation_id"].as_str().unwrap();
    assert!(bob.bodies(id).await.is_empty());
    for (target, status) in [("alice", 400), ("nobody", 404), ("a b", 400), ("", 400)] {
        let body = json!({ "target_user_id": target });
        alice.post(CONNECT, body).await.expect_status(status);
    }
    alice.post(CONNECT, json!({})).await.expect_status(400);
    let long = json!({ "target_user_id": "bob", "initial_message": "x".repeat(8_001) });
    let told = alice.post(CONNECT, long).await.expect_status(400).body;
    assert_eq!(told["details"]["field"], "initial_message");
}

#[tokio::test]
async fn an_idempotent_send_is_sent_once() {
    let (app, alice, bob) = two().await;
    let id = app.direct(&alice, &bob).await;
    let body = json!({ "conversation_id": id, "message": "once" }).to_string();
    let send = || {
        alice.request(
            "POST",
            SEND,
            Some(body.clone()),
            &[("idempotency-key", "k-1")],
        )
    };
    let (first, again) = (
        send().await.expect_status(201),
        send().await.expect_status(201),
    );
    assert_eq!(first.body, again.body);
    assert_eq!(bob.bodies(&id).await, ["once"]);
}

#[tokio::test]
async fn what_was_read_is_seen_and_counted_no_more() {
    let (app, alice, bob) = two().await;
    let id = app.direct(&alice, &bob).await;
    for text in ["one", "two"] {
        alice.say(&id, text).await;
    }
    let unread = async |person: &crate::client::Person| {
        let told = person
            .get("/api/messages/unread-count")
            .await
            .expect_status(200)
            .body;
        assert_eq!(told["success"], true);
        told["unread_count"].as_i64().unwrap()
    };
    let seen = async || {
        let path = format!("/api/messages/conversations/{id}/messages");
        let page = alice.get(&path).await.expect_status(200).body;
        let rows = page["messages"].as_array().unwrap().clone();
        rows.iter()
            .map(|row| row["seen"].clone())
            .collect::<Vec<Value>>()
    };
    assert_eq!((unread(&bob).await, unread(&alice).await), (2, 0));
    assert_eq!(seen().await, [false, false]);
    let path = format!("/api/messages/conversations/{id}/seen");
    let marked = bob.request("POST", &path, None, &[]).await;
    let words = json!({ "success": true, "message": "Messages marked as seen" });
    assert_eq!(marked.expect_status(200).body, words);
    assert_eq!(
        (unread(&bob).await, seen().await),
        (0, vec![json!(true), json!(true)])
    );
    alice.say(&id, "three").await;
    assert_eq!(
        (unread(&bob).await, seen().await),
        (1, vec![json!(true), json!(true), json!(false)])
    );
    let other = json!({ "userId": "alice" });
    bob.post(&path, other)
        .await
        .expect_status(403)
        .expect_code("IDENTITY_MISMATCH");
    let support = app.person_with("support", &["support"]).await;
    support
        .post(&path, json!({}))
        .await
        .expect_status(403)
        .expect_code("NOT_A_PARTICIPANT");
}

#[tokio::test]
async fn the_system_s_id_is_an_option() {
    let options = ["--rate-limits", "off", "--system-user-id", "the-system"];
    let deal = Deal::begin_on(TestApp::with(&options).await).await;
    let senders: Vec<Value> = deal
        .rows("influencer")
        .await
        .iter()
        .map(|row| row["sender_id"].clone())
        .collect();
    assert!(
        !senders.is_empty() && senders.iter().all(|sender| sender == "the-system"),
        "{senders:?}"
    );
    assert!(!senders.contains(&json!(SYSTEM)));
}
