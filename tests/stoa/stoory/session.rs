//! A session of the platform's real front end, by unmodified clients, from an empty database: connect, list, open, send, receive, read,
//! act, pay, disconnect, come back.

use serde_json::{Value, json};

use crate::client::Person;
use crate::clients::Client;
use crate::clients::commands::{Connecting, first, said_in};
use crate::clients::proxy::Proxy;
use crate::test_app::TestApp;

/// The brand owner's front end.
const NAME: &str = "bela";

/// Whether a client brings back by itself what it missed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Returns {
    ByItself,
    ByReading,
}

struct Session {
    app: TestApp,
    proxy: Proxy,
    client: Client,
    bela: Person,
    ines: Person,
    returns: Returns,
}

impl Session {
    async fn begin(client: Client, returns: Returns) -> Self {
        let proxy = Proxy::open().await;
        let app = TestApp::start().await;
        proxy.lead_to(app.address);
        let (bela, ines) = (app.person(NAME).await, app.person("ines").await);
        Self {
            app,
            proxy,
            client,
            bela,
            ines,
            returns,
        }
    }

    async fn fetch(&mut self, method: &str, path: &str, body: Option<Value>) -> Value {
        let url = format!("http://{}{path}", self.proxy.address);
        let details =
            json!({ "url": url, "token": self.bela.token, "body": body, "method": method });
        let answer = self.client.tell("request", details).await;
        assert_eq!(
            answer["status"].as_u64().unwrap() / 100,
            2,
            "{method} {path}: {answer}"
        );
        assert_eq!(answer["body"]["success"], true, "{method} {path}: {answer}");
        answer["body"].clone()
    }

    async fn get(&mut self, path: &str) -> Value {
        self.fetch("GET", path, None).await
    }

    async fn post(&mut self, path: &str, body: Value) -> Value {
        self.fetch("POST", path, Some(body)).await
    }

    /// Sends events; the front end asks for no acknowledgement.
    async fn emit(&mut self, events: Value) {
        self.client
            .tell("tell", json!({ "name": NAME, "events": events }))
            .await;
    }

    /// What was heard, as soon as an event of a name is among it.
    async fn until(&mut self, event: &str) -> Vec<Value> {
        self.client.take(NAME, event, 1).await
    }

    async fn connect(&mut self) {
        let (url, token) = (
            format!("http://{}/", self.proxy.address),
            self.bela.token.clone(),
        );
        let how = Connecting {
            name: NAME,
            url: &url,
            auth: json!({ "token": token }),
            transports: &["polling", "websocket"],
            with_credentials: false,
            joins: None,
        };
        let state = self.client.connect(how).await;
        assert_eq!(state["connected"], true, "{state}");
        self.emit(json!([["join", NAME], ["join_user_room", { "userId": NAME }]]))
            .await;
    }

    /// The three lists at once, of which none may fail; how many conversations each has.
    async fn lists(&mut self) -> Vec<usize> {
        let mut counts = Vec::new();
        for list in ["direct", "bids", "campaigns"] {
            let path = format!("/api/messages/conversations/{list}?page=1&limit=10");
            let answer = self.get(&path).await;
            let rows = answer["conversations"].as_array().unwrap();
            for row in rows {
                assert!(
                    row["other_user"]["name"].is_string() && row["unread_count"].is_number(),
                    "{row}"
                );
            }
            counts.push(rows.len());
        }
        counts
    }

    async fn live(mut self) {
        self.connect().await;
        assert_eq!(self.lists().await, [0, 0, 0], "the database is empty");
        let direct = self.talk().await;
        let deal = self.act().await;
        self.pay(&deal).await;
        assert_eq!(self.lists().await, [1, 1, 0]);
        self.come_back(&direct).await;
        self.client
            .tell("disconnect", json!({ "name": NAME }))
            .await;
    }

    async fn talk(&mut self) -> String {
        let hello = json!({ "target_user_id": "ines", "initial_message": "Hello!" });
        let connected = self.post("/api/messages/direct-connect", hello).await;
        let id = connected["conversation_id"].as_str().unwrap().to_owned();
        let opened = self
            .get(&format!("/api/messages/conversations/{id}/context"))
            .await;
        assert_eq!(opened["context"]["users"]["other"]["id"], "ines");
        self.emit(json!([["join_conversation", { "conversationId": id }]]))
            .await;
        let sent = self
            .post(
                "/api/messages",
                json!({ "conversation_id": id, "message": "by REST" }),
            )
            .await;
        assert_eq!(
            (&sent["conversation_id"], &sent["message"]["message"]),
            (&json!(id), &json!("by REST"))
        );
        let said = json!({ "conversationId": id, "senderId": NAME, "receiverId": "ines", "message": "by socket", "mediaUrl": null });
        self.emit(json!([["send_message", said]])).await;
        let mut heard = Vec::new();
        while said_in(&heard, &id).last() != Some(&json!("by socket")) {
            heard.extend(self.until("new_message").await);
        }
        let answer = self.ines.say(&id, "Hi").await;
        let events = self.until("notification").await;
        let told = first(&events, "notification");
        assert_eq!(
            (&told["type"], &told["data"]["message"]["id"]),
            (&json!("message"), &answer["id"])
        );
        assert_eq!(said_in(&events, &id), [json!("Hi")]);
        let page = self
            .get(&format!("/api/messages/{id}?page=1&limit=50"))
            .await;
        let rows = page["messages"].as_array().unwrap().iter();
        let texts: Vec<&Value> = rows.map(|row| &row["message"]).collect();
        assert_eq!(texts, ["Hello!", "by REST", "by socket", "Hi"]);
        self.read(&id, &answer).await;
        id
    }

    async fn read(&mut self, id: &str, answer: &Value) {
        assert_eq!(
            self.get("/api/messages/unread-count").await["unread_count"],
            1
        );
        let seen = json!({ "messageId": answer["id"], "userId": NAME, "conversationId": id });
        self.emit(json!([["mark_seen", seen]])).await;
        let path = format!("/api/messages/conversations/{id}/seen");
        self.fetch("PUT", &path, None).await;
        assert_eq!(
            self.get("/api/messages/unread-count").await["unread_count"],
            0
        );
    }

    /// A deal, from its beginning to the price that both agree on.
    async fn act(&mut self) -> String {
        let wanted = json!({ "bid_id": "bid-1", "influencer_id": "ines", "proposed_amount": 4000 });
        let begun = self.post("/api/bids/automated/initialize", wanted).await;
        let id = begun["conversation"]["id"].as_str().unwrap().to_owned();
        self.emit(
            json!([["join_conversation", { "conversationId": id }], ["join_bid_room", "bid-1"]]),
        )
        .await;
        self.presses(&id, "accept_connection", json!({})).await;
        let acts = |action: &str, data: Value| json!({ "conversation_id": id, "action": action, "data": data });
        let path = "/api/bids/automated/brand-owner-action";
        self.post(
            path,
            acts("send_project_details", json!({ "details": "Three posts" })),
        )
        .await;
        self.presses(&id, "accept_project", json!({})).await;
        let told = self
            .post(path, acts("send_price_offer", json!({ "price": 5000 })))
            .await;
        assert_eq!(
            told["conversation"]["flow_state"],
            "influencer_price_response"
        );
        self.presses(&id, "negotiate_price", json!({})).await;
        let click = format!("/api/messages/conversations/{id}/button-click");
        let agree = json!({ "button_id": "agree_negotiation", "additional_data": {} });
        assert_eq!(
            self.post(&click, agree).await["conversation"]["flow_state"],
            "negotiation_input"
        );
        self.post(
            path,
            acts("send_negotiated_price", json!({ "price": 6000 })),
        )
        .await;
        self.presses(&id, "accept_negotiated_price", json!({}))
            .await;
        let stands = |event: &Value| {
            event[0] == "conversation_updated" && event[1]["flow_state"] == "payment_pending"
        };
        let mut events = Vec::new();
        while !events.iter().any(stands) {
            events.extend(self.until("conversation_updated").await);
        }
        id
    }

    /// The influencer presses, over their own front end.
    async fn presses(&self, id: &str, action: &str, data: Value) {
        let body = json!({ "conversation_id": id, "action": action, "data": data });
        let told = self
            .ines
            .post("/api/bids/automated/influencer-action", body)
            .await;
        told.expect_status(200);
    }

    async fn pay(&mut self, id: &str) {
        let order = self.order(id).await;
        let checkout = format!("http://{}/sandbox/checkout/{order}", self.app.address);
        let paid = reqwest::Client::new()
            .post(checkout)
            .json(&json!({ "outcome": "success" }))
            .send();
        assert!(paid.await.unwrap().status().is_success());
        let events = self.until("payment_status_update").await;
        let status = first(&events, "payment_status_update");
        assert_eq!(
            (&status["status"], &status["flow_state"]),
            (&json!("completed"), &json!("payment_completed"))
        );
    }

    /// The order that the payer's card has once it can be paid.
    async fn order(&mut self, id: &str) -> String {
        loop {
            let path = format!("/api/bids/automated/conversation/{id}/context");
            let told = self.get(&path).await;
            let asked = &told["conversation"]["current_action_data"];
            let order = &asked["payment_order"]["razorpay_config"]["order_id"];
            if let Some(order) = order.as_str() {
                return order.to_owned();
            }
            self.until("conversation_updated").await;
        }
    }

    async fn come_back(&mut self, id: &str) {
        self.proxy.cut();
        self.client.tell("lost", json!({ "name": NAME })).await;
        for text in ["one", "two"] {
            self.ines.say(id, text).await;
        }
        self.proxy.lead_to(self.app.address);
        let twice = json!({ "name": NAME, "times": 2 });
        let state = self.client.tell("connected", twice).await;
        assert_eq!(
            state["recovered"],
            self.returns == Returns::ByItself,
            "{state}"
        );
        let missed = [json!("one"), json!("two")];
        match self.returns {
            Returns::ByItself => {
                let mut events = Vec::new();
                while said_in(&events, id).len() < 2 {
                    events.extend(self.until("new_message").await);
                }
                assert_eq!(said_in(&events, id), missed);
            }
            Returns::ByReading => {
                self.emit(json!([["join", NAME], ["join_conversation", { "conversationId": id }]]))
                    .await;
                let page = self
                    .get(&format!(
                        "/api/messages/conversations/{id}/messages?page=1&limit=2"
                    ))
                    .await;
                let rows = page["messages"].as_array().unwrap().iter();
                assert_eq!(
                    rows.map(|row| row["message"].clone()).collect::<Vec<_>>(),
                    missed
                );
            }
        }
        self.ines.say(id, "live").await;
        let mut events = Vec::new();
        while said_in(&events, id).last() != Some(&json!("live")) {
            events.extend(self.until("new_message").await);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_client_lives_through_a_session() {
    let session = Session::begin(Client::node(), Returns::ByItself).await;
    session.live().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_oldest_client_lives_through_a_session() {
    let client = Client::node_of("socket.io-client-4.0");
    let session = Session::begin(client, Returns::ByReading).await;
    session.live().await;
}
