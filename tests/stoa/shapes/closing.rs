//! How native sockets are closed: the code and the words beside it.

use serde_json::json;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::album::Album;
use super::ear::{Ear, Language};
use crate::test_app::TestApp;

#[tokio::test]
async fn native() {
    let options = [
        "--authentication-seconds",
        "1",
        "--max-connections-per-user",
        "1",
    ];
    let bounds = ["--session-rate", "5"];
    let mut app = TestApp::with(&[&options[..], &bounds].concat()).await;
    let platform = app.person_with("platform", &["service"]).await;
    let mut album = Album::new("native_closing");
    let mut unknown = Ear::native(app.address, None).await;
    album.keep("no authentication in time", &unknown.closing().await);

    let mut misuse = Ear::open(&app.person("ann").await, Language::Native).await;
    misuse
        .send_raw(Message::Binary(Bytes::from_static(b"x")))
        .await;
    album.keep("a binary frame", &misuse.closing().await);

    let mut large = Ear::open(&app.person("bob").await, Language::Native).await;
    large.send_raw(Message::text("x".repeat(200_000))).await;
    album.keep("a frame above the limit", &large.closing().await);

    let cara = app.person("cara").await;
    let first = Ear::open(&cara, Language::Native).await;
    let mut second = Ear::native(app.address, None).await;
    let token = json!({ "token": cara.token });
    second
        .ask(&mut album, "authenticate", token, "one connection too many")
        .await;
    album.keep("too many connections of this user", &second.closing().await);
    drop(first);

    let mut fast = Ear::open(&app.person("dora").await, Language::Native).await;
    for _ in 0..300 {
        let ask = json!({ "event": "user_status", "data": { "status": "online" } });
        fast.send_raw(Message::text(ask.to_string())).await;
    }
    album.keep("too fast", &fast.closing().await);

    let mut signed_out = Ear::open(&app.person("emil").await, Language::Native).await;
    let path = "/api/v1/users/emil/sign-out";
    platform.post(path, json!({})).await.expect_status(200);
    album.keep("signed out", &signed_out.closing().await);

    let mut last = Ear::open(&app.person("fay").await, Language::Native).await;
    let stopping = tokio::spawn(async move { app.stop().await });
    album.keep("the server stops", &last.closing().await);
    stopping.await.expect("stopped");
    album.close();
}
