//! What each kind of caller is answered to the events of the Stoory dialect.

use serde_json::json;

use super::tables::STOORY;
use super::{Fixture, expected, rows};
use crate::socketio_chat::client::SocketIoClient;

#[actix_rt::test]
async fn every_event_of_the_stoory_dialect_answers_everybody_as_the_table_says() {
    let fixture = Fixture::new().await;
    let mut wrong = Vec::new();
    for row in rows(STOORY) {
        for (person, cell) in fixture.people.iter().zip(&row.cells) {
            let message = fixture.message().await;
            let payload = row.payload.replace("$me", &person.id);
            let payload = payload
                .replace("$c", &fixture.conversation)
                .replace("$m", &message);
            let mut talker = SocketIoClient::stoory(person).await;
            let answer = talker
                .ask(&row.head, serde_json::from_str(&payload).unwrap())
                .await;
            if answer["error_code"].as_str() != expected(cell).1 {
                wrong.push(format!(
                    "{} as {}: {answer}, not {cell}",
                    row.head, person.id
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[actix_rt::test]
async fn the_stoory_dialect_admits_nobody_without_a_token() {
    let fixture = Fixture::new().await;
    for auth in [
        json!({}),
        json!({ "token": "nonsense" }),
        json!({ "userId": "owner" }),
    ] {
        let refused = SocketIoClient::connect(fixture.app.address, "/", auth)
            .await
            .err()
            .expect("refused");
        assert_eq!(refused["data"]["success"], false, "{refused}");
    }
}
