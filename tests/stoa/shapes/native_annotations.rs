//! What is said about a message over REST.

use serde_json::json;

use super::native::{CONVERSATION, People};
use super::snapshot_file::SnapshotFile;

/// Reactions, pins, receipts, and the thread of a message of Ann's.
pub async fn annotations(snapshots: &mut SnapshotFile, all: &People, group: &str, message: &str) {
    let (ann, bob) = (&all.ann, &all.bob);
    let receipts = "GET /api/v1/messages/{id}/receipts";
    snapshots.ask(ann, receipts, &[message], None, "").await;
    let line = "/api/v1/messages/{id}/reactions/{emoji}";
    let emoji = "%F0%9F%91%8D";
    let react = format!("PUT {line}");
    snapshots
        .ask(bob, &react, &[message, emoji], None, "")
        .await;
    let again = format!("DELETE {line}");
    snapshots
        .ask(ann, &again, &[message, emoji], None, "")
        .await;
    let pin = "/api/v1/messages/{id}/pin";
    let until = Some(json!({ "expires_at": "2999-01-01T00:00:00Z" }));
    let line = format!("PUT {pin}");
    snapshots.ask(ann, &line, &[message], until, "").await;
    let line = format!("GET {CONVERSATION}/pins");
    snapshots.ask(bob, &line, &[group], None, "").await;
    let line = format!("DELETE {pin}");
    snapshots.ask(ann, &line, &[message], None, "").await;
    let reply = json!({ "body": "Beside", "thread_id": message });
    let line = format!("POST {CONVERSATION}/messages");
    snapshots
        .ask(bob, &line, &[group], Some(reply), "in a thread")
        .await;
    for method in ["PUT", "DELETE"] {
        let line = format!("{method} /api/v1/messages/{{id}}/thread/follow");
        snapshots.ask(ann, &line, &[message], None, "").await;
    }
    snapshots
        .ask(bob, "GET /api/v1/threads", &[], None, "")
        .await;
}
