//! A refused request changes nothing: the whole database is compared before and after each of them.

use diesel::prelude::*;
use diesel::sql_types::Text;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use crate::client::Person;
use crate::participants::{ask, path};
use crate::test_app::TestApp;

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn lines(connection: &mut PgConnection, query: &str) -> Vec<String> {
    let rows: Vec<Line> = diesel::sql_query(query).load(connection).unwrap();
    rows.into_iter().map(|row| row.line).collect()
}

/// Every row of every table, but for the server's own sign of life, and for when users were last seen, which moves with the end of a session.
fn dump(app: &TestApp) -> BTreeMap<String, Vec<String>> {
    let connection = &mut app.connection();
    let tables = "select table_name::text as line from information_schema.tables where table_schema = 'public' and table_name <> 'nodes'";
    let tables = lines(connection, tables).into_iter();
    let rows = |table: String| {
        let all = format!(
            "select (to_jsonb(t) - 'last_seen_at')::text as line from {table} t order by 1"
        );
        let found = lines(connection, &all);
        (table, found)
    };
    tables.map(rows).collect()
}

/// People by their names, and a conversation of each kind in which somebody is kept from something.
struct Fixture {
    app: TestApp,
    people: BTreeMap<&'static str, Person>,
    names: Vec<(&'static str, String)>,
}

const PEOPLE: [&str; 11] = [
    "owner", "member", "muted", "blocked", "left", "removed", "stranger", "victim", "evil", "bela",
    "ines",
];

impl Fixture {
    async fn new() -> Self {
        // Without jobs nobody follows the feed, so that its rows stay and only requests write.
        let app = TestApp::with(&["--rate-limits", "off", "--jobs", "off"]).await;
        let mut people = BTreeMap::new();
        for name in PEOPLE {
            people.insert(name, app.person(name).await);
        }
        let platform = app.person_with("platform", &["service"]).await;
        people.insert("platform", platform);
        let mut fixture = Self {
            app,
            people,
            names: Vec::new(),
        };
        fixture.groups().await;
        fixture.directs().await;
        fixture
    }

    fn by(&self, name: &str) -> &Person {
        &self.people[name]
    }

    async fn groups(&mut self) {
        let insiders = ["member", "muted", "blocked", "left", "removed"];
        let others: Vec<&Person> = insiders.iter().map(|name| self.by(name)).collect();
        let (owner, left) = (self.by("owner"), self.by("left"));
        let group = self.app.group(owner, &others).await;
        let message = owner.say(&group, "said").await["id"].clone();
        let sent = json!({ "body": "once", "client_id": "known" });
        let sent = owner.post(&path(&group, "/messages"), sent).await;
        let deleted = format!("/api/v1/messages/{}", sent.body["id"].as_str().unwrap());
        owner.delete(&deleted).await.expect_status(200);
        for name in ["muted", "blocked"] {
            let path = path(&group, &format!("/participants/{name}"));
            owner
                .patch(&path, json!({ name: true }))
                .await
                .expect_status(200);
        }
        let removed = path(&group, "/participants/removed");
        owner.delete(&removed).await.expect_status(204);
        let gone = path(&group, "/participants/left");
        left.delete(&gone).await.expect_status(204);
        let back = json!({ "user_id": "left" });
        let back = owner.post(&path(&group, "/participants"), back).await;
        back.expect_status(200);
        left.delete(&gone).await.expect_status(204);
        let other = self.app.group(owner, &[self.by("member")]).await;
        let closed = self.app.group(owner, &[self.by("member")]).await;
        let status = json!({ "status": "closed" });
        owner
            .patch(&path(&closed, ""), status)
            .await
            .expect_status(200);
        let deal = ask(self.by("platform"), crate::deals::creation("b1")).await;
        let deal = deal.expect_status(201).body["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let message = message.as_str().unwrap().to_owned();
        self.names
            .extend([("$m", message), ("$deleted", deleted), ("$other", other)]);
        self.names
            .extend([("$g", group), ("$closed", closed), ("$d", deal)]);
    }

    /// The victim blocks evil and leaves; Stella, who is muted, leaves as well.
    async fn directs(&mut self) {
        let (victim, evil) = (self.by("victim"), self.by("evil"));
        let (member, muted) = (self.by("member"), self.by("muted"));
        let direct = self.app.direct(evil, victim).await;
        evil.say(&direct, "buy!").await;
        for (by, id, other, change) in [
            (victim, &direct, evil, json!({ "blocked": true })),
            (
                member,
                &self.app.direct(member, muted).await,
                muted,
                json!({ "muted": true }),
            ),
        ] {
            let path = |who: &Person| path(id, &format!("/participants/{}", who.id));
            by.patch(&path(other), change).await.expect_status(200);
            by.delete(&path(by)).await.expect_status(204);
        }
        self.names.push(("$x", direct));
    }

    fn filled(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        // The longer name first, where one begins with the other.
        let mut names = self.names.clone();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        for (name, value) in names {
            filled = filled.replace(name, &value);
        }
        filled
    }
}

/// Who asks, the code of the refusal, method, path and body; what is not begun with a slash is below `/api/v1`.
const REQUESTS: &str = r#"
stranger CONVERSATION_NOT_FOUND POST conversations/$g/messages {"body":"x"}
blocked BLOCKED POST conversations/$g/messages {"body":"x"}
muted MUTED POST conversations/$g/messages {"body":"x"}
left NOT_A_PARTICIPANT POST conversations/$g/messages {"body":"x"}
removed NOT_A_PARTICIPANT POST conversations/$g/messages {"body":"x"}
member CONVERSATION_CLOSED POST conversations/$closed/messages {"body":"x"}
owner CONFLICT POST conversations/$g/messages {"body":"other","client_id":"known"}
owner MESSAGE_NOT_FOUND POST conversations/$other/messages {"body":"x","reply_to":"$m"}
member FORBIDDEN POST conversations/$g/messages {"body":"x","kind":"system"}
member FORBIDDEN POST conversations/$g/messages {"body":"x","audience_role":"owner"}
member IDENTITY_MISMATCH POST conversations/$g/messages {"body":"x","sender_id":"owner"}
platform USER_NOT_FOUND POST conversations/$g/messages {"body":"x","sender_id":"nobody"}
bela CHAT_NOT_ALLOWED POST conversations/$d/messages {"body":"x"}
member FORBIDDEN PATCH messages/$m {"body":"mine now"}
muted MUTED PATCH messages/$m {"body":"mine now"}
blocked BLOCKED DELETE messages/$m {}
member FORBIDDEN DELETE messages/$m {}
owner CONFLICT PATCH $deleted {"body":"back"}
blocked BLOCKED POST conversations/$g/seen {"seq":3}
stranger CONVERSATION_NOT_FOUND POST conversations/$g/delivered {"seq":3}
platform NOT_A_PARTICIPANT POST conversations/$g/seen {"seq":3}
member FORBIDDEN PATCH conversations/$g {"title":"mine","status":"closed"}
blocked BLOCKED PATCH conversations/$g {"title":"mine"}
member FORBIDDEN POST conversations/$g/participants {"user_id":"stranger"}
owner USER_NOT_FOUND POST conversations/$g/participants {"user_id":"nobody"}
owner FORBIDDEN POST conversations/$g/participants {"user_id":"left"}
left NOT_A_PARTICIPANT POST conversations/$g/participants {"user_id":"left"}
evil BLOCKED POST conversations/$x/participants {"user_id":"victim"}
victim NOT_A_PARTICIPANT POST conversations/$x/participants {"user_id":"evil"}
member FORBIDDEN PATCH conversations/$g/participants/muted {"muted":false}
member FORBIDDEN PATCH conversations/$g/participants/member {"role":"owner"}
blocked BLOCKED PATCH conversations/$g/participants/blocked {"blocked":false}
owner PARTICIPANT_NOT_FOUND PATCH conversations/$g/participants/left {"role":"owner"}
member FORBIDDEN DELETE conversations/$g/participants/muted {}
owner PARTICIPANT_NOT_FOUND DELETE conversations/$g/participants/left {}
evil BLOCKED DELETE conversations/$x/participants/victim {}
evil BLOCKED POST conversations {"kind":"direct","participants":[{"user_id":"victim"}]}
evil BLOCKED POST conversations {"kind":"direct","participants":[{"user_id":"victim"}],"first_message":{"body":"buy!"}}
evil FORBIDDEN POST conversations {"kind":"direct","participants":[{"user_id":"victim","role":"influencer"}],"role":"brand_owner","flow":{"name":"campaign"}}
owner CONFLICT POST conversations {"kind":"group","participants":[{"user_id":"member"}],"first_message":{"body":"other","client_id":"known"}}
owner MESSAGE_NOT_FOUND POST conversations {"kind":"group","participants":[{"user_id":"member"}],"first_message":{"body":"x","reply_to":"$m"}}
owner UNPROCESSABLE POST conversations {"kind":"direct","participants":[{"user_id":"owner"}]}
owner USER_NOT_FOUND POST conversations {"kind":"group","participants":[{"user_id":"member"},{"user_id":"nobody"}]}
owner FORBIDDEN POST conversations {"kind":"group","participants":[{"user_id":"member"}],"subject":{"type":"bid","id":"b9","title":"FORGED"}}
bela FORBIDDEN POST conversations {"kind":"group","role":"brand_owner","participants":[{"user_id":"ines","role":"influencer"}],"subject":{"type":"bid","id":"b1"},"flow":{"name":"campaign"}}
platform CONFLICT POST conversations {"kind":"group","title":"Other","participants":[{"user_id":"bela","role":"brand_owner"},{"user_id":"ines","role":"influencer"}],"subject":{"type":"bid","id":"b1","title":"Other"},"flow":{"name":"campaign"}}
platform INVALID_REQUEST POST conversations {"kind":"group","title":"Other","participants":[{"user_id":"bela","role":"a"},{"user_id":"ines","role":"b"}],"subject":{"type":"bid","id":"b1","title":"Other"},"flow":{"name":"bid"}}
platform CONFLICT POST conversations {"kind":"direct","participants":[{"user_id":"evil","role":"brand_owner"},{"user_id":"victim","role":"influencer"}],"flow":{"name":"bid"}}
bela FORBIDDEN POST conversations/$d/flow/actions/accept_connection {}
ines FLOW_STATE_INVALID POST conversations/$d/flow/actions/accept_connection {"state_version":99}
ines ACTION_NOT_FOUND POST conversations/$d/flow/actions/nonsense {}
stranger CONVERSATION_NOT_FOUND POST conversations/$d/flow/actions/accept_connection {}
member FORBIDDEN PUT users/member {"name":"other"}
evil BLOCKED POST /api/messages/direct-connect {"target_user_id":"victim","initial_message":"buy!"}
evil BLOCKED POST /api/messages/direct-connect {"target_user_id":"victim"}
evil BLOCKED POST /api/messages/send {"receiver_id":"victim","message":"buy!"}
muted MUTED POST /api/messages/send {"receiver_id":"member","message":"hello"}
blocked BLOCKED POST /api/messages/send {"conversation_id":"$g","message":"hello"}
member PARTICIPANT_NOT_FOUND POST /api/messages/send {"conversation_id":"$g","receiver_id":"stranger","message":"hello"}
blocked BLOCKED POST /api/messages/conversations/$g/seen {}
bela FORBIDDEN POST /api/messages/conversations/$d/button-click {"button_id":"accept_connection"}
ines INVALID_REQUEST POST /api/messages/conversations/$d/text-input {"text":"nonsense","input_type":"nonsense"}
"#;

/// Who asks, the code of the refusal, the event and its payload.
const EVENTS: &str = r#"
stranger CONVERSATION_NOT_FOUND join_conversation {"conversation_id":"$g"}
blocked BLOCKED join_conversation {"conversation_id":"$g","after":0}
stranger CONVERSATION_NOT_FOUND send_message {"conversation_id":"$g","body":"x"}
muted MUTED send_message {"conversation_id":"$g","body":"x"}
evil BLOCKED send_message {"conversation_id":"$x","body":"x"}
victim NOT_A_PARTICIPANT send_message {"conversation_id":"$x","body":"x"}
owner CONFLICT send_message {"conversation_id":"$g","body":"other","client_id":"known"}
owner MESSAGE_NOT_FOUND send_message {"conversation_id":"$other","body":"x","reply_to":"$m"}
member FORBIDDEN edit_message {"conversation_id":"$g","message_id":"$m","body":"mine now"}
member FORBIDDEN delete_message {"conversation_id":"$g","message_id":"$m"}
blocked BLOCKED delete_message {"conversation_id":"$g","message_id":"$m"}
member FORBIDDEN pin_message {"conversation_id":"$g","message_id":"$m"}
muted MUTED react {"conversation_id":"$g","message_id":"$m","emoji":"👍"}
member INVALID_REQUEST react {"conversation_id":"$g","message_id":"$m","emoji":"no"}
blocked BLOCKED mark_seen {"conversation_id":"$g","seq":3}
removed NOT_A_PARTICIPANT mark_delivered {"conversation_id":"$g","seq":3}
bela FLOW_STATE_INVALID flow_action {"conversation_id":"$d","action":"accept_connection","state_version":1}
ines FLOW_STATE_INVALID flow_action {"conversation_id":"$d","action":"accept_connection","state_version":99}
member INVALID_REQUEST user_status {"status":"offline"}
"#;

fn rows(table: &str, columns: usize) -> Vec<Vec<&str>> {
    let lines = table.lines().filter(|line| !line.is_empty());
    lines
        .map(|line| line.splitn(columns, ' ').collect())
        .collect()
}

#[tokio::test]
async fn a_refused_request_changes_nothing() {
    let fixture = Fixture::new().await;
    let mut before = dump(&fixture.app);
    for row in rows(REQUESTS, 5) {
        let [name, code, method, address, body] = row[..] else {
            panic!("{row:?}");
        };
        let address = match fixture.filled(address) {
            whole if whole.starts_with('/') => whole,
            below => format!("/api/v1/{below}"),
        };
        let body = Some(fixture.filled(body));
        let answer = fixture.by(name).request(method, &address, body, &[]).await;
        assert_eq!(answer.body["error_code"], code, "{row:?}: {answer:?}");
        assert_eq!(dump(&fixture.app), before, "{row:?}");
    }
    for row in rows(EVENTS, 4) {
        let [name, code, event, payload] = row[..] else {
            panic!("{row:?}");
        };
        let payload: Value = serde_json::from_str(&fixture.filled(payload)).unwrap();
        let mut socket = fixture.by(name).socket().await;
        let refused = socket.call(event, payload).await.unwrap_err();
        assert_eq!(refused["error_code"], code, "{row:?}");
        assert_eq!(dump(&fixture.app), before, "{row:?}");
    }
    let group = fixture.filled("$g");
    fixture.by("owner").say(&group, "this is no refusal").await;
    assert_ne!(dump(&fixture.app), before, "the dump sees what changes");
    before = dump(&fixture.app);
    let wanted = json!({ "kind": "direct", "participants": [{ "user_id": "evil" }] });
    let back = ask(fixture.by("victim"), wanted).await.expect_status(200);
    assert_eq!(back.body["id"], fixture.filled("$x").as_str());
    assert_ne!(dump(&fixture.app), before, "who left may come back");
}

#[tokio::test]
async fn an_owner_brings_back_once_who_left_and_the_platform_always() {
    let app = TestApp::start().await;
    let (owner, member) = (app.person("owner").await, app.person("member").await);
    let platform = app.person_with("platform", &["service"]).await;
    let id = app.group(&owner, &[&member]).await;
    let leave = path(&id, "/participants/member");
    let back = async |by: &Person| {
        let whom = json!({ "user_id": "member" });
        by.post(&path(&id, "/participants"), whom).await
    };
    member.delete(&leave).await.expect_status(204);
    back(&owner).await.expect_status(200);
    member.delete(&leave).await.expect_status(204);
    for _ in 0..2 {
        let refused = back(&owner).await.expect_status(403);
        refused.expect_code("FORBIDDEN");
    }
    back(&platform).await.expect_status(200);
    owner.delete(&leave).await.expect_status(204);
    back(&owner).await.expect_status(200);
    assert_eq!(member.get(&path(&id, "")).await.status, 200);
}
