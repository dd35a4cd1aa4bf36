//! Recovery in the middle of something: a leave during a long replay, a deal that went on, a server that shuts down.

use serde_json::{Value, json};

use super::client::{SocketIoClient, joined_poller};
use super::recovering::{bodies, hear_until, numbered};
use crate::client::Person;
use crate::deals::{Deal, creation};
use crate::engineio_client::UNKNOWN;
use crate::test_app::TestApp;

#[actix_rt::test]
async fn leaving_during_a_long_replay_ends_it_for_that_conversation_alone() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let eve = app.person("eve").await;
    let one = app.direct(&ann, &bob).await;
    let two = app.direct(&eve, &bob).await;
    let mut socketio = SocketIoClient::stoory(&bob).await;
    for conversation in [&one, &two] {
        socketio
            .call("join_conversation", json!(conversation))
            .await;
    }
    for round in 0..4 {
        socketio = socketio.disconnect();
        let texts: Vec<String> = (0..150).map(|n| format!("{round}-{n}")).collect();
        for text in &texts {
            ann.say(&one, text).await;
            eve.say(&two, text).await;
        }
        let (mut back, is_found) = socketio.again(&bob).await;
        assert!(is_found);
        back.call("leave_conversation", json!(one)).await;
        back.drain().await;
        ann.say(&one, "unheard").await;
        eve.say(&two, "last").await;
        let mut rest = Vec::new();
        while bodies(&rest, &two).last().is_none_or(|text| text != "last") {
            rest.extend(back.drain().await);
        }
        rest.extend(back.drain().await);
        assert_eq!(bodies(&rest, &one), Vec::<String>::new(), "round {round}");
        back.call("join_conversation", json!(one)).await;
        ann.say(&one, "heard").await;
        let heard = hear_until(&mut back, "heard").await;
        assert_eq!(bodies(&heard, &one), ["heard"]);
        socketio = back;
    }
}

#[actix_rt::test]
async fn leaving_and_joining_during_a_long_replay_brings_each_event_once() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.direct(&ann, &bob).await;
    let mut socketio = SocketIoClient::stoory(&bob).await;
    socketio
        .call("join_conversation", json!(conversation))
        .await;
    for round in 0..4 {
        socketio = socketio.disconnect();
        for number in 0..150 {
            ann.say(&conversation, &format!("{round}-{number}")).await;
        }
        let (mut back, is_found) = socketio.again(&bob).await;
        assert!(is_found);
        back.tell("leave_conversation", json!(conversation)).await;
        back.call("join_conversation", json!(conversation)).await;
        for number in 0..5 {
            ann.say(&conversation, &format!("live-{number}")).await;
        }
        ann.say(&conversation, "last").await;
        let mut events = hear_until(&mut back, "last").await;
        events.extend(back.drain().await);
        let said = bodies(&events, &conversation);
        let mut once = said.clone();
        once.dedup();
        assert_eq!(said, once, "in round {round} something came twice");
        let live = said
            .iter()
            .filter(|text| !text.starts_with(char::is_numeric));
        let live: Vec<&String> = live.collect();
        assert_eq!(live.len(), 6, "{said:?}");
        socketio = back;
    }
}

/// So many messages are missed in each of two conversations.
const MISSED: [usize; 2] = [450, 40];
const LIVE: usize = 3;

/// Somebody in two conversations, who was cut off while much was said in them.
struct Absent {
    bob: Person,
    clients: [(Person, String); 2],
    client: SocketIoClient,
    _app: TestApp,
}

impl Absent {
    async fn begin() -> Self {
        let app = TestApp::start().await;
        let (ann, bob) = (app.person("ann").await, app.person("bob").await);
        let eve = app.person("eve").await;
        let (one, two) = (app.direct(&ann, &bob).await, app.direct(&eve, &bob).await);
        let clients = [(ann, one), (eve, two)];
        let mut client = SocketIoClient::stoory(&bob).await;
        for (_, conversation) in &clients {
            client.call("join_conversation", json!(conversation)).await;
        }
        let client = client.disconnect();
        for ((person, conversation), count) in clients.iter().zip(MISSED) {
            for number in 0..count {
                person.say(conversation, &number.to_string()).await;
            }
        }
        Self {
            bob,
            clients,
            client,
            _app: app,
        }
    }

    /// Is found, and joins both again, as many front ends do whenever they are connected.
    async fn come_back(&mut self) {
        let (mut back, is_found) = self.client.again(&self.bob).await;
        assert!(is_found);
        for (_, conversation) in &self.clients {
            back.tell("join_conversation", json!(conversation)).await;
        }
        self.client = back;
    }

    async fn talk(&self) {
        for (person, conversation) in &self.clients {
            for number in 0..LIVE {
                person.say(conversation, &format!("live {number}")).await;
            }
        }
    }

    /// Everything was heard once and in order, these events before the rest.
    async fn heard_all(&mut self, mut events: Vec<Value>) {
        let said = |event: &&Value| event[0] == "new_message";
        let wanted = MISSED.iter().sum::<usize>() + 2 * LIVE;
        while events.iter().filter(said).count() < wanted {
            events.extend(self.client.drain().await);
        }
        events.extend(self.client.drain().await);
        for ((_, conversation), count) in self.clients.iter().zip(MISSED) {
            let live = (0..LIVE).map(|number| format!("live {number}"));
            let wanted = numbered(0, count).into_iter().chain(live);
            assert_eq!(bodies(&events, conversation), wanted.collect::<Vec<_>>());
        }
    }
}

#[actix_rt::test]
async fn a_join_during_a_long_replay_brings_each_event_once_and_in_order() {
    let mut absent = Absent::begin().await;
    absent.come_back().await;
    absent.talk().await;
    absent.heard_all(Vec::new()).await;
}

#[actix_rt::test]
async fn who_joins_again_and_is_cut_off_in_the_middle_misses_nothing() {
    let mut absent = Absent::begin().await;
    absent.come_back().await;
    absent.talk().await;
    let first = absent.client.event("new_message").await;
    absent.client = absent.client.disconnect();
    absent.come_back().await;
    absent.heard_all(vec![json!(["new_message", first])]).await;
}

#[actix_rt::test]
async fn who_was_sent_away_and_brought_back_hears_again_when_they_join() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.group(&ann, &[&bob]).await;
    let mut socketio = SocketIoClient::stoory(&bob).await;
    socketio
        .call("join_conversation", json!(conversation))
        .await;
    let (people, him) = (
        format!("/api/v1/conversations/{conversation}/participants"),
        format!("/api/v1/conversations/{conversation}/participants/bob"),
    );
    for round in 0..3 {
        ann.delete(&him).await.expect_status(204);
        let lost = socketio.event("conversation_updated").await;
        assert_eq!(lost["conversation_context"], Value::Null, "{lost}");
        if round == 1 {
            let refused = socketio.ask("join_conversation", json!(conversation)).await;
            assert_eq!(refused["success"], false, "{refused}");
        }
        ann.say(&conversation, "among ourselves").await;
        let back = ann.post(&people, json!({ "user_id": "bob" })).await;
        back.expect_status(200);
        socketio
            .call("join_conversation", json!(conversation))
            .await;
        socketio.drain().await;
        ann.say(&conversation, "welcome").await;
        let heard = hear_until(&mut socketio, "welcome").await;
        assert_eq!(bodies(&heard, &conversation), ["welcome"], "round {round}");
    }
}

/// What a step is told as, its time and context aside.
fn steps(events: &[Value]) -> Vec<Value> {
    let names = [
        "conversation_updated",
        "conversation_state_changed",
        "button_action",
        "text_input",
    ];
    let told = events.iter().filter(|event| {
        let name = event[0].as_str().expect("a name");
        names.contains(&name)
    });
    told.map(|event| {
        let mut told = event.clone();
        if let Some(payload) = told[1].as_object_mut() {
            payload.remove("conversation_context");
        }
        if let Some(message) = told[1]["message"].as_object_mut() {
            message.retain(|name, _| ["id", "message", "message_type"].contains(&name.as_str()));
        }
        json!([told[0], told[1]])
    })
    .collect()
}

#[actix_rt::test]
async fn missed_steps_of_a_deal_are_replayed_as_they_were_sent() {
    let deal = Deal::begin().await;
    let owner = &deal.brand_owner;
    let mut present = SocketIoClient::stoory(owner).await;
    present.call("join_conversation", json!(deal.id)).await;
    let mut absent = SocketIoClient::stoory(owner).await;
    absent.call("join_conversation", json!(deal.id)).await;
    let absent = absent.disconnect();
    deal.connect().await;
    let details = json!({ "details": "Three posts" });
    let state = "influencer_reviewing";
    deal.step("brand_owner", "send_project_details", details, state)
        .await;
    deal.step("influencer", "reject_project", json!({}), "chat_closed")
        .await;
    let (mut back, is_found) = absent.again(owner).await;
    assert!(is_found);
    let [mut live, mut told] = [Vec::new(), Vec::new()];
    for (socketio, heard) in [(&mut present, &mut live), (&mut back, &mut told)] {
        // Three steps, each with its conversation and its press.
        while steps(heard).len() < 9 {
            heard.extend(socketio.drain().await);
        }
        heard.extend(socketio.drain().await);
    }
    assert_eq!(steps(&told), steps(&live));
}

#[actix_rt::test]
async fn a_step_is_told_whole_wherever_a_page_ends() {
    let options = ["--rate-limits", "off", "--outbox-limit", "4194304"];
    let mut app = TestApp::with(&options).await;
    // Pages have 100 changes: the step, or what is said with it, is the last of the first one.
    for pads in 95..=100 {
        let deal = Deal::begin_with(app, creation(&format!("bid-{pads}"))).await;
        let path = format!("/api/v1/conversations/{}/messages", deal.id);
        let mut socketio = SocketIoClient::stoory(&deal.brand_owner).await;
        socketio.call("join_conversation", json!(deal.id)).await;
        let socketio = socketio.disconnect();
        for number in 0..pads {
            let said = json!({ "body": number.to_string(), "kind": "system" });
            deal.platform.post(&path, said).await.expect_status(201);
        }
        deal.connect().await;
        let (mut back, is_found) = socketio.again(&deal.brand_owner).await;
        assert!(is_found);
        let told = back.event("button_action").await;
        let said = "The influencer is interested in working with you.";
        assert_eq!(told["message"]["message"], said, "{pads}: {told}");
        app = deal.app;
    }
}

#[actix_rt::test]
async fn a_goodbye_comes_alone_so_that_what_is_before_it_counts() {
    let mut app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.direct(&ann, &bob).await;
    let poller = joined_poller(&app, &bob, &conversation).await;
    // It joins later, so what it hears the poller's queue holds already.
    let mut witness = bob.joined(&conversation).await;
    for number in 0..5 {
        ann.say(&conversation, &number.to_string()).await;
        witness.event("new_message").await;
    }
    let stopping = tokio::task::spawn_local(async move {
        app.stop().await;
        app
    });
    let mut answers: Vec<String> = Vec::new();
    let last = loop {
        let (status, body) = poller.get().await;
        if status != 200 {
            break (status, body);
        }
        answers.push(body);
    };
    assert_eq!(last, (400, UNKNOWN.to_owned()));
    let packets: Vec<&str> = answers
        .iter()
        .flat_map(|body| body.split('\u{1e}'))
        .filter(|packet| packet.starts_with("42[\"new_message\""))
        .collect();
    assert_eq!(packets.len(), 5, "{packets:?}");
    stopping.await.expect("stopped");
}
