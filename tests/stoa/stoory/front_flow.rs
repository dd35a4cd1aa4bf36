//! Deals by the endpoints and the action names of the platform's real front end.

use serde_json::{Value, json};

use crate::client::Answer;
use crate::deals::Deal;
use crate::test_app::TestApp;

const BIDS: &str = "/api/bids/automated";

impl Deal {
    /// An action over the endpoint of a side.
    pub async fn front_acts(&self, role: &str, action: &str, data: Value) -> Answer {
        let path = format!("{BIDS}/{}-action", role.replace('_', "-"));
        let body = json!({ "conversation_id": self.id, "action": action, "data": data });
        self.role(role).post(&path, body).await
    }

    /// Several actions, each with the state that it leads to.
    pub async fn front_walks(&self, actions: &[(&str, &str, Value, &str)]) {
        for (role, action, data, state) in actions {
            let told = self
                .front_acts(role, action, data.clone())
                .await
                .expect_status(200)
                .body;
            assert_eq!(
                told["conversation"]["flow_state"], *state,
                "{action}: {told}"
            );
            assert_eq!(told["conversation"]["id"], self.id);
            assert_eq!(told["flow_state"], *state);
        }
    }

    /// Up to the price that the influencer may answer, by the front end's names.
    pub async fn front_to_offer(&self) {
        let none = || json!({});
        self.front_walks(&[
            ("influencer", "accept", none(), "brand_owner_details"),
            (
                "brand_owner",
                "send_project_details",
                json!({ "project_details": "Three posts" }),
                "influencer_reviewing",
            ),
            (
                "influencer",
                "accept_project",
                none(),
                "brand_owner_pricing",
            ),
            (
                "brand_owner",
                "send_price_offer",
                json!({ "price_offer": 5000 }),
                "influencer_price_response",
            ),
        ])
        .await;
    }
}

#[tokio::test]
async fn a_deal_is_bargained_for_by_the_front_end_s_own_names() {
    let deal = Deal::begin().await;
    deal.front_to_offer().await;
    let none = || json!({});
    deal.front_walks(&[
        (
            "influencer",
            "negotiate_price",
            none(),
            "brand_owner_negotiation",
        ),
        (
            "brand_owner",
            "handle_negotiation",
            json!({ "action": "agree" }),
            "negotiation_input",
        ),
        (
            "brand_owner",
            "send_negotiated_price",
            json!({ "price": 5500 }),
            "influencer_final_response",
        ),
        (
            "influencer",
            "continue_negotiate",
            none(),
            "brand_owner_negotiation",
        ),
        (
            "brand_owner",
            "agree_negotiation",
            none(),
            "negotiation_input",
        ),
        (
            "brand_owner",
            "send_negotiated_price",
            json!({ "new_price": "6000" }),
            "influencer_final_response",
        ),
        (
            "influencer",
            "accept_negotiated_price",
            none(),
            "payment_pending",
        ),
    ])
    .await;
    assert_eq!(
        deal.row("influencer").await["flow_data"]["price"]["amount"],
        600_000
    );
    deal.order().await;
    deal.front_walks(&[("brand_owner", "pay_now", none(), "payment_pending")])
        .await;
}

/// The end of a deal: the steps that lead there, what is pressed, by whom, with what.
type End = (Vec<Step>, &'static str, &'static str, Value);
/// Who, what, with what, and the state that follows.
type Step = (&'static str, &'static str, Value, &'static str);

fn negotiating() -> Step {
    (
        "influencer",
        "negotiate_price",
        json!({}),
        "brand_owner_negotiation",
    )
}

fn offered() -> Step {
    (
        "brand_owner",
        "send_negotiated_price",
        json!({ "price": 5500 }),
        "influencer_final_response",
    )
}

#[tokio::test]
async fn the_front_end_s_names_for_no_close_the_conversation() {
    let none = || json!({});
    let no = || json!({ "action": "reject" });
    let ends: [End; 5] = [
        (vec![], "reject", "influencer", none()),
        (
            vec![negotiating()],
            "handle_negotiation",
            "brand_owner",
            no(),
        ),
        (
            vec![negotiating()],
            "reject_negotiation",
            "brand_owner",
            none(),
        ),
        (
            vec![negotiating(), offered()],
            "reject_negotiated_price",
            "influencer",
            none(),
        ),
        (
            vec![negotiating(), offered()],
            "reject_final_price",
            "influencer",
            none(),
        ),
    ];
    let app = TestApp::start().await;
    let mut deal = Deal::begin_on(app).await;
    for (number, (steps, action, role, data)) in ends.into_iter().enumerate() {
        if number > 0 {
            let wish = crate::deals::creation(&format!("bid-{}", number + 1));
            deal = Deal::begin_with(deal.app, wish).await;
        }
        if !steps.is_empty() {
            deal.front_to_offer().await;
            deal.front_walks(&steps).await;
        }
        deal.front_walks(&[(role, action, data, "chat_closed")])
            .await;
    }
}

#[tokio::test]
async fn a_project_is_denied_by_the_front_end_s_name() {
    let deal = Deal::begin().await;
    let none = || json!({});
    deal.front_walks(&[
        (
            "influencer",
            "accept_connection",
            none(),
            "brand_owner_details",
        ),
        (
            "brand_owner",
            "send_project_details",
            json!({ "details": "x" }),
            "influencer_reviewing",
        ),
        ("influencer", "deny_project", none(), "chat_closed"),
    ])
    .await;
}

#[tokio::test]
async fn a_name_of_the_flow_stands_for_itself_where_its_form_is_filled_in() {
    let deal = Deal::begin().await;
    deal.front_to_offer().await;
    deal.front_walks(&[
        (
            "influencer",
            "negotiate_price",
            json!({ "price": 8000 }),
            "brand_owner_negotiation",
        ),
        (
            "brand_owner",
            "reject_negotiation",
            json!({ "price": 6000 }),
            "influencer_final_response",
        ),
        (
            "influencer",
            "accept_final_price",
            json!({}),
            "payment_pending",
        ),
    ])
    .await;
    assert_eq!(
        deal.row("influencer").await["flow_data"]["price"]["amount"],
        600_000
    );
}

#[tokio::test]
async fn a_click_answers_the_conversation_the_message_and_the_confirmation() {
    let deal = Deal::begin().await;
    let told = deal
        .click("influencer", "accept_connection", json!({}))
        .await
        .expect_status(200)
        .body;
    let conversation = &told["conversation"];
    assert_eq!(
        ["id", "flow_state", "awaiting_role"].map(|name| conversation[name].clone()),
        [
            json!(deal.id),
            json!("brand_owner_details"),
            json!("brand_owner")
        ]
    );
    assert!(
        conversation["current_action_data"].is_object(),
        "who is not asked may still leave"
    );
    assert_eq!(
        told["message"]["message"],
        "You are connected. The brand owner now describes the project."
    );
    assert_eq!(
        told["audit_message"]["message"],
        "You accepted the connection."
    );
    assert_eq!(told["audit_message"]["message_type"], "audit");
    assert_eq!(told["flow_update"]["flow_state"], "brand_owner_details");
    let typed = deal
        .type_in("brand_owner", "Three posts", "project_details")
        .await
        .expect_status(200)
        .body;
    assert_eq!(
        typed["conversation"]["current_action_data"]["buttons"][0]["id"],
        "close_conversation"
    );
    assert_eq!(
        typed["message"], typed["audit_message"],
        "the step said nothing else to them"
    );
    let rows = deal.rows("brand_owner").await;
    let known = rows
        .iter()
        .find(|row| row["id"] == typed["audit_message"]["id"]);
    assert_eq!(
        known,
        Some(&typed["audit_message"]),
        "it is the row of the list"
    );
    let again = deal
        .type_in("brand_owner", "Three posts", "project_details")
        .await
        .expect_status(200)
        .body;
    assert_eq!(again, typed, "a repetition is answered alike");
}
