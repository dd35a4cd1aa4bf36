//! Events for people who are not in the conversation: watchers of a subject, sessions elsewhere, people who may no longer read.

use serde_json::{Value, json};

use crate::client::{Person, Socket};
use crate::participants::{ask, creation, id_of, participant_ids, path};
use crate::test_app::TestApp;

#[tokio::test]
async fn a_watcher_of_a_subject_learns_of_their_conversations_about_it() {
    let app = TestApp::start().await;
    let (alice, bob, carol) = (
        app.person("alice").await,
        app.person("bob").await,
        app.person("carol").await,
    );
    let subject = json!({ "type": "job", "id": "7" });
    let (mut watching, mut stranger) = (bob.socket().await, carol.socket().await);
    let known = watching
        .call("watch_subject", subject.clone())
        .await
        .unwrap();
    assert_eq!(known["conversations"], json!([]));
    stranger
        .call("watch_subject", subject.clone())
        .await
        .unwrap();
    let id = id_of(
        ask(&alice, creation("direct", &["bob"], Some("7"))).await,
        201,
    );
    let created = watching.event("conversation_created").await;
    assert_eq!(created["conversation"]["id"], id);
    assert_eq!(created["conversation"]["subject"]["id"], "7");
    assert_eq!(
        stranger.drain().await,
        Vec::<Value>::new(),
        "nothing of others"
    );
    alice.say(&id, "hello").await;
    let known = watching
        .call("watch_subject", subject.clone())
        .await
        .unwrap();
    let about = &known["conversations"][0];
    assert_eq!(
        (about["id"].as_str(), about["unread"].as_i64()),
        (Some(id.as_str()), Some(1))
    );
    assert_eq!(about["last_message"]["body"], "hello");
    let other = watching
        .call("watch_subject", json!({ "type": "job", "id": "8" }))
        .await
        .unwrap();
    assert_eq!(other["conversations"], json!([]));
    assert_eq!(
        watching.call("unwatch_subject", subject).await.unwrap(),
        json!({})
    );
}

#[tokio::test]
async fn those_online_elsewhere_are_told_of_what_is_new_and_what_changed() {
    let app = TestApp::start().await;
    let (alice, bob, carol) = (
        app.person("alice").await,
        app.person("bob").await,
        app.person("carol").await,
    );
    let (mut at_bobs, mut at_carols) = (bob.socket().await, carol.socket().await);
    let id = app.group(&alice, &[&bob]).await;
    let created = at_bobs.event("conversation_created").await["conversation"].clone();
    assert_eq!(created["id"], id);
    for private in ["last_message", "unread", "my_role"] {
        assert_eq!(created.get(private), None, "{created}");
    }
    let added = json!({ "user_id": "carol", "role": "helper" });
    alice
        .post(&path(&id, "/participants"), added)
        .await
        .expect_status(200);
    let told = at_bobs.event("conversation_updated").await;
    assert_eq!(
        participant_ids(&told["conversation"]),
        ["alice", "bob", "carol"]
    );
    assert_eq!(told["seq"], 1);
    let created = at_carols.event("conversation_created").await["conversation"].clone();
    assert_eq!(created["participants"][2]["role"], "helper");
    alice
        .patch(&path(&id, ""), json!({ "title": "other" }))
        .await
        .expect_status(200);
    let told = at_bobs.event("conversation_updated").await;
    assert_eq!(told["conversation"]["title"], "other");
    let shown = bob.get(&path(&id, "")).await.body;
    for name in ["title", "status", "participants", "last_seq", "updated_at"] {
        assert_eq!(told["conversation"][name], shown[name], "{name}");
    }
}

async fn last_word(socket: &mut Socket, alice: &Person, id: &str, membership: &str) {
    loop {
        let told = socket.event("conversation_updated").await;
        if told["conversation"].get("membership").is_some() {
            assert_eq!(
                told["conversation"],
                json!({ "id": id, "membership": membership })
            );
            break;
        }
    }
    alice.say(id, "not for everybody").await;
    alice
        .patch(&path(id, ""), json!({ "title": membership }))
        .await
        .expect_status(200);
    let heard = socket.drain().await;
    let about = heard
        .iter()
        .filter(|frame| frame["data"]["conversation_id"] == id);
    assert_eq!(about.count(), 0, "{heard:?}");
}

#[tokio::test]
async fn a_listener_who_loses_access_gets_one_last_event_and_nothing_after_it() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.group(&alice, &[&bob]).await;
    let part = path(&id, "/participants/bob");
    let (mut joined, mut elsewhere) = (bob.joined(&id).await, bob.socket().await);
    alice
        .patch(&part, json!({ "blocked": true }))
        .await
        .expect_status(200);
    last_word(&mut joined, &alice, &id, "blocked").await;
    last_word(&mut elsewhere, &alice, &id, "blocked").await;
    let send = json!({ "conversation_id": id, "body": "still here" });
    assert_eq!(
        joined.call("send_message", send.clone()).await.unwrap_err()["error_code"],
        "BLOCKED"
    );
    alice
        .patch(&part, json!({ "blocked": false }))
        .await
        .expect_status(200);
    elsewhere.event("conversation_created").await;
    joined
        .call("join_conversation", json!({ "conversation_id": id }))
        .await
        .unwrap();
    alice.delete(&part).await.expect_status(204);
    last_word(&mut joined, &alice, &id, "removed").await;
    last_word(&mut elsewhere, &alice, &id, "removed").await;
    assert_eq!(
        joined.call("send_message", send).await.unwrap_err()["error_code"],
        "NOT_A_PARTICIPANT"
    );
    let back = json!({ "user_id": "bob" });
    alice
        .post(&path(&id, "/participants"), back)
        .await
        .expect_status(200);
    joined
        .call("join_conversation", json!({ "conversation_id": id }))
        .await
        .unwrap();
    bob.delete(&part).await.expect_status(204);
    last_word(&mut joined, &alice, &id, "left").await;
    bob.get(&path(&id, "/messages"))
        .await
        .expect_status(403)
        .expect_code("NOT_A_PARTICIPANT");
}

#[tokio::test]
async fn nothing_is_said_in_a_closed_conversation_until_it_is_open_again() {
    let app = TestApp::start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.direct(&alice, &bob).await;
    let mut socket = bob.joined(&id).await;
    let said = bob.say(&id, "before").await;
    for status in ["closed", "archived"] {
        alice
            .patch(&path(&id, ""), json!({ "status": status }))
            .await
            .expect_status(200);
        let told = socket.event("conversation_updated").await;
        assert_eq!(told["conversation"]["status"], status);
        let message = json!({ "conversation_id": id, "body": "no" });
        for event in ["send_message", "typing_start"] {
            let refused = socket.call(event, message.clone()).await.unwrap_err();
            assert_eq!(refused["error_code"], "CONVERSATION_CLOSED", "{event}");
        }
        let refused = alice
            .post(&path(&id, "/messages"), json!({ "body": "no" }))
            .await;
        refused
            .expect_status(409)
            .expect_code("CONVERSATION_CLOSED");
        let edited = format!("/api/v1/messages/{}", said["id"].as_str().unwrap());
        bob.patch(&edited, json!({ "body": "no" }))
            .await
            .expect_code("CONVERSATION_CLOSED");
        let seen = alice.post(&path(&id, "/seen"), json!({ "seq": 1 })).await;
        assert_eq!(seen.expect_status(200).body["seq"], 1);
    }
    alice
        .patch(&path(&id, ""), json!({ "status": "open" }))
        .await
        .expect_status(200);
    bob.say(&id, "after").await;
    assert_eq!(alice.bodies(&id).await, ["before", "after"]);
}
