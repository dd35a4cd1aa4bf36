//! A press that says neither version nor request id stands for the state in which it arrives; made twice, it is done once.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::led_to;
use crate::deals::Deal;

#[tokio::test]
async fn of_fifty_clicks_at_once_one_is_a_step_and_all_are_told_so() {
    let deal = Deal::begin().await;
    let before = deal.steps_made().await;
    let clicks = (0..50).map(|_| deal.click("influencer", "accept_connection", json!({})));
    let answers = join_all(clicks).await;
    let first = led_to(answers[0].clone(), "brand_owner_details");
    for answer in answers {
        assert_eq!(led_to(answer, "brand_owner_details"), first);
    }
    assert_eq!(deal.steps_made().await, before + 1);
    let late = deal
        .click("influencer", "accept_connection", json!({}))
        .await;
    assert_eq!(
        led_to(late, "brand_owner_details"),
        first,
        "a second later as well"
    );
    assert_eq!(deal.steps_made().await, before + 1);
}

#[tokio::test]
async fn of_fifty_texts_at_once_one_is_a_step_and_all_are_told_so() {
    let deal = Deal::begin().await;
    led_to(
        deal.click("influencer", "accept_connection", json!({}))
            .await,
        "brand_owner_details",
    );
    let before = deal.steps_made().await;
    let texts = (0..50).map(|_| deal.type_in("brand_owner", "Three posts", "details"));
    for answer in join_all(texts).await {
        led_to(answer, "influencer_reviewing");
    }
    assert_eq!(deal.steps_made().await, before + 1);
}

#[tokio::test]
async fn fields_that_a_form_does_not_ask_for_do_not_make_another_press() {
    let deal = Deal::begin().await;
    deal.clicked_to_payment().await;
    let order = deal.order().await;
    assert!(deal.check_out(&order, "success").await.is_success());
    deal.reaches("payment_completed").await;
    let started = deal.click("influencer", "start_work", json!({}));
    led_to(started.await, "work_in_progress");
    let before = deal.steps_made().await;
    let clicks = (0..20).map(|number| {
        let work = json!({
            "deliverables": "https://drive.google.com/...", "description": "3 Instagram posts as requested",
            "submission_notes": "All posts follow brand guidelines", "submitted_at": format!("2026-01-01T00:00:00.{number:03}Z"),
        });
        deal.click("influencer", "submit_work", work)
    });
    for answer in join_all(clicks).await {
        led_to(answer, "work_submitted");
    }
    assert_eq!(deal.steps_made().await, before + 1);
}

#[tokio::test]
async fn a_price_is_the_same_however_it_is_written() {
    let deal = Deal::begin().await;
    deal.clicked_to_pricing().await;
    let before = deal.steps_made().await;
    let prices = [
        json!(5000),
        json!("5000"),
        json!("₹5,000"),
        json!("Rs 5000"),
    ];
    let clicks = prices
        .map(|price| deal.click("brand_owner", "send_price_offer", json!({ "price": price })));
    let typed = deal.type_in("brand_owner", "₹5000", "negotiation");
    let (clicked, typed) = tokio::join!(join_all(clicks), typed);
    for answer in clicked.into_iter().chain([typed]) {
        led_to(answer, "influencer_price_response");
    }
    assert_eq!(deal.steps_made().await, before + 1);
    let other = deal.click("brand_owner", "send_price_offer", json!({ "price": 5001 }));
    other.await.expect_status(409);
}

#[tokio::test]
async fn of_different_clicks_at_once_one_wins_and_the_others_are_told_where_the_deal_stands() {
    let deal = Deal::begin().await;
    let clicks = (0..50).map(|number| {
        let button = match number % 2 {
            0 => "accept_connection",
            _ => "reject_connection",
        };
        deal.click("influencer", button, json!({}))
    });
    let answers = join_all(clicks).await;
    let (won, lost): (Vec<_>, Vec<_>) =
        answers.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((won.len(), lost.len()), (25, 25));
    let state = won[0].body["flow_update"]["flow_state"].clone();
    for answer in won {
        assert_eq!(answer.body["flow_update"]["flow_state"], state);
    }
    for answer in lost {
        let told = answer
            .expect_status(409)
            .expect_code("FLOW_STATE_INVALID")
            .body;
        assert_eq!(
            (
                &told["details"]["current_state"],
                &told["details"]["required_state"]
            ),
            (&state, &json!("influencer_responding"))
        );
    }
    assert_eq!(deal.steps_made().await, 3, "start, then, and one press");
}

#[tokio::test]
async fn the_gateway_s_news_do_not_make_a_second_click_another_one() {
    let deal = Deal::begin().await;
    deal.clicked_to_payment().await;
    deal.order().await;
    let before = deal.steps_made().await;
    let again = deal.click("influencer", "accept_final_offer", json!({ "price": 5000 }));
    led_to(again.await, "payment_pending");
    let other = deal
        .click("influencer", "accept_final_offer", json!({ "price": 4000 }))
        .await;
    other.expect_status(409).expect_code("FLOW_STATE_INVALID");
    assert_eq!(deal.steps_made().await, before);
    let opened = (0..10).map(|_| deal.click("brand_owner", "proceed_to_payment", json!({})));
    for answer in join_all(opened).await {
        led_to(answer, "payment_pending");
    }
    assert_eq!(
        deal.steps_made().await,
        before + 1,
        "in one state it is pressed once"
    );
}

#[tokio::test]
async fn the_same_click_in_a_later_visit_of_a_state_is_another_one() {
    let deal = Deal::begin().await;
    deal.clicked_to("brand_owner_negotiation").await;
    let before = deal.steps_made().await;
    for _ in 0..2 {
        led_to(
            deal.click("brand_owner", "make_counter_offer", json!({}))
                .await,
            "negotiation_input",
        );
        led_to(
            deal.click("brand_owner", "cancel_counter_offer", json!({}))
                .await,
            "brand_owner_negotiation",
        );
    }
    assert_eq!(deal.steps_made().await, before + 4);
}

#[tokio::test]
async fn after_a_press_of_somebody_else_an_old_click_is_refused() {
    let deal = Deal::begin().await;
    led_to(
        deal.click("influencer", "accept_connection", json!({}))
            .await,
        "brand_owner_details",
    );
    led_to(
        deal.type_in("brand_owner", "Three posts", "details").await,
        "influencer_reviewing",
    );
    let old = deal
        .click("influencer", "accept_connection", json!({}))
        .await;
    let told = old
        .expect_status(409)
        .expect_code("FLOW_STATE_INVALID")
        .body;
    assert_eq!(told["details"]["current_state"], "influencer_reviewing");
    let offered: Vec<&Value> = told["details"]["available_actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| &o["action"])
        .collect();
    assert!(offered.contains(&&json!("accept_project")), "{told}");
}

impl Deal {
    /// To the brand owner's answer to another price, or until the price is agreed.
    async fn clicked_to_pricing(&self) {
        let first = self.click("influencer", "accept_connection", json!({}));
        led_to(first.await, "brand_owner_details");
        let details = self.type_in("brand_owner", "Three posts", "details");
        led_to(details.await, "influencer_reviewing");
        let accepted = self.click("influencer", "accept_project", json!({}));
        led_to(accepted.await, "brand_owner_pricing");
    }

    async fn clicked_to(&self, state: &str) {
        self.clicked_to_pricing().await;
        led_to(
            self.type_in("brand_owner", "4000", "price").await,
            "influencer_price_response",
        );
        led_to(
            self.type_in("influencer", "6000", "negotiation").await,
            state,
        );
    }
}

#[tokio::test]
async fn a_click_with_a_key_is_answered_as_the_first_whatever_has_happened_since() {
    let deal = Deal::begin().await;
    let path = deal.path("button-click");
    let body = json!({ "button_id": "accept_connection" }).to_string();
    let click = async || {
        let key = [("idempotency-key", "k-1")];
        let body = Some(body.clone());
        deal.influencer.request("POST", &path, body, &key).await
    };
    let first = led_to(click().await, "brand_owner_details");
    let details = deal.type_in("brand_owner", "Three posts", "details").await;
    led_to(details, "influencer_reviewing");
    assert_eq!(led_to(click().await, "brand_owner_details"), first);
}
