//! Presence, typing and receipts of two users between whom a block stands.

use serde_json::{Value, json};

use super::{block, three, two, unblock};
use crate::client::{Person, Socket};
use crate::participants::path;
use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::TestApp;

/// The names of events about a user's signals.
fn signals_of<'a>(heard: &'a [Value], user: &str) -> Vec<&'a str> {
    let is_signal = |name: &str| {
        let signals = [
            "user_typing",
            "message_seen",
            "message_delivered",
            "user_status_change",
            "user_offline",
        ];
        signals.contains(&name)
    };
    let about = heard.iter().filter(|it| it["data"]["user_id"] == user);
    let names = about.filter_map(|it| it["event"].as_str());
    names.filter(|name| is_signal(name)).collect()
}

async fn signal(socket: &mut Socket, group: &str, seq: i64) {
    let here = json!({ "conversation_id": group });
    let mark = json!({ "conversation_id": group, "seq": seq });
    let busy = json!({ "status": "busy" });
    socket.call("typing_start", here.clone()).await.unwrap();
    socket.call("typing_stop", here).await.unwrap();
    socket.call("mark_seen", mark).await.unwrap();
    socket.call("user_status", busy).await.unwrap();
}

fn shown<'a>(conversation: &'a Value, user: &str) -> &'a Value {
    let people = conversation["participants"].as_array().expect("people");
    let found = people.iter().find(|person| person["user_id"] == user);
    found.expect("shown")
}

/// The group of three, in which each has joined, types, has read up to 2 and is busy; and what each has heard of that.
async fn signalled() -> (TestApp, [Person; 3], String, [(Socket, Vec<Value>); 3]) {
    let (app, people, group) = three().await;
    people[2].say(&group, "one").await;
    let mut sockets = [
        people[0].joined(&group).await,
        people[1].joined(&group).await,
        people[2].joined(&group).await,
    ];
    for socket in &mut sockets {
        signal(socket, &group, 2).await;
    }
    let mut heard = Vec::new();
    for socket in &mut sockets {
        heard.push(socket.drain().await);
    }
    for socket in &mut sockets {
        let busy = json!({ "status": "busy" });
        socket.call("user_status", busy).await.unwrap();
    }
    let mut heard = heard.into_iter();
    let sockets = sockets.map(|socket| (socket, heard.next().expect("what was heard")));
    (app, people, group, sockets)
}

#[tokio::test]
async fn neither_hears_presence_typing_or_receipts_of_the_other() {
    let (_app, _, _, heard) = signalled().await;
    let [at_anns, at_bobs, at_caras] = heard.map(|(_, heard)| heard);
    assert_eq!(signals_of(&at_anns, "bob"), [""; 0]);
    assert_eq!(signals_of(&at_bobs, "ann"), [""; 0]);
    for user in ["ann", "bob"] {
        let told = signals_of(&at_caras, user);
        for name in ["user_typing", "message_seen", "user_status_change"] {
            assert!(told.contains(&name), "{user}: {told:?}");
        }
    }
}

#[tokio::test]
async fn neither_is_shown_presence_or_receipts_of_the_other() {
    let (_app, [ann, bob, _], group, _sockets) = signalled().await;
    let hidden = (&json!("offline"), &json!(0), &json!(0));
    for (reader, other) in [(&ann, "bob"), (&bob, "ann")] {
        let mut socket = reader.socket().await;
        let join = json!({ "conversation_id": group });
        let joined = socket.call("join_conversation", join).await.unwrap();
        let one = reader.get(&path(&group, "")).await.body;
        let list = reader.get("/api/v1/conversations").await.body["items"][0].clone();
        for conversation in [&joined["conversation"], &joined, &one, &list] {
            let person = shown(conversation, other);
            let (read, delivered) = (&person["read_seq"], &person["delivered_seq"]);
            assert_eq!(
                (&person["status"], read, delivered),
                hidden,
                "{}",
                reader.id
            );
            assert_eq!(shown(conversation, "cara")["status"], "busy");
            assert_eq!(shown(conversation, &reader.id)["status"], "busy");
        }
        let profile = reader.get(&format!("/api/v1/users/{other}")).await;
        assert_eq!(profile.expect_status(200).body["status"], "offline");
    }
}

#[tokio::test]
async fn events_for_all_show_each_what_they_may_see() {
    let (_app, [ann, bob, _], group, mut sockets) = signalled().await;
    let renamed = json!({ "title": "renamed" });
    let changed = ann.patch(&path(&group, ""), renamed).await;
    changed.expect_status(200);
    for ((socket, _), other) in sockets.iter_mut().zip([Some("bob"), Some("ann"), None]) {
        let told = socket.event("conversation_updated").await["conversation"].clone();
        for user in ["ann", "bob"] {
            let is_hidden = other == Some(user);
            let status = if is_hidden { "offline" } else { "busy" };
            assert_eq!(shown(&told, user)["status"], status);
            assert_eq!(shown(&told, user)["read_seq"] == 0, is_hidden);
        }
    }
    let (at_bobs, _) = &mut sockets[1];
    at_bobs.drain().await;
    unblock(&ann, "bob").await;
    let told = at_bobs.event("user_status_change").await;
    assert_eq!(told, json!({ "user_id": "ann", "status": "busy" }));
    let one = bob.get(&path(&group, "")).await.body;
    assert_eq!(shown(&one, "ann")["read_seq"], 2);
}

#[actix_rt::test]
async fn other_dialects_show_no_receipts_either() {
    let (app, ann, bob, direct) = two().await;
    let group = app.group(&ann, &[&bob]).await;
    bob.say(&group, "seen?").await;
    block(&ann, "bob").await;
    let seen = |seq: i64| json!({ "seq": seq });
    for (id, seq) in [(&group, 1), (&direct, 2)] {
        ann.post(&path(id, "/seen"), seen(seq))
            .await
            .expect_status(200);
    }
    for id in [&group, &direct] {
        let page = format!("/api/messages/conversations/{id}/messages");
        let rows = bob.get(&page).await.expect_status(200).body;
        let messages = rows["messages"]
            .as_array()
            .or(rows["data"]["messages"].as_array());
        let messages = messages.unwrap_or_else(|| panic!("{rows}")).clone();
        let own = messages.iter().filter(|row| row["sender_id"] == "bob");
        assert!(
            own.clone().count() > 0 && own.clone().all(|row| row["seen"] != true),
            "{rows}"
        );
        let rooms = bob.get(&format!("/chat/rooms/{id}/messages")).await.body;
        let own = rooms["messages"].as_array().unwrap().iter();
        let own: Vec<_> = own.filter(|it| it["senderId"] == "bob").collect();
        assert!(!own.is_empty());
        for message in own {
            assert_eq!(message["isRead"], false, "{message}");
            assert_eq!(message["metadata"]["deliveryStatus"], "sent");
        }
    }
    let mut talker = SocketIoClient::stoory(&bob).await;
    let join = json!({ "conversationId": group });
    let joined = talker.ask("join_conversation", join).await;
    assert_eq!(joined["success"], true, "{joined}");
}
