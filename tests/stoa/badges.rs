//! A badge written from notifications and `unread_changed` alone stays right: reading elsewhere, edits and deletions are told to sessions that have not joined.

use serde_json::{Value, json};
use std::time::Instant;

use crate::client::{PATIENCE, Person, Socket};
use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::TestApp;

async fn mark(person: &Person, conversation: &str, seq: i64) {
    let path = format!("/api/v1/conversations/{conversation}/seen");
    person
        .post(&path, json!({ "seq": seq }))
        .await
        .expect_status(200);
}

fn path_of(message: &Value) -> String {
    format!(
        "/api/v1/messages/{}",
        message["id"].as_str().expect("an id")
    )
}

fn unread_changes(events: Vec<Value>) -> Vec<Value> {
    let mut events = events;
    events.retain(|event| event["event"] == "unread_changed");
    events
}

/// A group in which Alice has said ten things. Bob has a session that has not joined, and so has Carol, whose reading shows when
/// everything before it has been told.
struct Fixture {
    app: TestApp,
    alice: Person,
    bob: Person,
    carol: Person,
    id: String,
    said: Vec<Value>,
    elsewhere: Socket,
    witness: Socket,
    read_by_carol: i64,
}

impl Fixture {
    async fn new() -> Self {
        let app = TestApp::start().await;
        let alice = app.person("alice").await;
        let (bob, carol) = (app.person("bob").await, app.person("carol").await);
        let id = app.group(&alice, &[&bob, &carol]).await;
        let mut said = Vec::new();
        for number in 1..=10 {
            said.push(alice.say(&id, &format!("number {number}")).await);
        }
        // At one server: only there it is known what comes before what.
        let at_first = async |person: &Person| Socket::open(app.address, Some(&person.token)).await;
        let (elsewhere, witness) = (at_first(&bob).await, at_first(&carol).await);
        let (elsewhere, witness) = (elsewhere.expect("a socket"), witness.expect("a socket"));
        Self {
            app,
            alice,
            bob,
            carol,
            id,
            said,
            elsewhere,
            witness,
            read_by_carol: 0,
        }
    }

    fn message(&self, number: usize) -> &Value {
        &self.said[number - 1]
    }

    async fn mark(&self, seq: i64) {
        mark(&self.bob, &self.id, seq).await;
    }

    async fn edit(&self, number: usize, body: &str) {
        let path = path_of(self.message(number));
        let body = json!({ "body": body });
        self.alice.patch(&path, body).await.expect_status(200);
    }

    async fn delete(&self, number: usize) {
        let path = path_of(self.message(number));
        self.alice.delete(&path).await.expect_status(200);
    }

    /// What Bob's session elsewhere is told of everything that has happened: it is told no later than Carol's is of her reading.
    async fn told(&mut self) -> Vec<Value> {
        self.read_by_carol += 1;
        mark(&self.carol, &self.id, self.read_by_carol).await;
        while self.witness.event("unread_changed").await["read_seq"] != self.read_by_carol {}
        unread_changes(self.elsewhere.drain().await)
    }
}

#[tokio::test]
async fn reading_on_one_device_is_told_to_the_other() {
    let mut fixture = Fixture::new().await;
    let mut reads = fixture.bob.joined(&fixture.id).await;
    let mut alices = fixture.alice.socket().await;
    let wanted = json!({ "conversation_id": fixture.id, "seq": 4 });
    reads.call("mark_seen", wanted).await.expect("marked");
    let told = fixture.elsewhere.event("unread_changed").await;
    let newest = fixture.message(10);
    let preview = json!({ "id": newest["id"], "seq": 10, "title": "alice by name", "message": "number 10", "deleted_at": null });
    let wanted = json!({ "conversation_id": fixture.id, "seq": 10, "read_seq": 4, "unread": 6, "last_message": preview });
    assert_eq!(told, wanted);
    fixture.mark(10).await;
    let told = fixture.elsewhere.event("unread_changed").await;
    assert_eq!(
        (&told["unread"], &told["read_seq"]),
        (&json!(0), &json!(10))
    );
    assert!(fixture.told().await.is_empty(), "it is told once");
    let heard = reads.drain().await;
    let seen = heard
        .iter()
        .filter(|event| event["event"] == "message_seen");
    assert_eq!(seen.count(), 3, "Bob's two marks and Carol's: {heard:?}");
    assert!(unread_changes(heard).is_empty(), "this one has joined");
    let others = unread_changes(alices.drain().await);
    assert!(others.is_empty(), "it is nobody else's affair: {others:?}");
}

#[tokio::test]
async fn a_mark_that_passes_nothing_unread_is_not_told() {
    let mut fixture = Fixture::new().await;
    fixture.mark(10).await;
    assert_eq!(fixture.told().await.len(), 1);
    let own = fixture.bob.say(&fixture.id, "my own").await;
    fixture.mark(own["seq"].as_i64().expect("a seq")).await;
    assert!(fixture.told().await.is_empty(), "it was nothing unread");
    fixture.mark(3).await;
    assert!(fixture.told().await.is_empty(), "it did not move");
    let path = format!("/api/v1/conversations/{}/delivered", fixture.id);
    let said = fixture.alice.say(&fixture.id, "delivered").await;
    let delivered = json!({ "seq": said["seq"] });
    fixture.bob.post(&path, delivered).await.expect_status(200);
    assert!(fixture.told().await.is_empty(), "nobody has read it");
}

#[tokio::test]
async fn a_deletion_of_what_is_unread_lowers_the_count_and_takes_the_words_back() {
    let mut fixture = Fixture::new().await;
    fixture.mark(4).await;
    fixture.told().await;
    fixture.delete(6).await;
    let told = fixture.elsewhere.event("unread_changed").await;
    assert_eq!(told["unread"], 5);
    assert_eq!(told["seq"], 11, "the deletion is the newest change");
    assert_eq!(told["last_message"]["message"], "number 10");
    fixture.delete(10).await;
    let told = fixture.elsewhere.event("unread_changed").await;
    assert_eq!((&told["unread"], &told["seq"]), (&json!(4), &json!(12)));
    let (shown, gone) = (&told["last_message"], fixture.message(10));
    assert_eq!((&shown["id"], &shown["message"]), (&gone["id"], &json!("")));
    assert!(shown["deleted_at"].is_string(), "{shown}");
    let listed = fixture.bob.get("/api/v1/conversations").await.body;
    let listed = &listed["items"][0];
    assert_eq!(listed["last_message"]["id"], shown["id"], "as in the list");
    assert_eq!(listed["unread"], told["unread"]);
    fixture.delete(2).await;
    assert!(fixture.told().await.is_empty(), "it was read");
    fixture.mark(10).await;
    fixture.told().await;
    fixture.delete(9).await;
    assert!(fixture.told().await.is_empty(), "it was read by now");
}

#[tokio::test]
async fn an_edit_of_what_was_shown_is_told_with_its_new_words() {
    let mut fixture = Fixture::new().await;
    fixture.edit(10, "better").await;
    let told = fixture.elsewhere.event("unread_changed").await;
    assert_eq!(told["last_message"]["message"], "better");
    assert_eq!(
        (&told["unread"], &told["read_seq"]),
        (&json!(10), &json!(0))
    );
    fixture.edit(9, "better too").await;
    assert!(fixture.told().await.is_empty(), "another one is shown");
    let long = "ж".repeat(500);
    fixture.edit(10, &long).await;
    let told = fixture.told().await;
    let shown = &told[0]["data"]["last_message"]["message"];
    assert_eq!(shown, &json!("ж".repeat(120)), "as in a notification");
    fixture.mark(10).await;
    fixture.told().await;
    fixture
        .bob
        .say(&fixture.id, "an answer, said elsewhere")
        .await;
    fixture
        .edit(10, "the last one that Bob was notified of")
        .await;
    let told = fixture.told().await;
    assert_eq!(told.len(), 1, "{told:?}");
    let shown = &told[0]["data"]["last_message"]["message"];
    assert_eq!(shown, "an answer, said elsewhere");
}

#[tokio::test]
async fn who_may_not_see_a_message_is_told_nothing_of_it() {
    let app = TestApp::start().await;
    let platform = app.person_with("platform", &["service"]).await;
    let agent = app.person_with("agent", &["support"]).await;
    let member = app.person("member").await;
    let wanted = json!({ "kind": "group", "participants": [{ "user_id": "agent", "role": "agent" }, { "user_id": "member" }] });
    let made = platform.post("/api/v1/conversations", wanted).await.body;
    let id = made["id"].as_str().expect("an id");
    platform.say(id, "for all").await;
    let path = format!("/api/v1/conversations/{id}/messages");
    let whisper = json!({ "body": "for agents only", "kind": "system", "audience_role": "agent" });
    let whisper = platform.post(&path, whisper).await.expect_status(201).body;
    let (mut agents, mut members) = (agent.socket().await, member.socket().await);
    mark(&member, id, 1).await;
    let told = members.event("unread_changed").await;
    assert_eq!(told["last_message"]["message"], "for all");
    assert_eq!(told["unread"], 0);
    mark(&agent, id, 1).await;
    let told = agents.event("unread_changed").await;
    assert_eq!(told["last_message"]["message"], "for agents only");
    assert_eq!(told["last_message"]["title"], "System");
    assert_eq!(told["unread"], 1);
    mark(&member, id, 2).await;
    agent.delete(&path_of(&whisper)).await.expect_status(200);
    let told = agents.event("unread_changed").await;
    assert_eq!((&told["unread"], &told["seq"]), (&json!(0), &json!(3)));
    assert!(told["last_message"]["deleted_at"].is_string(), "{told}");
    let others = unread_changes(members.drain().await);
    assert!(others.is_empty(), "{others:?}");
}

#[tokio::test]
async fn many_marks_are_told_twice_a_second_at_most() {
    let mut fixture = Fixture::new().await;
    let mut last = 10;
    for number in 11..=120 {
        let said = fixture.alice.say(&fixture.id, &number.to_string()).await;
        last = said["seq"].as_i64().expect("a seq");
    }
    let mut reads = fixture.bob.joined(&fixture.id).await;
    let begun = Instant::now();
    for seq in 1..last {
        let wanted = json!({ "conversation_id": fixture.id, "seq": seq });
        reads.tell("mark_seen", wanted).await;
    }
    let wanted = json!({ "conversation_id": fixture.id, "seq": last });
    reads.call("mark_seen", wanted).await.expect("marked");
    let mut told = 0;
    let mut unread = Value::Null;
    while unread != 0 {
        unread = fixture.elsewhere.event("unread_changed").await["unread"].take();
        told += 1;
    }
    let most = 2 + begun.elapsed().as_millis() / 500;
    assert!(told <= most, "{told} for {last} marks, at most {most}");
}

#[tokio::test]
async fn a_badge_of_events_alone_is_what_the_server_counts() {
    let mut fixture = Fixture::new().await;
    for round in 0..4_i64 {
        let next = fixture.alice.say(&fixture.id, "one more").await;
        fixture.said.push(next);
        let index = usize::try_from(round).expect("a place");
        fixture.delete(7 - index).await;
        fixture.edit(11 + index, "edited").await;
        fixture.mark(round * 2).await;
    }
    let listed = fixture.bob.get("/api/v1/conversations").await.body;
    let listed = &listed["items"][0];
    let wanted = (
        listed["unread"].clone(),
        listed["last_message"]["body"].clone(),
    );
    assert!(wanted.0.as_i64() > Some(0), "{listed}");
    let mut shown = (Value::Null, Value::Null);
    let begun = Instant::now();
    while shown != wanted {
        assert!(begun.elapsed() < PATIENCE, "{shown:?}, not {wanted:?}");
        let mut frame = fixture.elsewhere.next().await.expect("an event");
        let (name, data) = (frame["event"].take(), &mut frame["data"]);
        if name == "notification" {
            shown = (data["unread"].take(), data["message"].take());
        } else if name == "unread_changed" {
            let message = data["last_message"]["message"].take();
            shown = (data["unread"].take(), message);
        }
    }
}

#[actix_rt::test]
async fn the_dialects_of_others_have_no_word_for_it() {
    let mut fixture = Fixture::new().await;
    let mut stoory = SocketIoClient::stoory(&fixture.bob).await;
    let mut lola = SocketIoClient::lola(&fixture.bob).await;
    fixture.mark(10).await;
    fixture.delete(10).await;
    assert!(!fixture.told().await.is_empty());
    for client in [&mut stoory, &mut lola] {
        let heard = client.drain().await;
        let heard = serde_json::to_string(&heard).expect("JSON");
        assert!(!heard.contains("unread_changed"), "{heard}");
        assert!(!heard.contains("unread-changed"), "{heard}");
    }
}

#[tokio::test]
async fn who_was_removed_is_told_nothing_more() {
    let mut fixture = Fixture::new().await;
    fixture.mark(5).await;
    let path = format!("/api/v1/conversations/{}/participants/bob", fixture.id);
    fixture.alice.delete(&path).await.expect_status(204);
    fixture.told().await;
    fixture.edit(10, "not for Bob").await;
    assert!(fixture.told().await.is_empty(), "he takes no part");
}
