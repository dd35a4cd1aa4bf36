//! A running server: its consumer counts messages soon after the commit, and its live feed signals them.

use serde_json::json;
use stoa::domain::command::{Mark, Typing};
use stoa::domain::entry::Fact;
use stoa::feed::{Listener, Signal, Transient};

use crate::client::PATIENCE;
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

/// The next signal that is about this conversation.
async fn next(listener: &mut Listener, conversation: &str) -> Signal {
    let next = async {
        loop {
            let signal = listener.next().await.expect("none is missed");
            let (Signal::Committed(id, _) | Signal::Transient(id, _)) = &signal;
            if id.to_string() == conversation {
                return signal;
            }
        }
    };
    tokio::time::timeout(PATIENCE, next).await.expect("in time")
}

#[tokio::test]
async fn a_listener_in_the_server_hears_commits_and_transient_signals() {
    let app = TestApp::alone(Alone::Memory).start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let mut listener = app.feed().listen();
    let id = app.direct(&ann, &bob).await;
    let created = next(&mut listener, &id).await;
    assert!(matches!(created, Signal::Committed(_, entries) if entries.is_empty()));
    let message = ann.say(&id, "hello").await;
    let said = next(&mut listener, &id).await;
    let is_hello =
        |fact: &Fact| matches!(fact, Fact::Said(message) if message.content.body == "hello");
    assert!(
        matches!(said, Signal::Committed(_, entries) if entries[0].seq == 1 && is_hello(&entries[0].fact))
    );
    let edited = format!("/api/v1/messages/{}", message["id"].as_str().unwrap());
    ann.patch(&edited, json!({ "body": "hello again" }))
        .await
        .expect_status(200);
    let edited = next(&mut listener, &id).await;
    assert!(
        matches!(edited, Signal::Committed(_, entries) if matches!(entries[0].fact, Fact::Edited(_)))
    );
    let mut socket = bob.joined(&id).await;
    socket
        .tell("typing_start", json!({ "conversation_id": id }))
        .await;
    let typing = next(&mut listener, &id).await;
    assert!(
        matches!(typing, Signal::Transient(_, Transient::Typing(user, Typing::Started)) if user.as_str() == "bob")
    );
    let seen = format!("/api/v1/conversations/{id}/seen");
    bob.post(&seen, json!({ "seq": 2 }))
        .await
        .expect_status(200);
    loop {
        if let Signal::Transient(_, Transient::Marked(user, Mark::Seen, seq)) =
            next(&mut listener, &id).await
        {
            assert_eq!((user.as_str(), seq), ("bob", 2));
            break;
        }
    }
}
