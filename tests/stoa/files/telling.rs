//! The owner of a file is told when its check has ended, in every session; nobody else is.

use serde_json::json;

use super::{PNG, app, id, picture, upload};

#[tokio::test]
async fn all_sessions_of_its_owner_hear_that_a_file_is_ready() {
    let (app, _folder) = app(&[]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let (mut one, mut other) = (ann.socket().await, ann.socket().await);
    let mut strange = bob.socket().await;
    let file = picture(&ann).await;
    for socket in [&mut one, &mut other] {
        let told = socket.event("file_ready").await;
        assert_eq!(told, json!({ "file_id": id(&file) }));
    }
    let heard = strange.drain().await;
    let of_files = |event: &serde_json::Value| event.to_string().contains("file_");
    assert!(!heard.iter().any(of_files), "{heard:?}");
}

#[tokio::test]
async fn they_hear_why_a_file_was_refused() {
    let (app, _folder) = app(&[]).await;
    let ann = app.person("ann").await;
    let mut socket = ann.socket().await;
    upload(&ann, "?purpose=voice", "image/png", PNG)
        .await
        .expect_status(422);
    let told = socket.event("file_refused").await;
    assert_eq!(told["refusal"], "not_audio", "{told}");
    assert!(
        told["file_id"].is_string() && told["message"].is_string(),
        "{told}"
    );
}
