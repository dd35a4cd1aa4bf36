//! One table of every endpoint and event, and what each kind of caller is answered. Nothing is missing from it. The events of the
//! Lola dialect have a table of their own (`lola/access.rs`).

mod of_dialects;
mod platform_holes;
mod stoory;
mod tables;

use serde_json::{Value, json};
use std::collections::BTreeSet;

use tables::{ENDPOINTS, SOCKET};

use crate::client::{Person, Socket};
use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::TestApp;

/// The columns of both tables.
const CALLERS: [&str; 9] = [
    "stranger", "blocked", "muted", "left", "removed", "member", "owner", "support", "service",
];

/// What stands for what in the cells; a number is the status of a success, `ok` a successful acknowledgement.
const LEGEND: [(&str, u16, &str); 21] = [
    ("nofile", 404, "FILE_NOT_FOUND"),
    ("noconv", 404, "CONVERSATION_NOT_FOUND"),
    ("nomsg", 404, "MESSAGE_NOT_FOUND"),
    ("noflow", 404, "FLOW_NOT_FOUND"),
    ("nodef", 404, "FLOW_DEFINITION_NOT_FOUND"),
    ("nouser", 404, "USER_NOT_FOUND"),
    ("nosubject", 404, "SUBJECT_NOT_FOUND"),
    ("nostaff", 403, "NOT_STAFF"),
    ("noevent", 404, "EVENT_NOT_FOUND"),
    ("noroute", 404, "ROUTE_NOT_FOUND"),
    ("block", 403, "BLOCKED"),
    ("mute", 403, "MUTED"),
    ("out", 403, "NOT_A_PARTICIPANT"),
    ("forbid", 403, "FORBIDDEN"),
    ("two", 422, "UNPROCESSABLE"),
    ("401", 401, "UNAUTHENTICATED"),
    ("-noconv", 400, "CONVERSATION_NOT_FOUND"),
    ("-block", 400, "BLOCKED"),
    ("-mute", 400, "MUTED"),
    ("-out", 400, "NOT_A_PARTICIPANT"),
    ("wrong", 400, "INVALID_REQUEST"),
];

/// A row of a table: what is asked for, a cell for each caller, the payload.
pub struct Row {
    pub head: String,
    pub cells: Vec<String>,
    payload: String,
}

impl Row {
    /// The payload as the body of a request; `None` for one without a body.
    pub fn body(&self) -> Option<String> {
        Some(self.payload.clone()).filter(|payload| !payload.is_empty())
    }
}

pub fn rows(table: &str) -> Vec<Row> {
    let lines = table.lines().filter(|line| !line.trim().is_empty());
    let row = |line: &str| {
        let parts: Vec<&str> = line.splitn(3, '|').collect();
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        let cells: Vec<String> = words(parts[1]);
        assert_eq!(cells.len(), CALLERS.len(), "{line}");
        let head: Vec<String> = words(parts[0]);
        Row {
            head: head.join(" "),
            cells,
            payload: parts[2].trim().to_owned(),
        }
    };
    lines.map(row).collect()
}

/// A conversation with everybody of the table, as they stand to it.
pub struct Fixture {
    pub app: TestApp,
    pub conversation: String,
    /// A file that the other user has sent there.
    file: String,
    other: Person,
    pub people: Vec<Person>,
}

impl Fixture {
    pub async fn new() -> Self {
        Self::on(TestApp::start().await).await
    }

    pub async fn on(app: TestApp) -> Self {
        let mut people = Vec::new();
        for name in CALLERS {
            let roles: &[&str] = match name {
                "support" | "service" => &[name],
                _ => &[],
            };
            people.push(app.person_with(name, roles).await);
        }
        let other = app.person("other").await;
        let named = |name: &str| &people[CALLERS.iter().position(|c| *c == name).unwrap()];
        let insiders = ["blocked", "muted", "left", "removed", "member"].map(named);
        let owner = named("owner");
        let wanted = [&insiders[..], &[&other]].concat();
        let conversation = app.group(owner, &wanted).await;
        let file = shown_file(&other, &conversation).await;
        let path = format!("/api/v1/conversations/{conversation}/participants");
        for (who, change) in [("blocked", "blocked"), ("muted", "muted")] {
            let path = format!("{path}/{who}");
            let changed = owner.patch(&path, json!({ change: true })).await;
            changed.expect_status(200);
        }
        named("left")
            .delete(&format!("{path}/left"))
            .await
            .expect_status(204);
        owner
            .delete(&format!("{path}/removed"))
            .await
            .expect_status(204);
        Self {
            app,
            conversation,
            file,
            other,
            people,
        }
    }

    fn owner(&self) -> &Person {
        let mut people = self.people.iter();
        people.find(|person| person.id == "owner").unwrap()
    }

    /// Brings the other user back if the last request sent them away.
    async fn bring_back(&self) {
        let path = format!("/api/v1/conversations/{}/participants", self.conversation);
        let back = self.owner().post(&path, json!({ "user_id": "other" }));
        back.await.expect_status(200);
    }

    /// A fresh message of the other user.
    pub async fn message(&self) -> String {
        self.bring_back().await;
        let message = self.other.say(&self.conversation, "of the other").await;
        message["id"].as_str().unwrap().to_owned()
    }

    async fn path(&self, pattern: &str) -> String {
        self.bring_back().await;
        let of_the_conversation = [
            ("/conversations/{id}", "/conversations/"),
            ("/conversation/{id}", "/conversation/"),
            ("/bids/{id}", "/bids/"),
            ("/campaigns/{id}", "/campaigns/"),
            ("/api/messages/{id}", "/api/messages/"),
        ];
        let mut pattern = pattern.to_owned();
        for (place, path) in of_the_conversation {
            pattern = pattern.replace(place, &format!("{path}{}", self.conversation));
        }
        if pattern.contains("/messages/{id}") {
            let message = format!("/messages/{}", self.message().await);
            pattern = pattern.replace("/messages/{id}", &message);
        }
        pattern
            .replace("/rooms/{id}", &format!("/rooms/{}", self.conversation))
            .replace("/users/{id}", "/users/other")
            .replace("{file_id}", &self.file)
            .replace("/businesses/{id}", "/businesses/shop")
            .replace("/subjects/{type}/{id}", "/subjects/job/7")
            .replace("/files/{id}", &format!("/files/{}", self.file))
            .replace(
                "/search",
                &format!("/search?q=hello&conversation_id={}", self.conversation),
            )
            .replace("{name}", "bid")
            .replace("{action}", "accept_connection")
            .replace("/events/{id}", "/events/evt_unknown")
            .replace("/events/{source}/{id}", "/events/shop/evt_unknown")
            .replace("{user_id}", "other")
            .replace("{emoji}", "%F0%9F%91%8D")
    }
}

/// Uploads a file and sends it; answers its id.
async fn shown_file(person: &Person, conversation: &str) -> String {
    let uploaded = person.request("POST", "/api/v1/files", Some("hello".to_owned()), &[]);
    let id = uploaded.await.expect_status(201).body["file_id"].clone();
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let shown = json!({ "attachments": [{ "file_id": id }] });
    person.post(&path, shown).await.expect_status(201);
    id.as_str().unwrap().to_owned()
}

/// What a cell asks for: status and code.
pub fn expected(cell: &str) -> (u16, Option<&'static str>) {
    match LEGEND.iter().find(|(name, ..)| *name == cell) {
        Some((_, status, code)) => (*status, Some(*code)),
        None => (cell.parse().unwrap_or(200), None),
    }
}

/// Asks each event of a table in a dialect of Socket.IO, as each person: it is answered as the table says.
pub async fn events_answer_as(
    fixture: &Fixture,
    table: &str,
    connect: impl AsyncFn(&Person) -> SocketIoClient,
) {
    let mut wrong = Vec::new();
    for row in rows(table) {
        for (person, cell) in fixture.people.iter().zip(&row.cells) {
            let message = fixture.message().await;
            let asked = payload(&row, &fixture.conversation, &message, "");
            let mut client = connect(person).await;
            let answer = client.ask(&row.head, asked).await;
            let told = answer["error_code"].as_str();
            let is_right = told == expected(cell).1 && answer["success"] == told.is_none();
            if !is_right {
                wrong.push(format!(
                    "{} as {}: {answer}, not {cell}",
                    row.head, person.id
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn every_endpoint_answers_everybody_as_the_table_says() {
    let fixture = Fixture::new().await;
    let mut wrong = Vec::new();
    for row in rows(ENDPOINTS) {
        let (method, pattern) = row.head.split_once(' ').unwrap();
        for (person, cell) in fixture.people.iter().zip(&row.cells) {
            let path = fixture.path(pattern).await;
            let payload = row.payload.replace("$c", &fixture.conversation);
            let body = Some(payload).filter(|payload| !payload.is_empty());
            let answer = person.request(method, &path, body, &[]).await;
            let told = (answer.status, answer.body["error_code"].as_str());
            if told != expected(cell) {
                wrong.push(format!(
                    "{} as {}: {told:?}, not {cell}",
                    row.head, person.id
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn without_a_token_every_endpoint_is_shut() {
    let fixture = Fixture::new().await;
    for row in rows(ENDPOINTS) {
        let (method, pattern) = row.head.split_once(' ').unwrap();
        let path = fixture.path(pattern).await;
        let url = format!("http://{}{path}", fixture.app.address);
        let method = method.parse().unwrap();
        let response = reqwest::Client::new()
            .request(method, url)
            .send()
            .await
            .unwrap();
        let wanted = if pattern.contains("/demo/") { 404 } else { 401 };
        assert_eq!(response.status().as_u16(), wanted, "{}", row.head);
        let told: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert_eq!(
            (told["success"].clone(), told["temporary"].clone()),
            (json!(false), json!(false))
        );
    }
}

#[tokio::test]
async fn no_endpoint_is_unlisted() {
    let app = TestApp::start().await;
    let document = app
        .person("reader")
        .await
        .get("/api/openapi.json")
        .await
        .expect_status(200)
        .body;
    let mut documented = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            documented.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    let listed: BTreeSet<String> = rows(ENDPOINTS).into_iter().map(|row| row.head).collect();
    let unlisted: Vec<_> = documented.symmetric_difference(&listed).collect();
    assert!(unlisted.is_empty(), "unlisted here, or gone: {unlisted:?}");
}

#[test]
fn no_event_is_unlisted() {
    let known: BTreeSet<String> = stoa::edge::native::decode::EVENTS.map(str::to_owned).into();
    let listed: BTreeSet<String> = rows(SOCKET).into_iter().map(|row| row.head).collect();
    let unlisted: Vec<_> = known.symmetric_difference(&listed).collect();
    assert!(unlisted.is_empty(), "unlisted here, or gone: {unlisted:?}");
}

pub fn payload(row: &Row, conversation: &str, message: &str, token: &str) -> Value {
    let filled = row
        .payload
        .replace("$c", conversation)
        .replace("$m", message)
        .replace("$token", token);
    serde_json::from_str(&filled).unwrap()
}

#[tokio::test]
async fn every_event_answers_everybody_as_the_table_says() {
    let fixture = Fixture::new().await;
    let mut wrong = Vec::new();
    for row in rows(SOCKET) {
        for (person, cell) in fixture.people.iter().zip(&row.cells) {
            let asked = payload(
                &row,
                &fixture.conversation,
                &fixture.message().await,
                &person.token,
            );
            let mut socket = person.socket().await;
            let answer = socket.call(&row.head, asked).await;
            let told = match &answer {
                Ok(_) => None,
                Err(error) => error["error_code"].as_str(),
            };
            if told != expected(cell).1 {
                wrong.push(format!(
                    "{} as {}: {answer:?}, not {cell}",
                    row.head, person.id
                ));
            }
            socket.close().await;
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn without_authentication_every_event_is_refused() {
    let fixture = Fixture::new().await;
    let message = fixture.message().await;
    for row in rows(SOCKET) {
        let asked = payload(&row, &fixture.conversation, &message, "nonsense");
        let mut socket = Socket::open(fixture.app.address, None).await.unwrap();
        let refused = socket.call(&row.head, asked).await.unwrap_err();
        assert_eq!(refused["error_code"], "UNAUTHENTICATED", "{}", row.head);
        if row.head == "authenticate" {
            assert_eq!(socket.closed().await, Some(4401), "a wrong token ends it");
        }
    }
}

#[tokio::test]
async fn a_stranger_learns_of_nothing_by_comparing_answers() {
    let fixture = Fixture::new().await;
    let stranger = &fixture.people[0];
    let mut socket = stranger.socket().await;
    let nowhere = "0192f0c0-0000-7000-8000-000000000001";
    for row in rows(SOCKET).iter().filter(|row| row.payload.contains("$c")) {
        let message = fixture.message().await;
        let real = payload(row, &fixture.conversation, &message, "");
        let none = payload(row, nowhere, &message, "");
        let answers = (
            socket.call(&row.head, real).await,
            socket.call(&row.head, none).await,
        );
        assert_eq!(answers.0, answers.1, "{}", row.head);
    }
    for row in rows(ENDPOINTS)
        .iter()
        .filter(|row| row.head.contains("/conversations/{id}") || row.head.contains("/rooms/{id}"))
    {
        let (method, pattern) = row.head.split_once(' ').unwrap();
        let body = Some(row.payload.clone()).filter(|payload| !payload.is_empty());
        let real = fixture.path(pattern).await;
        let none = real.replace(&fixture.conversation, nowhere);
        let real = stranger.request(method, &real, body.clone(), &[]).await;
        let none = stranger.request(method, &none, body, &[]).await;
        assert_eq!(
            (real.status, real.body),
            (none.status, none.body),
            "{}",
            row.head
        );
    }
}
