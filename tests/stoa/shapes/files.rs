//! Files: what is told of them, messages that show them, and their refusals.

use serde_json::{Value, json};

use super::native::People;
use super::recording_client::{ClientDialect, DIALECTS, RecordingClient};
use super::refusals::refused;
use super::snapshot_file::SnapshotFile;
use crate::client::{Answer, Person};
use crate::files::{PNG, Raw, id, link, open, request, upload};

/// Uploads a file; answers as the client of the tests does.
async fn uploaded(person: &Person, query: &str, bytes: &[u8]) -> Answer {
    answer(upload(person, query, "image/png", bytes).await)
}

fn answer(raw: Raw) -> Answer {
    let text = String::from_utf8(raw.bytes).expect("a text");
    Answer {
        status: raw.status,
        headers: raw.headers,
        body: serde_json::from_str(&text).unwrap_or_default(),
        text,
    }
}

/// Answers the file.
async fn upload_and_keep(snapshots: &mut SnapshotFile, person: &Person) -> Value {
    let answer = uploaded(person, "?name=photo.png", PNG).await;
    snapshots.keep_answer("POST /api/v1/files", &answer);
    answer.body
}

/// A request of the protocol tus, with this body.
async fn tus(person: &Person, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let (method, path) = line.split_once(' ').expect("a method and a path");
    let url = format!("http://{}{path}", person.address());
    let bearer = format!("Bearer {}", person.token);
    let kind = "application/offset+octet-stream";
    let always = [("authorization", bearer.as_str()), ("content-type", kind)];
    let raw = request(method, &url, &[&always, headers].concat(), body.to_vec()).await;
    answer(raw)
}

/// A resumable upload.
async fn resumed(snapshots: &mut SnapshotFile, ann: &Person) {
    let version = ("tus-resumable", "1.0.0");
    let begun = tus(
        ann,
        "POST /api/v1/files",
        &[version, ("upload-length", "2")],
        b"",
    )
    .await;
    snapshots.keep_answer("POST /api/v1/files (resumable)", &begun);
    let path = begun.headers["location"]
        .to_str()
        .expect("a path")
        .to_owned();
    let line = format!("PATCH {path}");
    let appended = tus(ann, &line, &[version, ("upload-offset", "0")], b"a").await;
    snapshots.keep_answer("PATCH /api/v1/files/{id}", &appended);
}

#[actix_rt::test]
async fn rest_and_events() {
    let all = People::with(&[]).await;
    let conversation = all.app.direct(&all.ann, &all.bob).await;
    let mut snapshots = SnapshotFile::new("native_files");
    let mut of_ann = RecordingClient::open(&all.ann, ClientDialect::Native).await;
    let file = id(&upload_and_keep(&mut snapshots, &all.ann).await);
    of_ann.hear(&mut snapshots, "file_ready", "").await;
    let refused = uploaded(&all.ann, "?purpose=voice", PNG).await;
    refused.expect_status(422);
    of_ann.hear(&mut snapshots, "file_refused", "").await;
    let path = "/api/v1/files/{id}";
    let show = format!("GET {path}");
    snapshots.ask(&all.ann, &show, &[&file], None, "").await;
    let ids = Some(json!({ "ids": [file] }));
    let links = "POST /api/v1/files/links";
    snapshots.ask(&all.ann, links, &[], ids, "").await;
    let mut ears = Vec::new();
    for dialect in DIALECTS {
        let mut ear = RecordingClient::open(&all.bob, dialect).await;
        ear.join(&conversation).await;
        ears.push(ear);
    }
    let send = "POST /api/v1/conversations/{id}/messages";
    let said = json!({ "body": "Look", "attachments": [{ "file_id": file }] });
    let sent = snapshots
        .ask(&all.ann, send, &[&conversation], Some(said), "with a file")
        .await;
    for ear in &mut ears {
        let name = match ear.dialect {
            ClientDialect::Lola => "chat:new-message",
            _ => "new_message",
        };
        ear.hear(&mut snapshots, name, &format!("{:?}", ear.dialect))
            .await;
    }
    let remove = "DELETE /api/v1/messages/{id}/attachments/{file_id}";
    let message = sent["id"].as_str().expect("an id");
    snapshots
        .ask(&all.ann, remove, &[message, &file], None, "")
        .await;
    resumed(&mut snapshots, &all.ann).await;
    let complete = format!("POST {path}/complete");
    snapshots.ask(&all.ann, &complete, &[&file], None, "").await;
    let other = uploaded(&all.ann, "", PNG).await;
    let delete = format!("DELETE {path}");
    snapshots
        .ask(&all.ann, &delete, &[&id(&other.body)], None, "")
        .await;
    snapshots.close();
}

/// `$` is a file that was deleted.
const OF_FILES: &str = r#"
ann | FILE_NOT_FOUND | | GET /api/v1/files/0192f0c0-0000-7000-8000-000000000000 |
ann | GONE | | GET /api/v1/files/$ |
ann | CONFLICT | a message shows it | DELETE /api/v1/files/%shown |
ann | FILE_NOT_READY | | POST /api/v1/conversations/%room/messages | {"attachments":[{"file_id":"%late"}]}
"#;

#[tokio::test]
async fn refusals() {
    let all = People::with(&["--files-per-day", "350000"]).await;
    let room = all.app.direct(&all.ann, &all.bob).await;
    let mut snapshots = SnapshotFile::new("refusals_of_files");
    of_parts(&mut snapshots, &all.ann).await;
    let unfit = uploaded(&all.ann, "?purpose=voice", PNG).await;
    snapshots.keep_answer("FILE_REFUSED", &unfit.expect_code("FILE_REFUSED"));
    let mut files = Vec::new();
    for _ in 0..3 {
        files.push(uploaded(&all.ann, "", PNG).await.expect_status(201).body);
    }
    let [gone, shown, late] = [0, 1, 2].map(|at| id(&files[at]));
    let full = uploaded(&all.ann, "", PNG).await;
    snapshots.keep_answer("QUOTA_EXCEEDED", &full.expect_code("QUOTA_EXCEEDED"));
    all.ann
        .delete(&format!("/api/v1/files/{gone}"))
        .await
        .expect_status(204);
    let said = json!({ "attachments": [{ "file_id": shown }] });
    let path = format!("/api/v1/conversations/{room}/messages");
    all.ann.post(&path, said).await.expect_status(201);
    let wait = format!(
        "with set as (update files set state = 'checking' where id = '{late}' returning 1) select count(*) as n from set"
    );
    assert_eq!(all.app.count(&wait), 1);
    let lines = OF_FILES
        .replace("%shown", &shown)
        .replace("%late", &late)
        .replace("%room", &room);
    refused(&mut snapshots, all.by_name(), &gone, &lines).await;
    snapshots.close();
}

/// What is told of the parts of a file.
async fn of_parts(snapshots: &mut SnapshotFile, ann: &Person) {
    let version = ("tus-resumable", "1.0.0");
    let begun = tus(
        ann,
        "POST /api/v1/files",
        &[version, ("upload-length", "2")],
        b"",
    )
    .await;
    let path = begun.headers["location"]
        .to_str()
        .expect("a path")
        .to_owned();
    let line = format!("PATCH {path}");
    let (start, beyond) = (("upload-offset", "0"), ("upload-offset", "1"));
    let checksum = ("upload-checksum", "sha1 qZk+NkcGgWq6PiVxeFDCbJzQ2J0=");
    for (code, headers) in [
        ("TUS_VERSION", vec![start]),
        ("UPLOAD_OFFSET", vec![version, beyond]),
        ("CHECKSUM_MISMATCH", vec![version, start, checksum]),
    ] {
        let refused = tus(ann, &line, &headers, b"a").await;
        snapshots.keep_answer(code, &refused.expect_code(code));
    }
    let url = format!("http://{}{path}", ann.address());
    let bearer = format!("Bearer {}", ann.token);
    let headers = [version, start, ("authorization", bearer.as_str())];
    let refused = answer(request("PATCH", &url, &headers, "a").await);
    snapshots.keep_answer("MEDIA_TYPE", &refused.expect_code("MEDIA_TYPE"));
}

#[tokio::test]
async fn refusals_of_links_and_of_servers_without_files() {
    let time = clock::ManualClock::running();
    let app = crate::test_app::TestApp::by_with(time.clock(), &[]).await;
    let mut snapshots = SnapshotFile::new("refusals_of_links");
    let ann = app.person("ann").await;
    let file = uploaded(&ann, "", PNG).await.body;
    time.advance(std::time::Duration::from_secs(3_600));
    let ended = open(&app, &link(&file), &[]).await;
    let kept = super::json::Json::read(std::str::from_utf8(&ended.bytes).expect("a text"));
    snapshots.keep("LINK_EXPIRED", &kept);
    let app = crate::test_app::TestApp::with(&["--rate-limits", "off", "--files", "off"]).await;
    let without = uploaded(&app.person("ann").await, "", PNG).await;
    let code = "FILES_UNAVAILABLE";
    snapshots.keep_answer(code, &without.expect_code(code));
    snapshots.close();
}
