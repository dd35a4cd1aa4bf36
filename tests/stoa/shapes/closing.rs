//! How native sockets are closed: the code and the words beside it.

use serde_json::json;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use super::recording_client::{ClientDialect, RecordingClient};
use super::snapshot_file::SnapshotFile;
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
    let mut snapshots = SnapshotFile::new("native_closing");
    let mut unknown = RecordingClient::native(app.address, None).await;
    snapshots.keep("no authentication in time", &unknown.closing().await);

    let mut misuse = RecordingClient::open(&app.person("ann").await, ClientDialect::Native).await;
    misuse
        .send_raw(Message::Binary(Bytes::from_static(b"x")))
        .await;
    snapshots.keep("a binary frame", &misuse.closing().await);

    let mut large = RecordingClient::open(&app.person("bob").await, ClientDialect::Native).await;
    large.send_raw(Message::text("x".repeat(200_000))).await;
    snapshots.keep("a frame above the limit", &large.closing().await);

    let cara = app.person("cara").await;
    let first = RecordingClient::open(&cara, ClientDialect::Native).await;
    let mut second = RecordingClient::native(app.address, None).await;
    let token = json!({ "token": cara.token });
    second
        .ask(
            &mut snapshots,
            "authenticate",
            token,
            "one connection too many",
        )
        .await;
    snapshots.keep("too many connections of this user", &second.closing().await);
    drop(first);

    let mut fast = RecordingClient::open(&app.person("dora").await, ClientDialect::Native).await;
    for _ in 0..300 {
        let ask = json!({ "event": "user_status", "data": { "status": "online" } });
        fast.send_raw(Message::text(ask.to_string())).await;
    }
    snapshots.keep("too fast", &fast.closing().await);

    let mut signed_out =
        RecordingClient::open(&app.person("emil").await, ClientDialect::Native).await;
    let path = "/api/v1/users/emil/sign-out";
    platform.post(path, json!({})).await.expect_status(200);
    snapshots.keep("signed out", &signed_out.closing().await);

    let mut last = RecordingClient::open(&app.person("fay").await, ClientDialect::Native).await;
    let stopping = tokio::spawn(async move { app.stop().await });
    snapshots.keep("the server stops", &last.closing().await);
    stopping.await.expect("stopped");
    snapshots.close();
}
