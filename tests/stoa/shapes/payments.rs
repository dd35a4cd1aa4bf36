//! Money: what the gateway's webhooks and the sandbox's page are answered, and what the platform is told.

use serde_json::{Value, json};

use super::json::Json;
use super::snapshot_file::SnapshotFile;
use crate::client::Person;
use crate::deals::Deal;
use crate::payments::fixture::event;
use crate::payments::hex_hmac;
use crate::payments::listener::{Listener, Said};
use crate::payments::platform::{receiver, told_here, until_events};
use crate::test_app::{SECRET, TestApp};

async fn told_deal() -> (Deal, Listener) {
    let platform = receiver(|_| Said::status(204)).await;
    let mut options = vec!["--rate-limits".to_owned(), "off".to_owned()];
    options.extend(told_here(&platform));
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    (
        Deal::begin_on(TestApp::with(&options).await).await,
        platform,
    )
}

/// A webhook that nobody waits for, signed as the sandbox's are.
async fn webhook(snapshots: &mut SnapshotFile, person: &Person, order: &str) {
    let told = event(
        "payment.dispute.created",
        order,
        "pay_of_the_snapshots_1",
        500_000,
    );
    let seed = hex_hmac(SECRET, "the sandbox's webhooks");
    let signature = hex_hmac(&seed, &told.body);
    let headers = [
        ("x-razorpay-signature", signature.as_str()),
        ("x-razorpay-event-id", "evt_1"),
    ];
    let path = "/api/v1/webhooks/razorpay";
    let posted = person
        .request("POST", path, Some(told.body.clone()), &headers)
        .await;
    snapshots.keep_answer(format!("POST {path}"), &posted);
    let headers = [
        ("x-razorpay-signature", "00"),
        ("x-razorpay-event-id", "evt_1"),
    ];
    let refused = person
        .request("POST", path, Some(told.body), &headers)
        .await;
    snapshots.keep_answer(format!("POST {path} (signed by nobody)"), &refused);
}

#[tokio::test]
async fn what_gateway_and_platform_see() {
    let (deal, platform) = told_deal().await;
    let mut snapshots = SnapshotFile::new("payments");
    deal.to_payment().await;
    let order = deal.order().await;
    let page = "POST /sandbox/checkout/{order}";
    let outcome = json!({ "outcome": "success" });
    snapshots
        .ask(&deal.brand_owner, page, &[&order], Some(outcome), "")
        .await;
    deal.reaches("payment_completed").await;
    webhook(&mut snapshots, &deal.platform, &order).await;
    let work = json!({ "deliverables": "https://example.com/a", "description": "Posts", "submission_notes": "Warm" });
    deal.steps([
        ("influencer", "start_work", json!({}), "work_in_progress"),
        ("influencer", "submit_work", work, "work_submitted"),
        ("brand_owner", "approve_work", json!({}), "real_time"),
    ])
    .await;
    let are_told = |events: &[Value]| {
        events.len() == 3 && events.iter().all(|event| event["status"] == "delivered")
    };
    let events = until_events(&deal.platform, are_told).await;
    let mut heard = platform.heard();
    heard.sort_by_key(|heard| heard.body.clone());
    for one in heard {
        let body = Json::read(&one.body);
        let Some(Json::Text(kind)) = body.get("type") else {
            panic!("{}", one.body);
        };
        snapshots.keep(format!("the platform's webhook {kind}"), &body);
    }
    snapshots
        .ask(&deal.platform, "GET /api/v1/webhooks/events", &[], None, "")
        .await;
    let newest = events[0]["id"].as_str().expect("an id");
    let attempts = "GET /api/v1/webhooks/events/{id}/attempts";
    snapshots
        .ask(&deal.platform, attempts, &[newest], None, "")
        .await;
    let again = "POST /api/v1/webhooks/events/{id}/redeliver";
    snapshots
        .ask(&deal.platform, again, &[newest], Some(json!({})), "")
        .await;
    snapshots.close();
}
