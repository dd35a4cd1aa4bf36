//! Waiting for the check of a file that was uploaded in parts.

use serde_json::json;
use std::time::Duration;

use super::{PNG, app, id, picture, request};
use crate::client::Person;
use crate::test_app::TestApp;

fn set_state(app: &TestApp, state: &str) {
    let set = format!("update files set state = '{state}'");
    let all = format!("with set as ({set} returning 1) select count(*) as n from set");
    assert_eq!(app.count(&all), 1);
}

/// Uploads the first bytes of a picture, in one part; answers where it is.
async fn begun(person: &Person, bytes: &[u8]) -> String {
    let url = format!("http://{}/api/v1/files", person.address());
    let (bearer, length) = (format!("Bearer {}", person.token), PNG.len().to_string());
    let headers = [
        ("authorization", bearer.as_str()),
        ("tus-resumable", "1.0.0"),
        ("upload-length", length.as_str()),
        ("content-type", "application/offset+octet-stream"),
    ];
    let begun = request("POST", &url, &headers, bytes.to_vec()).await;
    begun.expect_status(201).header("location").to_owned()
}

#[tokio::test]
async fn the_answer_comes_when_the_file_was_checked() {
    let (app, _folder) = app(&[]).await;
    let ann = app.person("ann").await;
    let path = begun(&ann, PNG).await;
    let complete = format!("{path}/complete");
    let file = ann.post(&complete, json!({})).await.expect_status(200).body;
    assert_eq!(
        (&file["state"], &file["width"]),
        (&json!("ready"), &json!(1))
    );
    let again = ann.post(&complete, json!({})).await.expect_status(200);
    assert_eq!(again.body, file);
}

#[tokio::test]
async fn a_file_that_is_not_whole_says_where_it_goes_on() {
    let (app, _folder) = app(&[]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let path = begun(&ann, &PNG[..20]).await;
    let complete = format!("{path}/complete");
    let refused = ann.post(&complete, json!({})).await.expect_status(409);
    let refused = refused.expect_code("UPLOAD_OFFSET");
    assert_eq!(refused.body["details"]["offset"], 20, "{refused:?}");
    let strange = bob.post(&complete, json!({})).await.expect_status(404);
    strange.expect_code("FILE_NOT_FOUND");
    ann.delete(&path).await.expect_status(204);
    let gone = ann.post(&complete, json!({})).await.expect_status(410);
    gone.expect_code("GONE");
}

#[tokio::test]
async fn a_check_that_takes_long_goes_on_after_the_answer() {
    let time = clock::ManualClock::running();
    let app = TestApp::by_with(time.clock(), &[]).await;
    let ann = app.person("ann").await;
    let complete = format!("/api/v1/files/{}/complete", id(&picture(&ann).await));
    set_state(&app, "checking");
    let asked = ann.post(&complete, json!({}));
    let passing = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        time.advance(Duration::from_secs(20));
    };
    let (late, ()) = tokio::join!(asked, passing);
    assert_eq!(late.expect_status(202).body["state"], "checking");
    set_state(&app, "refused");
    let refused = ann.post(&complete, json!({})).await.expect_status(422);
    refused.expect_code("FILE_REFUSED");
}
