//! Messages that say what another message said.

use serde_json::{Value, json};

use crate::client::{Answer, Person};
use crate::participants::path;
use crate::test_app::TestApp;

fn id_of(message: &Value) -> &str {
    message["id"].as_str().expect("an id")
}

async fn forward(person: &Person, into: &str, message: &Value) -> Answer {
    let wanted = json!({ "forward_of": message["id"] });
    person.post(&path(into, "/messages"), wanted).await
}

/// Ann with Bob, and Bob with Cara, each in a direct conversation.
async fn two(options: &[&str]) -> (TestApp, [Person; 3], String, String) {
    let app = TestApp::with(&[&["--rate-limits", "off"], options].concat()).await;
    let people = [
        app.person("ann").await,
        app.person("bob").await,
        app.person("cara").await,
    ];
    let one = app.direct(&people[0], &people[1]).await;
    let other = app.direct(&people[1], &people[2]).await;
    (app, people, one, other)
}

#[tokio::test]
async fn a_forwarded_message_has_the_text_and_the_files_and_says_whose_they_were() {
    let (app, [ann, bob, cara], one, other) = two(&[]).await;
    let uploaded = ann.request("POST", "/api/v1/files", Some("hello".to_owned()), &[]);
    let file = uploaded.await.expect_status(201).body["file_id"].clone();
    let whole = json!({ "body": "look", "attachments": [{ "file_id": file }, { "url": "https://example.com/a.png" }] });
    let said = ann
        .post(&path(&one, "/messages"), whole)
        .await
        .expect_status(201)
        .body;
    let mut heard = cara.joined(&other).await;
    let forwarded = forward(&bob, &other, &said).await.expect_status(201).body;
    assert_eq!(
        (&forwarded["body"], &forwarded["sender_id"]),
        (&json!("look"), &json!("bob"))
    );
    assert_eq!(
        forwarded["forwarded"],
        json!({ "name": "ann by name", "at": said["created_at"] })
    );
    let files = forwarded["attachments"].as_array().unwrap();
    assert_eq!(
        (&files[0]["file_id"], &files[1]["url"]),
        (&file, &json!("https://example.com/a.png"))
    );
    assert_eq!(
        heard.event("new_message").await["message"]["forwarded"],
        forwarded["forwarded"]
    );
    let seen = cara
        .get(&format!("/api/v1/files/{}", file.as_str().unwrap()))
        .await;
    seen.expect_status(200);
    // What is forwarded again keeps whose it was, and stays when the original changes.
    let dan = app.person("dan").await;
    let third = app.direct(&cara, &dan).await;
    let edit = json!({ "body": "edited" });
    ann.patch(&format!("/api/v1/messages/{}", id_of(&said)), edit)
        .await
        .expect_status(200);
    let again = forward(&cara, &third, &forwarded)
        .await
        .expect_status(201)
        .body;
    assert_eq!(
        (&again["body"], &again["forwarded"]),
        (&json!("look"), &forwarded["forwarded"])
    );
    let page = dan.get(&path(&third, "/messages")).await.body;
    assert_eq!(page["items"][0]["forwarded"], forwarded["forwarded"]);
}

#[tokio::test]
async fn only_what_one_sees_and_everybody_sees_is_forwarded() {
    let (app, [ann, bob, cara], one, other) = two(&[]).await;
    let platform = app.person_with("platform", &["service"]).await;
    let said = ann.say(&one, "secret").await;
    let refused = forward(&cara, &other, &said).await;
    refused.expect_status(404).expect_code("MESSAGE_NOT_FOUND");
    let whisper = json!({ "body": "x", "audience_role": "member" });
    let whisper = platform
        .post(&path(&one, "/messages"), whisper)
        .await
        .expect_status(201)
        .body;
    forward(&bob, &other, &whisper).await.expect_status(422);
    let system = json!({ "body": "x", "kind": "system" });
    let system = platform
        .post(&path(&one, "/messages"), system)
        .await
        .expect_status(201)
        .body;
    forward(&bob, &other, &system).await.expect_status(422);
    ann.delete(&format!("/api/v1/messages/{}", id_of(&said)))
        .await
        .expect_status(200);
    forward(&bob, &other, &said)
        .await
        .expect_status(409)
        .expect_code("CONFLICT");
    let text = json!({ "forward_of": said["id"], "body": "x" });
    let refused = bob
        .post(&path(&other, "/messages"), text)
        .await
        .expect_status(400);
    assert_eq!(refused.body["details"]["field"], "forward_of");
    assert_eq!(cara.bodies(&other).await, Vec::<String>::new());
}

#[tokio::test]
async fn over_the_socket_and_again_it_is_one_message() {
    let (_app, [ann, bob, _], one, other) = two(&[]).await;
    let said = ann.say(&one, "hello").await;
    let mut socket = bob.joined(&other).await;
    let wanted = json!({ "conversation_id": other, "forward_of": said["id"], "client_id": "c-1" });
    let first = socket.call("send_message", wanted.clone()).await.unwrap();
    let edit = json!({ "body": "edited" });
    ann.patch(&format!("/api/v1/messages/{}", id_of(&said)), edit)
        .await
        .expect_status(200);
    let again = socket.call("send_message", wanted).await.unwrap();
    assert_eq!(first["id"], again["id"]);
    assert_eq!(bob.bodies(&other).await, ["hello"]);
}

#[tokio::test]
async fn a_server_may_forward_nothing() {
    let (_app, [ann, bob, _], one, other) = two(&["--forwarding", "off"]).await;
    let said = ann.say(&one, "hello").await;
    let refused = forward(&bob, &other, &said).await;
    refused.expect_status(403).expect_code("FORBIDDEN");
}
