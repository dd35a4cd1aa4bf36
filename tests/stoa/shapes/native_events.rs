//! The native socket: every acknowledgement and every event but those of deals.

use serde_json::{Value, json};

use super::native::{People, id};
use super::recording_client::{ClientDialect, RecordingClient};
use super::snapshot_file::SnapshotFile;
use super::two_clients::Pair;

async fn begin() -> Pair {
    let all = People::with(&["--offline-grace-seconds", "0"]).await;
    let mut snapshots = SnapshotFile::new("native_events");
    let mut ann = RecordingClient::native(all.app.address, None).await;
    let token = json!({ "token": all.ann.token });
    ann.ask(&mut snapshots, "authenticate", token, "").await;
    let bob = RecordingClient::open(&all.bob, ClientDialect::Native).await;
    Pair {
        all,
        snapshots,
        ann,
        bob,
    }
}

/// A group that Ann makes while both are online; each joins it.
async fn meet(pair: &mut Pair) -> String {
    let subject = json!({ "type": "job", "id": "7" });
    pair.bob_asks("watch_subject", subject.clone(), "nothing yet")
        .await;
    let group = json!({ "kind": "group", "title": "Talk", "subject": subject,
        "participants": [{ "user_id": "bob" }, { "user_id": "cara" }] });
    let made = pair.all.ann.post("/api/v1/conversations", group).await;
    let conversation = id(&made.expect_status(201).body);
    pair.bob_hears("conversation_created", "").await;
    pair.bob_asks("watch_subject", subject.clone(), "one").await;
    pair.bob_asks("unwatch_subject", subject, "").await;
    let said = pair.all.ann.say(&conversation, "Is anybody there?").await;
    pair.bob_hears("notification", "").await;
    let read = json!({ "seq": said["seq"] });
    let seen = format!("/api/v1/conversations/{conversation}/seen");
    pair.all.bob.post(&seen, read).await.expect_status(200);
    pair.bob_hears("unread_changed", "read over REST").await;
    let join = json!({ "conversation_id": conversation });
    pair.ann_asks("join_conversation", join.clone(), "").await;
    pair.bob_asks("join_conversation", join, "of another").await;
    conversation
}

async fn talk(pair: &mut Pair, conversation: &str) {
    let whole = json!({ "conversation_id": conversation, "body": "Hello", "client_id": "c-1", "context": { "a": 1 },
        "attachments": [{ "url": "https://example.com/a.png", "name": "a.png", "type": "image/png", "size": 1 }] });
    let sent = pair.ann_asks("send_message", whole.clone(), "").await;
    pair.ann_hears("new_message", "to its sender").await;
    pair.bob_hears("new_message", "to others").await;
    let (message, seq) = (sent["id"].clone(), sent["seq"].clone());
    let mark = json!({ "conversation_id": conversation, "seq": seq });
    pair.bob_asks("mark_delivered", mark.clone(), "").await;
    pair.ann_hears("message_delivered", "").await;
    pair.bob_asks("mark_seen", mark, "").await;
    pair.ann_hears("message_seen", "").await;
    let edit =
        json!({ "conversation_id": conversation, "message_id": message, "body": "Hello, all" });
    pair.ann_asks("edit_message", edit, "").await;
    pair.bob_hears("message_updated", "").await;
    pair.ann_asks("send_message", whole, "again after an edit")
        .await;
    let place = json!({ "conversation_id": conversation, "message_id": message });
    annotate(pair, &place).await;
    follow(pair, &place).await;
    pair.ann_asks("delete_message", place, "").await;
    pair.bob_hears("message_deleted", "").await;
    let typing = json!({ "conversation_id": conversation });
    for (event, note) in [("typing_start", "begun"), ("typing_stop", "ended")] {
        pair.bob_asks(event, typing.clone(), "").await;
        pair.ann_hears("user_typing", note).await;
    }
    // Until the index has everything, a total may be missing.
    crate::search::until_indexed(&pair.all.app).await;
    pair.ann_asks("search", json!({ "q": "hello" }), "").await;
    pair.bob_asks("user_status", json!({ "status": "away" }), "")
        .await;
    pair.ann
        .until("user_status_change", |data| data["status"] == "away")
        .await;
    pair.ann_hears("user_status_change", "").await;
}

/// Reactions and pins.
async fn annotate(pair: &mut Pair, place: &Value) {
    let mut with_emoji = place.clone();
    with_emoji["emoji"] = json!("👍");
    for (event, note) in [("react", "added"), ("unreact", "removed")] {
        pair.ann_asks(event, with_emoji.clone(), "").await;
        pair.bob_hears("reaction_changed", note).await;
    }
    for (event, note) in [("pin_message", "pinned"), ("unpin_message", "not any more")] {
        pair.ann_asks(event, place.clone(), "").await;
        pair.bob_hears("pin_changed", note).await;
    }
}

/// A reply in a thread, and what the thread is for Bob.
async fn follow(pair: &mut Pair, place: &Value) {
    let reply = json!({ "conversation_id": place["conversation_id"], "body": "Beside", "thread_id": place["message_id"],
        "also_in_conversation": true });
    pair.ann_asks("send_message", reply, "in a thread").await;
    pair.bob_hears("new_message", "in a thread").await;
    for event in ["follow_thread", "unfollow_thread"] {
        pair.bob_asks(event, place.clone(), "").await;
        pair.bob_hears("thread_changed", event).await;
    }
}

/// What becomes of the conversation and its people.
async fn manage(pair: &mut Pair, conversation: &str) {
    let path = format!("/api/v1/conversations/{conversation}");
    let ann = pair.all.ann.clone();
    let title = json!({ "title": "Quiet talk", "status": "archived" });
    ann.patch(&path, title).await.expect_status(200);
    pair.bob_hears("conversation_updated", "title and status")
        .await;
    let change = json!({ "role": "admin" });
    let bob = format!("{path}/participants/bob");
    ann.patch(&bob, change).await.expect_status(200);
    pair.bob_hears("conversation_updated", "a role").await;
    let cara = format!("{path}/participants/cara");
    ann.delete(&cara).await.expect_status(204);
    pair.bob_hears("conversation_updated", "somebody else was removed")
        .await;
    let mine = json!({ "starred": true, "notify": { "level": "mentions" } });
    let changed = pair.all.bob.patch(&format!("{path}/me"), mine).await;
    changed.expect_status(200);
    pair.bob_hears("mine_changed", "").await;
    let open = json!({ "status": "open" });
    ann.patch(&path, open).await.expect_status(200);
    pair.bob_hears("conversation_updated", "open again").await;
}

/// How one comes back, leaves and is lost.
async fn part(pair: &mut Pair, conversation: &str) {
    let back = json!({ "conversation_id": conversation, "after": 1 });
    pair.bob_asks("join_conversation", back, "with after").await;
    let far = json!({ "conversation_id": conversation, "after": 10_000 });
    pair.bob_asks("join_conversation", far, "with an after from the future")
        .await;
    pair.ann_asks(
        "leave_conversation",
        json!({ "conversation_id": conversation }),
        "",
    )
    .await;
    pair.ann_asks(
        "join_conversation",
        json!({ "conversation_id": conversation }),
        "again",
    )
    .await;
    let wrong = json!({ "conversation_id": conversation });
    pair.bob_asks("send_message", wrong.clone(), "refused")
        .await;
    pair.bob.tell("send_message", wrong).await;
    pair.bob_hears("error", "").await;
    let bob = format!("/api/v1/conversations/{conversation}/participants/bob");
    for (change, note) in [("blocked", "blocked"), ("removed", "removed")] {
        let ann = pair.all.ann.clone();
        if change == "blocked" {
            let block = json!({ "blocked": true });
            ann.patch(&bob, block).await.expect_status(200);
        } else {
            let allow = json!({ "blocked": false });
            ann.patch(&bob, allow).await.expect_status(200);
            pair.bob.join(conversation).await;
            ann.delete(&bob).await.expect_status(204);
        }
        let lost = |data: &Value| data["conversation"]["membership"] == change;
        pair.bob.until("conversation_updated", lost).await;
        let last = pair
            .bob
            .drain()
            .into_iter()
            .rfind(|heard| lost(&heard.data));
        let title = format!("conversation_updated (to somebody {note})");
        pair.snapshots
            .keep(title, &last.expect("it is there").shape);
    }
}

#[tokio::test]
async fn socket() {
    let mut pair = begin().await;
    let conversation = meet(&mut pair).await;
    talk(&mut pair, &conversation).await;
    manage(&mut pair, &conversation).await;
    let mut cara = RecordingClient::open(&pair.all.cara, ClientDialect::Native).await;
    let direct = pair.all.app.direct(&pair.all.cara, &pair.all.ann).await;
    cara.join(&direct).await;
    part(&mut pair, &conversation).await;
    let Pair {
        mut snapshots, ann, ..
    } = pair;
    drop(ann);
    cara.hear(&mut snapshots, "user_offline", "").await;
    snapshots.close();
}
