//! The law of coming back, for deals: snapshot + events = fresh snapshot, for any order of presses, messages, closings and lost connections.

use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::Deal;
use super::random::Random;
use crate::client::{Person, Socket};
use crate::test_app::TestApp;

const CASES: u64 = 12;
const DEEDS: usize = 45;
/// After these a deal is over.
const ENDS: [&str; 4] = ["withdraw", "decline", "reject", "step_in"];

/// A client that does what the protocol says, and nothing else.
struct Client {
    person: Person,
    conversation: String,
    socket: Option<Socket>,
    last_seq: i64,
    messages: BTreeMap<String, Value>,
    flow: Value,
}

impl Client {
    async fn new(person: Person, conversation: &str) -> Self {
        let mut client = Self {
            person,
            conversation: conversation.to_owned(),
            socket: None,
            last_seq: 0,
            messages: BTreeMap::new(),
            flow: Value::Null,
        };
        client.come_back().await;
        client
    }

    async fn come_back(&mut self) {
        let mut socket = self.person.socket().await;
        let mut join = json!({ "conversation_id": self.conversation });
        if self.last_seq > 0 {
            join["after"] = json!(self.last_seq);
        }
        let answer = socket.call("join_conversation", join).await.unwrap();
        // Steps are told to those who have not joined, too: the answer holds them.
        socket.forget();
        assert_eq!(answer["recovered"], self.last_seq > 0);
        self.last_seq = answer["last_seq"].as_i64().unwrap();
        self.flow = answer["conversation"]["flow"].clone();
        for message in answer["messages"].as_array().unwrap() {
            self.keep(message);
        }
        self.socket = Some(socket);
    }

    fn keep(&mut self, message: &Value) {
        let id = message["id"].as_str().unwrap().to_owned();
        self.messages.insert(id, message.clone());
    }

    /// Takes in everything that was sent up to now.
    async fn listen(&mut self) {
        let Some(mut socket) = self.socket.take() else {
            return;
        };
        // Whatever the room has told before it answers this is here by then.
        let asked = json!({ "conversation_id": self.conversation });
        let _answered = socket.call("typing_stop", asked).await;
        for frame in socket.drain().await {
            self.event(&frame);
        }
        self.socket = Some(socket);
    }

    fn event(&mut self, frame: &Value) {
        let data = &frame["data"];
        match frame["event"].as_str().unwrap() {
            "new_message" | "message_updated" | "message_deleted" => {
                self.rise(data);
                self.keep(&data["message"]);
            }
            "conversation_state_changed" => {
                self.rise(data);
                self.flow = data["flow"].clone();
                self.answer_cards(data);
            }
            _ => {}
        }
    }

    fn rise(&mut self, data: &Value) {
        let seq = data["seq"].as_i64().unwrap();
        assert!(
            seq > self.last_seq,
            "{} had {}: {data}",
            self.person.id,
            self.last_seq
        );
        self.last_seq = seq;
    }

    /// A card is answered by the step that raises the version above its own.
    fn answer_cards(&mut self, step: &Value) {
        for message in self.messages.values_mut() {
            let card = &mut message["action"];
            let is_left = card["state_version"].as_i64() < step["state_version"].as_i64();
            if card.is_object() && is_left && card["done"].is_null() {
                card["done"] = json!({
                    "action": step["action"], "actor": step["actor"], "actor_id": step["actor_id"], "at": step["timestamp"],
                });
            }
        }
    }

    async fn must_equal_a_fresh_one(&mut self, moment: &str) {
        self.listen().await;
        let path = format!(
            "/api/v1/conversations/{}/messages?limit=100",
            self.conversation
        );
        let mut all: Vec<Value> = self.messages.values().cloned().collect();
        all.sort_by_key(|message| message["seq"].as_i64());
        let page = self.person.get(&path).await.expect_status(200).body;
        let stored = page["items"].as_array().unwrap();
        assert_eq!(page["next_cursor"], Value::Null, "{moment}: one page");
        same(&all, stored, &format!("{moment}: {}", self.person.id));
        let fresh = Self::new_boxed(self.person.clone(), &self.conversation).await;
        assert_eq!(
            self.flow, fresh.flow,
            "{moment}: the deal of {}",
            self.person.id
        );
        let newest = all[all.len() - fresh.messages.len()..].to_vec();
        let mut first: Vec<Value> = fresh.messages.values().cloned().collect();
        first.sort_by_key(|message| message["seq"].as_i64());
        same(&newest, &first, &format!("{moment}: {}", self.person.id));
        let flow = format!("/api/v1/conversations/{}/flow", self.conversation);
        assert_eq!(self.person.get(&flow).await.body, fresh.flow, "{moment}");
    }

    async fn new_boxed(person: Person, conversation: &str) -> Self {
        Box::pin(Self::new(person, conversation)).await
    }
}

/// `done.at` may have more digits where the database wrote it.
fn same(known: &[Value], stored: &[Value], moment: &str) {
    let exact = |message: &Value| {
        let mut message = message.clone();
        if let Some(at) = message.pointer_mut("/action/done/at") {
            let told = chrono::DateTime::parse_from_rfc3339(at.as_str().unwrap()).unwrap();
            *at = json!(told.timestamp_millis());
        }
        message
    };
    for (known, stored) in known.iter().zip(stored) {
        assert_eq!(exact(known), exact(stored), "{moment}");
    }
    assert_eq!(known.len(), stored.len(), "{moment}");
}

/// What fills in a form, mostly well.
fn filled(fields: &[Value], random: &mut Random) -> Value {
    let mut input = json!({});
    for field in fields {
        let value = match field["type"].as_str().unwrap() {
            "money" | "number" => json!(100 + random.below(5_000)),
            _ => json!(format!("words {}", random.below(1_000))),
        };
        if random.below(12) > 0 {
            input[field["name"].as_str().unwrap()] = value;
        }
    }
    input
}

async fn begin(app: TestApp) -> Deal {
    let platform = app.person_with("platform", &["service"]).await;
    let (influencer, brand_owner) = (app.person("ines").await, app.person("bela").await);
    let creation = json!({
        "kind": "group", "flow": { "name": "negotiation" },
        "participants": [{ "user_id": "ines", "role": "provider" }, { "user_id": "bela", "role": "customer" }],
    });
    let made = platform.post("/api/v1/conversations", creation).await;
    let id = made.expect_status(201).body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    Deal {
        app,
        platform,
        influencer,
        brand_owner,
        id,
    }
}

/// One thing that somebody does.
async fn deed(deal: &Deal, support: &Person, random: &mut Random) {
    let person = match random.below(9) {
        0 => support,
        found if found % 2 == 0 => &deal.influencer,
        _ => &deal.brand_owner,
    };
    match random.below(10) {
        0 | 1 => {
            let path = format!("/api/v1/conversations/{}/messages", deal.id);
            let said = json!({ "body": format!("said {}", random.below(1_000)) });
            let told = person.post(&path, said).await;
            assert!([201, 403].contains(&told.status), "{}", told.body);
        }
        2 => {
            let card = deal.messages(person).await;
            let which = card.get(random.below(card.len().max(1) as u64) as usize);
            if let Some(message) = which {
                let path = format!("/api/v1/messages/{}", message["id"].as_str().unwrap());
                let edited = person.patch(&path, json!({ "body": "other words" })).await;
                assert!(edited.status < 500, "{}", edited.body);
            }
        }
        3 => {
            let order = deal.messages(&deal.brand_owner).await;
            let order = order.iter().rev().find_map(|message| {
                let config = &message["action"]["payment_order"]["razorpay_config"];
                config["order_id"].as_str()
            });
            if let Some(order) = order {
                let end = ["success", "failure"][random.below(2) as usize];
                deal.check_out(order, end).await;
            }
        }
        _ => {
            let awaited = match deal.stands(person).await["awaiting_role"].as_str() {
                Some("provider") => &deal.influencer,
                Some("customer") => &deal.brand_owner,
                _ => person,
            };
            let person = [awaited, awaited, person][random.below(3) as usize];
            let stands = deal.stands(person).await;
            let offers = stands["available_actions"].as_array().unwrap().clone();
            let may_end = random.below(25) == 0;
            let is_wanted =
                |offer: &&Value| may_end || !ENDS.iter().any(|end| offer["action"] == *end);
            let offers: Vec<&Value> = offers.iter().filter(is_wanted).collect();
            let Some(offer) = offers.get(random.below(offers.len().max(1) as u64) as usize) else {
                return;
            };
            let action = offer["action"].as_str().unwrap();
            let input = filled(offer["input"].as_array().unwrap(), random);
            let version =
                stands["state_version"].as_i64().unwrap() - i64::from(random.below(8) == 0);
            let press = json!({ "input": input, "state_version": version });
            let pressed = deal.press(person, action, press).await;
            assert!(pressed.status < 500, "{}", pressed.body);
        }
    }
}

async fn settled(deal: &Deal) {
    let left = "select count(*) as n from jobs where kind not in ('reconcile', 'deliver_event')";
    deal.app.until_count(left, 0).await;
}

#[tokio::test]
async fn a_live_client_of_a_deal_and_one_that_comes_back_know_what_a_fresh_one_reads() {
    let mut steps = 0;
    for seed in 0..CASES {
        let mut random = Random::new(seed);
        let deal = begin(TestApp::start().await).await;
        let support = deal.app.person_with("support", &["support"]).await;
        let mut clients = Vec::new();
        for person in [
            &deal.influencer,
            &deal.brand_owner,
            &deal.influencer,
            &support,
        ] {
            clients.push(Client::new(person.clone(), &deal.id).await);
        }
        for _ in 0..DEEDS {
            deed(&deal, &support, &mut random).await;
            let which = random.below(4 * 4) as usize;
            if let Some(client) = clients.get_mut(which) {
                match &client.socket {
                    // Cut off in the middle: what was under way is lost.
                    Some(_) => client.socket = None,
                    None => client.come_back().await,
                }
            } else if let Some(client) = clients.get_mut(which % 4) {
                client.listen().await;
            }
        }
        settled(&deal).await;
        for client in &mut clients {
            if client.socket.is_none() {
                client.come_back().await;
            }
            client.must_equal_a_fresh_one(&format!("seed {seed}")).await;
        }
        steps += deal.history(&deal.platform).await.len();
    }
    assert!(steps > 8 * CASES as usize, "too little happened: {steps}");
}
