//! Notifications: what is answered, and what sessions of each dialect hear.

use serde_json::{Value, json};

use super::json::Json;
use super::snapshot_file::SnapshotFile;
use crate::client::Person;
use crate::notifications::{Fixture, order, plain};

const ALL: &str = "/api/v1/notifications";

fn keep(snapshots: &mut SnapshotFile, name: &str, data: &Value) {
    let event = json!({ "event": name, "data": data });
    snapshots.keep(name, &Json::read(&event.to_string()));
}

#[tokio::test]
async fn what_is_answered_about_notifications_and_what_is_heard() {
    let fixture = Fixture::with(&["ann", "bob"]).await;
    let ann = fixture.app.person("ann").await;
    let mut socket = ann.socket().await;
    let mut snapshots = SnapshotFile::new("notifications");
    let platform = &fixture.platform;
    let mut body = order("ann", "A-77", "placed");
    body["subject"] = json!({ "type": "order", "id": "A-77" });
    body["metadata"] = json!({ "source": "shop" });
    let create = format!("POST {ALL}");
    let made = snapshots
        .ask(platform, &create, &[], Some(body.clone()), "")
        .await;
    let id = made["id"].as_str().expect("an id").to_owned();
    keep(
        &mut snapshots,
        "notification",
        &socket.event("notification").await,
    );
    keep(
        &mut snapshots,
        "notification_count",
        &socket.event("notification_count").await,
    );
    body["to"] = json!({ "user_ids": ["ann", "bob"] });
    snapshots
        .ask(platform, &create, &[], Some(body), "several")
        .await;
    keep(
        &mut snapshots,
        "notification_removed",
        &socket.event("notification_removed").await,
    );
    of_ann(&fixture, &mut snapshots, &ann, &id).await;
    snapshots.close();
}

/// What Ann does with her notifications.
async fn of_ann(fixture: &Fixture, snapshots: &mut SnapshotFile, ann: &Person, id: &str) {
    let mut socket = ann.socket().await;
    let platform = &fixture.platform;
    let second = fixture.made(plain("ann", "Hello")).await;
    let second = second["id"].as_str().expect("an id");
    let one = format!("{ALL}/{{id}}");
    snapshots
        .ask(ann, &format!("GET {one}"), &[id], None, "")
        .await;
    let read = Some(json!({ "read": true }));
    snapshots
        .ask(ann, &format!("PATCH {one}"), &[second], read, "")
        .await;
    keep(
        snapshots,
        "notification_updated",
        &socket.event("notification_updated").await,
    );
    for line in [
        "GET /api/v1/notifications",
        "GET /api/v1/notifications/count",
        "GET /api/v1/notification-types",
    ] {
        snapshots.ask(ann, line, &[], None, "").await;
    }
    for path in ["read", "seen"] {
        snapshots
            .ask(ann, &format!("POST {ALL}/{path}"), &[], Some(json!({})), "")
            .await;
    }
    snapshots
        .ask(ann, &format!("DELETE {one}"), &[second], None, "")
        .await;
    let about = json!({ "subject_type": "order", "subject_id": "A-77" });
    snapshots
        .ask(
            platform,
            &format!("POST {ALL}/withdraw"),
            &[],
            Some(about),
            "",
        )
        .await;
    let said =
        json!({ "preferences": [{ "type": "promotion", "channel": "*", "allowed": false }] });
    for (path, body) in [
        ("preferences", said),
        ("settings", json!({ "locale": "de" })),
    ] {
        let path = format!("/api/v1/me/notification-{path}");
        snapshots
            .ask(ann, &format!("PUT {path}"), &[], Some(body), "")
            .await;
        snapshots
            .ask(ann, &format!("GET {path}"), &[], None, "")
            .await;
    }
}

#[tokio::test]
async fn what_is_refused_about_notifications() {
    let fixture = Fixture::with(&["ann"]).await;
    let mut snapshots = SnapshotFile::new("refusals_of_notifications");
    let mut unknown = plain("ann", "Hello");
    unknown["type"] = json!("systm");
    let refused = fixture.make(unknown).await.expect_status(404);
    snapshots.keep_answer("NOTIFICATION_TYPE_NOT_FOUND", &refused);
    let missing = format!("{ALL}/00000000-0000-8000-8000-000000000009");
    let refused = fixture.platform.get(&missing).await.expect_status(404);
    snapshots.keep_answer("NOTIFICATION_NOT_FOUND", &refused);
    snapshots.close();
}
