//! One conversation in several forms at once: everybody is told the same, each in their own words.

use serde_json::json;

use super::talker::Talker;
use crate::house::House;

#[actix_rt::test]
async fn a_native_client_both_vocabularies_and_rest_hold_one_conversation() {
    let house = House::start().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    let eve = house.person("eve").await;
    let place = house.group(&ann, &[&bob, &eve]).await;
    let mut native = ann.joined(&place).await;
    let mut stoory = Talker::stoory(&bob).await;
    stoory.call("join_conversation", json!(place)).await;
    let mut lola = Talker::lola(&eve).await;
    lola.call("chat:join-room", json!(place)).await;

    let said = json!({ "conversation_id": place, "body": "native" });
    native.call("send_message", said).await.expect("sent");
    let said = json!({ "conversationId": place, "message": "stoory" });
    stoory.call("send_message", said).await;
    let said = json!({ "conversationId": place, "body": "lola" });
    lola.call("chat:send-message", said).await;
    let last = eve.say(&place, "rest").await;
    let edit = format!("/api/v1/messages/{}", last["id"].as_str().expect("an id"));
    eve.patch(&edit, json!({ "body": "rest, edited" }))
        .await
        .expect_status(200);
    eve.delete(&edit).await.expect_status(200);

    for body in ["native", "stoory", "lola", "rest"] {
        let heard = native.event("new_message").await;
        assert_eq!(heard["message"]["body"], body);
        let id = &heard["message"]["id"];
        let heard = stoory.event("new_message").await;
        assert_eq!(
            (&heard["message"]["message"], &heard["message"]["id"]),
            (&json!(body), id)
        );
        let heard = lola.event("chat:new-message").await;
        assert_eq!(
            (&heard["message"]["body"], &heard["message"]["id"]),
            (&json!(body), id)
        );
    }
    let edited = native.event("message_updated").await;
    assert_eq!(edited["message"]["body"], "rest, edited");
    let edited = stoory.event("message_updated").await;
    assert_eq!(edited["message"]["message"], "rest, edited");
    let edited = lola.event("chat:message-updated").await;
    assert_eq!(edited["message"]["body"], "rest, edited");
    native.event("message_deleted").await;
    stoory.event("message_deleted").await;
    lola.event("chat:message-deleted").await;
    let bodies = ann.bodies(&place).await;
    assert_eq!(bodies, ["native", "stoory", "lola", ""]);
}

#[actix_rt::test]
async fn one_connection_speaks_both_vocabularies() {
    let house = House::start().await;
    let (ann, bob) = (house.person("ann").await, house.person("bob").await);
    let place = house.direct(&ann, &bob).await;
    let mut talker = Talker::stoory(&ann).await;
    let wire = talker.wire();
    wire.send(&format!("40/realtime,{}", json!({ "token": ann.token })))
        .await;
    assert!(wire.text().await.starts_with("40/realtime,{"));
    wire.send(&format!(
        "42/realtime,1{}",
        json!(["chat:join-room", place])
    ))
    .await;
    assert!(wire.text().await.starts_with("43/realtime,1[{"));
    bob.say(&place, "hello").await;
    let (one, two) = (wire.text().await, wire.text().await);
    let both = format!("{one}{two}");
    assert!(
        both.contains(r#"42/realtime,["chat:new-message""#),
        "{both}"
    );
    assert!(both.contains(r#"42["notification""#), "{both}");
}
