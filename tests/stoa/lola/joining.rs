//! Joining: the newest messages in every answer, also to a client that came back and joins again while it is told what it missed.

use serde_json::{Value, json};
use std::collections::BTreeSet;

use super::{Desk, MESSAGE, must_have};
use crate::socketio_chat::client::SocketIoClient;

fn contents(messages: &Value) -> Vec<String> {
    let messages = messages.as_array().expect("a list").iter();
    let content = |message: &Value| message["content"].as_str().expect("a text").to_owned();
    messages.map(content).collect()
}

fn numbered(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|number| number.to_string()).collect()
}

async fn say(desk: &Desk, from: usize, to: usize) {
    for text in numbered(from, to) {
        desk.ann.say(&desk.room, &text).await;
    }
}

#[actix_rt::test]
async fn every_join_is_answered_with_the_newest_fifty_oldest_first() {
    let desk = Desk::open().await;
    say(&desk, 0, 53).await;
    for recovers in [true, false] {
        let auth = json!({ "token": desk.sam.token, "recovery": recovers });
        let connected = SocketIoClient::connect(desk.app.address, "/realtime", auth).await;
        let mut sam = connected.expect("connected");
        for round in 0..2 {
            let joined = sam
                .call("chat:join-room", json!({ "roomId": desk.room }))
                .await;
            assert_eq!(contents(&joined["messages"]), numbered(3, 53), "{round}");
            must_have(&joined["messages"][0], &MESSAGE);
            must_have(&joined, &[("message", "text")]);
            assert_eq!(joined["roomId"], *desk.room);
            assert_eq!(joined["isGuest"], false);
        }
        sam.call("chat:leave-room", json!({ "roomId": desk.room }))
            .await;
    }
}

/// What a client shows: it takes the list of a join, and adds each message whose id it does not show.
#[derive(Default)]
struct Screen(Vec<(String, String)>);

impl Screen {
    fn add(&mut self, message: &Value) {
        let text = |name: &str| message[name].as_str().expect("a text").to_owned();
        let (id, content) = (text("id"), text("content"));
        if self.0.iter().all(|(shown, _)| *shown != id) {
            self.0.push((id, content));
        }
    }

    fn replace(&mut self, messages: &Value) {
        self.0.clear();
        let messages = messages.as_array().expect("a list").iter();
        messages.for_each(|message| self.add(message));
    }

    fn contents(&self) -> BTreeSet<&str> {
        self.0.iter().map(|(_, content)| content.as_str()).collect()
    }
}

#[actix_rt::test]
async fn a_client_that_comes_back_and_joins_again_shows_everything_once() {
    let desk = Desk::open().await;
    let mut sam = SocketIoClient::lola(&desk.sam).await;
    let room = json!({ "roomId": desk.room });
    sam.call("chat:join-room", room.clone()).await;
    say(&desk, 0, 1).await;
    sam.event("chat:new-message").await;
    for round in 0..4 {
        let away = sam.disconnect();
        // More than a page of missed changes, then fewer.
        let missed = if round == 0 { 230 } else { 20 };
        let from = 1 + 1_000 * round;
        say(&desk, from, from + missed).await;
        let (back, is_found) = away.again(&desk.sam).await;
        assert!(is_found);
        sam = back;
        let mut screen = Screen::default();
        let (joined, ()) = tokio::join!(
            sam.call("chat:join-room", room.clone()),
            say(&desk, from + missed, from + missed + 5)
        );
        let before = sam.come("chat:new-message");
        before.iter().for_each(|message| screen.add(message));
        screen.replace(&joined["messages"]);
        let last = (from + missed + 4).to_string();
        let mut told = before;
        while told
            .last()
            .is_none_or(|message| message["content"] != last.as_str())
        {
            let heard = sam.event("chat:new-message").await;
            screen.add(&heard);
            told.push(heard);
        }
        let wanted = numbered(from, from + missed + 5);
        let as_events: Vec<&str> = told
            .iter()
            .filter_map(|it| it["content"].as_str())
            .collect();
        assert_eq!(as_events, wanted, "as events, each once and in order");
        let shown = screen.contents();
        let newest = wanted.iter().rev().take(50);
        assert!(newest.clone().all(|text| shown.contains(text.as_str())));
    }
}
