//! The Lola dialect over Socket.IO and REST: every acknowledgement and every event but those of deals, and every endpoint.

use serde_json::json;

use super::native::{People, id};
use super::recording_client::{ClientDialect, RecordingClient};
use super::snapshot_file::SnapshotFile;
use super::two_clients::Pair;

async fn begin() -> Pair {
    let all = People::with(&["--offline-grace-seconds", "0"]).await;
    let mut snapshots = SnapshotFile::new("lola_events");
    let (mut ann, greeting) = RecordingClient::greeted(&all.ann, ClientDialect::Lola).await;
    snapshots.keep("CONNECT", &greeting);
    ann.hear(&mut snapshots, "connected", "").await;
    let bob = RecordingClient::open(&all.bob, ClientDialect::Lola).await;
    Pair {
        all,
        snapshots,
        ann,
        bob,
    }
}

async fn meet(pair: &mut Pair) -> String {
    let wanted = json!({ "kind": "group", "title": "Talk", "subject": { "type": "job", "id": "7" }, "participants": [{ "user_id": "bob" }] });
    let made = pair.all.ann.post("/api/v1/conversations", wanted).await;
    let conversation = id(&made.expect_status(201).body);
    pair.bob_hears("chat:new-conversation", "").await;
    pair.all.ann.say(&conversation, "Is anybody there?").await;
    pair.bob_hears("notification:new", "").await;
    let room = json!({ "conversationId": conversation });
    pair.ann_asks("chat:join-room", room.clone(), "").await;
    pair.bob_asks("chat:join-room", room.clone(), "of another")
        .await;
    pair.ann_hears("chat:user-joined", "").await;
    pair.bob_asks("chat:join-room", room, "once more").await;
    let direct = pair.all.app.direct(&pair.all.cara, &pair.all.bob).await;
    pair.all.bob.say(&direct, "Hello, Cara").await;
    let (mut plain, greeting) = RecordingClient::plain(&pair.all.cara, ClientDialect::Lola).await;
    pair.snapshots.keep("CONNECT (without recovery)", &greeting);
    let room = json!({ "conversationId": direct });
    plain
        .ask(
            &mut pair.snapshots,
            "chat:join-room",
            room,
            "without recovery",
        )
        .await;
    conversation
}

async fn talk(pair: &mut Pair, conversation: &str) {
    let said = json!({ "conversationId": conversation, "body": "Hello", "clientId": "c-1", "context": { "a_b": 1 },
        "attachments": [{ "url": "https://example.com/a.png", "name": "a.png", "type": "image/png", "size": 1 }] });
    let sent = pair.ann_asks("chat:send-message", said.clone(), "").await;
    pair.ann_hears("chat:new-message", "to its sender").await;
    pair.bob_hears("chat:new-message", "to others").await;
    let read = json!({ "roomId": conversation, "messageIds": [sent["messageId"]] });
    pair.bob_asks("chat:read-messages", read, "").await;
    pair.ann_hears("chat:messages-read", "").await;
    let none = json!({ "roomId": conversation, "messageIds": [] });
    pair.bob_asks("chat:read-messages", none, "an empty list")
        .await;
    let delivered = format!("/api/v1/conversations/{conversation}/delivered");
    let mark = json!({ "seq": sent["seq"] });
    let bobs = json!({ "conversationId": conversation, "body": "Hi" });
    let bobs = pair
        .bob_asks("chat:send-message", bobs, "without a client id")
        .await;
    assert!(bobs["seq"].as_i64() > mark["seq"].as_i64());
    let mark = json!({ "seq": bobs["seq"] });
    pair.all.ann.post(&delivered, mark).await.expect_status(200);
    pair.bob_hears("chat:messages-delivered", "").await;
    for (is_typing, note) in [(true, "begun"), (false, "ended")] {
        let typing = json!({ "conversationId": conversation, "isTyping": is_typing });
        pair.bob_asks("chat:typing", typing, note).await;
        pair.ann_hears("chat:user-typing", note).await;
    }
    let message = sent["id"].as_str().expect("an id");
    let path = format!("/api/v1/messages/{message}");
    let ann = pair.all.ann.clone();
    let edit = json!({ "body": "Hello, all" });
    ann.patch(&path, edit).await.expect_status(200);
    pair.bob_hears("chat:message-updated", "").await;
    pair.ann_asks("chat:send-message", said, "again after an edit")
        .await;
    let reaction = format!("{path}/reactions/%F0%9F%91%8D");
    ann.put(&reaction, json!({})).await.expect_status(200);
    pair.bob_hears("chat:reaction-changed", "").await;
    let pin = format!("{path}/pin");
    ann.put(&pin, json!({})).await.expect_status(200);
    pair.bob_hears("chat:pin-changed", "").await;
    ann.delete(&path).await.expect_status(200);
    pair.bob_hears("chat:message-deleted", "").await;
}

async fn part(pair: &mut Pair, conversation: &str) {
    let ann = pair.all.ann.clone();
    let path = format!("/api/v1/conversations/{conversation}");
    let title = json!({ "title": "Quiet talk" });
    ann.patch(&path, title).await.expect_status(200);
    pair.bob_hears("chat:conversation-updated", "").await;
    let wrong = json!({ "conversationId": conversation });
    pair.bob_asks("chat:send-message", wrong.clone(), "refused")
        .await;
    let business = json!({ "businessId": "b-1", "userName": "Bob" });
    pair.bob_asks("chat:join-room", business, "by business, refused")
        .await;
    pair.bob.tell("chat:send-message", wrong).await;
    pair.bob_hears("error", "").await;
    pair.bob_asks("chat:leave-room", json!({ "roomId": conversation }), "")
        .await;
    pair.ann_hears("chat:user-left", "").await;
    pair.bob_asks("chat:join-room", json!({ "roomId": conversation }), "again")
        .await;
    let bob = format!("{path}/participants/bob");
    ann.delete(&bob).await.expect_status(204);
    pair.bob_hears("chat:conversation-updated", "to somebody removed")
        .await;
    pair.ann_asks(
        "chat:leave-room",
        json!({ "conversationId": conversation }),
        "the last one",
    )
    .await;
}

#[tokio::test]
async fn socket() {
    let mut pair = begin().await;
    let conversation = meet(&mut pair).await;
    talk(&mut pair, &conversation).await;
    part(&mut pair, &conversation).await;
    let mut cara = RecordingClient::open(&pair.all.cara, ClientDialect::Lola).await;
    let direct = pair.all.app.direct(&pair.all.cara, &pair.all.ann).await;
    cara.join(&direct).await;
    let mut native = RecordingClient::open(&pair.all.ann, ClientDialect::Native).await;
    native
        .call("user_status", json!({ "status": "busy" }))
        .await;
    cara.until("chat:user-status", |data| data["status"] == "busy")
        .await;
    let Pair {
        mut snapshots, ann, ..
    } = pair;
    cara.hear(&mut snapshots, "chat:user-status", "").await;
    drop((ann, native));
    cara.hear(&mut snapshots, "user:offline", "").await;
    snapshots.close();
}

#[tokio::test]
async fn rest() {
    let all = People::with(&[]).await;
    let mut snapshots = SnapshotFile::new("lola_rest");
    let wanted = json!({ "kind": "support", "title": "Talk", "subject": { "type": "business", "id": "b-7" }, "participants": [{ "user_id": "bob", "role": "agent" }] });
    let made = all.ann.post("/api/v1/conversations", wanted).await;
    let conversation = id(&made.expect_status(201).body);
    for prefix in ["/chat", "/api/chat"] {
        let at = format!("{prefix}/rooms/{{id}}");
        let said = json!({ "senderId": "ann", "senderType": "customer", "senderName": "Ann", "content": "Look", "messageType": "image",
            "attachments": ["https://example.com/a.png"] });
        let send = format!("POST {at}/messages");
        let sent = snapshots
            .ask(&all.ann, &send, &[&conversation], Some(said), "")
            .await;
        let answer =
            json!({ "content": "Nice", "replyToMessageId": sent["_id"], "clientId": prefix });
        let note = "a reply";
        snapshots
            .ask(&all.bob, &send, &[&conversation], Some(answer), note)
            .await;
        let list = format!("GET {at}/messages?limit=1");
        snapshots
            .ask(&all.bob, &list, &[&conversation], None, "")
            .await;
        let counts = format!("GET {prefix}/unread-counts");
        snapshots.ask(&all.ann, &counts, &[], None, "").await;
        let rooms = format!("GET {prefix}/rooms?page=1&limit=1");
        snapshots.ask(&all.ann, &rooms, &[], None, "").await;
        let show = format!("GET {at}");
        snapshots
            .ask(&all.bob, &show, &[&conversation], None, "")
            .await;
        let read = format!("PUT {at}/messages/read");
        let own = json!({ "userId": "ann" });
        snapshots
            .ask(&all.ann, &read, &[&conversation], Some(own), "")
            .await;
        let stranger = all.app.person("dora").await;
        snapshots
            .ask(&stranger, &list, &[&conversation], None, "denied")
            .await;
        let another = json!({ "content": "x", "senderId": "bob" });
        snapshots
            .ask(
                &all.ann,
                &send,
                &[&conversation],
                Some(another),
                "as another",
            )
            .await;
    }
    snapshots.close();
}
