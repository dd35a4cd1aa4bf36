//! Every writer of a conversation writes a row of the feed in the same transaction. A trigger of the tests checks each commit.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use serde_json::json;
use std::collections::BTreeSet;

use crate::client::Person;
use crate::deals::Deal;
use crate::deals::migrating::{migrate, with_two_versions};
use crate::test_app::TestApp;

/// Tables whose rows belong to conversations, each with the column that names the conversation and the change that counts. Marks of what is
/// delivered and read are none.
const WATCHED: [(&str, &str, &str); 8] = [
    (
        "conversations",
        "no",
        "insert or update of last_seq, policy_version, title, status, subject",
    ),
    (
        "participants",
        "conversation_no",
        "insert or update of role, membership, muted, blocked",
    ),
    ("messages", "conversation_no", "insert or update"),
    ("message_changes", "conversation_no", "insert"),
    ("participant_changes", "conversation_no", "insert"),
    ("conversation_changes", "conversation_no", "insert"),
    ("flow_steps", "conversation_no", "insert"),
    ("conversation_flows", "conversation_no", "insert or update"),
];

/// At the end of each transaction: how many of its rows in the feed name the conversation that it has changed.
const WATCH: &str = "
create table watched (name text, no bigint, rows bigint);
create function watch() returns trigger language plpgsql as $$
declare conversation bigint := to_jsonb(new) ->> tg_argv[0];
begin
    insert into watched select tg_table_name, conversation, count(*) from changed
        where tx = pg_current_xact_id() and conversation = any(numbers);
    return null;
end $$;";

pub fn watch(app: &TestApp) {
    let trigger = |(table, column, change): &(&str, &str, &str)| {
        format!(
            "create constraint trigger watch after {change} on {table} deferrable initially deferred
             for each row execute function watch('{column}');"
        )
    };
    let triggers: String = WATCHED.iter().map(trigger).collect();
    let mut connection = app.connection();
    connection.batch_execute(WATCH).unwrap();
    connection.batch_execute(&triggers).unwrap();
}

#[derive(QueryableByName)]
struct Watched {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

/// The tables that were written to since the last time; each such change must have a row of the feed.
pub fn written(app: &TestApp) -> BTreeSet<String> {
    let all = "delete from watched returning name, rows";
    let seen: Vec<Watched> = diesel::sql_query(all).load(&mut app.connection()).unwrap();
    let forgotten: BTreeSet<&str> = seen
        .iter()
        .filter(|one| one.rows == 0)
        .map(|one| one.name.as_str())
        .collect();
    assert!(forgotten.is_empty(), "without a row: {forgotten:?}");
    seen.into_iter().map(|one| one.name).collect()
}

pub fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn the_trigger_sees_a_writer_that_forgets_the_row() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    app.direct(&ann, &bob).await;
    watch(&app);
    let forgetful = "update conversations set last_seq = last_seq + 1";
    app.connection().batch_execute(forgetful).unwrap();
    assert_eq!(
        app.count("select count(*) as n from watched where rows = 0"),
        1
    );
}

/// Somebody's request, which must be answered well.
pub async fn does(
    person: &Person,
    method: &str,
    path: &str,
    body: serde_json::Value,
) -> serde_json::Value {
    let answer = person
        .request(method, path, Some(body.to_string()), &[])
        .await;
    assert!(answer.status < 300, "{method} {path}: {answer:?}");
    answer.body
}

#[tokio::test]
async fn every_message_and_its_changes_write_a_row_and_marks_write_none() {
    let app = TestApp::start().await;
    watch(&app);
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let id = app.group(&ann, &[&bob]).await;
    assert_eq!(written(&app), names(&["conversations", "participants"]));
    let path = format!("/api/v1/conversations/{id}");
    let message = ann.say(&id, "over REST").await;
    let mut socket = bob.joined(&id).await;
    let said = json!({ "conversation_id": id, "body": "over a socket", "client_id": "c-1", "reply_to": message["id"] });
    socket.call("send_message", said.clone()).await.unwrap();
    assert_eq!(written(&app), names(&["conversations", "messages"]));
    socket.call("send_message", said).await.unwrap();
    assert_eq!(written(&app), names(&[]), "a repeat changes nothing");
    let edited = format!("/api/v1/messages/{}", message["id"].as_str().unwrap());
    let of_messages = names(&["conversations", "messages", "message_changes"]);
    does(&ann, "PATCH", &edited, json!({ "body": "edited" })).await;
    assert_eq!(written(&app), of_messages);
    does(&ann, "DELETE", &edited, json!({})).await;
    assert_eq!(written(&app), of_messages);
    let mark = json!({ "seq": 3 });
    does(&bob, "POST", &format!("{path}/seen"), mark.clone()).await;
    does(&ann, "POST", &format!("{path}/delivered"), mark).await;
    assert_eq!(written(&app), names(&[]), "marks change no conversation");
}

#[tokio::test]
async fn every_change_of_a_conversation_and_its_people_writes_a_row() {
    let app = TestApp::start().await;
    watch(&app);
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let cat = app.person("cat").await;
    let id = app.group(&ann, &[&bob]).await;
    assert_eq!(written(&app), names(&["conversations", "participants"]));
    let path = format!("/api/v1/conversations/{id}");
    let of_people = names(&["conversations", "participants", "participant_changes"]);
    does(
        &ann,
        "POST",
        &format!("{path}/participants"),
        json!({ "user_id": cat.id }),
    )
    .await;
    assert_eq!(written(&app), of_people);
    does(
        &ann,
        "PATCH",
        &format!("{path}/participants/cat"),
        json!({ "muted": true }),
    )
    .await;
    assert_eq!(written(&app), of_people);
    does(
        &cat,
        "DELETE",
        &format!("{path}/participants/cat"),
        json!({}),
    )
    .await;
    assert_eq!(written(&app), of_people);
    does(&ann, "PATCH", &path, json!({ "title": "another title" })).await;
    assert_eq!(
        written(&app),
        names(&["conversations", "conversation_changes"])
    );
    let first = json!({ "kind": "direct", "participants": [{ "user_id": "cat" }], "first_message": { "body": "hello" } });
    does(&ann, "POST", "/api/v1/conversations", first).await;
    assert_eq!(
        written(&app),
        names(&["conversations", "participants", "messages"])
    );
}

#[tokio::test]
async fn every_step_of_a_deal_writes_a_row_in_the_command_that_migrates_too() {
    let app = TestApp::start().await;
    watch(&app);
    let of_steps = [
        "conversations",
        "messages",
        "flow_steps",
        "conversation_flows",
    ];
    let deal = Deal::begin_on(app).await;
    assert_eq!(
        written(&deal.app),
        names(&[&of_steps[..], &["participants"]].concat())
    );
    deal.connect().await;
    assert_eq!(written(&deal.app), names(&of_steps));

    let (app, flows, _) = with_two_versions().await;
    watch(&app);
    let went = migrate(&app, &flows, &[]);
    assert!(went.contains("5 deals went"), "{went}");
    let moved = written(&app);
    assert!(
        moved.is_superset(&names(&["conversations", "flow_steps"])),
        "{moved:?}"
    );
}
