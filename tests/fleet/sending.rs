//! A sender: each message under its client id, again and again until it is acknowledged, at whichever node answers.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::drive::Failure;
use crate::drive::client::{Socket, Target, whole};

use super::crowd::{Acknowledged, Progress, locked};

const PAUSE: Duration = Duration::from_millis(50);
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
const ANSWER_LIMIT: Duration = Duration::from_secs(8);

/// Somebody who sends.
pub struct Sender {
    targets: Vec<Target>,
    at: usize,
    user: String,
    conversation: String,
    progress: Arc<Progress>,
    socket: Option<Socket>,
}

/// What came of a try.
enum Try {
    Stored(u64),
    /// The server asks for another try.
    Later,
    Refused(String),
}

impl Sender {
    pub fn new(
        targets: Vec<Target>,
        node: usize,
        user: String,
        conversation: String,
        progress: Arc<Progress>,
    ) -> Self {
        Self {
            targets,
            at: node,
            user,
            conversation,
            progress,
            socket: None,
        }
    }

    /// Sends one message after the other until nobody sends any more.
    pub async fn live(mut self, pause: Duration) {
        let mut number = 0;
        while !self.progress.is_ending() {
            number += 1;
            let client_id = format!("{}-{number}", self.user);
            self.send(&client_id).await;
            sleep(pause).await;
        }
        self.progress.sending.fetch_sub(1, Ordering::Relaxed);
    }

    /// Until it is acknowledged, or the test is given up.
    async fn send(&mut self, client_id: &str) {
        while !self.progress.is_dismissed() {
            match self.try_once(client_id).await {
                Ok(Try::Stored(seq)) => {
                    return locked(&self.progress.acknowledged).push(Acknowledged {
                        conversation: self.conversation.clone(),
                        client_id: client_id.to_owned(),
                        seq,
                    });
                }
                Ok(Try::Refused(text)) => {
                    let what = format!("{client_id} was refused: {text}");
                    return self.progress.note_wrong(what);
                }
                Ok(Try::Later) => {}
                Err(_) => {
                    self.socket = None;
                    self.at += 1;
                }
            }
            sleep(PAUSE).await;
        }
        self.progress
            .note_wrong(format!("{client_id} was never acknowledged"));
    }

    async fn try_once(&mut self, client_id: &str) -> Result<Try, Failure> {
        let mut socket = match self.socket.take() {
            Some(socket) => socket,
            None => {
                let place = self.at % self.targets.len().max(1);
                let target = self.targets.get(place).ok_or("no node")?;
                timeout(CONNECT_LIMIT, target.connect(&self.user)).await??
            }
        };
        let wish = json!({ "conversation_id": self.conversation, "client_id": client_id, "body": client_id });
        let told = timeout(ANSWER_LIMIT, socket.ask("send_message", &wish)).await??;
        self.socket = Some(socket);
        let answer: Value = serde_json::from_str(&told)?;
        if let Some(error) = answer.get("error") {
            let is_temporary = error.get("temporary").and_then(Value::as_bool) == Some(true);
            return Ok(match is_temporary {
                true => Try::Later,
                false => Try::Refused(told.to_string()),
            });
        }
        let stored = answer.get("data").ok_or("no data")?;
        Ok(Try::Stored(whole(stored, "seq")?))
    }
}
