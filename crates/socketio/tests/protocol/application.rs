//! The application's interface: what it can do, and what it gets.

use bytes::Bytes;
use bytestring::ByteString;
use serde_json::json;

use super::engineio_client::Wire;
use super::recording::{Again, Note, Notes, Own, recording};
use super::{TestServer, patient};
use socketio::engineio::Ending;
use socketio::queue::{CloseReason, Frame, Push};
use socketio::{Disconnected, Socket};

const UNAUTHENTICATED: CloseReason = CloseReason::Application {
    code: 4401,
    text: "unauthenticated",
};

/// A client in the main namespace.
async fn entered(server: &TestServer, notes: &mut Notes) -> (Wire, Socket<Own>) {
    let mut wire = server.client().wire().await;
    wire.send("40").await;
    let socket = notes.asked().await.accept(None);
    assert!(wire.text().await.starts_with("40{"));
    (wire, socket)
}

#[tokio::test]
async fn it_decides_with_what_came_and_in_its_own_time() {
    let (server, mut notes) = recording(patient());
    let mut wire = server.client().websocket("&token=abc").await;
    wire.text().await;
    wire.send(r#"40/a,{"token":"t"}"#).await;
    let a = notes.asked().await;
    assert_eq!(
        (a.namespace.as_str(), &a.auth),
        ("/a", &Some(json!({ "token": "t" })))
    );
    assert!(a.handshake.contains("token=abc"));
    assert_eq!(a.recovery, None);
    wire.send("40/b,").await;
    let b = notes.asked().await;
    assert_eq!(b.auth, None);
    b.refuse("no way", r#"{"code":7}"#);
    assert_eq!(
        wire.text().await,
        r#"44/b,{"message":"no way","data":{"code":7}}"#
    );
    a.socket.emit("early", []);
    let id = a.socket.id();
    a.accept(Some("p1"));
    assert_eq!(
        wire.text().await,
        format!(r#"40/a,{{"sid":"{id}","pid":"p1"}}"#)
    );
    assert_eq!(
        wire.text().await,
        r#"42/a,["early"]"#,
        "what was sent meanwhile follows"
    );
}

#[tokio::test]
async fn a_returning_client_says_its_pid_and_offset() {
    let (server, mut notes) = recording(patient());
    let mut wire = server.client().wire().await;
    wire.send(r#"40{"pid":"p1","offset":"3:41.17","token":"t"}"#)
        .await;
    let asked = notes.asked().await;
    let recovery = asked.recovery.clone().unwrap();
    assert_eq!(
        (recovery.pid.as_str(), recovery.offset.as_deref()),
        ("p1", Some("3:41.17"))
    );
    asked.accept(Some("p1"));
    assert!(wire.text().await.ends_with(r#","pid":"p1"}"#));
}

#[tokio::test]
async fn one_text_is_shared_by_all_over_either_transport() {
    let (server, mut notes) = recording(patient());
    let (mut wire, one) = entered(&server, &mut notes).await;
    let poller = server.client().poller().await;
    poller.post("40").await;
    let other = notes.asked().await.accept(None);
    assert!(poller.get().await.1.starts_with("40{"));
    let shared = ByteString::from_static(r#"42["said",{"body":"x"}]"#);
    one.queue().text(shared.clone());
    assert_eq!(other.push(shared), Push::Queued);
    assert_eq!(wire.text().await, r#"42["said",{"body":"x"}]"#);
    assert_eq!(poller.get().await.1, r#"42["said",{"body":"x"}]"#);
}

#[tokio::test]
async fn frames_of_its_own_are_translated_as_they_leave() {
    let (server, mut notes) = recording(patient());
    let (mut wire, socket) = entered(&server, &mut notes).await;
    socket.emit("before", []);
    socket.queue().push(Frame::Own(Again(9)));
    socket.queue().push(Frame::Ping);
    socket.emit("after", []);
    assert_eq!(wire.text().await, r#"42["before"]"#);
    assert_eq!(wire.text().await, r#"42["again",9]"#);
    assert_eq!(wire.text().await, r#"42["after"]"#, "and no ping");
}

#[tokio::test]
async fn it_asks_and_is_answered_once() {
    let (server, mut notes) = recording(patient());
    let (mut wire, socket) = entered(&server, &mut notes).await;
    assert_eq!(socket.ask("question", ["1"]), 0);
    assert_eq!(socket.ask("question", []), 1);
    assert_eq!(wire.text().await, r#"420["question",1]"#);
    assert_eq!(wire.text().await, r#"421["question"]"#);
    wire.send("437[]").await;
    wire.send("431[true]").await;
    wire.send("431[false]").await;
    wire.send(r#"461-0[{"_placeholder":true,"num":0}]"#).await;
    wire.send_bytes(&[5]).await;
    let Note::Acknowledged(1, arguments, _) = notes.next().await else {
        panic!("another note");
    };
    assert_eq!(arguments, [true]);
    let Note::Acknowledged(0, _, attachments) = notes.next().await else {
        panic!("another note, or an answer twice");
    };
    assert_eq!(attachments, [Bytes::from_static(&[5])]);
}

#[tokio::test]
async fn events_reach_it_with_attachments_and_are_answered_later() {
    let (server, mut notes) = recording(patient());
    let (mut wire, _socket) = entered(&server, &mut notes).await;
    wire.send(r#"451-3["file",{"_placeholder":true,"num":0},"x"]"#)
        .await;
    wire.send_bytes(&[1, 2]).await;
    wire.send(r#"42["plain",{"_placeholder":true,"num":3}]"#)
        .await;
    let said = notes.event().await;
    assert_eq!((said.name.as_str(), said.attachments.len()), ("file", 1));
    assert_eq!(said.first, Some(Bytes::from_static(&[1, 2])));
    assert_eq!(said.arguments[1], "x");
    let plain = notes.event().await;
    assert_eq!(
        (plain.first, plain.ack.is_none()),
        (None, true),
        "there is no such attachment"
    );
    let answered = said.ack.unwrap().answer(["1", "{}"]);
    assert_eq!(answered, Push::Queued);
    assert_eq!(wire.text().await, "433[1,{}]");
}

#[tokio::test]
async fn it_sends_a_client_out_of_a_namespace() {
    let (server, mut notes) = recording(patient());
    let (mut wire, socket) = entered(&server, &mut notes).await;
    wire.send("40/other,").await;
    let other = notes.asked().await.accept(None);
    assert!(wire.text().await.starts_with("40/other,{"));
    socket.emit("last", []);
    socket.disconnect();
    assert_eq!(wire.text().await, r#"42["last"]"#);
    assert_eq!(wire.text().await, "41");
    assert_eq!(notes.left().await, Disconnected::Dismissed);
    assert_eq!(socket.emit("too late", []), Push::Dropped);
    other.emit("still", []);
    assert_eq!(wire.text().await, r#"42/other,["still"]"#);
    wire.send("41/other,").await;
    assert_eq!(notes.left().await, Disconnected::Left);
    assert_eq!(other.emit("too late", []), Push::Dropped);
}

#[tokio::test]
async fn it_closes_a_connection_with_a_reason() {
    let (server, mut notes) = recording(patient());
    let (mut wire, socket) = entered(&server, &mut notes).await;
    socket.emit("last", []);
    socket.close(UNAUTHENTICATED);
    assert_eq!(wire.text().await, r#"42["last"]"#);
    assert_eq!(wire.closed().await, Some(4401));
    let ending = Ending::Closed(UNAUTHENTICATED);
    assert_eq!(notes.left().await, Disconnected::Connection(ending));
}

#[tokio::test]
async fn it_is_told_how_connections_end() {
    let (server, mut notes) = recording(patient());
    let (wire, _socket) = entered(&server, &mut notes).await;
    drop(wire);
    assert_eq!(notes.left().await, Disconnected::Connection(Ending::Gone));
    let (mut wire, _socket) = entered(&server, &mut notes).await;
    wire.send("4nonsense").await;
    let misused = Disconnected::Connection(Ending::Closed(CloseReason::Misuse));
    assert_eq!(notes.left().await, misused);
    let mut wire = server.client().wire().await;
    wire.send("40").await;
    let asked = notes.asked().await;
    wire.send("1").await;
    assert_eq!(wire.closed().await, Some(1000));
    let socket = asked.accept(None);
    assert_eq!(
        notes.left().await,
        Disconnected::Connection(Ending::Gone),
        "it was too late"
    );
    assert_eq!(socket.emit("nobody", []), Push::Dropped);
}

#[tokio::test]
async fn events_for_a_namespace_that_it_still_thinks_about_end_the_connection() {
    let (server, mut notes) = recording(patient());
    let mut wire = server.client().wire().await;
    wire.send("40").await;
    let _asked = notes.asked().await;
    wire.send(r#"42["early"]"#).await;
    assert_eq!(wire.closed().await, Some(1008));
}
