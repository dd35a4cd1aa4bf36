//! The end of files: their owners delete them, nobody sends them, or their last message is deleted. No object stays.

use serde_json::{Value, json};

use super::{Folder, app, id, link, open, picture, send};
use crate::client::Person;
use crate::test_app::TestApp;

async fn delete_message(person: &Person, message: &Value) {
    let path = format!(
        "/api/v1/messages/{}",
        message["id"].as_str().expect("an id")
    );
    person.delete(&path).await.expect_status(200);
}

/// Waits until so many files have this state.
async fn until_files(app: &TestApp, state: &str, wanted: i64) {
    let query = format!("select count(*) as n from files where state = '{state}'");
    app.until_count(&query, wanted).await;
}

/// Makes due what is planned for files.
fn hurry(app: &TestApp, set: &str) {
    for statement in [
        set,
        "update jobs set due_at = now() where kind = 'drop_file'",
    ] {
        app.count(&format!(
            "with set as ({statement} returning 1) select count(*) as n from set"
        ));
    }
}

#[tokio::test]
async fn an_owner_deletes_a_file_that_no_message_shows() {
    let (app, folder) = app(&[]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let file = picture(&ann).await;
    let path = format!("/api/v1/files/{}", id(&file));
    bob.delete(&path)
        .await
        .expect_status(404)
        .expect_code("FILE_NOT_FOUND");
    ann.delete(&path).await.expect_status(204);
    until_files(&app, "gone", 1).await;
    assert_eq!(folder.objects(), [""; 0]);
    ann.get(&path).await.expect_status(410).expect_code("GONE");
    ann.delete(&path)
        .await
        .expect_status(410)
        .expect_code("GONE");
    open(&app, &link(&file), &[]).await.expect_status(410);
    let group = app.group(&ann, &[&bob]).await;
    send(&ann, &group, &[&id(&file)]).await.expect_status(410);
    hurry(&app, "update files set expires_at = now()");
    app.until_count("select count(*) as n from files", 0).await;
    app.until_count("select count(*) as n from jobs", 0).await;
    ann.get(&path).await.expect_status(404);
}

#[tokio::test]
async fn a_file_that_is_shown_stays_until_its_last_message_is_deleted() {
    let (app, folder) = app(&["--deleted-file-hours", "0"]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let group = app.group(&ann, &[&bob]).await;
    let file = picture(&ann).await;
    let first = send(&ann, &group, &[&id(&file)])
        .await
        .expect_status(201)
        .body;
    let second = send(&ann, &group, &[&id(&file)])
        .await
        .expect_status(201)
        .body;
    let path = format!("/api/v1/files/{}", id(&file));
    ann.delete(&path)
        .await
        .expect_status(409)
        .expect_code("CONFLICT");
    hurry(&app, "update files set expires_at = now()");
    app.until_count("select count(*) as n from jobs where kind = 'drop_file'", 0)
        .await;
    delete_message(&ann, &first).await;
    app.until_count("select count(*) as n from jobs where kind = 'drop_file'", 0)
        .await;
    assert_eq!(folder.objects().len(), 1);
    open(&app, &link(&file), &[]).await.expect_status(200);
    delete_message(&ann, &second).await;
    until_files(&app, "gone", 1).await;
    assert_eq!(folder.objects(), [""; 0]);
    let kept = ann
        .get(&format!("/api/v1/conversations/{group}/messages"))
        .await
        .body;
    assert_eq!(kept["items"][1]["attachments"], json!([]));
}

#[tokio::test]
async fn a_file_whose_message_is_deleted_is_kept_for_a_while_and_can_be_sent_again() {
    let (app, folder) = app(&[]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let group = app.group(&ann, &[&bob]).await;
    let file = picture(&ann).await;
    let sent = send(&ann, &group, &[&id(&file)])
        .await
        .expect_status(201)
        .body;
    delete_message(&ann, &sent).await;
    let planned = "select count(*) as n from jobs where kind = 'drop_file' and due_at > now() + interval '23 hours'";
    app.until_count(planned, 2).await;
    let again = send(&ann, &group, &[&id(&file)])
        .await
        .expect_status(201)
        .body;
    hurry(
        &app,
        "update files set expires_at = now(), released_at = now() - interval '25 hours'",
    );
    app.until_count("select count(*) as n from jobs where kind = 'drop_file'", 0)
        .await;
    assert_eq!(folder.objects().len(), 1);
    delete_message(&ann, &again).await;
    hurry(
        &app,
        "update files set released_at = now() - interval '25 hours'",
    );
    until_files(&app, "gone", 1).await;
    assert_eq!(folder.objects(), [""; 0]);
}

#[tokio::test]
async fn a_file_that_nobody_sends_is_dropped_when_it_expires() {
    let (app, folder) = app(&[]).await;
    let ann = app.person("ann").await;
    picture(&ann).await;
    assert_eq!(app.count("select count(*) as n from jobs where due_at between now() + interval '23 hours' and now() + interval '25 hours'"), 1);
    hurry(&app, "update files set expires_at = now()");
    until_files(&app, "gone", 1).await;
    assert_eq!(folder.objects(), [""; 0]);
}

/// Many people send and delete, while files expire: a file that a message shows is there, and no other is left.
#[tokio::test]
async fn no_message_loses_its_file_to_a_deletion_that_runs_beside_it() {
    let folder = Folder::new();
    let store = folder.option();
    let options = [
        "--rate-limits",
        "off",
        "--files",
        &store,
        "--deleted-file-hours",
        "0",
        "--file-checks",
        "4",
    ];
    let app = TestApp::with(&options).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let group = app.group(&ann, &[&bob]).await;
    for _ in 0..12 {
        let file = id(&picture(&ann).await);
        let first = send(&ann, &group, &[&file]).await.expect_status(201).body;
        let sending = async {
            for _ in 0..3 {
                let sent = send(&ann, &group, &[&file]).await;
                assert!(matches!(sent.status, 201 | 410), "{sent:?}");
            }
        };
        tokio::join!(delete_message(&ann, &first), sending);
    }
    app.until_count(
        "select count(*) as n from jobs where lane = 'files' and due_at <= now()",
        0,
    )
    .await;
    app.until_count(
        "select count(*) as n from files where state = 'dropping'",
        0,
    )
    .await;
    let lost = "select count(*) as n from file_uses u join files f on f.no = u.file_no where f.state <> 'ready'";
    assert_eq!(app.count(lost), 0);
    let stray =
        "select count(*) as n from messages m where m.attachments is not null and not exists
        (select from file_uses u where u.conversation_no = m.conversation_no and u.seq = m.seq)";
    assert_eq!(app.count(stray), 0);
    let ready = app.count("select count(*) as n from files where state = 'ready'");
    assert_eq!(folder.objects().len() as i64, ready);
}
