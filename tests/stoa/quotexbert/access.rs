//! What each kind of caller is answered, and that nobody acts or reads for somebody else.

use serde_json::{Value, json};

use super::{Site, messages};
use crate::client::{Answer, Person};

async fn asked(who: &Person, (method, path): (&str, &str), body: &Value) -> Answer {
    let body = (method != "GET" && method != "DELETE").then(|| body.to_string());
    who.request(method, path, body, &[]).await
}

/// Every call on a thread, as this person makes it for this user.
fn calls(thread: &str, user: &str) -> Vec<((&'static str, String), Value)> {
    let typing = "/api/typing-indicators";
    vec![
        (("GET", format!("/api/threads?userId={user}")), Value::Null),
        (("GET", messages(thread)), Value::Null),
        (
            ("POST", messages(thread)),
            json!({ "fromUserId": user, "toUserId": "hana", "message": "x" }),
        ),
        (("PATCH", messages(thread)), json!({ "viewerUserId": user })),
        (
            ("GET", format!("{typing}?threadId={thread}&userId={user}")),
            Value::Null,
        ),
        (
            ("POST", typing.to_owned()),
            json!({ "threadId": thread, "userId": user, "action": "start" }),
        ),
        (("DELETE", format!("/api/threads/{thread}")), Value::Null),
    ]
}

async fn statuses(who: &Person, thread: &str, user: &str) -> Vec<u16> {
    let mut statuses = Vec::new();
    for ((method, path), body) in calls(thread, user) {
        let answer = asked(who, (method, &path), &body).await;
        if answer.status >= 400 {
            assert!(answer.body["error"].is_string(), "{method} {path}");
        }
        statuses.push(answer.status);
    }
    statuses
}

#[tokio::test]
async fn each_caller_is_answered_by_how_they_stand_to_the_thread() {
    let site = Site::open().await;
    let thread = site.begun().await;
    let eve = site.app.person("eve").await;
    assert_eq!(
        statuses(&eve, &thread, "eve").await,
        [200, 404, 404, 404, 404, 404, 404]
    );
    assert_eq!(
        statuses(&site.carl, &thread, "carl").await,
        [200, 200, 200, 200, 200, 200, 200]
    );
    let people = format!("/api/v1/conversations/{thread}/participants");
    let carl = format!("{people}/carl");
    let muted = site.platform.patch(&carl, json!({ "muted": true })).await;
    muted.expect_status(200);
    assert_eq!(
        statuses(&site.carl, &thread, "carl").await,
        [200, 200, 403, 200, 200, 403, 200]
    );
    site.platform.delete(&carl).await.expect_status(204);
    assert_eq!(
        statuses(&site.carl, &thread, "carl").await,
        [200, 403, 403, 403, 403, 403, 403]
    );
    let back = json!({ "leadId": "lead-1", "userId": "carl" });
    let back = site.carl.post("/api/threads/create", back).await;
    back.expect_status(403);
}

#[tokio::test]
async fn nobody_acts_or_reads_for_somebody_else() {
    let site = Site::open().await;
    let thread = site.begun().await;
    // Only reading messages and hiding a thread name no user.
    let as_hana = statuses(&site.carl, &thread, "hana").await;
    assert_eq!(as_hana, [403, 200, 403, 403, 403, 403, 200]);
    let stranger = Person::new(site.app.addresses(), "", String::new());
    let refused = stranger.get("/api/threads?userId=hana").await;
    let refused = refused.expect_status(401).body;
    assert_eq!(refused["error"], "Authentication required");
}

#[tokio::test]
async fn the_platform_says_something_for_somebody_and_reads_for_nobody() {
    let site = Site::open().await;
    let thread = site.begun().await;
    let said = json!({ "fromUserId": "carl", "toUserId": "hana", "message": "On his behalf" });
    let sent = site.platform.post(&messages(&thread), said).await;
    assert_eq!(
        sent.expect_status(200).body["message"]["fromUserId"],
        "carl"
    );
    let read = json!({ "viewerUserId": "hana" });
    let read = site.platform.patch(&messages(&thread), read).await;
    read.expect_status(403);
    let list = site.platform.get("/api/threads?userId=hana").await;
    list.expect_status(403);
}
