//! The small client of the tests: REST and sockets, as somebody's platform would use them.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::polling::until;
use crate::servers::Addresses;

/// How long anything may take before a test fails.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What REST answered.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    /// The body as it came.
    pub text: String,
    pub body: Value,
}

impl Answer {
    /// Fails the test unless this is the status.
    #[track_caller]
    pub fn expect_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// Fails the test unless this is the refusal.
    #[track_caller]
    pub fn expect_code(self, code: &str) -> Self {
        assert_eq!(
            self.body["error_code"], code,
            "{} {}",
            self.status, self.body
        );
        self
    }
}

/// Somebody with a token.
#[derive(Clone)]
pub struct Person {
    pub id: String,
    pub token: String,
    addresses: Addresses,
    http: reqwest::Client,
}

impl Person {
    /// Somebody who goes to the server at an address, or to one server after the other.
    pub fn new(addresses: impl Into<Addresses>, id: &str, token: String) -> Self {
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            // The server ends idle connections after 5 seconds: a request must not meet that moment.
            .pool_idle_timeout(Duration::from_secs(3))
            .build()
            .expect("a client");
        Self {
            id: id.to_owned(),
            token,
            addresses: addresses.into(),
            http,
        }
    }

    /// Where the next connection goes.
    pub fn address(&self) -> SocketAddr {
        self.addresses.next()
    }

    /// A request with any method, body and headers.
    pub async fn request(
        &self,
        method: &str,
        path: &str,
        body: Option<String>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let answer = self.try_request(method, path, body, headers).await;
        answer.expect("a response")
    }

    /// As `request`; fails where the connection was lost before the whole answer came.
    async fn try_request(
        &self,
        method: &str,
        path: &str,
        body: Option<String>,
        headers: &[(&str, &str)],
    ) -> Result<Answer, reqwest::Error> {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self
            .http
            .request(method, format!("http://{}{path}", self.address()))
            .bearer_auth(&self.token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.clone()));
        Ok(Answer {
            status,
            headers,
            text,
            body,
        })
    }

    /// A POST to a server that may be killed meanwhile.
    pub async fn try_post(&self, path: &str, body: Value) -> Option<Answer> {
        let posted = self.try_request("POST", path, Some(body.to_string()), &[]);
        posted.await.ok()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.request("GET", path, None, &[]).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.request("POST", path, Some(body.to_string()), &[])
            .await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.request("PUT", path, Some(body.to_string()), &[]).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.request("PATCH", path, Some(body.to_string()), &[])
            .await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.request("DELETE", path, None, &[]).await
    }

    /// Says something over REST; answers the message.
    pub async fn say(&self, conversation: &str, body: &str) -> Value {
        let answer = self
            .post(
                &format!("/api/v1/conversations/{conversation}/messages"),
                json!({ "body": body }),
            )
            .await;
        answer.expect_status(201).body
    }

    /// The bodies of a conversation's newest messages, in order.
    pub async fn bodies(&self, conversation: &str) -> Vec<String> {
        let answer = self
            .get(&format!(
                "/api/v1/conversations/{conversation}/messages?limit=100"
            ))
            .await
            .expect_status(200);
        let items = answer.body["items"].as_array().expect("items").clone();
        items
            .iter()
            .map(|item| item["body"].as_str().expect("a body").to_owned())
            .collect()
    }

    /// Waits until the server says that it is ready.
    pub async fn until_ready(&self) {
        let look = async || self.get("/readyz").await;
        until("the server to be ready", look, |answer| {
            answer.status == 200
        })
        .await;
    }

    /// An authenticated socket.
    pub async fn socket(&self) -> Socket {
        Socket::open(self.address(), Some(&self.token))
            .await
            .expect("a socket")
    }

    /// A socket that has joined a conversation.
    pub async fn joined(&self, conversation: &str) -> Socket {
        let mut socket = self.socket().await;
        socket
            .call(
                "join_conversation",
                json!({ "conversation_id": conversation }),
            )
            .await
            .expect("joined");
        socket
    }
}

type Stream = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

/// A native socket. Events that nobody asked for yet are kept, in order.
pub struct Socket {
    stream: Stream,
    next_id: u64,
    waiting: VecDeque<Value>,
}

impl Socket {
    /// Opens a socket, with a token in its header or without.
    pub async fn open(address: SocketAddr, token: Option<&str>) -> Result<Self, Box<Error>> {
        let mut request = format!("ws://{address}/ws")
            .into_client_request()
            .expect("a request");
        if let Some(token) = token {
            let value = format!("Bearer {token}").parse().expect("a header");
            request.headers_mut().insert("authorization", value);
        }
        let (stream, _) = connect_async(request).await.map_err(Box::new)?;
        Ok(Self::over(stream))
    }

    /// A socket whose handshake is done.
    pub fn over(stream: Stream) -> Self {
        Self {
            stream,
            next_id: 0,
            waiting: VecDeque::new(),
        }
    }

    /// Asks something harmless; answers the code where the server closes instead of answering.
    pub async fn closed_or_answers(&mut self) -> Option<u16> {
        let ask = json!({ "event": "user_status", "id": 1, "data": { "status": "online" } });
        let sent = self.send_raw(Message::text(ask.to_string())).await;
        match self.receive().await {
            Ok(_) if sent.is_ok() => None,
            Ok(frame) => panic!("{frame} to what was not sent"),
            Err(code) => Some(code.expect("a close code")),
        }
    }

    /// Sends a text as it is.
    pub async fn send_text(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.expect("sent");
    }

    /// Sends any frame.
    pub async fn send_raw(&mut self, message: Message) -> Result<(), Box<Error>> {
        self.stream.send(message).await.map_err(Box::new)
    }

    /// Sends an event without asking for an acknowledgement.
    pub async fn tell(&mut self, event: &str, data: Value) {
        self.send_text(&json!({ "event": event, "data": data }).to_string())
            .await;
    }

    /// Sends an event and waits for its acknowledgement: its data, or its error.
    pub async fn call(&mut self, event: &str, data: Value) -> Result<Value, Value> {
        self.next_id += 1;
        let id = self.next_id;
        self.send_text(&json!({ "event": event, "id": id, "data": data }).to_string())
            .await;
        let frame = self.answer_to(id).await;
        match frame.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(frame["data"].clone()),
        }
    }

    /// The acknowledgement of a frame with this id; others that come before it are kept.
    pub async fn answer_to(&mut self, id: u64) -> Value {
        loop {
            let frame = self
                .receive()
                .await
                .unwrap_or_else(|close| panic!("closed with {close:?} before ack {id}"));
            if frame["ack"] == id {
                return frame;
            }
            self.waiting.push_back(frame);
        }
    }

    /// The next event of this name; others that come before it are kept.
    pub async fn event(&mut self, name: &str) -> Value {
        if let Some(index) = self.waiting.iter().position(|frame| frame["event"] == name) {
            return self.waiting.remove(index).expect("it is there")["data"].take();
        }
        loop {
            let mut frame = self
                .receive()
                .await
                .unwrap_or_else(|close| panic!("closed with {close:?} before {name}"));
            if frame["event"] == name {
                return frame["data"].take();
            }
            self.waiting.push_back(frame);
        }
    }

    /// The next frame of any kind, or the code that the server closed with.
    pub async fn next(&mut self) -> Result<Value, Option<u16>> {
        match self.waiting.pop_front() {
            Some(frame) => Ok(frame),
            None => self.receive().await,
        }
    }

    /// Whatever comes until an acknowledgement of something harmless: the proof that nothing else was on its way.
    pub async fn drain(&mut self) -> Vec<Value> {
        self.call("user_status", json!({ "status": "online" }))
            .await
            .expect("acknowledged");
        self.waiting.drain(..).collect()
    }

    /// What has come so far, but who is online: that is told whenever somebody connects.
    pub async fn told(&mut self) -> Vec<Value> {
        let mut frames = self.drain().await;
        frames.retain(|frame| frame["event"] != "user_status_change");
        frames
    }

    /// Drops what has come so far.
    pub fn forget(&mut self) {
        self.waiting.clear();
    }

    /// Waits for the server to close; answers with which code.
    pub async fn closed(&mut self) -> Option<u16> {
        loop {
            if let Err(code) = self.receive().await {
                return code;
            }
        }
    }

    /// Closes from this side.
    pub async fn close(mut self) {
        let _ = self.stream.close(None).await;
    }

    async fn receive(&mut self) -> Result<Value, Option<u16>> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.stream.next())
                .await
                .expect("a frame in time");
            match next {
                Some(Ok(Message::Text(text))) => {
                    return Ok(serde_json::from_str(&text).expect("JSON"));
                }
                Some(Ok(Message::Close(reason))) => {
                    return Err(reason.map(|reason| reason.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }
}
