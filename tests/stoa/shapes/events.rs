//! The platform's events: what is answered when they are told, and how they are shown.

use serde_json::json;

use super::snapshot_file::SnapshotFile;
use crate::events::{Fixture, order, shipped};

#[tokio::test]
async fn what_the_platform_sees_of_its_events() {
    let fixture = Fixture::with(&shipped("pharmago"), &["ada", "corner"]).await;
    let mut snapshots = SnapshotFile::new("events");
    let placed = order(
        "1",
        "order.placed",
        "42",
        Some("ada"),
        json!({ "pharmacy": "corner", "phone": "1" }),
    );
    let told = json!([
        placed,
        placed,
        order("2", "order.delayed", "42", None, json!({ "minutes": 2 })),
        order("4", "order.cancelled", "42", Some("ada"), json!({})),
        order("3", "order.delayd", "42", None, json!({})),
        order("2", "order.delayed", "42", None, json!({ "minutes": 3 })),
    ]);
    let platform = &fixture.platform;
    snapshots
        .ask(platform, "POST /api/v1/events", &[], Some(told), "")
        .await;
    fixture.until_handled().await;
    snapshots
        .ask(platform, "GET /api/v1/events", &[], None, "")
        .await;
    snapshots
        .ask(platform, "GET /api/v1/audit", &[], None, "")
        .await;
    let one = "GET /api/v1/events/{source}/{id}";
    snapshots.ask(platform, one, &["shop", "2"], None, "").await;
    snapshots.close();
}
