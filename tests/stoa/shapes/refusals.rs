//! The body of each refusal, by its stable code. Those of deals are beside this.

use diesel::connection::SimpleConnection;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use super::json::Json;
use super::native::People;
use super::recording_client::{ClientDialect, RecordingClient};
use super::snapshot_file::{SnapshotFile, titled};
use crate::client::{Answer, Person};
use crate::raw_http::{begun, end_of};
use crate::servers::Alone;
use crate::socketio_chat::endpoint;
use crate::test_app::{TestApp, fresh_database};

/// Asks, and keeps the refusal. A line is `who | code | note | method and path | body`; `$` stands for a conversation.
pub async fn refused(
    snapshots: &mut SnapshotFile,
    who: impl Fn(&str) -> Person,
    conversation: &str,
    lines: &str,
) {
    for line in lines.lines().filter(|line| !line.is_empty()) {
        let line = line.replace('$', conversation);
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        let [name, code, note, request, body] = parts[..] else {
            panic!("{line}");
        };
        let body = (!body.is_empty()).then(|| body.to_owned());
        let asked = asked(&who(name), request, body, &[]).await;
        snapshots.keep_answer(titled(code, note), &asked.expect_code(code));
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
ann | UNREACHABLE | | POST /api/v1/conversations | {"kind":"direct","participants":[{"user_id":"silent"}]}
ann | NOT_STAFF | | GET /api/v1/businesses/salon/staff |
ann | BUSINESS_NOT_FOUND | | GET /api/v1/businesses/nobody |
ann | SUBJECT_NOT_FOUND | | GET /api/v1/subjects/job/nothing |
platform | EVENT_NOT_FOUND | | GET /api/v1/webhooks/events/evt_0192f0c000007000800000000000/attempts |
ann | ORDER_NOT_FOUND | | POST /sandbox/checkout/order_1 | {"outcome":"success"}
"#;

/// The refusals of a request's body and headers.
async fn of_bodies(snapshots: &mut SnapshotFile, ann: &Person) {
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
        snapshots.keep_answer(code, &answer.expect_code(code));
    }
}

/// What participants are told of a conversation where they may not, or not any more.
async fn of_participants(snapshots: &mut SnapshotFile, all: &People, conversation: &str) {
    let at = format!("/api/v1/conversations/{conversation}");
    let sent = json!({ "body": "one", "client_id": "c-1" });
    let said = all.ann.post(&format!("{at}/messages"), sent).await;
    said.expect_status(201);
    let lines = r#"ann | CONFLICT | | POST /api/v1/conversations/$/messages | {"body":"other","client_id":"c-1"}"#;
    refused(snapshots, all.by_name(), conversation, lines).await;
    let (ann, bob) = (&all.ann, format!("{at}/participants/bob"));
    let slow = |seconds: u16| json!({ "slow_seconds": seconds });
    ann.patch(&at, slow(3_600)).await.expect_status(200);
    all.bob.say(conversation, "once").await;
    says(snapshots, all, conversation, "bob", "SLOW_MODE").await;
    ann.patch(&at, slow(0)).await.expect_status(200);
    let muted = json!({ "muted": true });
    let blocked = json!({ "muted": false, "blocked": true });
    for (change, code) in [(muted, "MUTED"), (blocked, "BLOCKED")] {
        ann.patch(&bob, change).await.expect_status(200);
        says(snapshots, all, conversation, "bob", code).await;
    }
    let cara = format!("{at}/participants/cara");
    all.cara.delete(&cara).await.expect_status(204);
    says(snapshots, all, conversation, "cara", "NOT_A_PARTICIPANT").await;
    let closed = ann.patch(&at, json!({ "status": "closed" })).await;
    closed.expect_status(200);
    says(snapshots, all, conversation, "ann", "CONVERSATION_CLOSED").await;
}

/// Somebody who may not says something.
async fn says(
    snapshots: &mut SnapshotFile,
    all: &People,
    conversation: &str,
    who: &str,
    code: &str,
) {
    let send = "POST /api/v1/conversations/$/messages";
    let line = format!("{who} | {code} | | {send} | {{\"body\":\"Hello\"}}");
    refused(snapshots, all.by_name(), conversation, &line).await;
}

/// The same object in each dialect: as an acknowledgement of a socket, and where a Socket.IO client may not connect.
async fn of_sockets(snapshots: &mut SnapshotFile, all: &People, conversation: &str) {
    for (dialect, event) in [
        (ClientDialect::Native, "join_conversation"),
        (ClientDialect::Stoory, "join_conversation"),
        (ClientDialect::Lola, "chat:join-room"),
    ] {
        let dora = all.app.person("dora").await;
        let mut ear = RecordingClient::open(&dora, dialect).await;
        let joined = ear.join(conversation).await;
        snapshots.keep(format!("ack {event} ({dialect:?}, refused)"), &joined.shape);
        let unknown = ear.call("nonsense", json!({})).await;
        snapshots.keep(format!("ack nonsense ({dialect:?})"), &unknown.shape);
    }
    let stranger = Person::new(all.app.addresses(), "ann", "nonsense".to_owned());
    for dialect in [ClientDialect::Stoory, ClientDialect::Lola] {
        let (_, told) = RecordingClient::greeted(&stranger, dialect).await;
        snapshots.keep(format!("CONNECT ({dialect:?}, refused)"), &told);
    }
    let mut wire = endpoint(all.app.address).wire().await;
    wire.send("40/elsewhere,{}").await;
    snapshots.keep(
        "CONNECT (no such namespace)",
        &Json::text(wire.text().await),
    );
    let mut native = RecordingClient::native(all.app.address, None).await;
    native
        .send_raw(Message::text(r#"{"event":"user_status","id":"x"}"#))
        .await;
    native.hear(snapshots, "error", "an id that is none").await;
}

#[tokio::test]
async fn by_code() {
    let all = People::with(&["--allowed-origins", "https://app.example"]).await;
    let conversation = all.app.group(&all.ann, &[&all.bob, &all.cara]).await;
    let nobody = json!({ "accept": "nobody" });
    let silent = all.app.person("silent").await;
    silent.put("/api/v1/me/privacy", nobody).await;
    crate::businesses::business(&all.platform, "salon").await;
    let mut snapshots = SnapshotFile::new("refusals");
    refused(&mut snapshots, all.by_name(), &conversation, OF_REQUESTS).await;
    of_bodies(&mut snapshots, &all.ann).await;
    of_sockets(&mut snapshots, &all, &conversation).await;
    of_participants(&mut snapshots, &all, &conversation).await;
    // What is locked takes too long, as a query that matches too much does.
    let mut locking = all.app.connection();
    let lock = "begin; lock table search_docs";
    locking.batch_execute(lock).expect("a lock");
    let line = "ann | SEARCH_TOO_BROAD | | GET /api/v1/search?q=hello |";
    refused(&mut snapshots, all.by_name(), &conversation, line).await;
    drop(locking);
    let lose = "alter table users rename column name to lost";
    all.app
        .connection()
        .batch_execute(lose)
        .expect("a column lost");
    let line = "ann | INTERNAL | | GET /api/v1/users/bob |";
    refused(&mut snapshots, all.by_name(), &conversation, line).await;
    snapshots.close();
}

/// Refusals of servers that have little of something, or are at a distance.
#[tokio::test]
async fn by_bounds() {
    let mut snapshots = SnapshotFile::new("refusals_of_bounds");
    let options = [
        "--body-seconds",
        "1",
        "--user-rate",
        "1",
        "--max-connections-per-user",
        "1",
    ];
    let app = TestApp::alone(Alone::Limits).with(&options).await;
    let ann = app.person("ann").await;
    let head = "POST /api/v1/webhooks/razorpay HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n";
    let told = end_of(&mut begun(app.address, head).await).await;
    let (_, body) = told.split_once("\r\n\r\n").expect("a body");
    assert!(body.contains("BODY_TOO_SLOW"), "{told}");
    snapshots.keep("BODY_TOO_SLOW", &Json::read(body));
    let _open = RecordingClient::open(&ann, ClientDialect::Native).await;
    let upgrade = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let full = asked(&ann, "GET /ws", None, &upgrade).await;
    snapshots.keep_answer("UNAVAILABLE", &full.expect_code("UNAVAILABLE"));
    let mut last = ann.get("/api/v1/me").await;
    while last.status == 200 {
        last = ann.get("/api/v1/me").await;
    }
    snapshots.keep_answer("RATE_LIMITED", &last.expect_code("RATE_LIMITED"));
    snapshots.close();
}

#[tokio::test]
async fn without_a_gateway() {
    let database = tokio::task::spawn_blocking(fresh_database).await;
    let options = ["--rate-limits", "off", "--search", "off"];
    let app = TestApp::bare(database.expect("a database"), &options).await;
    let platform = app.person_with("platform", &["service"]).await;
    for person in ["ines", "bela"] {
        app.person(person).await;
    }
    let mut snapshots = SnapshotFile::new("refusals_without_a_gateway");
    let creation = crate::deals::creation("bid-1");
    let answer = platform.post("/api/v1/conversations", creation).await;
    let code = "PAYMENTS_UNAVAILABLE";
    snapshots.keep_answer(code, &answer.expect_code(code));
    let (answer, code) = (
        platform.get("/api/v1/search?q=x").await,
        "SEARCH_UNAVAILABLE",
    );
    snapshots.keep_answer(code, &answer.expect_code(code));
    snapshots.close();
}

/// Who was signed out is told from when on a token counts.
#[tokio::test]
async fn signed_out() {
    let all = People::with(&[]).await;
    let path = "/api/v1/users/ann/sign-out";
    all.platform.post(path, json!({})).await.expect_status(200);
    let mut snapshots = SnapshotFile::new("refusals_of_the_signed_out");
    let line = "ann | UNAUTHENTICATED | signed out | GET /api/v1/me |";
    refused(&mut snapshots, all.by_name(), "", line).await;
    snapshots.close();
}
