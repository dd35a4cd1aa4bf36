//! A crowd that many talk to at once: each listener hears everything once and in order while others join, leave and read.

use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::HashMap;

use crate::client::{Person, Socket};
use crate::test_app::TestApp;

const LISTENERS: usize = 60;
const EACH: usize = 80;

/// A socket, and the last seq that its join's answer held.
struct Listener {
    socket: Socket,
    last_seq: i64,
}

async fn listen(person: &Person, conversation: &str) -> Listener {
    let mut socket = person.socket().await;
    let join = json!({ "conversation_id": conversation });
    let joined = socket.call("join_conversation", join).await.unwrap();
    socket.forget();
    let last_seq = joined["last_seq"].as_i64().unwrap();
    Listener { socket, last_seq }
}

/// Says so much without waiting for an answer in between, and marks what it has said as seen.
async fn talk(person: Person, conversation: String) {
    let mut socket = person.joined(&conversation).await;
    for number in 0..EACH {
        let said = json!({
            "conversation_id": conversation, "client_id": format!("{}-{number}", person.id), "body": format!("{number}"),
        });
        match number % 8 {
            7 => {
                let answer = socket.call("send_message", said).await.unwrap();
                let seen = json!({ "conversation_id": conversation, "seq": answer["seq"] });
                socket.call("mark_seen", seen).await.unwrap();
            }
            _ => socket.tell("send_message", said).await,
        }
    }
    socket.drain().await;
}

/// Some leave, others come, while everybody talks.
async fn come_and_go(person: &Person, conversation: &str, listeners: &mut Vec<Listener>) {
    for turn in 0..12 {
        let mut gone = listeners.remove(turn % listeners.len());
        let leave = json!({ "conversation_id": conversation });
        gone.socket.call("leave_conversation", leave).await.unwrap();
        listeners.push(listen(person, conversation).await);
    }
}

fn must_be_whole(frames: &[Value], first: i64, last: i64) {
    let told = frames.iter().filter(|f| f["event"] == "new_message");
    let seqs: Vec<i64> = told.map(|f| f["data"]["seq"].as_i64().unwrap()).collect();
    assert_eq!(seqs, (first + 1..=last).collect::<Vec<_>>());
    let mut watermarks: HashMap<&str, i64> = HashMap::new();
    for seen in frames.iter().filter(|f| f["event"] == "message_seen") {
        let seq = seen["data"]["seq"].as_i64().unwrap();
        let whose = seen["data"]["user_id"].as_str().unwrap();
        let before = watermarks.insert(whose, seq);
        assert!(before < Some(seq), "{whose}: {seq} after {before:?}");
    }
}

#[tokio::test]
async fn everybody_in_a_crowd_hears_everything_once_and_in_order() {
    let app = TestApp::with(&["--rate-limits", "off"]).await;
    let talkers = [
        app.person("alice").await,
        app.person("bob").await,
        app.person("carol").await,
    ];
    let audience = app.person("dave").await;
    let conversation = app
        .group(&talkers[0], &[&talkers[1], &talkers[2], &audience])
        .await;
    let mut listeners = Vec::new();
    for _ in 0..LISTENERS {
        listeners.push(listen(&audience, &conversation).await);
    }
    let talks = talkers.clone().map(|who| talk(who, conversation.clone()));
    tokio::join!(
        join_all(talks),
        come_and_go(&audience, &conversation, &mut listeners)
    );
    let path = format!("/api/v1/conversations/{conversation}");
    let state = audience.get(&path).await.expect_status(200).body;
    let last = state["last_seq"].as_i64().unwrap();
    assert!(last >= (talkers.len() * EACH) as i64);
    let mut marks = 0;
    for listener in &mut listeners {
        let frames = loop_until(listener, last).await;
        must_be_whole(&frames, listener.last_seq, last);
        marks += frames
            .iter()
            .filter(|f| f["event"] == "message_seen")
            .count();
    }
    assert!(marks > LISTENERS, "marks were told too");
}

/// Everything up to a seq, and what comes right behind it; who came last has all of it with their join.
async fn loop_until(listener: &mut Listener, last: i64) -> Vec<Value> {
    let mut frames = listener.socket.drain().await;
    let is_last = |f: &Value| f["data"]["seq"] == last && f["event"] == "new_message";
    while listener.last_seq < last && !frames.iter().any(is_last) {
        frames.extend(listener.socket.drain().await);
    }
    frames.extend(listener.socket.drain().await);
    frames
}
