//! Messages that mention somebody.

use serde_json::{Value, json};

use crate::client::{Answer, Person};
use crate::participants::path;
use crate::test_app::TestApp;

async fn say(person: &Person, conversation: &str, mentions: Value) -> Answer {
    let message = json!({ "body": "hello", "mentions": mentions });
    person.post(&path(conversation, "/messages"), message).await
}

async fn three() -> (TestApp, [Person; 3], String) {
    let app = TestApp::start().await;
    let people = [
        app.person("ann").await,
        app.person("bob").await,
        app.person("cara").await,
    ];
    let group = app.group(&people[0], &[&people[1], &people[2]]).await;
    (app, people, group)
}

async fn listen_to(person: &Person, conversation: &str, level: &str) {
    let wanted = json!({ "notify": { "level": level } });
    let changed = person.patch(&path(conversation, "/me"), wanted).await;
    changed.expect_status(200);
}

async fn unread(person: &Person) -> [i64; 2] {
    let answer = person.get("/api/v1/unread").await.expect_status(200).body;
    let one = &answer["conversations"][0];
    ["unread", "mentions"].map(|name| one[name].as_i64().unwrap_or(0))
}

#[tokio::test]
async fn who_is_mentioned_is_notified_and_counted() {
    let (_app, [ann, bob, cara], group) = three().await;
    listen_to(&bob, &group, "mentions").await;
    listen_to(&cara, &group, "none").await;
    let (mut of_bob, mut of_cara) = (bob.socket().await, cara.socket().await);
    ann.say(&group, "nobody is meant").await;
    let both = say(&ann, &group, json!(["bob", "cara", "bob"]))
        .await
        .expect_status(201)
        .body;
    assert_eq!(both["mentions"], json!(["bob", "cara"]));
    let told = of_bob.event("notification").await;
    assert_eq!(
        (&told["id"], &told["reason"]),
        (&both["id"], &json!("mention"))
    );
    assert_eq!((unread(&bob).await, unread(&cara).await), ([2, 1], [2, 1]));
    let frames = of_cara.drain().await;
    assert!(
        frames.iter().all(|frame| frame["event"] != "notification"),
        "{frames:?}"
    );
    let page = bob.get(&path(&group, "/messages")).await.body;
    assert!(page["items"][0].get("mentions").is_none());
    assert_eq!(page["items"][1]["mentions"], json!(["bob", "cara"]));
    let mut joined = bob.joined(&group).await;
    let wanted = json!({ "conversation_id": group, "body": "back", "mentions": ["ann"] });
    joined.call("send_message", wanted).await.unwrap();
    assert_eq!(
        joined.event("new_message").await["message"]["mentions"],
        json!(["ann"])
    );
}

#[tokio::test]
async fn all_and_roles_are_mentioned_by_who_manages() {
    let (_app, [ann, bob, cara], group) = three().await;
    let role = json!({ "role": "seller" });
    ann.patch(&path(&group, "/participants/cara"), role)
        .await
        .expect_status(200);
    say(&ann, &group, json!(["role:seller"]))
        .await
        .expect_status(201);
    assert_eq!((unread(&bob).await, unread(&cara).await), ([1, 0], [1, 1]));
    say(&ann, &group, json!(["all"])).await.expect_status(201);
    assert_eq!((unread(&bob).await, unread(&cara).await), ([2, 1], [2, 2]));
    for mention in ["all", "role:seller"] {
        let refused = say(&bob, &group, json!([mention])).await;
        refused.expect_status(403).expect_code("FORBIDDEN");
    }
}

#[tokio::test]
async fn nobody_is_mentioned_who_does_not_see_the_message() {
    let (app, [ann, bob, _], group) = three().await;
    let stranger = app.person("stranger").await;
    let platform = app.person_with("platform", &["service"]).await;
    for wrong in [json!(["stranger"]), json!(["a b"]), json!(["role:"])] {
        let refused = say(&ann, &group, wrong).await.expect_status(400);
        assert_eq!(
            refused.expect_code("INVALID_REQUEST").body["details"]["field"],
            "mentions[0]"
        );
    }
    let many: Vec<String> = (0..21).map(|number| format!("p{number}")).collect();
    say(&ann, &group, json!(many)).await.expect_status(400);
    let whisper = json!({ "body": "x", "audience_role": "owner", "mentions": ["bob"] });
    let refused = platform.post(&path(&group, "/messages"), whisper).await;
    refused.expect_status(400).expect_code("INVALID_REQUEST");
    assert_eq!(unread(&bob).await, [0, 0]);
    drop(stranger);
}

#[tokio::test]
async fn a_send_again_finds_the_message_with_its_mentions() {
    let (_app, [ann, _, _], group) = three().await;
    let message = json!({ "body": "once", "client_id": "c-1", "mentions": ["bob"] });
    let first = ann
        .post(&path(&group, "/messages"), message.clone())
        .await
        .expect_status(201);
    let again = ann
        .post(&path(&group, "/messages"), message.clone())
        .await
        .expect_status(200);
    assert_eq!(again.body, first.body);
    let mut other = message;
    other["mentions"] = json!(["cara"]);
    let refused = ann.post(&path(&group, "/messages"), other).await;
    refused.expect_status(409).expect_code("CONFLICT");
    let deleted = format!("/api/v1/messages/{}", first.body["id"].as_str().unwrap());
    assert!(
        ann.delete(&deleted)
            .await
            .expect_status(200)
            .body
            .get("mentions")
            .is_none()
    );
}
