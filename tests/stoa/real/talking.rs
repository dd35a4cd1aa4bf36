//! Somebody who sends over Socket.IO through a balancer, and somebody who sends over REST: each message until it is acknowledged.

use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::client::Person;
use crate::clients::Client;
use crate::polling::until;

const PAUSE: Duration = Duration::from_millis(30);

/// Until when people talk.
#[derive(Clone, Default)]
pub struct Talk(Arc<AtomicBool>);

impl Talk {
    /// Nobody begins anything new.
    pub fn end(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn goes_on(&self) -> bool {
        !self.0.load(Ordering::Relaxed)
    }

    /// Sends over REST; answers how many were acknowledged.
    pub async fn over_rest(self, person: Person, place: String) -> usize {
        let path = format!("/api/v1/conversations/{place}/messages");
        let mut count = 0;
        while self.goes_on() {
            let id = format!("rest-{count}");
            let saying = json!({ "body": id, "client_id": id });
            let say = async || {
                let answer = person.try_post(&path, saying.clone()).await;
                answer.map(|answer| answer.status)
            };
            let is_said = |status: &Option<u16>| matches!(status, Some(200 | 201));
            until("an acknowledgement over REST", say, is_said).await;
            count += 1;
            tokio::time::sleep(PAUSE).await;
        }
        count
    }

    /// Sends over Socket.IO with a client that is connected; answers how many were acknowledged.
    pub async fn over_socketio(self, mut client: Client, name: String, place: String) -> usize {
        let mut count = 0;
        while self.goes_on() {
            let id = format!("socket-{count}");
            let saying = json!({ "conversationId": place, "message": id, "clientId": id });
            let details = json!({ "name": name, "event": "send_message", "argument": saying });
            let say = async || match client.try_to("ask", details.clone()).await {
                Ok(answer) | Err(answer) => answer,
            };
            let is_said = |answer: &Value| answer["success"] == true;
            until("an acknowledgement over Socket.IO", say, is_said).await;
            count += 1;
            tokio::time::sleep(PAUSE).await;
        }
        count
    }
}
