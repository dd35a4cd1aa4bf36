//! A listener in any dialect, and the ids of the messages that it hears.

use serde_json::{Value, json};

use crate::client::{Person, Socket};
use crate::socketio_chat::client::SocketIoClient;

/// Somebody who has joined a conversation.
pub enum Ears {
    Native(Box<Socket>),
    Stoory(Box<SocketIoClient>),
    Lola(Box<SocketIoClient>),
}

impl Ears {
    /// One in each dialect.
    pub async fn all(person: &Person, conversation: &str) -> [Self; 3] {
        let native = person.joined(conversation).await;
        let mut stoory = SocketIoClient::stoory(person).await;
        stoory.call("join_conversation", json!(conversation)).await;
        let mut lola = SocketIoClient::lola(person).await;
        lola.call("chat:join-room", json!(conversation)).await;
        [
            Self::Native(Box::new(native)),
            Self::Stoory(Box::new(stoory)),
            Self::Lola(Box::new(lola)),
        ]
    }

    /// The message that is said next.
    pub async fn message(&mut self) -> Value {
        match self {
            Self::Native(socket) => socket.event("new_message").await["message"].take(),
            Self::Stoory(client) => client.event("new_message").await["message"].take(),
            Self::Lola(client) => client.event("chat:new-message").await,
        }
    }

    /// The ids of the messages that are said next.
    pub async fn ids(&mut self, count: usize) -> Vec<String> {
        let mut ids = Vec::new();
        while ids.len() < count {
            ids.push(text(&self.message().await["id"]));
        }
        ids
    }

    /// Fails the test if another message was heard.
    pub async fn must_be_quiet(&mut self) {
        let left = match self {
            Self::Native(socket) => socket.drain().await,
            Self::Stoory(client) | Self::Lola(client) => client.drain().await,
        };
        let names = left.iter().map(|event| match &event["event"] {
            Value::String(name) => name.clone(),
            _ => text(&event[0]),
        });
        let messages =
            names.filter(|name| name.ends_with("new_message") || name.ends_with("new-message"));
        assert_eq!(messages.count(), 0, "heard once more: {left:?}");
    }
}

/// The ids of a conversation's newest messages, in order, by REST.
pub async fn stored(person: &Person, conversation: &str) -> Vec<String> {
    let path = format!("/api/v1/conversations/{conversation}/messages?limit=100");
    let page = person.get(&path).await.expect_status(200).body;
    let items = page["items"].as_array().expect("items");
    items.iter().map(|item| text(&item["id"])).collect()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
