//! The native API over REST: people, conversations, messages, and what stands beside them.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};

use super::json::Json;
use super::native_annotations::annotations;
use super::native_businesses::{businesses, mine};
use super::recording_client::{ClientDialect, DIALECTS, RecordingClient};
use super::snapshot_file::SnapshotFile;
use crate::client::Person;
use crate::servers::Alone;
use crate::test_app::TestApp;

/// The id in an answer.
pub fn id(answer: &Value) -> String {
    answer["id"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"))
        .to_owned()
}

/// Everybody of a script.
pub struct People {
    pub app: TestApp,
    pub platform: Person,
    pub ann: Person,
    pub bob: Person,
    pub cara: Person,
}

impl People {
    pub async fn with(options: &[&str]) -> Self {
        Self::of(TestApp::with(&[&["--rate-limits", "off"], options].concat()).await).await
    }

    async fn of(app: TestApp) -> Self {
        Self {
            platform: app.person_with("platform", &["service"]).await,
            ann: app.person("ann").await,
            bob: app.person("bob").await,
            cara: app.person("cara").await,
            app,
        }
    }

    /// Finds one of them; a `stranger` has a token that is none.
    pub fn by_name(&self) -> impl Fn(&str) -> Person + '_ {
        |name| match name {
            "ann" => self.ann.clone(),
            "bob" => self.bob.clone(),
            "cara" => self.cara.clone(),
            "platform" => self.platform.clone(),
            _ => Person::new(self.app.addresses(), name, "nonsense".to_owned()),
        }
    }
}

const CONVERSATIONS: &str = "POST /api/v1/conversations";
pub const CONVERSATION: &str = "/api/v1/conversations/{id}";

async fn people(snapshots: &mut SnapshotFile, all: &People) {
    snapshots
        .ask(&all.ann, "GET /api/v1/me", &[], None, "")
        .await;
    let dora = json!({ "name": "Dora", "email": "dora@example.com", "avatar_url": "https://example.com/dora.png" });
    let put = "PUT /api/v1/users/{id}";
    snapshots
        .ask(&all.platform, put, &["dora"], Some(dora), "")
        .await;
    snapshots
        .ask(&all.platform, "GET /api/v1/users/{id}", &["dora"], None, "")
        .await;
    all.app.direct(&all.ann, &all.bob).await;
    snapshots
        .ask(
            &all.ann,
            "GET /api/v1/users/{id}",
            &["bob"],
            None,
            "of somebody met",
        )
        .await;
}

/// Whom somebody has blocked, and from whom they accept conversations.
async fn blocks(snapshots: &mut SnapshotFile, all: &People, group: &str) {
    let bob = format!("POST {CONVERSATION}/messages");
    let said = json!({ "body": "Of somebody who is blocked" });
    let accept = Some(json!({ "accept": "met" }));
    let ann = &all.ann;
    for line in ["GET", "PUT"] {
        let body = accept.clone().filter(|_| line == "PUT");
        let line = format!("{line} /api/v1/me/privacy");
        snapshots.ask(ann, &line, &[], body, "").await;
    }
    let block = "PUT /api/v1/blocks/{user_id}";
    snapshots.ask(ann, block, &["bob"], None, "").await;
    snapshots
        .ask(ann, "GET /api/v1/blocks", &[], None, "")
        .await;
    let note = "by somebody who is blocked";
    snapshots
        .ask(&all.bob, &bob, &[group], Some(said), note)
        .await;
    let page = format!("GET {CONVERSATION}/messages?limit=1");
    let note = "of somebody who is blocked";
    snapshots.ask(ann, &page, &[group], None, note).await;
    let unblock = "DELETE /api/v1/blocks/{user_id}";
    snapshots.ask(ann, unblock, &["bob"], None, "").await;
}

/// Conversations of every kind; answers the group.
async fn conversations(snapshots: &mut SnapshotFile, all: &People) -> String {
    let direct = json!({ "kind": "direct", "participants": [{ "user_id": "cara" }], "first_message": { "body": "Hello" } });
    for note in ["direct, new", "direct, there already"] {
        snapshots
            .ask(&all.ann, CONVERSATIONS, &[], Some(direct.clone()), note)
            .await;
    }
    let about = json!({ "kind": "group", "title": "Kitchen", "participants": [{ "user_id": "ann" }, { "user_id": "bob", "role": "seller" }],
        "subject": { "type": "job", "id": "42", "title": "Kitchen", "url": "https://example.com/42", "data": { "rooms": [1, 2.5] } } });
    snapshots
        .ask(
            &all.platform,
            CONVERSATIONS,
            &[],
            Some(about),
            "about a subject",
        )
        .await;
    let group = json!({ "kind": "group", "title": "Everybody", "participants": [{ "user_id": "bob" }, { "user_id": "cara" }] });
    let group = id(&snapshots
        .ask(&all.ann, CONVERSATIONS, &[], Some(group), "group")
        .await);
    snapshots
        .ask(
            &all.bob,
            &format!("GET {CONVERSATION}"),
            &[&group],
            None,
            "",
        )
        .await;
    group
}

/// What is said in the group; answers the first and the last message.
async fn messages(snapshots: &mut SnapshotFile, all: &People, group: &str) -> [String; 2] {
    let line = format!("POST {CONVERSATION}/messages");
    let plain = json!({ "body": "First", "client_id": "c-1" });
    let ann = &all.ann;
    let first = id(&snapshots
        .ask(ann, &line, &[group], Some(plain), "plain")
        .await);
    let whole = json!({ "body": "Second", "reply_to": first, "context": { "page": 3, "of": ["a", null] },
        "attachments": [{ "url": "https://example.com/a.png", "name": "a.png", "type": "image/png", "size": 1234 }, { "url": "https://example.com/b" }] });
    let system = json!({ "body": "Said by the platform", "kind": "system" });
    let last = json!({ "body": "Third", "client_id": "c-3" });
    let mut newest = String::new();
    for (person, body, note) in [
        (&all.bob, whole, "with everything"),
        (&all.platform, system, "of the system"),
        (ann, last, "to be deleted"),
    ] {
        newest = id(&snapshots
            .ask(person, &line, &[group], Some(body), note)
            .await);
    }
    [first, newest]
}

/// What becomes of messages, and how they are read.
async fn changes(
    snapshots: &mut SnapshotFile,
    all: &People,
    group: &str,
    [first, last]: &[String; 2],
) {
    let (message, ann) = ("/api/v1/messages/{id}", &all.ann);
    let edit = Some(json!({ "body": "First, edited" }));
    let line = format!("PATCH {message}");
    snapshots.ask(ann, &line, &[first], edit, "").await;
    let line = format!("DELETE {message}");
    snapshots.ask(ann, &line, &[last], None, "").await;
    let again = Some(json!({ "body": "First", "client_id": "c-1" }));
    let line = format!("POST {CONVERSATION}/messages");
    let note = "sent again after an edit";
    snapshots.ask(ann, &line, &[group], again, note).await;
    let line = format!("GET {message}/history");
    snapshots.ask(ann, &line, &[first], None, "").await;
    for (query, note) in [
        ("", "newest"),
        ("?limit=2&after=1", "a page with more behind it"),
        ("?limit=2&around=2", "around a seq"),
    ] {
        let line = format!("GET {CONVERSATION}/messages{query}");
        snapshots.ask(&all.cara, &line, &[group], None, note).await;
    }
}

async fn watermarks(snapshots: &mut SnapshotFile, all: &People, group: &str) {
    snapshots
        .ask(&all.cara, "GET /api/v1/unread", &[], None, "")
        .await;
    let page = "GET /api/v1/search?q=hello&limit=1";
    snapshots.ask(&all.cara, page, &[], None, "").await;
    for mark in ["delivered", "seen"] {
        let line = format!("POST {CONVERSATION}/{mark}");
        snapshots
            .ask(&all.cara, &line, &[group], Some(json!({ "seq": 3 })), "")
            .await;
    }
    snapshots
        .ask(&all.cara, "GET /api/v1/conversations", &[], None, "")
        .await;
    let page = "GET /api/v1/conversations?limit=1&kind=group";
    snapshots
        .ask(&all.ann, page, &[], None, "a page with more behind it")
        .await;
}

/// Who comes and goes, and the conversation's own fields.
async fn participants(snapshots: &mut SnapshotFile, all: &People, group: &str) {
    let people = format!("{CONVERSATION}/participants");
    let dora = json!({ "user_id": "dora", "role": "guest" });
    snapshots
        .ask(
            &all.ann,
            &format!("POST {people}"),
            &[group],
            Some(dora),
            "",
        )
        .await;
    let one = format!("{people}/{{user_id}}");
    let change = json!({ "role": "member", "muted": true });
    snapshots
        .ask(
            &all.ann,
            &format!("PATCH {one}"),
            &[group, "dora"],
            Some(change),
            "",
        )
        .await;
    snapshots
        .ask(
            &all.ann,
            &format!("DELETE {one}"),
            &[group, "dora"],
            None,
            "",
        )
        .await;
    let gone = format!("GET {people}?gone=true");
    snapshots
        .ask(&all.ann, &gone, &[group], None, "gone too")
        .await;
    let change = json!({ "title": "Fewer", "status": "archived" });
    snapshots
        .ask(
            &all.ann,
            &format!("PATCH {CONVERSATION}"),
            &[group],
            Some(change),
            "",
        )
        .await;
    snapshots
        .ask(
            &all.ann,
            &format!("GET {CONVERSATION}"),
            &[group],
            None,
            "with somebody who left",
        )
        .await;
}

#[tokio::test]
async fn rest() {
    let all = People::with(&[]).await;
    let mut snapshots = SnapshotFile::new("native_rest");
    people(&mut snapshots, &all).await;
    let group = conversations(&mut snapshots, &all).await;
    let said = messages(&mut snapshots, &all, &group).await;
    changes(&mut snapshots, &all, &group, &said).await;
    watermarks(&mut snapshots, &all, &group).await;
    annotations(&mut snapshots, &all, &group, &said[0]).await;
    blocks(&mut snapshots, &all, &group).await;
    participants(&mut snapshots, &all, &group).await;
    businesses(&mut snapshots, &all).await;
    mine(&mut snapshots, &all).await;
    let sign_out = "POST /api/v1/users/{id}/sign-out";
    snapshots
        .ask(&all.platform, sign_out, &["cara"], Some(json!({})), "")
        .await;
    snapshots.close();
}

#[tokio::test]
async fn operation() {
    let demo = ["--demo", "--demo-into-database", "--rate-limits", "off"];
    let all = People::of(TestApp::alone(Alone::Address).with(&demo).await).await;
    let mut snapshots = SnapshotFile::new("operation");
    for path in ["/healthz", "/readyz", "/readyz/node"] {
        snapshots
            .ask(&all.ann, &format!("GET {path}"), &[], None, "")
            .await;
    }
    snapshots
        .ask(&all.ann, "GET /api/v1/demo/people", &[], None, "")
        .await;
    snapshots.close();
}

#[tokio::test]
async fn the_document() {
    let all = People::with(&[]).await;
    let mut snapshots = SnapshotFile::new("openapi");
    snapshots
        .ask(&all.ann, "GET /api/openapi.json", &[], None, "")
        .await;
    snapshots.close();
}

/// What has an end is told so: unread messages are counted up to a number.
#[tokio::test]
async fn counts_that_end_early() {
    let all = People::with(&[]).await;
    let conversation = all.app.direct(&all.ann, &all.bob).await;
    let said = format!(
        "with c as (update conversations set last_seq = 1500 where id = '{conversation}' returning no)
        insert into messages (conversation_no, seq, sender_no, client_id, fingerprint, kind, body, created_at)
        select no, s, (select u.no from users u where u.id = 'ann'), 'm' || s, 1, 'user_input', 'said', now() from c, generate_series(1, 1500) s"
    );
    let mut connection = all.app.connection();
    connection.batch_execute(&said).expect("1,500 messages");
    let mut snapshots = SnapshotFile::new("counts_that_end_early");
    for path in ["v1/unread", "v1/conversations", "messages/unread-count"] {
        let line = format!("GET /api/{path}");
        snapshots.ask(&all.bob, &line, &[], None, "").await;
    }
    let mut ears = Vec::new();
    for dialect in DIALECTS {
        ears.push(RecordingClient::open(&all.bob, dialect).await);
    }
    all.ann.say(&conversation, "one more").await;
    for ear in &mut ears {
        let note = format!("{:?}", ear.dialect);
        let name = match ear.dialect {
            ClientDialect::Lola => "notification:new",
            _ => "notification",
        };
        ear.hear(&mut snapshots, name, &note).await;
        if ear.dialect == ClientDialect::Lola {
            let room = json!({ "conversationId": conversation });
            let joined = ear.call("chat:join-room", room).await.data;
            let kept = json!([joined["unread"], joined["unreadCapped"]]);
            snapshots.keep(
                "ack chat:join-room, unread and unreadCapped",
                &Json::read(&kept.to_string()),
            );
        }
    }
    snapshots.close();
}
