//! The upgrade to a WebSocket: frames that came with the handshake, requests that are not upgraded, and the memory of an idle socket.

use serde_json::json;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::child::Process;
use crate::client::PATIENCE;
use crate::raw_websocket::{Raw, frame};
use crate::servers::Alone;
use crate::test_app::{TestApp, claims, token};

/// A request that wants to become a socket, with whatever comes right after it.
async fn ask(address: SocketAddr, path: &str, headers: &str, more: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
    );
    stream
        .write_all(&[request.as_bytes(), more].concat())
        .await
        .unwrap();
    stream
}

/// Everything until the server ends the connection.
async fn answer(mut stream: TcpStream) -> String {
    let mut text = String::new();
    let read = timeout(PATIENCE, stream.read_to_string(&mut text));
    read.await.expect("an end").expect("a text");
    text
}

#[tokio::test]
async fn an_upgrade_where_there_is_no_socket_is_answered_as_a_plain_request() {
    let app = TestApp::alone(Alone::Bytes).start().await;
    let bearer = format!(
        "Sec-WebSocket-Version: 13\r\nAuthorization: Bearer {}\r\n",
        token(&claims("alice", &[]))
    );
    let old = "Sec-WebSocket-Version: 8\r\n";
    for (path, headers, status, part) in [
        ("/api/v1/me", bearer.as_str(), "200 OK", "\"alice\""),
        ("/api/v1/me", "", "401 Unauthorized", "UNAUTHENTICATED"),
        ("/api/v1/nothing", &bearer, "404 Not Found", "NOT_FOUND"),
        ("/ws?token=x", &bearer, "400 Bad Request", "token"),
        ("/ws", old, "400 Bad Request", "Upgrade"),
        ("/ws", old, "400 Bad Request", "sec-websocket-version: 13"),
    ] {
        let said = answer(ask(app.address, path, headers, b"").await).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{said}");
        assert!(said.contains(part), "{said}");
    }
}

#[tokio::test]
async fn frames_that_come_with_the_handshake_are_heard() {
    let app = TestApp::alone(Alone::Bytes).start().await;
    let token = token(&claims("alice", &[]));
    let data = json!({ "event": "authenticate", "id": 7, "data": { "token": token } });
    let first = frame(0x81, data.to_string().as_bytes());
    let headers = "Sec-WebSocket-Version: 13\r\n";
    let mut stream = ask(app.address, "/ws", headers, &first).await;
    let mut heard = Vec::new();
    while !String::from_utf8_lossy(&heard).contains("session_id") {
        let mut piece = [0; 1_024];
        let read = timeout(PATIENCE, stream.read(&mut piece)).await;
        let count = read.expect("in time").expect("open");
        assert_ne!(count, 0, "{}", String::from_utf8_lossy(&heard));
        heard.extend(&piece[..count]);
    }
    let heard = String::from_utf8_lossy(&heard);
    assert!(heard.contains("HTTP/1.1 101") && heard.contains("\"ack\":7"));
}

/// Connections of the test; what they keep beyond it is what the load test measures.
const CONNECTIONS: u64 = 400;

#[tokio::test]
async fn an_idle_connection_keeps_less_than_the_buffers_of_http_would() {
    let server = Process::serve(&["--rate-limits", "off"]).await;
    let token = token(&claims("alice", &[]));
    let mut open = Vec::new();
    for _ in 0..100 {
        open.push(Raw::open(server.address, &token, 4_096).await);
    }
    let before = server.peak_kibibytes();
    for _ in 0..CONNECTIONS {
        open.push(Raw::open(server.address, &token, 4_096).await);
    }
    let each = server.peak_kibibytes().saturating_sub(before) * 1_024 / CONNECTIONS;
    assert!(each < 12 * 1_024, "{each} bytes");
}
