//! What holds for messages holds for replies: slow mode, closing, edits. Who came later, left or comes back sees of threads what they may.

use serde_json::{Value, json};

use super::following::{seen, unread};
use super::{bodies, id_of, reply, send, thread, three};
use crate::client::Person;
use crate::participants::path;

async fn set(person: &Person, group: &str, change: Value) {
    person
        .patch(&path(group, ""), change)
        .await
        .expect_status(200);
}

async fn add(person: &Person, group: &str, user: &str) {
    let body = json!({ "user_id": user, "history": "from_joining" });
    person
        .post(&path(group, "/participants"), body)
        .await
        .expect_status(200);
}

fn following(root: &str) -> String {
    format!("/api/v1/messages/{root}/thread/follow")
}

#[tokio::test]
async fn slow_mode_and_closing_hold_in_threads() {
    let (_app, [ann, bob, _], group, root) = three().await;
    set(&ann, &group, json!({ "slow_seconds": 3600 })).await;
    let first = reply(&bob, &group, &root, "first").await;
    let again = json!({ "body": "second", "thread_id": root });
    let refused = send(&bob, &group, again).await;
    refused.expect_status(429).expect_code("SLOW_MODE");
    set(&ann, &group, json!({ "status": "closed" })).await;
    let late = json!({ "body": "late", "thread_id": root });
    let refused = send(&ann, &group, late).await;
    refused
        .expect_status(409)
        .expect_code("CONVERSATION_CLOSED");
    // What is there can still be read, and is counted.
    assert_eq!(thread(&ann, &group, &root).await["unread"], 1);
    let seq = first["seq"].as_i64().expect("a seq");
    seen(&ann, &group, seq, &root).await;
    assert_eq!(thread(&ann, &group, &root).await["unread"], 0);
    ann.delete(&following(&root)).await.expect_status(200);
}

#[tokio::test]
async fn an_edited_reply_stays_where_it_is() {
    let (_app, [ann, bob, cara], group, root) = three().await;
    let first = id_of(&reply(&bob, &group, &root, "first").await);
    let before = thread(&ann, &group, &root).await;
    let mut heard = cara.joined(&group).await;
    let wording = json!({ "body": "first of all" });
    bob.patch(&format!("/api/v1/messages/{first}"), wording)
        .await
        .expect_status(200);
    let told = heard.event("message_updated").await;
    assert_eq!(told["message"]["thread_id"], json!(root));
    assert_eq!(bodies(&cara, &group, &root).await, ["first of all"]);
    assert_eq!(bodies(&cara, &group, "none").await, ["one"]);
    let after = thread(&ann, &group, &root).await;
    for name in ["replies", "last_seq", "participants", "unread"] {
        assert_eq!(after[name], before[name], "{name}");
    }
    ann.delete(&format!("/api/v1/messages/{first}"))
        .await
        .expect_status(200);
    assert_eq!(thread(&ann, &group, &root).await["unread"], 0);
    assert_eq!(unread(&ann).await, [0, 0]);
}

#[tokio::test]
async fn who_came_later_takes_part_in_threads_that_they_see() {
    let (app, [ann, bob, _], group, root) = three().await;
    let dave = app.person("dave").await;
    add(&ann, &group, "dave").await;
    let first = id_of(&reply(&bob, &group, &root, "first").await);
    assert_eq!(bodies(&dave, &group, "all").await, ["first"]);
    assert_eq!(bodies(&dave, &group, "none").await, [""; 0]);
    assert_eq!(bodies(&dave, &group, &root).await, ["first"]);
    for named in [&root, &first] {
        let body = json!({ "body": "x", "thread_id": named });
        let refused = send(&dave, &group, body).await;
        refused.expect_status(404).expect_code("MESSAGE_NOT_FOUND");
        let refused = dave.put(&following(named), json!({})).await;
        refused.expect_status(404).expect_code("MESSAGE_NOT_FOUND");
    }
    let mention = json!({ "body": "dave?", "thread_id": root, "mentions": ["dave"] });
    let refused = send(&ann, &group, mention).await;
    refused.expect_status(400).expect_code("INVALID_REQUEST");
    assert_eq!(unread(&dave).await, [0, 0]);
    let listed = dave.get("/api/v1/threads").await.expect_status(200).body;
    assert_eq!(listed["items"], json!([]));
    // A thread that began since then is theirs too.
    let later = id_of(&ann.say(&group, "later").await);
    reply(&dave, &group, &later, "mine").await;
    reply(&ann, &group, &later, "yours").await;
    assert_eq!(thread(&dave, &group, &later).await["unread"], 1);
    // "later" and "yours".
    assert_eq!(unread(&dave).await, [2, 0]);
}

#[tokio::test]
async fn who_left_hears_nothing_and_who_returns_goes_on() {
    let (_app, [ann, bob, cara], group, root) = three().await;
    reply(&bob, &group, &root, "first").await;
    let mut of_bob = bob.socket().await;
    ann.delete(&path(&group, "/participants/bob"))
        .await
        .expect_status(204);
    of_bob.event("conversation_updated").await;
    reply(&cara, &group, &root, "second").await;
    ann.say(&group, "a message").await;
    let heard = of_bob.drain().await;
    assert!(
        heard.iter().all(|frame| frame["event"] != "notification"),
        "{heard:?}"
    );
    assert_eq!(unread(&bob).await, [0, 0]);
    let refused = bob.put(&following(&root), json!({})).await;
    refused.expect_status(403).expect_code("NOT_A_PARTICIPANT");
    let listed = bob.get("/api/v1/threads").await.expect_status(200).body;
    assert_eq!(listed["items"], json!([]));
    // What was said in a thread whose first message they see no more is not theirs.
    add(&ann, &group, "bob").await;
    reply(&cara, &group, &root, "third").await;
    assert_eq!(unread(&bob).await, [0, 0]);
    let listed = bob.get("/api/v1/threads").await.expect_status(200).body;
    assert_eq!(listed["items"], json!([]));
}
