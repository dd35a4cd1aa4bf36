//! Messages for some of the participants reach nobody else, by no path.

use serde_json::{Value, json};

use crate::client::{Person, Socket};
use crate::test_app::TestApp;

/// What nobody but agents may ever read.
const HIDDEN: &str = "for agents only";

/// A group of an agent, a member and staff from outside, in which the platform can speak to agents alone.
struct World {
    app: TestApp,
    platform: Person,
    agent: Person,
    member: Person,
    conversation: String,
}

impl World {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let platform = app.person_with("platform", &["service"]).await;
        let (agent, member) = (app.person("agent").await, app.person("member").await);
        let wanted = json!({ "kind": "group", "participants": [{ "user_id": "agent", "role": "agent" }, { "user_id": "member" }] });
        let made = platform
            .post("/api/v1/conversations", wanted)
            .await
            .expect_status(201);
        let conversation = made.body["id"].as_str().unwrap().to_owned();
        Self {
            app,
            platform,
            agent,
            member,
            conversation,
        }
    }

    fn place(&self, rest: &str) -> String {
        format!("/api/v1/conversations/{}{rest}", self.conversation)
    }

    /// Says something to agents alone; answers the message.
    async fn whisper(&self) -> Value {
        let body = json!({ "body": HIDDEN, "kind": "system", "audience_role": "agent" });
        self.platform
            .post(&self.place("/messages"), body)
            .await
            .expect_status(201)
            .body
    }

    async fn join(&self, socket: &mut Socket, after: Option<i64>) -> Value {
        let asked = json!({ "conversation_id": self.conversation, "after": after });
        socket.call("join_conversation", asked).await.unwrap()
    }
}

fn holds(told: &impl ToString) -> bool {
    told.to_string().contains(HIDDEN)
}

fn as_value(frames: Vec<Value>) -> Value {
    Value::Array(frames)
}

#[tokio::test]
async fn events_reach_the_audience_alone() {
    let world = World::new().await;
    let staff = world.app.person_with("helper", &["support"]).await;
    let (mut agent, mut member) = (
        world.agent.joined(&world.conversation).await,
        world.member.joined(&world.conversation).await,
    );
    let mut staff = staff.joined(&world.conversation).await;
    let whisper = world.whisper().await;
    world.platform.say(&world.conversation, "for all").await;
    assert_eq!(agent.event("new_message").await["message"]["body"], HIDDEN);
    for other in [&mut member, &mut staff] {
        assert_eq!(
            other.event("new_message").await["message"]["body"],
            "for all"
        );
        assert!(!holds(&as_value(other.drain().await)));
    }
    let gone = world
        .agent
        .delete(&format!(
            "/api/v1/messages/{}",
            whisper["id"].as_str().unwrap()
        ))
        .await;
    assert_eq!(gone.status, 403, "an agent is no moderator");
    assert!(member.drain().await.is_empty());
}

#[tokio::test]
async fn joins_and_pages_show_it_to_the_audience_alone() {
    let world = World::new().await;
    world.member.say(&world.conversation, "before").await;
    world.whisper().await;
    for (person, sees) in [(&world.agent, true), (&world.member, false)] {
        let mut socket = person.socket().await;
        for after in [None, Some(0), Some(1)] {
            let joined = world.join(&mut socket, after).await;
            assert_eq!(
                holds(&joined),
                sees,
                "{} after {after:?}: {joined}",
                person.id
            );
            assert_eq!(joined["last_seq"], 2, "seqs are the same for everybody");
        }
        for query in ["", "?after=1", "?after=0&limit=1", "?before=3", "?limit=1"] {
            let page = person
                .get(&world.place(&format!("/messages{query}")))
                .await
                .expect_status(200);
            let may = sees && query != "?after=0&limit=1";
            assert_eq!(
                holds(&page.body),
                may,
                "{} {query}: {}",
                person.id,
                page.body
            );
        }
    }
}

#[tokio::test]
async fn lists_counts_and_notifications_know_it_for_the_audience_alone() {
    let world = World::new().await;
    let (mut agent, mut member) = (world.agent.socket().await, world.member.socket().await);
    world.whisper().await;
    let told = agent.event("notification").await;
    assert_eq!(
        (told["message"].as_str(), told["unread"].as_i64()),
        (Some(HIDDEN), Some(1))
    );
    world.platform.say(&world.conversation, "for all").await;
    let told = member.event("notification").await;
    assert_eq!(
        (told["message"].as_str(), told["unread"].as_i64()),
        (Some("for all"), Some(1))
    );
    assert!(!holds(&as_value(member.drain().await)));
    let second = world.whisper().await;
    for (person, unread, sees) in [(&world.agent, 3, true), (&world.member, 1, false)] {
        let counted = person.get("/api/v1/unread").await.expect_status(200);
        assert_eq!(counted.body["total"], unread, "{}", person.id);
        for path in [
            "/api/v1/conversations".to_owned(),
            "/api/v1/conversations?unread=true".to_owned(),
            world.place(""),
        ] {
            let shown = person.get(&path).await.expect_status(200);
            assert_eq!(
                holds(&shown.body),
                sees,
                "{} {path}: {}",
                person.id,
                shown.body
            );
        }
    }
    let seen = json!({ "seq": second["seq"] });
    world
        .member
        .post(&world.place("/seen"), seen)
        .await
        .expect_status(200);
    world.whisper().await;
    let listed = world
        .member
        .get("/api/v1/conversations?unread=true")
        .await
        .expect_status(200);
    assert_eq!(
        listed.body["items"],
        json!([]),
        "nothing that the member may read is unread"
    );
}

#[tokio::test]
async fn by_its_id_it_is_there_for_the_audience_alone() {
    let world = World::new().await;
    let whisper = world.whisper().await;
    let id = whisper["id"].as_str().unwrap();
    let history = format!("/api/v1/messages/{id}/history");
    world.agent.get(&history).await.expect_status(200);
    world
        .member
        .get(&history)
        .await
        .expect_status(404)
        .expect_code("MESSAGE_NOT_FOUND");
    let path = format!("/api/v1/messages/{id}");
    let edit = world.member.patch(&path, json!({ "body": "mine" })).await;
    edit.expect_status(404).expect_code("MESSAGE_NOT_FOUND");
    world
        .member
        .delete(&path)
        .await
        .expect_status(404)
        .expect_code("MESSAGE_NOT_FOUND");
    let reply = json!({ "body": "an answer", "reply_to": id });
    let refused = world
        .member
        .post(&world.place("/messages"), reply.clone())
        .await;
    refused.expect_status(404).expect_code("MESSAGE_NOT_FOUND");
    let mut socket = world.member.socket().await;
    let mut payload = reply.clone();
    payload["conversation_id"] = json!(world.conversation);
    let refused = socket.call("send_message", payload).await.unwrap_err();
    assert_eq!(refused["error_code"], "MESSAGE_NOT_FOUND");
    world
        .agent
        .post(&world.place("/messages"), reply)
        .await
        .expect_status(201);
}

#[tokio::test]
async fn whoever_loses_the_role_hears_it_no_more() {
    let world = World::new().await;
    let mut agent = world.agent.joined(&world.conversation).await;
    world.whisper().await;
    assert_eq!(agent.event("new_message").await["message"]["body"], HIDDEN);
    let change = json!({ "role": "member" });
    world
        .platform
        .patch(&world.place("/participants/agent"), change)
        .await
        .expect_status(200);
    agent.event("conversation_updated").await;
    world.whisper().await;
    world.platform.say(&world.conversation, "for all").await;
    assert_eq!(
        agent.event("new_message").await["message"]["body"],
        "for all"
    );
    assert!(!holds(&as_value(agent.drain().await)));
    let back = world.join(&mut agent, Some(0)).await;
    assert!(!holds(&back), "{back}");
}

#[tokio::test]
async fn only_the_platform_whispers() {
    let world = World::new().await;
    let staff = world.app.person_with("helper", &["support", "admin"]).await;
    for person in [&world.agent, &world.member, &staff] {
        let body = json!({ "body": "psst", "audience_role": "agent" });
        let refused = person.post(&world.place("/messages"), body).await;
        refused.expect_status(403).expect_code("FORBIDDEN");
        let first = json!({ "kind": "group", "participants": [{ "user_id": "agent" }], "first_message": { "body": "psst", "audience_role": "agent" } });
        person
            .post("/api/v1/conversations", first)
            .await
            .expect_status(403)
            .expect_code("FORBIDDEN");
        for kind in ["system", "automated", "audit"] {
            let body = json!({ "body": "I am the platform", "kind": kind });
            person
                .post(&world.place("/messages"), body)
                .await
                .expect_status(403)
                .expect_code("FORBIDDEN");
        }
    }
}
