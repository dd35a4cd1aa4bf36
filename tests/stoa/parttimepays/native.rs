//! The dialect's calls stand below the native `/api/v1/messages`: no native call is answered otherwise because of it.

use serde_json::{Value, json};
use std::collections::BTreeSet;

use super::serving;
use crate::client::Person;
use crate::test_app::TestApp;

const NOBODYS: &str = "0192f0c0-0000-7000-8000-000000000001";

/// The native endpoints: method, path, and the names of parameters that must be UUIDs.
async fn endpoints(person: &Person) -> Vec<(String, String, BTreeSet<String>)> {
    let document = person.get("/api/openapi.json").await.expect_status(200);
    let mut found = Vec::new();
    for (path, methods) in document.body["paths"].as_object().expect("paths") {
        for (method, operation) in methods.as_object().expect("methods") {
            if operation["tags"][0] == "parttimepays" {
                continue;
            }
            let parameters = operation["parameters"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            let uuids = parameters
                .iter()
                .filter(|it| it["in"] == "path" && it["schema"]["format"] == "uuid")
                .map(|it| it["name"].as_str().expect("a name").to_owned());
            found.push((method.to_uppercase(), path.clone(), uuids.collect()));
        }
    }
    found
}

/// A path with something in its braces.
fn filled(path: &str, fill: impl Fn(&str) -> String) -> String {
    let part = |part: &str| match part.strip_prefix('{') {
        Some(name) => fill(name.trim_end_matches('}')),
        None => part.to_owned(),
    };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// What a call is answered, without what differs each time.
async fn told(person: &Person, method: &str, path: &str) -> (u16, Value) {
    let body = matches!(method, "POST" | "PUT" | "PATCH").then(|| "{}".to_owned());
    let answer = person.request(method, path, body, &[]).await;
    let mut body = answer.body;
    if let Some(Value::Object(details)) = body.get_mut("details") {
        details.remove("request_id");
    }
    // Times and numbers of what is counted are those of the moment.
    let is_refused = answer.status >= 400;
    (answer.status, if is_refused { body } else { Value::Null })
}

#[tokio::test]
async fn every_native_call_is_answered_as_without_the_dialect() {
    let with = serving().await;
    let without = TestApp::with(&["--rate-limits", "off", "--dialects", ""]).await;
    let (one, other) = (with.person("ann").await, without.person("ann").await);
    let native = endpoints(&other).await;
    let there = endpoints(&one).await;
    assert_eq!(native, there, "the same endpoints");
    assert!(native.len() > 60, "{}", native.len());
    for (method, path, uuids) in native {
        let ways: [&dyn Fn(&str) -> String; 2] = [
            &|name| match uuids.contains(name) {
                true => NOBODYS.to_owned(),
                false => "some".to_owned(),
            },
            // Not even a UUID.
            &|_| "some".to_owned(),
        ];
        for fill in ways {
            let path = filled(&path, fill);
            let (one, other) = (
                told(&one, &method, &path).await,
                told(&other, &method, &path).await,
            );
            assert_eq!(one, other, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn what_the_document_calls_a_uuid_must_be_one() {
    let app = TestApp::start().await;
    let platform = app.person_with("platform", &["service"]).await;
    let mut tried = 0;
    for (method, path, uuids) in endpoints(&platform).await {
        for wrong in &uuids {
            let path = filled(&path, |name| match name {
                name if name == wrong => "messages".to_owned(),
                name if uuids.contains(name) => NOBODYS.to_owned(),
                _ => "some".to_owned(),
            });
            let body = matches!(method.as_str(), "POST" | "PUT" | "PATCH");
            let body = body.then(|| "{}".to_owned());
            let answer = platform.request(&method, &path, body, &[]).await;
            let is_word_of_another_path = answer.status == 405;
            let told = (answer.status, answer.body["error_code"].as_str());
            assert!(
                told == (400, Some("INVALID_REQUEST")) || is_word_of_another_path,
                "{method} {path}: {told:?}"
            );
            tried += 1;
        }
    }
    assert!(tried > 40, "{tried}");
}

#[tokio::test]
async fn native_messages_and_those_of_the_dialect_are_the_same() {
    let site = super::Site::open().await;
    let said = site.say(&site.ada, "Hello").await;
    let id = super::id(&said);
    let path = format!("/api/v1/messages/{id}");
    let edited = site.ada.patch(&path, json!({ "body": "Hello!" })).await;
    assert_eq!(edited.expect_status(200).body["body"], "Hello!");
    let pinned = site
        .ada
        .put(&format!("/api/v1/messages/{id}/pin"), json!({}))
        .await;
    pinned.expect_status(200);
    assert_eq!(site.texts(&site.ben).await, ["Hello!"]);
    let shown = site
        .ben
        .get(&format!("/api/v1/conversations/{}/messages", site.place))
        .await;
    let shown = shown.expect_status(200).body;
    assert_eq!(shown["items"][0]["body"], "Hello!");
}
