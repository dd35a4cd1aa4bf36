//! Signals: who connects, types, reads, joins, leaves and goes; what somebody hears who has not joined.

use serde_json::{Value, json};

use super::{Desk, must_have};
use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::TestApp;

async fn joined(desk: &Desk) -> (SocketIoClient, SocketIoClient) {
    let (mut ann, mut sam) = (
        SocketIoClient::lola(&desk.ann).await,
        SocketIoClient::lola(&desk.sam).await,
    );
    for client in [&mut ann, &mut sam] {
        let room = json!({ "roomId": desk.room });
        client.call("chat:join-room", room).await;
    }
    (ann, sam)
}

const SIGNAL: [(&str, &str); 3] = [
    ("userId", "text"),
    ("roomId", "text"),
    ("timestamp", "time"),
];

#[actix_rt::test]
async fn who_connects_is_greeted_first() {
    let desk = Desk::open().await;
    let mut ann = SocketIoClient::lola(&desk.ann).await;
    let first = ann.wire().text().await;
    let event: Value = serde_json::from_str(first.strip_prefix("42/realtime,").unwrap()).unwrap();
    assert_eq!(event[0], "connected");
    must_have(
        &event[1],
        &[
            ("message", "text"),
            ("clientId", "text"),
            ("timestamp", "time"),
        ],
    );
    assert_eq!(event[1]["isAuthenticated"], true);
    assert_eq!(event[1]["isGuest"], false);
}

#[actix_rt::test]
async fn who_types_is_named() {
    let desk = Desk::open().await;
    let (mut ann, mut sam) = joined(&desk).await;
    for is_typing in [true, false] {
        let typing = json!({ "roomId": desk.room, "isTyping": is_typing });
        sam.call("chat:typing", typing).await;
        let heard = ann.event("chat:user-typing").await;
        must_have(&heard, &SIGNAL);
        assert_eq!(heard["userName"], "sam by name");
        assert_eq!(
            (&heard["userId"], &heard["isTyping"]),
            (&json!("sam"), &json!(is_typing))
        );
    }
}

#[actix_rt::test]
async fn who_reads_is_told_with_the_messages_that_they_read() {
    let desk = Desk::open().await;
    let (mut ann, mut sam) = joined(&desk).await;
    let mut ids = Vec::new();
    for text in ["One", "Two", "Three"] {
        let sent = ann.call("chat:send-message", desk.says(text)).await;
        ids.push(sent["messageId"].clone());
    }
    let read = json!({ "roomId": desk.room, "messageIds": [ids[1], ids[0]] });
    sam.call("chat:read-messages", read).await;
    let heard = ann.event("chat:messages-read").await;
    must_have(&heard, &SIGNAL);
    assert_eq!(
        (&heard["userId"], &heard["messageIds"]),
        (&json!("sam"), &json!(ids[..2]))
    );
    sam.call("chat:read-messages", json!({ "roomId": desk.room }))
        .await;
    let heard = ann.event("chat:messages-read").await;
    assert_eq!(heard["messageIds"], json!(ids[2..]));
    let rejoined = ann
        .call("chat:join-room", json!({ "roomId": desk.room }))
        .await;
    let shown = rejoined["messages"].as_array().unwrap();
    assert!(shown.iter().all(|message| message["isRead"] == true));
    assert_eq!(shown[0]["metadata"]["deliveryStatus"], "read");
}

#[actix_rt::test]
async fn what_cannot_be_read_is_refused_and_moves_nothing() {
    let desk = Desk::open().await;
    let (mut ann, mut sam) = joined(&desk).await;
    let elsewhere = desk.app.direct(&desk.ann, &desk.sam).await;
    let foreign = desk.ann.say(&elsewhere, "elsewhere").await;
    ann.call("chat:send-message", desk.says("One")).await;
    for ids in [json!(["nonsense"]), json!([foreign["id"]]), json!([7])] {
        let read = json!({ "roomId": desk.room, "messageIds": ids });
        let refused = sam.ask("chat:read-messages", read).await;
        assert_eq!(refused["success"], false, "{refused}");
        must_have(&refused, &[("error", "text")]);
    }
    let none = json!({ "roomId": desk.room, "messageIds": [] });
    sam.call("chat:read-messages", none).await;
    let unread = desk.sam.get("/chat/unread-counts").await.expect_status(200);
    assert_eq!(unread.body["totalUnread"], 2, "{}", unread.body);
}

#[actix_rt::test]
async fn who_joins_and_leaves_is_told_to_the_others_once() {
    let desk = Desk::open().await;
    let (mut ann, mut sam) = joined(&desk).await;
    let heard = ann.event("chat:user-joined").await;
    must_have(&heard, &SIGNAL);
    assert_eq!(
        (&heard["userId"], &heard["isGuest"]),
        (&json!("sam"), &json!(false))
    );
    let room = json!({ "roomId": desk.room });
    let mut second = SocketIoClient::lola(&desk.sam).await;
    second.call("chat:join-room", room.clone()).await;
    second.call("chat:join-room", room.clone()).await;
    second.call("chat:leave-room", room.clone()).await;
    sam.call("chat:leave-room", room.clone()).await;
    let left = ann.event("chat:user-left").await;
    assert_eq!(left["userId"], "sam");
    let names: Vec<Value> = ann
        .drain()
        .await
        .iter()
        .map(|event| event[0].clone())
        .collect();
    assert!(!names.contains(&json!("chat:user-joined")), "{names:?}");
    assert!(!names.contains(&json!("chat:user-left")), "{names:?}");
    let heard = sam.drain().await;
    assert!(heard.iter().all(|event| event[1]["userId"] != "sam"));
}

#[actix_rt::test]
async fn staff_from_outside_come_and_go_unseen() {
    let desk = Desk::open().await;
    let (mut ann, _sam) = joined(&desk).await;
    ann.event("chat:user-joined").await;
    let helper = desk.app.person_with("helper", &["support"]).await;
    let mut helper = SocketIoClient::lola(&helper).await;
    let room = json!({ "roomId": desk.room });
    helper.call("chat:join-room", room.clone()).await;
    helper.call("chat:leave-room", room).await;
    let heard = ann.drain().await;
    assert!(heard.iter().all(|event| event[1]["userId"] != "helper"));
}

#[actix_rt::test]
async fn who_is_gone_is_offline() {
    let app = TestApp::with(&["--offline-grace-seconds", "0"]).await;
    let desk = Desk::on(app).await;
    let (mut ann, sam) = joined(&desk).await;
    drop(sam.disconnect());
    let gone = ann.event("user:offline").await;
    must_have(&gone, &[("userId", "text"), ("timestamp", "time")]);
    assert_eq!(gone["userId"], "sam");
}

#[actix_rt::test]
async fn who_has_not_joined_is_told_of_new_rooms_and_messages() {
    let app = TestApp::start().await;
    let sam = app.person("sam").await;
    let mut elsewhere = SocketIoClient::lola(&sam).await;
    let desk = Desk::on(app).await;
    let created = elsewhere.event("chat:new-conversation").await;
    must_have(&created, &[("userEmail", "null"), ("timestamp", "time")]);
    assert_eq!(created["roomId"], *desk.room);
    assert_eq!(created["userName"], "ann by name", "whoever asks");
    assert_eq!(created["isGuest"], false);
    let said = desk.ann.say(&desk.room, "Is anybody there?").await;
    let told = elsewhere.event("notification:new").await;
    let members = [
        ("type", "text"),
        ("subType", "text"),
        ("title", "text"),
        ("message", "text"),
        ("data", "object"),
        ("priority", "text"),
        ("timestamp", "time"),
    ];
    must_have(&told, &members);
    assert_eq!(
        (&told["title"], &told["message"]),
        (&json!("ann by name"), &json!("Is anybody there?"))
    );
    assert_eq!(
        (&told["data"]["roomId"], &told["data"]["messageId"]),
        (&json!(desk.room), &said["id"])
    );
}
