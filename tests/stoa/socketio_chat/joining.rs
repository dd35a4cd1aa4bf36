//! Joining in a hurry: twice, with a leave between, and gone before the room is awake.

use serde_json::json;
use std::time::Duration;

use super::client::SocketIoClient;
use super::recovering::{bodies, hear_until};
use crate::metrics::until_figure;
use crate::servers::Alone;
use crate::test_app::TestApp;

#[actix_rt::test]
async fn who_joins_leaves_and_joins_at_once_has_joined() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    for round in 0..12 {
        let conversation = app.group(&ann, &[&bob]).await;
        let mut client = SocketIoClient::stoory(&bob).await;
        client.tell("join_conversation", json!(conversation)).await;
        client.tell("leave_conversation", json!(conversation)).await;
        client.call("join_conversation", json!(conversation)).await;
        ann.say(&conversation, "one").await;
        hear_until(&mut client, "one").await;
        assert!(client.offset.is_some(), "round {round}: it is on the list");
        let away = client.disconnect();
        ann.say(&conversation, "two").await;
        let (mut back, is_found) = away.again(&bob).await;
        assert!(is_found);
        ann.say(&conversation, "three").await;
        let heard = hear_until(&mut back, "three").await;
        assert_eq!(
            bodies(&heard, &conversation),
            ["two", "three"],
            "round {round}"
        );
    }
}

#[actix_rt::test]
async fn two_joins_at_once_are_both_answered_and_each_event_comes_once() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.direct(&ann, &bob).await;
    let mut client = SocketIoClient::stoory(&bob).await;
    for id in 1..=3 {
        let packet = json!(["join_conversation", conversation]);
        client.wire().send(&format!("42{id}{packet}")).await;
    }
    for id in 1..=3 {
        let answer = client.wire().text().await;
        let wanted = format!("43{id}[{{\"success\":true,\"conversation\":");
        assert!(answer.starts_with(&wanted), "{answer}");
    }
    ann.say(&conversation, "hello").await;
    client.event("new_message").await;
    assert_eq!(
        bodies(&client.drain().await, &conversation),
        Vec::<String>::new()
    );
}

#[actix_rt::test]
async fn a_room_sleeps_though_clients_were_gone_before_it_was_awake() {
    let options = ["--rate-limits", "off", "--room-idle-seconds", "1"];
    let app = TestApp::alone(Alone::Metrics).with(&options).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.direct(&ann, &bob).await;
    until_figure(app.address, "stoa_rooms_awake", 0.0).await;
    for _ in 0..10 {
        let mut client = SocketIoClient::stoory(&bob).await;
        client.tell("join_conversation", json!(conversation)).await;
        // Long enough for the join to be on its way, too short for its answer.
        tokio::time::sleep(Duration::from_millis(2)).await;
        drop(client.disconnect());
    }
    until_figure(app.address, "stoa_connections", 0.0).await;
    until_figure(app.address, "stoa_rooms_awake", 0.0).await;
}

#[actix_rt::test]
async fn whose_list_cannot_be_written_comes_back_and_starts_anew() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.direct(&ann, &bob).await;
    let mut first = SocketIoClient::stoory(&bob).await;
    first.call("join_conversation", json!(conversation)).await;
    // Of one user so many clients are remembered, and no more: the first one's list is gone.
    let mut others = Vec::new();
    for _ in 0..102 {
        let mut other = SocketIoClient::stoory(&bob).await;
        other.call("join_conversation", json!(conversation)).await;
        others.push(other);
    }
    first.tell("leave_conversation", json!(conversation)).await;
    assert_eq!(first.closed().await, Some(1013));
    let (mut back, is_found) = first.disconnect().again(&bob).await;
    assert!(!is_found, "it starts anew");
    back.call("join_conversation", json!(conversation)).await;
    ann.say(&conversation, "hello").await;
    let heard = hear_until(&mut back, "hello").await;
    assert_eq!(bodies(&heard, &conversation), ["hello"]);
}
