//! The body of each refusal, by its stable code. Those of deals are beside this.

use diesel::connection::SimpleConnection;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::album::{Album, titled};
use super::ear::{Ear, Language};
use super::json::Json;
use super::native::People;
use crate::client::{Answer, Person};
use crate::plain::{begun, end_of};
use crate::socketio_chat::door;
use crate::test_app::{TestApp, fresh_database};

/// Asks, and keeps the refusal. A line is `who | code | note | method and path | body`; `$` stands for a conversation.
pub async fn refused(album: &mut Album, who: impl Fn(&str) -> Person, place: &str, lines: &str) {
    for line in lines.lines().filter(|line| !line.is_empty()) {
        let line = line.replace('$', place);
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        let [name, code, note, request, body] = parts[..] else {
            panic!("{line}");
        };
        let body = (!body.is_empty()).then(|| body.to_owned());
        let asked = asked(&who(name), request, body, &[]).await;
        album.keep_answer(titled(code, note), &asked.expect_code(code));
    }
}

async fn asked(
    person: &Person,
    request: &str,
    body: Option<String>,
    headers: &[(&str, &str)],
) -> Answer {
    let (method, path) = request.split_once(' ').expect("a method and a path");
    person.request(method, path, body, headers).await
}

const CONVERSATIONS: &str = "POST /api/v1/conversations";

/// What anybody is told whose request is not of its form, or is for nothing that is there.
const OF_REQUESTS: &str = r#"
ann | INVALID_REQUEST | | POST /api/v1/conversations | {"kind":"group","participants":[{}]}
stranger | UNAUTHENTICATED | | GET /api/v1/me |
ann | FORBIDDEN | | PUT /api/v1/users/eve | {"name":"Eve"}
ann | IDENTITY_MISMATCH | | POST /api/v1/conversations/$/messages | {"sender_id":"bob","body":"x"}
ann | CONVERSATION_NOT_FOUND | | GET /api/v1/conversations/0192f0c0-0000-7000-8000-000000000000 |
ann | MESSAGE_NOT_FOUND | | DELETE /api/v1/messages/0192f0c0-0000-7000-8000-000000000000 |
ann | USER_NOT_FOUND | | GET /api/v1/users/nobody |
ann | PARTICIPANT_NOT_FOUND | | PATCH /api/v1/conversations/$/participants/nobody | {"muted":true}
ann | FLOW_NOT_FOUND | | GET /api/v1/conversations/$/flow |
ann | ROUTE_NOT_FOUND | | GET /api/v1/nothing |
ann | METHOD_NOT_ALLOWED | | PUT /api/v1/me | {}
ann | UNPROCESSABLE | | POST /api/v1/conversations | {"kind":"direct","participants":[{"user_id":"ann"}]}
platform | EVENT_NOT_FOUND | | GET /api/v1/events/evt_0192f0c000007000800000000000/attempts |
ann | ORDER_NOT_FOUND | | POST /sandbox/checkout/order_1 | {"outcome":"success"}
"#;

/// What is told of a request's body and headers.
async fn of_bodies(album: &mut Album, ann: &Person) {
    let large = format!("{{\"title\":\"{}\"}}", "x".repeat(200_000));
    let empty = || "{}".to_owned();
    let evil = [("origin", "https://evil.example")];
    let packed = [("content-encoding", "gzip")];
    let sandbox = "POST /sandbox/checkout/order_1";
    for (code, request, body, headers) in [
        ("ORIGIN_REFUSED", sandbox, empty(), &evil[..]),
        ("TOO_LARGE", CONVERSATIONS, large, &[]),
        ("ENCODING_NOT_SUPPORTED", CONVERSATIONS, empty(), &packed),
    ] {
        let answer = asked(ann, request, Some(body), headers).await;
        album.keep_answer(code, &answer.expect_code(code));
    }
}

/// What participants are told of a conversation where they may not, or not any more.
async fn of_participants(album: &mut Album, all: &People, place: &str) {
    let at = format!("/api/v1/conversations/{place}");
    let sent = json!({ "body": "one", "client_id": "c-1" });
    let said = all.ann.post(&format!("{at}/messages"), sent).await;
    said.expect_status(201);
    let lines = r#"ann | CONFLICT | | POST /api/v1/conversations/$/messages | {"body":"other","client_id":"c-1"}"#;
    refused(album, all.by_name(), place, lines).await;
    let (ann, bob) = (&all.ann, format!("{at}/participants/bob"));
    let muted = json!({ "muted": true });
    let blocked = json!({ "muted": false, "blocked": true });
    for (change, code) in [(muted, "MUTED"), (blocked, "BLOCKED")] {
        ann.patch(&bob, change).await.expect_status(200);
        says(album, all, place, "bob", code).await;
    }
    let cara = format!("{at}/participants/cara");
    all.cara.delete(&cara).await.expect_status(204);
    says(album, all, place, "cara", "NOT_A_PARTICIPANT").await;
    let closed = ann.patch(&at, json!({ "status": "closed" })).await;
    closed.expect_status(200);
    says(album, all, place, "ann", "CONVERSATION_CLOSED").await;
}

/// Somebody who may not says something.
async fn says(album: &mut Album, all: &People, place: &str, who: &str, code: &str) {
    let send = "POST /api/v1/conversations/$/messages";
    let line = format!("{who} | {code} | | {send} | {{\"body\":\"Hello\"}}");
    refused(album, all.by_name(), place, &line).await;
}

/// The same object in each language: as an acknowledgement of a socket, and where a Socket.IO client may not connect.
async fn of_sockets(album: &mut Album, all: &People, place: &str) {
    for (language, event) in [
        (Language::Native, "join_conversation"),
        (Language::Stoory, "join_conversation"),
        (Language::Lola, "chat:join-room"),
    ] {
        let dora = all.app.person("dora").await;
        let mut ear = Ear::open(&dora, language).await;
        let joined = ear.join(place).await;
        album.keep(
            format!("ack {event} ({language:?}, refused)"),
            &joined.shape,
        );
        let unknown = ear.call("nonsense", json!({})).await;
        album.keep(format!("ack nonsense ({language:?})"), &unknown.shape);
    }
    let stranger = Person::new(all.app.address, "ann", "nonsense".to_owned());
    for language in [Language::Stoory, Language::Lola] {
        let (_, told) = Ear::greeted(&stranger, language).await;
        album.keep(format!("CONNECT ({language:?}, refused)"), &told);
    }
    let mut wire = door(all.app.address).wire().await;
    wire.send("40/elsewhere,{}").await;
    album.keep(
        "CONNECT (no such namespace)",
        &Json::text(wire.text().await),
    );
    let mut native = Ear::native(all.app.address, None).await;
    native
        .send_raw(Message::text(r#"{"event":"user_status","id":"x"}"#))
        .await;
    native.hear(album, "error", "an id that is none").await;
}

#[tokio::test]
async fn by_code() {
    let all = People::with(&["--allowed-origins", "https://app.example"]).await;
    let place = all.app.group(&all.ann, &[&all.bob, &all.cara]).await;
    let mut album = Album::new("refusals");
    refused(&mut album, all.by_name(), &place, OF_REQUESTS).await;
    of_bodies(&mut album, &all.ann).await;
    of_sockets(&mut album, &all, &place).await;
    of_participants(&mut album, &all, &place).await;
    let lose = "alter table users rename column name to lost";
    all.app
        .connection()
        .batch_execute(lose)
        .expect("a column lost");
    let line = "ann | INTERNAL | | GET /api/v1/users/bob |";
    refused(&mut album, all.by_name(), &place, line).await;
    album.close();
}

/// Refusals of servers that have little of something, or are at a distance.
#[tokio::test]
async fn by_bounds() {
    let mut album = Album::new("refusals_of_bounds");
    let options = [
        "--body-seconds",
        "1",
        "--user-rate",
        "1",
        "--max-connections-per-user",
        "1",
    ];
    let app = TestApp::with(&options).await;
    let ann = app.person("ann").await;
    let head = "POST /api/v1/webhooks/razorpay HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n";
    let told = end_of(&mut begun(app.address, head).await).await;
    let (_, body) = told.split_once("\r\n\r\n").expect("a body");
    assert!(body.contains("BODY_TOO_SLOW"), "{told}");
    album.keep("BODY_TOO_SLOW", &Json::read(body));
    let _open = Ear::open(&ann, Language::Native).await;
    let upgrade = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let full = asked(&ann, "GET /ws", None, &upgrade).await;
    album.keep_answer("UNAVAILABLE", &full.expect_code("UNAVAILABLE"));
    let mut last = ann.get("/api/v1/me").await;
    while last.status == 200 {
        last = ann.get("/api/v1/me").await;
    }
    album.keep_answer("RATE_LIMITED", &last.expect_code("RATE_LIMITED"));
    album.close();
}

#[tokio::test]
async fn without_a_gateway() {
    let database = tokio::task::spawn_blocking(fresh_database).await;
    let options = ["--rate-limits", "off"];
    let app = TestApp::bare(database.expect("a database"), &options).await;
    let platform = app.person_with("platform", &["service"]).await;
    for person in ["ines", "bela"] {
        app.person(person).await;
    }
    let mut album = Album::new("refusals_without_a_gateway");
    let wish = crate::deals::wish("bid-1");
    let answer = platform.post("/api/v1/conversations", wish).await;
    let code = "PAYMENTS_UNAVAILABLE";
    album.keep_answer(code, &answer.expect_code(code));
    album.close();
}

/// Who was signed out is told from when on a token counts.
#[tokio::test]
async fn signed_out() {
    let all = People::with(&[]).await;
    let path = "/api/v1/users/ann/sign-out";
    all.platform.post(path, json!({})).await.expect_status(200);
    let mut album = Album::new("refusals_of_the_signed_out");
    let line = "ann | UNAUTHENTICATED | signed out | GET /api/v1/me |";
    refused(&mut album, all.by_name(), "", line).await;
    album.close();
}
