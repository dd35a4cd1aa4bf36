//! Messages for some of the participants do not reach the others by any path.

use serde_json::{Value, json};

use crate::client::{Person, Socket};
use crate::test_app::TestApp;

/// What nobody but agents may ever read.
const HIDDEN: &str = "for agents only";

/// A group of an agent, a member and staff from outside, in which the platform can speak to agents alone.
struct Fixture {
    app: TestApp,
    platform: Person,
    agent: Person,
    member: Person,
    conversation: String,
}

impl Fixture {
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

    fn path(&self, rest: &str) -> String {
        format!("/api/v1/conversations/{}{rest}", self.conversation)
    }

    /// Says something to agents alone; answers the message.
    async fn whisper(&self) -> Value {
        let body = json!({ "body": HIDDEN, "kind": "system", "audience_role": "agent" });
        self.platform
            .post(&self.path("/messages"), body)
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
    let fixture = Fixture::new().await;
    let staff = fixture.app.person_with("helper", &["support"]).await;
    let (mut agent, mut member) = (
        fixture.agent.joined(&fixture.conversation).await,
        fixture.member.joined(&fixture.conversation).await,
    );
    let mut staff = staff.joined(&fixture.conversation).await;
    let whisper = fixture.whisper().await;
    fixture.platform.say(&fixture.conversation, "for all").await;
    assert_eq!(agent.event("new_message").await["message"]["body"], HIDDEN);
    for other in [&mut member, &mut staff] {
        assert_eq!(
            other.event("new_message").await["message"]["body"],
            "for all"
        );
        assert!(!holds(&as_value(other.drain().await)));
    }
    let gone = fixture
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
    let fixture = Fixture::new().await;
    fixture.member.say(&fixture.conversation, "before").await;
    fixture.whisper().await;
    for (person, sees) in [(&fixture.agent, true), (&fixture.member, false)] {
        let mut socket = person.socket().await;
        for after in [None, Some(0), Some(1)] {
            let joined = fixture.join(&mut socket, after).await;
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
                .get(&fixture.path(&format!("/messages{query}")))
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
    let fixture = Fixture::new().await;
    let (mut agent, mut member) = (fixture.agent.socket().await, fixture.member.socket().await);
    fixture.whisper().await;
    let told = agent.event("notification").await;
    assert_eq!(
        (told["message"].as_str(), told["unread"].as_i64()),
        (Some(HIDDEN), Some(1))
    );
    fixture.platform.say(&fixture.conversation, "for all").await;
    let told = member.event("notification").await;
    assert_eq!(
        (told["message"].as_str(), told["unread"].as_i64()),
        (Some("for all"), Some(1))
    );
    assert!(!holds(&as_value(member.drain().await)));
    let second = fixture.whisper().await;
    for (person, unread, sees) in [(&fixture.agent, 3, true), (&fixture.member, 1, false)] {
        let counted = person.get("/api/v1/unread").await.expect_status(200);
        assert_eq!(counted.body["total"], unread, "{}", person.id);
        for path in [
            "/api/v1/conversations".to_owned(),
            "/api/v1/conversations?unread=true".to_owned(),
            fixture.path(""),
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
    fixture
        .member
        .post(&fixture.path("/seen"), seen)
        .await
        .expect_status(200);
    fixture.whisper().await;
    let listed = fixture
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
    let fixture = Fixture::new().await;
    let whisper = fixture.whisper().await;
    let id = whisper["id"].as_str().unwrap();
    let history = format!("/api/v1/messages/{id}/history");
    fixture.agent.get(&history).await.expect_status(200);
    fixture
        .member
        .get(&history)
        .await
        .expect_status(404)
        .expect_code("MESSAGE_NOT_FOUND");
    let path = format!("/api/v1/messages/{id}");
    let edit = fixture.member.patch(&path, json!({ "body": "mine" })).await;
    edit.expect_status(404).expect_code("MESSAGE_NOT_FOUND");
    fixture
        .member
        .delete(&path)
        .await
        .expect_status(404)
        .expect_code("MESSAGE_NOT_FOUND");
    let reply = json!({ "body": "an answer", "reply_to": id });
    let refused = fixture
        .member
        .post(&fixture.path("/messages"), reply.clone())
        .await;
    refused.expect_status(404).expect_code("MESSAGE_NOT_FOUND");
    let mut socket = fixture.member.socket().await;
    let mut payload = reply.clone();
    payload["conversation_id"] = json!(fixture.conversation);
    let refused = socket.call("send_message", payload).await.unwrap_err();
    assert_eq!(refused["error_code"], "MESSAGE_NOT_FOUND");
    fixture
        .agent
        .post(&fixture.path("/messages"), reply)
        .await
        .expect_status(201);
}

#[tokio::test]
async fn a_participant_who_loses_a_role_no_longer_hears_its_messages() {
    let fixture = Fixture::new().await;
    let mut agent = fixture.agent.joined(&fixture.conversation).await;
    fixture.whisper().await;
    assert_eq!(agent.event("new_message").await["message"]["body"], HIDDEN);
    let change = json!({ "role": "member" });
    fixture
        .platform
        .patch(&fixture.path("/participants/agent"), change)
        .await
        .expect_status(200);
    agent.event("conversation_updated").await;
    fixture.whisper().await;
    fixture.platform.say(&fixture.conversation, "for all").await;
    assert_eq!(
        agent.event("new_message").await["message"]["body"],
        "for all"
    );
    assert!(!holds(&as_value(agent.drain().await)));
    let back = fixture.join(&mut agent, Some(0)).await;
    assert!(!holds(&back), "{back}");
}

#[tokio::test]
async fn only_the_platform_whispers() {
    let fixture = Fixture::new().await;
    let staff = fixture
        .app
        .person_with("helper", &["support", "admin"])
        .await;
    for person in [&fixture.agent, &fixture.member, &staff] {
        let body = json!({ "body": "psst", "audience_role": "agent" });
        let refused = person.post(&fixture.path("/messages"), body).await;
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
                .post(&fixture.path("/messages"), body)
                .await
                .expect_status(403)
                .expect_code("FORBIDDEN");
        }
    }
}
