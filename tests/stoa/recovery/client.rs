//! A client that comes back as the official one does, and remembers what it was told.

use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::dialect::Dialect;
use super::knowledge::{JoinState, Knowledge};
use super::link::{Link, Read};
use super::script::Transport;
use super::user_room::KnownUserRoom;
use crate::client::{PATIENCE, Person};
use crate::drive::polling::poll;

/// A client of the listener.
pub struct Client {
    pub person: Person,
    pub dialect: Dialect,
    pub conversations: Vec<Knowledge>,
    link: Option<Link>,
    pid: Option<String>,
    offset: Option<String>,
    asked: u64,
    pub user_room: KnownUserRoom,
    /// How many connections it has had.
    pub connections: u64,
    /// Answers that nobody has waited for yet, by the number of the request.
    answers: HashMap<u64, Value>,
    /// How it came back, for the report.
    pub log: Vec<String>,
}

impl Client {
    pub fn new(person: Person, dialect: Dialect, conversations: Vec<Knowledge>) -> Self {
        Self {
            person,
            dialect,
            conversations,
            link: None,
            pid: None,
            offset: None,
            asked: 0,
            user_room: KnownUserRoom::outside(),
            connections: 0,
            answers: HashMap::new(),
            log: Vec::new(),
        }
    }

    pub fn is_connected(&self) -> bool {
        self.link.is_some()
    }

    /// The connection breaks; what was not read is lost.
    pub fn cut(&mut self) {
        if self.link.take().is_some() {
            let is_paired = self.dialect.has_acts();
            self.conversations
                .iter_mut()
                .for_each(|conversation| conversation.broke(is_paired));
        }
    }

    /// Connects, over a new connection whatever became of the old one.
    pub async fn come_back(&mut self, transport: Transport) {
        let knock = async || self.knock(transport).await.ok_or("no answer");
        let (mut link, told) = poll("to be let in", PATIENCE, knock)
            .await
            .unwrap_or_else(|late| panic!("{late}"));
        self.cut();
        if transport == Transport::Upgraded {
            link.upgrade().await;
        }
        self.link = Some(link);
        self.connections += 1;
        self.answers.clear();
        let pid = told["pid"].as_str().map(str::to_owned);
        assert!(pid.is_some(), "{told}");
        let is_found = self.pid == pid;
        self.log.push(format!(
            "{transport:?}, found: {is_found}, from {:?}",
            self.offset
        ));
        if !is_found {
            let follows = self
                .conversations
                .iter()
                .any(|conversation| conversation.join_state == JoinState::Joined);
            assert!(!follows, "it was not found, though it follows something");
            let forget = |conversation: &mut Knowledge| conversation.disturb(JoinState::Out);
            self.conversations.iter_mut().for_each(forget);
            self.user_room = KnownUserRoom::outside();
        }
        self.pid = pid;
    }

    /// One attempt; `None` where the server cannot do it at the moment.
    async fn knock(&self, transport: Transport) -> Option<(Link, Value)> {
        let mut auth = json!({ "token": self.person.token });
        if let Some(pid) = &self.pid {
            auth["pid"] = json!(pid);
        }
        if let Some(offset) = &self.offset {
            auth["offset"] = json!(offset);
        }
        let mut link = Link::open(self.person.address(), transport).await;
        let head = self.dialect.head();
        link.send(&format!("40{head}{auth}")).await;
        match link.read(PATIENCE).await {
            Read::Packet(packet) => {
                let told = packet.strip_prefix(&format!("40{head}"))?;
                Some((link, serde_json::from_str(told).expect("JSON")))
            }
            Read::Nothing | Read::Lost => None,
        }
    }

    /// Reads one packet; `false` where nothing came in time, or the connection is lost.
    async fn take(&mut self, patience: Duration) -> bool {
        let Some(link) = &mut self.link else {
            return false;
        };
        match link.read(patience).await {
            Read::Nothing => false,
            Read::Lost => {
                self.cut();
                false
            }
            Read::Packet(packet) => {
                self.packet(&packet).await;
                true
            }
        }
    }

    async fn packet(&mut self, packet: &str) {
        let head = self.dialect.head();
        let body = packet.find('[').unwrap_or(packet.len());
        let (opening, json) = packet.split_at(body);
        if packet == "2" {
            if let Some(link) = &mut self.link {
                link.send("3").await;
            }
        } else if packet == "1" || opening.starts_with("41") {
            self.cut();
        } else if opening == format!("42{head}") {
            let event: Value = serde_json::from_str(json).expect("JSON");
            let last = event.as_array().and_then(|event| event.last());
            if let Some(offset) = last.and_then(Value::as_str) {
                self.offset = Some(offset.to_owned());
            }
            self.hear(&event);
        } else if let Some(id) = opening.strip_prefix(&format!("43{head}")) {
            let answer: Value = serde_json::from_str(json).expect("JSON");
            self.answers
                .insert(id.parse().expect("a number"), answer[0].clone());
        }
    }

    fn hear(&mut self, event: &Value) {
        if let Some(message) = self.dialect.read_user_room(event) {
            self.user_room.hear(message, event);
        }
        let Some((here, told)) = self.dialect.read(event) else {
            return;
        };
        let mut conversations = self.conversations.iter_mut();
        let conversation = conversations.find(|conversation| match &here {
            Ok(id) => conversation.id == *id,
            Err(no) => conversation.no == *no,
        });
        conversation
            .unwrap_or_else(|| panic!("from elsewhere: {event}"))
            .hear(told, event);
    }

    /// Reads for so long.
    pub async fn listen(&mut self, ms: u64) {
        let end = Instant::now() + Duration::from_millis(ms);
        loop {
            let left = end.saturating_duration_since(Instant::now());
            // At least what is there already.
            if !self.take(left.max(Duration::from_micros(200))).await || left.is_zero() {
                return;
            }
        }
    }

    /// Reads until the connection is lost.
    pub async fn listen_to_the_end(&mut self) {
        let begun = Instant::now();
        while self.is_connected() {
            self.take(Duration::from_millis(50)).await;
            assert!(begun.elapsed() < PATIENCE, "it is not closed");
        }
    }

    /// Asks for something without waiting for the answer; its number.
    pub async fn tell(&mut self, (event, argument): (&str, Value)) -> u64 {
        self.asked += 1;
        let (id, head) = (self.asked, self.dialect.head());
        let packet = json!([event, argument]);
        if let Some(link) = &mut self.link {
            link.send(&format!("42{head}{id}{packet}")).await;
        }
        id
    }

    /// Asks, and reads until the answer; `None` where the connection is lost before it.
    pub async fn ask(&mut self, request: (&str, Value)) -> Option<Value> {
        let id = self.tell(request).await;
        let begun = Instant::now();
        loop {
            if let Some(answer) = self.answers.remove(&id) {
                return Some(answer);
            }
            if !self.is_connected() {
                return None;
            }
            self.take(Duration::from_millis(50)).await;
            assert!(begun.elapsed() < PATIENCE, "no answer");
        }
    }
}
