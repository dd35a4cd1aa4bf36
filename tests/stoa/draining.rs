//! Draining, as a load balancer sees it: first not ready, then gone, and no request is refused in between.

use serde_json::json;
use std::time::{Duration, Instant};

use crate::child::Process;
use crate::client::PATIENCE;

/// How long the first server says that it goes.
const NOTICE: Duration = Duration::from_secs(6);

#[tokio::test]
async fn a_load_balancer_is_told_before_anybody_is_refused() {
    let options = ["--drain-notice-seconds", "6", "--drain-seconds", "0"];
    let mut server = Process::serve(&options).await;
    let (alice, bob) = (server.person("alice"), server.person("bob"));
    for person in [&alice, &bob] {
        person.get("/api/v1/me").await.expect_status(200);
    }
    let wanted = json!({ "kind": "direct", "participants": [{ "user_id": "bob" }] });
    let made = alice.post("/api/v1/conversations", wanted).await;
    let id = made.expect_status(201).body["id"].clone();
    let id = id.as_str().expect("an id");
    let mut before = bob.joined(id).await;
    for path in ["/readyz", "/readyz/node"] {
        alice.get(path).await.expect_status(200);
    }
    let asked = Instant::now();
    server.signal("TERM");
    while alice.get("/readyz").await.status == 200 {
        assert!(asked.elapsed() < NOTICE / 2, "it is ready still");
    }
    let told = alice.get("/readyz").await.expect_status(503).body;
    assert_eq!(told["checks"]["draining"], true);
    assert_eq!(told["checks"]["database"], true);
    let told = alice.get("/readyz/node").await.expect_status(503);
    let checks = json!({ "draining": true, "journal": true, "peers_met": true });
    assert_eq!(
        told.body,
        json!({ "status": "not ready", "checks": checks })
    );
    assert!(told.headers.contains_key("retry-after"));
    let mut during = bob.joined(id).await;
    alice.say(id, "while it goes").await;
    for socket in [&mut before, &mut during] {
        let heard = socket.event("new_message").await;
        assert_eq!(heard["message"]["body"], "while it goes");
    }
    assert!(
        asked.elapsed() < NOTICE,
        "a slow machine: nothing was tried in time"
    );
    for socket in [&mut before, &mut during] {
        assert_eq!(socket.closed().await, Some(1012));
    }
    assert!(asked.elapsed() >= NOTICE, "{:?}", asked.elapsed());
    assert_eq!(server.end().await.0, Some(0));
}

#[tokio::test]
async fn without_a_notice_it_goes_at_once() {
    let options = ["--drain-notice-seconds", "0", "--drain-seconds", "0"];
    let mut server = Process::serve(&options).await;
    let asked = Instant::now();
    server.signal("TERM");
    assert_eq!(server.end().await.0, Some(0));
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "{:?}",
        asked.elapsed()
    );
}

#[tokio::test]
async fn a_second_signal_ends_the_notice() {
    let mut server = Process::serve(&["--drain-notice-seconds", "300"]).await;
    let alice = server.person("alice");
    let asked = Instant::now();
    server.signal("TERM");
    while alice.get("/readyz").await.status == 200 {
        assert!(asked.elapsed() < PATIENCE, "it is ready still");
    }
    server.signal("TERM");
    assert_eq!(server.end().await.0, Some(1));
}

#[tokio::test]
async fn a_signal_drains_and_a_second_one_ends_at_once() {
    for signal in ["TERM", "INT"] {
        let mut server = Process::serve(&["--drain-seconds", "1"]).await;
        let alice = server.person("alice");
        let mut sockets = Vec::new();
        for _ in 0..5 {
            sockets.push(alice.socket().await);
        }
        server.signal(signal);
        for socket in &mut sockets {
            assert_eq!(socket.closed().await, Some(1012));
        }
        assert_eq!(server.end().await.0, Some(0));
    }
    let mut server = Process::serve(&["--drain-seconds", "60", "--rate-limits", "off"]).await;
    let alice = server.person("alice");
    let mut sockets = Vec::new();
    for _ in 0..300 {
        sockets.push(alice.socket().await);
    }
    server.signal("TERM");
    let closings: Vec<_> = sockets
        .iter_mut()
        .map(|socket| Box::pin(socket.closed()))
        .collect();
    let (first, _, _) = futures_util::future::select_all(closings).await;
    assert_eq!(first, Some(1012));
    alice.get("/readyz").await.expect_status(503);
    let begun = Instant::now();
    server.signal("TERM");
    assert_eq!(server.end().await.0, Some(1));
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
}
