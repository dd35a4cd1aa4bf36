//! Whoever comes back knows the reactions and pins that a fresh reader knows, over every protocol, and on another server.

use serde_json::{Value, json};

use super::{id_of, react, shown, three, unreact};
use crate::client::Person;
use crate::participants::path;
use crate::servers::Alone;
use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::{TestApp, claims, token};

/// Toggles a reaction many times, and leaves others standing.
async fn toggle(ann: &Person, bob: &Person, message: &str) {
    for _ in 0..20 {
        react(bob, message, "👍").await.expect_status(200);
        unreact(bob, message, "👍").await.expect_status(200);
    }
    react(bob, message, "👍").await.expect_status(200);
    react(ann, message, "❤").await.expect_status(200);
    react(bob, message, "❤").await.expect_status(200);
    unreact(ann, message, "❤").await.expect_status(200);
    let pin = format!("/api/v1/messages/{message}/pin");
    for _ in 0..3 {
        ann.put(&pin, json!({})).await.expect_status(200);
        ann.delete(&pin).await.expect_status(200);
    }
    ann.put(&pin, json!({})).await.expect_status(200);
}

#[tokio::test]
async fn a_native_client_gets_the_message_as_it_is_now() {
    let (app, [ann, bob, cara], group, message) = three().await;
    let other = id_of(&ann.say(&group, "another").await);
    toggle(&ann, &bob, &message).await;
    let rows = app.count("select count(*) as n from reactions");
    assert_eq!(rows, 3, "one row for each person and emoji");
    let after = json!({ "conversation_id": group, "after": 2 });
    let joined = cara
        .socket()
        .await
        .call("join_conversation", after)
        .await
        .unwrap();
    assert_eq!(joined["recovered"], true);
    assert_eq!(joined["last_seq"], 2 + 41 + 3 + 7);
    let told = joined["messages"].as_array().unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0], shown(&cara, &group, &message).await);
    let mut emoji: Vec<&str> = told[0]["reactions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["emoji"].as_str().unwrap())
        .collect();
    emoji.sort_unstable();
    assert_eq!(emoji, ["❤️", "👍"]);
    assert!(
        shown(&cara, &group, &other)
            .await
            .get("reactions")
            .is_none()
    );
}

/// The newest of these events for each emoji, and the newest of a pin.
fn newest(events: &[Value]) -> (Vec<(String, i64)>, Value) {
    let mut counts = std::collections::BTreeMap::new();
    let mut pinned = Value::Null;
    for event in events {
        match event[0].as_str().expect("a name") {
            "reaction_changed" | "chat:reaction-changed" => {
                let emoji = event[1]["emoji"].as_str().expect("an emoji").to_owned();
                counts.insert(emoji, event[1]["count"].as_i64().expect("a count"));
            }
            "pin_changed" | "chat:pin-changed" => pinned = event[1]["pinned"].clone(),
            _ => {}
        }
    }
    (counts.into_iter().collect(), pinned)
}

#[actix_rt::test]
async fn a_socketio_client_hears_what_it_missed() {
    let (_app, [ann, bob, cara], group, message) = three().await;
    let mut stoory = SocketIoClient::stoory(&cara).await;
    stoory.call("join_conversation", json!(group)).await;
    let mut lola = SocketIoClient::lola(&bob).await;
    lola.call("chat:join-room", json!({ "conversationId": group }))
        .await;
    ann.say(&group, "before").await;
    stoory.hear("before").await;
    lola.hear("before").await;
    let (stoory, lola) = (stoory.disconnect(), lola.disconnect());
    toggle(&ann, &bob, &message).await;
    ann.say(&group, "at last").await;
    for (client, person) in [(stoory, &cara), (lola, &bob)] {
        let (mut back, is_found) = client.again(person).await;
        assert!(is_found);
        let heard = back.hear("at last").await;
        let (counts, pinned) = newest(&heard);
        let expected = [("❤️".to_owned(), 1), ("👍".to_owned(), 1)];
        assert_eq!(counts, expected, "{heard:?}");
        assert_eq!(pinned, true);
    }
}

#[actix_rt::test]
async fn another_server_hears_and_reads_them() {
    let one = TestApp::alone(Alone::Pair).start().await;
    let other = TestApp::alone(Alone::Pair)
        .on(one.database.clone(), &["--rate-limits", "off"])
        .await;
    let (ann, bob) = (one.person("ann").await, one.person("bob").await);
    let direct = one.direct(&ann, &bob).await;
    let message = id_of(&ann.say(&direct, "one").await);
    let there = Person::new(other.address, "bob", token(&claims("bob", &[])));
    let mut listening = there.joined(&direct).await;
    toggle(&ann, &bob, &message).await;
    // Without Redis the other room learns of it when it writes itself.
    there.say(&direct, "at last").await;
    let said = listening.event("new_message").await;
    assert_eq!(said["message"]["body"], "at last");
    let frames = listening.drain().await;
    let events: Vec<Value> = frames
        .iter()
        .map(|frame| json!([frame["event"], frame["data"]]))
        .collect();
    let (counts, pinned) = newest(&events);
    assert_eq!(counts, [("❤️".to_owned(), 1), ("👍".to_owned(), 1)]);
    assert_eq!(pinned, true);
    assert_eq!(
        shown(&there, &direct, &message).await,
        shown(&bob, &direct, &message).await
    );
    let page = ann.get(&path(&direct, "/messages")).await;
    assert_eq!(page.expect_status(200).body["items"][0]["id"], message);
}
