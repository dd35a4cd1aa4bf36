//! What sessions hear of notifications: at once, on every server, and in the words of their dialect.

use serde_json::{Value, json};

use super::{Fixture, counts, order, plain};

#[tokio::test]
async fn sessions_hear_of_each_change_and_of_the_count() {
    let fixture = Fixture::with(&["ann", "bob"]).await;
    let (ann, bob) = (
        fixture.app.person("ann").await,
        fixture.app.person("bob").await,
    );
    let (mut socket, mut of_bob) = (ann.socket().await, bob.socket().await);
    let made = fixture.made(order("ann", "1", "placed")).await;
    let heard = socket.event("notification").await;
    assert_eq!(heard, made);
    assert_eq!(
        socket.event("notification_count").await,
        json!({ "unread": 1, "unseen": 1 })
    );
    fixture.made(order("ann", "1", "shipped")).await;
    let removed = socket.event("notification_removed").await;
    assert_eq!(
        removed,
        json!({ "id": made["id"], "status": "withdrawn", "reason": "replaced" })
    );
    let second = socket.event("notification").await;
    let path = format!("/api/v1/notifications/{}", second["id"].as_str().unwrap());
    ann.patch(&path, json!({ "read": true }))
        .await
        .expect_status(200);
    assert!(socket.event("notification_updated").await["read_at"].is_string());
    let last = socket.drain().await.pop().expect("a count");
    assert_eq!(
        (&last["event"], &last["data"]),
        (
            &json!("notification_count"),
            &json!({ "unread": 0, "unseen": 0 })
        )
    );
    assert_eq!(of_bob.drain().await, Vec::<Value>::new());
}

#[tokio::test]
async fn the_last_count_is_the_true_one_however_much_changes_at_once() {
    let fixture = Fixture::with(&["ann"]).await;
    let ann = fixture.app.person("ann").await;
    let mut socket = ann.socket().await;
    let making = (0..60).map(|n| fixture.make(plain("ann", &n.to_string())));
    let reading = (0..6).map(|_| ann.post("/api/v1/notifications/read", json!({})));
    let (made, read) = tokio::join!(
        futures_util::future::join_all(making),
        futures_util::future::join_all(reading)
    );
    made.into_iter()
        .for_each(|answer| drop(answer.expect_status(201)));
    read.into_iter()
        .for_each(|answer| drop(answer.expect_status(200)));
    let (unread, unseen) = counts(&ann).await;
    let wanted = json!({ "unread": unread, "unseen": unseen });
    let mut last = Value::Null;
    let hear = async || {
        let frames = socket.drain().await;
        let counts = frames
            .into_iter()
            .filter(|frame| frame["event"] == "notification_count");
        last = counts
            .last()
            .map_or(last.take(), |frame| frame["data"].clone());
        last.clone()
    };
    crate::polling::until("the true count", hear, |heard| *heard == wanted).await;
}
