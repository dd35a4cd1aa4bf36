//! Passes and deletions that take too long are tried again with less, until they fit into the time that a statement may take.

use diesel::connection::SimpleConnection;
use std::sync::Arc;
use std::time::Duration;
use stoa::feed::{Feed, FeedRunner, Timing, consumers};
use stoa::store::pool::Pool;
use stoa::telemetry::metrics::Metrics;

use super::Fixture;
use crate::polling::{until, until_within};
use crate::servers::Alone;
use crate::test_app::{SECRET, TestApp, parse};

/// Has the database take so many seconds for each row that is written or deleted.
fn slow_down(fixture: &mut Fixture, when: &str, seconds: f64) {
    let slow = format!(
        "create function take_time() returns trigger language plpgsql as $$
            begin perform pg_sleep({seconds}); return coalesce(new, old); end $$;
        create trigger slow {when} for each row execute function take_time()"
    );
    fixture.writer.batch_execute(&slow).unwrap();
}

fn said(times: usize) -> Fixture {
    let mut fixture = Fixture::new();
    (0..times).for_each(|_| fixture.say(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]));
    fixture
}

#[tokio::test]
async fn a_consumer_whose_passes_are_too_slow_takes_less_at_once_and_comes_to_the_end() {
    let prepare = || {
        let mut fixture = said(20);
        slow_down(&mut fixture, "before insert on search_docs", 0.008);
        fixture.url
    };
    let url = tokio::task::spawn_blocking(prepare).await.unwrap();
    // All of the first page take twice as long as a statement may.
    let options = ["--rate-limits", "off", "--statement-timeout-ms", "800"];
    let app = TestApp::alone(Alone::Memory).on(url, &options).await;
    let written = async || app.count("select count(*) as n from search_docs");
    let patience = Duration::from_secs(90);
    until_within(patience, "all documents", written, |n| *n == 200).await;
}

#[tokio::test]
async fn deletions_that_are_too_slow_become_smaller() {
    let prepare = || {
        let mut fixture = Fixture::new();
        (0..120).for_each(|_| fixture.say(&[1]));
        slow_down(&mut fixture, "before delete on changed", 0.01);
        fixture
    };
    let mut fixture = tokio::task::spawn_blocking(prepare).await.unwrap();
    let timeout = ["--statement-timeout-ms", "500"];
    let line = [
        "stoa",
        "--database-url",
        &fixture.url,
        "--jwt-secret",
        SECRET,
    ];
    let config = parse(&[line.as_slice(), &timeout].concat());
    let pool = Pool::new(&fixture.url, &config.database).expect("a pool");
    let metrics = Arc::new(Metrics::new().unwrap());
    let timing = Timing {
        look: Duration::from_millis(50),
        rest: Duration::from_millis(50),
        tidy: Duration::from_millis(100),
        ..Timing::default()
    };
    let runner = FeedRunner::start(&pool, &Feed::default(), metrics, consumers(None), timing);
    let left = async || fixture.number("select count(*) as n from changed");
    until("all rows to be deleted", left, |left| *left == 0).await;
    runner.stop().await;
}
