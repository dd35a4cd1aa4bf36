//! A user whom the platform signs out: every session ends, every older token is refused, on every server of the database.

use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::client::{Answer, Person, Socket};
use crate::servers::Alone;
use crate::socketio_chat::client::{SocketIoClient, endpoint};
use crate::test_app::{TestApp, claims, token};

fn seconds() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("a clock").as_secs()
}

/// A token that says when it was issued.
fn issued(id: &str, at: u64) -> String {
    let mut claims = claims(id, &[]);
    claims.iat = Some(at);
    token(&claims)
}

async fn sign_out(platform: &Person, id: &str) -> Answer {
    platform
        .post(&format!("/api/v1/users/{id}/sign-out"), json!({}))
        .await
}

/// The second that a `not_before` names.
fn second_of(told: &Value) -> u64 {
    let text = told["not_before"].as_str().expect("a time");
    let moment = chrono::DateTime::parse_from_rfc3339(text).expect("RFC 3339");
    moment.timestamp().try_into().expect("after 1970")
}

fn expect_signed_out(answer: Answer, not_before: u64) {
    let answer = answer.expect_status(401).expect_code("UNAUTHENTICATED");
    assert_eq!(second_of(&answer.body["details"]), not_before);
    let told = answer.body["message"].as_str().expect("a text");
    assert!(told.contains("signed out"), "{told}");
    assert_eq!(answer.headers["www-authenticate"], "Bearer");
}

#[tokio::test]
async fn a_signed_out_user_is_refused_at_every_endpoint() {
    let app = TestApp::start().await;
    let platform = app.person_with("platform", &["service"]).await;
    let alice = Person::new(app.addresses(), "alice", issued("alice", seconds()));
    let undated = app.person("alice").await;
    let bob = app.person("bob").await;
    let mut by_header = alice.socket().await;
    let mut by_frame = Socket::open(app.address, None).await.expect("a socket");
    let welcome = by_frame.call("authenticate", json!({ "token": undated.token }));
    assert_eq!(welcome.await.expect("welcome")["user_id"], "alice");
    let mut over_socketio = SocketIoClient::stoory(&alice).await;
    let poller = endpoint(app.address).poller().await;
    let auth = json!({ "token": alice.token });
    assert_eq!(poller.post(format!("40{auth}")).await.0, 200);
    let packets = poller.packets(1).await;
    assert!(packets[0].starts_with("40{"), "{packets:?}");
    let mut of_bob = bob.socket().await;

    let answer = sign_out(&platform, "alice").await.expect_status(200);
    assert_eq!(answer.body["user_id"], "alice");
    let not_before = second_of(&answer.body);
    assert!((seconds()..=seconds() + 1).contains(&not_before));
    assert_eq!(by_header.closed().await, Some(4401));
    assert_eq!(by_frame.closed().await, Some(4401));
    assert_eq!(over_socketio.closed().await, Some(4401));
    while poller.get().await.0 == 200 {}
    poller.expect_gone().await;
    for person in [&alice, &undated] {
        expect_signed_out(person.get("/api/v1/me").await, not_before);
        let refused =
            SocketIoClient::connect(app.address, "/", json!({ "token": person.token })).await;
        let refused = refused.err().expect("a refusal");
        assert!(refused.to_string().contains("not_before"), "{refused}");
        let mut socket = Socket::open(app.address, None).await.expect("a socket");
        let refused = socket.call("authenticate", json!({ "token": person.token }));
        assert_eq!(
            second_of(&refused.await.unwrap_err()["details"]),
            not_before
        );
        assert_eq!(socket.closed().await, Some(4401));
    }
    bob.get("/api/v1/me").await.expect_status(200);
    assert!(of_bob.drain().await.is_empty());
}

#[tokio::test]
async fn tokens_count_from_the_second_on_that_the_sign_out_names() {
    let mut app = TestApp::start().await;
    let platform = app.person_with("platform", &["service"]).await;
    let answer = sign_out(&platform, "alice").await.expect_status(200);
    let not_before = second_of(&answer.body);
    let alice = |at| Person::new(app.addresses(), "alice", issued("alice", at));
    let (older, newer) = (alice(not_before - 1), alice(not_before));
    let (far, ahead) = (alice(not_before * 1_000), alice(not_before + 20));
    expect_signed_out(older.get("/api/v1/me").await, not_before);
    newer.get("/api/v1/me").await.expect_status(200);
    ahead.get("/api/v1/me").await.expect_status(200);
    expect_signed_out(far.get("/api/v1/me").await, not_before);
    app.stop().await;
    app.start_again().await;
    expect_signed_out(older.get("/api/v1/me").await, not_before);
    newer.get("/api/v1/me").await.expect_status(200);
    let again = sign_out(&platform, "alice").await.expect_status(200);
    assert!(second_of(&again.body) >= not_before);
}

#[tokio::test]
async fn another_server_on_the_database_learns_of_it() {
    let here = TestApp::alone(Alone::Pair).start().await;
    let there = TestApp::alone(Alone::Pair)
        .on(here.database.clone(), &["--rate-limits", "off"])
        .await;
    let platform = here.person_with("platform", &["service"]).await;
    let old = Person::new(there.address, "alice", issued("alice", seconds()));
    let new = Person::new(there.address, "alice", issued("alice", seconds() + 20));
    let (mut closed, mut open) = (old.socket().await, new.socket().await);
    let answer = sign_out(&platform, "alice").await.expect_status(200);
    assert_eq!(closed.closed().await, Some(4401));
    expect_signed_out(old.get("/api/v1/me").await, second_of(&answer.body));
    new.get("/api/v1/me").await.expect_status(200);
    let status = json!({ "status": "busy" });
    open.call("user_status", status).await.expect("still open");
}

#[tokio::test]
async fn only_the_platform_signs_out_and_only_users() {
    let app = TestApp::start().await;
    let platform = app.person_with("platform", &["service"]).await;
    let admin = app.person_with("root", &["admin", "support"]).await;
    let refused = sign_out(&admin, "root").await;
    refused.expect_status(403).expect_code("FORBIDDEN");
    let system = sign_out(&platform, "00000000-0000-0000-0000-000000000000").await;
    system.expect_status(400).expect_code("INVALID_REQUEST");
    let wrong = sign_out(&platform, "a%20b").await;
    wrong.expect_status(400).expect_code("INVALID_REQUEST");
    let kept = app.count("select count(*) as n from revocations");
    assert_eq!(kept, 0, "what is refused changes nothing");
}

#[tokio::test]
async fn a_longest_life_is_held_to_everywhere() {
    let options = ["--rate-limits", "off", "--token-max-age", "60"];
    let app = TestApp::with(&options).await;
    let with = |iat: Option<u64>, exp: u64| {
        let mut claims = claims("alice", &[]);
        (claims.iat, claims.exp) = (iat, exp);
        Person::new(app.addresses(), "alice", token(&claims))
    };
    let now = seconds();
    for (person, told) in [
        (with(None, now + 30), "has no iat"),
        (with(Some(now - 100), now + 30), "too long ago"),
        (with(Some(now), now + 3_600), "longer than this server"),
    ] {
        let answer = person.get("/api/v1/me").await.expect_status(401);
        let why = answer.body["message"].as_str().expect("a text");
        assert!(why.contains(told), "{told}: {why}");
    }
    let ageing = with(Some(now - 87), now + 60);
    ageing.get("/api/v1/me").await.expect_status(200);
    let mut socket = ageing.socket().await;
    let closed = tokio::time::timeout(Duration::from_secs(14), socket.closed());
    assert_eq!(closed.await, Ok(Some(4401)), "it ends with its age");
}
