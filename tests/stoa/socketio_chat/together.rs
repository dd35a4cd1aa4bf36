//! One conversation in several dialects at once: all clients get the same events, each in its own dialect.

use serde_json::json;

use super::client::SocketIoClient;
use crate::client::Person;
use crate::clients::Client;
use crate::clients::commands::Connecting;
use crate::test_app::TestApp;

/// The official client in Node, twice: in the Stoory guide's words as bob, and in the Lola guide's as eve.
async fn both_dialects(app: &TestApp, [bob, eve]: [&Person; 2]) -> Client {
    let mut node = Client::node();
    for (person, namespace) in [(bob, "/"), (eve, "/realtime")] {
        let url = format!("http://{}{namespace}", app.address);
        let how = Connecting {
            name: &person.id,
            url: &url,
            auth: json!({ "token": person.token }),
            transports: &["polling", "websocket"],
            with_credentials: false,
            joins: None,
        };
        assert_eq!(node.connect(how).await["connected"], true);
    }
    node
}

/// What a client heard: each message's id, and what it said then. `path` leads to the message in an event.
async fn heard(node: &mut Client, name: &str, last: &str, path: &str) -> Vec<(String, String)> {
    let text = if path.is_empty() {
        "content"
    } else {
        "message"
    };
    let events = node.take(name, last, 1).await;
    let messages = events.iter().filter_map(|event| event[1].pointer(path));
    let mut told = Vec::new();
    for message in messages.filter(|message| message[text].is_string()) {
        let id = message["id"].as_str().expect("an id").to_owned();
        told.push((id, message[text].as_str().expect("a text").to_owned()));
    }
    told
}

#[actix_rt::test]
async fn a_native_client_both_dialects_and_rest_hold_one_conversation() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let eve = app.person("eve").await;
    let conversation = app.group(&ann, &[&bob, &eve]).await;
    let mut native = ann.joined(&conversation).await;
    let mut node = both_dialects(&app, [&bob, &eve]).await;
    node.call("bob", "join_conversation", json!(conversation))
        .await;
    node.call("eve", "chat:join-room", json!(conversation))
        .await;

    let said = json!({ "conversation_id": conversation, "body": "native" });
    native.call("send_message", said).await.expect("sent");
    let said = json!({ "conversationId": conversation, "message": "stoory" });
    node.call("bob", "send_message", said).await;
    let said = json!({ "conversationId": conversation, "body": "lola" });
    node.call("eve", "chat:send-message", said).await;
    let last = eve.say(&conversation, "rest").await;
    let edit = format!("/api/v1/messages/{}", last["id"].as_str().expect("an id"));
    eve.patch(&edit, json!({ "body": "rest, edited" }))
        .await
        .expect_status(200);
    eve.delete(&edit).await.expect_status(200);

    let mut told = Vec::new();
    while told.len() < 6 {
        let frame = native.next().await.expect("a frame");
        let message = &frame["data"]["message"];
        if let (Some(id), Some(body)) = (message["id"].as_str(), message["body"].as_str()) {
            told.push((id.to_owned(), body.to_owned()));
        }
    }
    let bodies: Vec<&str> = told.iter().map(|(_, body)| body.as_str()).collect();
    assert_eq!(
        bodies,
        ["native", "stoory", "lola", "rest", "rest, edited", ""]
    );
    let bobs = heard(&mut node, "bob", "message_deleted", "/message").await;
    assert_eq!(bobs, told);
    let eves = heard(&mut node, "eve", "chat:message-deleted", "").await;
    assert_eq!(eves, told);
    assert_eq!(
        ann.bodies(&conversation).await,
        ["native", "stoory", "lola", ""]
    );
}

#[actix_rt::test]
async fn one_connection_speaks_both_dialects() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.direct(&ann, &bob).await;
    let mut client = SocketIoClient::stoory(&ann).await;
    let wire = client.wire();
    wire.send(&format!("40/realtime,{}", json!({ "token": ann.token })))
        .await;
    assert!(wire.text().await.starts_with("40/realtime,{"));
    assert!(
        wire.text()
            .await
            .starts_with(r#"42/realtime,["connected",{"#)
    );
    wire.send(&format!(
        "42/realtime,1{}",
        json!(["chat:join-room", conversation])
    ))
    .await;
    assert!(wire.text().await.starts_with("43/realtime,1[{"));
    bob.say(&conversation, "hello").await;
    let wanted = [r#"42/realtime,["chat:new-message""#, r#"42["notification""#];
    let mut heard: Vec<String> = Vec::new();
    while !wanted
        .iter()
        .all(|wanted| heard.iter().any(|text| text.starts_with(wanted)))
    {
        heard.push(wire.text().await);
    }
}
