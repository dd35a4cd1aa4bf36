//! Signed events that may be about money are handled, or kept for people to look at. None is dropped.

use serde_json::{Value, json};
use stoa::domain::flow::PaymentOutcome;

use super::fixture::{Fixture, PRICE, event, refund_event};
use super::hmac;
use super::razorpay::{Razorpay, WEBHOOK_SECRET};
use crate::polling::until;
use crate::servers::Alone;
use crate::test_app::TestApp;

async fn post(fixture: &Fixture, id: &str, body: &[u8]) -> u16 {
    let signature: String = hmac(WEBHOOK_SECRET.as_bytes(), body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let request = reqwest::Client::new()
        .post(format!(
            "http://{}/api/v1/webhooks/razorpay",
            fixture.app.address
        ))
        .header("x-razorpay-signature", signature)
        .header("x-razorpay-event-id", id)
        .body(body.to_owned());
    let status = request.send().await.expect("an answer").status().as_u16();
    fixture.run_sql("select 1");
    fixture.until_idle().await;
    status
}

fn given_up(fixture: &Fixture) -> i64 {
    fixture.count(
        "select count(*) as n from jobs where kind = 'payment_event' and given_up_at is not null",
    )
}

#[tokio::test]
async fn every_json_spelling_of_a_whole_number_is_read() {
    let fixture = Fixture::at(&Razorpay::start().await).await;
    let spellings: [fn(&str) -> String; 5] = [
        |body: &str| body.replace("500000", "500000.0"),
        |body: &str| body.replace("500000", "5e5"),
        |body: &str| body.replace("\"amount_refunded\":0", "\"amount_refunded\":0.0"),
        |body: &str| format!("\u{feff}{body}"),
        |body: &str| body.replace("\"notes\":[]", "\"notes\":{\"a\\ud83d\":\"\\udc00\"}"),
    ];
    for (turn, altered) in spellings.iter().enumerate() {
        let conversation = fixture.conversation().await;
        fixture.request(conversation, 1);
        let order = fixture
            .ready(conversation, 1)
            .await
            .gateway_order_id
            .unwrap();
        let paid = event("payment.captured", &order, &format!("pay_{turn}"), PRICE);
        let body = altered(&paid.body);
        assert_ne!(body, paid.body);
        assert_eq!(post(&fixture, &paid.id, body.as_bytes()).await, 200);
        assert_eq!(
            fixture.recorder.outcomes(conversation),
            [PaymentOutcome::Paid],
            "{body}"
        );
    }
    assert_eq!(given_up(&fixture), 0);
}

/// Bodies of signed events that cannot be read, each with a part of the reason.
fn unreadable(order: &str) -> Vec<(&'static str, Vec<u8>)> {
    let paid = event("payment.captured", order, "pay_1", PRICE).body;
    let mut contrary: Value = serde_json::from_str(&paid).unwrap();
    contrary["payload"]["payment"]["entity"]["captured"] = json!(false);
    let back = refund_event("refund.processed", "pay_1", "rfnd_1", PRICE).body;
    let latin = paid.replace("\"notes\":[]", "\"notes\":[\"?\"]");
    let latin: Vec<u8> = latin
        .bytes()
        .map(|byte| if byte == b'?' { 0xe9 } else { byte })
        .collect();
    vec![
        (
            "expected a whole number",
            paid.replace("500000", "\"500000\"").into(),
        ),
        (
            "expected a whole number",
            paid.replace("500000", "500000.5").into(),
        ),
        ("hex escape", paid.replace("pay_1", "pay_\\ud83d").into()),
        (
            "missing field `currency`",
            paid.replace("\"currency\":\"INR\",", "").into(),
        ),
        ("contradict each other", contrary.to_string().into()),
        (
            "expected a whole number",
            back.replace("500000", "true").into(),
        ),
        ("not UTF-8", latin),
        ("not UTF-8", paid.replace("INR", "IN\0").into()),
        ("EOF", paid[..paid.len() / 2].into()),
    ]
}

#[tokio::test]
async fn an_unreadable_event_is_left_for_people_with_the_reason() {
    let fixture = Fixture::at(&Razorpay::start().await).await;
    let (conversation, order) = fixture.deal().await;
    let cases = unreadable(&order);
    for (turn, (why, body)) in cases.iter().enumerate() {
        for _ in 0..2 {
            let shown = String::from_utf8_lossy(body);
            assert_eq!(
                post(&fixture, &format!("evt_{turn}"), body).await,
                200,
                "{shown}"
            );
        }
        let told = format!(
            "select count(*) as n from jobs j where kind = 'payment_event' and given_up_at is not null
             and payload ->> 'event_id' = 'evt_{turn}' and last_error like 'event_unreadable: %{}%'",
            why.replace('\'', "''")
        );
        assert_eq!(fixture.count(&told), 1, "{why}: {turn}");
    }
    assert_eq!(given_up(&fixture), cases.len() as i64);
    let kept = "select count(*) as n from payment_events where handled_at is null";
    assert_eq!(fixture.count(kept), cases.len() as i64);
    let bytes = "select count(*) as n from payment_events where raw is not null and position('\\xe9'::bytea in raw) > 0";
    assert_eq!(fixture.count(bytes), 1, "as it came");
    assert!(fixture.recorder.outcomes(conversation).is_empty());
}

#[tokio::test]
async fn an_event_of_no_interest_is_not_left_for_people_whatever_is_in_it() {
    let fixture = Fixture::at(&Razorpay::start().await).await;
    let other = json!({ "event": "payment.dispute.created", "payload": 7 }).to_string();
    assert_eq!(post(&fixture, "other", other.as_bytes()).await, 200);
    assert_eq!(given_up(&fixture), 0);
}

#[tokio::test]
async fn a_job_that_is_given_up_is_counted_and_can_be_tried_again() {
    let razorpay = Razorpay::start().await;
    let mut options = razorpay.options();
    options.extend(["--rate-limits", "off", "--job-retry-ms", "5"].map(str::to_owned));
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let app = TestApp::alone(Alone::Metrics).with(&options).await;
    let person = app.person("somebody").await;
    let body = "{\"event\":\"payment.captured\"}";
    let signature = super::hex_hmac(WEBHOOK_SECRET, body);
    assert_eq!(
        super::fixture::post(app.address, "one", body, &signature).await,
        200
    );
    let counted = "stoa_jobs_given_up_total{kind=\"payment_event\"}";
    for expected in [1, 2] {
        let line = format!("{counted} {expected}");
        let figures = async || person.get("/metrics").await.text;
        until(&line, figures, |text| text.contains(&line)).await;
        let again = "with again as (update jobs set given_up_at = null, attempts = 0, created_at = now(), due_at = now(), claimed_until = null
             where given_up_at is not null returning 1) select count(*) as n from again";
        assert_eq!(app.count(again), 1);
    }
}
