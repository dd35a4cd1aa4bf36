//! Ids in payloads and paths: of somebody else, of another place, of no form at all.

use serde_json::{Value, json};

use crate::client::Person;
use crate::test_app::TestApp;

/// Alice and Bob in one conversation, Alice and Carol in another, and a message in each.
struct Fixture {
    app: TestApp,
    alice: Person,
    bob: Person,
    here: String,
    elsewhere: String,
    own: String,
    foreign: String,
    /// A deal of Alice and Bob, and the version at which Alice may press.
    deal: (String, Value),
}

impl Fixture {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let (alice, bob) = (app.person("alice").await, app.person("bob").await);
        let carol = app.person("carol").await;
        let here = app.group(&alice, &[&bob]).await;
        let elsewhere = app.group(&carol, &[&alice]).await;
        let own = id_of(&alice.say(&here, "here").await);
        let foreign = id_of(&alice.say(&elsewhere, "elsewhere").await);
        let deal = deal_of(&app).await;
        Self {
            app,
            alice,
            bob,
            here,
            elsewhere,
            own,
            foreign,
            deal,
        }
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/v1/conversations/{}{rest}", self.here)
    }
}

async fn deal_of(app: &TestApp) -> (String, Value) {
    let platform = app.person_with("platform", &["service"]).await;
    let creation = json!({
        "kind": "group", "flow": { "name": "bid" },
        "participants": [{ "user_id": "alice", "role": "influencer" }, { "user_id": "bob", "role": "brand_owner" }],
    });
    let made = platform.post("/api/v1/conversations", creation).await;
    let made = made.expect_status(201).body;
    (id_of(&made), made["flow"]["state_version"].clone())
}

fn id_of(message: &Value) -> String {
    message["id"].as_str().unwrap().to_owned()
}

/// Every event that is about something, with a payload that would be accepted from Alice.
fn events(fixture: &Fixture) -> Vec<(&'static str, Value)> {
    let path = |more: Value| {
        let mut whole = json!({ "conversation_id": fixture.here });
        whole
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        whole
    };
    vec![
        ("join_conversation", path(json!({}))),
        ("send_message", path(json!({ "body": "said" }))),
        (
            "edit_message",
            path(json!({ "message_id": fixture.own, "body": "edited" })),
        ),
        ("watch_subject", json!({ "type": "job", "id": "1" })),
        ("unwatch_subject", json!({ "type": "job", "id": "1" })),
        ("typing_start", path(json!({}))),
        ("typing_stop", path(json!({}))),
        ("mark_delivered", path(json!({ "seq": 1 }))),
        ("mark_seen", path(json!({ "seq": 1 }))),
        ("user_status", json!({ "status": "online" })),
        (
            "flow_action",
            json!({ "conversation_id": fixture.deal.0, "action": "accept_connection", "state_version": fixture.deal.1 }),
        ),
        ("search", path(json!({ "q": "said" }))),
        (
            "react",
            path(json!({ "message_id": fixture.own, "emoji": "👍" })),
        ),
        (
            "unreact",
            path(json!({ "message_id": fixture.own, "emoji": "👍" })),
        ),
        ("pin_message", path(json!({ "message_id": fixture.own }))),
        ("unpin_message", path(json!({ "message_id": fixture.own }))),
        ("follow_thread", path(json!({ "message_id": fixture.own }))),
        (
            "unfollow_thread",
            path(json!({ "message_id": fixture.own })),
        ),
        ("delete_message", path(json!({ "message_id": fixture.own }))),
        ("leave_conversation", path(json!({}))),
    ]
}

fn with(mut payload: Value, field: &str, value: Value) -> Value {
    payload[field] = value;
    payload
}

#[tokio::test]
async fn no_event_acts_for_somebody_else() {
    let fixture = Fixture::new().await;
    let mut socket = fixture.alice.socket().await;
    let listed = events(&fixture);
    let authenticate = ("authenticate", json!({ "token": fixture.alice.token }));
    for event in stoa::edge::native::decode::EVENTS {
        let found = listed
            .iter()
            .chain([&authenticate])
            .find(|(name, _)| *name == event);
        let (_, payload) = found.unwrap_or_else(|| panic!("{event} is unlisted"));
        for field in ["sender_id", "user_id"] {
            let refused = socket
                .call(event, with(payload.clone(), field, json!("bob")))
                .await;
            let code = refused
                .as_ref()
                .err()
                .map(|error| error["error_code"].clone());
            assert_eq!(
                code,
                Some(json!("IDENTITY_MISMATCH")),
                "{event} {field}: {refused:?}"
            );
        }
        let both = json!({ "sender_id": "alice", "user_id": "bob" });
        let mut whole = payload.clone();
        whole
            .as_object_mut()
            .unwrap()
            .extend(both.as_object().unwrap().clone());
        assert!(
            socket.call(event, whole).await.is_err(),
            "{event}: one right id covers no wrong one"
        );
    }
    for (event, payload) in listed {
        let named = with(
            with(payload, "sender_id", json!("alice")),
            "user_id",
            json!("alice"),
        );
        let answer = socket.call(event, named).await;
        assert!(answer.is_ok(), "{event} with one's own id: {answer:?}");
    }
}

/// Requests in which Alice names Bob; `$c` is their conversation, `$m` her message.
const NAMED: &str = r#"
POST conversations/$c/messages {"body":"x","sender_id":"bob"}
POST conversations/$c/messages {"body":"x","user_id":"bob"}
POST conversations/$c/messages {"body":"x","sender_id":"alice","user_id":"bob"}
POST conversations/$c/seen {"seq":1,"user_id":"bob"}
POST conversations/$c/seen {"seq":1,"sender_id":"bob"}
POST conversations/$c/delivered {"seq":1,"user_id":"bob"}
POST conversations/$c/delivered {"seq":1,"sender_id":"bob"}
POST conversations/$c/participants {"user_id":"bob","sender_id":"bob"}
POST conversations {"kind":"group","participants":[{"user_id":"bob"}],"sender_id":"bob"}
POST conversations {"kind":"group","participants":[{"user_id":"bob"}],"user_id":"bob"}
POST conversations {"kind":"group","participants":[{"user_id":"bob"}],"first_message":{"body":"x","sender_id":"bob"}}
POST conversations/$d/flow/actions/accept_connection {"user_id":"bob"}
POST conversations/$d/flow/actions/accept_connection {"sender_id":"bob"}
PATCH messages/$m {"body":"x","sender_id":"bob"}
PATCH messages/$m {"body":"x","user_id":"bob"}
PUT messages/$m/pin {"user_id":"bob"}
"#;

#[tokio::test]
async fn no_request_acts_for_somebody_else() {
    let fixture = Fixture::new().await;
    for line in NAMED.lines().filter(|line| !line.is_empty()) {
        let filled = line
            .replace("$c", &fixture.here)
            .replace("$m", &fixture.own);
        let filled = filled.replace("$d", &fixture.deal.0);
        let parts: Vec<&str> = filled.splitn(3, ' ').collect();
        let (path, body) = (format!("/api/v1/{}", parts[1]), parts[2].to_owned());
        let answer = fixture
            .alice
            .request(parts[0], &path, Some(body), &[])
            .await;
        let told = (answer.status, answer.body["error_code"].as_str());
        assert_eq!(told, (403, Some("IDENTITY_MISMATCH")), "{line}");
    }
    assert_eq!(fixture.alice.bodies(&fixture.here).await, ["here"]);
}

#[tokio::test]
async fn a_message_of_another_conversation_is_not_there() {
    let fixture = Fixture::new().await;
    let mut socket = fixture.alice.socket().await;
    let asked = |event: &'static str, more: Value| {
        (event, with(more, "conversation_id", json!(fixture.here)))
    };
    let foreign = &fixture.foreign;
    for (event, payload) in [
        asked(
            "edit_message",
            json!({ "message_id": foreign, "body": "to the wrong conversation" }),
        ),
        asked("delete_message", json!({ "message_id": foreign })),
        asked("react", json!({ "message_id": foreign, "emoji": "👍" })),
        asked("follow_thread", json!({ "message_id": foreign })),
        asked("send_message", json!({ "thread_id": foreign, "body": "x" })),
        asked(
            "send_message",
            json!({ "reply_to": foreign, "body": "answered" }),
        ),
    ] {
        let refused = socket.call(event, payload).await.unwrap_err();
        assert_eq!(refused["error_code"], "MESSAGE_NOT_FOUND", "{event}");
    }
    let reply = json!({ "body": "answered", "reply_to": foreign });
    let told = fixture
        .alice
        .post(&fixture.path("/messages"), reply.clone())
        .await;
    told.expect_status(404).expect_code("MESSAGE_NOT_FOUND");
    let new =
        json!({ "kind": "group", "participants": [{ "user_id": "bob" }], "first_message": reply });
    let told = fixture.alice.post("/api/v1/conversations", new).await;
    told.expect_status(404).expect_code("MESSAGE_NOT_FOUND");
    assert_eq!(
        fixture.alice.bodies(&fixture.elsewhere).await,
        ["elsewhere"]
    );
    assert_eq!(fixture.alice.bodies(&fixture.here).await, ["here"]);
}

#[tokio::test]
async fn the_owner_of_one_group_moderates_no_other() {
    let fixture = Fixture::new().await;
    let mut owner = fixture.alice.socket().await;
    let carol = fixture.app.person("carol").await;
    let theirs = id_of(&carol.say(&fixture.elsewhere, "of carol").await);
    let payload = json!({ "conversation_id": fixture.here, "message_id": theirs });
    let refused = owner.call("delete_message", payload).await.unwrap_err();
    assert_eq!(refused["error_code"], "MESSAGE_NOT_FOUND");
    assert_eq!(
        carol.bodies(&fixture.elsewhere).await,
        ["elsewhere", "of carol"]
    );
}

#[tokio::test]
async fn ids_that_nothing_has_are_not_found() {
    let fixture = Fixture::new().await;
    let (uuid, eighth) = (
        "0192f0c0-0000-7000-8000-000000000001",
        "ffffffff-ffff-8fff-bfff-ffffffffffff",
    );
    let cases = [
        (
            format!("/api/v1/conversations/{uuid}"),
            "CONVERSATION_NOT_FOUND",
        ),
        (
            format!("/api/v1/conversations/{uuid}/messages"),
            "CONVERSATION_NOT_FOUND",
        ),
        (
            format!("/api/v1/messages/{uuid}/history"),
            "MESSAGE_NOT_FOUND",
        ),
        (
            format!("/api/v1/messages/{eighth}/history"),
            "MESSAGE_NOT_FOUND",
        ),
        ("/api/v1/users/nobody".to_owned(), "USER_NOT_FOUND"),
        (
            "/api/v1/users/carol-is-not-here".to_owned(),
            "USER_NOT_FOUND",
        ),
        ("/api/v1/nothing".to_owned(), "ROUTE_NOT_FOUND"),
    ];
    for (path, code) in cases {
        fixture
            .alice
            .get(&path)
            .await
            .expect_status(404)
            .expect_code(code);
    }
    let nobody = json!({ "user_id": "nobody" });
    let told = fixture
        .alice
        .post(&fixture.path("/participants"), nobody)
        .await;
    told.expect_status(404).expect_code("USER_NOT_FOUND");
    let gone = fixture
        .alice
        .delete(&fixture.path("/participants/carol"))
        .await;
    gone.expect_status(404).expect_code("PARTICIPANT_NOT_FOUND");
    let wrong = fixture.bob.request("PUT", "/api/v1/me", None, &[]).await;
    wrong.expect_status(405).expect_code("METHOD_NOT_ALLOWED");
}
