//! Concurrent presses: one of several competing presses wins, and a repeated press gets the stored answer.

use futures_util::future::join_all;
use serde_json::json;

use super::Deal;

#[tokio::test]
async fn of_a_hundred_competing_presses_one_is_a_step() {
    let deal = Deal::begin().await;
    let version = deal.stands(&deal.influencer).await["state_version"].clone();
    let presses = (0..100).map(|number| {
        let (person, action) = match number % 3 {
            0 => (&deal.influencer, "accept_connection"),
            1 => (&deal.influencer, "reject_connection"),
            _ => (&deal.brand_owner, "close_conversation"),
        };
        deal.press(
            person,
            action,
            json!({ "state_version": version, "request_id": format!("r-{number}") }),
        )
    });
    let answers = join_all(presses).await;
    let won = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(won, 1);
    let others = answers.iter().filter(|answer| answer.status != 200);
    for answer in others {
        assert_eq!(
            (answer.status, answer.body["error_code"].as_str()),
            (409, Some("FLOW_STATE_INVALID"))
        );
    }
    assert_eq!(
        deal.history(&deal.platform).await.len(),
        3,
        "start, then, and the one press"
    );
}

#[tokio::test]
async fn one_request_a_hundred_times_is_one_step_and_one_answer() {
    let deal = Deal::begin().await;
    let version = deal.stands(&deal.influencer).await["state_version"].clone();
    let press = json!({ "state_version": version, "request_id": "the-same" });
    let presses =
        (0..100).map(|_| deal.press(&deal.influencer, "accept_connection", press.clone()));
    let answers = join_all(presses).await;
    for answer in &answers {
        assert_eq!((answer.status, &answer.body), (200, &answers[0].body));
    }
    deal.step(
        "brand_owner",
        "send_project_details",
        json!({ "details": "x" }),
        "influencer_reviewing",
    )
    .await;
    let late = deal
        .press(&deal.influencer, "accept_connection", press.clone())
        .await;
    assert_eq!(
        late.expect_status(200).body,
        answers[0].body,
        "even after the deal went on"
    );
    let other = deal.press(
        &deal.brand_owner,
        "close_conversation",
        json!({ "request_id": "the-same" }),
    );
    assert_eq!(
        other.await.expect_status(200).body["state"],
        "chat_closed",
        "request ids are each caller's own"
    );
    assert_eq!(deal.history(&deal.platform).await.len(), 5);
}

#[tokio::test]
async fn a_press_that_was_answered_is_known_after_a_restart() {
    let mut deal = Deal::begin().await;
    let press = json!({ "request_id": "r-1" });
    let first = deal
        .press(&deal.influencer, "accept_connection", press.clone())
        .await
        .expect_status(200)
        .body;
    deal.app.stop().await;
    deal.app.start_again().await;
    let again = deal
        .press(&deal.influencer, "accept_connection", press)
        .await
        .expect_status(200)
        .body;
    assert_eq!(again, first);
    assert_eq!(deal.history(&deal.platform).await.len(), 3);
}

#[tokio::test]
async fn an_idempotency_key_makes_a_press_the_same_too() {
    let deal = Deal::begin().await;
    let path = format!(
        "/api/v1/conversations/{}/flow/actions/accept_connection",
        deal.id
    );
    let headers = [("idempotency-key", "k-1")];
    let press = |body: &'static str| {
        let body = Some(body.to_owned());
        deal.influencer.request("POST", &path, body, &headers)
    };
    let first = press("{}").await.expect_status(200).body;
    assert_eq!(press("{}").await.expect_status(200).body, first);
    let other = press(r#"{"state_version":1}"#).await;
    other.expect_status(409).expect_code("CONFLICT");
    assert_eq!(deal.history(&deal.platform).await.len(), 3);
}

/// What is stored for a repeated press and what is read have one shape.
#[tokio::test]
async fn the_answer_to_a_press_is_the_deal_as_its_reader_sees_it() {
    let deal = Deal::begin().await;
    let answered = deal.connect().await;
    assert_eq!(answered, deal.stands(&deal.influencer).await);
    let details = json!({ "details": "x" });
    let answered = deal.step(
        "brand_owner",
        "send_project_details",
        details,
        "influencer_reviewing",
    );
    assert_eq!(answered.await, deal.stands(&deal.brand_owner).await);
}
