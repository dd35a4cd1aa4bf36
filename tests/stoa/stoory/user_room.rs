//! The room of a user: a session that has joined it is told what concerns its user, beside the conversations that it has joined.

use serde_json::{Value, json};

use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::TestApp;

fn names(events: &[Value]) -> Vec<&str> {
    let names = events.iter().map(|event| event[0].as_str().unwrap());
    names.collect()
}

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
        let told = told_with(&mut client, "new_message").await;
        assert_eq!(told, ["notification", "conversation_list_updated"]);
        client.call("leave_user_room", leave).await;
        ann.say(&place, "out of the room").await;
        assert_eq!(told_with(&mut client, "new_message").await, [""; 0]);
    }
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
    for (before, after) in [
        (&["join", "join_conversation"][..], 2),
        (&["join_conversation", "join"], 2),
        (&["join", "join_conversation", "leave_user_room"], 0),
        (&["join_conversation"], 0),
    ] {
        let mut client = SocketIoClient::stoory_without_user_room(&bob).await;
        for event in before {
            let argument = match *event {
                "join_conversation" => json!(place),
                _ => json!("bob"),
            };
            client.call(event, argument).await;
        }
        let client = client.disconnect();
        let (mut back, is_found) = client.again(&bob).await;
        assert!(is_found, "{before:?}");
        back.drain().await;
        ann.say(&place, "hello").await;
        let told = told_with(&mut back, "new_message").await;
        assert_eq!(told.len(), after, "{before:?}: {told:?}");
    }
}
