//! The socket session of Lola's front end, from an empty database, with unmodified clients: connect, join, send, receive, read, come
//! back.

use serde_json::{Value, json};

use super::{Desk, must_have};
use crate::clients::Client;
use crate::clients::commands::Connecting;
use crate::clients::proxy::Proxy;
use crate::socketio_chat::client::SocketIoClient;

/// Whether the client is told what it missed by itself, or joins again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Returns {
    Recovered,
    Anew,
}

/// Asks as clients of every version can, without a time limit of their own.
async fn ask(node: &mut Client, event: &str, argument: Value) -> Value {
    let details = json!({ "name": "ann", "event": event, "arguments": [argument] });
    let mut answers = node.tell("burst", details).await;
    let answer = answers[0].take();
    assert_eq!(answer["success"], true, "{event}: {answer}");
    answer
}

fn named<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
    let found = events.iter().filter(|event| event[0] == name);
    found.map(|event| &event[1]).collect()
}

fn contents(messages: &[&Value]) -> Vec<Value> {
    messages.iter().map(|it| it["content"].clone()).collect()
}

async fn play(mut node: Client, returns: Returns) {
    let (desk, proxy) = (Desk::open().await, Proxy::open().await);
    proxy.lead_to(desk.app.address);
    let url = format!("http://{}/realtime", proxy.address);
    let how = Connecting {
        name: "ann",
        url: &url,
        auth: json!({ "token": desk.ann.token, "sessionId": "session_1_abcdefgh" }),
        transports: &["polling", "websocket"],
        with_credentials: false,
        joins: None,
    };
    assert_eq!(node.connect(how).await["connected"], true);
    let events = node.take("ann", "connected", 1).await;
    assert_eq!(events[0][0], "connected", "before anything else");
    let mut sam = talk(&desk, &mut node).await;
    come_back(&desk, &proxy, &mut node, &mut sam, returns).await;
}

/// The customer and the agent see what the other one does; answers the agent.
async fn talk(desk: &Desk, node: &mut Client) -> SocketIoClient {
    let room = json!({ "roomId": desk.room });
    let joined = ask(node, "chat:join-room", room.clone()).await;
    assert_eq!(joined["messages"], json!([]));

    let mut sam = SocketIoClient::lola(&desk.sam).await;
    sam.call("chat:join-room", room.clone()).await;
    let typing = json!({ "roomId": desk.room, "isTyping": true });
    sam.call("chat:typing", typing).await;
    let sent = ask(node, "chat:send-message", desk.says("Hello")).await;
    let read = json!({ "roomId": desk.room, "messageIds": [sent["messageId"]] });
    sam.event("chat:new-message").await;
    sam.call("chat:read-messages", read).await;
    sam.call("chat:send-message", desk.answers("Hi")).await;
    let events = node.take("ann", "chat:new-message", 2).await;
    let said = named(&events, "chat:new-message");
    assert_eq!(contents(&said), ["Hello", "Hi"]);
    assert_eq!(said[0]["id"], sent["messageId"]);
    for name in ["chat:user-joined", "chat:user-typing", "chat:messages-read"] {
        let heard = named(&events, name);
        must_have(heard[0], &[("userId", "text"), ("timestamp", "time")]);
        assert_eq!(heard[0]["userId"], "sam", "{name}");
    }
    let own = json!({ "roomId": desk.room, "messageIds": [said[1]["id"]] });
    ask(node, "chat:read-messages", own).await;
    // The reader's own clients hear of it too.
    let readers = [
        sam.event("chat:messages-read").await,
        sam.event("chat:messages-read").await,
    ];
    assert_eq!(readers.map(|read| read["userId"].clone()), ["sam", "ann"]);
    sam
}

/// The connection breaks while the agent goes on writing.
async fn come_back(
    desk: &Desk,
    proxy: &Proxy,
    node: &mut Client,
    sam: &mut SocketIoClient,
    returns: Returns,
) {
    proxy.cut();
    node.tell("lost", json!({ "name": "ann" })).await;
    let missed = ["One", "Two", "Three"];
    for text in missed {
        sam.call("chat:send-message", desk.answers(text)).await;
    }
    proxy.lead_to(desk.app.address);
    let times = json!({ "name": "ann", "times": 2 });
    let state = node.tell("connected", times).await;
    assert_eq!(state["recovered"], returns == Returns::Recovered);
    if returns == Returns::Recovered {
        let events = node.take("ann", "chat:new-message", missed.len()).await;
        let said = named(&events, "chat:new-message");
        assert_eq!(contents(&said), missed, "as events, each once");
    }
    let joined = ask(node, "chat:join-room", json!({ "roomId": desk.room })).await;
    let shown: Vec<&Value> = joined["messages"]
        .as_array()
        .expect("a list")
        .iter()
        .collect();
    assert_eq!(contents(&shown), ["Hello", "Hi", "One", "Two", "Three"]);
    sam.call("chat:send-message", desk.answers("Bye")).await;
    let events = node.take("ann", "chat:new-message", 1).await;
    assert_eq!(contents(&named(&events, "chat:new-message")), ["Bye"]);
}

#[actix_rt::test]
async fn the_oldest_client_of_version_4_plays_it() {
    play(Client::node_of("socket.io-client-4.0"), Returns::Anew).await;
}

#[actix_rt::test]
async fn the_newest_client_plays_it_and_is_told_what_it_missed() {
    play(Client::node(), Returns::Recovered).await;
}
