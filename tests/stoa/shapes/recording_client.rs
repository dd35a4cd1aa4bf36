//! A client that keeps what comes as it came: a native socket, or Socket.IO in one of its namespaces.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::json::Json;
use super::snapshot_file::{SnapshotFile, titled};
use crate::client::{PATIENCE, Person};
use crate::engineio_client::Wire;
use crate::socketio_chat::endpoint;

/// What a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientDialect {
    Native,
    Stoory,
    Lola,
    PartTimePays,
}

pub const DIALECTS: [ClientDialect; 3] = [
    ClientDialect::Native,
    ClientDialect::Stoory,
    ClientDialect::Lola,
];

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

enum Line {
    Native(Box<Stream>),
    SocketIo(Box<Wire>, &'static str),
}

/// Something that came: its event's name, or the number that it acknowledges.
pub struct Heard {
    pub name: String,
    pub shape: Json,
    pub data: Value,
}

/// A client.
pub struct RecordingClient {
    line: Line,
    pub dialect: ClientDialect,
    asked: u64,
    waiting: VecDeque<Heard>,
}

impl RecordingClient {
    /// Somebody's client. In the Stoory dialect it is in the room of its user, as that front end is.
    pub async fn open(person: &Person, dialect: ClientDialect) -> Self {
        match dialect {
            ClientDialect::Native => Self::native(person.address(), Some(&person.token)).await,
            ClientDialect::Stoory => {
                let mut client = Self::greeted(person, dialect).await.0;
                client.call("join", json!(person.id)).await;
                client.asked = 0;
                client
            }
            ClientDialect::Lola | ClientDialect::PartTimePays => {
                Self::greeted(person, dialect).await.0
            }
        }
    }

    /// A native socket, with a token or without.
    pub async fn native(address: SocketAddr, token: Option<&str>) -> Self {
        let url = format!("ws://{address}/ws");
        let mut request = url.into_client_request().expect("a request");
        if let Some(token) = token {
            let bearer = format!("Bearer {token}").parse().expect("a header");
            request.headers_mut().insert("authorization", bearer);
        }
        let (stream, _) = connect_async(request).await.expect("a socket");
        Self::of(Line::Native(Box::new(stream)), ClientDialect::Native)
    }

    /// A client of Socket.IO; answers what its CONNECT was answered with.
    pub async fn greeted(person: &Person, dialect: ClientDialect) -> (Self, Json) {
        Self::connect(person, dialect, json!({ "token": person.token })).await
    }

    /// A client of Socket.IO that wants no recovery; answers what its CONNECT was answered with.
    pub async fn plain(person: &Person, dialect: ClientDialect) -> (Self, Json) {
        let auth = json!({ "token": person.token, "recovery": false });
        Self::connect(person, dialect, auth).await
    }

    async fn connect(person: &Person, dialect: ClientDialect, auth: Value) -> (Self, Json) {
        let head = head(dialect);
        let mut wire = endpoint(person.address()).wire().await;
        wire.send(&format!("40{head}{auth}")).await;
        let answer = packet(&wire.text().await, head);
        let line = Line::SocketIo(Box::new(wire), head);
        (Self::of(line, dialect), answer.shape)
    }

    fn of(line: Line, dialect: ClientDialect) -> Self {
        let waiting = VecDeque::new();
        Self {
            line,
            dialect,
            asked: 0,
            waiting,
        }
    }

    async fn send(&mut self, text: String) {
        match &mut self.line {
            Line::Native(stream) => stream.send(Message::text(text)).await.expect("sent"),
            Line::SocketIo(wire, _) => wire.send(&text).await,
        }
    }

    async fn receive(&mut self) -> Heard {
        loop {
            match &mut self.line {
                Line::Native(stream) => match native_text(stream).await {
                    Some(text) => return frame(&text),
                    None => panic!("closed"),
                },
                Line::SocketIo(wire, head) => match wire.text().await.as_str() {
                    "2" => wire.send("3").await,
                    text => return packet(text, head),
                },
            }
        }
    }

    fn request(&self, event: &str, data: &Value, id: Option<u64>) -> String {
        match (&self.line, id) {
            (Line::Native(_), None) => json!({ "event": event, "data": data }).to_string(),
            (Line::Native(_), id) => json!({ "event": event, "id": id, "data": data }).to_string(),
            (Line::SocketIo(_, head), id) => {
                let id = id.map_or(String::new(), |id| id.to_string());
                format!("42{head}{id}{}", json!([event, data]))
            }
        }
    }

    /// Sends an event that asks for no acknowledgement.
    pub async fn tell(&mut self, event: &str, data: Value) {
        let request = self.request(event, &data, None);
        self.send(request).await;
    }

    /// Sends an event and waits for its acknowledgement.
    pub async fn call(&mut self, event: &str, data: Value) -> Heard {
        self.asked += 1;
        let id = self.asked;
        let request = self.request(event, &data, Some(id));
        self.send(request).await;
        let wanted = format!("ack {id}");
        loop {
            let heard = self.receive().await;
            if heard.name == wanted {
                return heard;
            }
            self.waiting.push_back(heard);
        }
    }

    /// As `call`; keeps the acknowledgement and answers its data.
    pub async fn ask(
        &mut self,
        snapshots: &mut SnapshotFile,
        event: &str,
        data: Value,
        note: &str,
    ) -> Value {
        let heard = self.call(event, data).await;
        snapshots.keep(titled(&format!("ack {event}"), note), &heard.shape);
        heard.data
    }

    /// The next event of this name; those before it wait.
    pub async fn event(&mut self, name: &str) -> Heard {
        loop {
            let index = self.waiting.iter().position(|heard| heard.name == name);
            if let Some(index) = index {
                return self.waiting.remove(index).expect("it is there");
            }
            let heard = self.receive().await;
            self.waiting.push_back(heard);
        }
    }

    /// As `event`; keeps it and answers its data.
    pub async fn hear(&mut self, snapshots: &mut SnapshotFile, name: &str, note: &str) -> Value {
        let heard = self.event(name).await;
        snapshots.keep(titled(name, note), &heard.shape);
        heard.data
    }

    /// Everything that waits to be heard.
    pub fn drain(&mut self) -> Vec<Heard> {
        self.waiting.drain(..).collect()
    }

    /// Waits for an event of this name that satisfies this, and leaves it where it is.
    pub async fn until(&mut self, name: &str, holds: impl Fn(&Value) -> bool) {
        let is_wanted = |heard: &Heard| heard.name == name && holds(&heard.data);
        while !self.waiting.iter().any(is_wanted) {
            let heard = self.receive().await;
            self.waiting.push_back(heard);
        }
    }

    /// Joins a conversation, in the client's own words.
    pub async fn join(&mut self, conversation: &str) -> Heard {
        let (event, data) = match self.dialect {
            ClientDialect::Native => (
                "join_conversation",
                json!({ "conversation_id": conversation }),
            ),
            ClientDialect::Stoory | ClientDialect::PartTimePays => {
                ("join_conversation", json!(conversation))
            }
            ClientDialect::Lola => ("chat:join-room", json!({ "conversationId": conversation })),
        };
        self.call(event, data).await
    }

    /// Sends any frame over a native socket.
    pub async fn send_raw(&mut self, message: Message) {
        if let Line::Native(stream) = &mut self.line {
            let _ = stream.send(message).await;
        }
    }

    /// The close frame that a native socket is sent, whatever comes before it.
    pub async fn closing(&mut self) -> Json {
        let Line::Native(stream) = &mut self.line else {
            panic!("not a native socket");
        };
        loop {
            let next = tokio::time::timeout(PATIENCE, stream.next()).await;
            match next.expect("in time") {
                Some(Ok(Message::Close(Some(told)))) => {
                    let code = Json::number(u16::from(told.code));
                    let reason = Json::text(told.reason.as_str());
                    return Json::object([("code", code), ("reason", reason)]);
                }
                Some(Ok(Message::Close(None)) | Err(_)) | None => return Json::Null,
                Some(Ok(_)) => {}
            }
        }
    }
}

/// What stands before each packet of a namespace, behind its type.
fn head(dialect: ClientDialect) -> &'static str {
    match dialect {
        ClientDialect::Lola => "/realtime,",
        ClientDialect::PartTimePays => "/api/v1,",
        ClientDialect::Native | ClientDialect::Stoory => "",
    }
}

async fn native_text(stream: &mut Stream) -> Option<String> {
    loop {
        let next = tokio::time::timeout(PATIENCE, stream.next()).await;
        match next.expect("a frame in time") {
            Some(Ok(Message::Text(text))) => return Some(text.to_string()),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
            Some(Ok(_)) => {}
        }
    }
}

/// A native frame.
fn frame(text: &str) -> Heard {
    let value: Value = serde_json::from_str(text).expect("JSON");
    let name = match value.get("ack") {
        Some(id) => format!("ack {id}"),
        None => value["event"].as_str().expect("an event").to_owned(),
    };
    let data = match value.get("error") {
        Some(error) => error.clone(),
        None => value["data"].clone(),
    };
    Heard {
        name,
        shape: Json::read(text),
        data,
    }
}

/// A packet of Socket.IO: its type and namespace as they stand, then its JSON.
fn packet(text: &str, head: &str) -> Heard {
    let body = text.find(['[', '{']).unwrap_or(text.len());
    let (opening, json) = text.split_at(body);
    let value: Value = serde_json::from_str(json).unwrap_or_default();
    let is = |kind: &str| opening.strip_prefix(&format!("{kind}{head}"));
    let (name, data) = match (is("42"), is("43")) {
        (Some(""), _) => (
            value[0].as_str().expect("a name").to_owned(),
            value[1].clone(),
        ),
        (_, Some(id)) => (format!("ack {id}"), value[0].clone()),
        _ => (format!("packet {opening}"), value.clone()),
    };
    let shape = Json::object([("packet", Json::text(opening)), ("json", Json::read(json))]);
    Heard { name, shape, data }
}
