//! What else people, staff and the platform change: which of it writes a row of the feed, and why the rest writes none.

use serde_json::{Value, json};
use stoa::store::forgetting::{empty_conversation, empty_wordings};

use super::writers::{does, names, watch, written};
use crate::businesses::{business, employ, support};
use crate::participants::{ask, creation, id_of};
use crate::test_app::TestApp;

#[tokio::test]
async fn a_block_writes_a_row_for_each_conversation_of_the_two() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let _id = app.direct(&ann, &bob).await;
    watch(&app);
    for method in ["PUT", "DELETE"] {
        does(&ann, method, "/api/v1/blocks/bob", json!({})).await;
        assert_eq!(
            written(&app),
            names(&["conversations", "participant_changes"]),
            "{method}"
        );
    }
}

#[tokio::test]
async fn slow_mode_closing_and_deleting_write_a_row_and_what_is_for_oneself_writes_none() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let platform = app.person_with("platform", &["service"]).await;
    let path = format!("/api/v1/conversations/{}", app.group(&ann, &[&bob]).await);
    watch(&app);
    let of_settings = names(&["conversations", "conversation_changes"]);
    for change in [
        json!({ "slow_seconds": 5 }),
        json!({ "status": "closed" }),
        json!({ "status": "open" }),
    ] {
        does(&ann, "PATCH", &path, change.clone()).await;
        assert_eq!(written(&app), of_settings, "{change}");
    }
    let own = json!({ "starred": true, "hidden": true });
    does(&ann, "PATCH", &format!("{path}/me"), own).await;
    assert_eq!(
        written(&app),
        names(&[]),
        "it is no change of what others see"
    );
    does(&platform, "DELETE", &path, json!({})).await;
    let mut of_deletion = of_settings.clone();
    of_deletion.extend(names(&["participants"]));
    assert_eq!(written(&app), of_deletion);
}

#[tokio::test]
async fn a_subject_writes_a_row_for_the_conversations_about_it_and_staff_write_none() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let platform = app.person_with("platform", &["service"]).await;
    watch(&app);
    let subject = "/api/v1/subjects/job/j1";
    does(&platform, "PUT", subject, json!({ "title": "Kitchen" })).await;
    assert_eq!(written(&app), names(&[]), "no conversation is about it");
    id_of(
        ask(&ann, creation("group", &["bob"], Some("j1"))).await,
        201,
    );
    written(&app);
    does(&platform, "PUT", subject, json!({ "title": "Bathroom" })).await;
    let of_settings = names(&["conversations", "conversation_changes"]);
    assert_eq!(written(&app), of_settings);

    business(&platform, "salon").await;
    let hired = employ(&platform, "salon", &bob.id, "agent").await;
    hired.expect_status(200);
    assert_eq!(written(&app), names(&[]), "staff are rows of a business");
    let id = support(&ann, "salon").await;
    assert_eq!(written(&app), names(&["conversations", "participants"]));
    bob.say(&id, "how can we help").await;
    assert_eq!(written(&app), names(&["conversations", "messages"]));
}

#[tokio::test]
async fn a_file_is_sent_and_removed_with_a_row() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let id = app.group(&ann, &[&bob]).await;
    watch(&app);
    let uploaded = ann.request("POST", "/api/v1/files", Some("hello".to_owned()), &[]);
    let file = uploaded.await.expect_status(201).body["file_id"].clone();
    assert_eq!(written(&app), names(&[]), "no message shows it");
    let shown = json!({ "body": "see", "attachments": [{ "file_id": file }] });
    let path = format!("/api/v1/conversations/{id}/messages");
    let message = does(&ann, "POST", &path, shown).await;
    assert_eq!(written(&app), names(&["conversations", "messages"]));
    let [message, file] = [&message["id"], &file].map(|id| id.as_str().unwrap());
    let path = format!("/api/v1/messages/{message}/attachments/{file}");
    does(&ann, "DELETE", &path, json!({})).await;
    let of_messages = ["conversations", "messages", "message_changes"];
    assert_eq!(written(&app), names(&of_messages));
}

/// Emptying has no seq and no row: the deletion had both, and consumers read nothing of what was deleted.
#[tokio::test]
async fn emptying_what_was_deleted_writes_no_row() {
    let app = TestApp::with(&["--jobs", "off"]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let platform = app.person_with("platform", &["service"]).await;
    let id = app.group(&ann, &[&bob]).await;
    let message: Value = ann.say(&id, "hello").await;
    let message = format!("/api/v1/messages/{}", message["id"].as_str().unwrap());
    does(&ann, "DELETE", &message, json!({})).await;
    let path = format!("/api/v1/conversations/{id}");
    does(&platform, "DELETE", &path, json!({})).await;
    watch(&app);
    let rows = app.count("select count(*) as n from changed");
    let mut connection = app.connection();
    while empty_wordings(&mut connection, 0, 100).unwrap() > 0 {}
    while empty_conversation(&mut connection, 0, 100).unwrap() {}
    let emptied = "select count(*) as n from watched where name = 'messages' and rows = 0";
    assert_eq!(app.count(emptied), 1);
    assert_eq!(app.count("select count(*) as n from changed"), rows);
}
