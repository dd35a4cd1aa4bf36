//! The naughty strings of the world through every field: never a 500, never a hang, and what is accepted comes back as it was.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::HeaderValue;
use serde_json::{Value, json};
use std::collections::HashMap;

use crate::client::{Person, Socket};
use crate::test_app::TestApp;
use crate::text_fields::{BODIES, EVENTS, PATHS, rows};
use stoa::domain::visible::shows_something;

/// A string on each line, as it stands between the quotes of JSON; `# ` opens a heading.
const STRINGS: &str = include_str!("naughty.txt");

/// Everything in the file, and what would be too long for it.
pub fn strings() -> Vec<String> {
    let written = STRINGS.lines().filter(|line| !line.starts_with("# "));
    let long = [
        "x".repeat(200),
        "é".repeat(201),
        "x".repeat(8_001),
        "👩‍👩‍👧‍👦".repeat(1_000),
        "\\u0301".repeat(2_000),
        "\\\\\\\"".repeat(2_000),
        "x".repeat(60_000),
    ];
    let all: Vec<String> = written
        .map(str::to_owned)
        .chain([String::new()])
        .chain(long)
        .collect();
    assert!(all.len() >= 150, "{}", all.len());
    all
}

/// The bytes of a string as they may stand in a URL; one that is no JSON string goes as it is written.
pub fn encoded(string: &str) -> String {
    let meant: String =
        serde_json::from_str(&format!("\"{string}\"")).unwrap_or_else(|_| string.to_owned());
    meant.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Whether everything that was sent is in the answer, as it was. A blank title is no title.
fn came_back(sent: &Value, answer: &Value) -> bool {
    match (sent, answer) {
        (Value::Object(sent), Value::Object(answer)) => sent
            .iter()
            .all(|(key, value)| answer.get(key).is_some_and(|there| came_back(value, there))),
        (Value::Array(sent), Value::Array(answer)) => {
            sent.len() == answer.len()
                && sent
                    .iter()
                    .zip(answer)
                    .all(|(one, other)| came_back(one, other))
        }
        (Value::String(sent), Value::Null) => !shows_something(sent),
        (sent, answer) => sent == answer,
    }
}

/// What of a payload is shown again.
fn shown(payload: &str) -> Value {
    let mut sent: Value = serde_json::from_str(payload)
        .unwrap_or_else(|error| panic!("accepted, and no JSON ({error}): {payload}"));
    let kept = [
        "body",
        "context",
        "attachments",
        "client_id",
        "title",
        "subject",
        "name",
        "email",
        "avatar_url",
    ];
    sent.as_object_mut()
        .expect("an object")
        .retain(|key, _| kept.contains(&key.as_str()));
    sent
}

struct Fixture {
    app: TestApp,
    alice: Person,
    platform: Person,
    conversation: String,
    message: String,
    /// What must be in the history, by the message's id.
    stored: HashMap<String, Value>,
}

impl Fixture {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let (alice, bob) = (app.person("alice").await, app.person("bob").await);
        let platform = app.person_with("platform", &["service"]).await;
        let conversation = app.group(&alice, &[&bob]).await;
        let message = alice.say(&conversation, "to be edited").await;
        let message = message["id"].as_str().expect("an id").to_owned();
        Self {
            app,
            alice,
            platform,
            conversation,
            message,
            stored: HashMap::new(),
        }
    }

    fn filled(&self, pattern: &str, string: &str) -> String {
        let conversations = pattern
            .replace("$c", &self.conversation)
            .replace("$m", &self.message);
        conversations.replace("$s", string)
    }

    fn api(&self, pattern: &str, string: &str) -> String {
        format!("/api/v1/{}", self.filled(pattern, string))
    }

    async fn through_bodies(&mut self, string: &str) {
        for row in rows(BODIES, 3) {
            let [method, path, body] = row[..] else {
                unreachable!("three columns")
            };
            // Profiles and subjects are the platform's to describe.
            let caller = if method == "PUT" || body.contains("\"subject\"") {
                &self.platform
            } else {
                &self.alice
            };
            let body = self.filled(body, string);
            let path = self.api(path, "");
            let answer = caller.request(method, &path, Some(body.clone()), &[]).await;
            assert!(
                answer.status < 500 && answer.status != 422,
                "{method} {path} {body}: {}",
                answer.body
            );
            if answer.status >= 300 {
                assert_eq!(answer.body["success"], false, "{method} {path} {body}");
                continue;
            }
            let sent = shown(&body);
            assert!(
                came_back(&sent, &answer.body),
                "{method} {path} {body}: {}",
                answer.body
            );
            if path.ends_with("/messages") {
                self.stored
                    .insert(answer.body["id"].as_str().expect("an id").to_owned(), sent);
            }
        }
    }

    async fn through_paths(&self, string: &str) {
        // Clients resolve these before they send a request, which then names something else.
        let is_dot_segment = matches!(string, "." | "..");
        let string = encoded(string);
        if string.len() > 25_000 {
            return;
        }
        for row in rows(PATHS, 2) {
            let [method, pattern] = row[..] else {
                unreachable!("two columns")
            };
            if method == "DELETE" && is_dot_segment {
                continue;
            }
            let path = self.api(pattern, &string);
            let body = (method == "PUT").then(|| "{}".to_owned());
            let answer = self.platform.request(method, &path, body, &[]).await;
            assert!(answer.status < 500, "{method} {path}: {}", answer.body);
        }
    }

    async fn through_headers(&self, string: &str) {
        if HeaderValue::from_str(string).is_err() {
            return;
        }
        let body = json!({ "seq": 0 }).to_string();
        for name in [
            "idempotency-key",
            "origin",
            "x-forwarded-for",
            "content-type",
            "accept",
        ] {
            let path = self.api("conversations/$c/seen", "");
            let answer = self
                .alice
                .request("POST", &path, Some(body.clone()), &[(name, string)])
                .await;
            assert!(answer.status < 500, "{name}: {string}: {}", answer.body);
        }
        let forged = Person::new(self.app.addresses(), "x", string.to_owned());
        forged.get("/api/v1/me").await.expect_status(401);
    }

    async fn through_events(&mut self, socket: &mut Socket, string: &str) {
        for (number, row) in rows(EVENTS, 2).iter().enumerate() {
            let [event, data] = row[..] else {
                unreachable!("two columns")
            };
            let (event, data) = (self.filled(event, string), self.filled(data, string));
            let frame = format!(r#"{{"event":"{event}","id":{number},"data":{data}}}"#);
            if serde_json::from_str::<Value>(&frame).is_err() || frame.len() > 65_536 {
                continue;
            }
            socket.send_text(&frame).await;
            let answer = loop {
                let answer = socket
                    .next()
                    .await
                    .unwrap_or_else(|code| panic!("closed with {code:?} by {frame}"));
                if answer["ack"] == number {
                    break answer;
                }
            };
            let code = answer["error"]["error_code"].as_str();
            assert!(
                !matches!(code, Some("INTERNAL" | "UNPROCESSABLE" | "UNAVAILABLE")),
                "{frame}: {answer}"
            );
            if code.is_none() && event == "send_message" {
                self.stored.insert(
                    answer["data"]["id"].as_str().expect("an id").to_owned(),
                    shown(&data),
                );
            }
        }
    }

    /// Everything in the history, by id.
    async fn history(&self) -> HashMap<String, Value> {
        let (mut found, mut after) = (HashMap::new(), json!(0));
        while !after.is_null() {
            let path = self.api(
                &format!("conversations/$c/messages?limit=100&after={after}"),
                "",
            );
            let page = self.alice.get(&path).await.expect_status(200).body;
            for item in page["items"].as_array().expect("items") {
                found.insert(item["id"].as_str().expect("an id").to_owned(), item.clone());
            }
            after = page["next_cursor"].clone();
        }
        found
    }
}

#[tokio::test]
async fn naughty_strings_go_through_every_field() {
    let mut fixture = Fixture::new().await;
    let mut hearing = fixture.alice.joined(&fixture.conversation).await;
    let mut speaking = fixture.alice.socket().await;
    let mut heard = HashMap::new();
    for string in strings() {
        fixture.through_bodies(&string).await;
        fixture.through_paths(&string).await;
        fixture.through_headers(&string).await;
        fixture.through_events(&mut speaking, &string).await;
        for frame in hearing.drain().await {
            if frame["event"] == "new_message" {
                let message = frame["data"]["message"].clone();
                heard.insert(message["id"].as_str().expect("an id").to_owned(), message);
            }
        }
    }
    assert!(
        fixture.stored.len() > 1_000,
        "only {} were accepted",
        fixture.stored.len()
    );
    let history = fixture.history().await;
    for (id, sent) in &fixture.stored {
        assert!(
            came_back(sent, &history[id]),
            "sent {sent}, kept {}",
            history[id]
        );
        assert!(
            came_back(sent, &heard[id]),
            "sent {sent}, heard {}",
            heard[id]
        );
    }
    fixture.alice.get("/readyz").await.expect_status(200);
    let mut path = "/api/v1/conversations?limit=100".to_owned();
    loop {
        let page = fixture.alice.get(&path).await.expect_status(200).body;
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        path = format!("/api/v1/conversations?limit=100&cursor={cursor}");
    }
    let wordings = fixture
        .alice
        .get(&fixture.api("messages/$m/history", ""))
        .await
        .expect_status(200);
    assert!(wordings.body["items"].as_array().expect("items").len() > 100);
    fixture
        .alice
        .joined(&fixture.conversation)
        .await
        .close()
        .await;
}

/// JSON that is hard to keep: numbers without bounds, depth without end, texts that no database takes.
fn trees() -> Vec<String> {
    let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    let written = r#"
1e400 -1e400 1e-400 1e308 -0 0.1 1E2 123456789012345678901234567890 18446744073709551615 -9223372036854775808
[] {} null true {"b":1,"a":2,"b":3} "\ud800" "\u0000" "\\u0000"
"#;
    let written = written.split_whitespace().map(str::to_owned);
    written.chain([100, 200, 3_000].map(deep)).collect()
}

async fn say_with(fixture: &Fixture, socket: &mut Socket, context: &str) -> Value {
    let conversation = &fixture.conversation;
    let data = format!(r#"{{"conversation_id":"{conversation}","body":"x","context":{context}}}"#);
    let frame = format!(r#"{{"event":"send_message","id":7,"data":{data}}}"#);
    socket.send_text(&frame).await;
    socket.answer_to(7).await
}

#[tokio::test]
async fn trees_that_are_hard_to_keep_are_refused_or_come_back() {
    let fixture = Fixture::new().await;
    let mut socket = fixture.alice.joined(&fixture.conversation).await;
    let path = fixture.api("conversations/$c/messages", "");
    for tree in trees() {
        let context = format!(r#"{{"a":{tree}}}"#);
        let body = format!(r#"{{"body":"x","context":{context}}}"#);
        let answer = fixture.alice.request("POST", &path, Some(body), &[]).await;
        let told = say_with(&fixture, &mut socket, &context).await;
        let code = told["error"]["error_code"].as_str();
        assert!(
            matches!(answer.status, 201 | 400),
            "{tree:.40}: {}",
            answer.body
        );
        let both = (answer.status == 201, code.is_none());
        assert_eq!(
            both.0, both.1,
            "one rule over REST and the socket, {tree:.40}: {told}"
        );
        assert!(
            matches!(code, None | Some("INVALID_REQUEST")),
            "{tree:.40}: {told}"
        );
        let history = fixture.history().await;
        if let Some(id) = answer.body["id"].as_str() {
            assert_eq!(history[id]["context"], answer.body["context"], "{tree:.40}");
        }
    }
}

#[tokio::test]
async fn cursors_from_before_all_time_are_refused() {
    let Fixture { alice, app, .. } = Fixture::new().await;
    for conversation in [
        "-8000000000000000000.1",
        "9223372036854775807.1",
        "8200000000000000000.1",
        "1.x",
        "NaN.1",
    ] {
        let cursor = URL_SAFE_NO_PAD.encode(conversation);
        let answer = alice
            .get(&format!("/api/v1/conversations?cursor={cursor}"))
            .await;
        assert!(
            matches!(answer.status, 200 | 400),
            "{conversation}: {}",
            answer.body
        );
    }
    drop(app);
}
