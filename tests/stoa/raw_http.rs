//! An HTTP client that keeps to no rule: requests by hand, from any address of this machine, in pieces, or never ended.

use std::net::{Ipv4Addr, SocketAddr};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::client::PATIENCE;

/// A connection from an address of 127.0.0.0/8.
pub async fn connect_from(from: Ipv4Addr, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind((from, 0).into()).expect("an address of ours");
    let connecting = timeout(PATIENCE, socket.connect(to));
    connecting.await.expect("in time").expect("a connection")
}

/// A connection with a request, or a part of one.
pub async fn begun(to: SocketAddr, bytes: &str) -> TcpStream {
    begun_from(Ipv4Addr::LOCALHOST, to, bytes).await
}

/// As `begun`, from an address.
pub async fn begun_from(from: Ipv4Addr, to: SocketAddr, bytes: &str) -> TcpStream {
    let mut stream = connect_from(from, to).await;
    stream.write_all(bytes.as_bytes()).await.expect("sent");
    stream
}

/// Everything until the server ends the connection, small letters in the head.
pub async fn end_of(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    let _reset = read.expect("the server ends it");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    match text.split_once("\r\n\r\n") {
        Some((head, body)) => format!("{}\r\n\r\n{body}", head.to_lowercase()),
        None => text,
    }
}

/// What `GET /healthz` is answered from an address.
pub async fn health_from(from: Ipv4Addr, to: SocketAddr) -> String {
    let request = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    end_of(&mut begun_from(from, to, request).await).await
}

/// A body that is never ended: the first of many bytes that were promised.
pub const SLOW: &str =
    "POST /api/v1/webhooks/razorpay HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\na";
