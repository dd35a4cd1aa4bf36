//! What was deleted long enough ago is emptied: wordings of messages, contents of conversations. What others deleted or edited stays.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::{Value, json};
use std::time::Duration;
use stoa::domain::access::policies::History;
use stoa::domain::ids::{ConversationNo, UserId, UserNo};
use stoa::store::changes::{self, Change, ChangeKind, Changed, Consent, Returns};
use stoa::store::forgetting::{empty_conversation, empty_wordings};

use crate::client::Person;
use crate::hot_updates::filled;
use crate::participants::{ask, creation, id_of, path};
use crate::plans::{full_database, must_walk_nothing};
use crate::polling::until_within;
use crate::test_app::TestApp;

const CANARY: &str = "zanzibarcanary";
const PATIENCE: Duration = Duration::from_secs(30);

async fn wordings(staff: &Person, message: &Value) -> Vec<Value> {
    let id = message["id"].as_str().unwrap();
    let history = staff.get(&format!("/api/v1/messages/{id}/history")).await;
    let history = history.expect_status(200).body;
    let items = history["items"].as_array().unwrap().iter();
    items.map(|item| item["body"].clone()).collect()
}

async fn edit(person: &Person, message: &Value, body: &str) {
    let path = format!("/api/v1/messages/{}", message["id"].as_str().unwrap());
    let edited = person.patch(&path, json!({ "body": body })).await;
    edited.expect_status(200);
}

async fn delete(person: &Person, message: &Value) {
    let path = format!("/api/v1/messages/{}", message["id"].as_str().unwrap());
    person.delete(&path).await.expect_status(200);
}

/// How many rows of all tables hold the canary.
fn rows_with_canary(app: &TestApp) -> i64 {
    let tables = "messages message_changes conversations conversation_changes search_docs conversation_flows flow_steps";
    let counts = tables.split_whitespace().map(|table| {
        app.count(&format!(
            "select count(*) as n from {table} t where t::text like '%{CANARY}%'"
        ))
    });
    counts.sum()
}

#[tokio::test]
async fn the_wordings_of_a_deleted_message_are_kept_for_a_while() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let staff = app.person_with("staff", &["support"]).await;
    let group = app.group(&ann, &[&bob]).await;
    let deleted = ann.say(&group, &format!("{CANARY} first")).await;
    edit(&ann, &deleted, &format!("{CANARY} second")).await;
    delete(&ann, &deleted).await;
    let edited = ann.say(&group, "other first").await;
    edit(&ann, &edited, "other second").await;
    let fresh = ann.say(&group, "fresh").await;
    delete(&ann, &fresh).await;
    let kept = [
        json!(format!("{CANARY} first")),
        json!(format!("{CANARY} second")),
    ];
    assert_eq!(wordings(&staff, &deleted).await, kept);
    let seq = deleted["seq"].as_i64().unwrap();
    for (days, is_kept) in [(29, true), (30, false)] {
        let older = format!(
            "update message_changes set created_at = now() - interval '{days} days' - interval '1 hour' where target_seq <> {}",
            fresh["seq"]
        );
        app.connection().batch_execute(&older).unwrap();
        let emptied = empty_wordings(&mut app.connection(), 30, 100).unwrap();
        // The server's own job may have been faster.
        assert!(emptied <= usize::from(!is_kept), "{days}");
        let look = async || wordings(&staff, &deleted).await;
        if is_kept {
            assert_eq!(look().await, kept);
        } else {
            let expected = [Value::Null, Value::Null];
            until_within(PATIENCE, "emptied", look, |found| *found == expected).await;
        }
    }
    assert_eq!(wordings(&staff, &edited).await, ["other first"]);
    assert_eq!(wordings(&staff, &fresh).await, ["fresh"]);
    assert_eq!(rows_with_canary(&app), 0, "of message {seq}");
}

#[tokio::test]
async fn with_no_days_the_job_empties_at_once() {
    let app = TestApp::with(&["--rate-limits", "off", "--deleted-days", "0"]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let staff = app.person_with("staff", &["support"]).await;
    let group = app.group(&ann, &[&bob]).await;
    let said = ann.say(&group, CANARY).await;
    delete(&ann, &said).await;
    let look = async || wordings(&staff, &said).await;
    until_within(PATIENCE, "emptied", look, |found| *found == [Value::Null]).await;
    let shown = bob.get(&path(&group, "/messages")).await.body;
    assert_eq!(shown["items"][0]["body"], "", "the tombstone stays");
}

#[tokio::test]
async fn the_contents_of_a_deleted_conversation_are_emptied() {
    let app = TestApp::with(&["--rate-limits", "off", "--deleted-days", "30"]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let platform = app.person_with("platform", &["service"]).await;
    let mut body = creation("group", &["ann", "bob"], Some("7"));
    body["title"] = json!(CANARY);
    body["subject"]["title"] = json!(CANARY);
    let room = id_of(ask(&platform, body).await, 201);
    let other = app.group(&ann, &[&bob]).await;
    for number in 0..25 {
        let said = ann.say(&room, &format!("{CANARY} {number}")).await;
        if number % 5 == 0 {
            edit(&ann, &said, &format!("{CANARY} edited {number}")).await;
        }
    }
    let settings = json!({ "status": "closed", "reason": CANARY });
    ann.patch(&path(&room, ""), settings).await;
    ann.say(&other, "of another conversation").await;
    let deleted = platform.delete(&path(&room, "")).await;
    deleted.expect_status(204);
    let connection = &mut app.connection();
    assert!(
        !empty_conversation(connection, 30, 10).unwrap(),
        "too early"
    );
    let older = "update conversations set deleted_at = now() - interval '31 days' where deleted_at is not null";
    connection.batch_execute(older).unwrap();
    while empty_conversation(connection, 30, 10).unwrap() {}
    let look = async || rows_with_canary(&app);
    until_within(PATIENCE, "emptied", look, |rows| *rows == 0).await;
    assert_eq!(
        app.count("select count(*) as n from messages where body <> ''"),
        1
    );
    assert!(!empty_conversation(connection, 30, 10).unwrap());
    assert_eq!(bob.bodies(&other).await, ["of another conversation"]);
}

#[test]
fn what_is_written_into_an_emptied_conversation_is_emptied_later() {
    let (_pool, mut connection) = filled();
    let connection = &mut connection;
    let deleted = "update conversations set deleted_at = now() - interval '31 days' where no = 3";
    connection.batch_execute(deleted).unwrap();
    while empty_conversation(connection, 30, 10).unwrap() {}
    let add = ChangeKind::Add {
        user: UserId::stored("user-5".to_owned()),
        role: "member".into(),
        returns: Returns::Once,
        consent: Consent::Needed,
        history: History::FromJoining,
    };
    let change = Change {
        conversation: ConversationNo(3),
        policy: 0,
        actor: UserNo(3),
        contacts_a_day: None,
        kind: add,
    };
    let changed = changes::apply(connection, &change).unwrap();
    assert!(matches!(changed, Changed::Done(_)), "{changed:?}");
    assert!(empty_conversation(connection, 30, 10).unwrap());
    assert!(!empty_conversation(connection, 30, 10).unwrap());
}

#[test]
fn emptying_walks_no_big_table() {
    let (_, mut connection) = full_database();
    let old = "update message_changes set action = 'deleted', created_at = now() - interval '40 days' where seq = 22 and conversation_no % 10 = 0;
        update conversations set deleted_at = now() - interval '40 days' where no % 500 = 0;
        analyze";
    connection.batch_execute(old).unwrap();
    let walk = |connection: &mut PgConnection, n: i64| {
        assert_eq!(empty_wordings(connection, 30, 10).unwrap(), 10, "{n}");
        assert!(empty_conversation(connection, 30, 1_000).unwrap(), "{n}");
    };
    must_walk_nothing(&mut connection, "emptying", walk);
}
