//! A session that authenticates again has the permissions of the new token; refused joins cost it nothing.

use serde_json::json;

use crate::client::Socket;
use crate::raw_websocket::{Raw, frame};
use crate::test_app::{TestApp, claims, token};

async fn authenticate(socket: &mut Socket, roles: &[&str]) {
    let token = token(&claims("sam", roles));
    let welcome = socket.call("authenticate", json!({ "token": token }));
    assert_eq!(welcome.await.expect("welcome")["user_id"], "sam");
}

#[tokio::test]
async fn who_is_staff_no_more_hears_at_once_what_they_take_part_in_alone() {
    let app = TestApp::start().await;
    let (anna, ben) = (app.person("anna").await, app.person("ben").await);
    let sam = app.person_with("sam", &["support"]).await;
    let theirs = app.direct(&anna, &ben).await;
    let own = app.direct(&anna, &sam).await;
    let mut socket = sam.joined(&theirs).await;
    let join = json!({ "conversation_id": own });
    socket
        .call("join_conversation", join)
        .await
        .expect("joined");
    anna.say(&theirs, "heard by staff").await;
    assert_eq!(
        socket.event("new_message").await["message"]["body"],
        "heard by staff"
    );
    socket.drain().await;
    authenticate(&mut socket, &[]).await;
    let told = socket.event("conversation_updated").await;
    assert_eq!(told["conversation_id"], theirs.as_str());
    assert_eq!(
        told["conversation"],
        json!({ "id": theirs, "membership": "none" })
    );
    anna.say(&theirs, "private").await;
    ben.patch(
        &format!("/api/v1/conversations/{theirs}"),
        json!({ "status": "closed" }),
    )
    .await;
    anna.say(&own, "for sam").await;
    assert_eq!(
        socket.event("new_message").await["message"]["body"],
        "for sam"
    );
    let heard = socket.drain().await;
    assert!(
        heard
            .iter()
            .all(|event| event["data"]["conversation_id"] != theirs.as_str()),
        "{heard:?}"
    );
    let refused = socket
        .call("join_conversation", json!({ "conversation_id": theirs }))
        .await;
    assert_eq!(
        refused.expect_err("refused")["error_code"],
        "CONVERSATION_NOT_FOUND"
    );
}

#[tokio::test]
async fn who_is_staff_still_goes_on_hearing_and_who_takes_part_stays() {
    let app = TestApp::start().await;
    let (anna, ben) = (app.person("anna").await, app.person("ben").await);
    let sam = app.person_with("sam", &["support"]).await;
    let theirs = app.direct(&anna, &ben).await;
    let mut socket = sam.joined(&theirs).await;
    authenticate(&mut socket, &["support"]).await;
    authenticate(&mut socket, &["admin"]).await;
    anna.say(&theirs, "to staff").await;
    assert_eq!(
        socket.event("new_message").await["message"]["body"],
        "to staff"
    );
    assert!(socket.drain().await.is_empty());
}

#[tokio::test]
async fn a_join_that_is_under_way_is_looked_at_again_too() {
    let app = TestApp::start().await;
    let (anna, ben) = (app.person("anna").await, app.person("ben").await);
    let sam = app.person_with("sam", &["support"]).await;
    let theirs = app.direct(&anna, &ben).await;
    for _ in 0..20 {
        let mut raw = Raw::open(app.address, &sam.token, 65_536).await;
        let plain = token(&claims("sam", &[]));
        let join =
            json!({ "event": "join_conversation", "id": 1, "data": { "conversation_id": theirs } });
        let renew = json!({ "event": "authenticate", "id": 2, "data": { "token": plain } });
        let both = [join, renew].map(|it| frame(0x81, it.to_string().as_bytes()));
        raw.send(&both.concat()).await;
        let mut text = String::new();
        while !text.starts_with("{\"ack\":2") {
            let (_, payload) = raw.next().await.expect("a frame");
            text = String::from_utf8(payload).expect("a text");
        }
        anna.say(&theirs, "private").await;
        let ask = json!({ "event": "user_status", "id": 3, "data": { "status": "away" } });
        raw.send(&frame(0x81, ask.to_string().as_bytes())).await;
        while !text.starts_with("{\"ack\":3") {
            let (_, payload) = raw.next().await.expect("a frame");
            text = String::from_utf8(payload).expect("a text");
            assert!(!text.contains("private"), "{text}");
        }
    }
}

#[tokio::test]
async fn a_thousand_refused_joins_leave_a_place_for_ones_own() {
    let app = TestApp::start().await;
    let alice = app.person("alice").await;
    let own = app.group(&alice, &[]).await;
    let mut socket = alice.socket().await;
    for number in 0..1_000 {
        let conversation = format!("01a21c70-a13e-76d6-857a-{number:012x}");
        let refused = socket.call(
            "join_conversation",
            json!({ "conversation_id": conversation }),
        );
        let code = refused.await.expect_err("refused")["error_code"].take();
        assert_eq!(code, "CONVERSATION_NOT_FOUND");
    }
    let joined = socket
        .call("join_conversation", json!({ "conversation_id": own }))
        .await;
    joined.expect("joined");
    alice.say(&own, "heard").await;
    assert_eq!(
        socket.event("new_message").await["message"]["body"],
        "heard"
    );
}
