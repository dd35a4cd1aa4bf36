//! A file is removed from a message: by whom, what everybody is told, and what becomes of the file.

use serde_json::{Value, json};

use super::{app, id, open, picture, send};
use crate::client::{Answer, Person};

/// Sends a message without a text.
async fn send_bare(person: &Person, conversation: &str, ids: &[&str]) -> Value {
    let files: Vec<Value> = ids.iter().map(|id| json!({ "file_id": id })).collect();
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let sent = person.post(&path, json!({ "attachments": files })).await;
    sent.expect_status(201).body
}

async fn remove(person: &Person, message: &Value, file: &str) -> Answer {
    let message = message["id"].as_str().expect("an id");
    let path = format!("/api/v1/messages/{message}/attachments/{file}");
    person.delete(&path).await
}

/// The ids of the files that a message shows.
fn files_of(message: &Value) -> Vec<String> {
    let files = message["attachments"].as_array().expect("a list");
    files.iter().map(id).collect()
}

#[tokio::test]
async fn its_author_removes_a_file_and_everybody_sees_the_rest() {
    let (app, folder) = app(&["--deleted-file-hours", "0"]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let group = app.group(&ann, &[&bob]).await;
    let mut listener = bob.joined(&group).await;
    let (gone, kept) = (picture(&ann).await, picture(&ann).await);
    let (gone_id, kept_id) = (id(&gone), id(&kept));
    let sent = send(&ann, &group, &[&gone_id, &kept_id, &gone_id]).await;
    let sent = sent.expect_status(201).body;
    let left = remove(&ann, &sent, &gone_id).await.expect_status(200).body;
    assert_eq!(files_of(&left), [kept_id.as_str()]);
    assert_eq!(left["body"], "look");
    assert!(left["edited_at"].is_string(), "{left}");
    let event = listener.event("message_updated").await;
    assert_eq!(files_of(&event["message"]), [kept_id.as_str()]);
    let path = format!("/api/v1/conversations/{group}/messages");
    let page = bob.get(&path).await.body;
    for member in ["attachments", "body", "edited_at"] {
        assert_eq!(page["items"][0][member], left[member]);
    }
    app.until_count("select count(*) as n from files where state = 'gone'", 1)
        .await;
    assert_eq!(folder.objects().len(), 1);
    open(&app, &super::link(&gone), &[])
        .await
        .expect_status(410);
    let again = remove(&ann, &sent, &gone_id).await.expect_status(404);
    again.expect_code("FILE_NOT_FOUND");
    let last = remove(&ann, &sent, &kept_id).await.expect_status(200).body;
    assert_eq!(last["attachments"], json!([]));
    app.until_count("select count(*) as n from files where state = 'gone'", 2)
        .await;
    assert_eq!(app.count("select count(*) as n from file_uses"), 0);
}

#[tokio::test]
async fn moderators_may_too_but_nobody_else_and_something_must_be_left() {
    let (app, _folder) = app(&[]).await;
    let (ann, bob, eve) = (
        app.person("ann").await,
        app.person("bob").await,
        app.person("eve").await,
    );
    let group = app.group(&ann, &[&bob, &eve]).await;
    let (first, second) = (id(&picture(&bob).await), id(&picture(&bob).await));
    let sent = send_bare(&bob, &group, &[&first, &second]).await;
    let refused = remove(&eve, &sent, &first).await.expect_status(403);
    refused.expect_code("FORBIDDEN");
    let left = remove(&ann, &sent, &first).await.expect_status(200).body;
    assert_eq!(files_of(&left), [second.as_str()]);
    let refused = remove(&bob, &sent, &second).await.expect_status(409);
    refused.expect_code("CONFLICT");
    let path = format!("/api/v1/messages/{}", sent["id"].as_str().expect("an id"));
    bob.delete(&path).await.expect_status(200);
    let refused = remove(&bob, &sent, &second).await.expect_status(409);
    refused.expect_code("CONFLICT");
    let malformed = remove(&bob, &sent, "x").await.expect_status(400);
    assert_eq!(malformed.body["details"]["field"], "file_id");
}

/// The name of a removed file no longer finds its message.
#[tokio::test]
async fn a_search_does_not_find_the_name_of_a_removed_file() {
    let (app, _folder) = app(&[]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let group = app.group(&ann, &[&bob]).await;
    let uploaded = super::upload(&ann, "?name=wombat.png", "image/png", super::PNG).await;
    let file = id(&uploaded.expect_status(201).json());
    let sent = send(&ann, &group, &[&file]).await.expect_status(201).body;
    let found = async |wanted: usize| {
        let answer = async || bob.get("/api/v1/search?q=wombat").await.body;
        let has = |body: &Value| body["items"].as_array().map(Vec::len) == Some(wanted);
        crate::polling::until("the search", answer, has).await
    };
    found(1).await;
    remove(&ann, &sent, &file).await.expect_status(200);
    found(0).await;
}
