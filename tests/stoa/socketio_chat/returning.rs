//! Coming back in the middle of something: leaving while much is told again, a deal that went on, a server that says goodbye.

use serde_json::{Value, json};

use super::recovering::{bodies, hear_until, numbered};
use super::talker::{Talker, joined_poller};
use crate::client::Person;
use crate::deals::{Deal, wish};
use crate::test_app::TestApp;

#[actix_rt::test]
async fn who_leaves_while_much_is_told_again_hears_no_more_of_it_and_all_of_the_rest() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let eve = app.person("eve").await;
    let one = app.direct(&ann, &bob).await;
    let two = app.direct(&eve, &bob).await;
    let mut talker = Talker::stoory(&bob).await;
    for place in [&one, &two] {
        talker.call("join_conversation", json!(place)).await;
    }
    for round in 0..4 {
        talker = talker.vanish();
        let texts: Vec<String> = (0..150).map(|n| format!("{round}-{n}")).collect();
        for text in &texts {
            ann.say(&one, text).await;
            eve.say(&two, text).await;
        }
        let (mut back, is_found) = talker.again(&bob).await;
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
        talker = back;
    }
}

#[actix_rt::test]
async fn who_leaves_and_joins_while_much_is_told_again_hears_each_once() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let place = app.direct(&ann, &bob).await;
    let mut talker = Talker::stoory(&bob).await;
    talker.call("join_conversation", json!(place)).await;
    for round in 0..4 {
        talker = talker.vanish();
        for number in 0..150 {
            ann.say(&place, &format!("{round}-{number}")).await;
        }
        let (mut back, is_found) = talker.again(&bob).await;
        assert!(is_found);
        back.tell("leave_conversation", json!(place)).await;
        back.call("join_conversation", json!(place)).await;
        for number in 0..5 {
            ann.say(&place, &format!("live-{number}")).await;
        }
        ann.say(&place, "last").await;
        let mut events = hear_until(&mut back, "last").await;
        events.extend(back.drain().await);
        let said = bodies(&events, &place);
        let mut once = said.clone();
        once.dedup();
        assert_eq!(said, once, "in round {round} something came twice");
        let live = said
            .iter()
            .filter(|text| !text.starts_with(char::is_numeric));
        let live: Vec<&String> = live.collect();
        assert_eq!(live.len(), 6, "{said:?}");
        talker = back;
    }
}

/// So many messages are missed in each of two conversations.
const MISSED: [usize; 2] = [450, 40];
const LIVE: usize = 3;

/// Somebody in two conversations, who was cut off while much was said in them.
struct Absent {
    bob: Person,
    talkers: [(Person, String); 2],
    client: Talker,
    _house: TestApp,
}

impl Absent {
    async fn begin() -> Self {
        let app = TestApp::start().await;
        let (ann, bob) = (app.person("ann").await, app.person("bob").await);
        let eve = app.person("eve").await;
        let (one, two) = (app.direct(&ann, &bob).await, app.direct(&eve, &bob).await);
        let talkers = [(ann, one), (eve, two)];
        let mut client = Talker::stoory(&bob).await;
        for (_, place) in &talkers {
            client.call("join_conversation", json!(place)).await;
        }
        let client = client.vanish();
        for ((person, place), count) in talkers.iter().zip(MISSED) {
            for number in 0..count {
                person.say(place, &number.to_string()).await;
            }
        }
        Self {
            bob,
            talkers,
            client,
            _house: app,
        }
    }

    /// Is found, and joins both again, as many front ends do whenever they are connected.
    async fn come_back(&mut self) {
        let (mut back, is_found) = self.client.again(&self.bob).await;
        assert!(is_found);
        for (_, place) in &self.talkers {
            back.tell("join_conversation", json!(place)).await;
        }
        self.client = back;
    }

    async fn talk(&self) {
        for (person, place) in &self.talkers {
            for number in 0..LIVE {
                person.say(place, &format!("live {number}")).await;
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
        for ((_, place), count) in self.talkers.iter().zip(MISSED) {
            let live = (0..LIVE).map(|number| format!("live {number}"));
            let wanted = numbered(0, count).into_iter().chain(live);
            assert_eq!(bodies(&events, place), wanted.collect::<Vec<_>>());
        }
    }
}

#[actix_rt::test]
async fn who_joins_again_while_much_is_told_again_hears_each_once_and_in_order() {
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
    absent.client = absent.client.vanish();
    absent.come_back().await;
    absent.heard_all(vec![json!(["new_message", first])]).await;
}

#[actix_rt::test]
async fn who_was_sent_away_and_brought_back_hears_again_when_they_join() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let place = app.group(&ann, &[&bob]).await;
    let mut talker = Talker::stoory(&bob).await;
    talker.call("join_conversation", json!(place)).await;
    let (people, him) = (
        format!("/api/v1/conversations/{place}/participants"),
        format!("/api/v1/conversations/{place}/participants/bob"),
    );
    for round in 0..3 {
        ann.delete(&him).await.expect_status(204);
        let lost = talker.event("conversation_updated").await;
        assert_eq!(lost["conversation_context"], Value::Null, "{lost}");
        if round == 1 {
            let refused = talker.ask("join_conversation", json!(place)).await;
            assert_eq!(refused["success"], false, "{refused}");
        }
        ann.say(&place, "among ourselves").await;
        let back = ann.post(&people, json!({ "user_id": "bob" })).await;
        back.expect_status(200);
        talker.call("join_conversation", json!(place)).await;
        talker.drain().await;
        ann.say(&place, "welcome").await;
        let heard = hear_until(&mut talker, "welcome").await;
        assert_eq!(bodies(&heard, &place), ["welcome"], "round {round}");
    }
}

/// What a step is told as, its time and context aside.
fn steps(events: &[Value]) -> Vec<Value> {
    let names = ["conversation_state_changed", "button_action", "text_input"];
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
async fn what_a_deal_did_meanwhile_is_told_as_it_was() {
    let deal = Deal::begin().await;
    let owner = &deal.brand_owner;
    let mut present = Talker::stoory(owner).await;
    present.call("join_conversation", json!(deal.id)).await;
    let mut absent = Talker::stoory(owner).await;
    absent.call("join_conversation", json!(deal.id)).await;
    let absent = absent.vanish();
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
    for (talker, heard) in [(&mut present, &mut live), (&mut back, &mut told)] {
        // Three steps, each with its press.
        while steps(heard).len() < 6 {
            heard.extend(talker.drain().await);
        }
        heard.extend(talker.drain().await);
    }
    assert_eq!(steps(&told), steps(&live));
}

#[actix_rt::test]
async fn a_step_is_told_whole_wherever_a_page_ends() {
    let options = ["--rate-limits", "off", "--outbox-limit", "4194304"];
    let mut app = TestApp::with(&options).await;
    // Pages have 100 changes: the step, or what is said with it, is the last of the first one.
    for pads in 95..=100 {
        let deal = Deal::begin_with(app, wish(&format!("bid-{pads}"))).await;
        let path = format!("/api/v1/conversations/{}/messages", deal.id);
        let mut talker = Talker::stoory(&deal.brand_owner).await;
        talker.call("join_conversation", json!(deal.id)).await;
        let talker = talker.vanish();
        for number in 0..pads {
            let said = json!({ "body": number.to_string(), "kind": "system" });
            deal.platform.post(&path, said).await.expect_status(201);
        }
        deal.connect().await;
        let (mut back, is_found) = talker.again(&deal.brand_owner).await;
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
    let place = app.direct(&ann, &bob).await;
    let poller = joined_poller(&app, &bob, &place).await;
    // It joins later, so what it hears the poller's queue holds already.
    let mut witness = bob.joined(&place).await;
    for number in 0..5 {
        ann.say(&place, &number.to_string()).await;
        witness.event("new_message").await;
    }
    let stopping = tokio::task::spawn_local(async move {
        app.stop().await;
        app
    });
    let mut answers: Vec<String> = Vec::new();
    while answers.last().is_none_or(|last| last != "1") {
        let (status, body) = poller.get().await;
        assert_eq!(status, 200, "{body}");
        answers.push(body);
    }
    let packets: Vec<&str> = answers
        .iter()
        .flat_map(|body| body.split('\u{1e}'))
        .collect();
    assert_eq!(packets.len(), 6, "{packets:?}");
    stopping.await.expect("stopped");
}
