//! Who may read decides everywhere alike: what staff are told they may answer, and a blocked participant keeps nothing of their role.

use serde_json::{Value, json};

use crate::client::{PATIENCE, Person};
use crate::deals::{Deal, Flows};
use crate::drive::polling::poll;
use crate::socketio_chat::client::SocketIoClient;
use crate::test_app::TestApp;

/// A deal whose money comes while what follows from it cannot be computed: staff are told.
async fn held() -> (TestApp, Flows, String) {
    let flows = Flows::with(include_str!("deals/simulated/paid.toml"));
    let app = TestApp::with(&["--rate-limits", "off", "--flows", &flows.folder()]).await;
    let platform = app.person_with("platform", &["service"]).await;
    let (influencer, brand_owner) = (app.person("sam").await, app.person("bea").await);
    let creation = json!({
        "kind": "group", "flow": { "name": "paid" },
        "participants": [{ "user_id": "sam", "role": "seller" }, { "user_id": "bea", "role": "buyer" }],
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
    let price = json!({ "input": { "price": { "amount": 5_000, "currency": "JPY" } } });
    deal.press(&deal.influencer, "offer", price)
        .await
        .expect_status(200);
    let order = deal.order().await;
    assert!(deal.check_out(&order, "success").await.is_success());
    (deal.app, flows, deal.id)
}

async fn pages_until(person: &Person, id: &str, text: &str) -> Value {
    let path = format!("/api/v1/conversations/{id}/messages?limit=100");
    let is_it = |item: &&Value| {
        item["body"]
            .as_str()
            .is_some_and(|body| body.contains(text))
    };
    let look = async || {
        let page = person.get(&path).await.expect_status(200).body;
        let found = page["items"].as_array().unwrap().iter().find(is_it);
        found.cloned().ok_or(page)
    };
    let found = poll(text, PATIENCE, look).await;
    found.unwrap_or_else(|late| panic!("{late}"))
}

#[tokio::test]
async fn staff_answer_what_is_said_to_staff_and_nobody_else_does() {
    let (app, _flows, id) = held().await;
    let path = format!("/api/v1/conversations/{id}/messages");
    for role in ["support", "admin", "service"] {
        let staff = app.person_with(role, &[role]).await;
        let told = pages_until(&staff, &id, "please decide what to do with the payment").await;
        let answer = json!({ "body": format!("{role} looks at it"), "reply_to": told["id"], "client_id": role });
        let said = staff
            .post(&path, answer.clone())
            .await
            .expect_status(201)
            .body;
        assert_eq!(said["reply_to"], told["id"]);
        staff.post(&path, answer).await.expect_status(200);
    }
    let support = app.person_with("support", &["support"]).await;
    let told = pages_until(&support, &id, "please decide what to do with the payment").await;
    // A participant reads by their role, whatever their token.
    let seller = app.person_with("sam", &["support"]).await;
    let page = seller
        .get(&format!("{path}?limit=100"))
        .await
        .expect_status(200)
        .body;
    assert!(!page.to_string().contains("please decide"), "{page}");
    let answer = json!({ "body": "what is that?", "reply_to": told["id"] });
    let refused = seller.post(&path, answer).await;
    refused.expect_status(404).expect_code("MESSAGE_NOT_FOUND");
}

/// The names of the actions of a deal's view.
fn actions(flow: &Value) -> Vec<&str> {
    let actions = flow["available_actions"].as_array().unwrap().iter();
    actions
        .map(|action| action["action"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_blocked_participant_with_a_token_of_staff_is_staff_and_nothing_more() {
    let deal = Deal::begin().await;
    let path = format!("/api/v1/conversations/{}", deal.id);
    let ines = deal.app.person_with("ines", &["support"]).await;
    let before = ines.get(&path).await.expect_status(200).body;
    assert_eq!(before["my_role"], "influencer");
    assert!(actions(&before["flow"]).contains(&"accept_connection"));
    let row = SocketIoClient::stoory(&ines).await.join(&deal.id).await;
    assert_ne!(row["current_action_data"], Value::Null);
    let block = json!({ "blocked": true });
    let person = format!("{path}/participants/ines");
    deal.platform.patch(&person, block).await.expect_status(200);

    let flow = ines
        .get(&format!("{path}/flow"))
        .await
        .expect_status(200)
        .body;
    let staffs = ["staff_close"];
    assert_eq!(actions(&flow), staffs);
    let shown = ines.get(&path).await.expect_status(200).body;
    let mut socket = ines.socket().await;
    let joined = json!({ "conversation_id": deal.id });
    let joined = socket.call("join_conversation", joined).await.unwrap();
    for seen in [&shown, &joined["conversation"]] {
        assert_eq!(seen["my_role"], Value::Null, "{seen}");
        assert_eq!(actions(&seen["flow"]), staffs);
    }
    let row = SocketIoClient::stoory(&ines).await.join(&deal.id).await;
    let context = format!("/api/messages/conversations/{}/context", deal.id);
    let rest = ines.get(&context).await.expect_status(200).body;
    for seen in [&row, &rest["conversation"]] {
        assert_eq!(seen["current_action_data"], Value::Null, "{seen}");
    }
}

impl SocketIoClient {
    /// Joins; answers the conversation.
    async fn join(&mut self, conversation: &str) -> Value {
        let mut joined = self.call("join_conversation", json!(conversation)).await;
        joined["conversation"].take()
    }
}
