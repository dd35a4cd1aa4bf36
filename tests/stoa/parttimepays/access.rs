//! What each kind of caller is answered, over REST and over the socket, and that nobody acts for somebody else.

use serde_json::json;

use super::serving;
use crate::client::Person;
use crate::endpoint_access::{Fixture, events_answer_as, expected, payload, rows};
use crate::socketio_chat::client::SocketIoClient;

/// As the tables of `endpoint_access.rs`; `$c` is the conversation, `$m` a message of the other user.
pub const SOCKET: &str = r#"
join_conversation  | noconv block ok     out out ok     ok     ok     ok     | "$c"
leave_conversation | ok     ok    ok     ok  ok  ok     ok     ok     ok     | "$c"
typing_start       | noconv block mute   out out ok     ok     ok     ok     | "$c"
typing_stop        | noconv block mute   out out ok     ok     ok     ok     | "$c"
send_message       | noconv block mute   out out ok     ok     ok     ok     | {"conversationId":"$c","content":"hello","messageType":"text"}
add_reaction       | nomsg  block mute   out out ok     ok     ok     ok     | {"messageId":"$m","reactionType":"like"}
edit_message       | nomsg  block mute   out out forbid forbid forbid forbid | {"messageId":"$m","content":"mine now"}
"#;

/// The calls below one of the two prefixes.
const REST: &str = r#"
GET    /conversations                   | 200    200   200    200 200 200    200    200    200    |
POST   /conversations                   | 201    201   201    201 201 201    201    201    two    | {"participants":["other"]}
GET    /conversations/{id}/messages     | noconv block 200    out out 200    200    200    200    |
POST   /conversations/{id}/messages     | noconv block mute   out out 201    201    201    201    | {"content":"hello"}
PUT    /conversations/{id}/read         | noconv block 200    out out 200    200    out    out    |
GET    /conversations/{id}/participants | noconv block 200    out out 200    200    200    200    |
DELETE /conversations/{id}              | noconv block 200    out out 200    200    out    out    |
PUT    /messages/{id}                   | nomsg  block mute   out out forbid forbid forbid forbid | {"content":"mine now"}
POST   /messages/{id}/reactions         | nomsg  block mute   out out 200    200    200    200    | {"reactionType":"like"}
DELETE /messages/{id}                   | nomsg  block forbid out out forbid 200    200    200    |
GET    /search?q=hello                  | 200    200   200    200 200 200    200    200    200    |
GET    /unread-count                    | 200    200   200    200 200 200    200    200    200    |
"#;

async fn called(
    fixture: &Fixture,
    person: &Person,
    prefix: &str,
    (head, body): (&str, Option<String>),
) -> (u16, Option<String>) {
    let (method, pattern) = head.split_once(' ').expect("a method and a path");
    let mut path = format!("{prefix}{pattern}");
    if path.contains("/messages/messages/{id}") {
        let message = fixture.message().await;
        path = path.replace("{id}", &message);
    }
    let path = path.replace("{id}", &fixture.conversation);
    let answer = person.request(method, &path, body, &[]).await;
    let is_success = answer.status < 300;
    assert_eq!(answer.body["success"], is_success, "{head}: {answer:?}");
    assert!(is_success || answer.body["message"].is_string(), "{head}");
    let code = answer.body["error_code"].as_str().map(str::to_owned);
    (answer.status, code)
}

#[tokio::test]
async fn every_call_answers_everybody_as_the_table_says() {
    for prefix in ["/api/v1/messages", "/api/v1/v1/messages"] {
        let fixture = Fixture::on(serving().await).await;
        let mut wrong = Vec::new();
        for row in rows(REST) {
            for (person, cell) in fixture.people.iter().zip(&row.cells) {
                let body = row.body();
                let (status, code) = called(&fixture, person, prefix, (&row.head, body)).await;
                let (wanted, code_wanted) = expected(cell);
                // What is impossible is a bad request here, and what one may not know of is denied.
                let wanted = match (wanted, code_wanted) {
                    (422, _) => 400,
                    (_, Some("CONVERSATION_NOT_FOUND")) => 403,
                    (other, _) => other,
                };
                if (status, code.as_deref()) != (wanted, code_wanted) {
                    let told = (status, code);
                    wrong.push(format!(
                        "{} as {}: {told:?}, not {cell}",
                        row.head, person.id
                    ));
                }
            }
        }
        assert!(wrong.is_empty(), "{prefix}\n{}", wrong.join("\n"));
    }
}

#[tokio::test]
async fn without_a_token_every_call_is_shut() {
    let fixture = Fixture::on(serving().await).await;
    let nobody = Person::new(fixture.app.addresses(), "", String::new());
    for row in rows(REST) {
        let told = called(
            &fixture,
            &nobody,
            "/api/v1/messages",
            (&row.head, row.body()),
        )
        .await;
        let wanted = (401, Some("UNAUTHENTICATED".to_owned()));
        assert_eq!(told, wanted, "{}", row.head);
    }
}

#[tokio::test]
async fn no_call_is_unlisted() {
    let app = serving().await;
    let reader = app.person("reader").await;
    let document = reader.get("/api/openapi.json").await.expect_status(200);
    let paths = document.body["paths"].as_object().expect("paths");
    let mut calls: Vec<String> = Vec::new();
    for (path, methods) in paths {
        for (method, operation) in methods.as_object().expect("methods") {
            if operation["tags"][0] == "parttimepays" {
                calls.push(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    let mut listed: Vec<String> = Vec::new();
    for prefix in ["/api/v1/messages", "/api/v1/v1/messages"] {
        let heads = rows(REST).into_iter().map(|row| row.head);
        let path = |head: String| {
            let head = head.split('?').next().expect("a call").to_owned();
            let (method, path) = head.split_once(' ').expect("a call");
            format!("{method} {prefix}{path}")
        };
        listed.extend(heads.map(path));
    }
    calls.sort();
    listed.sort();
    assert_eq!(calls, listed);
}

#[actix_rt::test]
async fn every_event_answers_everybody_as_the_table_says() {
    let fixture = Fixture::on(serving().await).await;
    events_answer_as(&fixture, SOCKET, SocketIoClient::parttimepays).await;
}

#[actix_rt::test]
async fn nobody_acts_for_another() {
    let fixture = Fixture::on(serving().await).await;
    let member = fixture.people.iter().find(|person| person.id == "member");
    let member = member.expect("a member");
    let mut client = SocketIoClient::parttimepays(member).await;
    for row in rows(SOCKET) {
        let message = fixture.message().await;
        for name in ["senderId", "userId"] {
            let mut asked = payload(&row, &fixture.conversation, &message, "");
            if asked.is_string() {
                asked = json!({ "conversationId": fixture.conversation });
            }
            asked[name] = json!("owner");
            let refused = client.ask(&row.head, asked).await;
            assert_eq!(refused["error_code"], "IDENTITY_MISMATCH", "{}", row.head);
        }
    }
    let path = super::messages(&fixture.conversation);
    let said = json!({ "content": "as the owner", "senderId": "owner" });
    let refused = member.post(&path, said).await.expect_status(403);
    assert_eq!(refused.body["error_code"], "IDENTITY_MISMATCH");
}

#[actix_rt::test]
async fn nobody_comes_in_without_a_token() {
    let app = serving().await;
    let refused = SocketIoClient::connect(app.address, "/api/v1", json!({})).await;
    let refused = refused.err().expect("refused");
    assert_eq!(refused["data"]["error_code"], "UNAUTHENTICATED");
}
