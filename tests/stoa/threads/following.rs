//! Who follows a thread, what counts as unread, and who is notified.

use serde_json::{Value, json};

use super::{id_of, reply, send, thread, three};
use crate::client::Person;
use crate::participants::path;

pub async fn unread(person: &Person) -> [i64; 2] {
    let answer = person.get("/api/v1/unread").await.expect_status(200).body;
    let one = &answer["conversations"][0];
    ["unread", "mentions"].map(|name| one[name].as_i64().unwrap_or(0))
}

pub async fn seen(person: &Person, group: &str, seq: i64, line: &str) -> Value {
    let body = json!({ "seq": seq, "thread": line });
    let seen = person.post(&path(group, "/seen"), body).await;
    seen.expect_status(200).body
}

#[tokio::test]
async fn followers_count_and_others_do_not() {
    let (_app, [ann, bob, cara], group, root) = three().await;
    for person in [&bob, &cara] {
        seen(person, &group, 1, "all").await;
    }
    let (mut of_ann, mut of_cara) = (ann.socket().await, cara.socket().await);
    let first = reply(&bob, &group, &root, "first").await;
    let told = of_ann.event("notification").await;
    assert_eq!(
        (&told["id"], &told["reason"]),
        (&first["id"], &json!("thread"))
    );
    assert_eq!(unread(&ann).await, [1, 0]);
    assert_eq!(unread(&cara).await, [0, 0]);
    let heard = of_cara.drain().await;
    assert!(
        heard.iter().all(|frame| frame["event"] != "notification"),
        "{heard:?}"
    );
    // Bob follows from his reply on; who is mentioned follows too.
    let mention = json!({ "body": "cara?", "thread_id": root, "mentions": ["cara"] });
    send(&ann, &group, mention).await.expect_status(201);
    assert_eq!((unread(&bob).await, unread(&cara).await), ([1, 0], [1, 1]));
    assert_eq!(of_cara.event("notification").await["reason"], "mention");
    // What is shown outside too counts once, for everybody.
    let outside = json!({ "body": "all", "thread_id": root, "also_in_conversation": true });
    send(&ann, &group, outside).await.expect_status(201);
    assert_eq!((unread(&bob).await, unread(&cara).await), ([2, 0], [2, 1]));
    let of_bob = thread(&bob, &group, &root).await;
    let own = ["following", "read_seq", "unread"].map(|name| of_bob[name].clone());
    assert_eq!(own, [json!(true), json!(2), json!(1)]);
}

#[tokio::test]
async fn a_thread_is_read_by_itself_or_with_everything() {
    let (_app, [ann, bob, _], group, root) = three().await;
    reply(&bob, &group, &root, "first").await;
    bob.say(&group, "beside").await;
    assert_eq!(unread(&ann).await, [2, 0]);
    seen(&ann, &group, 3, "none").await;
    assert_eq!(unread(&ann).await, [1, 0]);
    let mut elsewhere = ann.socket().await;
    let changed = seen(&ann, &group, 3, &root).await;
    let expected = json!({
        "conversation_id": group, "message_id": root, "following": true, "read_seq": 3, "unread": 0, "as_of": 3,
    });
    assert_eq!(changed, expected);
    assert_eq!(elsewhere.event("thread_changed").await, expected);
    assert_eq!(elsewhere.event("unread_changed").await["unread"], 0);
    reply(&bob, &group, &root, "second").await;
    assert_eq!(unread(&ann).await, [1, 0]);
    // A client that shows no threads has read all of them.
    seen(&ann, &group, 4, "all").await;
    assert_eq!(unread(&ann).await, [0, 0]);
    assert_eq!(thread(&ann, &group, &root).await["read_seq"], 4);
    let back = seen(&ann, &group, 1, &root).await;
    assert_eq!(back["read_seq"], 4, "it never goes back");
    let beyond = seen(&ann, &group, 99, &root).await;
    assert_eq!(beyond["read_seq"], 4);
}

#[tokio::test]
async fn who_follows_no_longer_is_left_alone_until_they_reply() {
    let (_app, [ann, bob, _], group, root) = three().await;
    let follow = format!("/api/v1/messages/{root}/thread/follow");
    let first = id_of(&reply(&bob, &group, &root, "first").await);
    let left = ann.delete(&follow).await.expect_status(200).body;
    assert_eq!(
        (&left["following"], &left["unread"]),
        (&json!(false), &json!(0))
    );
    let mut elsewhere = ann.socket().await;
    reply(&bob, &group, &root, "second").await;
    assert_eq!(unread(&ann).await, [0, 0]);
    let heard = elsewhere.drain().await;
    assert!(
        heard.iter().all(|frame| frame["event"] != "notification"),
        "{heard:?}"
    );
    let everybody = json!({ "body": "third", "thread_id": root, "mentions": ["all"] });
    send(&ann, &group, everybody).await.expect_status(201);
    reply(&bob, &group, &root, "fourth").await;
    assert_eq!(unread(&ann).await, [1, 0]);
    // A message of the thread stands for the thread.
    let path = format!("/api/v1/messages/{first}/thread/follow");
    ann.delete(&path).await.expect_status(200);
    let again = ann.put(&path, json!({})).await.expect_status(200).body;
    assert_eq!(
        (&again["message_id"], &again["unread"]),
        (&json!(root), &json!(0))
    );
    reply(&bob, &group, &root, "fifth").await;
    assert_eq!(unread(&ann).await, [1, 0]);
    let over_socket = json!({ "conversation_id": group, "message_id": root });
    let mut socket = ann.socket().await;
    let left = socket
        .call("unfollow_thread", over_socket.clone())
        .await
        .unwrap();
    assert_eq!(left["following"], false);
    let back = socket.call("follow_thread", over_socket).await.unwrap();
    assert_eq!(back["following"], true);
}

#[tokio::test]
async fn a_mention_by_name_brings_back_and_one_of_all_is_for_followers() {
    let (_app, [ann, bob, cara], group, root) = three().await;
    for person in [&bob, &cara] {
        seen(person, &group, 1, "all").await;
    }
    reply(&bob, &group, &root, "first").await;
    let mut of_cara = cara.socket().await;
    let everybody = json!({ "body": "all?", "thread_id": root, "mentions": ["all"] });
    send(&ann, &group, everybody).await.expect_status(201);
    assert_eq!((unread(&bob).await, unread(&cara).await), ([1, 1], [0, 0]));
    let by_name = json!({ "body": "cara?", "thread_id": root, "mentions": ["cara"] });
    let named = send(&ann, &group, by_name.clone()).await;
    let named = named.expect_status(201).body;
    let told = of_cara.event("notification").await;
    assert_eq!(
        (&told["id"], &told["reason"], &told["unread"]),
        (&named["id"], &json!("mention"), &json!(1))
    );
    let follow = format!("/api/v1/messages/{root}/thread/follow");
    cara.delete(&follow).await.expect_status(200);
    assert_eq!(unread(&cara).await, [0, 0]);
    send(&ann, &group, by_name).await.expect_status(201);
    assert_eq!(of_cara.event("notification").await["reason"], "mention");
    // Who follows again has read what was there before.
    assert!(thread(&cara, &group, &root).await["unread"].as_i64() > Some(0));
}

#[tokio::test]
async fn a_reply_was_read_by_who_has_read_its_thread() {
    let (_app, [ann, bob, cara], group, root) = three().await;
    let first = id_of(&reply(&bob, &group, &root, "first").await);
    seen(&cara, &group, 2, "all").await;
    seen(&ann, &group, 2, "none").await;
    let path = format!("/api/v1/messages/{first}/receipts");
    let receipts = bob.get(&path).await.expect_status(200).body;
    assert_eq!(
        (&receipts["status"], &receipts["read"]),
        (&json!("delivered"), &json!([]))
    );
    seen(&ann, &group, 2, &root).await;
    let receipts = bob.get(&path).await.expect_status(200).body;
    let read = json!([{ "user_id": "ann", "at": null }]);
    assert_eq!(
        (&receipts["status"], &receipts["read"]),
        (&json!("read"), &read)
    );
}

#[tokio::test]
async fn a_client_that_shows_no_threads_reads_what_another_one_left() {
    let (_app, [ann, bob, _], group, root) = three().await;
    reply(&bob, &group, &root, "first").await;
    bob.say(&group, "beside").await;
    let (mut joined, mut elsewhere) = (ann.joined(&group).await, ann.socket().await);
    let mut of_bob = bob.joined(&group).await;
    seen(&ann, &group, 3, "none").await;
    let told = joined.event("message_seen").await;
    assert_eq!((&told["seq"], &told["thread"]), (&json!(3), &json!("none")));
    of_bob.event("message_seen").await;
    assert_eq!(unread(&ann).await, [1, 0]);
    // The watermark stands there already; what is new is for the reader alone.
    seen(&ann, &group, 3, "all").await;
    assert_eq!(unread(&ann).await, [0, 0]);
    let told = joined.event("message_seen").await;
    assert_eq!((&told["seq"], &told["thread"]), (&json!(3), &json!("all")));
    let counted = elsewhere.event("unread_changed").await;
    assert_eq!(
        (&counted["seq"], &counted["unread"]),
        (&json!(3), &json!(0))
    );
    let heard = of_bob.drain().await;
    assert!(
        heard.iter().all(|frame| frame["event"] != "message_seen"),
        "{heard:?}"
    );
    // A reply alone is read with the watermark, and those who have not joined are told.
    reply(&bob, &group, &root, "second").await;
    assert_eq!(elsewhere.event("notification").await["unread"], 1);
    seen(&ann, &group, 4, "all").await;
    assert_eq!(elsewhere.event("unread_changed").await["unread"], 0);
    assert_eq!(of_bob.event("message_seen").await["seq"], 4);
    let mine = ann.get(&path(&group, "")).await.expect_status(200).body["mine"].clone();
    assert_eq!(mine["threads_seq"], 4);
}
