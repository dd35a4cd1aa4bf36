//! Sessions over a WebSocket.

use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::TestServer;

#[tokio::test]
async fn a_frame_is_a_packet_and_bytes_are_bytes() {
    let server = TestServer::patient();
    let mut wire = server.raw().wire().await;
    wire.send("4hello").await;
    assert_eq!(wire.text().await, "4hello");
    wire.send_bytes(&[1, 2, 3, 4]).await;
    assert_eq!(wire.bytes().await, [1, 2, 3, 4]);
    wire.send("6").await;
    wire.send_bytes(&[]).await;
    assert!(wire.bytes().await.is_empty());
}

#[tokio::test]
async fn a_message_may_come_in_pieces() {
    let server = TestServer::patient();
    let mut wire = server.raw().wire().await;
    let piece = |text: &str, code, last| {
        Message::Frame(Frame::message(
            text.as_bytes().to_vec(),
            OpCode::Data(code),
            last,
        ))
    };
    wire.send_raw(piece("4he", Data::Text, false)).await;
    wire.send_raw(Message::Ping(vec![1].into())).await;
    wire.send_raw(piece("ll", Data::Continue, false)).await;
    wire.send_raw(piece("o", Data::Continue, true)).await;
    assert_eq!(wire.text().await, "4hello");
    wire.send_raw(piece("ab", Data::Binary, false)).await;
    wire.send_raw(piece("c", Data::Continue, true)).await;
    assert_eq!(wire.bytes().await, b"abc");
}

#[tokio::test]
async fn what_is_no_packet_ends_the_session() {
    let server = TestServer::patient();
    for wrong in ["abc", "", "2", "2probe", "5", "0{}", "7", "b"] {
        let mut wire = server.raw().wire().await;
        wire.send(wrong).await;
        assert_eq!(wire.closed().await, Some(1008), "{wrong}");
    }
}

#[tokio::test]
async fn a_close_packet_ends_the_session() {
    let server = TestServer::patient();
    let mut wire = server.raw().wire().await;
    wire.send("1").await;
    assert_eq!(wire.closed().await, Some(1000));
}

#[tokio::test]
async fn a_message_above_the_limit_is_refused_at_its_header() {
    let server = TestServer::patient();
    let mut wire = server.raw().wire().await;
    let most = format!("4{}", "x".repeat(999_999));
    wire.send(&most).await;
    assert_eq!(wire.text().await.len(), 1_000_000);
    wire.send_raw(Message::text(most + "x")).await;
    assert_eq!(wire.closed().await, Some(1009));
}
