//! Part-Time Pays' message components and messaging page from outside: its calls over REST, and its socket.

pub mod access;
mod beginning;
mod listing;
mod native;
mod page;
mod plans;
mod reacting;
mod relaying;
mod searching;
mod talking;

use serde_json::{Value, json};

use crate::client::Person;
use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::TestApp;

/// Where its calls are.
pub const PREFIX: &str = "/api/v1/messages";

/// Two people and the conversation of both.
pub struct Site {
    pub app: TestApp,
    pub ada: Person,
    pub ben: Person,
    pub place: String,
}

impl Site {
    pub async fn open() -> Self {
        let app = serving().await;
        let (ada, ben) = (app.person("ada").await, app.person("ben").await);
        let place = begin(&ada, json!({ "participants": ["ben"] })).await;
        let place = id(&place);
        Self {
            app,
            ada,
            ben,
            place,
        }
    }

    /// The path of the messages of both.
    pub fn messages(&self) -> String {
        messages(&self.place)
    }

    /// Sends over REST; answers the message.
    pub async fn say(&self, who: &Person, text: &str) -> Value {
        let said = json!({ "content": text, "messageType": "text" });
        let sent = who.post(&self.messages(), said).await.expect_status(201);
        sent.body["data"]["message"].clone()
    }

    /// The texts of the conversation, as the page shows them.
    pub async fn texts(&self, who: &Person) -> Vec<String> {
        let listed = who.get(&self.messages()).await.expect_status(200).body;
        let messages = listed["data"]["messages"].as_array().expect("a list");
        let text = |message: &Value| message["content"].as_str().expect("a text").to_owned();
        messages.iter().map(text).collect()
    }

    /// Somebody's page, with the conversation open.
    pub async fn page(&self, who: &Person) -> SocketIoClient {
        let mut page = SocketIoClient::parttimepays(who).await;
        page.call("join_conversation", json!(self.place)).await;
        page
    }
}

/// A server that serves the dialect.
pub async fn serving() -> TestApp {
    TestApp::with(&["--rate-limits", "off", "--dialects", "parttimepays"]).await
}

/// Begins a conversation, or finds it.
pub async fn begin(who: &Person, wanted: Value) -> Value {
    let path = format!("{PREFIX}/conversations");
    let made = who.post(&path, wanted).await.expect_status(201).body;
    assert_eq!(made["success"], true);
    made["data"]["conversation"].clone()
}

pub fn messages(place: &str) -> String {
    format!("{PREFIX}/conversations/{place}/messages")
}

/// The id of a document.
pub fn id(document: &Value) -> String {
    document["_id"].as_str().expect("an id").to_owned()
}

/// The ids of the people of a conversation.
pub fn people(conversation: &Value) -> Vec<&str> {
    let people = conversation["participants"].as_array().expect("people");
    let ids = people.iter().map(|person| person["_id"].as_str());
    ids.map(|id| id.expect("an id")).collect()
}
