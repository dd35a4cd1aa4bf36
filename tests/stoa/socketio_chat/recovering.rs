//! Recovery: missed events come as ordinary events, in order, each once; or the client learns that it starts anew.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};
use std::time::Duration;

use super::client::{SocketIoClient, endpoint};
use crate::client::Person;
use crate::deals::Deal;
use crate::test_app::TestApp;

/// The bodies of the new messages among these events, by conversation.
pub fn bodies(events: &[Value], conversation: &str) -> Vec<String> {
    let said = events.iter().filter(|event| event[0] == "new_message");
    let here = said.filter(|event| event[1]["conversation_id"] == conversation);
    here.map(|event| {
        event[1]["message"]["message"]
            .as_str()
            .expect("a text")
            .to_owned()
    })
    .collect()
}

pub fn numbered(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|number| number.to_string()).collect()
}

async fn say_all(person: &Person, conversation: &str, texts: &[String]) {
    for text in texts {
        person.say(conversation, text).await;
    }
}

/// Hears until this is said.
pub async fn hear_until(client: &mut SocketIoClient, last: &str) -> Vec<Value> {
    let mut events = Vec::new();
    loop {
        let heard = client.event("new_message").await;
        let is_last = heard["message"]["message"] == last;
        events.push(json!(["new_message", heard]));
        if is_last {
            return events;
        }
    }
}

#[actix_rt::test]
async fn what_was_missed_comes_once_and_in_order_after_a_restart_too() {
    let mut app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let eve = app.person("eve").await;
    let (one, two) = (app.direct(&ann, &bob).await, app.direct(&eve, &bob).await);
    let mut client = SocketIoClient::stoory(&bob).await;
    for conversation in [&one, &two] {
        client.call("join_conversation", json!(conversation)).await;
    }
    say_all(&ann, &one, &numbered(0, 3)).await;
    hear_until(&mut client, "2").await;
    let before = client.disconnect();
    say_all(&ann, &one, &numbered(3, 130)).await;
    say_all(&eve, &two, &numbered(0, 130)).await;
    app.stop().await;
    app.start_again().await;
    say_all(&eve, &two, &numbered(130, 140)).await;
    let (mut back, is_found) = before.again(&bob).await;
    assert!(is_found);
    say_all(&ann, &one, &["live".to_owned()]).await;
    say_all(&eve, &two, &["live".to_owned()]).await;
    let mut events = hear_until(&mut back, "live").await;
    events.extend(hear_until(&mut back, "live").await);
    events.extend(back.drain().await);
    let live = |mut texts: Vec<String>| {
        texts.push("live".to_owned());
        texts
    };
    assert_eq!(bodies(&events, &one), live(numbered(3, 130)));
    assert_eq!(bodies(&events, &two), live(numbered(0, 140)));
    // And once more, from where it is now.
    let (mut again, is_found) = back.disconnect().again(&bob).await;
    assert!(is_found);
    ann.say(&one, "at last").await;
    let events = hear_until(&mut again, "at last").await;
    assert_eq!(bodies(&events, &one), ["at last"]);
    let joined = again.call("join_conversation", json!(one)).await;
    assert_eq!(
        joined["conversation"]["id"], *one,
        "joined again, and nothing comes twice"
    );
    assert_eq!(bodies(&again.drain().await, &one), Vec::<String>::new());
}

#[actix_rt::test]
async fn a_conversation_is_left_for_good_before_the_client_is_told_so() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let one = app.direct(&ann, &bob).await;
    let mut client = SocketIoClient::stoory(&bob).await;
    client.call("join_conversation", json!(one)).await;
    let mut locked = app.connection();
    let lock = "begin; lock table recoveries in share row exclusive mode";
    locked.batch_execute(lock).expect("a lock");
    let mut leaving = Box::pin(client.ask("leave_conversation", json!(one)));
    let early = tokio::time::timeout(Duration::from_millis(300), &mut leaving).await;
    assert!(early.is_err(), "told before it was written: {early:?}");
    locked.batch_execute("commit").expect("unlocked");
    assert_eq!(leaving.await["success"], true);
    let (mut back, is_found) = client.disconnect().again(&bob).await;
    assert!(is_found);
    ann.say(&one, "unheard").await;
    assert_eq!(bodies(&back.drain().await, &one), Vec::<String>::new());
}

#[actix_rt::test]
async fn the_list_of_conversations_changes_and_an_older_offset_is_still_understood() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let eve = app.person("eve").await;
    let (one, two) = (app.direct(&ann, &bob).await, app.direct(&eve, &bob).await);
    let three = app.direct(&ann, &eve).await;
    let mut client = SocketIoClient::stoory(&bob).await;
    client.call("join_conversation", json!(one)).await;
    client.call("join_conversation", json!(two)).await;
    ann.say(&one, "a").await;
    client.event("new_message").await;
    let offset = client.offset.clone();
    client.call("leave_conversation", json!(one)).await;
    let refused = client.ask("join_conversation", json!(three)).await;
    assert_eq!(refused["error_code"], "CONVERSATION_NOT_FOUND");
    assert_eq!(client.offset, offset, "nothing has come since");
    let before = client.disconnect();
    ann.say(&one, "unheard").await;
    eve.say(&two, "b").await;
    let (mut back, is_found) = before.again(&bob).await;
    assert!(is_found);
    let events = hear_until(&mut back, "b").await;
    assert_eq!(events.len(), 1);
    assert_eq!(bodies(&back.drain().await, &one), Vec::<String>::new());
}

#[actix_rt::test]
async fn a_client_that_is_not_found_gets_another_pid() {
    let app = TestApp::with(&["--rate-limits", "off", "--recovery-limit", "5"]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.direct(&ann, &bob).await;
    let mut client = SocketIoClient::stoory(&bob).await;
    client.call("join_conversation", json!(conversation)).await;
    let mut before = client.disconnect();
    let stranger = before.again(&ann).await;
    assert!(!stranger.1, "a pid belongs to its user");
    let (mut back, is_found) = before.again(&bob).await;
    assert!(is_found);
    ann.say(&conversation, "heard").await;
    back.event("new_message").await;
    before = back.disconnect();
    let given = before.offset.clone().expect("an offset");
    let list = given.split(':').next().expect("a list");
    before.offset = Some(format!("{list}:9999"));
    let (mut anew, is_found) = before.again(&bob).await;
    assert!(!is_found, "an offset that nobody was given");
    anew.call("join_conversation", json!(conversation)).await;
    let before = anew.disconnect();
    say_all(&ann, &conversation, &numbered(0, 6)).await;
    let (mut anew, is_found) = before.again(&bob).await;
    assert!(!is_found, "too much was missed");
    assert!(
        anew.drain()
            .await
            .iter()
            .all(|event| event[0] != "new_message")
    );
}

/// As the official client does it: a `pid` that is not found any more is replaced, and the last offset under it stays.
#[actix_rt::test]
async fn an_offset_from_before_says_nothing_of_what_was_heard_under_a_new_pid() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let eve = app.person("eve").await;
    let (one, two) = (app.direct(&ann, &bob).await, app.direct(&eve, &bob).await);
    let mut client = SocketIoClient::stoory(&bob).await;
    client.call("join_conversation", json!(one)).await;
    say_all(&ann, &one, &numbered(0, 3)).await;
    hear_until(&mut client, "2").await;
    let offset = client.disconnect().offset;
    assert!(offset.is_some());
    let mut anew = SocketIoClient::stoory(&bob).await;
    anew.offset = offset;
    anew.call("join_conversation", json!(two)).await;
    let before = anew.disconnect();
    say_all(&eve, &two, &numbered(0, 5)).await;
    let (mut back, is_found) = before.again(&bob).await;
    assert!(is_found);
    let events = hear_until(&mut back, "4").await;
    assert_eq!(bodies(&events, &two), numbered(0, 5));
}

/// A step has two events with one seq: a client that is cut off between them gets both again.
#[actix_rt::test]
async fn a_cut_between_the_events_of_a_step_loses_neither() {
    let deal = Deal::begin().await;
    let mut client = SocketIoClient::stoory(&deal.brand_owner).await;
    client.call("join_conversation", json!(deal.id)).await;
    let pressed = deal
        .press(&deal.influencer, "accept_connection", json!({}))
        .await;
    pressed.expect_status(200);
    client.event("conversation_state_changed").await;
    let (mut back, is_found) = client.disconnect().again(&deal.brand_owner).await;
    assert!(is_found);
    let clicked = back.event("button_action").await;
    assert_eq!(clicked["button_id"], "accept_connection", "{clicked}");
    let (mut back, _) = back.disconnect().again(&deal.brand_owner).await;
    let told = back.drain().await;
    let twice = told.iter().any(|event| event[0] == "button_action");
    assert!(!twice, "{told:?}");
}

#[actix_rt::test]
async fn messages_that_may_no_longer_be_seen_are_not_replayed() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let (one, two) = (
        app.group(&ann, &[&bob]).await,
        app.group(&ann, &[&bob]).await,
    );
    let mut client = SocketIoClient::stoory(&bob).await;
    for conversation in [&one, &two] {
        client.call("join_conversation", json!(conversation)).await;
    }
    let before = client.disconnect();
    ann.say(&one, "secret").await;
    ann.delete(&format!("/api/v1/conversations/{one}/participants/bob"))
        .await
        .expect_status(204);
    ann.say(&two, "for all").await;
    let (mut back, is_found) = before.again(&bob).await;
    assert!(is_found);
    let events = hear_until(&mut back, "for all").await;
    assert_eq!(events.len(), 1);
    ann.say(&one, "secret again").await;
    assert_eq!(bodies(&back.drain().await, &one), Vec::<String>::new());
}

#[actix_rt::test]
async fn edits_and_deletions_are_told_again_and_one_who_wants_no_offsets_gets_none() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.direct(&ann, &bob).await;
    let said = ann.say(&conversation, "first").await;
    let mut client = SocketIoClient::stoory(&bob).await;
    client.call("join_conversation", json!(conversation)).await;
    let auth = json!({ "token": bob.token, "recovery": false });
    let mut plain = SocketIoClient::connect(app.address, "/", auth)
        .await
        .expect("connected");
    assert_eq!(plain.pid, None);
    plain.call("join_conversation", json!(conversation)).await;
    let before = client.disconnect();
    let path = format!("/api/v1/messages/{}", said["id"].as_str().expect("an id"));
    ann.patch(&path, json!({ "body": "edited" }))
        .await
        .expect_status(200);
    let (mut back, is_found) = before.again(&bob).await;
    assert!(is_found);
    let edited = back.event("message_updated").await;
    assert_eq!(edited["message"]["message"], "edited");
    plain.event("message_updated").await;
    ann.say(&conversation, "second").await;
    back.event("new_message").await;
    assert!(back.offset.is_some());
    let text = plain.wire().text().await;
    let event: Value = serde_json::from_str(&text[2..]).expect("JSON");
    assert_eq!(event.as_array().expect("an event").len(), 2, "{text}");
}

#[actix_rt::test]
async fn a_client_has_one_connection_at_a_time() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.direct(&ann, &bob).await;
    let mut client = SocketIoClient::stoory(&bob).await;
    client.call("join_conversation", json!(conversation)).await;
    let (mut back, is_found) = client.again(&bob).await;
    assert!(is_found);
    assert_eq!(
        client.wire().text().await,
        "41",
        "the one before is sent away"
    );
    ann.say(&conversation, "hello").await;
    back.event("new_message").await;
}

/// A watermark may be the seq of an edit: the event names the message before it.
#[actix_rt::test]
async fn what_was_read_meanwhile_is_told_by_messages_that_exist() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.direct(&ann, &bob).await;
    let said = ann.say(&conversation, "first").await;
    let id = said["id"].as_str().expect("an id").to_owned();
    let mut client = SocketIoClient::stoory(&ann).await;
    client.call("join_conversation", json!(conversation)).await;
    let before = client.disconnect();
    ann.patch(
        &format!("/api/v1/messages/{id}"),
        json!({ "body": "better" }),
    )
    .await
    .expect_status(200);
    let path = format!("/api/v1/conversations/{conversation}/seen");
    bob.post(&path, json!({ "seq": 2 }))
        .await
        .expect_status(200);
    let (mut back, is_found) = before.again(&ann).await;
    assert!(is_found);
    let seen = back.event("message_seen").await;
    assert_eq!(seen, json!({ "messageId": id, "userId": "bob" }));
}

/// While a client is still being told what it missed, its rooms tell it nothing: neither twice, nor before what came earlier.
#[actix_rt::test]
async fn events_during_a_long_replay_come_once_and_behind_it() {
    let deal = Deal::begin().await;
    let (bela, app) = (deal.brand_owner.clone(), &deal.app);
    let ann = app.person("ann").await;
    let other = app.direct(&ann, &bela).await;
    let mut client = SocketIoClient::stoory(&bela).await;
    client.call("join_conversation", json!(other)).await;
    client.call("join_conversation", json!(deal.id)).await;
    let before = client.disconnect();
    let long = "x".repeat(7_000);
    for number in 0..150 {
        ann.say(&other, &format!("{number} {long}")).await;
    }
    let poller = endpoint(app.address).poller().await;
    let auth = json!({ "token": bela.token, "pid": before.pid, "offset": before.offset });
    poller.post(format!("40{auth}")).await;
    let pressed = deal
        .press(&deal.influencer, "accept_connection", json!({}))
        .await;
    pressed.expect_status(200);
    ann.say(&other, "at last").await;
    let mut events: Vec<Value> = Vec::new();
    let is_last = |event: &Value| event[1]["message"]["message"] == "at last";
    let is_step = |event: &Value| event[0] == "conversation_state_changed";
    while !(events.iter().any(is_last) && events.iter().any(is_step)) {
        for packet in poller.get().await.1.split('\u{1e}') {
            match packet.strip_prefix("42") {
                Some(event) => events.push(serde_json::from_str(event).expect("JSON")),
                None if packet == "2" => drop(poller.post("3").await),
                None => {}
            }
        }
    }
    assert_eq!(events.iter().filter(|event| is_step(event)).count(), 1);
    let mut notified: Vec<String> = events
        .iter()
        .filter(|event| event[0] == "notification")
        .map(|event| event[1]["data"]["id"].to_string())
        .collect();
    let count = notified.len();
    notified.sort();
    notified.dedup();
    assert_eq!(notified.len(), count, "no message is notified twice");
    assert_eq!(bodies(&events, &other).len(), 151);
}
