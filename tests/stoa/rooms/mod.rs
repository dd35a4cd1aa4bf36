//! Rooms as they are managed: slow mode, closing with a reason, the platform's own ids, deleting.

mod deleting;
mod slow_mode;

use serde_json::{Value, json};

use crate::client::Person;
use crate::participants::{ask, creation, id_of, path};
use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::TestApp;

async fn change(person: &Person, conversation: &str, change: Value) -> Value {
    let changed = person.patch(&path(conversation, ""), change).await;
    changed.expect_status(200).body
}

#[tokio::test]
async fn a_conversation_is_closed_with_a_reason_and_opened_again() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let staff = app.person_with("staff", &["support"]).await;
    let group = app.group(&ann, &[&bob]).await;
    let mut listening = bob.joined(&group).await;
    let shown = ann.get(&path(&group, "")).await.body;
    for field in ["closed_at", "closed_by", "closed_reason"] {
        assert_eq!(shown[field], Value::Null, "{field}");
    }
    let closed = change(
        &ann,
        &group,
        json!({ "status": "closed", "reason": "It is delivered" }),
    )
    .await;
    assert_eq!(closed["status"], "closed");
    assert_eq!(
        (&closed["closed_by"], &closed["closed_reason"]),
        (&json!("ann"), &json!("It is delivered"))
    );
    assert_eq!(closed["closed_at"], closed["updated_at"]);
    let told = listening.event("conversation_updated").await;
    assert_eq!(told["conversation"]["closed_reason"], "It is delivered");
    bob.post(&path(&group, "/messages"), json!({ "body": "late" }))
        .await
        .expect_code("CONVERSATION_CLOSED");
    // The same again changes nothing; archiving keeps how it was closed, another reason replaces it.
    let again = json!({ "status": "closed", "reason": "It is delivered" });
    assert_eq!(
        change(&ann, &group, again).await["last_seq"],
        closed["last_seq"]
    );
    let archived = change(&staff, &group, json!({ "status": "archived" })).await;
    assert_eq!(archived["closed_by"], "ann");
    let renamed = change(&ann, &group, json!({ "title": "Order 7" })).await;
    assert_eq!(renamed["closed_at"], closed["closed_at"]);
    let replaced = json!({ "status": "archived", "reason": "A mistake" });
    let replaced = change(&staff, &group, replaced).await;
    assert_eq!(
        (&replaced["closed_by"], &replaced["closed_reason"]),
        (&json!("staff"), &json!("A mistake"))
    );
    let opened = change(&ann, &group, json!({ "status": "open" })).await;
    assert_eq!(
        (&opened["closed_at"], &opened["closed_reason"]),
        (&Value::Null, &Value::Null)
    );
    bob.say(&group, "on time").await;
    for wrong in [
        json!({ "reason": "because" }),
        json!({ "status": "open", "reason": "because" }),
        json!({ "status": "closed", "reason": "" }),
        json!({ "status": "closed", "reason": "x".repeat(501) }),
    ] {
        let refused = ann.patch(&path(&group, ""), wrong.clone()).await;
        refused.expect_status(400).expect_code("INVALID_REQUEST");
    }
}

#[tokio::test]
async fn another_server_and_a_room_that_wakes_know_the_settings() {
    let mut app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let group = app.group(&ann, &[&bob]).await;
    let other = TestApp::on(app.database.clone(), &["--rate-limits", "off"]).await;
    let bob_there = Person::new(other.address, "bob", bob.token.clone());
    let mut listening = bob_there.joined(&group).await;
    let settings =
        json!({ "status": "closed", "reason": "Done", "slow_seconds": 60, "max_participants": 7 });
    change(&ann, &group, settings).await;
    let told = listening.event("conversation_updated").await;
    app.stop().await;
    app.start_again().await;
    let bob = app.person("bob").await;
    let mut socket = bob.socket().await;
    let join = json!({ "conversation_id": group });
    let joined = socket.call("join_conversation", join).await.unwrap();
    for shown in [&told["conversation"], &joined["conversation"]] {
        assert_eq!(shown["closed_reason"], "Done");
        assert_eq!(shown["closed_by"], "ann");
        assert_eq!(shown["slow_seconds"], 60);
        assert_eq!(shown["max_participants"], 7);
    }
}

/// The request of a conversation with an id of the platform's.
fn named(id: &str, others: &[&str], subject: Option<&str>) -> Value {
    let mut body = creation("group", others, subject);
    body["external_id"] = json!(id);
    body
}

#[tokio::test]
async fn the_platform_finds_a_conversation_by_its_own_id() {
    let app = TestApp::start().await;
    let (ann, eve) = (app.person("ann").await, app.person("eve").await);
    let _bob = app.person("bob").await;
    let platform = app.person_with("platform", &["service"]).await;
    let staff = app.person_with("staff", &["support"]).await;
    let room = named("ord_7", &["ann", "bob"], None);
    let id = id_of(ask(&platform, room.clone()).await, 201);
    assert_eq!(id_of(ask(&platform, room).await, 200), id);
    let fewer = named("ord_7", &["ann"], None);
    assert_eq!(id_of(ask(&platform, fewer).await, 200), id);
    let shown = ann.get(&path(&id, "")).await.body;
    assert_eq!(shown["external_id"], "ord_7");
    let find = "/api/v1/conversations?external_id=ord_7";
    for (reader, count) in [(&ann, 1), (&staff, 1), (&platform, 1), (&eve, 0)] {
        let found = reader.get(find).await.expect_status(200).body;
        let items = found["items"].as_array().unwrap();
        assert_eq!(items.len(), count, "{}", reader.id);
        assert!(items.iter().all(|item| item["id"] == id));
    }
    let unknown = "/api/v1/conversations?external_id=ord_8";
    assert_eq!(staff.get(unknown).await.body["items"], json!([]));
    let refused = ask(&ann, named("ord_9", &["bob"], None)).await;
    refused.expect_status(403).expect_code("FORBIDDEN");
    for wrong in ["", &"x".repeat(129)] {
        let refused = ask(&platform, named(wrong, &["ann"], None)).await;
        refused.expect_status(400);
    }
    let elsewhere = ask(&platform, named("ord_7", &["ann"], Some("1"))).await;
    elsewhere.expect_status(409).expect_code("CONFLICT");
}

#[tokio::test]
async fn a_conversation_about_a_subject_takes_an_id_once() {
    let app = TestApp::start().await;
    let ann = app.person("ann").await;
    let _bob = app.person("bob").await;
    let platform = app.person_with("platform", &["service"]).await;
    let people = &["ann", "bob"];
    let unnamed = ask(&ann, creation("group", &["bob"], Some("7"))).await;
    let id = id_of(unnamed, 201);
    let found = ask(&platform, named("ord_7", people, Some("7"))).await;
    assert_eq!(id_of(found, 200), id);
    let another = ask(&platform, named("ord_8", people, Some("7"))).await;
    another.expect_status(409).expect_code("CONFLICT");
    let many = (0..10).map(|_| ask(&platform, named("ord_10", people, None)));
    let answers = futures_util::future::join_all(many).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 1, "{answers:?}");
    assert!(
        answers
            .iter()
            .all(|answer| answer.body["id"] == answers[0].body["id"])
    );
}

/// Clients of all dialects of one person.
async fn foreign(person: &Person) -> [SocketIoClient; 2] {
    [
        SocketIoClient::stoory(person).await,
        SocketIoClient::lola(person).await,
    ]
}
