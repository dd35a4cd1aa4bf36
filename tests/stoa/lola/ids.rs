//! Each id that a document, an acknowledgement or an event shows can be used in each call and event that takes one.

use serde_json::{Value, json};

use super::Desk;
use crate::socketio_chat::client::SocketIoClient;

/// The ids of a room, a message and its sender, as one answer or event shows them.
#[derive(Debug)]
struct Shown {
    by: &'static str,
    room: Value,
    message: Value,
    sender: Value,
}

impl Shown {
    fn new(by: &'static str, [room, message, sender]: [&Value; 3]) -> Self {
        Self {
            by,
            room: room.clone(),
            message: message.clone(),
            sender: sender.clone(),
        }
    }
}

/// Every place of the dialect that shows the id of a message of the agent's.
async fn places(desk: &Desk) -> Vec<Shown> {
    let room = &desk.room;
    let mut joined = SocketIoClient::lola(&desk.ann).await;
    joined
        .call("chat:join-room", json!({ "roomId": room }))
        .await;
    let mut agent = SocketIoClient::lola(&desk.sam).await;
    let sent = agent.call("chat:send-message", desk.answers("One")).await;
    let heard = joined.event("chat:new-message").await;
    let path = format!("/chat/rooms/{room}/messages");
    let posted = desk.sam.post(&path, desk.answers("Two")).await;
    let posted = posted.expect_status(201).body;
    let page = desk.ann.get(&path).await.expect_status(200).body;
    let listed = desk.ann.get("/chat/rooms").await.expect_status(200).body;
    let counts = desk
        .ann
        .get("/chat/unread-counts")
        .await
        .expect_status(200)
        .body;
    let row = &listed["rooms"][0];
    let staff = &row["metadata"]["assignedStaffId"];
    let counted = &counts["rooms"][0]["roomId"];
    let last = &row["lastMessageId"];
    let mut places = vec![
        Shown::new(
            "an event, by _id",
            [&heard["roomId"], &heard["_id"], &heard["senderId"]],
        ),
        Shown::new(
            "an acknowledgement",
            [&heard["roomId"], &sent["messageId"], &heard["senderId"]],
        ),
        Shown::new("a list", [&row["_id"], last, staff]),
        Shown::new("unread counts", [counted, last, staff]),
    ];
    for (by, document) in [
        ("an event", &heard),
        ("an answer", &posted),
        ("a page", &page["messages"][0]),
    ] {
        let ids = [&document["roomId"], &document["id"], &document["senderId"]];
        places.push(Shown::new(by, ids));
    }
    places
}

#[actix_rt::test]
async fn an_id_that_is_shown_can_be_used_in_every_call() {
    let desk = Desk::open().await;
    for Shown {
        by,
        room,
        message,
        sender,
    } in places(&desk).await
    {
        let (id, wanted) = (room.as_str().expect(by), message.as_str().expect(by));
        for prefix in ["/chat", "/api/chat"] {
            let path = format!("{prefix}/rooms/{id}/messages");
            let reply = json!({ "roomId": id, "content": "A reply", "senderId": sender, "replyToMessageId": message });
            let posted = desk.sam.post(&path, reply).await.expect_status(201).body;
            assert_eq!(posted["replyToMessageId"], message, "{by}");
            let before = format!("{path}?beforeMessageId={wanted}");
            desk.sam.get(&before).await.expect_status(200);
            desk.sam
                .get(&format!("{prefix}/rooms/{id}"))
                .await
                .expect_status(200);
            let read = desk
                .sam
                .put(&format!("{path}/read"), json!({ "userId": sender }))
                .await;
            read.expect_status(200);
        }
        let mut client = SocketIoClient::lola(&desk.sam).await;
        for (event, argument) in [
            ("chat:join-room", json!({ "roomId": id, "userId": sender })),
            (
                "chat:typing",
                json!({ "roomId": id, "userId": sender, "isTyping": true }),
            ),
            (
                "chat:read-messages",
                json!({ "roomId": id, "userId": sender, "messageIds": [message] }),
            ),
            (
                "chat:send-message",
                json!({ "roomId": id, "senderId": sender, "content": "x", "replyToMessageId": message }),
            ),
            ("chat:leave-room", json!({ "roomId": id })),
        ] {
            let told = client.ask(event, argument.clone()).await;
            assert_eq!(told["success"], true, "{by}: {event} {argument}: {told}");
        }
    }
}
