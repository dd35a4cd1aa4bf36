//! One client's life: refused, let in, talking, dealing, cut off for 500 messages and a restart of the server, back with all of them.

use serde_json::{Value, json};

use super::Client;
use super::commands::{Connecting, first, said_in};
use super::proxy::Proxy;
use crate::client::{Person, Socket};
use crate::deals::Deal;
use crate::metrics::until_figure;
use crate::servers::Alone;
use crate::test_app::TestApp;

/// How a client gets what it missed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Returns {
    /// As events, as soon as it is connected again.
    ByItself,
    /// It joins again and reads the history.
    ByHistory,
}

/// Where the client's page lives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// On the server, or in no page.
    Here,
    /// Elsewhere; its origin is listed.
    Elsewhere,
}

/// A server, and those whom the client talks with.
pub struct Life {
    deal: Deal,
    proxy: Proxy,
    friend: Person,
    client: Client,
    home: Home,
    returns: Returns,
}

/// The client is the brand owner of the deal.
const NAME: &str = "bela";
const MISSED: usize = 250;

/// A way to a server, with this host's other name as the origin that is listed; and what the page's address begins with.
pub async fn town() -> (Deal, Proxy, String) {
    let proxy = Proxy::open().await;
    let elsewhere = format!("http://localhost:{}", proxy.address.port());
    let options = ["--rate-limits", "off", "--allowed-origins", &elsewhere];
    let deal = Deal::begin_on(TestApp::alone(Alone::Metrics).with(&options).await).await;
    proxy.lead_to(deal.app.address);
    (deal, proxy, elsewhere)
}

impl Life {
    /// A client at a server.
    pub async fn begin(
        (deal, proxy): (Deal, Proxy),
        client: Client,
        home: Home,
        returns: Returns,
    ) -> Self {
        let friend = deal.app.person("fred").await;
        Self {
            deal,
            proxy,
            friend,
            client,
            home,
            returns,
        }
    }

    fn bela(&self) -> &Person {
        &self.deal.brand_owner
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.proxy.address)
    }

    /// All of it.
    pub async fn live(mut self, transports: &[&str]) {
        let refused = self.connect("stranger", "nonsense", transports).await;
        let code = &refused["refused"]["data"]["error_code"];
        assert_eq!(code, "UNAUTHENTICATED", "{refused}");
        let token = self.bela().token.clone();
        let state = self.connect(NAME, &token, transports).await;
        assert_eq!(state["connected"], true, "{state}");
        let last = transports.last().expect("a transport");
        let transport = json!({ "name": NAME, "transport": last });
        self.client.tell("uses", transport).await;
        self.call("join", json!(NAME)).await;
        let (one, two) = self.talk().await;
        self.hear_of_elsewhere().await;
        self.deal_by_buttons().await;
        self.miss_and_return([&one, &two]).await;
        self.leave([&one, &two]).await;
    }

    async fn connect(&mut self, name: &str, token: &str, transports: &[&str]) -> Value {
        let mut auth = json!({ "token": token });
        if self.returns == Returns::ByHistory {
            auth["recovery"] = json!(false);
        }
        let url = self.url("/");
        let how = Connecting {
            name,
            url: &url,
            auth,
            transports,
            with_credentials: self.home == Home::Elsewhere,
            joins: None,
        };
        self.client.connect(how).await
    }

    #[track_caller]
    fn call(&mut self, event: &str, argument: Value) -> impl Future<Output = Value> {
        self.client.call(NAME, event, argument)
    }

    async fn take(&mut self, event: &str, count: usize) -> Vec<Value> {
        self.client.take(NAME, event, count).await
    }

    /// Joins two conversations and the deal's; sends and hears; what is said, typed and seen, either way.
    async fn talk(&mut self) -> (String, String) {
        let (bela, fred) = (self.bela().clone(), self.friend.clone());
        let one = self.deal.app.direct(&fred, &bela).await;
        let two = self.deal.app.direct(&self.deal.influencer, &bela).await;
        let deal = self.deal.id.clone();
        for conversation in [&one, &two, &deal] {
            self.call("join_conversation", json!(conversation)).await;
        }
        let mut listening = fred.joined(&one).await;
        let said = json!({ "conversationId": one, "senderId": NAME, "receiverId": "fred", "message": "hello", "mediaUrl": null });
        let sent = self.call("send_message", said).await["message"].take();
        let heard = listening.event("new_message").await;
        assert_eq!(heard["message"]["id"], sent["id"]);
        let answer = fred.say(&one, "hi").await;
        let events = self.take("new_message", 2).await;
        assert_eq!(said_in(&events, &one), [json!("hello"), json!("hi")]);
        self.type_and_see(&mut listening, &one, (&sent, &answer))
            .await;
        (one, two)
    }

    async fn type_and_see(
        &mut self,
        friend: &mut Socket,
        conversation: &str,
        (sent, answer): (&Value, &Value),
    ) {
        let typing = json!({ "conversationId": conversation, "userId": NAME });
        self.call("typing_start", typing.clone()).await;
        assert_eq!(friend.event("user_typing").await["user_id"], NAME);
        self.call("typing_stop", typing).await;
        assert_eq!(friend.event("user_typing").await["is_typing"], false);
        let seen =
            json!({ "messageId": answer["id"], "userId": NAME, "conversationId": conversation });
        self.call("mark_seen", seen).await;
        let seen = friend.event("message_seen").await;
        assert_eq!(seen["user_id"], NAME);
        assert_eq!(seen["seq"], answer["seq"]);

        let here = json!({ "conversation_id": conversation });
        friend.call("typing_start", here).await.expect("typed");
        let events = self.take("user_typing", 1).await;
        let typing = json!({ "conversationId": conversation, "userId": "fred", "isTyping": true });
        assert_eq!(first(&events, "user_typing"), &typing);
        let seen = json!({ "conversation_id": conversation, "seq": answer["seq"] });
        friend.call("mark_seen", seen).await.expect("seen");
        let is_freds = |event: &Value| event[0] == "message_seen" && event[1]["userId"] == "fred";
        let mut events = Vec::new();
        while !events.iter().any(is_freds) {
            events.extend(self.take("message_seen", 1).await);
        }
        let seen = events.iter().find(|event| is_freds(event)).expect("seen");
        let stands_for = [&sent["id"], &answer["id"]];
        assert!(stands_for.contains(&&seen[1]["messageId"]), "{seen}");
    }

    /// What happens where the client has not joined.
    async fn hear_of_elsewhere(&mut self) {
        let fred = self.friend.clone();
        self.take("notification", 0).await;
        let conversation = self.deal.app.group(&fred, &[self.bela()]).await;
        fred.say(&conversation, "over here").await;
        let mut events = Vec::new();
        while events.len() < 2 {
            let told = self.take("notification", 1).await;
            events.extend(told.into_iter().filter(|event| event[0] == "notification"));
        }
        let [created, said] = events.as_slice() else {
            panic!("{events:?}");
        };
        assert_eq!(created[1]["type"], "new_conversation");
        assert_eq!(created[1]["data"]["conversation_id"], conversation);
        let (kind, told) = (&said[1]["type"], &said[1]["data"]);
        assert_eq!(
            (kind, &told["message"]["message"]),
            (&json!("message"), &json!("over here"))
        );
        assert_eq!(told["sender_id"], "fred");
        assert_eq!(told["unread_count"], 1, "{told}");
    }

    /// A deal from its beginning to its end, by the guide's clicks and texts; the client makes its own, and hears every step.
    async fn deal_by_buttons(&mut self) {
        let none = || json!({});
        self.click("influencer", "accept_connection", none()).await;
        let events = self.take("button_action", 1).await;
        let told = first(&events, "button_action");
        assert_eq!(told["button_id"], "accept_connection");
        assert_eq!(told["flow_update"]["flow_state"], "brand_owner_details");
        let action = &told["conversation_context"]["current_action_data"];
        assert_eq!(action["visible_to"], "brand_owner");
        let told = first(&events, "conversation_state_changed");
        assert_eq!(told["previous_state"], "influencer_responding");
        assert_eq!(told["new_state"], "brand_owner_details");
        self.text("brand_owner", "Three posts").await;
        let events = self.take("text_input", 1).await;
        let told = first(&events, "text_input");
        assert_eq!(told["flow_update"]["flow_state"], "influencer_reviewing");
        assert_eq!(told["message"]["message_type"], "audit", "{told}");
        self.click("influencer", "accept_project", none()).await;
        self.text("brand_owner", "₹5000").await;
        self.click("influencer", "accept_price", none()).await;
        self.pay_and_work().await;
        self.hears_to_the_end().await;
    }

    async fn pay_and_work(&mut self) {
        let none = || json!({});
        let order = self.deal.order().await;
        assert!(self.deal.check_out(&order, "success").await.is_success());
        self.deal.reaches("payment_completed").await;
        self.click("influencer", "start_work", none()).await;
        let work = json!({ "deliverables": "https://example.com/a", "description": "posts", "submission_notes": "warm light" });
        self.click("influencer", "submit_work", work.clone()).await;
        let comment = json!({ "comment": "Please adjust the color scheme" });
        self.click("brand_owner", "request_revision", comment).await;
        self.click("influencer", "submit_work", work).await;
        self.click("brand_owner", "approve_work", none()).await;
        self.deal.reaches("real_time").await;
    }

    async fn hears_to_the_end(&mut self) {
        let is_the_end = |event: &Value| {
            event[0] == "conversation_state_changed" && event[1]["new_state"] == "real_time"
        };
        let mut events = Vec::new();
        while !events.iter().any(is_the_end) {
            events.extend(self.take("conversation_state_changed", 1).await);
        }
        let asked = |event: &&Value| {
            let order = &event[1]["message"]["action_data"]["payment_order"];
            event[0] == "new_message" && order.is_object()
        };
        assert!(
            events.iter().any(|event| asked(&event)),
            "the order to pay is told"
        );
    }

    /// The guide's `handleButtonClick`.
    async fn click(&mut self, role: &str, button: &str, more: Value) {
        let body = json!({ "button_id": button, "additional_data": more });
        self.act(role, "button-click", body).await;
    }

    async fn text(&mut self, role: &str, text: &str) {
        self.act(role, "text-input", json!({ "text": text })).await;
    }

    /// All others than the client act over REST.
    async fn act(&mut self, role: &str, path: &str, body: Value) {
        let path = format!("/api/messages/conversations/{}/{path}", self.deal.id);
        let (url, person) = (self.url(&path), self.deal.role(role).clone());
        let (status, answer) = match person.id == NAME {
            true => self.client.request(&url, &person.token, Some(body)).await,
            false => {
                let answer = person.post(&path, body).await;
                (u64::from(answer.status), answer.body)
            }
        };
        assert_eq!(
            (status, &answer["success"]),
            (200, &json!(true)),
            "{answer}"
        );
    }

    /// Cut off while 500 messages are said in two conversations and the server is restarted.
    async fn miss_and_return(&mut self, conversations: [&str; 2]) {
        self.proxy.cut();
        self.client.tell("lost", json!({ "name": NAME })).await;
        let speakers = [self.friend.clone(), self.deal.influencer.clone()];
        for number in 0..MISSED {
            for (speaker, conversation) in speakers.iter().zip(conversations) {
                speaker.say(conversation, &number.to_string()).await;
            }
            if number == MISSED / 2 {
                self.deal.app.stop().await;
                self.deal.app.start_again().await;
            }
        }
        self.proxy.lead_to(self.deal.app.address);
        let twice = json!({ "name": NAME, "times": 2 });
        let state = self.client.tell("connected", twice).await;
        let by_itself = self.returns == Returns::ByItself;
        assert_eq!(state["recovered"], by_itself, "{state}");
        if !by_itself {
            for conversation in conversations {
                self.call("join_conversation", json!(conversation)).await;
            }
        }
        for (speaker, conversation) in speakers.iter().zip(conversations) {
            speaker.say(conversation, "live").await;
        }
        let expected = match self.returns {
            Returns::ByItself => 2 * MISSED + 2,
            Returns::ByHistory => 2,
        };
        let events = self.take("new_message", expected).await;
        let numbers = (0..MISSED).map(|number| json!(number.to_string()));
        let wanted: Vec<Value> = numbers.chain([json!("live")]).collect();
        for conversation in conversations {
            let mut heard = said_in(&events, conversation);
            if !by_itself {
                assert_eq!(heard, [json!("live")]);
                heard = self.history(conversation).await;
                heard.drain(..heard.len() - wanted.len());
            }
            assert_eq!(heard, wanted);
        }
    }

    /// A whole conversation as the client reads it, by the guide's pages: the newest first, each its oldest first.
    async fn history(&mut self, conversation: &str) -> Vec<Value> {
        let token = self.bela().token.clone();
        let mut found: Vec<Value> = Vec::new();
        for page in 1.. {
            let path =
                format!("/api/messages/conversations/{conversation}/messages?page={page}&limit=50");
            let url = self.url(&path);
            let (status, answer) = self.client.request(&url, &token, None).await;
            assert_eq!(status, 200, "{answer}");
            let messages = answer["messages"].as_array().expect("messages");
            let bodies = messages.iter().map(|message| message["message"].clone());
            found = bodies.chain(found).collect();
            if answer["pagination"]["has_more"] == false {
                break;
            }
        }
        found
    }

    /// Nothing came twice, and nothing comes after it has left.
    async fn leave(mut self, conversations: [&str; 2]) {
        for conversation in conversations {
            self.call("leave_conversation", json!(conversation)).await;
        }
        self.friend.say(conversations[0], "unheard").await;
        self.call("join", json!(NAME)).await;
        let rest = self.take("new_message", 0).await;
        for conversation in conversations {
            assert_eq!(said_in(&rest, conversation), Vec::<Value>::new());
        }
        self.client
            .tell("disconnect", json!({ "name": NAME }))
            .await;
        until_figure(self.deal.app.address, "stoa_connections", 0.0).await;
    }
}
