//! Somebody with a client: a session that comes and goes, and everything it hears, taken in in order.

use serde_json::{Value, json};

use super::model::{Model, Subscription, Whispers};
use crate::client::{Person, Socket};

/// Somebody and their client.
pub struct Listener {
    pub person: Person,
    pub model: Model,
    conversation: String,
    socket: Option<Socket>,
    next_id: u64,
}

/// Everything that somebody may read of a conversation, by REST, oldest first.
pub async fn history(person: &Person, conversation: &str) -> Vec<Value> {
    let path = format!("/api/v1/conversations/{conversation}/messages?limit=40");
    let (mut all, mut before) = (Vec::new(), String::new());
    loop {
        let page = person.get(&format!("{path}{before}")).await;
        let page = page.expect_status(200).body;
        let mut items = page["items"].as_array().expect("items").clone();
        items.extend(all);
        all = items;
        match page["next_cursor"].as_i64() {
            Some(seq) => before = format!("&before={seq}"),
            None => return all,
        }
    }
}

impl Listener {
    /// Somebody who has not joined yet.
    pub fn new(person: Person, conversation: &str) -> Self {
        let model = Model::new(&person.id);
        Self {
            person,
            model,
            conversation: conversation.to_owned(),
            socket: None,
            next_id: 0,
        }
    }

    /// Asks over the socket. Whatever comes before the answer is taken in before it.
    pub async fn ask(
        &mut self,
        event: &str,
        data: Value,
        whispers: &Whispers,
    ) -> Result<Value, Value> {
        self.next_id += 1;
        let text = json!({ "event": event, "id": self.next_id, "data": data }).to_string();
        self.connected().await.send_text(&text).await;
        while let Some(mut frame) = self.hear().await {
            if frame["ack"] == self.next_id {
                return match frame["error"].take() {
                    Value::Null => Ok(frame["data"].take()),
                    error => Err(error),
                };
            }
            self.model.event(&frame, whispers);
        }
        Err(json!({ "temporary": true }))
    }

    async fn connected(&mut self) -> &mut Socket {
        if self.socket.is_none() {
            self.socket = Some(self.person.socket().await);
        }
        self.socket.as_mut().expect("a socket")
    }

    /// The next frame; none where the server asks this one to come back.
    async fn hear(&mut self) -> Option<Value> {
        match self.socket.as_mut()?.next().await {
            Ok(frame) => Some(frame),
            Err(code) => {
                assert_eq!(code, Some(1013), "{} was closed", self.person.id);
                self.disconnect().await;
                None
            }
        }
    }

    /// Joins from a seq on, or from nothing; a refusal means that this one may not read.
    pub async fn join(&mut self, after: Option<i64>, whispers: &Whispers) {
        let data = json!({ "conversation_id": self.conversation, "after": after });
        loop {
            match self.ask("join_conversation", data.clone(), whispers).await {
                Ok(answer) => {
                    let fresh = answer["recovered"] == false;
                    self.model.answer(&answer, after, whispers);
                    if fresh {
                        self.read_history(whispers).await;
                    }
                    return;
                }
                Err(error) if error["temporary"] == true => {}
                Err(error) => {
                    let code = error["error_code"].as_str().unwrap_or("");
                    assert!(["NOT_A_PARTICIPANT", "BLOCKED"].contains(&code), "{error}");
                    self.model.subscription = Subscription::Lost;
                    return;
                }
            }
        }
    }

    async fn read_history(&mut self, whispers: &Whispers) {
        let at = self.model.last_seq;
        for message in history(&self.person, &self.conversation).await {
            self.model.message(&message, at, whispers);
        }
    }

    /// Joins as a client does that has been here: from the last seq, unless it starts anew.
    pub async fn come_back(&mut self, whispers: &Whispers) {
        let after = (!self.model.starts_anew).then_some(self.model.last_seq);
        self.join(after, whispers).await;
        if self.model.starts_anew && self.model.subscription == Subscription::Joined {
            self.join(None, whispers).await;
        }
    }

    /// Is gone, with whatever was on its way: what was the last word may not be it any more.
    pub async fn disconnect(&mut self) {
        if let Some(socket) = self.socket.take() {
            socket.close().await;
        }
        self.model.subscription = Subscription::Away;
    }

    /// Hears no more of the conversation, and stays connected.
    pub async fn leave_room(&mut self, whispers: &Whispers) {
        let data = json!({ "conversation_id": self.conversation });
        while let Err(error) = self.ask("leave_conversation", data.clone(), whispers).await {
            assert_eq!(error["temporary"], true, "{error}");
        }
        if self.model.subscription == Subscription::Joined {
            self.model.subscription = Subscription::Away;
        }
    }

    /// Takes in everything up to a seq that everybody may see; joins if need be. Ends lost where this one may not read.
    pub async fn settle(&mut self, seq: i64, whispers: &Whispers) {
        loop {
            while self.model.subscription == Subscription::Joined && self.model.last_seq < seq {
                if let Some(frame) = self.hear().await {
                    self.model.event(&frame, whispers);
                }
            }
            let done = self.model.subscription == Subscription::Joined && !self.model.starts_anew;
            let status = json!({ "status": "online" });
            let _flushed = self.ask("user_status", status, whispers).await;
            if done && self.model.subscription == Subscription::Joined {
                return;
            }
            self.come_back(whispers).await;
            if self.model.subscription == Subscription::Lost {
                return;
            }
        }
    }

    /// Takes in what comes until this one knows how far everybody was reached and has read.
    pub async fn settle_marks(&mut self, fresh: &Value, whispers: &Whispers) {
        while !self.model.knows_marks(fresh) {
            let frame = self.hear().await.expect("a session that goes on");
            self.model.event(&frame, whispers);
        }
    }

    /// What this one gets who knows nothing: a new session's join, and its refusal.
    pub async fn fresh(&self) -> Result<Value, Value> {
        let mut socket = self.person.socket().await;
        let data = json!({ "conversation_id": self.conversation });
        let answer = socket.call("join_conversation", data).await;
        socket.close().await;
        answer
    }
}
