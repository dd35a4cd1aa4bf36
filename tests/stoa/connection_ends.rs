//! Ends of connections: an expired token, silence at the start, a page of another origin.

use serde_json::json;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::client::{Person, Socket};
use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::{TestApp, claims, token};

/// Seconds by which clocks may differ: a token is taken for so long after its `exp`.
pub const LEEWAY_SECONDS: u64 = 30;

/// A token with an `exp` so many seconds from now.
fn good_for(seconds: u64) -> String {
    let mut claims = claims("alice", &[]);
    claims.exp = claims.exp - 3_600 + seconds;
    token(&claims)
}

/// A token that is taken for so many seconds still; its `exp` is past.
fn taken_for(seconds: u64) -> String {
    let mut claims = claims("alice", &[]);
    claims.exp = claims.exp - 3_600 - LEEWAY_SECONDS + seconds;
    token(&claims)
}

/// Waits until the clock shows a new second, so that whole seconds in a token mean what they say.
async fn next_second() {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("a clock");
    let rest = 1_000 - u64::from(now.subsec_millis());
    tokio::time::sleep(Duration::from_millis(rest)).await;
}

#[tokio::test]
async fn a_token_that_expires_ends_its_connection() {
    let app = TestApp::start().await;
    next_second().await;
    let begun = Instant::now();
    let mut socket = Socket::open(app.address, Some(&taken_for(2)))
        .await
        .expect("a socket");
    assert_eq!(socket.closed().await, Some(4401));
    let lived = begun.elapsed();
    assert!(
        lived >= Duration::from_millis(1_500) && lived < Duration::from_secs(8),
        "{lived:?}"
    );
}

#[tokio::test]
async fn a_session_that_authenticates_again_stays_open() {
    let app = TestApp::start().await;
    next_second().await;
    let mut renewed = Socket::open(app.address, Some(&taken_for(2)))
        .await
        .expect("a socket");
    let mut left_alone = Socket::open(app.address, Some(&taken_for(2)))
        .await
        .expect("a socket");
    let welcome = renewed
        .call("authenticate", json!({ "token": good_for(3_600) }))
        .await;
    assert_eq!(welcome.expect("welcome")["user_id"], "alice");
    assert_eq!(
        left_alone.closed().await,
        Some(4401),
        "the clock runs for both"
    );
    assert!(
        renewed.drain().await.is_empty(),
        "and one of them is still there"
    );
}

#[tokio::test]
async fn the_leeway_for_clocks_is_the_same_at_every_endpoint() {
    let app = TestApp::start().await;
    let late = Person::new(app.addresses(), "alice", taken_for(28));
    late.get("/api/v1/me").await.expect_status(200);
    let mut by_header = late.socket().await;
    let mut by_frame = Socket::open(app.address, None).await.expect("a socket");
    let welcome = by_frame.call("authenticate", json!({ "token": late.token }));
    assert_eq!(welcome.await.expect("welcome")["user_id"], "alice");
    let mut over_socketio = SocketIoClient::stoory(&late).await;
    let mut over = Socket::open(app.address, Some(&taken_for(1)))
        .await
        .expect("a socket");
    assert_eq!(over.closed().await, Some(4401), "the sweeper has looked");
    assert!(by_header.drain().await.is_empty());
    assert!(by_frame.drain().await.is_empty());
    let status = json!({ "status": "online" });
    over_socketio.call("user_status", status).await;
    let refused = SocketIoClient::connect(app.address, "/", json!({ "token": good_for(0) }));
    assert!(refused.await.is_ok(), "exp is now");
}

#[tokio::test]
async fn a_connection_belongs_to_one_user() {
    let app = TestApp::start().await;
    let alice = app.person("alice").await;
    let mut socket = alice.socket().await;
    let bob = token(&claims("bob", &[]));
    let refused = socket.call("authenticate", json!({ "token": bob })).await;
    assert_eq!(
        refused.expect_err("refused")["error_code"],
        "IDENTITY_MISMATCH"
    );
    let refused = socket
        .call("authenticate", json!({ "token": "nonsense" }))
        .await;
    assert_eq!(
        refused.expect_err("refused")["error_code"],
        "UNAUTHENTICATED"
    );
    assert!(
        socket.drain().await.is_empty(),
        "its own token is good still"
    );
}

#[tokio::test]
async fn a_silent_session_is_closed() {
    let app = TestApp::with(&["--rate-limits", "off", "--authentication-seconds", "1"]).await;
    let mut silent = Socket::open(app.address, None).await.expect("a socket");
    let mut chatty = Socket::open(app.address, None).await.expect("a socket");
    let refused = chatty
        .call("user_status", json!({ "status": "online" }))
        .await;
    assert_eq!(
        refused.expect_err("refused")["error_code"],
        "UNAUTHENTICATED"
    );
    let mut known = Socket::open(app.address, None).await.expect("a socket");
    known
        .call("authenticate", json!({ "token": good_for(3_600) }))
        .await
        .expect("welcome");
    assert_eq!(silent.closed().await, Some(4408));
    assert_eq!(chatty.closed().await, Some(4408));
    assert!(known.drain().await.is_empty());
}

/// What a page of this origin gets: the code it is closed with, or nothing where it may stay.
async fn as_page(app: &TestApp, origin: &str) -> Option<u16> {
    let mut request = format!("ws://{}/ws", app.address)
        .into_client_request()
        .expect("a request");
    request
        .headers_mut()
        .insert("origin", origin.parse().expect("a header"));
    let (mut stream, _) = connect_async(request).await.expect("a handshake");
    use futures_util::{SinkExt, StreamExt};
    let frame = json!({ "event": "authenticate", "id": 1, "data": { "token": good_for(3_600) } });
    let _closed_already = stream.send(Message::text(frame.to_string())).await;
    loop {
        match stream.next().await.expect("an end") {
            Ok(Message::Close(reason)) => return reason.map(|reason| reason.code.into()),
            Ok(Message::Text(text)) if text.starts_with(r#"{"ack":1,"data""#) => return None,
            Ok(other) => assert!(!other.is_text(), "{other}"),
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn pages_from_elsewhere_are_sent_away() {
    let app = TestApp::with(&[
        "--rate-limits",
        "off",
        "--allowed-origins",
        "https://app.example.com,https://b.example.com",
    ])
    .await;
    for welcome in [
        "https://app.example.com",
        "https://b.example.com",
        &format!("http://{}", app.address),
    ] {
        assert_eq!(as_page(&app, welcome).await, None, "{welcome}");
    }
    for foreign in [
        "https://evil.example",
        "null",
        "http://app.example.com",
        "https://app.example.com.evil.example",
        "https://app.example.com:8443",
    ] {
        assert_eq!(as_page(&app, foreign).await, Some(4403), "{foreign}");
    }
}
