//! Whoever comes back knows the threads that a fresh reader knows, over every protocol, and at another server.

use serde_json::{Value, json};

use super::{id_of, reply, thread, three};
use crate::annotations::shown;
use crate::client::Person;
use crate::participants::path;
use crate::servers::Alone;
use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::{TestApp, claims, token};

#[tokio::test]
async fn a_native_client_gets_the_first_messages_with_their_replies() {
    let (_app, [ann, bob, cara], group, root) = three().await;
    let other = id_of(&ann.say(&group, "two").await);
    let gone = id_of(&reply(&bob, &group, &root, "first").await);
    let mut socket = cara.socket().await;
    let after = json!({ "conversation_id": group, "after": 3 });
    let joined = socket
        .call("join_conversation", after.clone())
        .await
        .unwrap();
    assert_eq!(joined["messages"], json!([]));
    bob.delete(&format!("/api/v1/messages/{gone}"))
        .await
        .expect_status(200);
    reply(&ann, &group, &other, "second").await;
    let joined = socket.call("join_conversation", after).await.unwrap();
    assert_eq!(joined["recovered"], true);
    let ids = |list: &Value| -> Vec<Value> {
        list.as_array()
            .unwrap()
            .iter()
            .map(|it| it["id"].clone())
            .collect()
    };
    let told = ids(&joined["messages"]);
    assert_eq!(told[..3], [json!(root), json!(other), json!(gone)]);
    assert_eq!(told.len(), 4);
    for (index, id) in [(0, &root), (1, &other)] {
        assert_eq!(joined["messages"][index], shown(&cara, &group, id).await);
    }
}

#[tokio::test]
async fn what_another_session_has_read_comes_with_the_join() {
    let (_app, [ann, bob, _], group, root) = three().await;
    reply(&bob, &group, &root, "first").await;
    let seen = json!({ "seq": 2, "thread": root });
    ann.post(&path(&group, "/seen"), seen)
        .await
        .expect_status(200);
    let after = json!({ "conversation_id": group, "after": 2 });
    let mut socket = ann.socket().await;
    let joined = socket.call("join_conversation", after).await.unwrap();
    assert_eq!(joined["messages"][0]["thread"]["read_seq"], 2);
    assert_eq!(joined["conversation"]["unread"], 0);
    reply(&bob, &group, &root, "second").await;
    ann.post(&path(&group, "/seen"), json!({ "seq": 3 }))
        .await
        .expect_status(200);
    let after = json!({ "conversation_id": group, "after": 3 });
    let joined = socket.call("join_conversation", after).await.unwrap();
    assert_eq!(joined["conversation"]["mine"]["threads_seq"], 3);
    assert_eq!(joined["conversation"]["unread"], 0);
}

#[actix_rt::test]
async fn a_socketio_client_hears_replies_as_messages() {
    let (_app, [ann, bob, cara], group, root) = three().await;
    let mut stoory = SocketIoClient::stoory(&cara).await;
    stoory.call("join_conversation", json!(group)).await;
    let mut lola = SocketIoClient::lola(&bob).await;
    lola.call("chat:join-room", json!({ "conversationId": group }))
        .await;
    reply(&ann, &group, &root, "before").await;
    stoory.hear("before").await;
    lola.hear("before").await;
    let (stoory, lola) = (stoory.disconnect(), lola.disconnect());
    reply(&ann, &group, &root, "meanwhile").await;
    ann.say(&group, "at last").await;
    for (client, person) in [(stoory, &cara), (lola, &bob)] {
        let (mut back, is_found) = client.again(person).await;
        assert!(is_found);
        let heard = back.hear("at last").await;
        let replies = heard
            .iter()
            .filter(|event| event.to_string().contains("meanwhile"));
        assert_eq!(replies.count(), 1, "{heard:?}");
    }
}

#[actix_rt::test]
async fn another_server_tells_and_counts_the_same() {
    let one = TestApp::alone(Alone::Pair).start().await;
    let other = TestApp::alone(Alone::Pair)
        .on(one.database.clone(), &["--rate-limits", "off"])
        .await;
    let (ann, bob) = (one.person("ann").await, one.person("bob").await);
    let direct = one.direct(&ann, &bob).await;
    let root = id_of(&ann.say(&direct, "one").await);
    let there = Person::new(other.address, "bob", token(&claims("bob", &[])));
    let mut listening = there.joined(&direct).await;
    reply(&ann, &direct, &root, "first").await;
    reply(&there, &direct, &root, "second").await;
    let mut told = Vec::new();
    while told.len() < 2 {
        let said = listening.event("new_message").await;
        assert_eq!(said["message"]["thread_id"], json!(root));
        told.push(said["message"]["body"].clone());
    }
    assert_eq!(told, [json!("first"), json!("second")]);
    let (here, there) = (
        thread(&bob, &direct, &root).await,
        thread(&there, &direct, &root).await,
    );
    assert_eq!(here, there);
    assert_eq!(here["replies"], 2);
}
