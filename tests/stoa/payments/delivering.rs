//! Webhooks to the platform: signed by the standard, tried for a day, never to a place that is ours alone.

use serde_json::{Value, json};
use std::time::Duration;

use super::fixture::Fixture;
use super::listener::Said;
use super::platform::{
    NEW_KEY, OLD_KEY, attempts, happen, is_signed, receiver, told_at, told_here, until_events,
    until_tried,
};
use crate::polling::until;
use crate::test_app::{SECRET, try_parse};

fn is(status: &str) -> impl Fn(&[Value]) -> bool {
    move |events| events.iter().any(|event| event["status"] == status)
}

#[tokio::test]
async fn the_platform_is_told_and_can_verify_it_with_either_secret() {
    let platform = receiver(|_| Said::status(204)).await;
    let fixture = Fixture::with(&told_here(&platform)).await;
    let admin = fixture.app.person_with("admin", &["admin"]).await;
    happen(&fixture, "deal.paid");
    let events = until_events(&admin, is("delivered")).await;
    let heard = platform.heard();
    assert_eq!(
        (
            heard.len(),
            heard[0].method.as_str(),
            heard[0].path.as_str()
        ),
        (1, "POST", "/hooks?x=1")
    );
    assert!(is_signed(&heard[0], &NEW_KEY) && is_signed(&heard[0], &OLD_KEY));
    assert!(!is_signed(&heard[0], b"another key of twenty-four"));
    assert_eq!(heard[0].header("webhook-id"), events[0]["id"]);
    assert_eq!(heard[0].header("content-type"), "application/json");
    let body: Value = serde_json::from_str(&heard[0].body).expect("JSON");
    assert_eq!(body["type"], "deal.paid");
    assert_eq!(body["timestamp"], events[0]["created_at"]);
    assert_eq!(
        body["data"],
        json!({ "price": { "amount": 5_000, "currency": "INR" } })
    );
    assert_eq!(events[0]["body"], body);
    let tried = attempts(&admin, &events[0]).await;
    assert_eq!(
        (tried.len(), &tried[0]["status"], &tried[0]["problem"]),
        (1, &204.into(), &Value::Null)
    );
}

#[tokio::test]
async fn a_failed_delivery_is_tried_again_under_the_same_id() {
    let elsewhere = receiver(|_| Said::status(200)).await;
    let target = elsewhere.url();
    let platform = receiver(move |had| match had {
        0 => Said::status(500),
        1 => Said {
            lost: true,
            ..Said::status(200)
        },
        2 => Said {
            headers: vec![("location", target.clone())],
            ..Said::status(307)
        },
        3 => Said {
            after: Duration::from_secs(2),
            ..Said::status(200)
        },
        _ => Said::status(200),
    })
    .await;
    let mut options = told_here(&platform);
    options.extend(["--webhook-timeout-ms", "300"].map(str::to_owned));
    let fixture = Fixture::with(&options).await;
    let admin = fixture.app.person_with("admin", &["admin"]).await;
    happen(&fixture, "deal.paid");
    let events = until_events(&admin, is("delivered")).await;
    let tried = attempts(&admin, &events[0]).await;
    let told: Vec<_> = tried
        .iter()
        .map(|attempt| (attempt["status"].as_u64(), attempt["problem"].as_str()))
        .collect();
    let problems = told[1].1;
    assert!(
        matches!(problems, Some("unreachable" | "unreadable")),
        "{problems:?}"
    );
    assert_eq!(
        [told[0], told[2], told[3], told[4]],
        [
            (Some(500), Some("refused")),
            (Some(307), Some("redirected")),
            (None, Some("timed_out")),
            (Some(200), None)
        ]
    );
    assert!(elsewhere.heard().is_empty(), "a redirect is not followed");
    let heard = platform.heard();
    assert!(
        heard
            .iter()
            .all(|one| one.header("webhook-id") == events[0]["id"] && is_signed(one, &NEW_KEY))
    );
}

#[tokio::test]
async fn a_platform_that_says_gone_is_not_asked_again_until_somebody_wants_it() {
    let platform = receiver(|had| Said::status(if had == 0 { 410 } else { 200 })).await;
    let fixture = Fixture::with(&told_here(&platform)).await;
    let admin = fixture.app.person_with("admin", &["admin"]).await;
    happen(&fixture, "deal.paid");
    let events = until_events(&admin, is("given_up")).await;
    assert_eq!(fixture.count("select count(*) as n from jobs"), 0);
    let path = format!(
        "/api/v1/webhooks/events/{}/redeliver",
        events[0]["id"].as_str().expect("an id")
    );
    let again = admin.post(&path, json!({})).await.expect_status(202);
    assert_eq!(again.body["status"], "pending");
    let events = until_events(&admin, is("delivered")).await;
    let tried = attempts(&admin, &events[0]).await;
    assert_eq!(
        (tried[0]["problem"].as_str(), tried[1]["status"].as_u64()),
        (Some("gone"), Some(200))
    );
    assert_eq!(tried[1]["attempt"], 2);
}

#[tokio::test]
async fn after_a_day_it_is_given_up() {
    let platform = receiver(|_| Said::status(500)).await;
    let fixture = Fixture::with(&told_here(&platform)).await;
    let admin = fixture.app.person_with("admin", &["admin"]).await;
    happen(&fixture, "deal.paid");
    assert_eq!(until_tried(&admin).await, "refused");
    fixture.run_sql("update jobs set created_at = now() - interval '25 hours', due_at = now()");
    until_events(&admin, is("given_up")).await;
    assert_eq!(fixture.count("select count(*) as n from jobs"), 0);
}

#[tokio::test]
async fn a_restart_in_between_loses_nothing() {
    let platform = receiver(|had| Said::status(if had < 3 { 503 } else { 200 })).await;
    let mut fixture = Fixture::with(&told_here(&platform)).await;
    let admin = fixture.app.person_with("admin", &["admin"]).await;
    happen(&fixture, "deal.paid");
    until_tried(&admin).await;
    fixture.stop_runner().await;
    happen(&fixture, "deal.over");
    fixture.start_runner();
    let all = |events: &[Value]| {
        events.len() == 2 && events.iter().all(|event| event["status"] == "delivered")
    };
    until_events(&admin, all).await;
}

#[tokio::test]
async fn nothing_goes_to_a_place_that_is_ours_alone() {
    let inside = receiver(|_| Said::status(200)).await;
    let port = inside.address.port();
    let hosts = [
        "localhost",
        "127.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:a9fe:a9fe]",
        "169.254.169.254",
        "0.0.0.0",
        "2130706433",
    ];
    for host in hosts {
        let fixture = Fixture::with(&told_at(&format!("https://{host}:{port}/"))).await;
        let admin = fixture.app.person_with("admin", &["admin"]).await;
        happen(&fixture, "deal.paid");
        assert_eq!(until_tried(&admin).await, "address_refused", "{host}");
    }
    assert!(inside.heard().is_empty());
}

#[tokio::test]
async fn a_slow_platform_does_not_keep_money_waiting() {
    let platform = receiver(|_| Said {
        after: Duration::from_secs(20),
        ..Said::status(200)
    })
    .await;
    let mut options = told_here(&platform);
    options.extend(["--webhook-timeout-ms", "3000", "--job-concurrency", "1"].map(str::to_owned));
    let fixture = Fixture::with(&options).await;
    for _ in 0..5 {
        happen(&fixture, "deal.paid");
    }
    let heard = async || platform.heard().len();
    until("the first delivery", heard, |count| *count > 0).await;
    fixture.deal().await;
    assert_eq!(
        platform.heard().len(),
        1,
        "the first delivery is still under way"
    );
}

#[test]
fn a_wrong_address_or_secret_is_told_at_the_start() {
    let check = |given: &[&str]| {
        let needed = ["stoa", "--jwt-secret", SECRET, "--sandbox"];
        let without_sandbox = given.contains(&"--razorpay-key-id");
        let needed = &needed[..needed.len() - usize::from(without_sandbox)];
        try_parse(&[needed, given].concat())?.check()
    };
    let good = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    assert!(
        check(&[
            "--webhook-url",
            "https://example.com/x",
            "--webhook-secrets",
            good
        ])
        .is_ok()
    );
    let wrong = [
        vec![
            "--webhook-url",
            "http://example.com/x",
            "--webhook-secrets",
            good,
        ],
        vec![
            "--webhook-url",
            "ftp://example.com/x",
            "--webhook-secrets",
            good,
            "--webhook-allow-private",
        ],
        vec![
            "--webhook-url",
            "https://example.com/x",
            "--webhook-secrets",
            "secret",
        ],
        vec!["--razorpay-key-id", "x", "--razorpay-key-secret", "y"],
        vec!["--razorpay-base-url", "api.razorpay.com"],
    ];
    for given in wrong {
        assert!(check(&given).is_err(), "{given:?}");
    }
}
