//! Two servers without Redis: what is said on one is heard on the other by all who have joined, in order, once, and soon.

use diesel::connection::SimpleConnection;
use serde_json::json;
use std::time::{Duration, Instant};

use super::ears::{Ears, stored};
use super::{Pair, on};

/// A check comes each second; the rest is for a busy machine.
const SOON: Duration = Duration::from_secs(4);

#[actix_rt::test]
async fn what_is_said_on_one_server_is_heard_on_the_other_in_every_dialect() {
    let pair = Pair::acquainted(&[]).await;
    let (ann, bob) = (on(&pair.one, "ann"), on(&pair.other, "bob"));
    for person in [&ann, &bob] {
        person.get("/api/v1/me").await.expect_status(200);
    }
    let id = pair.one.direct(&ann, &bob).await;
    let mut ears = Ears::all(&bob, &id).await;
    let begun = Instant::now();
    for number in 0..30 {
        ann.say(&id, &format!("message {number}")).await;
    }
    let all = stored(&ann, &id).await;
    for ear in &mut ears {
        assert_eq!(ear.ids(30).await, all);
        ear.must_be_quiet().await;
    }
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

#[actix_rt::test]
async fn changes_of_every_kind_are_heard_on_the_other_server() {
    let pair = Pair::acquainted(&[]).await;
    let (ann, bob, eve) = (
        on(&pair.one, "ann"),
        on(&pair.other, "bob"),
        on(&pair.one, "eve"),
    );
    for person in [&ann, &bob, &eve] {
        person.get("/api/v1/me").await.expect_status(200);
    }
    let id = pair.one.group(&ann, &[&bob]).await;
    let mut socket = bob.joined(&id).await;
    let said = ann.say(&id, "before").await;
    let message = format!("/api/v1/messages/{}", said["id"].as_str().expect("an id"));
    let edited = ann.patch(&message, json!({ "body": "after" })).await;
    edited.expect_status(200);
    ann.delete(&message).await.expect_status(200);
    let place = format!("/api/v1/conversations/{id}");
    let renamed = ann.patch(&place, json!({ "title": "renamed" })).await;
    renamed.expect_status(200);
    let people = format!("{place}/participants");
    let added = ann.post(&people, json!({ "user_id": "eve" })).await;
    assert!(added.status < 300, "{added:?}");
    let removed = ann.delete(&format!("{people}/bob")).await;
    assert!(removed.status < 300, "{removed:?}");
    // A message that was edited and deleted meanwhile is told as it is now.
    assert_eq!(socket.event("new_message").await["seq"], 1);
    assert_eq!(
        socket.event("message_deleted").await["message"]["id"],
        said["id"]
    );
    let mut titles = Vec::new();
    let lost = loop {
        let updated = socket.event("conversation_updated").await;
        let conversation = &updated["conversation"];
        if conversation["membership"].is_string() {
            break conversation["membership"].clone();
        }
        titles.push(conversation["title"].clone());
    };
    assert_eq!(
        (titles.first(), lost),
        (Some(&json!("renamed")), json!("removed"))
    );
}

#[actix_rt::test]
async fn both_servers_write_one_conversation_and_every_listener_hears_all() {
    let pair = Pair::acquainted(&[]).await;
    let (ann, bob) = (on(&pair.one, "ann"), on(&pair.other, "bob"));
    for person in [&ann, &bob] {
        person.get("/api/v1/me").await.expect_status(200);
    }
    let id = pair.one.direct(&ann, &bob).await;
    let mut ears: Vec<Ears> = Vec::new();
    for person in [&ann, &bob] {
        ears.extend(Ears::all(person, &id).await);
    }
    let write = async |person: &crate::client::Person| {
        for number in 0..40 {
            person.say(&id, &format!("{} {number}", person.id)).await;
        }
    };
    tokio::join!(write(&ann), write(&bob));
    let all = stored(&ann, &id).await;
    assert_eq!(all.len(), 80);
    for ear in &mut ears {
        assert_eq!(ear.ids(80).await, all);
        ear.must_be_quiet().await;
    }
}

#[actix_rt::test]
async fn an_entry_that_is_missing_is_read_long_before_the_next_check() {
    let pair = Pair::acquainted(&[]).await;
    let (ann, bob) = (on(&pair.one, "ann"), on(&pair.other, "bob"));
    for person in [&ann, &bob] {
        person.get("/api/v1/me").await.expect_status(200);
    }
    let id = pair.one.direct(&ann, &bob).await;
    let mut socket = bob.joined(&id).await;
    let mut fastest = Duration::MAX;
    for _ in 0..8 {
        ann.say(&id, "missing there").await;
        bob.say(&id, "shows the hole").await;
        let begun = Instant::now();
        for body in ["missing there", "shows the hole"] {
            let heard = socket.event("new_message").await;
            assert_eq!(heard["message"]["body"], body);
        }
        fastest = fastest.min(begun.elapsed());
    }
    assert!(fastest < Duration::from_millis(250), "{fastest:?}");
}

#[actix_rt::test]
async fn watermarks_of_the_other_server_are_heard() {
    let pair = Pair::acquainted(&[]).await;
    let (ann, bob) = (on(&pair.one, "ann"), on(&pair.other, "bob"));
    for person in [&ann, &bob] {
        person.get("/api/v1/me").await.expect_status(200);
    }
    let id = pair.one.direct(&ann, &bob).await;
    let mut socket = ann.joined(&id).await;
    ann.say(&id, "hello").await;
    let path = format!("/api/v1/conversations/{id}/seen");
    let seen = bob.post(&path, json!({ "seq": 1 })).await;
    seen.expect_status(200);
    let heard = socket.event("message_seen").await;
    assert_eq!(
        (&heard["user_id"], &heard["seq"]),
        (&json!("bob"), &json!(1))
    );
}

#[actix_rt::test]
async fn a_room_whose_entries_the_database_has_lost_sends_its_listeners_back_to_what_is_there() {
    let pair = Pair::acquainted(&[]).await;
    let (ann, bob) = (on(&pair.one, "ann"), on(&pair.other, "bob"));
    for person in [&ann, &bob] {
        person.get("/api/v1/me").await.expect_status(200);
    }
    let id = pair.one.direct(&ann, &bob).await;
    let mut socket = bob.joined(&id).await;
    for text in ["kept", "lost"] {
        bob.say(&id, text).await;
        socket.event("new_message").await;
    }
    // As after the failover to a standby that lagged behind.
    let lose = "delete from messages where seq = 2; update conversations set last_seq = 1";
    pair.one.connection().batch_execute(lose).expect("lost");
    assert_eq!(socket.closed().await, Some(1012));
    let join = json!({ "conversation_id": id, "after": 2 });
    let mut socket = bob.socket().await;
    let joined = socket
        .call("join_conversation", join)
        .await
        .expect("joined");
    assert_eq!(joined["recovered"], false, "{joined}");
    ann.say(&id, "instead").await;
    let heard = socket.event("new_message").await;
    assert_eq!(heard["message"]["body"], "instead");
}
