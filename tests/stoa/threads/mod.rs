//! Threads: replies beside the main line of a conversation.

mod following;
mod listing;
mod plans;
mod recovering;
mod rules;
mod who;

use serde_json::{Value, json};

use crate::annotations::{id_of, shown, three};
use crate::client::{Answer, Person};
use crate::participants::path;

/// Replies in the thread of a message.
pub async fn reply(person: &Person, conversation: &str, root: &str, body: &str) -> Value {
    let message = json!({ "body": body, "thread_id": root });
    send(person, conversation, message)
        .await
        .expect_status(201)
        .body
}

pub async fn send(person: &Person, conversation: &str, message: Value) -> Answer {
    person.post(&path(conversation, "/messages"), message).await
}

/// The bodies of a page of this line.
pub async fn bodies(person: &Person, conversation: &str, line: &str) -> Vec<String> {
    let page = path(conversation, &format!("/messages?thread={line}"));
    let page = person.get(&page).await.expect_status(200).body;
    let items = page["items"].as_array().expect("items").iter();
    let body = |item: &Value| item["body"].as_str().expect("a body").to_owned();
    items.map(body).collect()
}

/// The thread of a message, as a page shows it.
pub async fn thread(person: &Person, conversation: &str, root: &str) -> Value {
    shown(person, conversation, root).await["thread"].clone()
}

#[tokio::test]
async fn a_reply_is_told_counted_and_read_again() {
    let (_app, [ann, bob, cara], group, root) = three().await;
    let mut heard = cara.joined(&group).await;
    let first = reply(&bob, &group, &root, "first").await;
    assert_eq!(
        (&first["thread_id"], &first["seq"]),
        (&json!(root), &json!(2))
    );
    assert!(first.get("also_in_conversation").is_none());
    let told = heard.event("new_message").await;
    assert_eq!(
        (&told["seq"], &told["message"]["thread_id"]),
        (&json!(2), &json!(root))
    );
    // A reply to a reply is in the same thread.
    let second = reply(&ann, &group, &id_of(&first), "second").await;
    assert_eq!(second["thread_id"], json!(root));
    let outside = json!({ "body": "third", "thread_id": root, "also_in_conversation": true });
    let third = send(&bob, &group, outside).await.expect_status(201).body;
    assert_eq!(third["also_in_conversation"], true);
    ann.say(&group, "last").await;
    let all = ["one", "first", "second", "third", "last"];
    assert_eq!(bodies(&cara, &group, "all").await, all);
    assert_eq!(
        bodies(&cara, &group, "none").await,
        ["one", "third", "last"]
    );
    assert_eq!(
        bodies(&cara, &group, &root).await,
        ["first", "second", "third"]
    );
    let expected = json!({
        "replies": 3, "last_seq": 4, "participants": ["bob", "ann"], "following": false, "read_seq": 0, "unread": 0, "as_of": 5,
    });
    assert_eq!(thread(&cara, &group, &root).await, expected);
    let join = json!({ "conversation_id": group });
    let mut socket = cara.socket().await;
    let joined = socket.call("join_conversation", join).await.unwrap();
    assert_eq!(joined["messages"][0]["thread"], expected);
    assert!(joined["messages"][1].get("thread").is_none());
}

#[tokio::test]
async fn a_reply_that_was_deleted_does_not_count() {
    let (_app, [ann, bob, cara], group, root) = three().await;
    let first = id_of(&reply(&bob, &group, &root, "first").await);
    reply(&ann, &group, &root, "second").await;
    bob.delete(&format!("/api/v1/messages/{first}"))
        .await
        .expect_status(200);
    let counted = thread(&cara, &group, &root).await;
    assert_eq!(
        (&counted["replies"], &counted["last_seq"]),
        (&json!(1), &json!(3))
    );
    // The first message may go too: its thread goes on.
    ann.delete(&format!("/api/v1/messages/{root}"))
        .await
        .expect_status(200);
    reply(&bob, &group, &root, "third").await;
    assert_eq!(thread(&cara, &group, &root).await["replies"], 2);
}

#[tokio::test]
async fn over_the_socket_it_is_the_same() {
    let (_app, [_, bob, cara], group, root) = three().await;
    let (mut of_bob, mut of_cara) = (bob.joined(&group).await, cara.joined(&group).await);
    let wanted =
        json!({ "conversation_id": group, "body": "x", "thread_id": root, "client_id": "c-1" });
    let sent = of_bob.call("send_message", wanted.clone()).await.unwrap();
    let told = of_cara.event("new_message").await;
    assert_eq!(
        (&told["message"]["id"], &told["message"]["thread_id"]),
        (&sent["id"], &json!(root))
    );
    let again = of_bob.call("send_message", wanted).await.unwrap();
    assert_eq!(again["id"], sent["id"]);
    let mut plain = json!({ "conversation_id": group, "body": "x", "client_id": "c-1" });
    let other = of_bob
        .call("send_message", plain.clone())
        .await
        .unwrap_err();
    assert_eq!(other["error_code"], "CONFLICT");
    plain["also_in_conversation"] = true.into();
    let refused = of_bob.call("send_message", plain).await.unwrap_err();
    assert_eq!(refused["error_code"], "INVALID_REQUEST");
}
