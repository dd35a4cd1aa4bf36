//! A storm of webhooks about the money of a real deal: whatever comes, however often and in whatever order, the deal is paid once.

use futures_util::StreamExt;
use serde_json::json;
use std::time::Duration;

use super::Deal;
use crate::payments::fixture::{Event, PRICE, event, post, refund_event};
use crate::payments::hex_hmac;
use crate::payments::listener::Said;
use crate::payments::outages::{Outages, post_during};
use crate::payments::platform::{NEW_KEY, is_signed, receiver, told_here};
use crate::payments::storms::{shuffled, story};
use crate::postgres::TestCluster;
use crate::test_app::TestApp;

const SECRET: &str = "the secret of the sandbox in a storm";
const OPTIONS: [&str; 6] = [
    "--rate-limits",
    "off",
    "--sandbox-webhook-secret",
    SECRET,
    "--job-retry-ms",
    "20",
];
const LEFT: &str =
    "select count(*) as n from jobs where kind not in ('reconcile', 'deliver_event')";

impl Deal {
    async fn waiting_for_money(app: TestApp) -> (Self, String) {
        let deal = Self::begin_on(app).await;
        deal.to_payment().await;
        let order = deal.order().await;
        (deal, order)
    }

    async fn hears(&self, event: &Event) -> u16 {
        let signature = hex_hmac(SECRET, &event.body);
        post(self.app.address, &event.id, &event.body, &signature).await
    }

    async fn is_idle(&self) {
        self.app.until_count(LEFT, 0).await;
    }

    async fn is_paid_once(&self) {
        self.reaches("payment_completed").await;
        self.is_idle().await;
        for (what, wanted) in [
            ("flow_steps where action = 'paid'", 1),
            ("flow_steps where to_state = 'payment_completed'", 1),
            ("webhook_events where event = 'deal.paid'", 1),
            ("payments where verdict = 'paid'", 1),
            ("payment_orders where applied_at is not null", 1),
            ("refunds", 0),
            ("payment_events", 4),
            ("payment_events where handled_at is null", 0),
        ] {
            let found = self.app.count(&format!("select count(*) as n from {what}"));
            assert_eq!(found, wanted, "{what}");
        }
        let paid = "Your payment of ₹5,000.00 has arrived.";
        let messages = self.messages(&self.brand_owner).await;
        assert_eq!(messages.iter().filter(|m| m["body"] == paid).count(), 1);
    }
}

#[tokio::test]
async fn in_any_order_and_a_hundred_times_each_a_deal_is_paid_once() {
    for seed in 1..=3 {
        let (deal, order) = Deal::waiting_for_money(TestApp::with(&OPTIONS).await).await;
        let events = shuffled(&story(&order, "pay_1"), 100, seed);
        let posts = futures_util::stream::iter(&events).map(|event| deal.hears(event));
        let statuses: Vec<u16> = posts.buffer_unordered(16).collect().await;
        assert!(statuses.iter().all(|status| *status == 200));
        deal.is_paid_once().await;
    }
}

#[tokio::test]
async fn while_the_database_comes_and_goes_a_deal_is_paid_once() {
    let made = tokio::task::spawn_blocking(|| {
        let cluster = TestCluster::start().expect("a cluster");
        let url = cluster.create_database("alone").expect("a database");
        (cluster, url)
    });
    let (cluster, url) = made.await.unwrap();
    let (deal, order) = Deal::waiting_for_money(TestApp::on(url, &OPTIONS).await).await;
    let events = shuffled(&story(&order, "pay_1"), 25, 11);
    let outages = Outages {
        count: 3,
        there: Duration::from_millis(40),
        away: Duration::from_millis(250),
    };
    let send = async |event: &Event| deal.hears(event).await;
    let _cluster = post_during(outages, cluster, &events, send).await;
    deal.is_paid_once().await;
}

#[tokio::test]
async fn money_that_is_not_what_was_asked_for_ends_as_the_flow_says() {
    let (deal, order) = Deal::waiting_for_money(TestApp::with(&OPTIONS).await).await;
    let captured = event("payment.captured", &order, "pay_1", PRICE);
    let altered = captured.body.replace("500000", "500001");
    let signature = hex_hmac(SECRET, &captured.body);
    let address = deal.app.address;
    assert_eq!(post(address, "evt_x", &altered, &signature).await, 401);
    let old = hex_hmac("a secret of before", &captured.body);
    assert_eq!(post(address, "evt_x", &captured.body, &old).await, 401);
    let large = " ".repeat(10 << 20);
    assert_eq!(
        post(address, "evt_x", &large, &hex_hmac(SECRET, &large)).await,
        413
    );
    let unknown = event("payment.captured", "order_of_others", "pay_2", PRICE);
    assert_eq!(deal.hears(&unknown).await, 200);
    let mut dollars = event("payment.captured", &order, "pay_3", PRICE);
    dollars.body = dollars.body.replace("\"INR\"", "\"USD\"");
    for _ in 0..50 {
        assert_eq!(deal.hears(&dollars).await, 200);
    }
    let orders = "select count(*) as n from payment_orders where status = 'created'";
    deal.app.until_count(orders, 2).await;
    deal.reaches("payment_pending").await;
    let back = "select count(*) as n from refunds where reason = 'wrong_amount' and payment_id = 'pay_3' and currency = 'USD'";
    assert_eq!(deal.app.count(back), 1, "the dollars go back, once");
    let another = async || Some(deal.order().await).filter(|found| *found != order);
    let again = deal.until_found("another order", another).await;
    for name in ["payment.failed", "payment.captured", "order.paid"] {
        let event = event(name, &again, "pay_4", PRICE);
        assert_eq!(deal.hears(&event).await, 200);
    }
    deal.reaches("payment_completed").await;
    let kept = "select count(*) as n from jobs where kind = 'payment_event' and last_error = 'order_not_found' and given_up_at is null";
    deal.app.until_count(kept, 1).await;
}

#[tokio::test]
async fn money_captured_after_the_deal_was_closed_goes_back_once() {
    let (deal, order) = Deal::waiting_for_money(TestApp::with(&OPTIONS).await).await;
    let close = deal.step(
        "brand_owner",
        "close_conversation",
        json!({}),
        "chat_closed",
    );
    close.await;
    let events = shuffled(&story(&order, "pay_1"), 30, 5);
    let posts = futures_util::stream::iter(&events).map(|event| deal.hears(event));
    let statuses: Vec<u16> = posts.buffer_unordered(16).collect().await;
    assert!(statuses.iter().all(|status| *status == 200));
    let back = refund_event("refund.processed", "pay_1", "rfnd_1", PRICE);
    for _ in 0..10 {
        assert_eq!(deal.hears(&back).await, 200);
    }
    deal.is_idle().await;
    let log = deal.history(&deal.platform).await;
    let actions: Vec<&str> = log.iter().map(|s| s["action"].as_str().unwrap()).collect();
    let count = |name: &str| actions.iter().filter(|action| **action == name).count();
    assert_eq!(
        (count("paid_late"), count("refunded"), count("paid")),
        (1, 1, 0),
        "{actions:?}"
    );
    assert_eq!(
        deal.app
            .count("select count(*) as n from refunds where status = 'processed'"),
        1
    );
    assert_eq!(deal.stands(&deal.platform).await["state"], "chat_closed");
}

#[tokio::test]
async fn the_platform_hears_that_a_deal_was_paid_and_can_verify_it() {
    let platform = receiver(|_| Said::status(204)).await;
    let told = told_here(&platform);
    let options: Vec<&str> = OPTIONS
        .into_iter()
        .chain(told.iter().map(String::as_str))
        .collect();
    let (deal, order) = Deal::waiting_for_money(TestApp::with(&options).await).await;
    for event in story(&order, "pay_1") {
        assert_eq!(deal.hears(&event).await, 200);
    }
    deal.reaches("payment_completed").await;
    let heard = async || platform.heard().first().cloned();
    let heard = deal.until_found("a delivery to the platform", heard).await;
    assert!(is_signed(&heard, &NEW_KEY));
    let body: serde_json::Value = serde_json::from_str(&heard.body).unwrap();
    assert_eq!(body["type"], "deal.paid");
    assert_eq!(body["data"]["conversation_id"], deal.id);
    assert_eq!(body["data"]["subject"]["id"], "bid-1");
    let price = json!({ "amount": PRICE, "currency": "INR" });
    assert_eq!(body["data"]["event"]["price"], price);
}
