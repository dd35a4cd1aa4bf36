//! Texts of invisible characters count as empty at every endpoint, and the refusal names the path of the field.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::client::{Answer, Person};
use crate::participants::{ask, path};
use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::{TestApp, claims, token};

/// Texts that show nothing: zero width, blank, fillers, soft hyphens, directions, joiners, tags.
const NOTHING: [&str; 9] = [
    "\u{200B}",
    "\u{2800}",
    "\u{FEFF}",
    "\u{3164}",
    "\u{AD}",
    "\u{202E}\u{202D}",
    "\u{2066} \u{2069}",
    "\u{200D}\u{FE0F}",
    "\u{E0041}\n\u{A0}",
];

#[track_caller]
fn must_name(answer: &Answer, field: &str) {
    let found = (answer.status, answer.body["details"]["field"].as_str());
    assert_eq!(found, (400, Some(field)), "{answer:?}");
}

#[actix_rt::test]
async fn a_text_that_shows_nothing_is_empty() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let platform = app.person_with("platform", &["service"]).await;
    let id = app.group(&alice, &[&bob]).await;
    let message = alice.say(&id, "shown").await;
    let message = format!("/api/v1/messages/{}", message["id"].as_str().unwrap());
    let mut socket = alice.socket().await;
    let (mut stoory, mut lola) = (
        SocketIoClient::stoory(&alice).await,
        SocketIoClient::lola(&alice).await,
    );
    for nothing in NOTHING {
        let body = json!({ "body": nothing });
        must_name(
            &alice.post(&path(&id, "/messages"), body.clone()).await,
            "body",
        );
        must_name(&alice.patch(&message, body).await, "body");
        let title = json!({ "title": nothing });
        must_name(&alice.patch(&path(&id, ""), title).await, "title");
        let name = json!({ "name": nothing });
        must_name(&platform.put("/api/v1/users/bob", name).await, "name");
        let send = json!({ "conversation_id": id, "message": nothing });
        must_name(&alice.post("/api/messages/send", send).await, "message");
        let send = json!({ "conversation_id": id, "body": nothing });
        let refused = socket.call("send_message", send).await.unwrap_err();
        assert_eq!(refused["details"]["field"], "body");
        let send = json!({ "conversationId": id, "message": nothing });
        let refused = stoory.ask("send_message", send).await;
        assert_eq!(refused["details"]["field"], "message");
        let send = json!({ "conversationId": id, "body": nothing });
        let refused = lola.ask("chat:send-message", send).await;
        assert_eq!(refused["error_code"], "INVALID_REQUEST");
        let first = json!({ "kind": "group", "participants": [{ "user_id": "bob" }], "title": nothing, "first_message": { "body": nothing } });
        must_name(&ask(&alice, first.clone()).await, "first_message.body");
        let file = json!({ "body": nothing, "attachments": [{ "url": "https://a.example/x" }] });
        let file = alice.post(&path(&id, "/messages"), file).await;
        file.expect_status(201);
    }
    let untitled = json!({ "kind": "group", "participants": [], "title": "\u{2800}" });
    let untitled = ask(&alice, untitled).await.expect_status(201);
    assert_eq!(untitled.body["title"], Value::Null);
    let mut said = claims("alice", &[]);
    said.name = Some("\u{3164}".to_owned());
    let me = Person::new(app.addresses(), "alice", token(&said));
    let me = me.get("/api/v1/me").await.expect_status(200);
    assert_eq!(me.body["name"], "alice by name");
    assert_eq!(bob.bodies(&id).await[0], "shown");
}

#[tokio::test]
async fn a_nested_field_is_named_by_its_path() {
    let app = TestApp::start().await;
    let (alice, _bob) = (app.person("alice").await, app.person("bob").await);
    for (field, change) in [
        ("participants[0]", json!({ "participants": ["jonas"] })),
        (
            "participants[1].user_id",
            json!({ "participants": [{ "user_id": "bob" }, {}] }),
        ),
        (
            "participants[1].user_id",
            json!({ "participants": [{ "user_id": "bob" }, { "user_id": "no id" }] }),
        ),
        (
            "participants[0].role",
            json!({ "participants": [{ "user_id": "bob", "role": "No Role" }] }),
        ),
        ("role", json!({ "role": "No Role" })),
        ("subject.id", json!({ "subject": { "type": "job" } })),
        (
            "subject.id",
            json!({ "subject": { "type": "job", "id": 7 } }),
        ),
        (
            "first_message.body",
            json!({ "first_message": { "body": 7 } }),
        ),
        (
            "first_message.attachments[0].url",
            json!({ "first_message": { "attachments": [{ "url": "http://a.example" }] } }),
        ),
        ("flow.name", json!({ "flow": {} })),
    ] {
        let mut creation = json!({ "kind": "group", "participants": [{ "user_id": "bob" }] });
        let change = change.as_object().unwrap().clone();
        creation.as_object_mut().unwrap().extend(change);
        must_name(&ask(&alice, creation).await, field);
    }
}

#[tokio::test]
async fn an_attachment_is_named_by_its_place_and_depth_is_no_broken_json() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.group(&alice, &[&bob]).await;
    for (field, attachments) in [
        (
            "attachments[1].url",
            json!([{ "url": "https://a.example" }, { "url": "javascript:x" }]),
        ),
        (
            "attachments[0].name",
            json!([{ "url": "https://a.example", "name": "x".repeat(256) }]),
        ),
        (
            "attachments[0].colour",
            json!([{ "url": "https://a.example", "colour": "red" }]),
        ),
        ("attachments[0]", json!(["https://a.example"])),
    ] {
        let body = json!({ "body": "x", "attachments": attachments });
        must_name(
            &alice.post(&path(&id, "/messages"), body.clone()).await,
            field,
        );
        let mut socket = alice.socket().await;
        let mut data = body;
        data["conversation_id"] = json!(id);
        let refused = socket.call("send_message", data).await.unwrap_err();
        assert_eq!(refused["details"]["field"], field);
    }
    let deep = format!(
        r#"{{"body":"x","context":{}{}}}"#,
        r#"{"a":"#.repeat(140),
        "1".to_owned() + &"}".repeat(140)
    );
    let address = path(&id, "/messages");
    let deep = alice.request("POST", &address, Some(deep), &[]).await;
    must_name(&deep, "context");
    assert_eq!(deep.body["message"], "context is nested too deep");
}

#[tokio::test]
async fn a_first_message_is_said_by_the_request_that_makes_the_conversation() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let creation = json!({ "kind": "group", "participants": [{ "user_id": "bob" }], "subject": { "type": "job", "id": "7" }, "first_message": { "body": "opening" } });
    let asked = (0..10).map(|_| ask(&alice, creation.clone()));
    let answers = join_all(asked).await;
    let made = answers.iter().filter(|answer| answer.status == 201);
    assert_eq!(made.count(), 1);
    let id = answers[0].body["id"].as_str().unwrap();
    assert!(answers.iter().all(|answer| answer.body["id"] == id));
    assert_eq!(bob.bodies(id).await, ["opening"]);
    let connect = json!({ "target_user_id": "bob", "initial_message": "hello" });
    for status in [201, 200] {
        let said = alice
            .post("/api/messages/direct-connect", connect.clone())
            .await;
        said.expect_status(status);
    }
    let direct = app.direct(&alice, &bob).await;
    assert_eq!(
        bob.bodies(&direct).await,
        ["hello"],
        "this dialect says it with the connection alone"
    );
}
