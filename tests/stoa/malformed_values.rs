//! Malformed ids, numbers and words are refused, and the refusal names the field.

use serde_json::json;

use crate::client::{Answer, Person};
use crate::test_app::TestApp;

async fn alice_and_bob() -> (Person, String, TestApp) {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let here = app.group(&alice, &[&bob]).await;
    (alice, here, app)
}

fn assert_names(answer: &Answer, field: &str, what: &str) {
    let told = (
        answer.status,
        answer.body["error_code"].as_str(),
        answer.body["details"]["field"].as_str(),
    );
    assert_eq!(
        told,
        (400, Some("INVALID_REQUEST"), Some(field)),
        "{what}: {}",
        answer.body
    );
}

#[tokio::test]
async fn ids_of_no_form_are_named() {
    let (alice, here, _app) = alice_and_bob().await;
    let path = |rest: &str| format!("/api/v1/conversations/{here}{rest}");
    for id in [
        "x",
        "0192f0c000007000800000000000000a",
        "%00",
        "0192f0c0-0000-7000-8000-00000000000g",
    ] {
        for path in [
            format!("/api/v1/conversations/{id}"),
            format!("/api/v1/conversations/{id}/messages"),
            format!("/api/v1/messages/{id}/history"),
        ] {
            assert_names(&alice.get(&path).await, "id", &path);
        }
    }
    assert_names(&alice.get("/api/v1/users/a%20b").await, "id", "a user");
    let path = path("/participants/a%20b");
    assert_names(&alice.delete(&path).await, "user_id", &path);
}

#[tokio::test]
async fn fields_of_no_form_are_named() {
    let (alice, here, _app) = alice_and_bob().await;
    let path = |rest: &str| format!("/api/v1/conversations/{here}{rest}");
    let bodies = [
        (
            path("/messages"),
            json!({ "body": "x", "reply_to": "x" }),
            "reply_to",
        ),
        (
            path("/messages"),
            json!({ "body": "x", "sender_id": 5 }),
            "sender_id",
        ),
        (path("/messages"), json!({ "body": 5 }), "body"),
        (path("/seen"), json!({ "seq": "x" }), "seq"),
        (
            path("/participants"),
            json!({ "user_id": "a b" }),
            "user_id",
        ),
        (
            "/api/v1/conversations".to_owned(),
            json!({ "kind": "group", "participants": [{ "user_id": "" }] }),
            "participants[0].user_id",
        ),
        (
            "/api/v1/conversations".to_owned(),
            json!({ "kind": "party", "participants": [] }),
            "kind",
        ),
    ];
    for (path, body, field) in bodies {
        assert_names(
            &alice.post(&path, body.clone()).await,
            field,
            &body.to_string(),
        );
    }
}

#[tokio::test]
async fn parameters_of_no_form_are_named() {
    let (alice, here, _app) = alice_and_bob().await;
    let path = |rest: &str| format!("/api/v1/conversations/{here}{rest}");
    for (query, field) in [
        ("/messages?limit=x", "limit"),
        ("/messages?limit=0", "limit"),
        ("/messages?before=x", "before"),
        ("/messages?limit=5&after=1.5", "after"),
    ] {
        assert_names(&alice.get(&path(query)).await, field, query);
    }
    for (query, field) in [
        ("kind=party", "kind"),
        ("status=limit", "status"),
        ("unread=maybe", "unread"),
        ("cursor=x", "cursor"),
    ] {
        let path = format!("/api/v1/conversations?{query}");
        assert_names(&alice.get(&path).await, field, &path);
    }
}

#[tokio::test]
async fn ids_of_no_form_are_named_on_the_socket() {
    let (alice, here, _app) = alice_and_bob().await;
    let mut socket = alice.socket().await;
    let cases = [
        (
            "join_conversation",
            json!({ "conversation_id": "x" }),
            "conversation_id",
        ),
        ("join_conversation", json!({}), "conversation_id"),
        (
            "join_conversation",
            json!({ "conversation_id": here, "after": -1 }),
            "after",
        ),
        (
            "send_message",
            json!({ "conversation_id": here, "body": "x", "reply_to": "x" }),
            "reply_to",
        ),
        (
            "send_message",
            json!({ "conversation_id": here, "body": "x", "user_id": 5 }),
            "user_id",
        ),
        (
            "edit_message",
            json!({ "conversation_id": here, "message_id": "x", "body": "x" }),
            "message_id",
        ),
        (
            "mark_seen",
            json!({ "conversation_id": here, "seq": -1 }),
            "seq",
        ),
        (
            "mark_seen",
            json!({ "conversation_id": here, "seq": 1.5 }),
            "seq",
        ),
        ("user_status", json!({ "status": "asleep" }), "status"),
        ("watch_subject", json!({ "type": "", "id": "1" }), "type"),
        ("no_such_event", json!({}), "event"),
    ];
    for (event, payload, field) in cases {
        let refused = socket.call(event, payload.clone()).await.unwrap_err();
        let told = (
            refused["error_code"].as_str(),
            refused["details"]["field"].as_str(),
        );
        assert_eq!(
            told,
            (Some("INVALID_REQUEST"), Some(field)),
            "{event} {payload}: {refused}"
        );
    }
}
