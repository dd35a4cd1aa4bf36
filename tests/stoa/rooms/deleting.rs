//! A deleted conversation is there for nobody, and what was said in it shows nowhere.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use super::{foreign, named};
use crate::client::Person;
use crate::participants::{ask, creation, id_of, path};
use crate::polling::until;
use crate::test_app::TestApp;

const CANARY: &str = "zanzibarcanary";

struct Fixture {
    app: TestApp,
    ann: Person,
    bob: Person,
    staff: Person,
    admin: Person,
    platform: Person,
    room: String,
    message: Value,
}

impl Fixture {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let (ann, bob) = (app.person("ann").await, app.person("bob").await);
        let staff = app.person_with("staff", &["support"]).await;
        let admin = app.person_with("admin", &["admin"]).await;
        let platform = app.person_with("platform", &["service"]).await;
        let room = named("ord_7", &["ann", "bob"], Some("7"));
        let room = id_of(ask(&platform, room).await, 201);
        let message = ann.say(&room, CANARY).await;
        Self {
            app,
            ann,
            bob,
            staff,
            admin,
            platform,
            room,
            message,
        }
    }

    fn everybody(&self) -> [&Person; 5] {
        [
            &self.ann,
            &self.bob,
            &self.staff,
            &self.admin,
            &self.platform,
        ]
    }

    async fn delete(&self) {
        let deleted = self.platform.delete(&path(&self.room, "")).await;
        deleted.expect_status(204);
    }
}

#[tokio::test]
async fn nobody_finds_it_and_nothing_that_was_said_in_it() {
    let it = Fixture::new().await;
    for (person, status) in [(&it.ann, 403), (&it.staff, 403)] {
        let refused = person.delete(&path(&it.room, "")).await;
        refused.expect_status(status).expect_code("FORBIDDEN");
    }
    it.delete().await;
    let room = &it.room;
    let message = format!("/api/v1/messages/{}", it.message["id"].as_str().unwrap());
    for person in it.everybody() {
        for gone in [
            path(room, ""),
            path(room, "/messages"),
            path(room, "/messages?around=1"),
            path(room, "/participants?gone=true"),
            path(room, "/flow"),
            format!("{message}/history"),
            format!("/api/messages/conversations/{room}/messages"),
            format!("/chat/rooms/{room}/messages"),
            format!("/api/v1/search?q={CANARY}&conversation_id={room}"),
        ] {
            let answer = person.get(&gone).await;
            let code = answer.body["error_code"].as_str().unwrap_or("").to_owned();
            let hidden = ["CONVERSATION_NOT_FOUND", "MESSAGE_NOT_FOUND"];
            assert!(hidden.contains(&code.as_str()), "{gone}: {}", answer.text);
        }
        let say = json!({ "body": "anybody?" });
        let refused = person.post(&path(room, "/messages"), say).await;
        refused.expect_status(404);
        person.delete(&message).await.expect_status(404);
        person.delete(&path(room, "")).await.expect_status(404);
        let mut socket = person.socket().await;
        let join = json!({ "conversation_id": room, "after": 0 });
        let refused = socket.call("join_conversation", join).await.unwrap_err();
        assert_eq!(refused["error_code"], "CONVERSATION_NOT_FOUND");
        for list in [
            "/api/v1/conversations",
            "/api/v1/conversations?external_id=ord_7",
            "/api/v1/unread",
            "/api/messages/conversations",
            "/chat/rooms",
            &format!("/api/v1/search?q={CANARY}"),
        ] {
            let answer = person.get(list).await.expect_status(200);
            assert!(!answer.text.contains(CANARY), "{list}: {}", answer.text);
            assert!(
                !answer.text.contains(room.as_str()),
                "{list}: {}",
                answer.text
            );
        }
    }
    for scope in ["newest", "best"] {
        let all = format!("/api/v1/search?q={CANARY}&scope=all&sort={scope}");
        let found = it.admin.get(&all).await.expect_status(200).body;
        assert_eq!(found["items"], json!([]));
        assert!(found["total"].as_i64().is_none_or(|total| total == 0));
    }
}

#[tokio::test]
async fn everybody_who_listens_is_told_and_hears_nothing_more() {
    let it = Fixture::new().await;
    let mut sockets = [
        it.ann.joined(&it.room).await,
        it.bob.socket().await,
        it.staff.joined(&it.room).await,
    ];
    let mut clients = foreign(&it.bob).await;
    it.delete().await;
    for socket in &mut sockets {
        let told = socket.event("conversation_updated").await;
        assert_eq!(told["conversation_id"], it.room);
        assert_eq!(told["conversation"]["membership"], "removed");
    }
    for client in &mut clients {
        let heard = json!(client.drain().await).to_string();
        assert!(
            heard.contains(&it.room) && !heard.contains(CANARY),
            "{heard}"
        );
    }
    let typing = json!({ "conversation_id": it.room });
    for socket in &mut sockets {
        let refused = socket
            .call("typing_start", typing.clone())
            .await
            .unwrap_err();
        assert_eq!(refused["error_code"], "CONVERSATION_NOT_FOUND");
    }
}

#[tokio::test]
async fn another_server_lets_go_of_it_too() {
    let it = Fixture::new().await;
    let other = TestApp::on(it.app.database.clone(), &["--rate-limits", "off"]).await;
    let bob = Person::new(other.address, "bob", it.bob.token.clone());
    let staff = Person::new(other.address, "staff", it.staff.token.clone());
    let mut listening = [bob.joined(&it.room).await, staff.joined(&it.room).await];
    it.delete().await;
    let say = json!({ "body": "anybody?" });
    let refused = bob.post(&path(&it.room, "/messages"), say).await;
    refused.expect_status(404);
    for socket in &mut listening {
        let told = socket.event("conversation_updated").await;
        assert_eq!(told["conversation"]["membership"], "removed");
    }
}

#[tokio::test]
async fn the_same_people_and_the_same_id_make_a_new_one() {
    let it = Fixture::new().await;
    it.delete().await;
    let room = named("ord_7", &["ann", "bob"], Some("7"));
    let again = id_of(ask(&it.platform, room).await, 201);
    assert_ne!(again, it.room);
    assert_eq!(it.ann.bodies(&again).await, [""; 0]);
    let direct = id_of(ask(&it.ann, creation("direct", &["bob"], None)).await, 201);
    let deleted = it.admin.delete(&path(&direct, "")).await;
    deleted.expect_status(204);
    let again = id_of(ask(&it.bob, creation("direct", &["ann"], None)).await, 201);
    assert_ne!(again, direct);
}

#[tokio::test]
async fn nothing_is_deleted_while_its_deal_runs() {
    let it = Fixture::new().await;
    let deal = json!({
        "kind": "group", "flow": { "name": "negotiation" },
        "participants": [{ "user_id": "ann", "role": "customer" }, { "user_id": "bob", "role": "provider" }],
    });
    let id = id_of(ask(&it.platform, deal).await, 201);
    let refused = it.platform.delete(&path(&id, "")).await;
    refused.expect_status(409).expect_code("CONFLICT");
    let over = format!("update conversation_flows set phase = 'over', standing = jsonb_set(standing, '{{phase}}', '\"over\"')
        where conversation_no = (select no from conversations where id = '{id}')");
    it.app.connection().batch_execute(&over).unwrap();
    it.app.lose_room(&id);
    let delete = async || it.platform.delete(&path(&id, "")).await.status;
    until("the room to be there", delete, |status| *status == 204).await;
}
