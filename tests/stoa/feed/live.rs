//! A running server: its consumer counts messages soon after the commit.

use crate::servers::Alone;
use crate::test_app::TestApp;

#[tokio::test]
async fn a_running_server_counts_deletes_the_rows_and_shows_how_far_behind_it_is() {
    let app = TestApp::alone(Alone::Memory).start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let id = app.direct(&ann, &bob).await;
    for text in ["one", "two", "three"] {
        ann.say(&id, text).await;
    }
    let counted = "select coalesce(sum(count), 0)::bigint as n from messages_per_day";
    app.until_count(counted, 3).await;
    app.until_count("select count(*) as n from changed", 0)
        .await;
    let figures = ann.get("/metrics").await.expect_status(200).body;
    let figures = figures.as_str().unwrap().to_owned();
    assert!(figures.contains("stoa_feed_oldest_seconds "), "{figures}");
    let lag = "stoa_feed_lag_seconds{consumer=\"messages_per_day\"} ";
    assert!(figures.contains(lag), "{figures}");
}

#[tokio::test]
async fn a_server_that_does_no_jobs_follows_no_feed() {
    let app = TestApp::alone(Alone::Memory)
        .with(&["--rate-limits", "off", "--jobs", "off"])
        .await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let id = app.direct(&ann, &bob).await;
    ann.say(&id, "one").await;
    assert_eq!(app.count("select count(*) as n from feed_consumers"), 0);
    assert_eq!(app.count("select count(*) as n from changed"), 2);
    let other = TestApp::alone(Alone::Memory)
        .on(app.database.clone(), &["--rate-limits", "off"])
        .await;
    let counted = "select coalesce(sum(count), 0)::bigint as n from messages_per_day";
    other.until_count(counted, 1).await;
}
