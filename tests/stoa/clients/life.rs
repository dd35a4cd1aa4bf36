//! One client's life: refused, let in, talking, dealing, cut off for 500 messages and a restart of the server, back with all of them.

use serde_json::{Value, json};
use std::net::SocketAddr;

use super::Client;
use super::proxy::Proxy;
use crate::client::Person;
use crate::deals::Deal;
use crate::house::House;

/// How a client gets what it missed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Returns {
    /// As events, as soon as it is connected again.
    ByItself,
    /// It joins again and reads the history.
    ByHistory,
}

/// A server, and those whom the client talks with.
pub struct Life {
    deal: Deal,
    proxy: Proxy,
    friend: Person,
}

/// The client is the brand owner of the deal.
const NAME: &str = "bela";
const MISSED: usize = 250;

impl Life {
    pub async fn begin() -> Self {
        let deal = Deal::begin_on(House::start().await).await;
        let proxy = Proxy::to(deal.house.address).await;
        let friend = deal.house.person("fred").await;
        Self {
            deal,
            proxy,
            friend,
        }
    }

    /// Where the client finds the server.
    pub fn address(&self) -> SocketAddr {
        self.proxy.address
    }

    fn bela(&self) -> &Person {
        &self.deal.brand_owner
    }

    /// All of it.
    pub async fn live(mut self, mut client: Client, transports: &[&str], returns: Returns) {
        let refused = self.connect(&mut client, "stranger", "nonsense", transports, returns);
        let refused = refused.await;
        assert_eq!(
            refused["refused"]["data"]["error_code"], "UNAUTHENTICATED",
            "{refused}"
        );
        let token = self.bela().token.clone();
        let state = self
            .connect(&mut client, NAME, &token, transports, returns)
            .await;
        assert_eq!(state["connected"], true, "{state}");
        let last = transports.last().expect("a transport");
        client
            .tell("uses", json!({ "name": NAME, "transport": last }))
            .await;
        ask(&mut client, "join", json!(NAME)).await;
        let (one, two) = self.talk(&mut client).await;
        self.deal_by_buttons(&mut client).await;
        self.miss_and_return(&mut client, returns, [&one, &two])
            .await;
        client.tell("disconnect", json!({ "name": NAME })).await;
    }

    async fn connect(
        &self,
        client: &mut Client,
        name: &str,
        token: &str,
        transports: &[&str],
        returns: Returns,
    ) -> Value {
        let mut auth = json!({ "token": token });
        if returns == Returns::ByHistory {
            auth["recovery"] = json!(false);
        }
        let options = json!({ "auth": auth, "transports": transports });
        let url = format!("http://{}/", self.address());
        client
            .tell(
                "connect",
                json!({ "name": name, "url": url, "options": options }),
            )
            .await
    }

    /// Joins two conversations; sends, hears, types, sees.
    async fn talk(&self, client: &mut Client) -> (String, String) {
        let (bela, fred) = (self.bela(), &self.friend);
        let one = self.deal.house.direct(fred, bela).await;
        let two = self.deal.house.direct(&self.deal.influencer, bela).await;
        for place in [&one, &two, &self.deal.id] {
            ask(client, "join_conversation", json!(place)).await;
        }
        let mut listening = fred.joined(&one).await;
        let said = json!({ "conversationId": one, "senderId": NAME, "receiverId": "fred", "message": "hello", "mediaUrl": null });
        let sent = ask(client, "send_message", said).await;
        let heard = listening.event("new_message").await;
        assert_eq!(heard["message"]["id"], sent["message"]["id"]);
        let typing = json!({ "conversationId": one, "userId": NAME });
        ask(client, "typing_start", typing).await;
        assert_eq!(listening.event("user_typing").await["user_id"], NAME);
        let answer = fred.say(&one, "hi").await;
        let events = take(client, "new_message", 2).await;
        let bodies: Vec<&Value> = said_in(&events, &one);
        assert_eq!(bodies, [&json!("hello"), &json!("hi")]);
        let seen = json!({ "messageId": answer["id"], "userId": NAME, "conversationId": one });
        ask(client, "mark_seen", seen).await;
        let seen = listening.event("message_seen").await;
        assert_eq!(
            (&seen["user_id"], &seen["seq"]),
            (&json!(NAME), &answer["seq"])
        );
        (one, two)
    }

    /// A deal from its beginning to its end, by the guide's clicks and texts; the client hears every step.
    async fn deal_by_buttons(&self, client: &mut Client) {
        let none = || json!({});
        self.click("influencer", "accept_connection", none()).await;
        let events = take(client, "button_action", 1).await;
        let told = first(&events, "button_action");
        assert_eq!(told["button_id"], "accept_connection");
        assert_eq!(told["flow_update"]["flow_state"], "brand_owner_details");
        assert_eq!(
            told["conversation_context"]["current_action_data"]["visible_to"],
            "brand_owner"
        );
        let told = first(&events, "conversation_state_changed");
        assert_eq!(told["previous_state"], "influencer_responding");
        assert_eq!(told["new_state"], "brand_owner_details");
        self.text("brand_owner", "Three posts").await;
        let events = take(client, "text_input", 1).await;
        let told = first(&events, "text_input");
        assert_eq!(told["flow_update"]["flow_state"], "influencer_reviewing");
        self.click("influencer", "accept_project", none()).await;
        self.text("brand_owner", "₹5000").await;
        self.click("influencer", "accept_price", none()).await;
        let order = self.deal.order().await;
        assert!(self.deal.check_out(&order, "success").await.is_success());
        self.deal.reaches("payment_completed").await;
        self.click("influencer", "start_work", none()).await;
        let work = json!({ "deliverables": "https://example.com/a", "description": "posts", "submission_notes": "warm light" });
        self.click("influencer", "submit_work", work).await;
        self.click("brand_owner", "approve_work", none()).await;
        self.deal.reaches("real_time").await;
        let reaches_the_end = |events: &[Value]| {
            let mut steps = events
                .iter()
                .filter(|event| event[0] == "conversation_state_changed");
            steps.any(|step| step[1]["new_state"] == "real_time")
        };
        let mut events = Vec::new();
        while !reaches_the_end(&events) {
            events.extend(take(client, "conversation_state_changed", 1).await);
        }
        let asked = events
            .iter()
            .filter(|event| event[1]["message"]["action_data"].is_object());
        let orders =
            asked.filter(|event| event[1]["message"]["action_data"]["payment_order"].is_object());
        assert!(orders.count() > 0, "the order to pay is told");
    }

    async fn click(&self, role: &str, button: &str, more: Value) {
        let path = format!("/api/messages/conversations/{}/button-click", self.deal.id);
        let body = json!({ "button_id": button, "additional_data": more });
        let answer = self
            .deal
            .role(role)
            .post(&path, body)
            .await
            .expect_status(200);
        assert_eq!(answer.body["success"], true);
    }

    async fn text(&self, role: &str, text: &str) {
        let path = format!("/api/messages/conversations/{}/text-input", self.deal.id);
        let answer = self
            .deal
            .role(role)
            .post(&path, json!({ "text": text }))
            .await;
        answer.expect_status(200);
    }

    /// Cut off while 500 messages are said in two conversations and the server is restarted.
    async fn miss_and_return(&mut self, client: &mut Client, returns: Returns, places: [&str; 2]) {
        self.proxy.cut();
        client.tell("lost", json!({ "name": NAME })).await;
        let speakers = [self.friend.clone(), self.deal.influencer.clone()];
        for number in 0..MISSED {
            for (speaker, place) in speakers.iter().zip(places) {
                speaker.say(place, &number.to_string()).await;
            }
            if number == MISSED / 2 {
                self.deal.house.stop().await;
                self.deal.house.start_again().await;
            }
        }
        self.proxy.mend();
        let state = client
            .tell("connected", json!({ "name": NAME, "times": 2 }))
            .await;
        assert_eq!(state["recovered"], returns == Returns::ByItself, "{state}");
        if returns == Returns::ByHistory {
            for place in places {
                ask(client, "join_conversation", json!(place)).await;
            }
        }
        for (speaker, place) in speakers.iter().zip(places) {
            speaker.say(place, "live").await;
        }
        let expected = match returns {
            Returns::ByItself => 2 * MISSED + 2,
            Returns::ByHistory => 2,
        };
        let events = take(client, "new_message", expected).await;
        for place in places {
            let bodies = said_in(&events, place);
            let numbers = (0..MISSED).map(|number| json!(number.to_string()));
            let mut wanted: Vec<Value> = numbers.collect();
            let heard: Vec<Value> = match returns {
                Returns::ByItself => bodies.into_iter().cloned().collect(),
                Returns::ByHistory => {
                    assert_eq!(bodies, [&json!("live")]);
                    self.history(place).await
                }
            };
            wanted.push(json!("live"));
            assert_eq!(heard, wanted);
        }
    }

    /// The last messages of a conversation by the guide's pages, oldest first.
    async fn history(&self, place: &str) -> Vec<Value> {
        let mut found = Vec::new();
        for page in 1..=6 {
            let path = format!("/api/messages/conversations/{place}/messages?page={page}&limit=50");
            let answer = self.bela().get(&path).await.expect_status(200).body;
            let messages = answer["messages"].as_array().expect("messages").clone();
            found.extend(messages);
        }
        found.sort_by_key(|message| message["id"].as_str().map(str::to_owned));
        let bodies = found.iter().map(|message| message["message"].clone());
        let bodies: Vec<Value> = bodies.collect();
        bodies[bodies.len() - MISSED - 1..].to_vec()
    }
}

/// Asks for something, and expects success.
async fn ask(client: &mut Client, event: &str, argument: Value) -> Value {
    let answer = client.tell(
        "ask",
        json!({ "name": NAME, "event": event, "argument": argument }),
    );
    let answer = answer.await;
    assert_eq!(answer["success"], true, "{event}: {answer}");
    answer
}

async fn take(client: &mut Client, event: &str, count: usize) -> Vec<Value> {
    let taken = client.tell(
        "take",
        json!({ "name": NAME, "event": event, "count": count }),
    );
    taken.await.as_array().expect("events").clone()
}

/// What was said somewhere, in the order of the events.
fn said_in<'a>(events: &'a [Value], place: &str) -> Vec<&'a Value> {
    let said = events.iter().filter(|event| event[0] == "new_message");
    let here = said.filter(|event| event[1]["conversation_id"] == place);
    here.map(|event| &event[1]["message"]["message"]).collect()
}

/// The payload of the first event of a name.
#[track_caller]
fn first<'a>(events: &'a [Value], name: &str) -> &'a Value {
    let found = events.iter().find(|event| event[0] == name);
    &found.unwrap_or_else(|| panic!("no {name} in {events:?}"))[1]
}
