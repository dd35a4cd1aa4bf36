//! Presence over servers: a user is online while any server has them, whoever asks where.

use serde_json::{Value, json};
use std::time::{Duration, Instant};

use super::{AT_ONCE, Wired, on, own_redis};
use crate::child::Process;
use crate::client::{Person, Socket};
use crate::nodes::meeting::until_peers;
use crate::polling::until;
use crate::test_app::fresh_database;

async fn status(asking: &Person, of: &str) -> Value {
    let answer = asking.get(&format!("/api/v1/users/{of}")).await;
    answer.expect_status(200).body["status"].take()
}

async fn until_status(asking: &Person, of: &str, wanted: &str) {
    let look = async || status(asking, of).await;
    until(wanted, look, |now| *now == wanted).await;
}

async fn chooses(socket: &mut Socket, status: &str) {
    let chosen = socket.call("user_status", json!({ "status": status }));
    chosen.await.expect("chosen");
}

#[actix_rt::test]
async fn who_comes_and_goes_at_one_server_is_shown_at_the_other() {
    let wired = Wired::with(&["--offline-grace-seconds", "1"]).await;
    let (ann, bob) = wired.two().await;
    let id = wired.one.direct(&ann, &bob).await;
    let mut listens = ann.joined(&id).await;
    assert_eq!(status(&ann, "bob").await, "offline");
    let begun = Instant::now();
    let mut of_bob = bob.socket().await;
    for wanted in ["online", "busy", "away"] {
        if wanted != "online" {
            chooses(&mut of_bob, wanted).await;
        }
        let told = listens.event("user_status_change").await;
        assert_eq!(
            (&told["user_id"], &told["status"]),
            (&json!("bob"), &json!(wanted))
        );
        assert_eq!(status(&ann, "bob").await, wanted);
        assert_eq!(status(&bob, "ann").await, "online");
    }
    assert!(begun.elapsed() < AT_ONCE * 3, "{:?}", begun.elapsed());
    of_bob.close().await;
    let gone = listens.event("user_offline").await;
    assert_eq!(gone["user_id"], "bob");
    assert_eq!(status(&ann, "bob").await, "offline");
}

#[actix_rt::test]
async fn who_is_at_two_servers_stays_online_until_both_have_lost_them_and_shows_what_was_chosen_last()
 {
    let wired = Wired::with(&["--offline-grace-seconds", "1"]).await;
    let (ann, bob) = wired.two().await;
    let id = wired.one.direct(&ann, &bob).await;
    let mut listens = ann.joined(&id).await;
    let mut there = bob.socket().await;
    chooses(&mut there, "away").await;
    until_status(&ann, "bob", "away").await;
    let mut here = on(&wired.one, "bob").socket().await;
    chooses(&mut here, "busy").await;
    until_status(&bob, "bob", "busy").await;
    there.close().await;
    // Proves that nothing happens: twice the grace.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(status(&ann, "bob").await, "busy");
    assert_eq!(status(&bob, "bob").await, "busy");
    let told = listens.drain().await;
    let is_offline = |event: &Value| event["event"] == "user_offline";
    assert!(!told.iter().any(is_offline), "{told:?}");
    here.close().await;
    assert_eq!(listens.event("user_offline").await["user_id"], "bob");
    until_status(&bob, "bob", "offline").await;
}

#[actix_rt::test]
async fn a_server_that_stops_makes_nobody_offline_who_comes_back_elsewhere_in_time() {
    let mut wired = Wired::with(&["--offline-grace-seconds", "5"]).await;
    let (ann, bob) = wired.two().await;
    let id = wired.one.direct(&ann, &bob).await;
    let mut listens = bob.joined(&id).await;
    let mut of_ann = ann.socket().await;
    listens.event("user_status_change").await;
    wired.pair.one.stop().await;
    assert_eq!(of_ann.closed().await, Some(1012));
    assert_eq!(status(&bob, "ann").await, "online");
    let _back = on(&wired.other, "ann").socket().await;
    // Proves that nothing happens: longer than the grace.
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert_eq!(status(&bob, "ann").await, "online");
    let told = listens.drain().await;
    let is_offline = |event: &Value| event["event"] == "user_offline";
    assert!(!told.iter().any(is_offline), "{told:?}");
}

#[actix_rt::test]
async fn people_of_a_server_that_was_killed_go_after_the_grace() {
    let redis = own_redis().await;
    let url = format!("redis://{}", redis.address);
    let database = tokio::task::spawn_blocking(fresh_database)
        .await
        .expect("a database");
    let options = [
        "--redis",
        &url,
        "--offline-grace-seconds",
        "1",
        "--drain-seconds",
        "0",
    ];
    let one = Process::serve_on(&database, &options).await;
    let other = Process::serve_on(&database, &options).await;
    let (ann, bob) = (one.person("ann"), other.person("bob"));
    bob.get("/api/v1/me").await.expect_status(200);
    tokio::join!(until_peers(&ann, 1), until_peers(&bob, 1));
    let wanted = json!({ "kind": "direct", "participants": [{ "user_id": "bob" }] });
    ann.post("/api/v1/conversations", wanted)
        .await
        .expect_status(201);
    let _socket = bob.socket().await;
    until_status(&ann, "bob", "online").await;
    other.signal("KILL");
    until_status(&ann, "bob", "offline").await;
}

#[actix_rt::test]
async fn while_redis_is_away_nobody_goes_offline_elsewhere_and_what_changed_is_shown_when_it_is_back()
 {
    let mut wired = Wired::with(&["--offline-grace-seconds", "1"]).await;
    let (ann, bob) = wired.two().await;
    wired.one.direct(&ann, &bob).await;
    let mut of_bob = bob.socket().await;
    until_status(&ann, "bob", "online").await;
    wired.redis.kill();
    chooses(&mut of_bob, "busy").await;
    let _of_ann = ann.socket().await;
    // Proves that nothing happens: longer than a silent server is believed to be there.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(status(&ann, "bob").await, "online");
    assert_eq!(status(&bob, "ann").await, "offline");
    wired.redis.start_again().expect("Redis");
    until_status(&ann, "bob", "busy").await;
    until_status(&bob, "ann", "online").await;
}
