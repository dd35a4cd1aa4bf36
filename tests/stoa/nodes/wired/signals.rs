//! What leaves no entry: watermarks, typing, who joins and leaves.

use serde_json::{Value, json};
use std::time::Instant;

use super::{Wired, at_once, on};
use crate::client::Person;
use crate::polling::until;
use crate::socketio_chat::client::SocketIoClient;

#[actix_rt::test]
async fn watermarks_are_heard_at_once() {
    let wired = Wired::new().await;
    let (ann, bob) = wired.two().await;
    let id = wired.one.direct(&ann, &bob).await;
    let mut socket = ann.joined(&id).await;
    ann.say(&id, "hello").await;
    for (path, event) in [("delivered", "message_delivered"), ("seen", "message_seen")] {
        let path = format!("/api/v1/conversations/{id}/{path}");
        bob.post(&path, json!({ "seq": 1 }))
            .await
            .expect_status(200);
        let heard = at_once(&mut socket, event, Instant::now()).await;
        assert_eq!(
            (&heard["user_id"], &heard["seq"]),
            (&json!("bob"), &json!(1))
        );
    }
}

#[actix_rt::test]
async fn a_watermark_comes_after_the_message_that_it_is_of() {
    let wired = Wired::new().await;
    let (ann, bob) = wired.two().await;
    let id = wired.one.direct(&ann, &bob).await;
    let mut listener = bob.joined(&id).await;
    let path = format!("/api/v1/conversations/{id}/seen");
    // Ann writes at the first server and reads at the second, whose frames overtake those of the first.
    let ann_there = on(&wired.other, "ann");
    for seq in 1..=20 {
        bob.say(&id, "read this").await;
        let (_, read) = tokio::join!(
            listener.event("new_message"),
            ann_there.post(&path, json!({ "seq": seq }))
        );
        read.expect_status(200);
        let heard = listener.event("message_seen").await;
        assert_eq!(heard["seq"], seq);
    }
}

#[actix_rt::test]
async fn who_types_is_shown_at_once_and_not_any_more_when_they_have_spoken() {
    let wired = Wired::new().await;
    let (ann, bob) = wired.two().await;
    let id = wired.one.direct(&ann, &bob).await;
    let (mut writes, mut reads) = (ann.joined(&id).await, bob.joined(&id).await);
    let conversation = json!({ "conversation_id": id });
    for (event, is_typing) in [("typing_start", true), ("typing_stop", false)] {
        let begun = Instant::now();
        writes
            .call(event, conversation.clone())
            .await
            .expect("typed");
        let heard = at_once(&mut reads, "user_typing", begun).await;
        assert_eq!(heard["user_id"], "ann");
        assert_eq!(heard["is_typing"], is_typing);
    }
    let started = writes.call("typing_start", conversation);
    started.await.expect("typed");
    assert_eq!(reads.event("user_typing").await["is_typing"], true);
    ann.say(&id, "there it is").await;
    let heard = at_once(&mut reads, "user_typing", Instant::now()).await;
    assert_eq!(heard["is_typing"], false);
    let left = reads.drain().await;
    let typing = left.iter().filter(|event| event["event"] == "user_typing");
    assert_eq!(typing.count(), 0, "{left:?}");
}

#[actix_rt::test]
async fn a_client_that_polls_sees_who_types_at_the_other_server() {
    let wired = Wired::with(&["--dialects", "quotexbert"]).await;
    let (ann, bob) = wired.two().await;
    let id = wired.one.direct(&ann, &bob).await;
    let typing = "/api/typing-indicators";
    let polled = format!("{typing}?threadId={id}&userId=bob");
    let look = async || bob.get(&polled).await.expect_status(200).body;
    assert_eq!(look().await, json!({ "typingUsers": [] }));
    for (action, count) in [("start", 1), ("stop", 0)] {
        let said = json!({ "threadId": id, "userId": "ann", "action": action });
        ann.post(typing, said).await.expect_status(200);
        let what = format!("{count} who type");
        let has = |seen: &Value| seen["typingUsers"].as_array().map(Vec::len) == Some(count);
        until(&what, look, has).await;
    }
}

#[actix_rt::test]
async fn who_stops_typing_without_a_word_fades_elsewhere_too() {
    let wired = Wired::new().await;
    let (ann, bob) = wired.two().await;
    let id = wired.one.direct(&ann, &bob).await;
    let (mut writes, mut reads) = (ann.joined(&id).await, bob.joined(&id).await);
    let started = writes.call("typing_start", json!({ "conversation_id": id }));
    started.await.expect("typed");
    assert_eq!(reads.event("user_typing").await["is_typing"], true);
    assert_eq!(reads.event("user_typing").await["is_typing"], false);
    let left = reads.drain().await;
    assert!(
        left.iter().all(|event| event["event"] != "user_typing"),
        "{left:?}"
    );
}

async fn enters(person: &Person, room: &str) -> SocketIoClient {
    let mut client = SocketIoClient::lola(person).await;
    client
        .call("chat:join-room", json!({ "roomId": room }))
        .await;
    client
}

async fn leaves(client: &mut SocketIoClient, room: &str) {
    client
        .call("chat:leave-room", json!({ "roomId": room }))
        .await;
}

async fn coming_and_going(client: &mut SocketIoClient) -> Vec<Value> {
    let heard = client.drain().await;
    let names = ["chat:user-joined", "chat:user-left"];
    let is_one = |event: &Value| names.iter().any(|name| event[0] == *name);
    heard.into_iter().filter(is_one).collect()
}

#[actix_rt::test]
async fn who_joins_with_the_first_client_and_leaves_with_the_last_is_told_once_on_all_servers() {
    let wired = Wired::new().await;
    let (ann, bob) = wired.two().await;
    let room = wired.one.direct(&ann, &bob).await;
    let mut ann_here = enters(&ann, &room).await;
    let mut bob_first = enters(&bob, &room).await;
    let told = ann_here.event("chat:user-joined").await;
    assert_eq!(told["userId"], "bob");
    // Bob's second client, at the first server, is no news anywhere.
    let bob_here = on(&wired.one, "bob");
    let mut bob_second = enters(&bob_here, &room).await;
    leaves(&mut bob_first, &room).await;
    // What was told before has come when a later message has.
    ann.say(&room, "a witness").await;
    ann_here.event("chat:new-message").await;
    bob_second.event("chat:new-message").await;
    assert_eq!(coming_and_going(&mut ann_here).await, [] as [Value; 0]);
    leaves(&mut bob_second, &room).await;
    let told = ann_here.event("chat:user-left").await;
    assert_eq!(told["userId"], "bob");
    assert_eq!(coming_and_going(&mut ann_here).await, [] as [Value; 0]);
}

#[actix_rt::test]
async fn a_server_whose_first_listener_comes_later_knows_who_was_there() {
    let wired = Wired::new().await;
    let (ann, bob) = wired.two().await;
    let room = wired.one.direct(&ann, &bob).await;
    let _bob_first = enters(&bob, &room).await;
    // The room of the first server was asleep when Bob joined at the other one.
    let mut ann_here = enters(&ann, &room).await;
    let ann_there = on(&wired.other, "ann");
    let mut witness = enters(&ann_there, &room).await;
    ann_there.say(&room, "a witness").await;
    for client in [&mut ann_here, &mut witness] {
        client.event("chat:new-message").await;
        // Bob may have been told of if he came while the room was being read.
        coming_and_going(client).await;
    }
    let bob_here = on(&wired.one, "bob");
    let mut bob_second = enters(&bob_here, &room).await;
    leaves(&mut bob_second, &room).await;
    ann.say(&room, "another witness").await;
    for client in [&mut ann_here, &mut witness] {
        client.event("chat:new-message").await;
        assert_eq!(coming_and_going(client).await, [] as [Value; 0]);
    }
}

#[actix_rt::test]
async fn what_a_conversation_is_for_somebody_is_told_to_their_sessions_at_both_servers() {
    let wired = Wired::new().await;
    let (ann, bob) = wired.two().await;
    let id = wired.one.direct(&ann, &bob).await;
    let bob_here = on(&wired.one, "bob");
    let (path, seen) = (
        format!("/api/v1/conversations/{id}/me"),
        json!({ "seq": 2 }),
    );
    for body in ["one", "two"] {
        ann.say(&id, body).await;
    }
    let mark = format!("/api/v1/conversations/{id}/seen");
    bob.post(&mark, seen.clone()).await.expect_status(200);
    let mut sockets = [bob.socket().await, bob_here.socket().await];
    // Each server reads again what the other one has made unread.
    for (unreads, reads) in [(&bob, &bob_here), (&bob_here, &bob)] {
        let begun = Instant::now();
        let change = json!({ "unread_from": 1, "starred": true });
        unreads.patch(&path, change).await.expect_status(200);
        for socket in &mut sockets {
            let told = at_once(socket, "mine_changed", begun).await;
            assert_eq!(told["mine"]["unread_from"], 1, "{told}");
        }
        let begun = Instant::now();
        reads.post(&mark, seen.clone()).await.expect_status(200);
        for socket in &mut sockets {
            let told = at_once(socket, "mine_changed", begun).await;
            assert_eq!(told["mine"]["unread_from"], Value::Null, "{told}");
            assert_eq!(told["mine"]["starred"], true, "{told}");
        }
        let unread = bob.get("/api/v1/unread").await.body;
        assert_eq!(unread["total"], 0);
    }
}

#[actix_rt::test]
async fn what_a_thread_is_for_somebody_is_told_to_their_sessions_at_both_servers() {
    let wired = Wired::new().await;
    let (ann, bob) = wired.two().await;
    let id = wired.one.direct(&ann, &bob).await;
    let bob_here = on(&wired.one, "bob");
    let root = bob.say(&id, "one").await["id"].clone();
    let reply = json!({ "body": "two", "thread_id": root });
    let path = format!("/api/v1/conversations/{id}");
    ann.post(&format!("{path}/messages"), reply)
        .await
        .expect_status(201);
    let mark = format!("{path}/seen");
    let mut sockets = [bob.joined(&id).await, bob_here.joined(&id).await];
    let begun = Instant::now();
    let main_line = json!({ "seq": 2, "thread": "none" });
    bob.post(&mark, main_line).await.expect_status(200);
    for socket in &mut sockets {
        let told = at_once(socket, "message_seen", begun).await;
        assert_eq!((&told["seq"], &told["thread"]), (&json!(2), &json!("none")));
    }
    let begun = Instant::now();
    let follow = format!("/api/v1/messages/{}/thread/follow", root.as_str().unwrap());
    bob_here.delete(&follow).await.expect_status(200);
    for socket in &mut sockets {
        let told = at_once(socket, "thread_changed", begun).await;
        assert_eq!(
            (&told["message_id"], &told["following"]),
            (&root, &json!(false))
        );
    }
    // The watermark stands there already, and everything is read with it.
    let begun = Instant::now();
    let all = json!({ "seq": 2 });
    bob_here.post(&mark, all).await.expect_status(200);
    for socket in &mut sockets {
        let told = at_once(socket, "message_seen", begun).await;
        assert_eq!((&told["seq"], &told["thread"]), (&json!(2), &json!("all")));
    }
}
