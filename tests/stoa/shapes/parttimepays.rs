//! The dialect of Part-Time Pays: every endpoint, every acknowledgement and every event.

use serde_json::{Value, json};

use super::native::People;
use super::recording_client::{ClientDialect, RecordingClient};
use super::snapshot_file::SnapshotFile;
use super::two_clients::Pair;

const OPTIONS: [&str; 2] = ["--dialects", "parttimepays"];

#[tokio::test]
async fn rest() {
    let all = People::with(&OPTIONS).await;
    let mut snapshots = SnapshotFile::new("parttimepays_rest");
    let card = json!({ "title": "Barista", "data": { "company": "Cafe" } });
    let described = all.platform.put("/api/v1/subjects/job/7", card).await;
    described.expect_status(200);
    for prefix in ["/api/v1/messages", "/api/v1/v1/messages"] {
        let (place, said) = say(&all, &mut snapshots, prefix).await;
        change(&all, &mut snapshots, (prefix, &said)).await;
        look(&all, &mut snapshots, (prefix, &place)).await;
        let delete = format!("DELETE {prefix}/messages/{{id}}");
        snapshots.ask(&all.ann, &delete, &[&said], None, "").await;
        let hide = format!("DELETE {prefix}/conversations/{{id}}");
        snapshots.ask(&all.ann, &hide, &[&place], None, "").await;
    }
    snapshots.close();
}

/// Begins a conversation and says something there; answers the ids of both.
async fn say(all: &People, snapshots: &mut SnapshotFile, prefix: &str) -> (String, String) {
    let begin = format!("POST {prefix}/conversations");
    let wanted = json!({ "participants": ["bob"], "conversationType": "job_related", "job": "7" });
    let made = snapshots.ask(&all.ann, &begin, &[], Some(wanted), "").await;
    let alone = Some(json!({ "participants": ["ann"] }));
    snapshots.ask(&all.ann, &begin, &[], alone, "alone").await;
    let place = id_of(&made["data"]["conversation"]);
    let send = format!("POST {prefix}/conversations/{{id}}/messages");
    let said = json!({ "content": "About the job", "messageType": "job_context", "context": { "jobId": "7" } });
    let said = snapshots
        .ask(&all.ann, &send, &[&place], Some(said), "")
        .await;
    let said = id_of(&said["data"]["message"]);
    let answer = json!({ "content": "Nice", "messageType": "text", "replyTo": said,
        "attachments": [{ "url": "https://example.com/a.png", "name": "a.png", "type": "image/png", "size": 1 }] });
    for (body, note) in [(answer, "an answer"), (json!({}), "without a text")] {
        let body = Some(body);
        snapshots.ask(&all.bob, &send, &[&place], body, note).await;
    }
    (place, said)
}

fn id_of(document: &Value) -> String {
    document["_id"].as_str().expect("an id").to_owned()
}

async fn change(all: &People, snapshots: &mut SnapshotFile, (prefix, said): (&str, &str)) {
    let react = format!("POST {prefix}/messages/{{id}}/reactions");
    for note in ["", "again"] {
        let like = Some(json!({ "reactionType": "like" }));
        snapshots.ask(&all.bob, &react, &[said], like, note).await;
    }
    let edit = format!("PUT {prefix}/messages/{{id}}");
    let edited = Some(json!({ "content": "About that job" }));
    snapshots.ask(&all.ann, &edit, &[said], edited, "").await;
}

async fn look(all: &People, snapshots: &mut SnapshotFile, (prefix, place): (&str, &str)) {
    let there = format!("{prefix}/conversations/{{id}}");
    for line in [
        format!("GET {there}/messages?page=1&limit=50"),
        format!("GET {there}/participants"),
    ] {
        snapshots.ask(&all.bob, &line, &[place], None, "").await;
    }
    for line in [
        format!("GET {prefix}/conversations?page=1&limit=1"),
        format!("GET {prefix}/unread-count"),
        format!("GET {prefix}/search?q=nothing"),
    ] {
        snapshots.ask(&all.bob, &line, &[], None, "").await;
    }
    let read = format!("PUT {there}/read");
    snapshots.ask(&all.bob, &read, &[place], None, "").await;
    let list = format!("GET {there}/messages");
    let note = "denied";
    snapshots.ask(&all.cara, &list, &[place], None, note).await;
}

async fn begin() -> Pair {
    let all = People::with(&[&OPTIONS[..], &["--offline-grace-seconds", "0"]].concat()).await;
    let mut snapshots = SnapshotFile::new("parttimepays_events");
    let (ann, greeting) = RecordingClient::greeted(&all.ann, ClientDialect::PartTimePays).await;
    snapshots.keep("CONNECT", &greeting);
    let bob = RecordingClient::open(&all.bob, ClientDialect::PartTimePays).await;
    Pair {
        all,
        snapshots,
        ann,
        bob,
    }
}

async fn talk(pair: &mut Pair, place: &str) {
    let said = json!({ "conversationId": place, "content": "Hello", "messageType": "text" });
    let sent = pair.ann_asks("send_message", said, "").await;
    pair.bob_hears("new_message", "").await;
    let wrong = json!({ "conversationId": place });
    pair.ann_asks("send_message", wrong.clone(), "refused")
        .await;
    pair.ann.tell("send_message", wrong).await;
    pair.ann_hears("error", "").await;
    for (kind, note) in [("like", ""), ("sad", "another one")] {
        let reaction = json!({ "messageId": sent["messageId"], "reactionType": kind });
        pair.bob_asks("add_reaction", reaction, note).await;
        pair.ann_hears("message_reaction", note).await;
    }
    pair.ann_hears("message_reaction_removed", "").await;
    let edit = json!({ "messageId": sent["messageId"], "content": "Hello, all" });
    pair.ann_asks("edit_message", edit, "").await;
    pair.bob_hears("message_edited", "").await;
    for (event, note) in [("typing_start", "begun"), ("typing_stop", "ended")] {
        pair.bob_asks(event, json!(place), "").await;
        pair.ann_hears("user_typing", note).await;
    }
    let message = sent["messageId"].as_str().expect("an id");
    let path = format!("/api/v1/messages/messages/{message}");
    let ann = pair.all.ann.clone();
    ann.delete(&path).await.expect_status(200);
    pair.bob_hears("message_deleted", "").await;
}

#[tokio::test]
async fn socket() {
    let mut pair = begin().await;
    let place = pair.all.app.direct(&pair.all.ann, &pair.all.bob).await;
    pair.all.ann.say(&place, "Is anybody there?").await;
    pair.bob_hears("new_notification", "").await;
    pair.ann_asks("join_conversation", json!(place), "").await;
    let there = json!({ "conversationId": place });
    pair.bob_asks("join_conversation", there, "in an object")
        .await;
    talk(&mut pair, &place).await;
    pair.bob_asks("leave_conversation", json!(place), "").await;
    let Pair {
        mut snapshots,
        mut ann,
        all,
        bob,
    } = pair;
    drop(bob);
    ann.hear(&mut snapshots, "user_offline", "").await;
    let _bob = RecordingClient::open(&all.bob, ClientDialect::PartTimePays).await;
    ann.until("user_online", |data| data["userId"] == "bob")
        .await;
    ann.hear(&mut snapshots, "user_online", "").await;
    snapshots.close();
}
