//! Commands to a real client: connect, send, press, and report what it received.

use serde_json::{Value, json};

use super::Client;

/// How a client connects.
pub struct Connecting<'a> {
    /// Under this name it is told what to do.
    pub name: &'a str,
    /// The server, and the namespace.
    pub url: &'a str,
    pub auth: Value,
    pub transports: &'a [&'a str],
    /// Whether the page that it is in lives elsewhere and sends its cookies along.
    pub with_credentials: bool,
    /// What it joins whenever it is connected, as many front ends do.
    pub joins: Option<&'a str>,
}

impl Client {
    /// Connects; answers how that came out.
    pub async fn connect(&mut self, how: Connecting<'_>) -> Value {
        let options = json!({
            "auth": how.auth, "transports": how.transports, "withCredentials": how.with_credentials,
        });
        let details =
            json!({ "name": how.name, "url": how.url, "options": options, "joins": how.joins });
        self.tell("connect", details).await
    }

    /// Asks for something; the acknowledgement.
    pub async fn ask(&mut self, name: &str, event: &str, argument: Value) -> Value {
        let details = json!({ "name": name, "event": event, "argument": argument });
        self.tell("ask", details).await
    }

    /// Asks for something, and expects success.
    #[track_caller]
    pub fn call(
        &mut self,
        name: &str,
        event: &str,
        argument: Value,
    ) -> impl Future<Output = Value> {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.ask(name, event, argument).await;
            assert_eq!(answer["success"], true, "{caller}: {event}: {answer}");
            answer
        }
    }

    /// Everything that it has heard since it was asked last, as soon as so many events of a name are among it.
    pub async fn take(&mut self, name: &str, event: &str, count: usize) -> Vec<Value> {
        let details = json!({ "name": name, "event": event, "count": count });
        let taken = self.tell("take", details).await;
        taken.as_array().expect("events").clone()
    }

    /// A request over HTTP, as the front end makes it; its status and body.
    pub async fn request(&mut self, url: &str, token: &str, body: Option<Value>) -> (u64, Value) {
        let details = json!({ "url": url, "token": token, "body": body });
        let mut answer = self.tell("request", details).await;
        let status = answer["status"].as_u64().expect("a status");
        (status, answer["body"].take())
    }
}

/// What was said somewhere, in the order of the events.
pub fn said_in(events: &[Value], conversation: &str) -> Vec<Value> {
    let said = events.iter().filter(|event| event[0] == "new_message");
    let here = said.filter(|event| event[1]["conversation_id"] == conversation);
    here.map(|event| event[1]["message"]["message"].clone())
        .collect()
}

/// The payload of the first event of a name.
#[track_caller]
pub fn first<'a>(events: &'a [Value], name: &str) -> &'a Value {
    let found = events.iter().find(|event| event[0] == name);
    &found.unwrap_or_else(|| panic!("no {name} in {events:?}"))[1]
}
