//! How much people may store: files, bytes a day, bytes in all, uploads at a time.

use std::time::Duration;
use tokio::io::AsyncWriteExt;

use super::{app, id, request, upload};
use crate::client::Person;
use crate::raw_http::begun;
use crate::test_app::TestApp;

async fn code_of_upload(person: &Person, bytes: usize) -> Option<String> {
    let answer = upload(person, "", "x/y", &vec![7; bytes]).await;
    let code = answer.json()["error_code"].as_str().map(str::to_owned);
    assert_eq!(answer.status, if code.is_some() { 429 } else { 201 });
    code
}

fn exceeded() -> Option<String> {
    Some("QUOTA_EXCEEDED".to_owned())
}

fn set(app: &TestApp, statement: &str) {
    app.count(&format!(
        "with set as ({statement} returning 1) select count(*) as n from set"
    ));
}

#[tokio::test]
async fn a_day_has_its_bytes_and_what_is_deleted_counts() {
    let (app, _folder) = app(&["--files-per-day", "300000"]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let file = upload(&ann, "", "x/y", &[7; 100_000])
        .await
        .expect_status(201)
        .json();
    assert_eq!(code_of_upload(&ann, 200_001).await, exceeded());
    ann.delete(&format!("/api/v1/files/{}", id(&file)))
        .await
        .expect_status(204);
    assert_eq!(code_of_upload(&ann, 200_001).await, exceeded());
    assert_eq!(code_of_upload(&ann, 200_000).await, None);
    assert_eq!(code_of_upload(&bob, 300_000).await, None);
    set(
        &app,
        "update files set created_at = now() - interval '25 hours'",
    );
    assert_eq!(code_of_upload(&ann, 200_001).await, None);
}

#[tokio::test]
async fn a_user_has_some_room_and_small_files_count_as_64_kib() {
    let (app, _folder) = app(&["--files-per-user", "200000"]).await;
    let ann = app.person("ann").await;
    let first = upload(&ann, "", "x/y", b"1")
        .await
        .expect_status(201)
        .json();
    assert_eq!(code_of_upload(&ann, 1).await, None);
    assert_eq!(code_of_upload(&ann, 1).await, None);
    assert_eq!(code_of_upload(&ann, 1).await, exceeded());
    ann.delete(&format!("/api/v1/files/{}", id(&first)))
        .await
        .expect_status(204);
    app.until_count("select count(*) as n from files where state = 'gone'", 1)
        .await;
    assert_eq!(code_of_upload(&ann, 1).await, None);
}

#[tokio::test]
async fn all_users_together_have_some_room() {
    let (app, _folder) = app(&["--files-total", "200000"]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    assert_eq!(code_of_upload(&ann, 150_000).await, None);
    assert_eq!(code_of_upload(&bob, 50_001).await, exceeded());
    assert_eq!(code_of_upload(&bob, 50_000).await, exceeded());
}

#[tokio::test]
async fn uploads_that_begin_together_do_not_exceed_it_together() {
    let (app, _folder) = app(&["--files-per-user", "200000"]).await;
    let ann = app.person("ann").await;
    let uploads = (0..8).map(|_| code_of_upload(&ann, 65_536));
    let codes = futures_util::future::join_all(uploads).await;
    assert_eq!(codes.iter().filter(|code| code.is_none()).count(), 3);
}

#[tokio::test]
async fn a_user_has_few_unfinished_uploads() {
    let (app, _folder) = app(&["--uploads-per-user", "2"]).await;
    let ann = app.person("ann").await;
    let head = format!(
        "POST /api/v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: 1000\r\n\r\na",
        ann.token
    );
    let mut open = vec![
        begun(app.address, &head).await,
        begun(app.address, &head).await,
    ];
    app.until_count(
        "select count(*) as n from files where state = 'uploading'",
        2,
    )
    .await;
    let url = format!("http://{}/api/v1/files", ann.address());
    let bearer = format!("Bearer {}", ann.token);
    let refused = request("POST", &url, &[("authorization", &bearer)], "x").await;
    assert_eq!(
        refused.expect_status(429).json()["error_code"],
        "QUOTA_EXCEEDED"
    );
    open[0].write_all(&[7; 999]).await.expect("sent");
    app.until_count("select count(*) as n from files where state = 'ready'", 1)
        .await;
    assert_eq!(code_of_upload(&ann, 1).await, None);
    drop(open);
    tokio::time::timeout(
        Duration::from_secs(30),
        app.until_count("select count(*) as n from files where state = 'gone'", 1),
    )
    .await
    .expect("in time");
}
