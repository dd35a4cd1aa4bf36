//! Former participants: their messages keep a sender with a name wherever the conversation is read.

use serde_json::{Value, json};

use crate::test_app::TestApp;

fn names(conversation: &Value) -> Vec<&str> {
    let former = conversation["former_participants"].as_array().unwrap();
    former
        .iter()
        .map(|person| person["name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn former_participants_keep_their_names() {
    let app = TestApp::start().await;
    let (ada, ben, eve) = (
        app.person("ada").await,
        app.person("ben").await,
        app.person("eve").await,
    );
    let id = app.group(&ada, &[&ben, &eve]).await;
    let path = format!("/api/v1/conversations/{id}");
    let messages = format!("{path}/messages");
    ben.post(&messages, json!({ "body": "Good-bye" }))
        .await
        .expect_status(201);
    let mut socket = ada.socket().await;
    socket
        .call("join_conversation", json!({ "conversation_id": id }))
        .await
        .unwrap();
    let before = ada.get(&path).await.expect_status(200).body;
    assert_eq!(names(&before), [""; 0]);
    ben.delete(&format!("{path}/participants/ben")).await;
    ada.delete(&format!("{path}/participants/eve")).await;

    let shown = ada.get(&path).await.expect_status(200).body;
    assert_eq!(names(&shown), ["ben by name", "eve by name"]);
    assert_eq!(
        shown["former_participants"][0],
        json!({ "user_id": "ben", "name": "ben by name", "avatar_url": null })
    );
    assert_eq!(shown["participants"].as_array().unwrap().len(), 1);
    let list = ada.get("/api/v1/conversations").await.expect_status(200);
    assert_eq!(
        names(&list.body["items"][0]),
        ["ben by name", "eve by name"]
    );
    let join = json!({ "conversation_id": id });
    let mut other = ada.socket().await;
    let joined = other.call("join_conversation", join).await.unwrap();
    assert_eq!(
        names(&joined["conversation"]),
        ["ben by name", "eve by name"]
    );

    // A participant who returns is no longer a former one.
    let back = json!({ "user_id": "ben" });
    ada.post(&format!("{path}/participants"), back).await;
    let shown = ada.get(&path).await.expect_status(200).body;
    assert_eq!(names(&shown), ["eve by name"]);
}
