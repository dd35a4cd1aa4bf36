//! Presses by people without permission, and presses in the name of somebody else.

use serde_json::{Value, json};

use super::{Deal, creation};
use crate::client::Person;
use crate::test_app::TestApp;

impl Deal {
    async fn change(&self, person: &str, change: Value) {
        let path = format!("/api/v1/conversations/{}/participants/{person}", self.id);
        self.platform.patch(&path, change).await.expect_status(200);
    }

    async fn is_refused(&self, person: &Person, action: &str, status: u16, code: &str) {
        let over_rest = self.press(person, action, json!({})).await;
        over_rest.expect_status(status).expect_code(code);
        let press = json!({ "conversation_id": self.id, "action": action, "state_version": 2 });
        let mut socket = person.socket().await;
        let over_socket = socket.call("flow_action", press).await.unwrap_err();
        assert_eq!(over_socket["error_code"], code);
    }
}

#[tokio::test]
async fn permissions_follow_the_role_and_end_with_it() {
    let deal = Deal::begin().await;
    let action = "accept_connection";
    deal.change("ines", json!({ "role": "member" })).await;
    deal.is_refused(&deal.influencer, action, 403, "FORBIDDEN")
        .await;
    assert_eq!(
        deal.stands(&deal.influencer).await["available_actions"],
        json!([])
    );
    deal.change("ines", json!({ "role": "influencer", "blocked": true }))
        .await;
    deal.is_refused(&deal.influencer, action, 403, "BLOCKED")
        .await;
    deal.change("ines", json!({ "blocked": false })).await;
    let path = format!("/api/v1/conversations/{}/participants/ines", deal.id);
    deal.platform.delete(&path).await.expect_status(204);
    deal.is_refused(&deal.influencer, action, 403, "NOT_A_PARTICIPANT")
        .await;
    let stranger = deal.app.person("stranger").await;
    deal.is_refused(&stranger, action, 404, "CONVERSATION_NOT_FOUND")
        .await;
    for path in ["flow", "flow/history"] {
        let path = format!("/api/v1/conversations/{}/{path}", deal.id);
        stranger.get(&path).await.expect_status(404);
    }
    assert_eq!(deal.history(&deal.platform).await.len(), 2);
    let path = format!("/api/v1/conversations/{}/participants", deal.id);
    let back = json!({ "user_id": "ines", "role": "influencer" });
    let back = deal.platform.post(&path, back).await;
    assert!(back.status < 300, "{}", back.body);
    deal.step("influencer", action, json!({}), "brand_owner_details")
        .await;
}

#[tokio::test]
async fn a_muted_participant_may_press_but_not_type() {
    let deal = Deal::begin().await;
    deal.change("ines", json!({ "muted": true })).await;
    deal.connect().await;
    let path = format!("/api/v1/conversations/{}/messages", deal.id);
    let typed = deal.influencer.post(&path, json!({ "body": "hello" }));
    typed.await.expect_status(403).expect_code("MUTED");
}

#[tokio::test]
async fn the_platform_acts_for_somebody_as_they_would_and_with_their_powers_alone() {
    let deal = Deal::begin().await;
    let close = json!({ "user_id": "ines", "input": { "reason": "x" } });
    let refused = deal.press(&deal.platform, "staff_close", close).await;
    refused.expect_status(403).expect_code("FORBIDDEN");
    deal.app.person("stranger").await;
    for (named, code) in [
        ("stranger", "CONVERSATION_NOT_FOUND"),
        ("nobody-known", "USER_NOT_FOUND"),
    ] {
        let press = json!({ "user_id": named });
        let refused = deal.press(&deal.platform, "accept_connection", press).await;
        refused.expect_status(404).expect_code(code);
    }
    let press = json!({ "user_id": "ines" });
    let pretended = deal.press(&deal.brand_owner, "accept_connection", press.clone());
    pretended
        .await
        .expect_status(403)
        .expect_code("IDENTITY_MISMATCH");
    let done = deal.press(&deal.platform, "accept_connection", press).await;
    assert_eq!(done.expect_status(200).body["chat"], "buttons");
    let last = deal.history(&deal.platform).await.pop().unwrap();
    assert_eq!(
        (&last["actor"], &last["actor_id"]),
        (&json!("influencer"), &json!("ines"))
    );
}

#[tokio::test]
async fn a_request_id_is_its_callers_own_whatever_they_are_called() {
    let app = TestApp::start().await;
    let platform = app.person_with("platform", &["service"]).await;
    let (one, other) = (app.person("a").await, app.person("a:b").await);
    let mut creation = creation("bid-1");
    creation["participants"] = json!([{ "user_id": "a", "role": "influencer" }, { "user_id": "a:b", "role": "brand_owner" }]);
    let made = platform.post("/api/v1/conversations", creation).await;
    let id = made.expect_status(201).body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = |action: &str| format!("/api/v1/conversations/{id}/flow/actions/{action}");
    let press = json!({ "request_id": "b:c" });
    let first = one.post(&path("accept_connection"), press).await;
    first.expect_status(200);
    let press = json!({ "request_id": "c", "input": { "details": "posts" } });
    let second = other.post(&path("send_project_details"), press).await;
    assert_eq!(
        second.expect_status(200).body["state"],
        "influencer_reviewing"
    );
}

#[tokio::test]
async fn a_request_id_has_its_limits() {
    let deal = Deal::begin().await;
    for wrong in ["", " ", "a b", "é", "\u{7f}", &"x".repeat(65)] {
        let press = json!({ "request_id": wrong });
        let refused = deal
            .press(&deal.influencer, "accept_connection", press)
            .await;
        let refused = refused.expect_status(400).expect_code("INVALID_REQUEST");
        assert_eq!(refused.body["details"]["field"], "request_id", "{wrong}");
    }
    for wrong in [json!(7), json!({}), json!([])] {
        let press = json!({ "request_id": wrong });
        let refused = deal
            .press(&deal.influencer, "accept_connection", press)
            .await;
        refused.expect_status(400);
    }
    let press = json!({ "request_id": "x".repeat(64) });
    let pressed = deal
        .press(&deal.influencer, "accept_connection", press)
        .await;
    pressed.expect_status(200);
}

#[tokio::test]
async fn a_deal_begins_only_where_its_roles_are_taken_and_with_what_it_knows() {
    let app = TestApp::start().await;
    let platform = app.person_with("platform", &["service"]).await;
    let (ines, bela) = (app.person("ines").await, app.person("bela").await);
    let mut plain = creation("bid-1");
    plain.as_object_mut().unwrap().remove("flow");
    for place in 0..2 {
        plain["participants"][place]["role"] = json!("member");
    }
    let made = platform.post("/api/v1/conversations", plain).await;
    let id = made.expect_status(201).body["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let shown = ines.get(&format!("/api/v1/conversations/{id}")).await;
    assert_eq!(shown.expect_status(200).body["flow"], Value::Null);
    // Whose role is which is the platform's word, as long as no deal runs.
    let begun = platform
        .post("/api/v1/conversations", creation("bid-1"))
        .await;
    let begun = begun.expect_status(200).body;
    assert_eq!(begun["id"], id.as_str());
    assert_eq!(begun["flow"]["state"], "influencer_responding");
    for (person, role) in [("ines", "influencer"), ("bela", "brand_owner")] {
        let people = begun["participants"].as_array().unwrap();
        let found = people.iter().find(|one| one["user_id"] == person);
        assert_eq!(found.unwrap()["role"], role);
    }
    let mut another = creation("bid-1");
    another["participants"] = json!([{ "user_id": "ines", "role": "provider" }, { "user_id": "bela", "role": "customer" }]);
    another["flow"] = json!({ "name": "negotiation" });
    let refused = platform.post("/api/v1/conversations", another).await;
    refused.expect_status(409).expect_code("CONFLICT");
    for context in [
        json!({ "unheard_of": 1 }),
        json!({ "bid_title": 7 }),
        json!({ "bid_title": "a\u{0}b" }),
        json!({ "bid_title": "x".repeat(4_001) }),
        json!({ "proposed_amount": -1 }),
        json!({ "proposed_amount": 1.5 }),
        json!({ "proposed_amount": "400000" }),
        json!({ "proposed_amount": { "amount": 1, "currency": "USD" } }),
        json!({ "proposed_amount": { "amount": 1e30, "currency": "INR" } }),
        json!([]),
        json!("x"),
    ] {
        let mut wrong = creation("bid-2");
        wrong["flow"]["context"] = context.clone();
        let refused = platform.post("/api/v1/conversations", wrong).await;
        refused.expect_status(400).expect_code("INVALID_REQUEST");
    }
    let mine = bela.get("/api/v1/conversations").await.body;
    assert_eq!(mine["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn in_a_closed_conversation_nobody_presses_but_staff() {
    let deal = Deal::begin().await;
    let path = format!("/api/v1/conversations/{}", deal.id);
    for status in ["closed", "archived"] {
        let closed = deal.platform.patch(&path, json!({ "status": status }));
        closed.await.expect_status(200);
        let action = "accept_connection";
        deal.is_refused(&deal.influencer, action, 409, "CONVERSATION_CLOSED")
            .await;
    }
    let open = deal.platform.patch(&path, json!({ "status": "open" }));
    open.await.expect_status(200);
    deal.connect().await;
    let closed = deal.platform.patch(&path, json!({ "status": "closed" }));
    closed.await.expect_status(200);
    let support = deal.app.person_with("support", &["support"]).await;
    let press = json!({ "input": { "reason": "over" } });
    let done = deal.press(&support, "staff_close", press).await;
    assert_eq!(done.expect_status(200).body["state"], "chat_closed");
}

#[tokio::test]
async fn a_step_reaches_those_who_listen_though_the_room_and_the_deal_slept() {
    let options = ["--rate-limits", "off", "--room-idle-seconds", "1"];
    let deal = Deal::begin_on(TestApp::with(&options).await).await;
    let mut elsewhere = deal.brand_owner.socket().await;
    deal.app.until_rooms_sleep().await;
    deal.connect().await;
    let told = elsewhere.event("conversation_state_changed").await;
    assert_eq!(
        told["available_actions"][0]["action"],
        "send_project_details"
    );
    let noted = elsewhere.event("notification").await;
    assert_eq!(noted["conversation_id"], deal.id);
    deal.app.until_rooms_sleep().await;
    let details = json!({ "details": "posts" });
    deal.step(
        "brand_owner",
        "send_project_details",
        details,
        "influencer_reviewing",
    )
    .await;
    let again = elsewhere.event("conversation_state_changed").await;
    assert_eq!(again["new_state"], "influencer_reviewing");
}
