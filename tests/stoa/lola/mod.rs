//! Lola's front ends from outside: each event and call as its two clients make it, and what they read of the answers.

pub mod access;
mod ids;
mod joining;
mod plans;
mod rest;
mod script;
mod signals;
mod talking;

use serde_json::{Value, json};

use crate::client::Person;
use crate::test_app::TestApp;

/// A customer, an agent of the business, and their room.
pub struct Desk {
    pub app: TestApp,
    pub ann: Person,
    pub sam: Person,
    pub room: String,
}

impl Desk {
    pub async fn open() -> Self {
        Self::on(TestApp::start().await).await
    }

    pub async fn on(app: TestApp) -> Self {
        let (ann, sam) = (app.person("ann").await, app.person("sam").await);
        let wanted = json!({ "kind": "support", "subject": { "type": "business", "id": "b-7" }, "participants": [{ "user_id": "sam", "role": "agent" }] });
        let made = ann.post("/api/v1/conversations", wanted).await;
        let made = made.expect_status(201).body;
        let room = made["id"].as_str().expect("an id").to_owned();
        Self {
            app,
            ann,
            sam,
            room,
        }
    }

    /// What the customer's client sends.
    pub fn says(&self, text: &str) -> Value {
        json!({ "roomId": self.room, "content": text, "senderType": "customer", "senderId": "ann", "senderName": "Ann", "messageType": "text" })
    }

    /// What the business's client sends.
    pub fn answers(&self, text: &str) -> Value {
        json!({ "roomId": self.room, "content": text, "senderType": "staff", "senderId": "sam", "senderName": "Sam", "messageType": "text" })
    }
}

/// The type of each member, as the clients rely on it.
#[track_caller]
pub fn must_have(value: &Value, members: &[(&str, &str)]) {
    for (path, wanted) in members {
        let pointer = format!("/{}", path.replace('.', "/"));
        let found = value.pointer(&pointer);
        let is = match found {
            None => "nothing",
            Some(Value::Null) => "null",
            Some(Value::Bool(_)) => "bool",
            Some(Value::Number(_)) => "number",
            Some(Value::String(text)) => match chrono::DateTime::parse_from_rfc3339(text) {
                Ok(_) => "time",
                Err(_) => "text",
            },
            Some(Value::Array(_)) => "list",
            Some(Value::Object(_)) => "object",
        };
        assert_eq!(is, *wanted, "{path} of {value}");
    }
}

/// The members of a message that the two clients read, and those of the platform's documents.
pub const MESSAGE: [(&str, &str); 22] = [
    ("id", "text"),
    ("_id", "text"),
    ("roomId", "text"),
    ("businessId", "text"),
    ("senderId", "text"),
    ("senderType", "text"),
    ("senderName", "text"),
    ("messageType", "text"),
    ("content", "text"),
    ("attachments", "list"),
    ("isRead", "bool"),
    ("readAt", "null"),
    ("isAutomated", "bool"),
    ("isFAQ", "bool"),
    ("faqId", "null"),
    ("replyToMessageId", "null"),
    ("isEdited", "bool"),
    ("isDeleted", "bool"),
    ("createdAt", "time"),
    ("updatedAt", "time"),
    ("metadata.deliveryStatus", "text"),
    ("metadata.language", "null"),
];
