//! Messages of a deal to one side do not reach the other by any path, and nobody can change them.

use serde_json::{Value, json};

use super::Deal;
use crate::client::{Person, Socket};
use crate::test_app::TestApp;

const SECRET: &str = "two oak tables for my castle";

struct Secret {
    deal: Deal,
    /// The card that asks the provider alone.
    card: Value,
}

impl Secret {
    /// The customer has asked; the card with what they asked is for the provider, and nobody else.
    async fn told() -> Self {
        let app = TestApp::start().await;
        let platform = app.person_with("platform", &["service"]).await;
        let (influencer, brand_owner) = (app.person("pia").await, app.person("cleo").await);
        app.person("wanda").await;
        let creation = json!({
            "kind": "group", "flow": { "name": "negotiation" },
            "participants": [{ "user_id": "pia", "role": "provider" }, { "user_id": "cleo", "role": "customer" }, { "user_id": "wanda" }],
        });
        let made = platform.post("/api/v1/conversations", creation).await;
        let id = made.expect_status(201).body["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let deal = Deal {
            app,
            platform,
            influencer,
            brand_owner,
            id,
        };
        let ask = json!({ "input": { "request": SECRET } });
        let asked = deal.press(&deal.brand_owner, "ask", ask).await;
        asked.expect_status(200);
        let card = deal.messages(&deal.influencer).await.pop().unwrap();
        assert!(card["body"].as_str().unwrap().contains(SECRET));
        Self { deal, card }
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/v1/conversations/{}{rest}", self.deal.id)
    }
}

async fn must_not_hold(person: &Person, path: &str) {
    let answer = person.get(path).await;
    assert!(
        !answer.body.to_string().contains(SECRET),
        "{path}: {}",
        answer.body
    );
}

async fn heard(socket: &mut Socket) -> String {
    let frames = socket.drain().await;
    Value::Array(frames).to_string()
}

#[tokio::test]
async fn a_card_for_one_role_is_found_by_the_other_on_no_path() {
    let secret = Secret::told().await;
    let id = secret.card["id"].as_str().unwrap();
    let seq = secret.card["seq"].as_i64().unwrap();
    let wanda = secret.deal.app.person("wanda").await;
    for person in [&secret.deal.brand_owner, &wanda] {
        for path in [
            secret.path(""),
            secret.path("/messages?limit=100"),
            secret.path(&format!("/messages?after={}", seq - 1)),
            secret.path(&format!("/messages?before={}", seq + 1)),
            secret.path("/flow"),
            "/api/v1/conversations".to_owned(),
            "/api/v1/conversations?unread=true".to_owned(),
            "/api/v1/unread".to_owned(),
            format!("/api/v1/messages/{id}/history"),
        ] {
            must_not_hold(person, &path).await;
        }
        let history = person.get(&format!("/api/v1/messages/{id}/history")).await;
        history.expect_status(404).expect_code("MESSAGE_NOT_FOUND");
        let path = format!("/api/v1/messages/{id}");
        let edited = person.patch(&path, json!({ "body": "x" })).await;
        edited.expect_status(404).expect_code("MESSAGE_NOT_FOUND");
        let deleted = person.delete(&path).await;
        deleted.expect_status(404).expect_code("MESSAGE_NOT_FOUND");
    }
    must_not_hold(&wanda, &secret.path("/flow/history")).await;
    must_not_hold(&secret.deal.influencer, &secret.path("/flow/history")).await;
    let reply = json!({ "body": "what is that?", "reply_to": id });
    let refused = secret
        .deal
        .brand_owner
        .post(&secret.path("/messages"), reply)
        .await;
    refused.expect_status(404).expect_code("MESSAGE_NOT_FOUND");
    let unread = wanda.get("/api/v1/unread").await.body;
    assert_eq!(unread["total"], 0, "{unread}");
}

#[tokio::test]
async fn nobody_hears_what_is_for_another_role_wherever_they_listen() {
    let secret = Secret::told().await;
    let deal = &secret.deal;
    let wanda = deal.app.person("wanda").await;
    let (mut joined, mut elsewhere) =
        (deal.influencer.joined(&deal.id).await, wanda.socket().await);
    let (mut own, mut watching) = (
        deal.brand_owner.socket().await,
        wanda.joined(&deal.id).await,
    );
    let offer = json!({ "input": { "price": 5_000 } });
    deal.press(&deal.influencer, "offer", offer)
        .await
        .expect_status(200);
    joined.event("conversation_state_changed").await;
    let told = watching.event("conversation_state_changed").await;
    assert_eq!(told["available_actions"], json!([]));
    elsewhere.event("conversation_state_changed").await;
    own.event("notification").await;
    let question = "Accept, name another price, or decline.";
    for socket in [&mut joined, &mut elsewhere, &mut watching] {
        assert!(!heard(socket).await.contains(question));
    }
    let back = json!({ "conversation_id": deal.id, "after": 1 });
    for person in [&deal.influencer, &wanda] {
        let mut socket = person.socket().await;
        let again = socket
            .call("join_conversation", back.clone())
            .await
            .unwrap();
        assert_eq!(again["recovered"], true);
        assert!(!again.to_string().contains(question));
    }
}

#[tokio::test]
async fn what_a_deal_says_is_nobodys_to_change() {
    let secret = Secret::told().await;
    let path = format!("/api/v1/messages/{}", secret.card["id"].as_str().unwrap());
    let support = secret.deal.app.person_with("support", &["support"]).await;
    for person in [&secret.deal.influencer, &support, &secret.deal.platform] {
        let edited = person.patch(&path, json!({ "body": "accept it" })).await;
        assert!([403, 404].contains(&edited.status), "{}", edited.body);
    }
    let deleted = secret.deal.influencer.delete(&path).await;
    deleted.expect_status(403).expect_code("FORBIDDEN");
    let reply = json!({ "body": "which oak?", "reply_to": secret.card["id"] });
    let said = secret
        .deal
        .influencer
        .post(&secret.path("/messages"), reply)
        .await;
    let said = said.expect_status(201).body;
    assert_eq!(said["reply_to"], secret.card["id"]);
    let seen = secret
        .deal
        .messages(&secret.deal.brand_owner)
        .await
        .pop()
        .unwrap();
    assert!(!seen.to_string().contains(SECRET));
    let now = secret.deal.messages(&secret.deal.influencer).await;
    let card = now
        .iter()
        .find(|message| message["id"] == secret.card["id"]);
    assert_eq!(card, Some(&secret.card));
}
