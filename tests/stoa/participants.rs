//! Who shares a conversation: make or get, coming and going, profiles.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::client::{Answer, Person};
use crate::test_app::{TestApp, claims, token};

/// The request that creates a conversation; ids of the others.
pub fn creation(kind: &str, others: &[&str], subject: Option<&str>) -> Value {
    let others: Vec<Value> = others.iter().map(|id| json!({ "user_id": id })).collect();
    let subject = subject.map(|id| json!({ "type": "job", "id": id }));
    json!({ "kind": kind, "participants": others, "subject": subject })
}

pub async fn ask(person: &Person, creation: Value) -> Answer {
    person.post("/api/v1/conversations", creation).await
}

/// The id of a conversation that was made now, or was there.
pub fn id_of(answer: Answer, status: u16) -> String {
    let answer = answer.expect_status(status);
    answer.body["id"].as_str().expect("an id").to_owned()
}

pub fn participant_ids(conversation: &Value) -> Vec<&str> {
    let people = conversation["participants"].as_array().expect("a list");
    people
        .iter()
        .map(|p| p["user_id"].as_str().unwrap())
        .collect()
}

pub fn path(conversation: &str, rest: &str) -> String {
    format!("/api/v1/conversations/{conversation}{rest}")
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn count(app: &TestApp, query: &str) -> i64 {
    let found: Count = diesel::sql_query(query)
        .get_result(&mut app.connection())
        .unwrap();
    found.count
}

#[tokio::test]
async fn two_people_have_one_direct_conversation_however_many_ask_at_once() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let asked = (0..20).map(|n| match n % 2 {
        0 => ask(&alice, creation("direct", &["bob"], None)),
        _ => ask(&bob, creation("direct", &["alice"], None)),
    });
    let answers = join_all(asked).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(made, 1, "{answers:?}");
    assert!(
        answers.iter().all(|answer| answer.status <= 201),
        "{answers:?}"
    );
    assert!(
        answers
            .iter()
            .all(|answer| answer.body["id"] == answers[0].body["id"])
    );
    assert_eq!(count(&app, "select count(*) from conversations"), 1);
    assert_eq!(count(&app, "select count(*) from participants"), 2);
    let oneself = ask(&alice, creation("direct", &["alice"], None)).await;
    oneself.expect_status(422).expect_code("UNPROCESSABLE");
    ask(&alice, creation("direct", &["nobody"], None))
        .await
        .expect_status(404)
        .expect_code("USER_NOT_FOUND");
}

#[tokio::test]
async fn a_subject_with_the_same_people_has_one_conversation() {
    let app = TestApp::start().await;
    let alice = app.person("alice").await;
    let (_bob, _carol) = (app.person("bob").await, app.person("carol").await);
    let first = id_of(
        ask(&alice, creation("group", &["bob"], Some("1"))).await,
        201,
    );
    assert_eq!(
        id_of(
            ask(&alice, creation("group", &["bob"], Some("1"))).await,
            200
        ),
        first
    );
    let direct = id_of(
        ask(&alice, creation("direct", &["bob"], Some("1"))).await,
        201,
    );
    let without = id_of(ask(&alice, creation("direct", &["bob"], None)).await, 201);
    let other_subject = id_of(
        ask(&alice, creation("group", &["bob"], Some("2"))).await,
        201,
    );
    let other_people = id_of(
        ask(&alice, creation("group", &["carol"], Some("1"))).await,
        201,
    );
    let mut all = vec![&first, &direct, &without, &other_subject, &other_people];
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 5);
    let nothing = creation("group", &["bob"], None);
    let (one, two) = (
        ask(&alice, nothing.clone()).await,
        ask(&alice, nothing).await,
    );
    assert_ne!(
        id_of(one, 201),
        id_of(two, 201),
        "a group about nothing is its own"
    );
}

#[tokio::test]
async fn an_added_participant_counts_when_the_same_conversation_is_looked_for() {
    let app = TestApp::start().await;
    let alice = app.person("alice").await;
    let (_bob, _carol) = (app.person("bob").await, app.person("carol").await);
    let first = id_of(
        ask(&alice, creation("group", &["bob"], Some("1"))).await,
        201,
    );
    let added = alice
        .post(
            &path(&first, "/participants"),
            json!({ "user_id": "carol" }),
        )
        .await;
    assert_eq!(
        participant_ids(&added.expect_status(200).body),
        ["alice", "bob", "carol"]
    );
    assert_eq!(
        id_of(
            ask(&alice, creation("group", &["bob", "carol"], Some("1"))).await,
            200
        ),
        first
    );
    let second = id_of(
        ask(&alice, creation("group", &["bob"], Some("1"))).await,
        201,
    );
    alice
        .delete(&path(&first, "/participants/carol"))
        .await
        .expect_status(204);
    assert_eq!(
        id_of(
            ask(&alice, creation("group", &["bob"], Some("1"))).await,
            200
        ),
        second
    );
    let third = id_of(
        ask(&alice, creation("group", &["bob", "carol"], Some("1"))).await,
        201,
    );
    assert!(third != first && third != second);
}

#[tokio::test]
async fn asking_for_a_direct_conversation_brings_back_who_left() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.direct(&alice, &bob).await;
    bob.delete(&path(&id, "/participants/bob"))
        .await
        .expect_status(204);
    bob.get(&path(&id, ""))
        .await
        .expect_status(403)
        .expect_code("NOT_A_PARTICIPANT");
    let again = ask(&alice, creation("direct", &["bob"], None))
        .await
        .expect_status(200);
    assert_eq!(participant_ids(&again.body), ["alice", "bob"]);
    bob.delete(&path(&id, "/participants/bob"))
        .await
        .expect_status(204);
    assert_eq!(
        id_of(ask(&bob, creation("direct", &["alice"], None)).await, 200),
        id
    );
    let carol = app.person("carol").await;
    let added = json!({ "user_id": "carol" });
    alice
        .post(&path(&id, "/participants"), added)
        .await
        .expect_status(422);
    carol.get(&path(&id, "")).await.expect_status(404);
}

#[tokio::test]
async fn asking_for_a_direct_conversation_brings_back_nobody_who_was_sent_away() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let staff = app.person_with("staff", &["support"]).await;
    let id = app.direct(&alice, &bob).await;
    let blocked = json!({ "blocked": true });
    alice
        .patch(&path(&id, "/participants/bob"), blocked)
        .await
        .expect_status(200);
    ask(&bob, creation("direct", &["alice"], None))
        .await
        .expect_status(403)
        .expect_code("BLOCKED");
    bob.patch(&path(&id, "/participants/bob"), json!({ "blocked": false }))
        .await
        .expect_code("BLOCKED");
    alice
        .patch(&path(&id, "/participants/bob"), json!({ "blocked": false }))
        .await
        .expect_status(200);
    staff
        .delete(&path(&id, "/participants/bob"))
        .await
        .expect_status(204);
    ask(&bob, creation("direct", &["alice"], None))
        .await
        .expect_status(403)
        .expect_code("NOT_A_PARTICIPANT");
    let asked = ask(&alice, creation("direct", &["bob"], None))
        .await
        .expect_status(200);
    assert_eq!(
        participant_ids(&asked.body),
        ["alice"],
        "who was removed stays out"
    );
}

#[tokio::test]
async fn a_conversation_has_at_most_256_people() {
    let app = TestApp::start().await;
    let alice = app.person("alice").await;
    let many = "insert into users (id) select 'user-' || i from generate_series(1, 300) i";
    app.connection().batch_execute(many).unwrap();
    let ids: Vec<String> = (1..=300).map(|number| format!("user-{number}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    ask(&alice, creation("group", &ids[..256], None))
        .await
        .expect_status(400)
        .expect_code("INVALID_REQUEST");
    let id = id_of(ask(&alice, creation("group", &ids[..255], None)).await, 201);
    let add = async |user: &str| {
        let whom = json!({ "user_id": user });
        alice.post(&path(&id, "/participants"), whom).await
    };
    add("user-300")
        .await
        .expect_status(422)
        .expect_code("UNPROCESSABLE");
    add("user-1").await.expect_status(200);
    alice
        .delete(&path(&id, "/participants/user-1"))
        .await
        .expect_status(204);
    add("user-300").await.expect_status(200);
    add("user-1").await.expect_status(422);
    let shown = alice.get(&path(&id, "")).await.expect_status(200).body;
    assert_eq!(participant_ids(&shown).len(), 256);
}

#[tokio::test]
async fn profiles_come_from_tokens() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.direct(&alice, &bob).await;
    let mut said = claims("bob", &[]);
    (said.name, said.email) = (Some("Robert".into()), Some("bob@example.com".into()));
    let me = Person::new(app.addresses(), "bob", token(&said))
        .get("/api/v1/me")
        .await
        .body;
    assert_eq!(
        (me["name"].as_str(), me["email"].as_str()),
        (Some("Robert"), Some("bob@example.com"))
    );
    said.name = None;
    let me = Person::new(app.addresses(), "bob", token(&said))
        .get("/api/v1/me")
        .await
        .body;
    assert_eq!(me["name"], "Robert", "what a token leaves out stays");
    let shown = alice.get(&path(&id, "")).await.body;
    assert_eq!(shown["participants"][1]["name"], "Robert");
}

#[tokio::test]
async fn profiles_come_from_the_platform_and_are_seen_by_those_who_met() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let platform = app.person_with("platform", &["service"]).await;
    let dora = json!({ "name": "Dora", "email": "dora@example.com", "avatar_url": "https://example.com/d.png" });
    alice
        .put("/api/v1/users/dora", dora.clone())
        .await
        .expect_status(403);
    platform
        .put("/api/v1/users/dora", dora)
        .await
        .expect_status(200);
    let wrong = json!({ "avatar_url": "javascript:alert(1)" });
    platform
        .put("/api/v1/users/dora", wrong)
        .await
        .expect_status(400);
    alice
        .get("/api/v1/users/dora")
        .await
        .expect_status(404)
        .expect_code("USER_NOT_FOUND");
    alice.get("/api/v1/users/nobody").await.expect_status(404);
    ask(&alice, creation("direct", &["dora"], None))
        .await
        .expect_status(201);
    let dora = alice
        .get("/api/v1/users/dora")
        .await
        .expect_status(200)
        .body;
    assert_eq!(
        (dora["name"].as_str(), dora.get("email")),
        (Some("Dora"), None)
    );
    bob.get("/api/v1/users/dora").await.expect_status(404);
    let dora = platform
        .get("/api/v1/users/dora")
        .await
        .expect_status(200)
        .body;
    assert_eq!(dora["email"], "dora@example.com");
    platform
        .put("/api/v1/users/dora", json!({ "name": "Dorothea" }))
        .await
        .expect_status(200);
    let dora = platform.get("/api/v1/users/dora").await.body;
    assert_eq!(
        (dora["name"].as_str(), dora["email"].as_str()),
        (Some("Dorothea"), Some("dora@example.com"))
    );
}

#[tokio::test]
async fn the_platform_may_speak_as_a_user_whom_it_names() {
    let app = TestApp::start().await;
    let platform = app.person_with("platform", &["service"]).await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.direct(&alice, &bob).await;
    let path = format!("/api/v1/conversations/{id}/messages");
    let said = serde_json::json!({ "body": "by phone", "sender_id": "alice" });
    let message = platform.post(&path, said.clone()).await.expect_status(201);
    assert_eq!(message.body["sender_id"], "alice");
    bob.post(&path, said).await.expect_code("IDENTITY_MISMATCH");
    let stranger = serde_json::json!({ "body": "x", "sender_id": "nobody" });
    platform
        .post(&path, stranger)
        .await
        .expect_code("USER_NOT_FOUND");
}
