//! Which dialects a server speaks: those that `--dialects` names, and the native one always.

use serde_json::json;

use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::TestApp;

async fn speaking(dialects: &str) -> TestApp {
    TestApp::with(&["--rate-limits", "off", "--dialects", dialects]).await
}

/// The status of a GET, with a token.
async fn status(app: &TestApp, path: &str) -> u16 {
    let ann = app.person("ann").await;
    ann.get(path).await.status
}

/// The paths that the OpenAPI document names.
async fn documented(app: &TestApp) -> String {
    let url = format!("http://{}/api/openapi.json", app.address);
    let document = reqwest::get(url).await.expect("an answer");
    document.text().await.expect("a text")
}

#[actix_rt::test]
async fn without_dialects_the_native_one_is_served_alone() {
    let app = speaking("").await;
    for path in [
        "/api/messages/unread-count",
        "/socket.io/?EIO=4&transport=polling",
    ] {
        assert_eq!(status(&app, path).await, 404, "{path}");
    }
    assert!(!documented(&app).await.contains("/api/messages/"));
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.group(&ann, &[&bob]).await;
    let mut socket = bob.joined(&conversation).await;
    ann.say(&conversation, "hello").await;
    let said = socket.event("new_message").await;
    assert_eq!(said["message"]["body"], "hello");
}

#[actix_rt::test]
async fn only_the_dialects_that_are_named_are_served() {
    let app = speaking("stoory").await;
    let ann = app.person("ann").await;
    SocketIoClient::stoory(&ann).await;
    let refused =
        SocketIoClient::connect(ann.address(), "/realtime", json!({ "token": ann.token })).await;
    assert!(refused.is_err(), "nobody speaks there");
    assert_eq!(status(&app, "/api/messages/unread-count").await, 200);
    let app = speaking("lola").await;
    let ann = app.person("ann").await;
    SocketIoClient::lola(&ann).await;
    assert_eq!(status(&app, "/api/messages/unread-count").await, 404);
}
