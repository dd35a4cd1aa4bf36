//! A notification that is made at one server is heard at the other.

use serde_json::json;

use super::Wired;
use crate::nodes::on;
use crate::notifications::order;

#[actix_rt::test]
async fn sessions_at_the_other_server_hear_of_notifications_and_counts() {
    let wired = Wired::new().await;
    let ann = on(&wired.other, "ann");
    let mut socket = ann.socket().await;
    let platform = wired.one.person_with("platform", &["service"]).await;
    let made = platform
        .post("/api/v1/notifications", order("ann", "1", "placed"))
        .await
        .expect_status(201)
        .body;
    assert_eq!(socket.event("notification").await, made);
    assert_eq!(
        socket.event("notification_count").await,
        json!({ "unread": 1, "unseen": 1 })
    );
    let at_one = on(&wired.one, "ann");
    at_one
        .post("/api/v1/notifications/read", json!({}))
        .await
        .expect_status(200);
    assert_eq!(
        socket.event("notification_count").await,
        json!({ "unread": 0, "unseen": 0 })
    );
}
