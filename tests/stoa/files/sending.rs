//! Files in messages: what everybody is shown of them, over sockets and REST, in every dialect; and who may send which.

use serde_json::{Value, json};

use super::{PNG, app, id, link, open, picture, send, upload};
use crate::client::Person;
use crate::socketio_chat::client::SocketIoClient;

/// The only file of a message.
fn file_of(message: &Value) -> Value {
    let files = message["attachments"]
        .as_array()
        .unwrap_or_else(|| panic!("{message}"));
    assert_eq!(files.len(), 1, "{message}");
    files[0].clone()
}

#[tokio::test]
async fn a_file_is_shown_to_all_with_a_link_that_needs_no_token() {
    let (app, _folder) = app(&[]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let group = app.group(&ann, &[&bob]).await;
    let mut listener = bob.joined(&group).await;
    let file = picture(&ann).await;
    let sent = send(&ann, &group, &[&id(&file)])
        .await
        .expect_status(201)
        .body;
    let shown = file_of(&sent);
    for (name, value) in [
        ("file_id", json!(id(&file))),
        ("name", json!("photo.png")),
        ("type", json!("image/png")),
        ("size", json!(PNG.len())),
        ("width", json!(1)),
        ("height", json!(1)),
        ("duration_ms", json!(null)),
    ] {
        assert_eq!(shown[name], value, "{shown}");
    }
    let event = listener.event("new_message").await;
    assert_eq!(file_of(&event["message"]), shown);
    let page = bob
        .get(&format!("/api/v1/conversations/{group}/messages"))
        .await;
    assert_eq!(file_of(&page.body["items"][0]), shown);
    let mut socket = bob.socket().await;
    let joined = socket
        .call("join_conversation", json!({ "conversation_id": group }))
        .await;
    assert_eq!(file_of(&joined.expect("joined")["messages"][0]), shown);
    let listed = bob.get("/api/v1/conversations").await.body;
    assert_eq!(file_of(&listed["items"][0]["last_message"]), shown);
    assert_eq!(
        open(&app, &link(&shown), &[])
            .await
            .expect_status(200)
            .bytes,
        PNG
    );
}

#[tokio::test]
async fn messages_keep_their_order_when_one_has_a_file() {
    let (app, _folder) = app(&[]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let group = app.group(&ann, &[&bob]).await;
    let file = id(&picture(&ann).await);
    let mut socket = ann.joined(&group).await;
    let mut wanted = Vec::new();
    for round in 0..20 {
        let body = format!("{round} with");
        let with =
            json!({ "conversation_id": group, "body": body, "attachments": [{ "file_id": file }] });
        socket.tell("send_message", with).await;
        let after = format!("{round} without");
        socket
            .tell(
                "send_message",
                json!({ "conversation_id": group, "body": after }),
            )
            .await;
        wanted.extend([body, after]);
    }
    socket.drain().await;
    crate::polling::until(
        "all of them",
        async || ann.bodies(&group).await,
        |all| all.len() == 40,
    )
    .await;
    assert_eq!(ann.bodies(&group).await, wanted);
    assert_eq!(app.count("select count(*) as n from file_uses"), 20);
}

#[tokio::test]
async fn only_a_file_of_ones_own_that_is_ready_can_be_sent() {
    let (app, _folder) = app(&[]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let group = app.group(&ann, &[&bob]).await;
    let file = id(&picture(&ann).await);
    let code = async |person: &Person, id: &str| {
        let refused = send(person, &group, &[id]).await;
        (
            refused.status,
            refused.body["error_code"].as_str().map(str::to_owned),
        )
    };
    let missing = (404, Some("FILE_NOT_FOUND".to_owned()));
    assert_eq!(code(&bob, &file).await, missing);
    assert_eq!(
        code(&ann, "0192f0c0-0000-7000-8000-000000000001").await,
        missing
    );
    let mut socket = bob.socket().await;
    let asked = json!({ "conversation_id": group, "attachments": [{ "file_id": file }] });
    let refused = socket.call("send_message", asked).await.unwrap_err();
    assert_eq!(refused["error_code"], "FILE_NOT_FOUND");
    let unfit = upload(&ann, "?purpose=voice", "audio/mp4", b"nonsense").await;
    unfit.expect_status(422);
    for (state, wanted) in [
        ("checking", (409, Some("FILE_NOT_READY".to_owned()))),
        ("refused", (422, Some("FILE_REFUSED".to_owned()))),
        ("dropping", (410, Some("GONE".to_owned()))),
        ("ready", (201, None)),
    ] {
        app.count(&format!("with set as (update files set state = '{state}' where id = '{file}' returning 1) select count(*) as n from set"));
        assert_eq!(code(&ann, &file).await, wanted);
    }
    assert_eq!(ann.bodies(&group).await, ["look"]);
}

#[tokio::test]
async fn a_file_does_not_open_a_conversation() {
    let (app, _folder) = app(&[]).await;
    let (ann, bob, eve) = (
        app.person("ann").await,
        app.person("bob").await,
        app.person("eve").await,
    );
    let group = app.group(&ann, &[&bob]).await;
    let own = id(&picture(&eve).await);
    let refused = send(&eve, &group, &[&own]).await.expect_status(404);
    refused.expect_code("CONVERSATION_NOT_FOUND");
}

#[tokio::test]
async fn a_send_that_is_repeated_is_found_again_also_when_its_file_is_gone() {
    let (app, _folder) = app(&[]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let group = app.group(&ann, &[&bob]).await;
    let file = id(&picture(&ann).await);
    let path = format!("/api/v1/conversations/{group}/messages");
    let message = json!({ "client_id": "c-1", "attachments": [{ "file_id": file }] });
    let first = ann
        .post(&path, message.clone())
        .await
        .expect_status(201)
        .body;
    let again = ann
        .post(&path, message.clone())
        .await
        .expect_status(200)
        .body;
    assert_eq!(first, again);
    let other =
        json!({ "client_id": "c-1", "attachments": [{ "file_id": id(&picture(&ann).await) }] });
    ann.post(&path, other)
        .await
        .expect_status(409)
        .expect_code("CONFLICT");
    app.count(&format!("with set as (update files set state = 'gone' where id = '{file}' returning 1) select count(*) as n from set"));
    let lost = ann.post(&path, message).await.expect_status(200).body;
    assert_eq!(lost["id"], first["id"]);
    assert_eq!(app.count("select count(*) as n from file_uses"), 1);
}

#[tokio::test]
async fn a_conversation_may_begin_with_a_file() {
    let (app, _folder) = app(&[]).await;
    let ann = app.person("ann").await;
    app.person("bob").await;
    let file = id(&picture(&ann).await);
    let first = json!({ "attachments": [{ "file_id": file }] });
    let wanted =
        json!({ "kind": "direct", "participants": [{ "user_id": "bob" }], "first_message": first });
    let made = ann
        .post("/api/v1/conversations", wanted)
        .await
        .expect_status(201)
        .body;
    assert_eq!(file_of(&made["last_message"])["file_id"], file);
    assert_eq!(app.count("select count(*) as n from file_uses"), 1);
    let strange = json!({ "kind": "group", "participants": [{ "user_id": "bob" }],
        "first_message": { "attachments": [{ "file_id": "0192f0c0-0000-7000-8000-000000000001" }] } });
    let refused = ann
        .post("/api/v1/conversations", strange)
        .await
        .expect_status(404);
    refused.expect_code("FILE_NOT_FOUND");
}

#[actix_rt::test]
async fn the_other_dialects_show_the_link() {
    let (app, _folder) = app(&[]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let group = app.group(&ann, &[&bob]).await;
    let file = id(&picture(&ann).await);
    let said = json!({ "attachments": [{ "file_id": file }] });
    let sent = ann
        .post(&format!("/chat/rooms/{group}/messages"), said)
        .await
        .expect_status(201)
        .body;
    assert_eq!(sent["messageType"], "image");
    assert_eq!(sent["files"][0]["file_id"], file);
    assert_eq!(sent["attachments"][0], sent["files"][0]["url"]);
    let link = sent["attachments"][0].as_str().expect("a link");
    open(&app, link, &[]).await.expect_status(200);
    let path = format!("/api/messages/conversations/{group}/messages");
    let rows = bob.get(&path).await.expect_status(200).body;
    assert_eq!(rows["messages"][0]["media_url"], link);
    let mut client = SocketIoClient::stoory(&bob).await;
    let joined = client
        .ask("join_conversation", json!({ "conversationId": group }))
        .await;
    assert_eq!(joined["success"], true, "{joined}");
}

#[tokio::test]
async fn the_platform_sends_files_of_its_own_for_others() {
    let (app, _folder) = app(&[]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let platform = app.person_with("platform", &["service"]).await;
    let group = app.group(&ann, &[&bob]).await;
    let path = format!("/api/v1/conversations/{group}/messages");
    for owner in [&platform, &ann] {
        let file = id(&picture(owner).await);
        let said = json!({ "sender_id": "ann", "attachments": [{ "file_id": file }] });
        let sent = platform.post(&path, said).await.expect_status(201).body;
        assert_eq!(
            (&sent["sender_id"], &file_of(&sent)["file_id"]),
            (&json!("ann"), &json!(file))
        );
    }
    let of_bob = id(&picture(&bob).await);
    let said = json!({ "sender_id": "ann", "attachments": [{ "file_id": of_bob }] });
    platform.post(&path, said).await.expect_status(404);
}

#[tokio::test]
async fn a_platform_may_show_no_files_of_other_servers() {
    let (app, _folder) = app(&["--media-hosts", "off"]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let group = app.group(&ann, &[&bob]).await;
    let path = format!("/api/v1/conversations/{group}/messages");
    let link = json!({ "attachments": [{ "url": "https://example.com/a.png" }] });
    let refused = ann.post(&path, link.clone()).await.expect_status(400);
    assert_eq!(refused.body["details"]["field"], "attachments[0].url");
    let mut socket = ann.socket().await;
    let said = json!({ "conversation_id": group, "attachments": link["attachments"] });
    let refused = socket.call("send_message", said).await.unwrap_err();
    assert_eq!(refused["details"]["field"], "attachments[0].url");
    send(&ann, &group, &[&id(&picture(&ann).await)])
        .await
        .expect_status(201);
}
