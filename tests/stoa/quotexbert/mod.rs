//! quotexbert's front end from outside: its threads about leads, polled over REST.

mod access;
mod addresses;
mod coming;
mod page;
mod polling;
mod threads;

use serde_json::{Value, json};

use crate::client::Person;
use crate::test_app::TestApp;

/// The platform, a homeowner and a contractor, and the lead that concerns both.
pub struct Site {
    pub app: TestApp,
    pub platform: Person,
    pub hana: Person,
    pub carl: Person,
}

impl Site {
    pub async fn open() -> Self {
        let app = TestApp::with(&["--dialects", "quotexbert"]).await;
        let platform = app.person_with("platform", &["service"]).await;
        let (hana, carl) = (app.person("hana").await, app.person("carl").await);
        let site = Self {
            app,
            platform,
            hana,
            carl,
        };
        site.describe("lead-1", &["hana", "carl"]).await;
        site
    }

    /// What the platform says of a lead.
    pub async fn describe(&self, lead: &str, people: &[&str]) {
        let data =
            json!({ "budget": "5000", "zipCode": "M5V", "homeownerId": people[0], "floors": 2 });
        let said = json!({ "title": "A new kitchen", "people": people, "data": data });
        let path = format!("/api/v1/subjects/lead/{lead}");
        self.platform.put(&path, said).await.expect_status(200);
    }

    /// The thread about a lead, as somebody gets it.
    pub async fn thread(&self, who: &Person, lead: &str) -> Value {
        let wanted = json!({ "leadId": lead, "userId": who.id });
        let made = who.post("/api/threads/create", wanted).await;
        made.expect_status(200).body["thread"].clone()
    }

    /// The id of the thread about the lead of both.
    pub async fn begun(&self) -> String {
        let thread = self.thread(&self.carl, "lead-1").await;
        thread["id"].as_str().expect("an id").to_owned()
    }

    pub async fn say(&self, from: &Person, to: &str, thread: &str, text: &str) -> Value {
        let message = json!({ "fromUserId": from.id, "toUserId": to, "message": text });
        let sent = from.post(&messages(thread), message).await;
        sent.expect_status(200).body["message"].clone()
    }

    pub async fn list(&self, who: &Person) -> Vec<Value> {
        let path = format!("/api/threads?userId={}", who.id);
        let listed = who.get(&path).await.expect_status(200).body;
        assert_eq!(listed["selfUserId"], who.id.as_str());
        listed["threads"].as_array().expect("a list").clone()
    }
}

pub fn messages(thread: &str) -> String {
    format!("/api/threads/{thread}/messages")
}
