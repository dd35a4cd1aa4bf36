//! Messages and changes of conversations: who has joined hears them at once, in order, once.

use serde_json::json;
use std::time::{Duration, Instant};

use super::{AT_ONCE, Wired, at_once, on};
use crate::client::Person;
use crate::metrics::figure;
use crate::nodes::ears::{Ears, stored};

#[actix_rt::test]
async fn what_is_said_on_one_server_is_heard_on_the_other_at_once_and_unasked() {
    let wired = Wired::new().await;
    let (ann, bob) = wired.two().await;
    let id = wired.one.direct(&ann, &bob).await;
    let mut ears = Ears::all(&bob, &id).await;
    let checks = "stoa_catch_up_checks_total";
    let before = figure(wired.other.address, checks).await;
    let mut slowest = Duration::ZERO;
    for number in 0..30 {
        let said = ann.say(&id, &format!("message {number}")).await;
        let begun = Instant::now();
        for ear in &mut ears {
            assert_eq!(ear.message().await["id"], said["id"]);
        }
        slowest = slowest.max(begun.elapsed());
    }
    for ear in &mut ears {
        ear.must_be_quiet().await;
    }
    assert!(slowest < AT_ONCE, "{slowest:?}");
    let after = figure(wired.other.address, checks).await;
    assert_eq!(after - before, 0.0, "the database was asked");
}

#[actix_rt::test]
async fn both_servers_write_one_conversation_and_every_listener_hears_all() {
    let wired = Wired::new().await;
    let (ann, bob) = wired.two().await;
    let id = wired.one.direct(&ann, &bob).await;
    let mut ears: Vec<Ears> = Vec::new();
    for person in [&ann, &bob] {
        ears.extend(Ears::all(person, &id).await);
    }
    let write = async |person: &Person| {
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
async fn changes_of_every_kind_are_heard_at_once() {
    let wired = Wired::new().await;
    let (ann, bob) = wired.two().await;
    let eve = on(&wired.one, "eve");
    eve.get("/api/v1/me").await.expect_status(200);
    let id = wired.one.group(&ann, &[&bob]).await;
    let mut socket = bob.joined(&id).await;
    let said = ann.say(&id, "before").await;
    let heard = at_once(&mut socket, "new_message", Instant::now()).await;
    assert_eq!(heard["message"]["id"], said["id"]);
    let message = format!("/api/v1/messages/{}", said["id"].as_str().expect("an id"));
    let edited = ann.patch(&message, json!({ "body": "after" })).await;
    edited.expect_status(200);
    let heard = at_once(&mut socket, "message_updated", Instant::now()).await;
    assert_eq!(heard["message"]["body"], "after");
    ann.delete(&message).await.expect_status(200);
    at_once(&mut socket, "message_deleted", Instant::now()).await;
    let place = format!("/api/v1/conversations/{id}");
    let renamed = ann.patch(&place, json!({ "title": "renamed" })).await;
    renamed.expect_status(200);
    let heard = at_once(&mut socket, "conversation_updated", Instant::now()).await;
    assert_eq!(heard["conversation"]["title"], "renamed");
    let people = format!("{place}/participants");
    let added = ann.post(&people, json!({ "user_id": "eve" })).await;
    assert!(added.status < 300, "{added:?}");
    let heard = at_once(&mut socket, "conversation_updated", Instant::now()).await;
    let names = heard["conversation"]["participants"].to_string();
    assert!(names.contains("eve"), "{names}");
    let removed = ann.delete(&format!("{people}/bob")).await;
    assert!(removed.status < 300, "{removed:?}");
    let heard = at_once(&mut socket, "conversation_updated", Instant::now()).await;
    assert_eq!(heard["conversation"]["membership"], "removed");
    ann.say(&id, "not for Bob").await;
    let told = socket.drain().await;
    assert!(
        told.iter().all(|event| event["event"] != "new_message"),
        "{told:?}"
    );
}

#[actix_rt::test]
async fn a_long_message_is_heard_as_it_was_said() {
    let wired = Wired::new().await;
    let (ann, bob) = wired.two().await;
    let id = wired.one.direct(&ann, &bob).await;
    let mut socket = bob.joined(&id).await;
    let body = "Ж\u{1F9C1}\"\\\n".repeat(700);
    let path = format!("/api/v1/conversations/{id}/messages");
    let wanted = json!({
        "body": body, "client_id": "its-own", "context": { "order": { "amount": 12.34 } },
        "attachments": [{ "url": "https://example.org/a.png", "name": "a.png", "type": "image/png", "size": 12 }],
    });
    let said = ann.post(&path, wanted).await.expect_status(201).body;
    let heard = at_once(&mut socket, "new_message", Instant::now()).await;
    let stored = bob.get(&path).await.expect_status(200).body;
    assert_eq!(heard["message"], stored["items"][0], "{said}");
}
