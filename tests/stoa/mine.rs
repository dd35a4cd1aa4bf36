//! What a conversation is for one person: notifications, a mark, hidden, unread again. And when somebody was last here.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use crate::blocks::block;
use crate::client::{Person, Socket};
use crate::participants::path;
use crate::polling::until;
use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::TestApp;

async fn mine(person: &Person, conversation: &str, change: Value) -> Value {
    let changed = person.patch(&path(conversation, "/me"), change).await;
    changed.expect_status(200).body
}

async fn seen(person: &Person, conversation: &str, seq: i64) {
    let seq = json!({ "seq": seq });
    let marked = person.post(&path(conversation, "/seen"), seq).await;
    marked.expect_status(200);
}

async fn unread(person: &Person) -> Value {
    person.get("/api/v1/unread").await.body["total"].clone()
}

/// Ann and Bob in a group in which Ann has said three things, of which Bob has read all.
async fn two() -> (TestApp, Person, Person, String) {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let group = app.group(&ann, &[&bob]).await;
    for body in ["one", "two", "three"] {
        ann.say(&group, body).await;
    }
    seen(&bob, &group, 3).await;
    (app, ann, bob, group)
}

/// The events of this name that a socket has heard.
async fn heard(socket: &mut Socket, name: &str) -> Vec<Value> {
    let mut frames = socket.drain().await;
    frames.retain(|frame| frame["event"] == name);
    frames
}

#[tokio::test]
async fn it_is_shown_to_its_owner_alone() {
    let (app, ann, bob, group) = two().await;
    let (mut own, mut of_ann) = (bob.socket().await, ann.joined(&group).await);
    let before = ann.get(&path(&group, "")).await.body;
    let change = json!({ "starred": true, "notify": { "level": "mentions" }, "unread_from": 2 });
    let changed = mine(&bob, &group, change).await;
    let expected = json!({
        "notify": { "level": "mentions", "until": null }, "starred": true, "hidden": false, "unread_from": 2, "threads_seq": 3,
    });
    assert_eq!(changed["mine"], expected);
    assert_eq!(changed["last_seq"], before["last_seq"], "it takes no seq");
    let told = own.event("mine_changed").await;
    assert_eq!(
        (&told["conversation_id"], &told["mine"]),
        (&json!(group), &expected)
    );
    let listed = bob.get("/api/v1/conversations").await.body;
    assert_eq!(listed["items"][0]["mine"], expected);
    let mut other = bob.socket().await;
    let join = json!({ "conversation_id": group });
    let joined = other.call("join_conversation", join).await.unwrap();
    assert_eq!(joined["conversation"]["mine"], expected);
    assert_eq!(ann.get(&path(&group, "")).await.body, before);
    assert_eq!(of_ann.drain().await, Vec::<Value>::new());
    let staff = app.person_with("staff", &["support"]).await;
    let outside = staff.get(&path(&group, "")).await.body;
    assert_eq!(outside["mine"], Value::Null);
    for (query, count) in [("starred=true", 1), ("starred=false", 0)] {
        let found = bob
            .get(&format!("/api/v1/conversations?{query}"))
            .await
            .body;
        assert_eq!(found["items"].as_array().unwrap().len(), count, "{query}");
    }
    let kept = mine(&bob, &group, json!({ "starred": false })).await;
    assert_eq!(kept["mine"]["notify"]["level"], "mentions");
    for wrong in [
        json!({}),
        json!({ "notify": { "level": "some" } }),
        json!({ "notify": { "level": "none", "until": "2020-01-01T00:00:00Z" } }),
        json!({ "unread_from": 0 }),
        json!({ "starred": "yes" }),
    ] {
        let refused = bob.patch(&path(&group, "/me"), wrong.clone()).await;
        refused.expect_status(400).expect_code("INVALID_REQUEST");
    }
}

/// How many conversations each of somebody's lists has.
async fn lists(person: &Person) -> [usize; 3] {
    let mut counts = [0; 3];
    for (count, (list, field)) in counts.iter_mut().zip([
        ("/api/v1/conversations", "items"),
        ("/api/messages/conversations", "conversations"),
        ("/chat/rooms", "rooms"),
    ]) {
        let answer = person.get(list).await.expect_status(200).body;
        *count = answer[field].as_array().expect(field).len();
    }
    counts
}

#[tokio::test]
async fn what_is_hidden_comes_back_with_the_next_message() {
    let (app, ann, bob, group) = two().await;
    let cara = app.person("cara").await;
    let added = json!({ "user_id": "cara" });
    ann.post(&path(&group, "/participants"), added).await;
    assert_eq!(lists(&bob).await, [1, 1, 1]);
    let hidden = mine(&bob, &group, json!({ "hidden": true })).await;
    assert_eq!(hidden["mine"]["hidden"], true);
    assert_eq!(lists(&bob).await, [0, 0, 0]);
    assert_eq!(lists(&ann).await, [1, 1, 1]);
    let found = bob.get("/api/v1/conversations?hidden=true").await.body;
    assert_eq!(found["items"][0]["id"], group);
    bob.get(&path(&group, "")).await.expect_status(200);
    // What Bob does not see, or does not want to hear of, brings nothing back.
    block(&bob, "cara").await;
    cara.say(&group, "of somebody blocked").await;
    ann.patch(&path(&group, ""), json!({ "title": "Another" }))
        .await;
    assert_eq!(lists(&bob).await, [0, 0, 0]);
    ann.say(&group, "four").await;
    assert_eq!(lists(&bob).await, [1, 1, 1]);
    let shown = bob.get(&path(&group, "")).await.body;
    assert_eq!(shown["mine"]["hidden"], false);
    mine(&bob, &group, json!({ "hidden": true })).await;
    mine(&bob, &group, json!({ "hidden": false })).await;
    assert_eq!(lists(&bob).await, [1, 1, 1]);
}

#[tokio::test]
async fn what_was_read_counts_as_unread_again_until_it_is_read_again() {
    let (app, ann, bob, group) = two().await;
    let mut elsewhere = bob.socket().await;
    assert_eq!(unread(&bob).await, 0);
    let changed = mine(&bob, &group, json!({ "unread_from": 2 })).await;
    assert_eq!(
        (&changed["unread"], &changed["mine"]["unread_from"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(unread(&bob).await, 2);
    let told = elsewhere.event("unread_changed").await;
    assert_eq!((&told["unread"], &told["read_seq"]), (&json!(2), &json!(3)));
    let found = bob.get("/api/v1/search?q=is:unread").await.body;
    assert_eq!(found["items"].as_array().unwrap().len(), 2);
    let of_bob = ann.get(&path(&group, "")).await.body["participants"][1].clone();
    assert_eq!(of_bob["read_seq"], 3, "others see what was read");
    // Reading what is before does not end it; a new message counts with the others.
    seen(&bob, &group, 1).await;
    ann.say(&group, "four").await;
    assert_eq!(unread(&bob).await, 3);
    seen(&bob, &group, 4).await;
    assert_eq!(unread(&bob).await, 0);
    while elsewhere.event("unread_changed").await["unread"] != 0 {}
    // Without any movement of the watermark.
    mine(&bob, &group, json!({ "unread_from": 4 })).await;
    assert_eq!(unread(&bob).await, 1);
    seen(&bob, &group, 4).await;
    assert_eq!(unread(&bob).await, 0);
    let shown = bob.get(&path(&group, "")).await.body;
    assert_eq!(shown["mine"]["unread_from"], Value::Null);
    mine(&bob, &group, json!({ "unread_from": 1 })).await;
    mine(&bob, &group, json!({ "unread_from": null })).await;
    assert_eq!(unread(&bob).await, 0);
    // A room that was lost knows of it too.
    mine(&bob, &group, json!({ "unread_from": 4 })).await;
    app.lose_room(&group);
    let mark = async || {
        let seq = json!({ "seq": 4 });
        bob.post(&path(&group, "/seen"), seq).await.status
    };
    until("the room to be there", mark, |it| *it == 200).await;
    assert_eq!(unread(&bob).await, 0);
    // What was not read needs no mark.
    ann.say(&group, "five").await;
    let changed = mine(&bob, &group, json!({ "unread_from": 5 })).await;
    assert_eq!(changed["mine"]["unread_from"], Value::Null);
}

#[tokio::test]
async fn through_another_server_it_is_read_again_too() {
    let (app, _ann, bob, group) = two().await;
    let other = TestApp::on(app.database.clone(), &["--rate-limits", "off"]).await;
    let bob_there = Person::new(other.address, "bob", bob.token.clone());
    let mut listening = bob_there.joined(&group).await;
    mine(&bob, &group, json!({ "unread_from": 3 })).await;
    assert_eq!(unread(&bob_there).await, 1);
    let read = async || {
        seen(&bob_there, &group, 3).await;
        unread(&bob_there).await
    };
    until("the other server to know", read, |count| *count == 0).await;
    listening.drain().await;
}

#[tokio::test]
async fn who_wants_no_notifications_is_told_the_count_alone() {
    let (app, ann, bob, group) = two().await;
    let mut elsewhere = bob.socket().await;
    let mut foreign = [
        SocketIoClient::stoory(&bob).await,
        SocketIoClient::lola(&bob).await,
    ];
    for level in ["none", "mentions"] {
        let quiet = json!({ "notify": { "level": level } });
        mine(&bob, &group, quiet).await;
        for client in &mut foreign {
            client.drain().await;
        }
        elsewhere.drain().await;
        let before = unread(&bob).await.as_i64().unwrap();
        ann.say(&group, "quiet").await;
        let told = elsewhere.event("unread_changed").await;
        assert_eq!(told["unread"], before + 1, "{level}");
        assert_eq!(
            heard(&mut elsewhere, "notification").await,
            [Value::Null; 0]
        );
        for client in &mut foreign {
            let told = json!(client.drain().await).to_string();
            let names = ["\"notification\"", "\"notification:new\""];
            assert!(!names.iter().any(|name| told.contains(name)), "{told}");
        }
    }
    let for_a_while = json!({ "notify": { "level": "none", "until": "2999-01-01T00:00:00Z" } });
    let changed = mine(&bob, &group, for_a_while).await;
    let until = "2999-01-01T00:00:00.000Z";
    assert_eq!(
        changed["mine"]["notify"],
        json!({ "level": "none", "until": until })
    );
    let over = "update participants set notify_until = now() - interval '1 second' where notify_until is not null";
    app.connection().batch_execute(over).unwrap();
    let shown = bob.get(&path(&group, "")).await.body;
    assert_eq!(
        shown["mine"]["notify"],
        json!({ "level": "all", "until": null })
    );
    elsewhere.drain().await;
    ann.say(&group, "loud").await;
    assert_eq!(elsewhere.event("notification").await["message"], "loud");
}

async fn last_seen(reader: &Person, conversation: &str, whom: &str) -> Value {
    let at = path(conversation, "/participants?gone=true");
    let listed = reader.get(&at).await.expect_status(200).body;
    let mut items = listed["items"].as_array().unwrap().iter();
    let member = items.find(|item| item["user_id"] == whom).unwrap();
    member["last_seen_at"].clone()
}

#[tokio::test]
async fn others_see_when_somebody_was_last_here() {
    let app = TestApp::with(&["--rate-limits", "off", "--offline-grace-seconds", "0"]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let group = app.group(&ann, &[&bob]).await;
    assert_eq!(last_seen(&ann, &group, "bob").await, Value::Null);
    let first = bob.socket().await;
    let second = bob.socket().await;
    first.close().await;
    assert_eq!(last_seen(&ann, &group, "bob").await, Value::Null);
    second.close().await;
    let is_told = |at: &Value| at.is_string();
    let look = async || last_seen(&ann, &group, "bob").await;
    let at = until("when Bob was here", look, is_told).await;
    let again = bob.socket().await;
    let look = async || last_seen(&ann, &group, "bob").await;
    until("that Bob is here", look, Value::is_null).await;
    again.close().await;
    let both = async || {
        let profile = ann.get("/api/v1/users/bob").await.body;
        (look().await, profile["last_seen_at"].clone())
    };
    let are_new = |seen: &(Value, Value)| seen.0 == seen.1 && seen.0.as_str() > at.as_str();
    until("when Bob was here again", both, are_new).await;
    block(&bob, "ann").await;
    assert_eq!(last_seen(&ann, &group, "bob").await, Value::Null);
    let own = bob.get("/api/v1/me").await.body;
    assert_eq!(own["last_seen_at"], Value::Null);
}

#[tokio::test]
async fn who_left_as_the_server_stopped_was_last_here_then() {
    let mut app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let group = app.group(&ann, &[&bob]).await;
    let _here = bob.socket().await;
    app.stop().await;
    app.start_again().await;
    let ann = app.person("ann").await;
    assert!(last_seen(&ann, &group, "bob").await.is_string());
}
