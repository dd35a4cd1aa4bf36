//! The Stoory guide's REST endpoints from outside, as the guide's own front end uses them.

mod clicking;
mod free_text;
mod front_begin;
mod front_events;
mod front_flow;
mod front_lists;
mod front_messages;
mod front_payment;
mod front_sides;
mod guide;
mod ids;
mod lists;
mod naughty;
mod once;
mod own_steps;
mod plans;
mod saying;
mod session;
mod shapes;
mod user_room;
mod walking;

use serde_json::{Value, json};

use crate::client::{Answer, Person};
use crate::deals::Deal;
use crate::test_app::TestApp;

/// What the guide calls the system.
pub const SYSTEM: &str = "00000000-0000-0000-0000-000000000000";

impl Deal {
    fn path(&self, endpoint: &str) -> String {
        format!("/api/messages/conversations/{}/{endpoint}", self.id)
    }

    /// A click, with the fields of the button.
    pub async fn click(&self, role: &str, button: &str, additional: Value) -> Answer {
        let body = json!({ "button_id": button, "additional_data": additional });
        self.role(role).post(&self.path("button-click"), body).await
    }

    /// A typed text.
    pub async fn type_in(&self, role: &str, text: &str, input_type: &str) -> Answer {
        let body = json!({ "text": text, "input_type": input_type });
        self.role(role).post(&self.path("text-input"), body).await
    }

    /// Clicks of both, each with the state that it leads to.
    pub async fn walk(&self, clicks: &[(&str, &str, Value, &str)]) {
        for (role, button, form, state) in clicks {
            led_to(self.click(role, button, form.clone()).await, state);
        }
    }

    /// From the connection to the price that the brand owner may name.
    pub async fn to_pricing(&self) {
        let details = json!({ "details": "Three posts" });
        self.walk(&[
            (
                "influencer",
                "accept_connection",
                json!({}),
                "brand_owner_details",
            ),
            (
                "brand_owner",
                "send_project_details",
                details,
                "influencer_reviewing",
            ),
            (
                "influencer",
                "accept_project",
                json!({}),
                "brand_owner_pricing",
            ),
        ])
        .await;
    }

    /// The conversation as somebody sees it.
    pub async fn row(&self, role: &str) -> Value {
        let answer = self.role(role).get(&self.path("context")).await;
        answer.expect_status(200).body["conversation"].clone()
    }

    /// The messages that somebody sees, oldest first.
    pub async fn rows(&self, role: &str) -> Vec<Value> {
        let answer = self.role(role).get(&self.path("messages?limit=100")).await;
        let page = answer.expect_status(200).body;
        page["messages"].as_array().unwrap().clone()
    }

    /// How many steps were made.
    pub async fn steps_made(&self) -> usize {
        self.history(&self.platform).await.len()
    }
}

/// The names of events.
fn names(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event[0].as_str().unwrap())
        .collect()
}

/// The values of these fields.
pub fn fields<const N: usize>(of: &Value, names: [&str; N]) -> Value {
    Value::Array(names.map(|name| of[name].clone()).into())
}

/// The state that an answer tells of.
#[track_caller]
pub fn led_to(answer: Answer, state: &str) -> Value {
    let body = answer.expect_status(200).body;
    assert_eq!(
        (&body["success"], &body["flow_update"]["flow_state"]),
        (&json!(true), &json!(state)),
        "{body}"
    );
    body["flow_update"].clone()
}

/// Two people who have not met.
pub async fn two() -> (TestApp, Person, Person) {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    (app, alice, bob)
}
