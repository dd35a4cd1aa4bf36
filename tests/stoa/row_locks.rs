//! A row lock on one conversation: its senders wait, all others go on, and order is kept.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use serde_json::json;
use std::time::{Duration, Instant};

use crate::client::Person;
use crate::deals::Deal;
use crate::test_app::TestApp;

/// Holds rows of a database from a connection of its own until it is dropped.
struct RowLock(PgConnection);

impl RowLock {
    fn hold(app: &TestApp, rows: &str) -> Self {
        let mut connection = app.connection();
        connection
            .batch_execute(&format!("begin; {rows} for update"))
            .expect("the rows");
        Self(connection)
    }

    fn conversation(app: &TestApp, id: &str) -> Self {
        Self::hold(app, &format!("select from conversations where id = '{id}'"))
    }

    fn release(mut self) {
        self.0.batch_execute("commit").expect("let go");
    }
}

/// What one send took.
async fn timed(person: &Person, id: &str, body: &str) -> Duration {
    let begun = Instant::now();
    person.say(id, body).await;
    begun.elapsed()
}

#[tokio::test]
async fn a_locked_conversation_holds_up_no_other_and_keeps_its_order() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let (cyd, dan) = (app.person("cyd").await, app.person("dan").await);
    let held = app.direct(&ann, &bob).await;
    let other = app.direct(&cyd, &dan).await;
    let mut told = bob.joined(&held).await;
    let mut sending = ann.joined(&held).await;
    timed(&cyd, &other, "before").await;
    let lock = RowLock::conversation(&app, &held);
    for number in 0..5 {
        let send = json!({ "event": "send_message", "id": number,
            "data": { "conversation_id": held, "body": number.to_string() } });
        sending.send_text(&send.to_string()).await;
    }
    // The first batch that meets the lock waits for it a quarter of a second, those after it do not.
    let mut took = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(1_500) {
        took.push(timed(&cyd, &other, "meanwhile").await);
    }
    took.sort_unstable();
    let (median, longest) = (took[took.len() / 2], took[took.len() - 1]);
    assert!(median < Duration::from_millis(150), "{median:?}");
    assert!(longest < Duration::from_millis(1_200), "{longest:?}");
    assert_eq!(bob.bodies(&held).await, Vec::<String>::new());
    lock.release();
    for number in 0..5 {
        let message = told.event("new_message").await;
        assert_eq!(message["seq"], number + 1);
        assert_eq!(message["message"]["body"], number.to_string());
    }
    let settled = timed(&ann, &held, "and on").await;
    assert!(settled < Duration::from_millis(1_200), "{settled:?}");
}

#[tokio::test]
async fn a_send_that_waits_too_long_for_a_locked_conversation_is_refused_and_can_be_sent_again() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let held = app.direct(&ann, &bob).await;
    let path = format!("/api/v1/conversations/{held}/messages");
    let lock = RowLock::conversation(&app, &held);
    let send = json!({ "body": "once", "client_id": "the-one" });
    let begun = Instant::now();
    let refused = ann.post(&path, send.clone()).await;
    refused.expect_status(503).expect_code("UNAVAILABLE");
    let took = begun.elapsed();
    assert!(took > Duration::from_secs(2), "{took:?}");
    assert!(took < Duration::from_secs(8), "{took:?}");
    lock.release();
    ann.post(&path, send).await.expect_status(201);
    assert_eq!(bob.bodies(&held).await, ["once"]);
}

#[tokio::test]
async fn a_mark_whose_row_is_held_holds_up_no_other() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let id = app.direct(&ann, &bob).await;
    ann.say(&id, "one").await;
    let rows = "select from participants where user_no = (select no from users where id = 'bob')";
    let lock = RowLock::hold(&app, rows);
    let seen = format!("/api/v1/conversations/{id}/seen");
    let held = bob.post(&seen, json!({ "seq": 1 }));
    let others = async {
        let begun = Instant::now();
        ann.post(&seen, json!({ "seq": 1 }))
            .await
            .expect_status(200);
        let took = begun.elapsed();
        lock.release();
        took
    };
    let (held, took) = tokio::join!(held, others);
    assert!(took < Duration::from_millis(1_200), "{took:?}");
    assert_eq!(held.expect_status(200).body["seq"], 1);
}

#[tokio::test]
async fn a_step_whose_conversation_is_held_waits_and_holds_up_no_other() {
    let deal = Deal::begin().await;
    let creation = crate::deals::creation("bid-2");
    let made = deal.platform.post("/api/v1/conversations", creation).await;
    let other = made.expect_status(201).body["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let lock = RowLock::conversation(&deal.app, &deal.id);
    let accept = |id: &str| format!("/api/v1/conversations/{id}/flow/actions/accept_connection");
    let (held_path, other_path) = (accept(&deal.id), accept(&other));
    let held = deal.influencer.post(&held_path, json!({ "input": {} }));
    let others = async {
        let waiting = "select count(*) as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
        deal.app.until_count(waiting, 1).await;
        let begun = Instant::now();
        let pressed = deal.influencer.post(&other_path, json!({ "input": {} }));
        pressed.await.expect_status(200);
        let took = begun.elapsed();
        lock.release();
        took
    };
    let (held, took) = tokio::join!(held, others);
    assert!(took < Duration::from_millis(1_500), "{took:?}");
    assert_eq!(held.expect_status(200).body["state"], "brand_owner_details");
}

#[tokio::test]
async fn a_transaction_that_stands_idle_lets_go_after_the_time_that_is_set() {
    let app = TestApp::start().await;
    let config = crate::test_app::parse(&[
        "stoa",
        "--database-url",
        &app.database,
        "--jwt-secret",
        crate::test_app::SECRET,
        "--idle-in-transaction-timeout-ms",
        "700",
    ]);
    let pool = stoa::store::pool::Pool::new(&app.database, &config.database).expect("a pool");
    let idle = pool.run(|connection| {
        connection.batch_execute("begin; select 1")?;
        // Idle for longer than the option allows; the next statement finds out.
        std::thread::sleep(Duration::from_millis(1_500));
        Ok(connection.batch_execute("select 1").is_err())
    });
    assert!(idle.await.expect("a connection"), "it was not ended");
}
