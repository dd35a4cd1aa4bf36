//! Every event of a client in `/realtime`, and what each kind of caller is answered.

use serde_json::json;

use crate::endpoint_access::{Fixture, events_answer_as, payload, rows};
use crate::socketio_chat::client::SocketIoClient;

/// As the tables of `endpoint_access.rs`; `$c` is the conversation, `$m` a message of the other user.
pub const SOCKET: &str = r#"
chat:join-room      | noconv block ok   out out ok ok ok  ok  | {"roomId":"$c"}
chat:leave-room     | ok     ok    ok   ok  ok  ok ok ok  ok  | {"roomId":"$c"}
chat:send-message   | noconv block mute out out ok ok ok  ok  | {"roomId":"$c","content":"hello"}
chat:typing         | noconv block mute out out ok ok ok  ok  | {"roomId":"$c","isTyping":true}
chat:read-messages  | noconv block ok   out out ok ok out out | {"roomId":"$c","messageIds":["$m"]}
"#;

#[actix_rt::test]
async fn every_event_answers_everybody_as_the_table_says() {
    let fixture = Fixture::new().await;
    events_answer_as(&fixture, SOCKET, SocketIoClient::lola).await;
}

#[actix_rt::test]
async fn nobody_acts_for_another() {
    let fixture = Fixture::new().await;
    let member = fixture.people.iter().find(|person| person.id == "member");
    let mut client = SocketIoClient::lola(member.expect("a member")).await;
    for row in rows(SOCKET) {
        let message = fixture.message().await;
        for name in ["senderId", "userId"] {
            let mut asked = payload(&row, &fixture.conversation, &message, "");
            asked[name] = json!("owner");
            let refused = client.ask(&row.head, asked).await;
            assert_eq!(refused["error_code"], "IDENTITY_MISMATCH", "{}", row.head);
        }
    }
}

#[actix_rt::test]
async fn nobody_gets_in_by_naming_a_business_or_a_session() {
    let fixture = Fixture::new().await;
    let mut stranger = SocketIoClient::lola(&fixture.people[0]).await;
    let business = json!({ "businessId": "b-7", "userName": "Eve", "email": "e@example.com" });
    let refused = stranger.ask("chat:join-room", business).await;
    assert_eq!(refused["success"], false);
    for auth in [json!({}), json!({ "sessionId": "session_1_abcdefgh" })] {
        let refused = SocketIoClient::connect(fixture.app.address, "/realtime", auth).await;
        let refused = refused.err().expect("refused");
        assert_eq!(refused["data"]["error_code"], "UNAUTHENTICATED");
    }
}
