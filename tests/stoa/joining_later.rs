//! Whoever is added later and sees only what is said from then on: what was said before shows nowhere.

use serde_json::{Value, json};

use crate::client::{Person, Socket};
use crate::participants::path;
use crate::polling::until;
use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::TestApp;

const CANARY: &str = "zanzibarcanary";

/// Ann and Bob have said things in a group before Rita came as a rider and Leo as a member who sees nothing of it.
struct Fixture {
    app: TestApp,
    ann: Person,
    bob: Person,
    rita: Person,
    leo: Person,
    group: String,
    /// What Bob had said, as a message.
    hidden: Value,
}

impl Fixture {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let (ann, bob) = (app.person("ann").await, app.person("bob").await);
        let (rita, leo) = (app.person("rita").await, app.person("leo").await);
        let group = app.group(&ann, &[&bob]).await;
        ann.say(&group, &format!("{CANARY} of ann")).await;
        let hidden = bob.say(&group, &format!("{CANARY} of bob")).await;
        add(&ann, &group, json!({ "user_id": "rita", "role": "rider" })).await;
        add(
            &ann,
            &group,
            json!({ "user_id": "leo", "history": "from_joining" }),
        )
        .await;
        Self {
            app,
            ann,
            bob,
            rita,
            leo,
            group,
            hidden,
        }
    }

    fn hidden_path(&self) -> String {
        format!("/api/v1/messages/{}", self.hidden["id"].as_str().unwrap())
    }
}

async fn add(by: &Person, group: &str, body: Value) {
    let added = by.post(&path(group, "/participants"), body).await;
    added.expect_status(200);
}

async fn remove(by: &Person, group: &str, whom: &str) {
    let at = path(group, &format!("/participants/{whom}"));
    by.delete(&at).await.expect_status(204);
}

async fn join(socket: &mut Socket, group: &str, after: Option<i64>) -> Value {
    let mut data = json!({ "conversation_id": group });
    if let Some(after) = after {
        data["after"] = json!(after);
    }
    socket.call("join_conversation", data).await.unwrap()
}

/// Everything that a person can read by request.
async fn everywhere(person: &Person, group: &str) -> Vec<(String, String)> {
    let mut read = Vec::new();
    for asked in [
        path(group, ""),
        path(group, "/messages"),
        path(group, "/messages?after=0"),
        path(group, "/messages?before=100"),
        path(group, "/messages?around=2"),
        path(group, "/participants?gone=true"),
        "/api/v1/conversations".to_owned(),
        "/api/v1/unread".to_owned(),
        format!("/api/v1/search?q={CANARY}"),
        "/api/v1/search?q=zanzi*".to_owned(),
        "/api/v1/search?q=from:bob".to_owned(),
        "/api/v1/search?q=is:unread".to_owned(),
        format!("/api/v1/search?q={CANARY}&sort=best"),
        format!("/api/v1/search?q={CANARY}&conversation_id={group}"),
        "/api/messages/conversations".to_owned(),
        "/api/messages/unread-count".to_owned(),
        format!("/api/messages/conversations/{group}/messages"),
        "/chat/rooms".to_owned(),
        "/chat/unread-counts".to_owned(),
        format!("/chat/rooms/{group}/messages"),
    ] {
        let answer = person.get(&asked).await;
        read.push((asked, answer.text));
    }
    read
}

#[tokio::test]
async fn nothing_from_before_is_read_anywhere() {
    let it = Fixture::new().await;
    for person in [&it.rita, &it.leo] {
        for (asked, text) in everywhere(person, &it.group).await {
            // A search repeats what was asked for nowhere.
            assert!(!text.contains(CANARY), "{asked} by {}: {text}", person.id);
        }
        let found = person.get(&format!("/api/v1/search?q={CANARY}")).await.body;
        assert_eq!((&found["total"], &found["items"]), (&json!(0), &json!([])));
        let listed = person.get("/api/v1/conversations").await.body;
        assert_eq!(listed["items"][0]["unread"], 0);
        assert_eq!(listed["items"][0]["last_message"], Value::Null);
        let mut socket = person.socket().await;
        for after in [None, Some(0), Some(1), Some(2)] {
            let joined = join(&mut socket, &it.group, after).await;
            assert_eq!(joined["messages"], json!([]), "{after:?}");
            assert_eq!(joined["conversation"]["unread"], 0);
        }
    }
    it.bob.say(&it.group, "since then").await;
    assert_eq!(it.rita.bodies(&it.group).await, ["since then"]);
    let listed = it.rita.get("/api/v1/conversations").await.body;
    assert_eq!(listed["items"][0]["unread"], 1);
    assert_eq!(listed["items"][0]["last_message"]["body"], "since then");
    let all = it.ann.get(&format!("/api/v1/search?q={CANARY}")).await.body;
    assert_eq!(all["total"], 2);
}

#[tokio::test]
async fn what_happens_to_an_earlier_message_is_told_to_nobody_who_does_not_see_it() {
    let it = Fixture::new().await;
    let mut joined = it.rita.joined(&it.group).await;
    let mut elsewhere = it.leo.socket().await;
    let mut foreign = [
        SocketIoClient::stoory(&it.rita).await,
        SocketIoClient::lola(&it.rita).await,
    ];
    joined.drain().await;
    let edited = json!({ "body": format!("{CANARY} edited") });
    it.bob
        .patch(&it.hidden_path(), edited)
        .await
        .expect_status(200);
    it.bob.delete(&it.hidden_path()).await.expect_status(200);
    let silence = [joined.drain().await, elsewhere.drain().await].concat();
    let told = |frame: &Value| {
        let names = ["message_edited", "message_deleted", "unread_changed"];
        names.contains(&frame["event"].as_str().unwrap_or_default())
    };
    assert!(!silence.iter().any(told), "{silence:?}");
    for client in &mut foreign {
        let heard = json!(client.drain().await).to_string();
        assert!(!heard.contains(CANARY), "{heard}");
    }
    it.bob.say(&it.group, "since then").await;
    assert_eq!(
        joined.event("new_message").await["message"]["body"],
        "since then"
    );
    assert_eq!(elsewhere.event("notification").await["unread"], 1);
    let again = join(&mut joined, &it.group, Some(0)).await;
    assert_eq!(again["messages"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_earlier_message_is_not_found_by_its_id() {
    let it = Fixture::new().await;
    let (id, hidden) = (it.hidden["id"].clone(), it.hidden_path());
    for person in [&it.rita, &it.leo] {
        let answer = json!({ "body": "an answer", "reply_to": id });
        let at = path(&it.group, "/messages");
        let refused = person.post(&at, answer.clone());
        refused.await.expect_code("MESSAGE_NOT_FOUND");
        let mut socket = person.joined(&it.group).await;
        let mut sent = answer;
        sent["conversation_id"] = json!(it.group);
        let refused = socket.call("send_message", sent).await.unwrap_err();
        assert_eq!(refused["error_code"], "MESSAGE_NOT_FOUND");
        let history = person.get(&format!("{hidden}/history")).await;
        history.expect_status(404).expect_code("MESSAGE_NOT_FOUND");
        let edited = person.patch(&hidden, json!({ "body": "other" })).await;
        edited.expect_code("MESSAGE_NOT_FOUND");
        let deleted = person.delete(&hidden).await;
        deleted.expect_code("MESSAGE_NOT_FOUND");
    }
    // Others may answer it: the answer names it, and does not show it.
    let answer = json!({ "body": "an answer", "reply_to": id });
    let sent = it.ann.post(&path(&it.group, "/messages"), answer).await;
    sent.expect_status(201);
    assert_eq!(it.rita.bodies(&it.group).await, ["an answer"]);
}

#[tokio::test]
async fn who_comes_back_as_a_rider_recovers_nothing_from_before() {
    let it = Fixture::new().await;
    add(&it.ann, &it.group, json!({ "user_id": "bob" })).await;
    let mut listening = it.bob.joined(&it.group).await;
    let mut stoory = SocketIoClient::stoory(&it.bob).await;
    let room = json!({ "conversation_id": it.group, "user_id": "bob" });
    stoory.ask("join_conversation", room).await;
    remove(&it.ann, &it.group, "bob").await;
    it.ann
        .say(&it.group, &format!("{CANARY} while he was away"))
        .await;
    let stoory = stoory.disconnect();
    let back = json!({ "user_id": "bob", "role": "rider" });
    add(&it.ann, &it.group, back).await;
    it.ann.say(&it.group, "welcome back").await;
    let (mut stoory, _) = stoory.again(&it.bob).await;
    let heard = json!([listening.drain().await, stoory.drain().await]).to_string();
    assert!(!heard.contains(CANARY), "{heard}");
    for after in [None, Some(0), Some(4)] {
        let joined = join(&mut listening, &it.group, after).await;
        let bodies = joined["messages"].as_array().unwrap().iter();
        let bodies: Vec<&Value> = bodies.map(|message| &message["body"]).collect();
        assert_eq!(bodies, ["welcome back"], "{after:?}");
    }
    for (asked, text) in everywhere(&it.bob, &it.group).await {
        assert!(!text.contains(CANARY), "{asked}: {text}");
    }
    // As a member, he sees everything again.
    remove(&it.ann, &it.group, "bob").await;
    let back = json!({ "user_id": "bob", "role": "member" });
    add(&it.ann, &it.group, back).await;
    assert_eq!(it.bob.bodies(&it.group).await.len(), 4);
}

#[tokio::test]
async fn it_stays_so_when_rooms_and_servers_start_again() {
    let mut it = Fixture::new().await;
    assert!(it.app.lose_room(&it.group));
    let delivered = async || {
        let at = path(&it.group, "/delivered");
        it.ann.post(&at, json!({ "seq": 1 })).await.status
    };
    until("the room to be there", delivered, |it| *it == 200).await;
    let mut socket = it.rita.joined(&it.group).await;
    it.ann.say(&it.group, "after the room was lost").await;
    assert_eq!(
        socket.event("new_message").await["message"]["body"],
        "after the room was lost"
    );
    it.app.stop().await;
    it.app.start_again().await;
    let rita = it.app.person("rita").await;
    assert_eq!(rita.bodies(&it.group).await, ["after the room was lost"]);
    let mut socket = rita.socket().await;
    let joined = join(&mut socket, &it.group, Some(0)).await;
    assert_eq!(joined["messages"].as_array().unwrap().len(), 1);
}
