//! Resumable uploads by hand: what the protocol tus asks of a server, and hostile clients.

use serde_json::json;
use sha2::{Digest, Sha256};

use super::{PNG, Raw, app, link, open, request};
use crate::client::Person;

const PART: (&str, &str) = ("content-type", "application/offset+octet-stream");
const VERSION: (&str, &str) = ("tus-resumable", "1.0.0");

/// A request of the protocol.
async fn tus(
    person: &Person,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Raw {
    let url = format!("http://{}{path}", person.address());
    let bearer = format!("Bearer {}", person.token);
    let always = [VERSION, ("authorization", bearer.as_str())];
    let raw = request(method, &url, &[&always, headers].concat(), body.to_vec()).await;
    assert_eq!(raw.header("tus-resumable"), "1.0.0", "{method} {path}");
    raw
}

/// Begins an upload of so many bytes; answers its path.
async fn begin(person: &Person, length: usize) -> String {
    let length = length.to_string();
    // photo.png, image/png
    let metadata = "filename cGhvdG8ucG5n,filetype aW1hZ2UvcG5n";
    let headers = [
        ("upload-length", length.as_str()),
        ("upload-metadata", metadata),
    ];
    let begun = tus(person, "POST", "/api/v1/files", &headers, b"").await;
    let begun = begun.expect_status(201);
    assert_eq!(begun.header("upload-offset"), "0");
    assert!(begun.header("upload-expires").ends_with(" GMT"));
    begun.header("location").to_owned()
}

async fn append(person: &Person, path: &str, offset: usize, bytes: &[u8]) -> Raw {
    let offset = offset.to_string();
    tus(
        person,
        "PATCH",
        path,
        &[PART, ("upload-offset", &offset)],
        bytes,
    )
    .await
}

/// The offset and the length of an upload.
async fn progress(person: &Person, path: &str) -> (usize, usize) {
    let head = tus(person, "HEAD", path, &[], b"").await.expect_status(200);
    assert_eq!(head.header("cache-control"), "no-store");
    let number = |name| head.header(name).parse().expect("a number");
    (number("upload-offset"), number("upload-length"))
}

#[tokio::test]
async fn a_server_says_what_it_can() {
    let (app, _folder) = app(&["--file-limit", "1000"]).await;
    let url = format!("http://{}/api/v1/files", app.address);
    let told = request("OPTIONS", &url, &[], "").await.expect_status(204);
    for (name, value) in [
        ("tus-version", "1.0.0"),
        ("tus-resumable", "1.0.0"),
        (
            "tus-extension",
            "creation,creation-with-upload,expiration,checksum,termination",
        ),
        ("tus-max-size", "1000"),
        ("tus-checksum-algorithm", "sha1,sha256"),
    ] {
        assert_eq!(told.header(name), value);
    }
}

#[tokio::test]
async fn a_file_comes_in_parts() {
    let (app, folder) = app(&[]).await;
    let ann = app.person("ann").await;
    let path = begin(&ann, PNG.len()).await;
    assert_eq!(progress(&ann, &path).await, (0, PNG.len()));
    let first = append(&ann, &path, 0, &PNG[..20]).await.expect_status(204);
    assert_eq!(first.header("upload-offset"), "20");
    assert_eq!(progress(&ann, &path).await, (20, PNG.len()));
    append(&ann, &path, 20, b"").await.expect_status(204);
    append(&ann, &path, 20, &PNG[20..]).await.expect_status(204);
    app.until_count("select count(*) as n from files where state = 'ready'", 1)
        .await;
    assert_eq!(progress(&ann, &path).await, (PNG.len(), PNG.len()));
    let file = ann.get(&path).await.expect_status(200).body;
    assert_eq!(
        (&file["name"], &file["type"]),
        (&json!("photo.png"), &json!("image/png"))
    );
    assert_eq!(open(&app, &link(&file), &[]).await.bytes, PNG);
    app.until_count("select count(*) as n from file_pieces", 0)
        .await;
    assert_eq!(folder.objects().len(), 1);
}

#[tokio::test]
async fn a_creation_may_bring_the_first_part() {
    let (app, _folder) = app(&[]).await;
    let ann = app.person("ann").await;
    let length = PNG.len().to_string();
    let headers = [PART, ("upload-length", length.as_str())];
    let begun = tus(&ann, "POST", "/api/v1/files", &headers, &PNG[..30]).await;
    let begun = begun.expect_status(201);
    assert_eq!(begun.header("upload-offset"), "30");
    let path = begun.header("location");
    append(&ann, path, 30, &PNG[30..]).await.expect_status(204);
    app.until_count("select count(*) as n from files where state = 'ready'", 1)
        .await;
}

#[tokio::test]
async fn a_part_that_does_not_begin_at_the_end_or_is_too_long_is_refused() {
    let (app, _folder) = app(&["--file-limit", "1000"]).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let path = begin(&ann, 100).await;
    append(&ann, &path, 0, &[7; 10]).await.expect_status(204);
    for offset in [0, 9, 11, 100, usize::MAX] {
        let refused = append(&ann, &path, offset, &[7; 5])
            .await
            .expect_status(409)
            .json();
        assert_eq!(
            (&refused["error_code"], &refused["details"]["offset"]),
            (&json!("UPLOAD_OFFSET"), &json!(10))
        );
    }
    append(&ann, &path, 10, &[7; 91]).await.expect_status(413);
    append(&bob, &path, 10, &[7; 5]).await.expect_status(404);
    tus(&bob, "HEAD", &path, &[], b"").await.expect_status(404);
    tus(&bob, "DELETE", &path, &[], b"")
        .await
        .expect_status(404);
    append(&ann, &path, 10, &[7; 90]).await.expect_status(204);
    append(&ann, &path, 100, &[7; 1]).await.expect_status(409);
}

#[tokio::test]
async fn a_request_that_is_not_of_the_protocol_is_refused() {
    let (app, _folder) = app(&["--file-limit", "1000"]).await;
    let ann = app.person("ann").await;
    let path = begin(&ann, 100).await;
    for offset in ["-1", "1e1", "", "99999999999999999999999"] {
        let headers = [PART, ("upload-offset", offset)];
        tus(&ann, "PATCH", &path, &headers, b"x")
            .await
            .expect_status(400);
    }
    tus(&ann, "PATCH", &path, &[PART], b"x")
        .await
        .expect_status(400);
    let offset = ("upload-offset", "0");
    let form = ("content-type", "multipart/form-data; boundary=x");
    let refused = tus(&ann, "PATCH", &path, &[form, offset], b"x")
        .await
        .expect_status(415);
    assert_eq!(refused.json()["error_code"], "MEDIA_TYPE");
    let long = [("upload-length", "1001")];
    tus(&ann, "POST", "/api/v1/files", &long, b"")
        .await
        .expect_status(413);
    for length in ["0", "-1", "x", ""] {
        let headers = [("upload-length", length)];
        tus(&ann, "POST", "/api/v1/files", &headers, b"")
            .await
            .expect_status(400);
    }
    tus(
        &ann,
        "POST",
        "/api/v1/files",
        &[("upload-defer-length", "1")],
        b"",
    )
    .await
    .expect_status(400);
    let url = format!("http://{}{path}", ann.address());
    let bearer = format!("Bearer {}", ann.token);
    let old = [
        ("authorization", bearer.as_str()),
        ("tus-resumable", "0.2.2"),
        PART,
        offset,
    ];
    let refused = request("PATCH", &url, &old, "x").await.expect_status(412);
    assert_eq!(refused.header("tus-version"), "1.0.0");
    append(&ann, &path, 0, &[7; 100]).await.expect_status(204);
}

#[tokio::test]
async fn a_part_with_another_checksum_does_not_count() {
    let (app, folder) = app(&[]).await;
    let ann = app.person("ann").await;
    // Several pieces, so that none of them counts before the end.
    let bytes: Vec<u8> = (0..6_000_000_u32).map(|at| (at % 251) as u8).collect();
    let path = begin(&ann, bytes.len()).await;
    let sha256 = |bytes: &[u8]| {
        use base64::Engine;
        let digest = Sha256::digest(bytes);
        format!(
            "sha256 {}",
            base64::engine::general_purpose::STANDARD.encode(digest)
        )
    };
    let offset = ("upload-offset", "0");
    let wrong = sha256(b"other");
    let headers = [PART, offset, ("upload-checksum", wrong.as_str())];
    let refused = tus(&ann, "PATCH", &path, &headers, &bytes)
        .await
        .expect_status(460);
    assert_eq!(refused.json()["error_code"], "CHECKSUM_MISMATCH");
    assert_eq!(progress(&ann, &path).await, (0, bytes.len()));
    assert_eq!(folder.objects(), [""; 0]);
    let headers = [PART, offset, ("upload-checksum", "md5 x")];
    tus(&ann, "PATCH", &path, &headers, &bytes)
        .await
        .expect_status(400);
    let right = sha256(&bytes);
    let headers = [PART, offset, ("upload-checksum", right.as_str())];
    tus(&ann, "PATCH", &path, &headers, &bytes)
        .await
        .expect_status(204);
    app.until_count("select count(*) as n from files where state = 'ready'", 1)
        .await;
}

#[tokio::test]
async fn requests_that_append_at_the_same_place_do_not_mix() {
    let (app, folder) = app(&[]).await;
    let ann = app.person("ann").await;
    let path = begin(&ann, 200_000).await;
    let parts = (0..8_u8).map(|part| {
        let (ann, path) = (ann.clone(), path.clone());
        async move { append(&ann, &path, 0, &[part; 100_000]).await.status }
    });
    let mut statuses = futures_util::future::join_all(parts).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409, 409, 409, 409, 409, 409, 409]);
    append(&ann, &path, 100_000, &[9; 100_000])
        .await
        .expect_status(204);
    app.until_count("select count(*) as n from files where state = 'ready'", 1)
        .await;
    let file = ann.get(&path).await.body;
    let bytes = open(&app, &link(&file), &[]).await.bytes;
    assert!(bytes[..100_000].iter().all(|byte| *byte == bytes[0]));
    assert!(bytes[100_000..].iter().all(|byte| *byte == 9));
    app.count("with set as (update file_pieces set created_at = created_at - interval '1 hour' returning 1) select count(*) as n from set");
    app.count("with set as (update jobs set due_at = now() where kind = 'check_file' returning 1) select count(*) as n from set");
    app.until_count("select count(*) as n from file_pieces", 0)
        .await;
    assert_eq!(folder.objects().len(), 1);
}

#[tokio::test]
async fn an_upload_is_ended_by_its_owner_or_by_time() {
    let (app, folder) = app(&[]).await;
    let ann = app.person("ann").await;
    let [ended, expired] = [begin(&ann, 100).await, begin(&ann, 100).await];
    for path in [&ended, &expired] {
        append(&ann, path, 0, &[7; 10]).await.expect_status(204);
    }
    tus(&ann, "DELETE", &ended, &[], b"")
        .await
        .expect_status(204);
    tus(&ann, "HEAD", &ended, &[], b"").await.expect_status(410);
    append(&ann, &ended, 10, b"x").await.expect_status(410);
    app.count("with set as (update files set expires_at = now() where state = 'uploading' returning 1) select count(*) as n from set");
    append(&ann, &expired, 10, b"x").await.expect_status(410);
    app.count("with set as (update jobs set due_at = now() where kind = 'drop_file' and due_at < now() + interval '2 days' returning 1) select count(*) as n from set");
    app.until_count("select count(*) as n from files where state = 'gone'", 2)
        .await;
    assert_eq!(folder.objects(), [""; 0]);
    tus(&ann, "HEAD", &expired, &[], b"")
        .await
        .expect_status(410);
}
