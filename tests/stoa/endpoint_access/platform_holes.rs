//! What the platforms' own servers let anybody do: a line for each, with what everybody gets here. Calls that are not served yet stand as
//! open rows in `tests/fronts`.

use serde_json::{Value, json};

use super::{Fixture, expected, rows};
use crate::deals::Deal;
use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::TestApp;

/// Of Stoory: a state is set by anybody. Of Pharmago: anybody adds himself to a room as its admin, and sends the system's messages,
/// and edits and deletes the messages of others.
const ENDPOINTS: &str = r#"
PATCH  /api/conversations/{id}/state              | noroute noroute noroute noroute noroute noroute noroute noroute noroute | {"flow_state":"payment_completed","awaiting_role":"influencer"}
POST   /api/v1/conversations/{id}/participants    | noconv block forbid out out forbid 200 200 200 | {"user_id":"$me","role":"admin"}
POST   /api/v1/conversations/{id}/messages        | noconv block mute   out out forbid forbid forbid 201 | {"body":"hello","kind":"system"}
PATCH  /api/v1/messages/{id}                      | nomsg  block mute   out out forbid forbid forbid forbid | {"body":"mine now"}
DELETE /api/v1/messages/{id}                      | nomsg  block forbid out out forbid 200 200    200    |
"#;

/// Of Stoory and Lola: the socket lets everybody into every conversation, and believes whose message it is.
const SOCKETIO: &str = r#"
/         join_conversation   | noconv block ok     out out ok  ok  ok  ok  | "$c"
/         send_message        | noconv block mute   out out ok  ok  ok  ok  | {"conversationId":"$c","message":"hello"}
/         typing_start        | noconv block mute   out out ok  ok  ok  ok  | {"conversationId":"$c"}
/         mark_seen           | noconv block ok     out out ok  ok  out out | {"conversationId":"$c","messageId":"$m"}
/         join                | other  other other  other other other other other ok  | "other"
/         send_message        | other  other other  other other other other other ok  | {"conversationId":"$c","senderId":"other","message":"hello"}
/realtime chat:join-room      | noconv block ok     out out ok  ok  ok  ok  | {"roomId":"$c"}
/realtime chat:join-room      | wrong  wrong wrong  wrong wrong wrong wrong wrong wrong | {"roomId":"business:65bb0000salon"}
/realtime chat:send-message   | noconv block mute   out out ok  ok  ok  ok  | {"roomId":"$c","content":"hello"}
/realtime chat:send-message   | other  other other  other other other other other ok  | {"roomId":"$c","senderId":"other","content":"hello"}
/realtime chat:typing         | noconv block mute   out out ok  ok  ok  ok  | {"roomId":"$c","isTyping":true}
"#;

/// The code that a cell of the Socket.IO table stands for.
fn code(cell: &str) -> Option<&'static str> {
    match cell {
        "other" => Some("IDENTITY_MISMATCH"),
        "wrong" => Some("INVALID_REQUEST"),
        cell => expected(cell).1,
    }
}

#[tokio::test]
async fn over_rest_nobody_gets_what_the_platforms_servers_let_them() {
    let fixture = Fixture::new().await;
    let mut wrong = Vec::new();
    for row in rows(ENDPOINTS) {
        let (method, pattern) = row.head.split_once(' ').unwrap();
        for (person, cell) in fixture.people.iter().zip(&row.cells) {
            let path = fixture.path(pattern).await;
            let payload = row.payload.replace("$me", &person.id);
            let body = Some(payload).filter(|payload| !payload.is_empty());
            let answer = person.request(method, &path, body, &[]).await;
            let actual = (answer.status, answer.body["error_code"].as_str());
            if actual != expected(cell) {
                let head = &row.head;
                wrong.push(format!("{head} as {}: {actual:?}, not {cell}", person.id));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn over_socketio_nobody_gets_what_the_platforms_servers_let_them() {
    let fixture = Fixture::new().await;
    let mut wrong = Vec::new();
    for row in rows(SOCKETIO) {
        let (namespace, event) = row.head.split_once(' ').unwrap();
        for (person, cell) in fixture.people.iter().zip(&row.cells) {
            let payload = row.payload.replace("$c", &fixture.conversation);
            let payload = payload.replace("$m", &fixture.message().await);
            let mut client = match namespace {
                "/" => SocketIoClient::stoory(person).await,
                _ => SocketIoClient::lola(person).await,
            };
            let argument: Value = serde_json::from_str(&payload).unwrap();
            let answer = client.ask(event, argument).await;
            let actual = answer["error_code"].as_str();
            if actual != code(cell) || answer["success"] != code(cell).is_none() {
                let head = &row.head;
                wrong.push(format!("{head} as {}: {answer}, not {cell}", person.id));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Stoory's socket asks for no token; Lola's takes a client without one for a guest.
#[tokio::test]
async fn over_socketio_nobody_gets_in_without_a_token() {
    let app = TestApp::start().await;
    for namespace in ["/", "/realtime"] {
        for auth in [
            json!({}),
            json!({ "userId": "owner" }),
            json!({ "sessionId": "session_1_a" }),
        ] {
            let refusal = SocketIoClient::connect(app.address, namespace, auth).await;
            let refusal = refusal.err().expect("a refusal");
            assert_eq!(
                refusal["data"]["error_code"], "UNAUTHENTICATED",
                "{namespace}"
            );
        }
    }
}

/// Stoory's server sends a note for one side to the whole room.
#[tokio::test]
async fn a_note_for_one_side_is_not_sent_to_the_other() {
    let deal = Deal::begin().await;
    let mut sides = Vec::new();
    for person in [&deal.influencer, &deal.brand_owner] {
        let mut client = SocketIoClient::stoory(person).await;
        client.call("join_conversation", json!(deal.id)).await;
        sides.push(client);
    }
    deal.connect().await;
    let mut notes = Vec::new();
    for client in &mut sides {
        client.event("conversation_state_changed").await;
        let events = client.drain().await;
        let said = events.iter().filter(|event| event[0] == "new_message");
        let types = said.map(|event| event[1]["message"]["message_type"].clone());
        let types: Vec<Value> = types.collect();
        assert!(
            types.contains(&json!("automated")),
            "each side is sent its own: {types:?}"
        );
        notes.push(types.contains(&json!("audit")));
    }
    assert_eq!(notes, [true, false], "only who pressed has the note");
}
