//! Blocks between users: what they end between the two, and what they hide wherever both take part.

use serde_json::{Value, json};

use crate::client::{Person, Socket};
use crate::participants::path;
use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::TestApp;

pub async fn block(by: &Person, whom: &str) {
    let answer = by.put(&format!("/api/v1/blocks/{whom}"), json!({})).await;
    answer.expect_status(204);
}

pub async fn unblock(by: &Person, whom: &str) {
    let answer = by.delete(&format!("/api/v1/blocks/{whom}")).await;
    answer.expect_status(204);
}

async fn say(person: &Person, conversation: &str, body: &str) -> crate::client::Answer {
    let message = json!({ "body": body });
    person.post(&path(conversation, "/messages"), message).await
}

/// Ann and Bob with their direct conversation, in which each has said something.
async fn two() -> (TestApp, Person, Person, String) {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let direct = app.direct(&ann, &bob).await;
    ann.say(&direct, "of ann").await;
    bob.say(&direct, "of bob").await;
    (app, ann, bob, direct)
}

#[tokio::test]
async fn nobody_says_anything_in_the_direct_conversation_of_the_two() {
    let (app, ann, bob, direct) = two().await;
    let staff = app.person_with("staff", &["support"]).await;
    let said = bob.say(&direct, "to be edited").await;
    let message = format!("/api/v1/messages/{}", said["id"].as_str().unwrap());
    let mut sockets = [ann.joined(&direct).await, bob.joined(&direct).await];
    let before = ann.get(&path(&direct, "")).await.body;
    block(&ann, "bob").await;
    for (person, socket) in [&ann, &bob].into_iter().zip(&mut sockets) {
        let refused = say(person, &direct, "no").await.expect_status(403);
        refused.expect_code("UNREACHABLE");
        for (event, data) in [
            (
                "send_message",
                json!({ "conversation_id": direct, "body": "no" }),
            ),
            ("typing_start", json!({ "conversation_id": direct })),
        ] {
            let refused = socket.call(event, data).await.unwrap_err();
            assert_eq!(refused["error_code"], "UNREACHABLE", "{event}");
        }
        let heard: Vec<Value> = socket.drain().await;
        let is_signal = |frame: &Value| frame["event"] == "user_offline";
        assert!(heard.iter().all(is_signal), "{heard:?}");
    }
    let sent = json!({ "conversation_id": direct, "message": "no" });
    let refused = bob.post("/api/messages/send", sent).await;
    refused.expect_status(403).expect_code("UNREACHABLE");
    let sent = json!({ "content": "no" });
    let refused = bob
        .post(&format!("/chat/rooms/{direct}/messages"), sent)
        .await;
    refused.expect_status(400).expect_code("UNREACHABLE");
    let edited = bob.patch(&message, json!({ "body": "no" })).await;
    edited.expect_status(403).expect_code("UNREACHABLE");
    assert_eq!(
        bob.bodies(&direct).await,
        ["of ann", "of bob", "to be edited"]
    );
    let after = ann.get(&path(&direct, "")).await.body;
    assert_eq!(
        before["updated_at"], after["updated_at"],
        "nothing shows it"
    );
    staff.say(&direct, "the platform may").await;
    bob.delete(&message).await.expect_status(200);
    unblock(&ann, "bob").await;
    bob.say(&direct, "again").await;
    ann.say(&direct, "again").await;
}

#[tokio::test]
async fn a_send_again_of_what_was_sent_before_the_block_is_answered() {
    let (_app, ann, bob, direct) = two().await;
    let message = json!({ "body": "once", "client_id": "c-1" });
    let first = bob.post(&path(&direct, "/messages"), message.clone()).await;
    block(&ann, "bob").await;
    let again = bob.post(&path(&direct, "/messages"), message).await;
    assert_eq!(again.expect_status(200).body["id"], first.body["id"]);
}

#[tokio::test]
async fn no_conversation_is_begun_between_the_two() {
    let (app, ann, bob, _) = two().await;
    let (cara, silent) = (app.person("cara").await, app.person("silent").await);
    let platform = app.person_with("platform", &["service"]).await;
    let nobody = json!({ "accept": "nobody" });
    silent
        .put("/api/v1/me/privacy", nobody)
        .await
        .expect_status(200);
    block(&cara, "bob").await;
    let group = app.group(&bob, &[&ann]).await;
    let begin =
        |kind: &str, other: &str| json!({ "kind": kind, "participants": [{ "user_id": other }] });
    let initialize =
        |other: &str| json!({ "bid_id": "b-1", "influencer_id": other, "proposed_amount": 4000 });
    for (post, body) in [
        ("/api/v1/conversations", begin("direct", "$")),
        ("/api/v1/conversations", begin("group", "$")),
        ("/api/v1/conversations", begin("support", "$")),
        (
            "/api/messages/direct-connect",
            json!({ "target_user_id": "$" }),
        ),
        (
            "/api/messages/send",
            json!({ "receiver_id": "$", "message": "hello" }),
        ),
        ("/api/bids/automated/initialize", initialize("$")),
        (&path(&group, "/participants"), json!({ "user_id": "$" })),
    ] {
        let mut answers = Vec::new();
        for other in ["cara", "silent"] {
            let body = body.to_string().replace('$', other);
            let answer = bob.request("POST", post, Some(body), &[]).await;
            let answer = answer.expect_status(403).expect_code("UNREACHABLE");
            answers.push(answer.body);
        }
        assert_eq!(answers[0], answers[1], "{post}: the reason stays unknown");
    }
    let refused = cara.post("/api/v1/conversations", begin("direct", "bob"));
    refused.await.expect_code("UNREACHABLE");
    let made =
        json!({ "kind": "direct", "participants": [{ "user_id": "cara" }, { "user_id": "bob" }] });
    let made = platform.post("/api/v1/conversations", made).await;
    let id = made.expect_status(201).body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    say(&bob, &id, "no").await.expect_code("UNREACHABLE");
    unblock(&cara, "bob").await;
    say(&bob, &id, "yes").await.expect_status(201);
}

#[tokio::test]
async fn who_left_and_blocked_is_not_brought_back() {
    let (_app, ann, bob, direct) = two().await;
    let left = ann.delete(&path(&direct, "/participants/ann")).await;
    left.expect_status(204);
    block(&ann, "bob").await;
    let again = json!({ "kind": "direct", "participants": [{ "user_id": "ann" }] });
    let refused = bob.post("/api/v1/conversations", again.clone()).await;
    refused.expect_code("UNREACHABLE");
    let back = json!({ "user_id": "ann" });
    let refused = bob.post(&path(&direct, "/participants"), back).await;
    refused.expect_code("UNREACHABLE");
    unblock(&ann, "bob").await;
    let found = bob.post("/api/v1/conversations", again).await;
    assert_eq!(found.expect_status(200).body["id"], direct);
}

/// Ann, Bob and Cara in a group; Ann has blocked Bob.
async fn three() -> (TestApp, [Person; 3], String) {
    let app = TestApp::start().await;
    let people = [
        app.person("ann").await,
        app.person("bob").await,
        app.person("cara").await,
    ];
    let [ann, bob, cara] = &people;
    let group = app.group(ann, &[bob, cara]).await;
    block(ann, "bob").await;
    (app, people, group)
}

fn marked(messages: &Value) -> Vec<(String, bool)> {
    let messages = messages.as_array().expect("messages").iter();
    let one = |message: &Value| {
        let body = message["body"].as_str().expect("a body").to_owned();
        (body, message["from_blocked"] == true)
    };
    messages.map(one).collect()
}

#[tokio::test]
async fn in_a_group_messages_of_the_blocked_user_are_marked_for_the_blocker_alone() {
    let (app, [ann, bob, cara], group) = three().await;
    let mut sockets = [
        ann.joined(&group).await,
        cara.joined(&group).await,
        bob.joined(&group).await,
    ];
    bob.say(&group, "of bob").await;
    let said = cara.say(&group, "of cara").await;
    assert!(
        said.get("from_blocked").is_none(),
        "absent where it is false"
    );
    let expected = |is_marked| {
        vec![
            ("of bob".to_owned(), is_marked),
            ("of cara".to_owned(), false),
        ]
    };
    for (socket, is_marked) in sockets.iter_mut().zip([true, false, false]) {
        let told = [
            socket.event("new_message").await["message"].clone(),
            socket.event("new_message").await["message"].clone(),
        ];
        assert_eq!(marked(&json!(told)), expected(is_marked));
    }
    for (person, is_marked) in [(&ann, true), (&cara, false), (&bob, false)] {
        let page = person.get(&path(&group, "/messages")).await.body;
        assert_eq!(marked(&page["items"]), expected(is_marked), "{}", person.id);
        let mut socket = person.socket().await;
        for join in [json!({}), json!({ "after": 0 })] {
            let mut join = join;
            join["conversation_id"] = json!(group);
            let joined = socket.call("join_conversation", join).await.unwrap();
            assert_eq!(marked(&joined["messages"]), expected(is_marked));
        }
    }
    app.panic_room(&group);
    bob.say(&group, "after the room was lost").await;
    for (socket, is_marked) in sockets.iter_mut().zip([true, false, false]) {
        let told = socket.event("new_message").await["message"].clone();
        assert_eq!(told.get("from_blocked").is_some(), is_marked);
    }
}

/// What Ann is told where she has not joined: notifications and unread counts.
fn bodies_of_notifications(heard: &[Value]) -> Vec<&str> {
    let notices = heard.iter().filter(|it| it["event"] == "notification");
    notices
        .map(|it| it["data"]["message"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn in_a_group_the_blocked_user_notifies_counts_and_shows_up_nowhere() {
    let (_app, [ann, bob, cara], group) = three().await;
    cara.say(&group, "of cara").await;
    let mut elsewhere = ann.socket().await;
    let mut at_caras = cara.socket().await;
    let canary = "zanzibarcanary";
    let of_bob = bob.say(&group, canary).await;
    let notified = at_caras.event("notification").await;
    assert_eq!(notified["message"], canary, "others are notified");
    cara.say(&group, "more of cara").await;
    assert_eq!(elsewhere.event("notification").await["unread"], 2);
    let heard = elsewhere.drain().await;
    assert!(bodies_of_notifications(&heard).is_empty(), "{heard:?}");
    // An edit and a deletion are told to nobody either.
    let message = format!("/api/v1/messages/{}", of_bob["id"].as_str().unwrap());
    let edited = json!({ "body": format!("{canary} edited") });
    bob.patch(&message, edited).await.expect_status(200);
    for listed in [
        "/api/v1/conversations",
        "/api/v1/unread",
        "/api/messages/conversations",
        "/api/messages/unread-count",
        "/chat/rooms",
        "/chat/unread-counts",
        &format!("/api/v1/search?q={canary}"),
        "/api/v1/search?q=zanzi*",
        "/api/v1/search?q=from:bob",
        "/api/v1/search?q=is:unread",
    ] {
        let answer = ann.get(listed).await.expect_status(200);
        assert!(!answer.text.contains(canary), "{listed}: {}", answer.text);
    }
    assert_eq!(ann.get("/api/v1/unread").await.body["total"], 2);
    assert_eq!(cara.get("/api/v1/unread").await.body["total"], 1);
    let listed = ann.get("/api/v1/conversations").await.body;
    assert_eq!(listed["items"][0]["unread"], 2);
    assert_eq!(listed["items"][0]["last_message"]["body"], "more of cara");
    for query in [canary, "from:bob", "zanzi*"] {
        let found = ann.get(&format!("/api/v1/search?q={query}")).await.body;
        assert_eq!((&found["total"], &found["items"]), (&json!(0), &json!([])));
    }
    let found = cara.get(&format!("/api/v1/search?q={canary}")).await.body;
    assert_eq!(found["total"], 1);
    unblock(&ann, "bob").await;
    assert_eq!(ann.get("/api/v1/unread").await.body["total"], 3);
    let found = ann.get(&format!("/api/v1/search?q={canary}")).await.body;
    assert_eq!(found["total"], 1);
}

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

#[tokio::test]
async fn neither_sees_presence_typing_or_receipts_of_the_other() {
    let (_app, [ann, bob, cara], group) = three().await;
    cara.say(&group, "one").await;
    let mut sockets = [
        ann.joined(&group).await,
        bob.joined(&group).await,
        cara.joined(&group).await,
    ];
    for socket in &mut sockets {
        signal(socket, &group, 2).await;
    }
    let [at_anns, at_bobs, at_caras] = &mut sockets;
    let heard = [
        at_anns.drain().await,
        at_bobs.drain().await,
        at_caras.drain().await,
    ];
    assert_eq!(signals_of(&heard[0], "bob"), [""; 0]);
    assert_eq!(signals_of(&heard[1], "ann"), [""; 0]);
    for user in ["ann", "bob"] {
        let told = signals_of(&heard[2], user);
        for name in ["user_typing", "message_seen", "user_status_change"] {
            assert!(told.contains(&name), "{user}: {told:?}");
        }
    }
    let hidden = (&json!("offline"), &json!(0), &json!(0));
    for (reader, other) in [(&ann, "bob"), (&bob, "ann")] {
        let mut socket = reader.socket().await;
        let join = json!({ "conversation_id": group });
        let joined = socket.call("join_conversation", join).await.unwrap();
        let one = reader.get(&path(&group, "")).await.body;
        let list = reader.get("/api/v1/conversations").await.body["items"][0].clone();
        for conversation in [&joined["conversation"], &joined, &one, &list] {
            let person = shown(conversation, other);
            let told = (
                &person["status"],
                &person["read_seq"],
                &person["delivered_seq"],
            );
            assert_eq!(told, hidden, "{}", reader.id);
            assert_eq!(shown(conversation, "cara")["status"], "busy");
            assert_eq!(shown(conversation, &reader.id)["status"], "busy");
        }
        let profile = reader.get(&format!("/api/v1/users/{other}")).await;
        assert_eq!(profile.expect_status(200).body["status"], "offline");
    }
    let renamed = json!({ "title": "renamed" });
    ann.patch(&path(&group, ""), renamed)
        .await
        .expect_status(200);
    for (socket, other) in sockets.iter_mut().zip([Some("bob"), Some("ann"), None]) {
        let told = socket.event("conversation_updated").await["conversation"].clone();
        for user in ["ann", "bob"] {
            let is_hidden = other == Some(user);
            let status = if is_hidden { "offline" } else { "busy" };
            assert_eq!(shown(&told, user)["status"], status);
            assert_eq!(shown(&told, user)["read_seq"] == 0, is_hidden);
        }
    }
    unblock(&ann, "bob").await;
    let told = sockets[1].event("user_status_change").await;
    assert_eq!(
        (&told["user_id"], &told["status"]),
        (&json!("ann"), &json!("busy"))
    );
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

#[tokio::test]
async fn a_list_of_those_who_are_blocked() {
    let app = TestApp::start().await;
    let ann = app.person("ann").await;
    for number in 1..=3 {
        app.person(&format!("user-{number}")).await;
        block(&ann, &format!("user-{number}")).await;
    }
    block(&ann, "user-3").await;
    let ids = |page: &Value| {
        let items = page["items"].as_array().expect("items").iter();
        let ids = items.map(|item| item["user_id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    let first = ann.get("/api/v1/blocks?limit=2").await.body;
    assert_eq!(ids(&first), ["user-3", "user-2"]);
    let cursor = first["next_cursor"].as_str().expect("more");
    let second = ann
        .get(&format!("/api/v1/blocks?limit=2&cursor={cursor}"))
        .await
        .body;
    assert_eq!(
        (ids(&second), &second["next_cursor"]),
        (vec!["user-1".to_owned()], &Value::Null)
    );
    unblock(&ann, "user-2").await;
    unblock(&ann, "user-2").await;
    assert_eq!(
        ids(&ann.get("/api/v1/blocks").await.body),
        ["user-3", "user-1"]
    );
    for (whom, status) in [("ann", 422), ("nobody", 404), ("no%20id", 400)] {
        let refused = ann.put(&format!("/api/v1/blocks/{whom}"), json!({})).await;
        refused.expect_status(status);
    }
    let many = "insert into users (id) select 'many-' || i from generate_series(1, 1000) i;
        insert into blocks select a.no, u.no from users a, users u where a.id = 'ann' and u.id like 'many-%'";
    diesel::connection::SimpleConnection::batch_execute(&mut app.connection(), many).unwrap();
    let refused = ann.put("/api/v1/blocks/user-2", json!({})).await;
    refused.expect_status(422).expect_code("UNPROCESSABLE");
    block(&ann, "user-3").await;
}

#[tokio::test]
async fn a_block_through_one_server_holds_at_another_at_once() {
    let (app, ann, bob, direct) = two().await;
    let other = TestApp::on(app.database.clone(), &["--rate-limits", "off"]).await;
    let bob_there = Person::new(other.address, "bob", bob.token.clone());
    let mut listening = bob_there.joined(&direct).await;
    say(&bob_there, &direct, "before").await.expect_status(201);
    for round in 0..5 {
        block(&ann, "bob").await;
        say(&bob_there, &direct, "no")
            .await
            .expect_code("UNREACHABLE");
        unblock(&ann, "bob").await;
        let sent = say(&bob_there, &direct, &format!("round {round}")).await;
        sent.expect_status(201);
    }
    for _ in 0..6 {
        listening.event("new_message").await;
    }
    assert!(!ann.bodies(&direct).await.contains(&"no".to_owned()));
}

#[tokio::test]
async fn each_ends_their_own_block() {
    let (_app, ann, bob, direct) = two().await;
    block(&ann, "bob").await;
    block(&bob, "ann").await;
    unblock(&ann, "bob").await;
    say(&ann, &direct, "no").await.expect_code("UNREACHABLE");
    unblock(&bob, "ann").await;
    say(&ann, &direct, "yes").await.expect_status(201);
}
