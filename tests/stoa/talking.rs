//! Conversations in realtime: sending, editing, deleting, marks, typing, presence, coming back.

use clock::ManualClock;
use serde_json::{Value, json};
use std::time::Duration;

use crate::test_app::TestApp;

#[tokio::test]
async fn a_message_is_heard_once_and_kept_in_the_history() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.direct(&alice, &bob).await;
    let (mut from, mut to) = (alice.joined(&id).await, bob.joined(&id).await);
    let sent = from
        .call(
            "send_message",
            json!({ "conversation_id": id, "body": "hello", "client_id": "c-1" }),
        )
        .await
        .unwrap();
    assert_eq!(
        (sent["seq"].as_i64(), sent["client_id"].as_str()),
        (Some(1), Some("c-1"))
    );
    let heard = to.event("new_message").await;
    assert_eq!(heard["message"]["body"], "hello");
    assert_eq!(heard["message"]["sender_id"], "alice");
    assert_eq!(
        heard["message"].get("client_id"),
        None,
        "the sender's own id is the sender's alone"
    );
    assert_eq!(
        from.event("new_message").await["message"]["client_id"],
        "c-1"
    );
    assert_eq!(bob.bodies(&id).await, ["hello"]);
}

#[tokio::test]
async fn sending_again_answers_the_first_result_and_another_body_is_a_conflict() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.direct(&alice, &bob).await;
    let mut socket = alice.joined(&id).await;
    let mut send = json!({ "conversation_id": id, "body": "once", "client_id": "same" });
    let first = socket.call("send_message", send.clone()).await.unwrap();
    assert_eq!(
        socket.call("send_message", send.clone()).await.unwrap(),
        first
    );
    send["body"] = "twice".into();
    assert_eq!(
        socket.call("send_message", send.clone()).await.unwrap_err()["error_code"],
        "CONFLICT"
    );
    let carol = app.person("carol").await;
    let elsewhere = app.direct(&alice, &carol).await;
    send["conversation_id"] = elsewhere.into();
    send["body"] = "once".into();
    assert_eq!(
        socket.call("send_message", send).await.unwrap_err()["error_code"],
        "CONFLICT"
    );
    assert_eq!(bob.bodies(&id).await, ["once"]);
}

#[tokio::test]
async fn the_first_result_stands_even_after_a_mute() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.group(&alice, &[&bob]).await;
    let mut socket = bob.joined(&id).await;
    let send = json!({ "conversation_id": id, "body": "before", "client_id": "b-1" });
    let first = socket.call("send_message", send.clone()).await.unwrap();
    alice
        .patch(
            &format!("/api/v1/conversations/{id}/participants/bob"),
            json!({ "muted": true }),
        )
        .await
        .expect_status(200);
    assert_eq!(socket.call("send_message", send).await.unwrap(), first);
    let refused = socket
        .call(
            "send_message",
            json!({ "conversation_id": id, "body": "after", "client_id": "b-2" }),
        )
        .await;
    assert_eq!(refused.unwrap_err()["error_code"], "MUTED");
}

#[tokio::test]
async fn edits_and_deletions_reach_everybody_and_keep_every_wording() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.direct(&alice, &bob).await;
    let mut to = bob.joined(&id).await;
    let message = alice.say(&id, "frist").await;
    let path = format!("/api/v1/messages/{}", message["id"].as_str().unwrap());
    bob.patch(&path, json!({ "body": "mine now" }))
        .await
        .expect_status(403)
        .expect_code("FORBIDDEN");
    alice
        .patch(&path, json!({ "body": "first" }))
        .await
        .expect_status(200);
    let updated = to.event("message_updated").await;
    assert_eq!(
        (updated["seq"].as_i64(), updated["message"]["seq"].as_i64()),
        (Some(2), Some(1))
    );
    let wordings = bob.get(&format!("{path}/history")).await.body;
    assert_eq!(wordings["items"][0]["body"], "frist");
    alice.delete(&path).await.expect_status(200);
    let gone = to.event("message_deleted").await["message"].clone();
    assert_eq!(
        (gone["body"].as_str(), gone["deleted_at"].is_string()),
        (Some(""), true)
    );
    alice
        .patch(&path, json!({ "body": "again" }))
        .await
        .expect_status(409);
    bob.get(&format!("{path}/history")).await.expect_status(403);
}

#[tokio::test]
async fn unread_is_exact_and_watermarks_never_go_back() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.direct(&alice, &bob).await;
    let mut from = alice.joined(&id).await;
    for text in ["one", "two", "three"] {
        alice.say(&id, text).await;
    }
    assert_eq!(bob.get("/api/v1/unread").await.body["total"], 3);
    let mut to = bob.joined(&id).await;
    let seen = to
        .call("mark_seen", json!({ "conversation_id": id, "seq": 2 }))
        .await
        .unwrap();
    assert_eq!(seen["seq"], 2);
    assert_eq!(
        from.event("message_seen").await,
        json!({ "conversation_id": id, "user_id": "bob", "seq": 2, "thread": "all" })
    );
    assert_eq!(
        to.call("mark_seen", json!({ "conversation_id": id, "seq": 1 }))
            .await
            .unwrap()["seq"],
        2
    );
    assert_eq!(bob.get("/api/v1/unread").await.body["total"], 1);
    assert_eq!(
        alice.get("/api/v1/unread").await.body["total"],
        0,
        "one's own are never unread"
    );
    to.call("mark_delivered", json!({ "conversation_id": id, "seq": 3 }))
        .await
        .unwrap();
    assert_eq!(from.event("message_delivered").await["seq"], 3);
}

#[tokio::test]
async fn typing_is_shown_to_others_and_fades() {
    let time = ManualClock::running();
    let app = TestApp::by(time.clock()).await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.direct(&alice, &bob).await;
    let (mut from, mut to) = (alice.joined(&id).await, bob.joined(&id).await);
    from.call("typing_start", json!({ "conversation_id": id }))
        .await
        .unwrap();
    assert_eq!(
        to.event("user_typing").await,
        json!({ "conversation_id": id, "user_id": "alice", "is_typing": true })
    );
    let mut late = bob.joined(&id).await;
    time.advance(Duration::from_secs(2));
    let again = json!({ "conversation_id": id });
    from.call("typing_start", again).await.unwrap();
    for socket in [&mut to, &mut late] {
        let told = socket.event("user_typing").await;
        assert_eq!(told["is_typing"], true, "who joined later is told too");
    }
    time.advance(Duration::from_secs(6));
    assert_eq!(
        to.event("user_typing").await["is_typing"],
        false,
        "it fades by itself"
    );
    assert!(
        from.drain()
            .await
            .iter()
            .all(|frame| frame["event"] != "user_typing"),
        "not to the one who types"
    );
}

#[tokio::test]
async fn presence_reaches_those_who_have_joined() {
    let app = TestApp::with(&["--rate-limits", "off", "--offline-grace-seconds", "1"]).await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.direct(&alice, &bob).await;
    let mut watching = alice.joined(&id).await;
    let mut other = bob.socket().await;
    assert_eq!(
        watching.event("user_status_change").await,
        json!({ "user_id": "bob", "status": "online" })
    );
    other
        .call("user_status", json!({ "status": "busy" }))
        .await
        .unwrap();
    assert_eq!(watching.event("user_status_change").await["status"], "busy");
    other.close().await;
    assert_eq!(
        watching.event("user_offline").await,
        json!({ "user_id": "bob", "status": "offline" })
    );
}

#[tokio::test]
async fn those_elsewhere_get_a_notification_with_their_unread_count() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.direct(&alice, &bob).await;
    let mut elsewhere = bob.socket().await;
    let first = alice.say(&id, "ping").await;
    let told = elsewhere.event("notification").await;
    assert_eq!(
        (told["id"].clone(), told["unread"].as_i64()),
        (first["id"].clone(), Some(1))
    );
    assert_eq!(
        (told["title"].as_str(), told["message"].as_str()),
        (Some("alice by name"), Some("ping"))
    );
    alice.say(&id, "pong").await;
    assert_eq!(elsewhere.event("notification").await["unread"], 2);
}

#[tokio::test]
async fn a_returning_client_gets_what_it_missed_and_nothing_twice() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.direct(&alice, &bob).await;
    let old = alice.say(&id, "old").await;
    let mut socket = bob.socket().await;
    let joined = socket
        .call("join_conversation", json!({ "conversation_id": id }))
        .await
        .unwrap();
    assert_eq!(
        (joined["last_seq"].as_i64(), joined["recovered"].as_bool()),
        (Some(1), Some(false))
    );
    socket.close().await;
    alice.say(&id, "missed").await;
    alice
        .patch(
            &format!("/api/v1/messages/{}", old["id"].as_str().unwrap()),
            json!({ "body": "older" }),
        )
        .await;
    let mut socket = bob.socket().await;
    let joined = socket
        .call(
            "join_conversation",
            json!({ "conversation_id": id, "after": 1 }),
        )
        .await
        .unwrap();
    let bodies: Vec<&Value> = joined["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| &m["body"])
        .collect();
    assert_eq!(bodies, [&json!("older"), &json!("missed")]);
    assert_eq!(
        (joined["last_seq"].as_i64(), joined["recovered"].as_bool()),
        (Some(3), Some(true))
    );
    alice.say(&id, "live").await;
    assert_eq!(socket.event("new_message").await["seq"], 4);
    let ahead = socket
        .call(
            "join_conversation",
            json!({ "conversation_id": id, "after": 99 }),
        )
        .await
        .unwrap();
    assert_eq!(ahead["recovered"], false);
}

#[tokio::test]
async fn a_restart_in_the_middle_loses_nothing() {
    let mut app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.direct(&alice, &bob).await;
    let mut before = bob.joined(&id).await;
    alice.say(&id, "before").await;
    assert_eq!(before.event("new_message").await["seq"], 1);
    app.stop().await;
    assert_eq!(before.closed().await, Some(1012));
    app.start_again().await;
    alice.say(&id, "after").await;
    let mut after = bob.socket().await;
    let joined = after
        .call(
            "join_conversation",
            json!({ "conversation_id": id, "after": 1 }),
        )
        .await
        .unwrap();
    assert_eq!(
        (
            joined["messages"][0]["body"].as_str(),
            joined["recovered"].as_bool()
        ),
        (Some("after"), Some(true))
    );
}

#[tokio::test]
async fn a_room_that_panics_takes_nobody_with_it() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.direct(&alice, &bob).await;
    let other = app.direct(&alice, &app.person("carol").await).await;
    let (mut from, mut to) = (alice.joined(&id).await, bob.joined(&id).await);
    from.call(
        "send_message",
        json!({ "conversation_id": id, "body": "before" }),
    )
    .await
    .unwrap();
    assert_eq!(to.event("new_message").await["seq"], 1);
    app.panic_room(&id);
    alice.say(&other, "elsewhere it goes on").await;
    let path = format!("/api/v1/conversations/{id}/messages");
    while alice
        .post(&path, json!({ "body": "after", "client_id": "retried" }))
        .await
        .status
        == 503
    {}
    let heard = to.event("new_message").await;
    assert_eq!(
        (heard["seq"].as_i64(), heard["message"]["body"].as_str()),
        (Some(2), Some("after"))
    );
    assert_eq!(from.event("new_message").await["message"]["body"], "before");
    assert_eq!(from.event("new_message").await["message"]["body"], "after");
}

#[tokio::test]
async fn rooms_fall_asleep_and_wake_on_the_next_join() {
    let time = ManualClock::running();
    let app = TestApp::by(time.clock()).await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.direct(&alice, &bob).await;
    alice.say(&id, "awake").await;
    assert_eq!(app.rooms_awake(), 1);
    time.advance(Duration::from_secs(60));
    app.until_rooms_sleep().await;
    let mut socket = bob.joined(&id).await;
    alice.say(&id, "again").await;
    assert_eq!(socket.event("new_message").await["seq"], 2);
}

#[tokio::test]
async fn joining_twice_at_once_is_answered_twice_and_doubles_nothing() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.direct(&alice, &bob).await;
    let mut socket = bob.socket().await;
    for ack in [901, 902] {
        let join =
            json!({ "event": "join_conversation", "id": ack, "data": { "conversation_id": id } });
        socket.send_text(&join.to_string()).await;
    }
    for _ in 0..2 {
        let answer = socket.next().await.unwrap();
        assert!(answer["data"]["messages"].is_array(), "{answer}");
    }
    alice.say(&id, "once").await;
    assert_eq!(socket.event("new_message").await["seq"], 1);
    let rest = socket.drain().await;
    assert!(
        rest.iter().all(|frame| frame["event"] != "new_message"),
        "{rest:?}"
    );
}
