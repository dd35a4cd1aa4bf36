//! A small Socket.IO client: it connects with a token, sends and receives events, and reconnects as the official client does.

use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::SocketAddr;

use crate::client::Person;
use crate::engineio_client::{EngineIoClient, Poller, Wire};
use crate::test_app::TestApp;

/// Somebody in a namespace, over a WebSocket.
pub struct SocketIoClient {
    wire: Option<Wire>,
    namespace: &'static str,
    asked: u64,
    waiting: VecDeque<Value>,
    /// Of the last answer.
    pub pid: Option<String>,
    /// The last one that came.
    pub offset: Option<String>,
}

/// The endpoint of a server.
pub fn endpoint(address: SocketAddr) -> EngineIoClient {
    EngineIoClient::new(address, "/socket.io/")
}

/// Somebody over long-polling who has joined a conversation in the Stoory dialect.
pub async fn joined_poller(app: &TestApp, person: &Person, conversation: &str) -> Poller {
    let poller = endpoint(app.address).poller().await;
    let auth = json!({ "token": person.token });
    poller.post(format!("40{auth}")).await;
    assert!(poller.packets(1).await[0].starts_with("40{"));
    let join = json!(["join_conversation", conversation]);
    poller.post(format!("421{join}")).await;
    assert!(poller.packets(1).await[0].starts_with("431[{"));
    poller
}

impl SocketIoClient {
    /// Connects; the answer to the CONNECT is the refusal's data where it is refused.
    pub async fn connect(
        address: SocketAddr,
        namespace: &'static str,
        auth: Value,
    ) -> Result<Self, Value> {
        let mut wire = endpoint(address).wire().await;
        let head = head(namespace);
        wire.send(&format!("40{head}{auth}")).await;
        let answer = wire.text().await;
        if let Some(refused) = answer.strip_prefix(&format!("44{head}")) {
            return Err(serde_json::from_str(refused).expect("JSON"));
        }
        let accepted = answer.strip_prefix(&format!("40{head}"));
        let accepted: Value = serde_json::from_str(accepted.expect("an answer")).expect("JSON");
        Ok(Self {
            wire: Some(wire),
            namespace,
            asked: 0,
            waiting: VecDeque::new(),
            pid: accepted["pid"].as_str().map(str::to_owned),
            offset: None,
        })
    }

    /// In the Stoory guide's namespace, and in the room of its user, as its front end is.
    pub async fn stoory(person: &Person) -> Self {
        let mut client = Self::stoory_without_user_room(person).await;
        client.call("join", json!(person.id)).await;
        client
    }

    /// In the Stoory guide's namespace.
    pub async fn stoory_without_user_room(person: &Person) -> Self {
        Self::connect(person.address(), "/", json!({ "token": person.token }))
            .await
            .expect("connected")
    }

    /// In the Lola guide's namespace.
    pub async fn lola(person: &Person) -> Self {
        let auth = json!({ "token": person.token });
        Self::connect(person.address(), "/realtime", auth)
            .await
            .expect("connected")
    }

    /// In the namespace of Part-Time Pays' page.
    pub async fn parttimepays(person: &Person) -> Self {
        let auth = json!({ "token": person.token });
        Self::connect(person.address(), "/api/v1", auth)
            .await
            .expect("connected")
    }

    /// Comes back, saying where it was; `true` where it is told that it was found.
    pub async fn again(&self, person: &Person) -> (Self, bool) {
        let mut auth = json!({ "token": person.token });
        if let Some(pid) = &self.pid {
            auth["pid"] = json!(pid);
        }
        if let Some(offset) = &self.offset {
            auth["offset"] = json!(offset);
        }
        let mut back = Self::connect(person.address(), self.namespace, auth)
            .await
            .expect("connected");
        let is_found = back.pid == self.pid;
        if is_found {
            back.offset = self.offset.clone();
        }
        (back, is_found)
    }

    /// Sends an event.
    pub async fn tell(&mut self, event: &str, argument: Value) {
        let packet = format!("42{}{}", head(self.namespace), json!([event, argument]));
        self.wire().send(&packet).await;
    }

    /// Sends an event and waits for what it is acknowledged with.
    pub async fn ask(&mut self, event: &str, argument: Value) -> Value {
        self.acknowledged(json!([event, argument])).await
    }

    /// Sends a packet and waits for what it is acknowledged with.
    async fn acknowledged(&mut self, packet: Value) -> Value {
        self.asked += 1;
        let (id, head) = (self.asked, head(self.namespace));
        self.wire().send(&format!("42{head}{id}{packet}")).await;
        let wanted = format!("43{head}{id}");
        loop {
            let text = self.wire().text().await;
            if let Some(answer) = text.strip_prefix(&wanted) {
                let answer: Value = serde_json::from_str(answer).expect("JSON");
                return answer[0].clone();
            }
            self.keep(&text).await;
        }
    }

    /// As `ask`, where success is expected.
    #[track_caller]
    pub fn call(&mut self, event: &str, argument: Value) -> impl Future<Output = Value> {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.ask(event, argument).await;
            assert_eq!(answer["success"], true, "{caller}: {answer}");
            answer
        }
    }

    /// As `call`, with no argument.
    pub async fn call_without_argument(&mut self, event: &str) {
        let answer = self.acknowledged(json!([event])).await;
        assert_eq!(answer["success"], true, "{answer}");
    }

    /// The next event of this name; those before it are kept.
    pub async fn event(&mut self, name: &str) -> Value {
        loop {
            if let Some(index) = self.waiting.iter().position(|event| event[0] == name) {
                return self.waiting.remove(index).expect("it is there")[1].take();
            }
            let text = self.wire().text().await;
            self.keep(&text).await;
        }
    }

    /// The events of this name that have come before the last answer.
    pub fn come(&mut self, name: &str) -> Vec<Value> {
        let waiting = std::mem::take(&mut self.waiting);
        let (come, others): (Vec<Value>, Vec<Value>) =
            waiting.into_iter().partition(|event| event[0] == name);
        self.waiting = others.into();
        come.into_iter().map(|mut event| event[1].take()).collect()
    }

    /// Everything that came until an acknowledgement of something harmless.
    pub async fn drain(&mut self) -> Vec<Value> {
        let (event, status) = match self.namespace {
            "/" => ("user_status", json!({ "status": "online" })),
            _ => ("chat:nothing", json!({})),
        };
        self.ask(event, status).await;
        self.waiting.drain(..).collect()
    }

    /// Everything that comes, up to where something with this text is among it.
    pub async fn hear(&mut self, said: &str) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            events.extend(self.drain().await);
            if events.iter().any(|event| event.to_string().contains(said)) {
                return events;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Breaks the connection without a word.
    pub fn disconnect(mut self) -> Self {
        drop(self.wire.take());
        self
    }

    /// Waits for the server to close; answers with which code.
    pub async fn closed(&mut self) -> Option<u16> {
        self.wire().closed().await
    }

    /// The connection itself.
    pub fn wire(&mut self) -> &mut Wire {
        self.wire.as_mut().expect("a connection")
    }

    async fn keep(&mut self, text: &str) {
        if text == "2" {
            return self.wire().send("3").await;
        }
        let head = format!("42{}", head(self.namespace));
        let Some(event) = text.strip_prefix(&head) else {
            return self.waiting.push_back(json!([text]));
        };
        let event: Value = serde_json::from_str(event).expect("JSON");
        let last = event.as_array().and_then(|event| event.last());
        if let Some(offset) = last.and_then(Value::as_str).filter(|_| self.pid.is_some()) {
            self.offset = Some(offset.to_owned());
        }
        self.waiting.push_back(event);
    }
}

fn head(namespace: &str) -> String {
    match namespace {
        "/" => String::new(),
        other => format!("{other},"),
    }
}
