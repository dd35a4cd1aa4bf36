//! An Engine.IO client that sends exactly what a test tells it to.

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How long a test waits for an expected event.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// A client of an endpoint.
#[derive(Clone)]
pub struct EngineIoClient {
    pub address: SocketAddr,
    pub path: &'static str,
    http: reqwest::Client,
}

/// A polling session.
#[derive(Clone)]
pub struct Poller {
    pub client: EngineIoClient,
    pub sid: String,
}

/// A status and a body.
pub type Answer = (u16, String);

impl EngineIoClient {
    pub fn new(address: SocketAddr, path: &'static str) -> Self {
        let http = reqwest::Client::builder().timeout(PATIENCE);
        Self {
            address,
            path,
            http: http.build().expect("a client"),
        }
    }

    pub fn url(&self, query: &str) -> String {
        format!("http://{}{}?{query}", self.address, self.path)
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.expect("a response");
        let status = response.status().as_u16();
        (status, response.text().await.expect("a body"))
    }

    pub fn request(&self, method: &str, query: &str) -> reqwest::RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        self.http.request(method, self.url(query))
    }

    pub async fn get(&self, query: &str) -> Answer {
        self.send(self.request("GET", query)).await
    }

    /// Opens a polling session.
    pub async fn poller(&self) -> Poller {
        let (status, body) = self.get("EIO=4&transport=polling").await;
        assert_eq!(status, 200, "{body}");
        let opened: Value = serde_json::from_str(&body[1..]).expect("JSON");
        let sid = opened["sid"].as_str().expect("a sid").to_owned();
        Poller {
            client: self.clone(),
            sid,
        }
    }

    /// A WebSocket with this query after `EIO=4&transport=websocket`.
    pub async fn websocket(&self, more: &str) -> Wire {
        self.try_websocket(more).await.expect("a socket")
    }

    /// A WebSocket, or the status with which it was refused.
    pub async fn try_websocket(&self, more: &str) -> Result<Wire, u16> {
        let query = format!("EIO=4&transport=websocket{more}");
        let url = self.url(&query).replace("http://", "ws://");
        match connect_async(url).await {
            Ok((stream, _)) => Ok(Wire(stream)),
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
                Err(response.status().as_u16())
            }
            Err(other) => panic!("{other}"),
        }
    }

    /// A session over a WebSocket after its first packet.
    pub async fn wire(&self) -> Wire {
        let mut wire = self.websocket("").await;
        assert!(wire.text().await.starts_with("0{"));
        wire
    }

    /// A session over a WebSocket in the main namespace, after `greetings` events of the application.
    pub async fn connected(&self, greetings: usize) -> Wire {
        let mut wire = self.wire().await;
        wire.send("40").await;
        assert!(wire.text().await.starts_with("40{"));
        for _ in 0..greetings {
            wire.text().await;
        }
        wire
    }

    /// A connection on which the head or a part of a request was sent.
    pub async fn half_request(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address)
            .await
            .expect("a connection");
        stream.write_all(text.as_bytes()).await.expect("written");
        stream
    }
}

/// Reads from a raw connection until it has sent this text.
pub async fn read_until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut said = Vec::new();
    let reading = async {
        while !String::from_utf8_lossy(&said).contains(wanted) {
            let mut piece = [0; 1_024];
            let count = stream.read(&mut piece).await.expect("bytes");
            assert!(count > 0, "ended after {}", String::from_utf8_lossy(&said));
            said.extend_from_slice(&piece[..count]);
        }
    };
    tokio::time::timeout(PATIENCE, reading)
        .await
        .expect("in time");
    String::from_utf8_lossy(&said).into_owned()
}

impl Poller {
    pub fn query(&self) -> String {
        format!("EIO=4&transport=polling&sid={}", self.sid)
    }

    /// Waits for packets.
    pub async fn get(&self) -> Answer {
        self.client.get(&self.query()).await
    }

    /// Sends packets.
    pub async fn post(&self, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.client.request("POST", &self.query());
        self.client.send(request.body(body)).await
    }

    /// The next `count` packets.
    pub async fn packets(&self, count: usize) -> Vec<String> {
        let mut packets = Vec::new();
        while packets.len() < count {
            let (status, body) = self.get().await;
            assert_eq!(status, 200, "{body}");
            packets.extend(body.split('\u{1e}').map(str::to_owned));
        }
        packets
    }

    /// A WebSocket for the same session.
    pub async fn probe(&self) -> Wire {
        self.client.websocket(&format!("&sid={}", self.sid)).await
    }

    /// Fails the test unless the server no longer knows the session.
    #[track_caller]
    pub fn expect_gone(&self) -> impl Future<Output = ()> {
        let poller = self.clone();
        let place = std::panic::Location::caller();
        async move {
            let (status, body) = poller.post("4still there?").await;
            assert_eq!((status, body.as_str()), (400, UNKNOWN), "{place}");
        }
    }
}

/// The response for an unknown session.
pub const UNKNOWN: &str = r#"{"code":1,"message":"Session ID unknown"}"#;
/// The response for a bad request.
pub const BAD: &str = r#"{"code":3,"message":"Bad request"}"#;

/// A WebSocket.
pub struct Wire(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Wire {
    pub async fn send(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.expect("sent");
    }

    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        let message = Message::binary(bytes.to_vec());
        self.0.send(message).await.expect("sent");
    }

    /// Sends any frame; a closed connection is not a failure.
    pub async fn send_raw(&mut self, message: Message) {
        let _ = self.0.send(message).await;
    }

    /// The next frame with content.
    pub async fn next(&mut self) -> Message {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.0.next())
                .await
                .expect("a frame in time");
            match next {
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(message)) => return message,
                Some(Err(_)) | None => return Message::Close(None),
            }
        }
    }

    pub async fn text(&mut self) -> String {
        match self.next().await {
            Message::Text(text) => text.to_string(),
            other => panic!("{other:?}"),
        }
    }

    pub async fn bytes(&mut self) -> Vec<u8> {
        match self.next().await {
            Message::Binary(bytes) => bytes.to_vec(),
            other => panic!("{other:?}"),
        }
    }

    /// Waits until the server closes, and returns the code.
    pub async fn closed(&mut self) -> Option<u16> {
        loop {
            if let Message::Close(reason) = self.next().await {
                return reason.map(|CloseFrame { code, .. }| code.into());
            }
        }
    }
}

impl Wire {
    /// Whether a WebSocket ping is answered, and the connection not closed.
    pub async fn is_answered(&mut self) -> bool {
        let next = tokio::time::timeout(PATIENCE, self.0.next()).await;
        matches!(next.expect("a frame in time"), Some(Ok(Message::Pong(_))))
    }
}
