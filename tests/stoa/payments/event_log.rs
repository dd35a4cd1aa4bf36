//! The platform's view of its webhooks: the list of events, their attempts, and redelivery.

use serde_json::{Value, json};

use super::fixture::Fixture;
use super::platform::happen;
use crate::client::Person;

#[tokio::test]
async fn only_those_who_run_it_may_look() {
    let fixture = Fixture::with(&[]).await;
    happen(&fixture, "deal.paid");
    for (id, roles, status) in [
        ("alice", vec![], 403),
        ("sam", vec!["support"], 403),
        ("root", vec!["admin"], 200),
        ("api", vec!["service"], 200),
    ] {
        let person = fixture.app.person_with(id, &roles).await;
        let answer = person
            .get("/api/v1/webhooks/events")
            .await
            .expect_status(status);
        let missing = person.get("/api/v1/webhooks/events/evt_x/attempts").await;
        let again = person
            .post("/api/v1/webhooks/events/evt_x/redeliver", json!({}))
            .await;
        if status == 200 {
            assert_eq!(answer.body["items"][0]["type"], "deal.paid");
            missing.expect_status(404).expect_code("EVENT_NOT_FOUND");
            again.expect_status(404).expect_code("EVENT_NOT_FOUND");
        } else {
            missing.expect_status(403);
            again.expect_status(403);
        }
    }
}

fn fields_of(page: &Value, field: &str) -> Vec<Value> {
    let items = page["items"].as_array().expect("items").iter();
    items.map(|item| item[field].clone()).collect()
}

async fn page_by_page(person: &Person, path: &str, field: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = person.get(&format!("{path}?limit=2{cursor}")).await;
        let page = page.expect_status(200).body;
        found.extend(fields_of(&page, field));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

#[tokio::test]
async fn events_and_attempts_come_in_pages() {
    let fixture = Fixture::with(&[]).await;
    let admin = fixture.app.person_with("admin", &["admin"]).await;
    for number in 0..5 {
        happen(
            &fixture,
            if number % 2 == 0 {
                "deal.paid"
            } else {
                "deal.over"
            },
        );
    }
    let attempts = "insert into webhook_event_attempts (event_no, attempt, status, took_ms) select max(no), i, 500, i from webhook_events, generate_series(1, 5) i group by i";
    fixture.run_sql(attempts);
    let newest = admin.get("/api/v1/webhooks/events?limit=1").await.body["items"][0]["id"].clone();
    let attempts = format!(
        "/api/v1/webhooks/events/{}/attempts",
        newest.as_str().unwrap()
    );
    for (path, field) in [
        ("/api/v1/webhooks/events", "id"),
        (attempts.as_str(), "attempt"),
    ] {
        let whole = admin.get(path).await.expect_status(200).body;
        assert_eq!(
            (
                whole["items"].as_array().unwrap().len(),
                &whole["next_cursor"]
            ),
            (5, &Value::Null)
        );
        let all: Vec<Value> = fields_of(&whole, field);
        assert_eq!(page_by_page(&admin, path, field).await, all);
        for wrong in ["cursor=x", "limit=0", "limit=101", "cursor=!!"] {
            admin
                .get(&format!("{path}?{wrong}"))
                .await
                .expect_status(400);
        }
    }
    let paid = admin
        .get("/api/v1/webhooks/events?type=deal.paid")
        .await
        .body;
    assert_eq!(paid["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_redelivery_asked_for_twice_with_one_key_is_one() {
    let fixture = Fixture::with(&[]).await;
    let admin = fixture.app.person_with("admin", &["admin"]).await;
    happen(&fixture, "deal.paid");
    fixture.until_idle().await;
    let newest = admin.get("/api/v1/webhooks/events").await.body["items"][0]["id"].clone();
    let path = format!(
        "/api/v1/webhooks/events/{}/redeliver",
        newest.as_str().expect("an id")
    );
    let ask = || admin.request("POST", &path, None, &[("idempotency-key", "once")]);
    let first = ask().await.expect_status(202);
    fixture.until_idle().await;
    fixture.run_sql("update webhook_events set delivered_at = now()");
    let again = ask().await.expect_status(202);
    assert_eq!(first.body, again.body);
    let untouched = "select count(*) as n from webhook_events where delivered_at is not null";
    assert_eq!(fixture.count(untouched), 1, "it is not begun again");
}

#[tokio::test]
async fn options_keep_their_secrets() {
    let secrets = [
        "rzp-key-secret",
        "rzp-hook-secret",
        "sandbox-one",
        "sandbox-two",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    ];
    let given = [
        ["--razorpay-key-id", "rzp_test_1"],
        ["--razorpay-key-secret", secrets[0]],
        ["--razorpay-webhook-secrets", secrets[1]],
        ["--sandbox-webhook-secret", secrets[2]],
        ["--sandbox-signing-secret", secrets[3]],
        ["--webhook-secrets", secrets[4]],
    ];
    let given: Vec<String> = given.concat().into_iter().map(str::to_owned).collect();
    let config = super::fixture::config_of("unused", &given);
    let gateway = stoa::payment::PaymentGateway::new(&config.payments, b"seed");
    let printed = format!(
        "{} {:?} {:?}",
        config.printed(),
        config,
        gateway.gateway().map(|gateway| gateway.key_id().to_owned())
    );
    assert!(printed.contains("rzp_test_1"));
    for secret in secrets {
        assert!(!printed.contains(secret), "{secret}");
    }
}
