//! People who are online and have not joined: they are told at the server where they are, by that server alone, once.

use serde_json::{Value, json};
use std::time::Instant;

use super::{Wired, at_once, on};
use crate::client::{Person, Socket};
use crate::polling::until;
use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::TestApp;

/// The events of this name among those that have come.
async fn come(socket: &mut Socket, name: &str) -> Vec<Value> {
    let mut come = socket.drain().await;
    come.retain(|event| event["event"] == name);
    come
}

/// Waits until no room of a server runs, which needs `--room-idle-seconds`.
async fn until_asleep(app: &TestApp) {
    let look = async || app.rooms_awake();
    until("rooms that sleep", look, |awake| *awake == 0).await;
}

#[actix_rt::test]
async fn a_message_is_notified_at_the_server_where_somebody_is_online_whether_the_room_sleeps_there_or_not()
 {
    let wired = Wired::new().await;
    let (ann, bob) = wired.two().await;
    let id = wired.one.direct(&ann, &bob).await;
    let mut there = bob.socket().await;
    let mut here = on(&wired.one, "bob").socket().await;
    for number in 1..=3 {
        assert_eq!(wired.other.rooms_awake(), usize::from(number > 1));
        let said = ann.say(&id, &format!("message {number}")).await;
        let begun = Instant::now();
        for socket in [&mut there, &mut here] {
            let told = at_once(socket, "notification", begun).await;
            assert_eq!(told["unread"], number, "{told}");
            assert_eq!(told["id"], said["id"], "{told}");
        }
    }
    for socket in [&mut there, &mut here] {
        assert_eq!(come(socket, "notification").await, [] as [Value; 0]);
    }
}

#[actix_rt::test]
async fn a_server_where_nobody_is_concerned_starts_no_room() {
    let wired = Wired::new().await;
    let (ann, bob) = wired.two().await;
    let id = wired.one.direct(&ann, &bob).await;
    let eve = on(&wired.other, "eve");
    let mut socket = eve.socket().await;
    ann.say(&id, "not for Eve").await;
    // A conversation of hers comes over the same wire after it.
    let hers = wired.one.direct(&ann, &eve).await;
    ann.say(&hers, "for Eve").await;
    socket.event("notification").await;
    assert_eq!(wired.other.rooms_awake(), 1);
}

#[actix_rt::test]
async fn reading_elsewhere_is_told_to_a_session_that_has_not_joined() {
    let options = ["--room-idle-seconds", "1"];
    let wired = Wired::with(&options).await;
    let (ann, bob) = wired.two().await;
    let id = wired.one.direct(&ann, &bob).await;
    let mut said = Value::Null;
    for number in 0..3 {
        said = ann.say(&id, &format!("message {number}")).await;
    }
    until_asleep(&wired.other).await;
    let mut badge = bob.socket().await;
    let bob_here = on(&wired.one, "bob");
    let seen = format!("/api/v1/conversations/{id}/seen");
    for (seq, unread) in [(1, 2), (3, 0)] {
        let read = bob_here.post(&seen, json!({ "seq": seq })).await;
        read.expect_status(200);
        let told = badge.event("unread_changed").await;
        assert_eq!(told["unread"], unread, "{told}");
        assert_eq!(told["read_seq"], seq);
    }
    // The room of the other server sleeps again: an edit and a deletion are told there too.
    until_asleep(&wired.other).await;
    let message = format!("/api/v1/messages/{}", said["id"].as_str().expect("an id"));
    let edited = ann.patch(&message, json!({ "body": "edited" })).await;
    edited.expect_status(200);
    let told = badge.event("unread_changed").await;
    assert_eq!(told["last_message"]["message"], "edited", "{told}");
    until_asleep(&wired.other).await;
    ann.delete(&message).await.expect_status(200);
    let told = badge.event("unread_changed").await;
    assert!(told["last_message"]["deleted_at"].is_string(), "{told}");
}

#[actix_rt::test]
async fn a_new_conversation_is_told_to_its_people_at_both_servers_once() {
    let wired = Wired::new().await;
    let (ann, bob) = wired.two().await;
    let mut here = on(&wired.one, "bob").socket().await;
    let mut there = bob.socket().await;
    let begun = Instant::now();
    let id = wired.one.group(&ann, &[&bob]).await;
    for socket in [&mut here, &mut there] {
        let told = at_once(socket, "conversation_created", begun).await;
        assert_eq!(told["conversation"]["id"], id);
        assert_eq!(
            told["conversation"]["participants"]
                .as_array()
                .map(Vec::len),
            Some(2)
        );
    }
    ann.say(&id, "a witness").await;
    for socket in [&mut here, &mut there] {
        socket.event("notification").await;
        assert_eq!(come(socket, "conversation_created").await, [] as [Value; 0]);
    }
}

/// Ann's group at the first server, whose room sleeps at the other one, where Bob is online.
async fn changed(ann: &Person, id: &str, socket: &mut Socket) -> [Value; 3] {
    let place = format!("/api/v1/conversations/{id}");
    let people = format!("{place}/participants");
    let begun = Instant::now();
    let added = ann.post(&people, json!({ "user_id": "bob" })).await;
    assert!(added.status < 300, "{added:?}");
    let created = at_once(socket, "conversation_created", begun).await;
    let begun = Instant::now();
    let renamed = ann.patch(&place, json!({ "title": "renamed" })).await;
    renamed.expect_status(200);
    let renamed = loop {
        let updated = at_once(socket, "conversation_updated", begun).await;
        if updated["conversation"]["title"] == "renamed" {
            break updated;
        }
    };
    let begun = Instant::now();
    let removed = ann.delete(&format!("{people}/bob")).await;
    assert!(removed.status < 300, "{removed:?}");
    let lost = at_once(socket, "conversation_updated", begun).await;
    [created, renamed, lost]
}

#[actix_rt::test]
async fn who_is_added_and_removed_and_what_is_renamed_is_told_whether_the_room_sleeps_or_not() {
    let wired = Wired::new().await;
    let (ann, bob) = wired.two().await;
    let mut socket = bob.socket().await;
    for is_awake in [false, true] {
        let id = wired.one.group(&ann, &[]).await;
        let ann_there = on(&wired.other, "ann");
        let witness = match is_awake {
            true => Some(ann_there.joined(&id).await),
            false => None,
        };
        let [created, renamed, lost] = changed(&ann, &id, &mut socket).await;
        assert_eq!(created["conversation"]["id"], id);
        assert_eq!(renamed["conversation"]["id"], id);
        assert_eq!(lost["conversation"]["membership"], "removed", "{lost}");
        assert_eq!(
            come(&mut socket, "conversation_created").await,
            [] as [Value; 0],
            "{is_awake}"
        );
        drop(witness);
    }
}

#[actix_rt::test]
async fn each_dialect_tells_its_users_at_the_other_server() {
    let wired = Wired::new().await;
    let (ann, bob) = wired.two().await;
    let id = wired.one.direct(&ann, &bob).await;
    let mut stoory = SocketIoClient::stoory(&bob).await;
    let mut lola = SocketIoClient::lola(&bob).await;
    ann.say(&id, "hello").await;
    let told = lola.event("notification:new").await;
    assert_eq!(told["message"], "hello");
    for event in ["notification", "conversation_list_updated"] {
        let told = stoory.event(event).await;
        assert!(told.to_string().contains("hello"), "{told}");
    }
    // Ann's own sessions at the other server hear of what she said here.
    let mut own = SocketIoClient::stoory(&on(&wired.other, "ann")).await;
    ann.say(&id, "hello again").await;
    let told = own.event("message_sent").await;
    assert_eq!(told["message"]["message"], "hello again", "{told}");
}

#[actix_rt::test]
async fn a_notification_is_not_lost_when_its_room_is_being_read() {
    let wired = Wired::with(&["--room-idle-seconds", "1"]).await;
    let (ann, bob) = wired.two().await;
    let id = wired.one.direct(&ann, &bob).await;
    let mut socket = bob.socket().await;
    // Messages come faster than a room is read.
    for round in 0..3 {
        until_asleep(&wired.other).await;
        let says = (0..5).map(|number| {
            let (ann, id) = (ann.clone(), id.clone());
            async move { ann.say(&id, &format!("{round} {number}")).await }
        });
        let said = futures_util::future::join_all(says).await;
        let mut wanted: Vec<Value> = said.iter().map(|it| it["id"].clone()).collect();
        while !wanted.is_empty() {
            let told = socket.event("notification").await;
            let place = wanted.iter().position(|id| *id == told["id"]);
            wanted.remove(place.expect("a message of this round, once"));
        }
    }
    assert_eq!(come(&mut socket, "notification").await, [] as [Value; 0]);
}
