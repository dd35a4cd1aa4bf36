//! A platform of the tests: takes webhooks, and verifies them as standardwebhooks.com says.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use serde_json::{Value, json};
use stoa::domain::flow::WebhookEvent;
use stoa::store::webhook_events;

use super::fixture::Fixture;
use super::hmac;
use super::listener::{Heard, Listener, Said};
use crate::client::Person;
use crate::polling::until;

pub const NEW_KEY: [u8; 32] = [7; 32];
pub const OLD_KEY: [u8; 24] = [9; 24];

/// A receiver that answers by how many requests it has had.
pub async fn receiver(answer: impl Fn(usize) -> Said + Send + Sync + 'static) -> Listener {
    let had = std::sync::atomic::AtomicUsize::new(0);
    Listener::start(move |_| answer(had.fetch_add(1, std::sync::atomic::Ordering::Relaxed))).await
}

/// The options of a server that tells this address.
pub fn told_at(url: &str) -> Vec<String> {
    let secret = |key: &[u8]| format!("whsec_{}", STANDARD.encode(key));
    let secrets = format!("{},{}", secret(&NEW_KEY), secret(&OLD_KEY));
    let given = ["--webhook-url", url, "--webhook-secrets", &secrets];
    given.map(str::to_owned).into()
}

/// The same, for a receiver on this machine.
pub fn told_here(listener: &Listener) -> Vec<String> {
    let mut options = told_at(&format!("{}/hooks?x=1", listener.url()));
    options.push("--webhook-allow-private".to_owned());
    options
}

/// Something happens; answers its number.
pub fn happen(fixture: &Fixture, name: &str) -> i64 {
    let event = WebhookEvent {
        event: name.to_owned(),
        data: json!({ "price": { "amount": 5_000, "currency": "INR" } }),
    };
    let no = webhook_events::add(&mut fixture.app.connection(), None, &event, Utc::now());
    no.expect("an event")
}

/// Whether a key of ours has signed a webhook, by the standard's own words.
pub fn is_signed(heard: &Heard, key: &[u8]) -> bool {
    let (id, at) = (
        heard.header("webhook-id"),
        heard.header("webhook-timestamp"),
    );
    let age = Utc::now().timestamp() - at.parse::<i64>().expect("seconds");
    assert!((0..60).contains(&age), "{at}");
    let text = format!("{id}.{at}.{}", heard.body);
    let expected = format!("v1,{}", STANDARD.encode(hmac(key, text.as_bytes())));
    heard
        .header("webhook-signature")
        .split(' ')
        .any(|signature| signature == expected)
}

/// Waits until the events of the platform are as expected; answers them, newest first.
pub async fn until_events(person: &Person, holds: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let look = async || {
        let answer = person
            .get("/api/v1/webhooks/events")
            .await
            .expect_status(200);
        answer.body["items"].as_array().expect("items").clone()
    };
    until("events of the platform", look, |items| holds(items)).await
}

/// The attempts of an event so far.
pub async fn attempts(person: &Person, event: &Value) -> Vec<Value> {
    let id = event["id"].as_str().expect("an id");
    let answer = person
        .get(&format!("/api/v1/webhooks/events/{id}/attempts"))
        .await
        .expect_status(200);
    answer.body["items"].as_array().expect("items").clone()
}

/// Waits until an event was tried, and answers why that failed.
pub async fn until_tried(person: &Person) -> String {
    let event = until_events(person, |events| !events.is_empty()).await;
    let look = async || attempts(person, &event[0]).await;
    let attempts = until("an attempt", look, |attempts| !attempts.is_empty()).await;
    let event = until_events(person, |events| !events.is_empty()).await;
    assert_eq!(event[0]["status"], "pending");
    attempts[0]["problem"]
        .as_str()
        .expect("a problem")
        .to_owned()
}
