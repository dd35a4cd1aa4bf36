//! Search: what is found, by whom, in which order, and what it costs.

mod hidden;
mod history;
mod hits;
mod law;
mod plans;
mod staff;
mod words;

use serde_json::{Value, json};

use crate::client::{Answer, Person};
use crate::test_app::TestApp;

/// A text as a part of a query string.
pub fn encoded(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(one).collect()
}

/// Searches with these parameters besides the query.
async fn search(person: &Person, query: &str, more: &str) -> Answer {
    let path = format!("/api/v1/search?q={}{more}", encoded(query));
    person.get(&path).await
}

/// The bodies of what is found, in order.
async fn found(person: &Person, query: &str) -> Vec<String> {
    let answer = search(person, query, "").await.expect_status(200);
    bodies(&answer.body)
}

fn bodies(found: &Value) -> Vec<String> {
    let items = found["items"].as_array().expect("items");
    let body = |item: &Value| item["message"]["body"].as_str().expect("a body").to_owned();
    items.iter().map(body).collect()
}

/// Waits until everything that was said can be found by the index.
pub async fn until_indexed(app: &TestApp) {
    let behind = "select count(*) as n from conversations c where last_seq > coalesce((
        select w.seq from feed_watermarks w join feed_consumers f on f.no = w.consumer_no
        where f.name like 'search-%' and w.conversation_no = c.no), 0)";
    app.until_count(behind, 0).await;
}

async fn send(person: &Person, conversation: &str, message: Value) -> Value {
    let path = format!("/api/v1/conversations/{conversation}/messages");
    person.post(&path, message).await.expect_status(201).body
}

/// A message with a file.
fn file(body: &str, name: &str, kind: &str) -> Value {
    json!({ "body": body, "attachments": [{ "url": "https://example.com/f", "name": name, "type": kind }] })
}
