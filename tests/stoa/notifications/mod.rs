//! Notifications: made, listed, counted, read, replaced and withdrawn; and told to sessions.

mod hearing;
mod making;
mod plans;
mod preferences;
mod reading;

use serde_json::{Value, json};

use crate::client::{Answer, Person};
use crate::test_app::TestApp;

/// A server, and the platform that makes notifications.
pub struct Fixture {
    pub app: TestApp,
    pub platform: Person,
}

impl Fixture {
    pub async fn with(people: &[&str]) -> Self {
        Self::on(TestApp::start().await, people).await
    }

    pub async fn on(app: TestApp, people: &[&str]) -> Self {
        let platform = app.person_with("platform", &["service"]).await;
        for id in people {
            app.person(id).await;
        }
        Self { app, platform }
    }

    pub async fn make(&self, body: Value) -> Answer {
        self.platform.post("/api/v1/notifications", body).await
    }

    /// Makes a notification that is new.
    pub async fn made(&self, body: Value) -> Value {
        self.make(body).await.expect_status(201).body
    }
}

/// A notification with words of its own.
pub fn plain(user: &str, title: &str) -> Value {
    json!({ "to": { "user_id": user }, "type": "system", "title": title, "message": "Something." })
}

/// A change of an order's status.
pub fn order(user: &str, number: &str, status: &str) -> Value {
    let data = json!({ "order_id": number, "order_number": number, "status": status });
    json!({ "to": { "user_id": user }, "type": "order_update", "data": data })
}

/// The titles of somebody's notifications.
pub async fn titles(person: &Person, query: &str) -> Vec<String> {
    let listed = person
        .get(&format!("/api/v1/notifications{query}"))
        .await
        .expect_status(200)
        .body;
    let items = listed["items"].as_array().expect("items").iter();
    items
        .map(|item| item["title"].as_str().expect("a title").to_owned())
        .collect()
}

/// What somebody has to look at: unread, unseen.
pub async fn counts(person: &Person) -> (i64, i64) {
    let count = person
        .get("/api/v1/notifications/count")
        .await
        .expect_status(200)
        .body;
    let number = |name: &str| count[name].as_i64().expect("a number");
    (number("unread"), number("unseen"))
}
