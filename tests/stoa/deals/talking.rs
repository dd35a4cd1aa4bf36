//! Who may type while a deal is in a state, and who sees what it says.

use serde_json::{Value, json};

use super::crashing::ticking;
use super::{Deal, Flows};
use crate::test_app::TestApp;

#[tokio::test]
async fn where_a_state_has_only_buttons_nobody_types_but_staff() {
    let deal = Deal::begin().await;
    let path = format!("/api/v1/conversations/{}/messages", deal.id);
    for person in [&deal.influencer, &deal.brand_owner] {
        let refused = person.post(&path, json!({ "body": "hello" })).await;
        let refused = refused.expect_status(403).expect_code("CHAT_NOT_ALLOWED");
        assert_eq!(refused.body["details"]["chat"], "buttons");
        assert_eq!(
            refused.body["details"]["current_state"],
            "influencer_responding"
        );
        let mut socket = person.joined(&deal.id).await;
        for event in ["send_message", "typing_start"] {
            let data = json!({ "conversation_id": deal.id, "body": "hello" });
            let refused = socket.call(event, data).await.unwrap_err();
            assert_eq!(refused["error_code"], "CHAT_NOT_ALLOWED", "{event}");
        }
    }
    let support = deal.app.person_with("support", &["support"]).await;
    support
        .post(&path, json!({ "body": "can I help?" }))
        .await
        .expect_status(201);
    let closed = deal.press(
        &support,
        "staff_close",
        json!({ "input": { "reason": "asked for" } }),
    );
    assert_eq!(closed.await.expect_status(200).body["state"], "chat_closed");
    let log = deal.history(&support).await;
    assert_eq!(
        (log[2]["actor"].as_str(), log[2]["actor_id"].as_str()),
        (Some("staff"), Some("support"))
    );
}

#[tokio::test]
async fn a_message_decided_under_an_older_state_is_decided_again() {
    let deal = Deal::begin().await;
    let support = deal.app.person_with("support", &["support"]).await;
    let mut socket = deal.influencer.joined(&deal.id).await;
    deal.press(
        &support,
        "staff_close",
        json!({ "input": { "reason": "x" } }),
    )
    .await
    .expect_status(200);
    let data = json!({ "conversation_id": deal.id, "body": "too late" });
    let refused = socket.call("send_message", data).await.unwrap_err();
    assert_eq!(refused["error_code"], "CHAT_NOT_ALLOWED");
}

#[tokio::test]
async fn what_is_said_to_one_side_reaches_the_other_by_no_path() {
    let deal = Deal::begin().await;
    let mut theirs = deal.brand_owner.joined(&deal.id).await;
    let mut own = deal.influencer.joined(&deal.id).await;
    deal.connect().await;
    let secret = "You accepted the connection.";
    own.event("conversation_state_changed").await;
    theirs.event("conversation_state_changed").await;
    let heard = |frames: Vec<Value>| {
        frames
            .iter()
            .any(|frame| frame.to_string().contains(secret))
    };
    assert!(heard(own.drain().await) && !heard(theirs.drain().await));
    let read = |messages: Vec<Value>| messages.iter().any(|message| message["body"] == secret);
    assert!(
        read(deal.messages(&deal.influencer).await)
            && !read(deal.messages(&deal.brand_owner).await)
    );
    let listed = deal.brand_owner.get("/api/v1/conversations").await.body;
    assert!(!listed.to_string().contains(secret));
}

#[tokio::test]
async fn a_returning_client_finds_the_cards_answered() {
    let deal = Deal::begin().await;
    let mut socket = deal.influencer.socket().await;
    let joined = json!({ "conversation_id": deal.id });
    let before = socket.call("join_conversation", joined).await.unwrap();
    let card = before["messages"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    assert!(card["action"]["done"].is_null());
    socket.close().await;
    deal.connect().await;
    let mut socket = deal.influencer.socket().await;
    let back = json!({ "conversation_id": deal.id, "after": before["last_seq"] });
    let after = socket.call("join_conversation", back).await.unwrap();
    assert_eq!(after["recovered"], true);
    let messages = after["messages"].as_array().unwrap();
    let same = messages
        .iter()
        .find(|message| message["id"] == card["id"])
        .unwrap();
    assert_eq!(same["action"]["done"]["action"], "accept_connection");
    assert_eq!(
        after["conversation"]["flow"]["state"],
        "brand_owner_details"
    );
    assert_eq!(after["conversation"]["flow"]["chat"], "buttons");
}

/// A door that one side opens and shuts; there is talk while it is open.
const DOOR: &str = r#"
name = "ticking"
version = 1
title = "Door"
roles = ["one", "other"]
initial = "shut"

[states.shut]
title = "Shut"
awaiting = "one"
chat = "buttons"
deadline = { after = "P9D", to = "gone", reason = "expired" }
[states.shut.prompt.one]
title = "Open it?"

[states.open]
title = "Open"
awaiting = "one"
chat = "free"
deadline = { after = "P9D", to = "gone", reason = "expired" }
[states.open.prompt.one]
title = "Shut it?"

[states.gone]
title = "Gone"
terminal = true
chat = "read"

[actions.open]
from = "shut"
by = "one"
to = "open"
label = "Open"

[actions.shut]
from = "open"
by = "one"
to = "shut"
label = "Shut"
"#;

#[tokio::test]
async fn what_a_step_allows_and_forbids_holds_for_what_its_presser_does_next() {
    let flows = Flows::with(DOOR);
    let app = TestApp::with(&["--rate-limits", "off", "--flows", &flows.folder()]).await;
    let platform = app.person_with("platform", &["service"]).await;
    let (ada, _ben) = (app.person("ada").await, app.person("ben").await);
    let made = platform.post("/api/v1/conversations", ticking()).await;
    let id = made.expect_status(201).body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut socket = ada.joined(&id).await;
    let said = json!({ "conversation_id": id, "body": "through the door" });
    for _ in 0..40 {
        let path = |action: &str| format!("/api/v1/conversations/{id}/flow/actions/{action}");
        ada.post(&path("open"), json!({})).await.expect_status(200);
        socket.call("send_message", said.clone()).await.unwrap();
        ada.post(&path("shut"), json!({})).await.expect_status(200);
        let refused = socket.call("send_message", said.clone()).await.unwrap_err();
        assert_eq!(refused["error_code"], "CHAT_NOT_ALLOWED");
    }
}

/// The names of the actions in a deal as somebody sees it.
fn actions(deal: &Value) -> Vec<&str> {
    let actions = deal["available_actions"].as_array().unwrap().iter();
    actions
        .map(|action| action["action"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_participant_with_a_staff_token_sees_and_takes_the_actions_of_both() {
    let deal = Deal::begin().await;
    let of_role = deal.stands(&deal.influencer).await;
    let of_role = actions(&of_role);
    assert!(!of_role.contains(&"staff_close"));
    let both = deal.app.person_with("ines", &["support"]).await;
    let seen = deal.stands(&both).await;
    let mut expected = of_role.clone();
    expected.push("staff_close");
    assert_eq!((actions(&seen), &seen["chat"]), (expected, &json!("free")));
    let next = deal.press(&both, "accept_connection", json!({})).await;
    let next = next.expect_status(200).body;
    assert_eq!(next, deal.stands(&both).await, "a press is answered alike");
    assert!(actions(&next).contains(&"staff_close"));
    let close = json!({ "button_id": "staff_close", "additional_data": { "reason": "asked for" } });
    let path = format!("/api/messages/conversations/{}/button-click", deal.id);
    both.post(&path, close).await.expect_status(200);
    assert_eq!(deal.stands(&both).await["state"], "chat_closed");
}
