//! The quotexbert dialect, which is REST alone: every endpoint.

use serde_json::json;

use super::native::People;
use super::snapshot_file::SnapshotFile;
use crate::client::Person;
use crate::polling::until;

/// How many type, as somebody sees it.
async fn typists(who: &Person, path: &str) -> usize {
    let seen = who.get(path).await.expect_status(200).body;
    seen["typingUsers"].as_array().expect("a list").len()
}

#[tokio::test]
async fn rest() {
    let all = People::with(&["--dialects", "quotexbert"]).await;
    let mut snapshots = SnapshotFile::new("quotexbert_rest");
    let lead = json!({ "title": "Kitchen", "people": ["ann", "bob"], "data": { "budget": "5000", "zipCode": "M5V" } });
    let described = all.platform.put("/api/v1/subjects/lead/lead-1", lead).await;
    described.expect_status(200);
    let ann = json!({ "name": "Ann", "email": "ann@example.com" });
    let known = all.platform.put("/api/v1/users/ann", ann).await;
    known.expect_status(200);
    let create = "POST /api/threads/create";
    let wanted = json!({ "leadId": "lead-1", "userId": "bob" });
    let made = snapshots
        .ask(&all.bob, create, &[], Some(wanted.clone()), "")
        .await;
    let cara = json!({ "leadId": "lead-1", "userId": "cara" });
    let note = "of somebody else's lead";
    snapshots
        .ask(&all.cara, create, &[], Some(cara), note)
        .await;
    let thread = made["thread"]["id"].as_str().expect("an id").to_owned();
    let said = json!({ "fromUserId": "bob", "toUserId": "ann", "message": "Hello" });
    let send = "POST /api/threads/{id}/messages";
    snapshots
        .ask(&all.bob, send, &[&thread], Some(said), "")
        .await;
    let empty = json!({ "fromUserId": "bob", "toUserId": "ann" });
    let note = "without a text";
    snapshots
        .ask(&all.bob, send, &[&thread], Some(empty), note)
        .await;
    let messages = "GET /api/threads/{id}/messages";
    snapshots
        .ask(&all.ann, messages, &[&thread], None, "")
        .await;
    let list = "GET /api/threads?userId=ann";
    snapshots.ask(&all.ann, list, &[], None, "").await;
    let read = json!({ "viewerUserId": "ann" });
    let mark = "PATCH /api/threads/{id}/messages";
    snapshots
        .ask(&all.ann, mark, &[&thread], Some(read), "")
        .await;
    let who = format!("GET /api/typing-indicators?threadId={thread}&userId=ann");
    let (_, path) = who.split_once(' ').expect("a path");
    // One after the other, so from both servers where there are two.
    let shown = async || [typists(&all.ann, path).await, typists(&all.ann, path).await];
    assert_eq!(shown().await, [0, 0]);
    let typing = json!({ "threadId": thread, "userId": "bob", "action": "start" });
    let say = "POST /api/typing-indicators";
    snapshots.ask(&all.bob, say, &[], Some(typing), "").await;
    until("somebody who types", shown, |shown| *shown == [1, 1]).await;
    snapshots.ask(&all.ann, &who, &[], None, "").await;
    let hide = "DELETE /api/threads/{id}";
    snapshots.ask(&all.ann, hide, &[&thread], None, "").await;
    snapshots.close();
}
