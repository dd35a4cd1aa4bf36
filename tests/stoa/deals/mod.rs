//! Deals from outside: begun by the platform, walked by two people, over REST and over sockets.

mod branches;
mod crashing;
mod filling;
mod hostile;
mod laws;
mod leaking;
mod lost_commits;
pub mod migrating;
mod once;
mod pair;
mod paying;
mod plans;
mod random;
mod simulated;
mod storms;
mod talking;
mod walking;

use serde_json::{Value, json};
use std::path::PathBuf;

use crate::client::{Answer, PATIENCE, Person};
use crate::drive::polling::poll;
use crate::polling::until;
use crate::test_app::TestApp;

/// A conversation with a bid deal, and those who take part in it.
pub struct Deal {
    /// The server.
    pub app: TestApp,
    /// The platform's own back end.
    pub platform: Person,
    /// Whose bid it is.
    pub influencer: Person,
    /// Who answers it.
    pub brand_owner: Person,
    /// The conversation.
    pub id: String,
}

impl Deal {
    /// A deal at its beginning.
    pub async fn begin() -> Self {
        Self::begin_on(TestApp::start().await).await
    }

    /// A deal at its beginning, on a server that is there.
    pub async fn begin_on(app: TestApp) -> Self {
        Self::begin_with(app, creation("bid-1")).await
    }

    /// Another deal at its beginning, on a server that is there.
    pub async fn begin_with(app: TestApp, creation: Value) -> Self {
        let platform = app.person_with("platform", &["service"]).await;
        let influencer = app.person("ines").await;
        let brand_owner = app.person("bela").await;
        let made = platform.post("/api/v1/conversations", creation).await;
        let id = made.expect_status(201).body["id"]
            .as_str()
            .unwrap()
            .to_owned();
        Self {
            app,
            platform,
            influencer,
            brand_owner,
            id,
        }
    }

    /// Somebody by their role.
    pub fn role(&self, role: &str) -> &Person {
        match role {
            "influencer" => &self.influencer,
            "brand_owner" => &self.brand_owner,
            other => panic!("nobody is {other}"),
        }
    }

    /// How the deal stands for somebody.
    pub async fn stands(&self, person: &Person) -> Value {
        let path = format!("/api/v1/conversations/{}/flow", self.id);
        person.get(&path).await.expect_status(200).body
    }

    /// Presses over REST.
    pub async fn press(&self, person: &Person, action: &str, body: Value) -> Answer {
        let path = format!("/api/v1/conversations/{}/flow/actions/{action}", self.id);
        person.post(&path, body).await
    }

    /// Presses, and expects the state that follows.
    pub async fn step(&self, role: &str, action: &str, input: Value, state: &str) -> Value {
        let answer = self.press(self.role(role), action, json!({ "input": input }));
        let stands = answer.await.expect_status(200).body;
        assert_eq!(stands["state"], state, "{action}: {stands}");
        stands
    }

    /// Several steps, one after the other: who, what, with what, and the state that follows.
    pub async fn steps<const N: usize>(&self, steps: [(&str, &str, Value, &str); N]) {
        for (role, action, input, state) in steps {
            self.step(role, action, input, state).await;
        }
    }

    /// The influencer accepts the connection: the first step of a bid.
    pub async fn connect(&self) -> Value {
        let (action, state) = ("accept_connection", "brand_owner_details");
        self.step("influencer", action, json!({}), state).await
    }

    /// Up to the price that both agree on: the money is waited for.
    pub async fn to_payment(&self) {
        let none = || json!({});
        self.connect().await;
        let details = json!({ "details": "Three posts" });
        self.step(
            "brand_owner",
            "send_project_details",
            details,
            "influencer_reviewing",
        )
        .await;
        self.step(
            "influencer",
            "accept_project",
            none(),
            "brand_owner_pricing",
        )
        .await;
        self.step(
            "brand_owner",
            "send_price_offer",
            rupees(5_000),
            "influencer_price_response",
        )
        .await;
        self.step("influencer", "accept_price", none(), "payment_pending")
            .await;
    }

    /// Waits until the payer has been told of an order that can be paid; answers its id at the gateway.
    pub async fn order(&self) -> String {
        let find = |messages: Vec<Value>| {
            let orders = messages.iter().rev().filter_map(|message| {
                let config = &message["action"]["payment_order"]["razorpay_config"];
                config["order_id"].as_str().map(str::to_owned)
            });
            orders.into_iter().next()
        };
        let look = async || find(self.messages(&self.brand_owner).await);
        self.until_found("an order that can be paid", look).await
    }

    /// Waits until the deal stands in a state.
    pub async fn reaches(&self, state: &str) {
        let look = async || self.stands(&self.platform).await;
        until(state, look, |now| now["state"] == state).await;
    }

    /// Waits until `look` finds something; shows how the deal stands where it does not.
    pub async fn until_found<T>(&self, what: &str, look: impl AsyncFn() -> Option<T>) -> T {
        let looked = poll(what, PATIENCE, async || match look().await {
            Some(found) => Ok(found),
            None => Err(self.stands(&self.platform).await),
        });
        looked.await.unwrap_or_else(|late| panic!("{late}"))
    }

    /// The messages that somebody may see, oldest first.
    pub async fn messages(&self, person: &Person) -> Vec<Value> {
        let path = format!("/api/v1/conversations/{}/messages?limit=100", self.id);
        let page = person.get(&path).await.expect_status(200).body;
        page["items"].as_array().unwrap().clone()
    }

    /// The log of steps.
    pub async fn history(&self, person: &Person) -> Vec<Value> {
        let path = format!("/api/v1/conversations/{}/flow/history?limit=100", self.id);
        let page = person.get(&path).await.expect_status(200).body;
        page["items"].as_array().unwrap().clone()
    }
}

/// The request that creates a conversation with a bid deal.
pub fn creation(bid: &str) -> Value {
    json!({
        "kind": "group",
        "participants": [{ "user_id": "ines", "role": "influencer" }, { "user_id": "bela", "role": "brand_owner" }],
        "subject": { "type": "bid", "id": bid, "title": "Three posts about bread" },
        "flow": { "name": "bid", "context": { "bid_title": "Three posts about bread", "proposed_amount": { "amount": 400_000, "currency": "INR" } } },
    })
}

/// A price in rupees.
pub fn rupees(amount: i64) -> Value {
    json!({ "price": { "amount": amount * 100, "currency": "INR" } })
}

/// A folder of flow files, for as long as it lives.
pub struct Flows(PathBuf);

impl Flows {
    /// A folder with one flow in it.
    pub fn with(text: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("stoa-flows-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir(&folder).unwrap();
        let flows = Self(folder);
        flows.put(text);
        flows
    }

    /// Puts another text in its place.
    pub fn put(&self, text: &str) {
        std::fs::write(self.file(), text).unwrap();
    }

    /// The flow's file.
    pub fn file(&self) -> String {
        self.0.join("ticking.toml").to_str().unwrap().to_owned()
    }

    /// The folder.
    pub fn folder(&self) -> String {
        self.0.to_str().unwrap().to_owned()
    }
}

impl Drop for Flows {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

/// The flow that goes on by itself.
pub const TICKING: &str = include_str!("ticking.toml");
