//! Slow mode: people wait between two messages, and those who manage do not.

use clock::ManualClock;
use serde_json::json;
use std::time::Duration;

use super::change;
use crate::client::{Answer, Person};
use crate::participants::path;
use crate::polling::until;
use crate::servers::Alone;
use crate::test_app::TestApp;

async fn say(person: &Person, conversation: &str, body: &str) -> Answer {
    let message = json!({ "body": body });
    person.post(&path(conversation, "/messages"), message).await
}

#[tokio::test]
async fn people_wait_between_two_messages() {
    let clock = ManualClock::running();
    let app = TestApp::alone(Alone::Memory).by(clock.clock()).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let cara = app.person("cara").await;
    let staff = app.person_with("staff", &["support"]).await;
    let group = app.group(&ann, &[&bob, &cara]).await;
    say(&bob, &group, "before").await.expect_status(201);
    let slow = json!({ "slow_seconds": 600 });
    assert_eq!(change(&ann, &group, slow).await["slow_seconds"], 600);
    say(&bob, &group, "one").await.expect_status(201);
    let refused = say(&bob, &group, "two").await;
    let refused = refused.expect_status(429).expect_code("SLOW_MODE");
    let wait = refused.body["details"]["retry_after_seconds"].as_u64();
    assert!((590..=600).contains(&wait.unwrap()), "{wait:?}");
    assert_eq!(refused.body["temporary"], true);
    let mut socket = bob.joined(&group).await;
    let message = json!({ "conversation_id": group, "body": "two" });
    let refused = socket.call("send_message", message).await.unwrap_err();
    assert_eq!(refused["error_code"], "SLOW_MODE");
    for body in ["one", "two", "three"] {
        say(&ann, &group, body).await.expect_status(201);
        say(&staff, &group, body).await.expect_status(201);
    }
    say(&cara, &group, "one").await.expect_status(201);
    clock.advance(Duration::from_secs(601));
    say(&bob, &group, "two").await.expect_status(201);
    say(&bob, &group, "three").await.expect_code("SLOW_MODE");
    change(&ann, &group, json!({ "slow_seconds": 0 })).await;
    say(&bob, &group, "three").await.expect_status(201);
    say(&bob, &group, "four").await.expect_status(201);
}

#[tokio::test]
async fn of_many_at_once_one_is_said() {
    let app = TestApp::alone(Alone::Memory).start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let group = app.group(&ann, &[&bob]).await;
    change(&ann, &group, json!({ "slow_seconds": 3600 })).await;
    let texts: Vec<String> = (0..10).map(|number| format!("number {number}")).collect();
    let many = texts.iter().map(|text| say(&bob, &group, text));
    let answers = futures_util::future::join_all(many).await;
    let said = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(said, 1, "{answers:?}");
    let slow = |answer: &&Answer| answer.body["error_code"] == "SLOW_MODE";
    assert_eq!(answers.iter().filter(slow).count(), 9);
    // Whoever sends the same message again is answered with it.
    let other = app.person("other").await;
    let added = json!({ "user_id": "other" });
    ann.post(&path(&group, "/participants"), added).await;
    let once = json!({ "body": "once", "client_id": "c-1" });
    let first = other.post(&path(&group, "/messages"), once.clone()).await;
    let again = other.post(&path(&group, "/messages"), once).await;
    assert_eq!(
        first.expect_status(201).body["id"],
        again.expect_status(200).body["id"]
    );
}

#[tokio::test]
async fn what_was_not_said_costs_nothing() {
    let app = TestApp::alone(Alone::Memory).start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let group = app.group(&ann, &[&bob]).await;
    let other = app.group(&ann, &[&bob]).await;
    let used = json!({ "body": "elsewhere", "client_id": "c-1" });
    let sent = bob.post(&path(&other, "/messages"), used).await;
    sent.expect_status(201);
    change(&ann, &group, json!({ "slow_seconds": 3600 })).await;
    let conflict = json!({ "body": "here", "client_id": "c-1" });
    let refused = bob.post(&path(&group, "/messages"), conflict).await;
    refused.expect_status(409);
    say(&bob, &group, "here").await.expect_status(201);
    say(&bob, &group, "again").await.expect_code("SLOW_MODE");
}

#[tokio::test]
async fn a_room_that_wakes_and_another_server_know_who_has_spoken() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let group = app.group(&ann, &[&bob]).await;
    say(&bob, &group, "before").await.expect_status(201);
    change(&ann, &group, json!({ "slow_seconds": 10 })).await;
    change(&ann, &group, json!({ "slow_seconds": 0 })).await;
    say(&bob, &group, "between").await.expect_status(201);
    change(&ann, &group, json!({ "slow_seconds": 3600 })).await;
    change(&ann, &group, json!({ "title": "slow" })).await;
    app.panic_room(&group);
    let one = async || say(&bob, &group, "one").await;
    let said = until("the room to be there", one, |it| it.status != 503).await;
    said.expect_status(201);
    app.panic_room(&group);
    let again = async || say(&bob, &group, "two").await;
    until("the room to be there", again, |it| it.status != 503).await;
    say(&bob, &group, "two").await.expect_code("SLOW_MODE");
    let other = TestApp::on(app.database.clone(), &["--rate-limits", "off"]).await;
    let bob_there = Person::new(other.address, "bob", bob.token.clone());
    say(&bob_there, &group, "two")
        .await
        .expect_code("SLOW_MODE");
    assert_eq!(bob.bodies(&group).await, ["before", "between", "one"]);
}

#[tokio::test]
async fn only_groups_are_slow_and_for_an_hour_at_most() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let group = app.group(&ann, &[&bob]).await;
    let direct = app.direct(&ann, &bob).await;
    for wrong in [
        json!(3601),
        json!(-1),
        json!("60"),
        json!(1.5),
        json!(70_000),
    ] {
        let at = path(&group, "");
        let refused = ann.patch(&at, json!({ "slow_seconds": wrong }));
        refused.await.expect_status(400);
    }
    let slow = json!({ "slow_seconds": 10 });
    let refused = ann.patch(&path(&direct, ""), slow.clone()).await;
    refused.expect_status(422);
    let refused = bob.patch(&path(&group, ""), slow).await;
    refused.expect_status(403);
}
