//! The Stoory dialect over Socket.IO: every acknowledgement and every event but those of deals.

use serde_json::{Value, json};

use super::album::Album;
use super::ear::{Ear, Language};
use super::json::Json;
use super::native::{People, id};
use crate::foreign::door;

/// Ann and Bob in the guide's namespace.
struct Pair {
    all: People,
    album: Album,
    ann: Ear,
    bob: Ear,
}

impl Pair {
    async fn begin() -> Self {
        let all = People::with(&["--offline-grace-seconds", "0"]).await;
        let mut album = Album::new("stoory_events");
        let mut wire = door(all.house.address).websocket("").await;
        let opened = wire.text().await;
        album.keep("the packet that opens", &Json::read(&opened[1..]));
        let (ann, greeting) = Ear::greeted(&all.ann, Language::Stoory).await;
        album.keep("CONNECT", &greeting);
        let bob = Ear::open(&all.bob, Language::Stoory).await;
        Self {
            all,
            album,
            ann,
            bob,
        }
    }

    async fn ann_asks(&mut self, event: &str, data: Value, note: &str) -> Value {
        self.ann.ask(&mut self.album, event, data, note).await
    }

    async fn bob_asks(&mut self, event: &str, data: Value, note: &str) -> Value {
        self.bob.ask(&mut self.album, event, data, note).await
    }

    async fn ann_hears(&mut self, event: &str, note: &str) -> Value {
        self.ann.hear(&mut self.album, event, note).await
    }

    async fn bob_hears(&mut self, event: &str, note: &str) -> Value {
        self.bob.hear(&mut self.album, event, note).await
    }

    async fn meet(&mut self) -> String {
        self.ann_asks("join", json!("ann"), "").await;
        let wanted = json!({ "kind": "group", "title": "Talk", "subject": { "type": "bid", "id": "b-1" }, "participants": [{ "user_id": "bob" }] });
        let made = self.all.ann.post("/api/v1/conversations", wanted).await;
        let place = id(&made.expect_status(201).body);
        self.bob_hears("notification", "a new conversation").await;
        self.all.ann.say(&place, "Is anybody there?").await;
        self.bob_hears("notification", "a new message").await;
        self.bob_asks("join_bid_room", json!("b-1"), "").await;
        self.bob_asks("join_campaign_room", json!("c-1"), "").await;
        self.ann_asks("join_conversation", json!(place), "").await;
        self.bob_asks("join_conversation", json!(place), "of another")
            .await;
        place
    }

    async fn talk(&mut self, place: &str) {
        let said = json!({ "conversationId": place, "senderId": "ann", "receiverId": "bob", "message": "Hello", "mediaUrl": "https://example.com/a.png", "clientId": "c-1" });
        let sent = self.ann_asks("send_message", said, "").await;
        self.ann_hears("new_message", "to its sender").await;
        self.bob_hears("new_message", "to others").await;
        let message = &sent["message"]["id"];
        let seen = json!({ "messageId": message, "userId": "bob", "conversationId": place });
        self.bob_asks("mark_seen", seen, "").await;
        self.ann_hears("message_seen", "").await;
        let typing = json!({ "conversationId": place, "userId": "bob" });
        for (event, note) in [("typing_start", "begun"), ("typing_stop", "ended")] {
            self.bob_asks(event, typing.clone(), "").await;
            self.ann_hears("user_typing", note).await;
        }
        let status = json!({ "userId": "bob", "status": "away" });
        self.bob_asks("user_status", status, "").await;
        self.ann
            .until("user_status_change", |data| data["status"] == "away")
            .await;
        self.ann_hears("user_status_change", "").await;
        let ann = self.all.ann.clone();
        let path = format!("/api/v1/messages/{}", message.as_str().expect("an id"));
        let edit = json!({ "body": "Hello, all" });
        ann.patch(&path, edit).await.expect_status(200);
        self.bob_hears("message_updated", "").await;
        ann.delete(&path).await.expect_status(200);
        self.bob_hears("message_deleted", "").await;
    }

    async fn part(&mut self, place: &str) {
        let ann = self.all.ann.clone();
        let path = format!("/api/v1/conversations/{place}");
        let title = json!({ "title": "Quiet talk" });
        ann.patch(&path, title).await.expect_status(200);
        self.bob_hears("conversation_updated", "").await;
        let wrong = json!({ "conversationId": place });
        self.bob_asks("send_message", wrong.clone(), "refused")
            .await;
        self.bob.tell("send_message", wrong).await;
        self.bob_hears("error", "").await;
        let bob = format!("{path}/participants/bob");
        ann.delete(&bob).await.expect_status(204);
        self.bob_hears("conversation_updated", "to somebody removed")
            .await;
        self.ann_asks("leave_conversation", json!(place), "").await;
    }
}

#[tokio::test]
async fn socket() {
    let mut pair = Pair::begin().await;
    let place = pair.meet().await;
    pair.talk(&place).await;
    pair.part(&place).await;
    let mut cara = Ear::open(&pair.all.cara, Language::Stoory).await;
    let direct = pair.all.house.direct(&pair.all.cara, &pair.all.ann).await;
    cara.join(&direct).await;
    let Pair { mut album, ann, .. } = pair;
    drop(ann);
    cara.hear(&mut album, "user_offline", "").await;
    album.close();
}
