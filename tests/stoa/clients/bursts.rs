//! Many legal messages at once, from each real client over each transport: all of them are acknowledged and stored, and nobody is disconnected.

use serde_json::json;

use super::Client;
use super::commands::Connecting;
use crate::test_app::TestApp;

const EACH: [&[&str]; 3] = [&["polling"], &["websocket"], &["polling", "websocket"]];

/// Twenty messages, as one client's buffer holds them, and one as long as it may be.
const COUNT: u64 = 20;

async fn burst(mut client: Client) {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let url = format!("http://{}/", app.address);
    for (number, transports) in EACH.iter().enumerate() {
        let conversation = app.direct(&ann, &bob).await;
        let name = format!("ann {number}");
        let how = Connecting {
            name: &name,
            url: &url,
            auth: json!({ "token": ann.token, "recovery": false }),
            transports,
            with_credentials: false,
            joins: None,
        };
        let state = client.connect(how).await;
        assert_eq!(state["connected"], true, "{transports:?}: {state}");
        let messages: Vec<String> = (0..COUNT)
            .map(|one| format!("{number} {one} {}", "x".repeat(6_000)))
            .chain([format!("{number} {}", "\u{1f600}".repeat(7_990))])
            .collect();
        let argument = |text| json!({ "conversationId": conversation, "message": text });
        let arguments: Vec<_> = messages.iter().map(argument).collect();
        let details = json!({ "name": name, "event": "send_message", "arguments": arguments });
        let acks = client.tell("burst", details).await;
        let acks = acks.as_array().expect("acknowledgements");
        assert_eq!(acks.len(), messages.len());
        assert!(
            acks.iter().all(|ack| ack["success"] == true),
            "{transports:?}: {acks:?}"
        );
        let state = client
            .tell("connected", json!({ "name": name, "times": 1 }))
            .await;
        assert_eq!(state["connects"], 1, "{transports:?}: it was never lost");
        let stored = ann.bodies(&conversation).await;
        let of_this: Vec<_> = stored
            .iter()
            .filter(|body| body.starts_with(&format!("{number} ")))
            .collect();
        assert_eq!(
            of_this,
            messages.iter().collect::<Vec<_>>(),
            "{transports:?}"
        );
        client.tell("disconnect", json!({ "name": name })).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_client_sends_a_burst() {
    burst(Client::node()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_client_of_4_0_which_knows_no_limit_sends_a_burst() {
    burst(Client::node_of("socket.io-client-4.0")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_client_of_4_1_which_knows_no_limit_sends_a_burst() {
    burst(Client::node_of("socket.io-client-4.1")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_for_python_sends_a_burst() {
    burst(Client::python()).await;
}
