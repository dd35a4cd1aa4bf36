//! Whole deals by clicks and typed texts alone.

use serde_json::{Value, json};

use super::{SYSTEM, led_to};
use crate::deals::Deal;

impl Deal {
    /// Up to the price on which both agree, in the guide's words.
    pub async fn clicked_to_payment(&self) {
        let none = || json!({});
        let first = self.click("influencer", "accept_connection", none());
        led_to(first.await, "brand_owner_details");
        let details = self.type_in("brand_owner", "Create 3 Instagram posts...", "details");
        led_to(details.await, "influencer_reviewing");
        let accepted = self.click("influencer", "accept_project", none());
        led_to(accepted.await, "brand_owner_pricing");
        let offered = self.click("brand_owner", "send_price_offer", json!({ "price": 4000 }));
        led_to(offered.await, "influencer_price_response");
        let asked = self.type_in("influencer", "₹6,000", "negotiation");
        led_to(asked.await, "brand_owner_negotiation");
        let counter = self.click("brand_owner", "make_counter_offer", none());
        led_to(counter.await, "negotiation_input");
        let typed = self.type_in("brand_owner", "₹5000", "negotiation");
        led_to(typed.await, "influencer_final_response");
        let agreed = self.click("influencer", "accept_final_offer", json!({ "price": 5000 }));
        let update = led_to(agreed.await, "payment_pending");
        assert_eq!(
            (&update["awaiting_role"], &update["chat_status"]),
            (&json!("brand_owner"), &json!("automated"))
        );
    }

    /// The checkout that the payer is shown.
    async fn checkout(&self) -> Value {
        let find = || async {
            let data = &self.row("brand_owner").await["current_action_data"];
            let config = data["payment_order"]["razorpay_config"].clone();
            config["order_id"].is_string().then_some(config)
        };
        self.until_found("the checkout", find).await
    }
}

#[tokio::test]
async fn a_bid_goes_from_connection_to_free_chat() {
    let deal = Deal::begin().await;
    deal.clicked_to_payment().await;
    let checkout = deal.checkout().await;
    assert_eq!(
        (&checkout["amount"], &checkout["currency"]),
        (&json!(500_000), &json!("INR"))
    );
    let proceeding = deal.click("brand_owner", "proceed_to_payment", json!({}));
    led_to(proceeding.await, "payment_pending");
    let order = checkout["order_id"].as_str().unwrap();
    assert!(deal.check_out(order, "success").await.is_success());
    deal.reaches("payment_completed").await;
    let started = deal.click("influencer", "start_work", json!({})).await;
    led_to(started, "work_in_progress");
    assert_eq!(deal.row("influencer").await["work_status"], "in_progress");
    deal.hands_in_and_is_approved().await;
    for (role, text) in [
        ("influencer", "thank you"),
        ("brand_owner", "thank you too"),
    ] {
        let said = json!({ "conversation_id": deal.id, "message": text });
        let said = deal.role(role).post("/api/messages/send", said).await;
        assert_eq!(said.expect_status(201).body["message"]["message"], text);
    }
}

impl Deal {
    async fn hands_in_and_is_approved(&self) {
        let work = json!({
            "deliverables": "https://drive.google.com/...",
            "description": "3 Instagram posts as requested",
            "submission_notes": "All posts follow brand guidelines",
        });
        let handed_in = self.click("influencer", "submit_work", work.clone());
        led_to(handed_in.await, "work_submitted");
        let row = self.row("brand_owner").await;
        for (name, part) in work.as_object().unwrap() {
            assert_eq!(&row["work_submission"][name], part, "{row}");
        }
        assert_eq!(
            (&row["work_submitted"], &row["work_status"]),
            (&json!(true), &json!("submitted"))
        );
        assert!(
            row["submission_date"].is_string()
                && row["work_submission"]["submitted_at"].is_string()
        );
        let again = self.type_in("brand_owner", "Please adjust the color scheme", "comment");
        led_to(again.await, "work_in_progress");
        let row = self.row("influencer").await;
        assert_eq!(
            (&row["work_submitted"], &row["work_status"]),
            (&json!(false), &json!("revision_requested"))
        );
        led_to(
            self.click("influencer", "submit_work", work).await,
            "work_submitted",
        );
        let comment = json!({ "comment": "Excellent work!" });
        let approved = self.click("brand_owner", "approve_work", comment).await;
        let update = led_to(approved, "real_time");
        assert_eq!(
            (&update["awaiting_role"], &update["chat_status"]),
            (&Value::Null, &json!("real_time"))
        );
        let row = self.row("influencer").await;
        assert_eq!(
            (
                &row["work_status"],
                &row["automation_enabled"],
                &row["chat_status"]
            ),
            (&json!("approved"), &json!(false), &json!("real_time"))
        );
    }
}

#[tokio::test]
async fn a_campaign_is_applied_for_and_paid() {
    let app = crate::test_app::TestApp::start().await;
    let creation = json!({
        "kind": "group",
        "participants": [{ "user_id": "ines", "role": "influencer" }, { "user_id": "bela", "role": "brand_owner" }],
        "subject": { "type": "campaign", "id": "camp-1", "title": "Bread" },
        "flow": { "name": "campaign", "context": { "campaign_title": "Bread" } },
    });
    let deal = Deal::begin_with(app, creation).await;
    let row = deal.row("influencer").await;
    assert_eq!(
        (&row["campaign_id"], &row["bid_id"], &row["flow_state"]),
        (
            &json!("camp-1"),
            &Value::Null,
            &json!("influencer_applying")
        )
    );
    let buttons = row["current_action_data"]["buttons"].as_array().unwrap();
    let apply = &buttons[0];
    let fields: Vec<&Value> = apply["data"]["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| &f["id"])
        .collect();
    assert_eq!(fields, ["application", "portfolio", "price"], "{apply}");
    let form = json!({ "application": "I bake", "portfolio": "https://example.com/me", "price": "Rs 4500" });
    let applied = deal
        .click("influencer", apply["id"].as_str().unwrap(), form)
        .await;
    led_to(applied, "brand_owner_reviewing");
    let row = deal.row("brand_owner").await;
    assert_eq!(row["flow_data"]["proposed_amount"]["amount"], 450_000);
    led_to(
        deal.click("brand_owner", "accept_application", json!({}))
            .await,
        "brand_owner_pricing",
    );
    led_to(
        deal.type_in("brand_owner", "4,500.50", "price").await,
        "influencer_price_response",
    );
    led_to(
        deal.click("influencer", "accept_price", json!({})).await,
        "payment_pending",
    );
    let checkout = deal.checkout().await;
    assert_eq!(checkout["amount"], 450_050);
    let order = checkout["order_id"].as_str().unwrap();
    assert!(deal.check_out(order, "success").await.is_success());
    deal.reaches("payment_completed").await;
}

/// What somebody is asked, oldest first.
async fn cards(deal: &Deal, role: &str) -> Vec<Value> {
    let rows = deal.rows(role).await.into_iter();
    rows.filter(|row| !row["action_data"].is_null()).collect()
}

#[tokio::test]
async fn cards_are_for_their_side() {
    let deal = Deal::begin().await;
    assert!(cards(&deal, "brand_owner").await.is_empty());
    let card = cards(&deal, "influencer").await.remove(0);
    let meant =
        ["sender_id", "receiver_id", "message_type", "is_automated"].map(|name| card[name].clone());
    assert_eq!(
        meant,
        [
            json!(SYSTEM),
            json!("ines"),
            json!("automated"),
            json!(true)
        ]
    );
    let data = &card["action_data"];
    let asked = ["flow_state", "visible_to"].map(|name| data[name].clone());
    assert_eq!(asked, ["influencer_responding", "influencer"]);
    assert_eq!(
        data["buttons"][0],
        json!({ "id": "accept_connection", "text": "Accept", "style": "success", "action": "accept_connection", "data": {} })
    );
    assert_eq!(&deal.row("influencer").await["current_action_data"], data);
    let other = deal.row("brand_owner").await["current_action_data"].clone();
    assert_eq!(
        other["buttons"][0]["id"], "close_conversation",
        "who is not asked may still leave"
    );
}

#[tokio::test]
async fn cards_wait_until_they_are_answered() {
    let deal = Deal::begin().await;
    let flags =
        |row: &Value| ["id", "action_required", "action_completed"].map(|name| row[name].clone());
    let card = cards(&deal, "influencer").await.remove(0);
    assert_eq!(flags(&card)[1..], [json!(true), json!(false)]);
    let accept = deal
        .click("influencer", "accept_connection", json!({}))
        .await;
    led_to(accept, "brand_owner_details");
    let answered = cards(&deal, "influencer").await.remove(0);
    assert_eq!(
        flags(&answered),
        [card["id"].clone(), json!(false), json!(true)]
    );
    let typed = cards(&deal, "brand_owner").await.remove(0)["action_data"].clone();
    assert_eq!(
        typed["input_field"],
        json!({ "id": "project_details", "type": "textarea", "placeholder": "Create 3 Instagram posts …", "required": true, "maxLength": 2000 })
    );
    assert_eq!(typed["submit_button"]["text"], "Send the details");
    let audits = |rows: Vec<Value>| {
        let rows = rows
            .into_iter()
            .filter(|row| row["message_type"] == "audit");
        rows.map(|row| (row["receiver_id"].clone(), row["message"].clone()))
            .collect::<Vec<_>>()
    };
    let own = audits(deal.rows("influencer").await);
    assert_eq!(
        own,
        [(json!("ines"), json!("You accepted the connection."))]
    );
    assert!(audits(deal.rows("brand_owner").await).is_empty());
}
