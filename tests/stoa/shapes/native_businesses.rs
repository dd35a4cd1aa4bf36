//! Businesses, their staff, subjects, and what a conversation is for one person: the native API over REST.

use serde_json::{Value, json};

use super::native::{People, id};
use super::snapshot_file::SnapshotFile;

const BUSINESS: &str = "/api/v1/businesses/{id}";
const STAFF: &str = "/api/v1/businesses/{id}/staff/{user_id}";
const SUBJECT: &str = "/api/v1/subjects/{type}/{id}";

async fn ask(
    snapshots: &mut SnapshotFile,
    all: &People,
    line: String,
    ids: &[&str],
    body: Option<Value>,
    note: &str,
) -> Value {
    snapshots.ask(&all.platform, &line, ids, body, note).await
}

/// The platform's word on businesses and subjects.
pub async fn businesses(snapshots: &mut SnapshotFile, all: &People) {
    let put = |path: &str| format!("PUT {path}");
    let get = |path: &str| format!("GET {path}");
    let salon = json!({ "name": "Salon", "zone": "Europe/Berlin", "locale": "de", "settings": { "tone": "warm" } });
    ask(snapshots, all, put(BUSINESS), &["salon"], Some(salon), "").await;
    ask(snapshots, all, get(BUSINESS), &["salon"], None, "its staff").await;
    let ann = &all.ann;
    let note = "a customer";
    snapshots
        .ask(ann, &get(BUSINESS), &["salon"], None, note)
        .await;
    let agent = json!({ "role": "agent", "display_name": "Bob from the salon" });
    let bob = ["salon", "bob"];
    ask(snapshots, all, put(STAFF), &bob, Some(agent), "").await;
    let list = format!("GET {BUSINESS}/staff");
    ask(snapshots, all, list, &["salon"], None, "").await;
    let support = json!({ "kind": "support", "participants": [], "business_id": "salon", "first_message": { "body": "Hello" } });
    let made = "POST /api/v1/conversations";
    snapshots
        .ask(ann, made, &[], Some(support), "with a business")
        .await;
    let list = format!("GET {BUSINESS}/conversations");
    snapshots.ask(&all.bob, &list, &["salon"], None, "").await;
    let own = "GET /api/v1/me/businesses";
    snapshots.ask(&all.bob, own, &[], None, "").await;
    let dismissed = format!("DELETE {STAFF}");
    ask(snapshots, all, dismissed, &bob, None, "").await;
    let order = json!({ "title": "Order 7", "url": "https://example.com/7", "people": ["ann"], "data": { "total": 20 } });
    let seven = ["order", "7"];
    ask(snapshots, all, put(SUBJECT), &seven, Some(order), "").await;
    snapshots.ask(ann, &get(SUBJECT), &seven, None, "").await;
}

/// What a conversation is for one person, and its end.
pub async fn mine(snapshots: &mut SnapshotFile, all: &People) {
    let group = json!({ "kind": "group", "participants": [{ "user_id": "ann" }, { "user_id": "bob" }], "external_id": "room_7" });
    let made = "POST /api/v1/conversations";
    let made = ask(snapshots, all, made.to_owned(), &[], Some(group), "named").await;
    let room = id(&made);
    let people = "GET /api/v1/conversations/{id}/participants";
    snapshots
        .ask(&all.ann, people, &[&room], None, "present")
        .await;
    let change = json!({ "notify": { "level": "none", "until": "2999-01-01T00:00:00Z" }, "starred": true, "hidden": true });
    let me = "PATCH /api/v1/conversations/{id}/me";
    snapshots
        .ask(&all.ann, me, &[&room], Some(change), "")
        .await;
    let close = json!({ "status": "closed", "reason": "Delivered", "slow_seconds": 30, "max_participants": 9 });
    let patch = "PATCH /api/v1/conversations/{id}".to_owned();
    ask(snapshots, all, patch, &[&room], Some(close), "closed").await;
    let delete = "DELETE /api/v1/conversations/{id}".to_owned();
    ask(snapshots, all, delete, &[&room], None, "").await;
}
