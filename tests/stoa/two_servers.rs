//! Two servers on one database: each finds what the other has written.

use diesel::Connection;
use diesel::connection::SimpleConnection;
use serde_json::json;
use std::time::Duration;
use stoa::domain::ids::{ConversationNo, MessageId, SessionId};
use stoa::store::recoveries;
use uuid::Uuid;

use crate::client::Person;
use crate::servers::Alone;
use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::{TestApp, claims, fresh_database, token};

/// Two servers on one database, and somebody as the second one knows them.
async fn two() -> (TestApp, TestApp) {
    let one = TestApp::alone(Alone::Pair).start().await;
    let two = TestApp::alone(Alone::Pair)
        .on(one.database.clone(), &["--rate-limits", "off"])
        .await;
    (one, two)
}

fn there(app: &TestApp, id: &str) -> Person {
    Person::new(app.address, id, token(&claims(id, &[])))
}

#[actix_rt::test]
async fn a_mark_of_what_the_other_server_wrote_moves() {
    let (one, other) = two().await;
    let (ann, bob) = (one.person("ann").await, one.person("bob").await);
    let id = one.direct(&ann, &bob).await;
    let bob = there(&other, "bob");
    // The room is awake on the second server before the first one writes.
    let mut listening = bob.joined(&id).await;
    for text in ["one", "two", "three"] {
        ann.say(&id, text).await;
    }
    let seen = format!("/api/v1/conversations/{id}/seen");
    let delivered = format!("/api/v1/conversations/{id}/delivered");
    let answer = bob.post(&seen, json!({ "seq": 2 })).await;
    assert_eq!(answer.expect_status(200).body["seq"], 2);
    // What was read for the mark is told to those who listen.
    let heard = listening.event("new_message").await;
    assert_eq!(heard["message"]["body"], "one");
    ann.say(&id, "four").await;
    let answer = bob.post(&delivered, json!({ "seq": 4 })).await;
    assert_eq!(answer.expect_status(200).body["seq"], 4);
    // What nobody has written is still not read.
    let answer = bob.post(&seen, json!({ "seq": 1_000 })).await;
    assert_eq!(answer.expect_status(200).body["seq"], 4);
}

#[actix_rt::test]
async fn a_message_of_the_other_server_is_seen_by_its_id() {
    let (one, other) = two().await;
    let (ann, bob) = (one.person("ann").await, one.person("bob").await);
    let id = one.direct(&ann, &bob).await;
    let bob = there(&other, "bob");
    let mut client = SocketIoClient::stoory(&bob).await;
    client.call("join_conversation", json!(id)).await;
    let said = ann.say(&id, "one").await;
    let seen = |message: &str| json!({ "conversationId": id, "messageId": message });
    client
        .call("mark_seen", seen(said["id"].as_str().expect("an id")))
        .await;
    let unread = bob.get("/api/v1/unread").await.expect_status(200);
    assert_eq!(unread.body["total"], 0);
    // One that nobody has written is refused.
    let conversation = ConversationNo(one.count("select no as n from conversations"));
    let missing = MessageId {
        conversation,
        seq: 7,
    };
    let refused = client
        .ask("mark_seen", seen(&missing.to_uuid().to_string()))
        .await;
    assert_eq!(refused["success"], false, "{refused}");
}

#[actix_rt::test]
async fn an_old_connection_elsewhere_neither_forgets_nor_prolongs_a_client_that_came_back_here() {
    let (one, other) = two().await;
    let (ann, bob) = (one.person("ann").await, one.person("bob").await);
    let id = one.direct(&ann, &bob).await;
    let (ann_elsewhere, bob_elsewhere) = (there(&other, "ann"), there(&other, "bob"));
    let mut old = SocketIoClient::stoory(&bob).await;
    old.call("join_conversation", json!(id)).await;
    ann.say(&id, "heard").await;
    old.event("new_message").await;
    // The client comes back on the other server while the old connection still stands.
    let (mut new, recovered) = old.again(&bob_elsewhere).await;
    assert!(recovered);
    old.wire().send("41").await;
    ann_elsewhere.say(&id, "after").await;
    new.event("new_message").await;
    // Proves that nothing happens: what the old connection's end may do wrong needs a moment to show.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let kept = "select count(*) as n from recovery_places";
    assert_eq!(one.count(kept), 1, "the old connection erased the list");
    let new = new.disconnect();
    ann_elsewhere.say(&id, "missed").await;
    let (mut back, recovered) = new.again(&bob_elsewhere).await;
    assert!(recovered);
    assert_eq!(
        back.event("new_message").await["message"]["message"],
        "missed"
    );
}

/// Whether somebody takes part in the one conversation there is, as the database says.
fn takes_part(app: &TestApp, user: &str) -> bool {
    let present = format!(
        "select count(*) as n from participants p join users u on u.no = p.user_no where u.id = '{user}' and p.membership = 'present'"
    );
    app.count(&present) == 1
}

#[actix_rt::test]
async fn who_is_removed_behind_a_message_of_the_other_server_can_be_brought_back_at_once() {
    let (one, other) = two().await;
    let (ann, bob) = (one.person("ann").await, one.person("bob").await);
    let id = one.group(&ann, &[&bob]).await;
    let (ann_there, bob_there) = (there(&other, "ann"), there(&other, "bob"));
    let _awake = ann_there.joined(&id).await;
    let people = format!("/api/v1/conversations/{id}/participants");
    for round in 0..5 {
        // The other server's room does not know this message when it removes and adds.
        ann.say(&id, &format!("unheard {round}")).await;
        let removed = ann_there
            .request("DELETE", &format!("{people}/bob"), None, &[])
            .await;
        removed.expect_status(204);
        assert!(!takes_part(&other, "bob"), "round {round}");
        let added = ann_there.post(&people, json!({ "user_id": "bob" })).await;
        assert!(added.status < 300, "{added:?}");
        assert!(takes_part(&other, "bob"), "round {round}: {added:?}");
        bob_there.say(&id, "I am back").await;
    }
}

#[actix_rt::test]
async fn what_seems_to_be_so_already_is_decided_on_what_the_other_server_wrote() {
    let (one, other) = two().await;
    let (ann, bob) = (one.person("ann").await, one.person("bob").await);
    let id = one.group(&ann, &[&bob]).await;
    let ann_there = there(&other, "ann");
    let _awake = ann_there.joined(&id).await;
    let people = format!("/api/v1/conversations/{id}/participants");
    let removed = ann
        .request("DELETE", &format!("{people}/bob"), None, &[])
        .await;
    removed.expect_status(204);
    let added = ann_there.post(&people, json!({ "user_id": "bob" })).await;
    assert!(added.status < 300, "{added:?}");
    assert!(takes_part(&other, "bob"), "{added:?}");
}

#[actix_rt::test]
async fn whom_the_other_server_lets_speak_again_is_not_refused_here() {
    let (one, other) = two().await;
    let (ann, bob) = (one.person("ann").await, one.person("bob").await);
    let id = one.group(&ann, &[&bob]).await;
    let mut bob_there = there(&other, "bob").joined(&id).await;
    let own = format!("/api/v1/conversations/{id}/participants/bob");
    let said = json!({ "conversation_id": id, "body": "here" });
    for round in 0..5 {
        let muted = ann.patch(&own, json!({ "muted": true })).await;
        muted.expect_status(200);
        let refused = bob_there.call("send_message", said.clone()).await;
        assert_eq!(refused.unwrap_err()["error_code"], "MUTED", "round {round}");
        let heard = ann.patch(&own, json!({ "muted": false })).await;
        heard.expect_status(200);
        let sent = bob_there.call("send_message", said.clone()).await;
        assert!(sent.is_ok(), "round {round}: {sent:?}");
    }
}

#[actix_rt::test]
async fn who_was_removed_or_added_by_the_other_server_is_judged_here_by_what_it_wrote() {
    let (one, other) = two().await;
    let (ann, bob) = (one.person("ann").await, one.person("bob").await);
    let id = one.group(&ann, &[&bob]).await;
    let _awake = there(&other, "ann").joined(&id).await;
    let people = format!("/api/v1/conversations/{id}/participants");
    let wanted = json!({ "conversation_id": id });
    let mut bob_there = there(&other, "bob").socket().await;
    for round in 0..5 {
        let path = format!("{people}/bob");
        let removed = ann.delete(&path).await;
        removed.expect_status(204);
        ann.say(&id, "without bob").await;
        let refused = bob_there.call("join_conversation", wanted.clone()).await;
        let refused = refused.expect_err("bob is no participant");
        assert_eq!(refused["error_code"], "NOT_A_PARTICIPANT", "round {round}");
        let added = ann.post(&people, json!({ "user_id": "bob" })).await;
        assert!(added.status < 300, "{added:?}");
        let joined = bob_there.call("join_conversation", wanted.clone()).await;
        assert!(joined.is_ok(), "round {round}: {joined:?}");
        let left = bob_there.call("leave_conversation", wanted.clone()).await;
        assert!(left.is_ok(), "round {round}: {left:?}");
    }
}

#[test]
fn only_the_connection_that_speaks_for_a_client_prolongs_or_forgets_it() {
    let url = fresh_database();
    let mut connection = diesel::PgConnection::establish(&url).expect("a connection");
    let (pid, holder, other) = (
        Uuid::now_v7(),
        SessionId(Uuid::now_v7()),
        SessionId(Uuid::now_v7()),
    );
    let made = format!(
        "insert into recoveries (pid, user_no, form, holder, list, touched_at)
        values ('{pid}', 0, 'stoory', '{}', 1, now() - interval '3 hours')",
        holder.0
    );
    connection.batch_execute(&made).expect("a client");
    recoveries::touch(&mut connection, &[(pid, other)]).unwrap();
    recoveries::forget(&mut connection, pid, other).unwrap();
    assert_eq!(recoveries::sweep(&mut connection, 4).unwrap(), 0);
    recoveries::touch(&mut connection, &[(Uuid::now_v7(), other), (pid, holder)]).unwrap();
    assert_eq!(recoveries::sweep(&mut connection, 2).unwrap(), 0);
    recoveries::forget(&mut connection, pid, holder).unwrap();
    let left = "update recoveries set touched_at = now() - interval '9 hours'";
    connection.batch_execute(left).unwrap();
    assert_eq!(recoveries::sweep(&mut connection, 2).unwrap(), 0);
}
