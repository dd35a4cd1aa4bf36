//! Blocks between users: what they end between the two, and what they hide wherever both take part.

mod group;
mod signals;

use serde_json::{Value, json};

use crate::client::{Answer, Person};
use crate::participants::path;
use crate::polling::until;
use crate::test_app::TestApp;

pub async fn block(by: &Person, whom: &str) {
    let answer = by.put(&format!("/api/v1/blocks/{whom}"), json!({})).await;
    answer.expect_status(204);
}

pub async fn unblock(by: &Person, whom: &str) {
    let answer = by.delete(&format!("/api/v1/blocks/{whom}")).await;
    answer.expect_status(204);
}

async fn say(person: &Person, conversation: &str, body: &str) -> Answer {
    let message = json!({ "body": body });
    person.post(&path(conversation, "/messages"), message).await
}

/// Ann and Bob with their direct conversation, in which each has said something.
async fn two() -> (TestApp, Person, Person, String) {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let direct = app.direct(&ann, &bob).await;
    ann.say(&direct, "of ann").await;
    bob.say(&direct, "of bob").await;
    (app, ann, bob, direct)
}

#[tokio::test]
async fn nobody_says_anything_in_the_direct_conversation_of_the_two() {
    let (app, ann, bob, direct) = two().await;
    let staff = app.person_with("staff", &["support"]).await;
    let said = bob.say(&direct, "to be edited").await;
    let message = format!("/api/v1/messages/{}", said["id"].as_str().unwrap());
    let mut sockets = [ann.joined(&direct).await, bob.joined(&direct).await];
    let before = ann.get(&path(&direct, "")).await.body;
    block(&ann, "bob").await;
    for (person, socket) in [&ann, &bob].into_iter().zip(&mut sockets) {
        let refused = say(person, &direct, "no").await.expect_status(403);
        refused.expect_code("UNREACHABLE");
        for (event, data) in [
            (
                "send_message",
                json!({ "conversation_id": direct, "body": "no" }),
            ),
            ("typing_start", json!({ "conversation_id": direct })),
        ] {
            let refused = socket.call(event, data).await.unwrap_err();
            assert_eq!(refused["error_code"], "UNREACHABLE", "{event}");
        }
        let heard: Vec<Value> = socket.drain().await;
        let signals = ["user_offline", "user_status_change"];
        let is_signal =
            |frame: &Value| signals.contains(&frame["event"].as_str().unwrap_or_default());
        assert!(heard.iter().all(is_signal), "{heard:?}");
    }
    let sent = json!({ "conversation_id": direct, "message": "no" });
    let refused = bob.post("/api/messages/send", sent).await;
    refused.expect_status(403).expect_code("UNREACHABLE");
    let sent = json!({ "content": "no" });
    let refused = bob
        .post(&format!("/chat/rooms/{direct}/messages"), sent)
        .await;
    refused.expect_status(400).expect_code("UNREACHABLE");
    let edited = bob.patch(&message, json!({ "body": "no" })).await;
    edited.expect_status(403).expect_code("UNREACHABLE");
    assert_eq!(
        bob.bodies(&direct).await,
        ["of ann", "of bob", "to be edited"]
    );
    let after = ann.get(&path(&direct, "")).await.body;
    assert_eq!(
        before["updated_at"], after["updated_at"],
        "nothing shows it"
    );
    staff.say(&direct, "the platform may").await;
    bob.delete(&message).await.expect_status(200);
    unblock(&ann, "bob").await;
    bob.say(&direct, "again").await;
    ann.say(&direct, "again").await;
}

#[tokio::test]
async fn a_send_again_of_what_was_sent_before_the_block_is_answered() {
    let (_app, ann, bob, direct) = two().await;
    let message = json!({ "body": "once", "client_id": "c-1" });
    let first = bob.post(&path(&direct, "/messages"), message.clone()).await;
    block(&ann, "bob").await;
    let again = bob.post(&path(&direct, "/messages"), message).await;
    assert_eq!(again.expect_status(200).body["id"], first.body["id"]);
}

#[tokio::test]
async fn no_conversation_is_begun_between_the_two() {
    let (app, ann, bob, _) = two().await;
    let (cara, silent) = (app.person("cara").await, app.person("silent").await);
    let platform = app.person_with("platform", &["service"]).await;
    let nobody = json!({ "accept": "nobody" });
    silent
        .put("/api/v1/me/privacy", nobody)
        .await
        .expect_status(200);
    block(&cara, "bob").await;
    let group = app.group(&bob, &[&ann]).await;
    let begin =
        |kind: &str, other: &str| json!({ "kind": kind, "participants": [{ "user_id": other }] });
    let initialize =
        |other: &str| json!({ "bid_id": "b-1", "influencer_id": other, "proposed_amount": 4000 });
    for (post, body) in [
        ("/api/v1/conversations", begin("direct", "$")),
        ("/api/v1/conversations", begin("group", "$")),
        ("/api/v1/conversations", begin("support", "$")),
        (
            "/api/messages/direct-connect",
            json!({ "target_user_id": "$" }),
        ),
        (
            "/api/messages/send",
            json!({ "receiver_id": "$", "message": "hello" }),
        ),
        ("/api/bids/automated/initialize", initialize("$")),
        (&path(&group, "/participants"), json!({ "user_id": "$" })),
    ] {
        let mut answers = Vec::new();
        for other in ["cara", "silent"] {
            let body = body.to_string().replace('$', other);
            let answer = bob.request("POST", post, Some(body), &[]).await;
            let answer = answer.expect_status(403).expect_code("UNREACHABLE");
            answers.push(answer.body);
        }
        assert_eq!(answers[0], answers[1], "{post}: the reason stays unknown");
    }
    let refused = cara.post("/api/v1/conversations", begin("direct", "bob"));
    refused.await.expect_code("UNREACHABLE");
    let made =
        json!({ "kind": "direct", "participants": [{ "user_id": "cara" }, { "user_id": "bob" }] });
    let made = platform.post("/api/v1/conversations", made).await;
    let id = made.expect_status(201).body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    say(&bob, &id, "no").await.expect_code("UNREACHABLE");
    unblock(&cara, "bob").await;
    say(&bob, &id, "yes").await.expect_status(201);
}

#[tokio::test]
async fn who_left_and_blocked_is_not_brought_back() {
    let (_app, ann, bob, direct) = two().await;
    let left = ann.delete(&path(&direct, "/participants/ann")).await;
    left.expect_status(204);
    block(&ann, "bob").await;
    let again = json!({ "kind": "direct", "participants": [{ "user_id": "ann" }] });
    let refused = bob.post("/api/v1/conversations", again.clone()).await;
    refused.expect_code("UNREACHABLE");
    let back = json!({ "user_id": "ann" });
    let refused = bob.post(&path(&direct, "/participants"), back).await;
    refused.expect_code("UNREACHABLE");
    unblock(&ann, "bob").await;
    let found = bob.post("/api/v1/conversations", again).await;
    assert_eq!(found.expect_status(200).body["id"], direct);
}

/// Ann, Bob and Cara in a group; Ann has blocked Bob.
async fn three() -> (TestApp, [Person; 3], String) {
    let app = TestApp::start().await;
    let people = [
        app.person("ann").await,
        app.person("bob").await,
        app.person("cara").await,
    ];
    let [ann, bob, cara] = &people;
    let group = app.group(ann, &[bob, cara]).await;
    block(ann, "bob").await;
    (app, people, group)
}

#[tokio::test]
async fn a_list_of_those_who_are_blocked() {
    let app = TestApp::start().await;
    let ann = app.person("ann").await;
    for number in 1..=3 {
        app.person(&format!("user-{number}")).await;
        block(&ann, &format!("user-{number}")).await;
    }
    block(&ann, "user-3").await;
    let ids = |page: &Value| {
        let items = page["items"].as_array().expect("items").iter();
        let ids = items.map(|item| item["user_id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    let first = ann.get("/api/v1/blocks?limit=2").await.body;
    assert_eq!(ids(&first), ["user-3", "user-2"]);
    let cursor = first["next_cursor"].as_str().expect("more");
    let second = ann
        .get(&format!("/api/v1/blocks?limit=2&cursor={cursor}"))
        .await
        .body;
    assert_eq!(
        (ids(&second), &second["next_cursor"]),
        (vec!["user-1".to_owned()], &Value::Null)
    );
    unblock(&ann, "user-2").await;
    unblock(&ann, "user-2").await;
    assert_eq!(
        ids(&ann.get("/api/v1/blocks").await.body),
        ["user-3", "user-1"]
    );
    for (whom, status) in [("ann", 422), ("nobody", 404), ("no%20id", 400)] {
        let refused = ann.put(&format!("/api/v1/blocks/{whom}"), json!({})).await;
        refused.expect_status(status);
    }
    let many = "insert into users (id) select 'many-' || i from generate_series(1, 1000) i;
        insert into blocks select a.no, u.no from users a, users u where a.id = 'ann' and u.id like 'many-%'";
    diesel::connection::SimpleConnection::batch_execute(&mut app.connection(), many).unwrap();
    let refused = ann.put("/api/v1/blocks/user-2", json!({})).await;
    refused.expect_status(422).expect_code("UNPROCESSABLE");
    block(&ann, "user-3").await;
}

#[tokio::test]
async fn a_block_through_one_server_holds_at_another_at_once() {
    let (app, ann, bob, direct) = two().await;
    let other = TestApp::on(app.database.clone(), &["--rate-limits", "off"]).await;
    let bob_there = Person::new(other.address, "bob", bob.token.clone());
    let mut listening = bob_there.joined(&direct).await;
    say(&bob_there, &direct, "before").await.expect_status(201);
    for round in 0..5 {
        block(&ann, "bob").await;
        say(&bob_there, &direct, "no")
            .await
            .expect_code("UNREACHABLE");
        unblock(&ann, "bob").await;
        let text = format!("round {round}");
        let send = async || say(&bob_there, &direct, &text).await;
        until("the end of the block", send, |sent| sent.status == 201).await;
    }
    for _ in 0..6 {
        listening.event("new_message").await;
    }
    assert!(!ann.bodies(&direct).await.contains(&"no".to_owned()));
}

#[tokio::test]
async fn each_ends_their_own_block() {
    let (_app, ann, bob, direct) = two().await;
    block(&ann, "bob").await;
    block(&bob, "ann").await;
    unblock(&ann, "bob").await;
    say(&ann, &direct, "no").await.expect_code("UNREACHABLE");
    unblock(&bob, "ann").await;
    say(&ann, &direct, "yes").await.expect_status(201);
}
