//! Every event again and again, in any order, side by side, and while the database comes and goes: paid once.

use futures_util::StreamExt;
use std::time::Duration;
use stoa::domain::flow::PaymentOutcome;

use super::fixture::{Event, Fixture, PRICE, event, options, post};
use super::hex_hmac;
use super::outages::{Outages, post_during};
use super::razorpay::{Razorpay, WEBHOOK_SECRET};
use super::recorder::Recorder;
use crate::postgres::TestCluster;
use crate::test_app::TestApp;

const REPEATS: usize = 100;

/// What one payment makes a gateway say, its refusal first included.
pub fn story(order: &str, payment: &str) -> Vec<Event> {
    [
        "payment.failed",
        "payment.authorized",
        "payment.captured",
        "order.paid",
    ]
    .map(|name| event(name, order, payment, PRICE))
    .into()
}

/// All events many times over, shuffled by a seed.
pub fn shuffled(events: &[Event], repeats: usize, mut seed: u64) -> Vec<Event> {
    let mut all: Vec<Event> = (0..repeats).flat_map(|_| events.to_vec()).collect();
    for index in (1..all.len()).rev() {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        all.swap(index, (seed >> 33) as usize % (index + 1));
    }
    all
}

async fn assert_paid_once(
    fixture: &Fixture,
    order: &str,
    conversation: stoa::domain::ids::ConversationNo,
) {
    fixture.until_idle().await;
    let outcomes = fixture.recorder.outcomes(conversation);
    let paid = outcomes
        .iter()
        .filter(|outcome| **outcome == PaymentOutcome::Paid)
        .count();
    assert_eq!(paid, 1, "{order}: {outcomes:?}");
    let others = outcomes
        .iter()
        .all(|outcome| matches!(outcome, PaymentOutcome::Paid | PaymentOutcome::Failed));
    assert!(others && outcomes.len() <= 2, "{outcomes:?}");
    let row = fixture.order(conversation, 1);
    assert_eq!(
        (row.status.as_str(), row.paid_by.as_deref()),
        ("paid", Some("pay_1"))
    );
    assert_eq!(
        fixture.count(
            "select count(*) as n from payments where status = 'captured' and verdict = 'paid'"
        ),
        1
    );
}

#[tokio::test]
async fn in_any_order_a_hundred_times_each_it_is_paid_once() {
    let razorpay = Razorpay::start().await;
    for seed in 1..=3 {
        let fixture = Fixture::at(&razorpay).await;
        let (conversation, order) = fixture.deal().await;
        let events = shuffled(&story(&order, "pay_1"), REPEATS, seed);
        let address = fixture.app.address;
        let posts = futures_util::stream::iter(events).map(|event| async move {
            let signature = hex_hmac(WEBHOOK_SECRET, &event.body);
            post(address, &event.id, &event.body, &signature).await
        });
        let statuses: Vec<u16> = posts.buffer_unordered(16).collect().await;
        assert!(statuses.iter().all(|status| *status == 200));
        assert_eq!(fixture.count("select count(*) as n from payment_events"), 4);
        assert_paid_once(&fixture, &order, conversation).await;
    }
}

#[tokio::test]
async fn every_order_of_the_events_ends_the_same() {
    let razorpay = Razorpay::start().await;
    let fixture = Fixture::at(&razorpay).await;
    let mut all = Vec::new();
    for first in 0..4 {
        for second in (0..4).filter(|second| *second != first) {
            let rest = (0..4).filter(|rest| ![first, second].contains(rest));
            let rest: Vec<usize> = rest.collect();
            all.push([first, second, rest[0], rest[1]]);
            all.push([first, second, rest[1], rest[0]]);
        }
    }
    assert_eq!(all.len(), 24);
    for (number, order_of_events) in all.into_iter().enumerate() {
        let conversation = fixture.conversation().await;
        fixture.request(conversation, 1);
        let order = fixture
            .ready(conversation, 1)
            .await
            .gateway_order_id
            .expect("an id");
        let payment = format!("pay_{number}");
        for index in order_of_events {
            fixture.event(&story(&order, &payment)[index]).await;
        }
        fixture.until_idle().await;
        let row = fixture.order(conversation, 1);
        assert_eq!(
            (row.status.as_str(), row.paid_by),
            ("paid", Some(payment)),
            "{order_of_events:?}"
        );
        let outcomes = fixture.recorder.outcomes(conversation);
        let paid = outcomes
            .iter()
            .filter(|outcome| **outcome == PaymentOutcome::Paid);
        assert_eq!(paid.count(), 1, "{order_of_events:?}: {outcomes:?}");
    }
}

#[tokio::test]
async fn while_the_database_comes_and_goes_nothing_is_lost_or_doubled() {
    let cluster = tokio::task::spawn_blocking(|| TestCluster::start().expect("a cluster"))
        .await
        .unwrap();
    let url = cluster.create_database("alone").expect("a database");
    let options = options(&Razorpay::start().await.options());
    let texts: Vec<&str> = options.iter().map(String::as_str).collect();
    let app = TestApp::on(url, &texts).await;
    let fixture = Fixture::of(app, &options, Recorder::new());
    let (conversation, order) = fixture.deal().await;
    let address = fixture.app.address;
    let events = shuffled(&story(&order, "pay_1"), 12, 7);
    let outages = Outages {
        count: 2,
        there: Duration::from_millis(60),
        away: Duration::from_millis(300),
    };
    let send = async |event: &Event| {
        let signature = hex_hmac(WEBHOOK_SECRET, &event.body);
        post(address, &event.id, &event.body, &signature).await
    };
    let _cluster = post_during(outages, cluster, &events, send).await;
    assert_paid_once(&fixture, &order, conversation).await;
}
