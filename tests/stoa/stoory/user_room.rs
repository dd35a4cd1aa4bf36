//! The room of a user: a session that has joined it is told what concerns its user, beside the conversations that it has joined.

use serde_json::{Value, json};

use super::names;
use crate::deals::Deal;
use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::TestApp;

/// What a new message is told with in the room of the user, some time after the message itself.
const IN_IT: [&str; 2] = ["notification", "conversation_list_updated"];

/// The names of everything that comes with a message, which begins with this event.
async fn told_with(client: &mut SocketIoClient, first: &str) -> Vec<String> {
    client.event(first).await;
    let others = client.drain().await;
    names(&others).into_iter().map(str::to_owned).collect()
}

#[actix_rt::test]
async fn who_has_not_joined_it_hears_of_conversations_only() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let place = app.direct(&ann, &bob).await;
    let mut joined = SocketIoClient::stoory_without_user_room(&bob).await;
    let mut elsewhere = SocketIoClient::stoory_without_user_room(&bob).await;
    joined.call("join_conversation", json!(place)).await;
    joined.drain().await;
    ann.say(&place, "one").await;
    assert_eq!(told_with(&mut joined, "new_message").await, [""; 0]);
    assert_eq!(told_with(&mut elsewhere, "notification").await, [""; 0]);
    // The same count is told to a session in the room, so that all that the others are told has come.
    let mut inside = SocketIoClient::stoory(&bob).await;
    let seen = format!("/api/conversations/{place}/seen");
    bob.put(&seen, json!({})).await.expect_status(200);
    let counted = inside.event("unread_count_updated").await;
    assert_eq!(counted["action"], "decrement");
    assert_eq!(names(&elsewhere.drain().await), [""; 0]);
}

#[actix_rt::test]
async fn a_payment_that_is_completed_is_told_in_it() {
    let deal = Deal::begin().await;
    let mut outside = SocketIoClient::stoory_without_user_room(&deal.influencer).await;
    let mut inside = SocketIoClient::stoory(&deal.influencer).await;
    deal.to_payment().await;
    let order = deal.order().await;
    assert!(deal.check_out(&order, "success").await.is_success());
    deal.reaches("payment_completed").await;
    let is_told = |event: &Value| event["type"] == "payment_completed";
    while !is_told(&inside.event("notification").await) {}
    let told = outside.drain().await;
    assert!(!told.iter().any(|event| is_told(&event[1])), "{told:?}");
}

#[actix_rt::test]
async fn it_is_joined_and_left() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let place = app.direct(&ann, &bob).await;
    let mut client = SocketIoClient::stoory_without_user_room(&bob).await;
    client.call("join_conversation", json!(place)).await;
    for (join, leave) in [
        (json!("bob"), json!("bob")),
        (json!({ "userId": "bob" }), json!({ "userId": "bob" })),
    ] {
        client.call("join_user_room", join).await;
        client.drain().await;
        ann.say(&place, "in the room").await;
        client.event("new_message").await;
        for event in IN_IT {
            client.event(event).await;
        }
        client.call("leave_user_room", leave).await;
        ann.say(&place, "out of the room").await;
        assert_eq!(told_with(&mut client, "new_message").await, [""; 0]);
    }
    client.call("join", json!("bob")).await;
    client.call_without_argument("leave_user_room").await;
    client.drain().await;
    ann.say(&place, "out of the room").await;
    assert_eq!(told_with(&mut client, "new_message").await, [""; 0]);
}

#[actix_rt::test]
async fn the_room_of_somebody_else_is_refused_and_changes_nothing() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let place = app.direct(&ann, &bob).await;
    let mut client = SocketIoClient::stoory_without_user_room(&bob).await;
    client.call("join_conversation", json!(place)).await;
    let refused = client.ask("join", json!("ann")).await;
    assert_eq!(refused["error_code"], "IDENTITY_MISMATCH");
    client.drain().await;
    ann.say(&place, "hello").await;
    assert_eq!(told_with(&mut client, "new_message").await, [""; 0]);
}

#[actix_rt::test]
async fn a_client_that_comes_back_is_where_it_was() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let place = app.direct(&ann, &bob).await;
    ann.say(&place, "first").await;
    let seen = format!("/api/conversations/{place}/seen");
    bob.put(&seen, json!({})).await.expect_status(200);
    for (before, after) in [
        (&["join", "join_conversation"][..], &IN_IT[..]),
        (&["join_conversation", "join"], &IN_IT),
        (&["join", "join_conversation", "leave_user_room"], &[]),
        (&["join_conversation"], &[]),
        (
            &[
                "join_conversation",
                "leave_conversation",
                "join",
                "join_conversation",
            ],
            &IN_IT,
        ),
        (
            &[
                "join",
                "join_conversation",
                "leave_conversation",
                "leave_user_room",
                "join_conversation",
            ],
            &[],
        ),
    ] {
        let mut client = SocketIoClient::stoory_without_user_room(&bob).await;
        for event in before {
            let argument = match *event {
                "join_conversation" | "leave_conversation" => json!(place),
                _ => json!("bob"),
            };
            client.call(event, argument).await;
        }
        let (again, is_found) = client.disconnect().again(&bob).await;
        assert!(is_found, "{before:?}");
        let (mut back, is_found) = again.disconnect().again(&bob).await;
        assert!(is_found, "{before:?}, twice");
        // Watermarks are told again when the conversation goes on.
        back.event("message_seen").await;
        back.drain().await;
        ann.say(&place, "hello").await;
        back.event("new_message").await;
        for event in after {
            back.event(event).await;
        }
        assert_eq!(names(&back.drain().await), [""; 0], "{before:?}");
    }
}
