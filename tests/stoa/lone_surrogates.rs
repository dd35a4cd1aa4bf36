//! Lone surrogates, as JavaScript cuts them out of an emoji, and endless nesting: every endpoint names the field and the reason.

use serde_json::{Value, json};

use crate::client::Person;
use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::TestApp;

const HALF: &str = "contains half of a character (a lone surrogate)";

async fn refused(person: &Person, method: &str, path: &str, body: &str) -> Value {
    let asked = person
        .request(method, path, Some(body.to_owned()), &[])
        .await;
    asked.expect_status(400).body
}

#[track_caller]
fn told(error: &Value, field: &str, reason: &str) {
    assert_eq!(error["message"], format!("{field} {reason}"), "{error}");
    assert_eq!(error["details"]["field"], field);
}

#[actix_rt::test]
async fn half_a_character_is_told_by_its_field_over_rest() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let conversation = app.group(&alice, &[&bob]).await;
    let one = format!("/api/v1/conversations/{conversation}");
    let messages = format!("{one}/messages");
    let body = r#"{"body":"half \ud83d"}"#;
    told(
        &refused(&alice, "POST", &messages, body).await,
        "body",
        HALF,
    );
    let title = r#"{"title":"\ud83d"}"#;
    told(&refused(&alice, "PATCH", &one, title).await, "title", HALF);
    let context = r#"{"body":"x","context":{"note":"\ude00"}}"#;
    told(
        &refused(&alice, "POST", &messages, context).await,
        "context.note",
        HALF,
    );
    let deep = format!(
        r#"{{"body":"x","context":{}1{}}}"#,
        r#"{"a":"#.repeat(130),
        "}".repeat(130)
    );
    told(
        &refused(&alice, "POST", &messages, &deep).await,
        "context",
        "is nested too deep",
    );
    told(
        &refused(&alice, "POST", &messages, "{").await,
        "body",
        "is not JSON",
    );
    let unknown = r#"{"body":"whole","unknown":"\ud83d"}"#.to_owned();
    let taken = alice.request("POST", &messages, Some(unknown), &[]).await;
    taken.expect_status(201);
    let stoory = format!("/api/messages/conversations/{conversation}/text-input");
    let typed = r#"{"text":"\ud83d","input_type":"x"}"#;
    told(&refused(&alice, "POST", &stoory, typed).await, "text", HALF);
}

#[actix_rt::test]
async fn half_a_character_closes_no_connection() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let conversation = app.direct(&alice, &bob).await;
    let mut socket = alice.joined(&conversation).await;
    let say = format!(
        r#"{{"event":"send_message","id":77,"data":{{"conversation_id":"{conversation}","body":"\ud83d"}}}}"#
    );
    socket.send_text(&say).await;
    let answer = socket.next().await.expect("an answer");
    assert_eq!(answer["ack"], 77, "{answer}");
    told(&answer["error"], "body", HALF);
    socket.send_text(r#"{"event":"\ud83d","id":78}"#).await;
    told(
        &socket.next().await.expect("an answer")["error"],
        "event",
        HALF,
    );
    assert!(socket.drain().await.is_empty(), "it is open still");
    let mut client = SocketIoClient::stoory(&alice).await;
    let packet =
        format!(r#"427["send_message",{{"conversationId":"{conversation}","message":"\ud83d"}}]"#);
    client.wire().send(&packet).await;
    let answer = client.wire().text().await;
    let answer: Value =
        serde_json::from_str(answer.strip_prefix("437").expect("an answer")).expect("JSON");
    told(&answer[0], "message", HALF);
    client.call("join_conversation", json!(conversation)).await;
}
