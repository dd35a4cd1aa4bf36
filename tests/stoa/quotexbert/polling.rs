//! What the chat polls: messages with their ticks, an answer that costs little while nothing changes, and who types.

use reqwest::StatusCode;
use serde_json::json;

use super::{Site, messages};
use crate::client::Person;

/// A poll with the tag of the last one: the status and the new tag.
async fn poll(who: &Person, thread: &str, tag: &str) -> (StatusCode, String) {
    let url = format!("http://{}{}", who.address(), messages(thread));
    let asked = reqwest::Client::new().get(url).bearer_auth(&who.token);
    let answer = asked.header("if-none-match", tag).send().await;
    let answer = answer.expect("an answer");
    let tag = answer.headers()["etag"]
        .to_str()
        .expect("a text")
        .to_owned();
    (answer.status(), tag)
}

#[tokio::test]
async fn a_poll_is_answered_with_304_until_something_changes() {
    let site = Site::open().await;
    let thread = site.begun().await;
    let (status, first) = poll(&site.hana, &thread, "").await;
    assert_eq!(status, 200);
    assert_eq!(poll(&site.hana, &thread, &first).await.0, 304);
    site.say(&site.carl, "hana", &thread, "Hello").await;
    let (status, second) = poll(&site.hana, &thread, &first).await;
    assert_eq!(status, 200);
    let (_, of_carl) = poll(&site.carl, &thread, "").await;
    let viewer = json!({ "viewerUserId": "hana" });
    let read = site.hana.patch(&messages(&thread), viewer).await;
    assert_eq!(read.expect_status(200).body, json!({ "success": true }));
    assert_eq!(poll(&site.carl, &thread, &of_carl).await.0, 200);
    assert_eq!(poll(&site.hana, &thread, &second).await.0, 200);
}

#[tokio::test]
async fn messages_come_oldest_first_with_the_times_of_their_ticks() {
    let site = Site::open().await;
    let thread = site.begun().await;
    for text in ["one", "two", "three"] {
        site.say(&site.carl, "hana", &thread, text).await;
    }
    let seen = site.carl.get(&messages(&thread)).await.expect_status(200);
    let rows = seen.body["messages"].as_array().expect("a list").clone();
    let texts: Vec<_> = rows.iter().map(|row| row["body"].clone()).collect();
    assert_eq!(json!(texts), json!(["one", "two", "three"]));
    assert!(rows.iter().all(|row| row["readAt"].is_null()));
    site.hana
        .patch(&messages(&thread), json!({ "viewerUserId": "hana" }))
        .await
        .expect_status(200);
    assert_eq!(site.list(&site.hana).await[0]["unreadCount"], 0);
    let seen = site.carl.get(&messages(&thread)).await.expect_status(200);
    for row in seen.body["messages"].as_array().expect("a list") {
        let (read, created) = (row["readAt"].as_str(), row["createdAt"].as_str());
        assert!(read.expect("read") >= created.expect("a time"), "{row}");
        assert!(row["deliveredAt"].is_string(), "{row}");
    }
}

#[tokio::test]
async fn what_a_message_lacks_is_said_in_a_sentence() {
    let site = Site::open().await;
    let thread = site.begun().await;
    for (body, error) in [
        (
            json!({ "fromUserId": "carl", "message": "x" }),
            "Missing required fields",
        ),
        (
            json!({ "fromUserId": "carl", "toUserId": "carl", "message": "x" }),
            "Cannot send message to yourself",
        ),
    ] {
        let refused = site.carl.post(&messages(&thread), body).await;
        assert_eq!(refused.expect_status(400).body["error"], error);
    }
    let nobody = json!({ "fromUserId": "carl", "toUserId": "platform", "message": "x" });
    let refused = site.carl.post(&messages(&thread), nobody).await;
    assert_eq!(
        refused.expect_status(404).body["error"],
        "Recipient not found"
    );
    let blank = json!({ "fromUserId": "carl", "toUserId": "hana", "message": "  " });
    site.carl
        .post(&messages(&thread), blank)
        .await
        .expect_status(400);
    let none = site.carl.get("/api/threads").await.expect_status(400).body;
    assert_eq!(none["error"], "User ID required");
}

#[tokio::test]
async fn who_types_is_seen_by_the_others_until_they_stop() {
    let site = Site::open().await;
    let thread = site.begun().await;
    let says = |action: &str| json!({ "threadId": thread, "userId": "hana", "action": action });
    let path = "/api/typing-indicators";
    let asks = |who: &str| format!("{path}?threadId={thread}&userId={who}");
    site.hana.post(path, says("start")).await.expect_status(200);
    let seen = site.carl.get(&asks("carl")).await.expect_status(200).body;
    assert_eq!(seen["typingUsers"][0]["userId"], "hana");
    assert!(seen["typingUsers"][0]["startedAt"].is_string());
    let own = site.hana.get(&asks("hana")).await.expect_status(200).body;
    assert_eq!(own, json!({ "typingUsers": [] }));
    site.hana.post(path, says("stop")).await.expect_status(200);
    let seen = site.carl.get(&asks("carl")).await.expect_status(200).body;
    assert_eq!(seen, json!({ "typingUsers": [] }));
    site.hana.post(path, says("dance")).await.expect_status(400);
    site.hana.post(path, says("start")).await.expect_status(200);
    site.carl
        .put("/api/v1/blocks/hana", json!({}))
        .await
        .expect_status(204);
    let seen = site.carl.get(&asks("carl")).await.expect_status(200).body;
    assert_eq!(
        seen,
        json!({ "typingUsers": [] }),
        "a block hides who types"
    );
}
