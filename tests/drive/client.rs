//! A client of a running server: tokens, REST requests and native sockets.

use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::{SinkExt, StreamExt};
use reqwest::RequestBuilder;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::Failure;

/// The secret that servers started here trust.
pub const SECRET: &str = "a-secret-for-driving-servers-0123456789";
const TOKEN_SECONDS: u64 = 7_200;
/// Small, so that ten thousand sockets fit beside the server.
const SOCKET_READ_BUFFER: usize = 8 * 1024;

#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    name: &'a str,
    roles: &'a [&'a str],
    exp: u64,
}

/// A running server, and how to be somebody there.
#[derive(Clone)]
pub struct Target {
    address: String,
    /// Signs its tokens.
    pub secret: String,
    http: reqwest::Client,
}

impl Target {
    /// The server that listens on an address and trusts a secret.
    pub fn new(address: &str, secret: &str) -> Result<Self, Failure> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .tcp_nodelay(true)
            .build()?;
        Ok(Self {
            address: address.to_owned(),
            secret: secret.to_owned(),
            http,
        })
    }

    /// A token of somebody with these roles.
    pub fn token_with(&self, user: &str, roles: &[&str]) -> Result<String, Failure> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let claims = Claims {
            sub: user,
            name: user,
            roles,
            exp: now + TOKEN_SECONDS,
        };
        let key = jsonwebtoken::EncodingKey::from_secret(self.secret.as_bytes());
        Ok(jsonwebtoken::encode(
            &jsonwebtoken::Header::default(),
            &claims,
            &key,
        )?)
    }

    /// A GET below `/api/v1` with the user's token, to be sent as often as wanted.
    pub fn get(&self, user: &str, path: &str) -> Result<RequestBuilder, Failure> {
        Ok(self
            .http
            .get(format!("http://{}/api/v1{path}", self.address))
            .bearer_auth(self.token_with(user, &[])?))
    }

    /// A POST to any path, with a token of these roles.
    pub fn post(&self, user: &str, roles: &[&str], path: &str) -> Result<RequestBuilder, Failure> {
        let token = self.token_with(user, roles)?;
        let url = format!("http://{}{path}", self.address);
        Ok(self.http.post(url).bearer_auth(token))
    }

    /// Makes everybody known, then one conversation of them all; the first is its creator. Answers its id.
    pub async fn converse(&self, people: &[String]) -> Result<String, Failure> {
        let (creator, others) = people.split_first().ok_or("a conversation needs people")?;
        for person in people {
            answer(self.get(person, "/me")?).await?;
        }
        let kind = if others.len() == 1 { "direct" } else { "group" };
        let participants: Vec<Value> = others
            .iter()
            .map(|user| json!({ "user_id": user }))
            .collect();
        let request = self.post(creator, &[], "/api/v1/conversations")?;
        let made =
            answer(request.json(&json!({ "kind": kind, "participants": participants }))).await?;
        Ok(text(&made, "id")?.to_owned())
    }

    /// Opens a socket.
    pub async fn connect(&self, user: &str) -> Result<Socket, Failure> {
        let mut request = format!("ws://{}/ws", self.address).into_client_request()?;
        request.headers_mut().insert(
            "Authorization",
            format!("Bearer {}", self.token_with(user, &[])?).parse()?,
        );
        let stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        let config = WebSocketConfig::default().read_buffer_size(SOCKET_READ_BUFFER);
        let (stream, _) = client_async_with_config(request, stream, Some(config)).await?;
        Ok(Socket { stream })
    }
}

/// Sends a request; anything but success is a failure that quotes the answer.
pub async fn answer(request: RequestBuilder) -> Result<Value, Failure> {
    let response = request.send().await?;
    let (status, path) = (response.status(), response.url().path().to_owned());
    let body = response.text().await?;
    if !status.is_success() {
        return Err(format!("{path} answered {status}: {body}").into());
    }
    Ok(serde_json::from_str(&body)?)
}

/// A text inside an answer.
pub fn text<'a>(value: &'a Value, key: &str) -> Result<&'a str, Failure> {
    value
        .get(key)
        .and_then(Value::as_str)
        .ok_or_else(|| format!("no text {key:?} in {value}").into())
}

/// A number inside an answer.
pub fn whole(value: &Value, key: &str) -> Result<u64, Failure> {
    value
        .get(key)
        .and_then(Value::as_u64)
        .ok_or_else(|| format!("no number {key:?} in {value}").into())
}

/// A list inside an answer.
pub fn list<'a>(value: &'a Value, key: &str) -> Result<&'a [Value], Failure> {
    value
        .get(key)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .ok_or_else(|| format!("no list {key:?} in {value}").into())
}

/// A native socket. It answers pings while it is read.
pub struct Socket {
    stream: WebSocketStream<TcpStream>,
}

impl Socket {
    /// The next text; a closed connection is a failure.
    pub async fn next(&mut self) -> Result<Utf8Bytes, Failure> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Close(reason))) => {
                    return Err(format!("closed by the server: {reason:?}").into());
                }
                Some(Ok(_)) => {}
                Some(Err(failure)) => return Err(failure.into()),
                None => return Err("the connection ended".into()),
            }
        }
    }

    /// Puts a request into the buffer; `flush` sends what is there.
    pub async fn put(&mut self, request: String) -> Result<(), Failure> {
        Ok(self.stream.feed(Message::text(request)).await?)
    }

    /// Sends what was put.
    pub async fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.stream.flush().await?)
    }

    /// Asks, and waits for the acknowledgement as it came, whatever else comes before it.
    pub async fn ask(&mut self, event: &str, content: &Value) -> Result<Utf8Bytes, Failure> {
        self.put(json!({ "event": event, "id": 0, "data": content }).to_string())
            .await?;
        self.flush().await?;
        loop {
            let text = self.next().await?;
            if text.starts_with("{\"ack\":0,") {
                return Ok(text);
            }
        }
    }

    /// Joins a conversation, from a seq on where one is given.
    pub async fn join(&mut self, conversation: &str, after: Option<u64>) -> Result<Value, Failure> {
        let request = json!({ "conversation_id": conversation, "after": after });
        let text = self.ask("join_conversation", &request).await?;
        let mut answer: Value = serde_json::from_str(&text)?;
        answer
            .get_mut("data")
            .map(Value::take)
            .ok_or_else(|| format!("joining was refused: {text}").into())
    }
}

/// The frame that sends a message. The body needs no escaping.
pub fn send_frame(request: u64, conversation: &str, client_id: &str, body: &str) -> String {
    format!(
        "{{\"event\":\"send_message\",\"id\":{request},\"data\":{{\"conversation_id\":\"{conversation}\",\
         \"client_id\":\"{client_id}\",\"body\":\"{body}\"}}}}"
    )
}
