//! Uploads in one request: raw and as a form, of every size, and those that do not come to their end.

use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::{PNG, app, id, link, open, picture, request, upload};
use crate::client::Person;
use crate::raw_http::{begun, end_of};

#[tokio::test]
async fn a_file_is_what_its_bytes_are_and_comes_back_as_it_was() {
    let (app, folder) = app(&[]).await;
    let ann = app.person("ann").await;
    let uploaded = upload(&ann, "?name=../My%20photo.png", "text/html", PNG).await;
    let file = uploaded.expect_status(201).json();
    assert_eq!(
        (&file["state"], &file["name"], &file["type"], &file["size"]),
        (
            &json!("ready"),
            &json!("My photo.png"),
            &json!("image/png"),
            &json!(PNG.len())
        )
    );
    let digest: String = Sha256::digest(PNG)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(file["sha256"], digest);
    let opened = open(&app, &link(&file), &[]).await.expect_status(200);
    assert_eq!(opened.bytes, PNG);
    app.until_count("select count(*) as n from file_pieces", 0)
        .await;
    app.until_count(
        "select count(*) as n from jobs where kind = 'check_file'",
        0,
    )
    .await;
    assert_eq!(folder.objects(), [format!("files/{}/original", id(&file))]);
}

#[tokio::test]
async fn a_file_of_many_pieces_is_put_together() {
    let (app, _folder) = app(&[]).await;
    let ann = app.person("ann").await;
    let bytes: Vec<u8> = (0..9_500_000_u32).map(|at| (at % 251) as u8).collect();
    let file = upload(&ann, "", "image/png", &bytes)
        .await
        .expect_status(201)
        .json();
    assert_eq!(
        (&file["name"], &file["type"]),
        (&json!("file"), &json!("application/octet-stream"))
    );
    assert_eq!(open(&app, &link(&file), &[]).await.bytes, bytes);
}

#[tokio::test]
async fn a_form_has_the_file_in_a_field() {
    let (app, _folder) = app(&[]).await;
    let ann = app.person("ann").await;
    let kind = "multipart/form-data; boundary=xYz";
    let form = |fields: &str| {
        let head = format!(
            "{fields}--xYz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n"
        );
        [head.as_bytes(), PNG, b"\r\n--xYz--\r\n"].concat()
    };
    let file = upload(&ann, "", kind, &form(""))
        .await
        .expect_status(201)
        .json();
    assert_eq!(
        (&file["name"], &file["size"]),
        (&json!("a.png"), &json!(PNG.len()))
    );
    assert_eq!(open(&app, &link(&file), &[]).await.bytes, PNG);
    let named = "--xYz\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nmine.png\r\n";
    let avatar = "--xYz\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\navatar\r\n";
    let file = upload(&ann, "", kind, &form(&format!("{named}{avatar}"))).await;
    let file = file.expect_status(201).json();
    assert_eq!(
        (&file["name"], &file["purpose"]),
        (&json!("mine.png"), &json!("avatar"))
    );
    for wrong in [
        "--xYz--\r\n",
        "no form",
        "--xYz\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--xYz--\r\n",
    ] {
        let refused = upload(&ann, "", kind, wrong.as_bytes())
            .await
            .expect_status(400)
            .json();
        assert_eq!(refused["error_code"], "INVALID_REQUEST", "{wrong}");
    }
}

/// What an upload of unknown length is answered, of so many chunks of 40,000 bytes.
async fn chunked(person: &Person, chunks: usize) -> String {
    let head = format!(
        "POST /api/v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        person.token
    );
    let mut stream = begun(person.address(), &head).await;
    for _ in 0..chunks {
        let chunk = [b"9c40\r\n", &[b'7'; 40_000][..], b"\r\n"].concat();
        stream.write_all(&chunk).await.expect("sent");
    }
    stream.write_all(b"0\r\n\r\n").await.expect("sent");
    end_of(&mut stream).await
}

#[tokio::test]
async fn what_is_too_large_or_empty_or_unfit_is_refused_and_leaves_nothing() {
    let (app, folder) = app(&["--file-limit", "100000"]).await;
    let ann = app.person("ann").await;
    let fits = upload(&ann, "", "x/y", &[7; 100_000])
        .await
        .expect_status(201)
        .json();
    let refused = upload(&ann, "", "x/y", &[7; 100_001])
        .await
        .expect_status(413)
        .json();
    assert_eq!(refused["details"]["limit_bytes"], 100_000);
    let refused = chunked(&ann, 3).await;
    assert!(
        refused.starts_with("http/1.1 413") && refused.contains("TOO_LARGE"),
        "{refused}"
    );
    let uploaded = chunked(&ann, 2).await;
    assert!(
        uploaded.starts_with("http/1.1 201") && uploaded.contains("\"size\":80000"),
        "{uploaded}"
    );
    assert_eq!(
        upload(&ann, "", "x/y", b"").await.expect_status(400).json()["details"]["field"],
        "body"
    );
    let refused = upload(&ann, "?purpose=avatar", "image/png", b"no picture").await;
    let refused = refused.expect_status(422).json();
    assert_eq!(
        (&refused["error_code"], &refused["details"]["reason"]),
        (&json!("FILE_REFUSED"), &json!("not_an_image"))
    );
    upload(&ann, "?purpose=other", "image/png", PNG)
        .await
        .expect_status(400);
    app.until_count("select count(*) as n from file_pieces", 0)
        .await;
    app.until_count(
        "select count(*) as n from files where state in ('uploading', 'checking', 'dropping')",
        0,
    )
    .await;
    let objects = folder.objects();
    assert_eq!(objects.len(), 2, "{objects:?}");
    assert!(objects.contains(&format!("files/{}/original", id(&fits))));
}

#[tokio::test]
async fn an_upload_whose_connection_is_lost_leaves_nothing() {
    let (app, folder) = app(&[]).await;
    let ann = app.person("ann").await;
    let head = format!(
        "POST /api/v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: 9000000\r\n\r\n",
        ann.token
    );
    let mut stream = begun(app.address, &head).await;
    stream.write_all(&vec![7; 5_000_000]).await.expect("sent");
    app.until_count("select count(*) as n from file_pieces where stored", 1)
        .await;
    drop(stream);
    app.until_count("select count(*) as n from files where state = 'gone'", 1)
        .await;
    app.until_count("select count(*) as n from file_pieces", 0)
        .await;
    assert_eq!(folder.objects(), [""; 0]);
}

#[tokio::test]
async fn an_upload_that_is_repeated_with_its_key_is_one_file() {
    let (app, _folder) = app(&[]).await;
    let ann = app.person("ann").await;
    let url = format!("http://{}/api/v1/files?name=a.png", ann.address());
    let bearer = format!("Bearer {}", ann.token);
    let headers = [("authorization", bearer.as_str()), ("idempotency-key", "k")];
    let first = request("POST", &url, &headers, PNG.to_vec())
        .await
        .expect_status(201)
        .json();
    let again = request("POST", &url, &headers, PNG.to_vec())
        .await
        .expect_status(201)
        .json();
    assert_eq!(first, again);
    assert_eq!(app.count("select count(*) as n from files"), 1);
    request("POST", &url, &headers, b"another".to_vec())
        .await
        .expect_status(409);
}

#[tokio::test]
async fn a_server_without_files_says_so() {
    let app = crate::test_app::TestApp::with(&["--rate-limits", "off", "--files", "off"]).await;
    let ann = app.person("ann").await;
    let refused = upload(&ann, "", "image/png", PNG)
        .await
        .expect_status(409)
        .json();
    assert_eq!(refused["error_code"], "FILES_UNAVAILABLE");
    let path = "/files/0192f0c0-0000-7000-8000-000000000001/original/x?e=1&s=1";
    open(&app, path, &[]).await.expect_status(409);
}

#[tokio::test]
async fn without_a_token_nothing_is_read() {
    let (app, folder) = app(&[]).await;
    picture(&app.person("ann").await).await;
    let head = "POST /api/v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n";
    let mut stream = begun(app.address, head).await;
    let said = end_of(&mut stream).await;
    assert!(said.starts_with("http/1.1 401"), "{said}");
    assert_eq!(folder.objects().len(), 1);
}
