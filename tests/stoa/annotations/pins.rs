//! Pinned messages.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use super::{id_of, shown, three};
use crate::client::{Answer, Person};
use crate::participants::path;
use crate::test_app::TestApp;

fn pin_of(message: &str) -> String {
    format!("/api/v1/messages/{message}/pin")
}

async fn pin(person: &Person, message: &str) -> Answer {
    person.put(&pin_of(message), json!({})).await
}

async fn pinned(person: &Person, conversation: &str) -> Vec<Value> {
    let answer = person.get(&path(conversation, "/pins")).await;
    let answer = answer.expect_status(200).body;
    answer["items"].as_array().expect("items").clone()
}

fn in_an_hour() -> String {
    let at: DateTime<Utc> = std::time::SystemTime::now().into();
    (at + TimeDelta::hours(1)).to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[tokio::test]
async fn a_pin_is_told_listed_and_taken_off() {
    let (_app, [ann, bob, cara], group, message) = three().await;
    let mut heard = cara.joined(&group).await;
    let until = in_an_hour();
    let body = json!({ "expires_at": until });
    let told = ann
        .put(&pin_of(&message), body.clone())
        .await
        .expect_status(200)
        .body;
    let at = told["at"].clone();
    assert_eq!(
        told,
        json!({
            "conversation_id": group, "seq": 2, "message_id": message, "user_id": "ann", "pinned": true, "at": at, "expires_at": until,
        })
    );
    assert_eq!(heard.event("pin_changed").await, told);
    let again = ann.put(&pin_of(&message), body).await.expect_status(200);
    assert_eq!(again.body, told);
    let shown_pin = json!({ "user_id": "ann", "at": at, "expires_at": until });
    assert_eq!(shown(&bob, &group, &message).await["pinned"], shown_pin);
    // Without a time it is for good, which is another pin.
    assert_eq!(pin(&ann, &message).await.expect_status(200).body["seq"], 3);
    let second = id_of(&bob.say(&group, "two").await);
    pin(&ann, &second).await.expect_status(200);
    let listed = pinned(&bob, &group).await;
    let bodies: Vec<&Value> = listed.iter().map(|item| &item["body"]).collect();
    assert_eq!(bodies, ["two", "one"]);
    assert_eq!(listed[1]["pinned"]["expires_at"], Value::Null);
    let off = ann.delete(&pin_of(&second)).await.expect_status(200).body;
    assert_eq!(off["pinned"], false);
    let again = ann.delete(&pin_of(&second)).await.expect_status(200).body;
    assert_eq!(again["seq"], off["seq"]);
    assert!(shown(&bob, &group, &second).await.get("pinned").is_none());
    ann.delete(&format!("/api/v1/messages/{message}"))
        .await
        .expect_status(200);
    assert_eq!(pinned(&bob, &group).await, Vec::<Value>::new());
    let refused = pin(&ann, &message).await;
    refused.expect_status(409).expect_code("CONFLICT");
}

#[tokio::test]
async fn who_manages_pins_and_both_of_two() {
    let (app, [ann, bob, _], group, message) = three().await;
    pin(&bob, &message)
        .await
        .expect_status(403)
        .expect_code("FORBIDDEN");
    let off = bob.delete(&pin_of(&message)).await;
    off.expect_status(403).expect_code("FORBIDDEN");
    let staff = app.person_with("staff", &["support"]).await;
    pin(&staff, &message).await.expect_status(200);
    let mut socket = ann.joined(&group).await;
    let wanted = json!({ "conversation_id": group, "message_id": message });
    for (event, is_pinned) in [("unpin_message", false), ("pin_message", true)] {
        let answer = socket.call(event, wanted.clone()).await.unwrap();
        assert_eq!(answer["pinned"], is_pinned);
        assert_eq!(socket.event("pin_changed").await, answer);
    }
    let direct = app.direct(&ann, &bob).await;
    let of_ann = id_of(&ann.say(&direct, "between us").await);
    pin(&bob, &of_ann).await.expect_status(200);
    ann.delete(&pin_of(&of_ann)).await.expect_status(200);
}

#[tokio::test]
async fn a_pin_ends_by_itself() {
    let (app, [ann, bob, _], group, message) = three().await;
    let past = json!({ "expires_at": "2020-01-01T00:00:00Z" });
    let refused = ann.put(&pin_of(&message), past).await.expect_status(400);
    assert_eq!(
        refused.expect_code("INVALID_REQUEST").body["details"]["field"],
        "expires_at"
    );
    let wanted = json!({ "expires_at": in_an_hour() });
    ann.put(&pin_of(&message), wanted).await.expect_status(200);
    app.connection()
        .batch_execute("update pins set expires_at = now() - interval '1 second'")
        .unwrap();
    assert_eq!(pinned(&bob, &group).await, Vec::<Value>::new());
    assert!(shown(&bob, &group, &message).await.get("pinned").is_none());
    assert_eq!(pin(&ann, &message).await.expect_status(200).body["seq"], 3);
}

#[tokio::test]
async fn fifty_are_pinned_at_most() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let group = app.group(&ann, &[&bob]).await;
    let mut said = Vec::new();
    for number in 0..51 {
        said.push(id_of(&ann.say(&group, &number.to_string()).await));
    }
    let (last, first) = said.split_last().unwrap();
    for message in first {
        pin(&ann, message).await.expect_status(200);
    }
    pin(&ann, last)
        .await
        .expect_status(422)
        .expect_code("UNPROCESSABLE");
    assert_eq!(pinned(&bob, &group).await.len(), 50);
    ann.delete(&format!("/api/v1/messages/{}", first[0]))
        .await
        .expect_status(200);
    pin(&ann, last).await.expect_status(200);
}
