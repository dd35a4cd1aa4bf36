//! Coming back in the middle of something: leaving while much is told again, a deal that went on, a server that says goodbye.

use serde_json::{Value, json};

use super::recovering::{bodies, hear_until};
use super::talker::{Talker, door};
use crate::deals::Deal;
use crate::house::House;

#[actix_rt::test]
async fn who_leaves_while_much_is_told_again_hears_no_more_of_it_and_all_of_the_rest() {
    let house = House::start().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    let eve = house.person("eve").await;
    let one = house.direct(&ann, &bob).await;
    let two = house.direct(&eve, &bob).await;
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
    let house = House::start().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    let place = house.direct(&ann, &bob).await;
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
async fn a_goodbye_comes_alone_so_that_what_is_before_it_counts() {
    let mut house = House::start().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    let place = house.direct(&ann, &bob).await;
    let poller = door(house.address).poller().await;
    let auth = json!({ "token": bob.token });
    poller.post(format!("40{auth}")).await;
    assert!(poller.packets(1).await[0].starts_with("40{"));
    let join = json!(["join_conversation", place]);
    poller.post(format!("421{join}")).await;
    assert!(poller.packets(1).await[0].starts_with("431[{"));
    for number in 0..5 {
        ann.say(&place, &number.to_string()).await;
    }
    let stopping = tokio::task::spawn_local(async move {
        house.stop().await;
        house
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
