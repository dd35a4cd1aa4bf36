//! The Stoory dialect over Socket.IO: every acknowledgement and every event but those of deals.

use serde_json::json;

use super::json::Json;
use super::native::{People, id};
use super::recording_client::{ClientDialect, RecordingClient};
use super::snapshot_file::SnapshotFile;
use super::two_clients::Pair;
use crate::socketio_chat::endpoint;

async fn begin() -> Pair {
    let all = People::with(&["--offline-grace-seconds", "0"]).await;
    let mut snapshots = SnapshotFile::new("stoory_events");
    let mut wire = endpoint(all.app.address).websocket("").await;
    let opened = wire.text().await;
    snapshots.keep("the packet that opens", &Json::read(&opened[1..]));
    let (ann, greeting) = RecordingClient::greeted(&all.ann, ClientDialect::Stoory).await;
    snapshots.keep("CONNECT", &greeting);
    let bob = RecordingClient::open(&all.bob, ClientDialect::Stoory).await;
    Pair {
        all,
        snapshots,
        ann,
        bob,
    }
}

async fn meet(pair: &mut Pair) -> String {
    pair.ann_asks("join", json!("ann"), "").await;
    let wanted = json!({ "kind": "group", "title": "Talk", "subject": { "type": "bid", "id": "b-1" }, "participants": [{ "user_id": "bob" }] });
    let made = pair.all.ann.post("/api/v1/conversations", wanted).await;
    let conversation = id(&made.expect_status(201).body);
    pair.bob_hears("notification", "a new conversation").await;
    pair.all.ann.say(&conversation, "Is anybody there?").await;
    pair.bob_hears("notification", "a new message").await;
    pair.bob_hears("unread_count_updated", "").await;
    pair.bob_asks("join_bid_room", json!("b-1"), "").await;
    pair.bob_asks("join_campaign_room", json!("c-1"), "").await;
    pair.bob_asks("leave_bid_room", json!("b-2"), "").await;
    pair.bob_asks("leave_campaign_room", json!("c-1"), "").await;
    let own = json!({ "userId": "bob" });
    pair.bob_asks("join_user_room", own.clone(), "").await;
    pair.bob_asks("leave_user_room", own, "").await;
    pair.ann_asks("join_conversation", json!(conversation), "")
        .await;
    pair.bob_asks("join_conversation", json!(conversation), "of another")
        .await;
    conversation
}

async fn talk(pair: &mut Pair, conversation: &str) {
    let said = json!({ "conversationId": conversation, "senderId": "ann", "receiverId": "bob", "message": "Hello", "mediaUrl": "https://example.com/a.png", "clientId": "c-1" });
    let sent = pair.ann_asks("send_message", said, "").await;
    pair.ann_hears("new_message", "to its sender").await;
    pair.bob_hears("new_message", "to others").await;
    let message = &sent["message"]["id"];
    let seen = json!({ "messageId": message, "userId": "bob", "conversationId": conversation });
    pair.bob_asks("mark_seen", seen, "").await;
    pair.ann_hears("message_seen", "").await;
    let typing = json!({ "conversationId": conversation, "userId": "bob" });
    for (event, note) in [("typing_start", "begun"), ("typing_stop", "ended")] {
        pair.bob_asks(event, typing.clone(), "").await;
        pair.ann_hears("user_typing", note).await;
    }
    let status = json!({ "userId": "bob", "status": "away" });
    pair.bob_asks("user_status", status, "").await;
    pair.ann
        .until("user_status_change", |data| data["status"] == "away")
        .await;
    pair.ann_hears("user_status_change", "").await;
    let ann = pair.all.ann.clone();
    let path = format!("/api/v1/messages/{}", message.as_str().expect("an id"));
    let edit = json!({ "body": "Hello, all" });
    ann.patch(&path, edit).await.expect_status(200);
    pair.bob_hears("message_updated", "").await;
    let reaction = format!("{path}/reactions/%F0%9F%91%8D");
    ann.put(&reaction, json!({})).await.expect_status(200);
    pair.bob_hears("reaction_changed", "").await;
    let pin = format!("{path}/pin");
    ann.put(&pin, json!({})).await.expect_status(200);
    pair.bob_hears("pin_changed", "").await;
    ann.delete(&path).await.expect_status(200);
    pair.bob_hears("message_deleted", "").await;
}

async fn part(pair: &mut Pair, conversation: &str) {
    let ann = pair.all.ann.clone();
    let path = format!("/api/v1/conversations/{conversation}");
    let title = json!({ "title": "Quiet talk" });
    ann.patch(&path, title).await.expect_status(200);
    pair.bob_hears("conversation_updated", "").await;
    let wrong = json!({ "conversationId": conversation });
    pair.bob_asks("send_message", wrong.clone(), "refused")
        .await;
    pair.bob.tell("send_message", wrong).await;
    pair.bob_hears("error", "").await;
    pair.bob_hears("message_error", "").await;
    let unknown = json!({ "conversationId": conversation, "messageId": conversation });
    pair.bob.tell("mark_seen", unknown).await;
    pair.bob_hears("seen_error", "").await;
    let bob = format!("{path}/participants/bob");
    ann.delete(&bob).await.expect_status(204);
    pair.bob_hears("conversation_updated", "to somebody removed")
        .await;
    pair.ann_asks("leave_conversation", json!(conversation), "")
        .await;
}

#[tokio::test]
async fn socket() {
    let mut pair = begin().await;
    let conversation = meet(&mut pair).await;
    talk(&mut pair, &conversation).await;
    part(&mut pair, &conversation).await;
    let mut cara = RecordingClient::open(&pair.all.cara, ClientDialect::Stoory).await;
    let direct = pair.all.app.direct(&pair.all.cara, &pair.all.ann).await;
    cara.join(&direct).await;
    let Pair {
        mut snapshots,
        all,
        ann,
        ..
    } = pair;
    cara.hear(&mut snapshots, "notification", "a new direct conversation")
        .await;
    all.ann.say(&direct, "Hello").await;
    let said = json!({ "conversationId": direct, "message": "Hello, Ann" });
    cara.tell("send_message", said).await;
    cara.hear(
        &mut snapshots,
        "notification",
        "a message where its receiver has joined",
    )
    .await;
    cara.hear(
        &mut snapshots,
        "conversation_list_updated",
        "to the receiver",
    )
    .await;
    cara.hear(&mut snapshots, "message_sent", "").await;
    drop(ann);
    cara.hear(&mut snapshots, "user_offline", "").await;
    snapshots.close();
}
