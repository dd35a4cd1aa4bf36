//! Users over servers: profiles, sign-outs, clients that come back at another server.

use serde_json::{Value, json};
use std::time::Instant;

use super::{AT_ONCE, Wired, on};
use crate::client::Person;
use crate::polling::until_within;
use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::{claims, token};

/// Somebody whose token says nothing of their name, at a server.
fn nameless(wired: &Wired, id: &str) -> Person {
    let mut claims = claims(id, &[]);
    claims.name = None;
    Person::new(wired.other.address, id, token(&claims))
}

#[actix_rt::test]
async fn a_profile_that_was_changed_at_one_server_is_shown_at_the_other() {
    let wired = Wired::new().await;
    let (ann, _) = wired.two().await;
    let nameless = nameless(&wired, "ann");
    let name = async || {
        let me = nameless.get("/api/v1/me").await.expect_status(200);
        me.body["name"].clone()
    };
    assert_eq!(name().await, "ann by name");
    let mut renamed = claims("ann", &[]);
    renamed.name = Some("another name".to_owned());
    let renamed = Person::new(ann.address(), "ann", token(&renamed));
    renamed.get("/api/v1/me").await.expect_status(200);
    let is_new = |name: &Value| name == "another name";
    until_within(AT_ONCE, "the new name at the other server", name, is_new).await;
}

#[actix_rt::test]
async fn a_sign_out_at_one_server_ends_the_sessions_at_the_other_at_once() {
    let wired = Wired::new().await;
    let (_, bob) = wired.two().await;
    let mut socket = bob.socket().await;
    let mut client = SocketIoClient::stoory(&bob).await;
    let platform = Person::new(
        wired.one.address,
        "platform",
        token(&claims("platform", &["service"])),
    );
    let begun = Instant::now();
    let path = "/api/v1/users/bob/sign-out";
    platform.post(path, json!({})).await.expect_status(200);
    assert_eq!(socket.closed().await, Some(4401));
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    client.closed().await;
    bob.get("/api/v1/me").await.expect_status(401);
}

#[actix_rt::test]
async fn a_client_that_comes_back_at_the_other_server_is_disconnected_where_it_was() {
    let wired = Wired::new().await;
    let (ann, bob) = wired.two().await;
    let id = wired.one.direct(&ann, &bob).await;
    let bob_here = on(&wired.one, "bob");
    let mut old = SocketIoClient::stoory(&bob).await;
    old.call("join_conversation", json!(id)).await;
    ann.say(&id, "heard").await;
    old.event("new_message").await;
    let (mut new, recovered) = old.again(&bob_here).await;
    assert!(recovered);
    let begun = Instant::now();
    // Disconnected from the namespace: the official client does not connect again by itself.
    while old.wire().text().await != "41" {}
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    ann.say(&id, "heard once").await;
    new.event("new_message").await;
    // It goes to and fro, and is always served where it came last.
    for place in [&bob, &bob_here, &bob] {
        let (next, recovered) = new.again(place).await;
        assert!(recovered);
        new = next;
        let said = ann.say(&id, "and again").await;
        assert_eq!(new.event("new_message").await["message"]["id"], said["id"]);
    }
}
