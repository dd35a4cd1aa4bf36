//! Downloads: ranges, headers, and links that are none.

use serde_json::json;

use super::{PNG, app, link, open, picture, request, upload};

#[tokio::test]
async fn a_part_of_a_file_can_be_asked_for() {
    let (app, _folder) = app(&[]).await;
    let ann = app.person("ann").await;
    let bytes: Vec<u8> = (0..200_000_u32).map(|at| (at % 251) as u8).collect();
    let file = upload(&ann, "?name=a.bin", "x/y", &bytes)
        .await
        .expect_status(201)
        .json();
    let link = link(&file);
    let whole = open(&app, &link, &[]).await.expect_status(200);
    assert_eq!(
        (
            whole.header("accept-ranges"),
            whole.header("content-length")
        ),
        ("bytes", "200000")
    );
    for (range, start, end) in [
        ("bytes=0-9", 0, 10),
        ("bytes=65530-131080", 65_530, 131_081),
        ("bytes=199990-", 199_990, 200_000),
        ("bytes=-10", 199_990, 200_000),
        ("bytes=199999-300000", 199_999, 200_000),
    ] {
        let part = open(&app, &link, &[("range", range)])
            .await
            .expect_status(206);
        assert_eq!(part.bytes, bytes[start..end], "{range}");
        let wanted = format!("bytes {start}-{}/200000", end - 1);
        assert_eq!(part.header("content-range"), wanted);
    }
    let beyond = open(&app, &link, &[("range", "bytes=200000-")])
        .await
        .expect_status(416);
    assert_eq!(beyond.header("content-range"), "bytes */200000");
    let tag = whole.header("etag").to_owned();
    let known = open(&app, &link, &[("if-none-match", &tag)])
        .await
        .expect_status(304);
    assert!(known.bytes.is_empty());
    let same = [("range", "bytes=0-9"), ("if-range", tag.as_str())];
    open(&app, &link, &same).await.expect_status(206);
    let other = [("range", "bytes=0-9"), ("if-range", "\"other\"")];
    assert_eq!(
        open(&app, &link, &other).await.expect_status(200).bytes,
        bytes
    );
    let url = format!("http://{}{link}", app.address);
    let head = request("HEAD", &url, &[], "").await.expect_status(200);
    assert_eq!(
        (head.header("content-length"), head.bytes.len()),
        ("200000", 0)
    );
}

/// Uploads: the query, the type that the uploader gives, the bytes; and how they are served: the type, and the disposition.
const HOSTILE: [(&str, &str, &[u8], &str, &str); 8] = [
    (
        "photo.png",
        "image/png",
        PNG,
        "image/png",
        "inline; filename=\"photo.png\"",
    ),
    (
        "page.html",
        "text/html",
        SCRIPT,
        UNKNOWN,
        "attachment; filename=\"page.html\"",
    ),
    (
        "a.png",
        "image/png",
        SCRIPT,
        UNKNOWN,
        "attachment; filename=\"a.png\"",
    ),
    (
        "a.svg",
        "image/svg+xml",
        SVG,
        UNKNOWN,
        "attachment; filename=\"a.svg\"",
    ),
    (
        "notes.txt",
        "text/plain",
        b"hello",
        "text/plain; charset=utf-8",
        "attachment; filename=\"notes.txt\"",
    ),
    (
        "a%0D%0ASet-Cookie:%20x%3D1%22.pdf",
        "x/y",
        PDF,
        "application/pdf",
        "attachment; filename=\"aSet-Cookie_ x=1_.pdf\"",
    ),
    (
        "%E2%80%AEgpj.exe",
        "x/y",
        b"MZ\x90\0",
        UNKNOWN,
        "attachment; filename=\"gpj.exe\"",
    ),
    (
        "gr%C3%BC%C3%9Fe.pdf",
        "x/y",
        PDF,
        "application/pdf",
        "attachment; filename=\"gr__e.pdf\"; filename*=UTF-8''gr%C3%BC%C3%9Fe.pdf",
    ),
];
const SCRIPT: &[u8] = b"<script>alert(1)</script>";
const SVG: &[u8] = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>";
const PDF: &[u8] = b"%PDF-1.7";
const UNKNOWN: &str = "application/octet-stream";

#[tokio::test]
async fn no_file_can_run_anything_and_its_name_breaks_no_header() {
    let (app, _folder) = app(&[]).await;
    let ann = app.person("ann").await;
    for (name, kind, bytes, shown_as, placed) in HOSTILE {
        let uploaded = upload(&ann, &format!("?name={name}"), kind, bytes).await;
        let file = uploaded.expect_status(201).json();
        let opened = open(&app, &link(&file), &[]).await.expect_status(200);
        assert_eq!(opened.bytes, bytes);
        for (header, value) in [
            ("content-type", shown_as),
            ("content-disposition", placed),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; sandbox"),
            ("cache-control", "private, max-age=1800, immutable"),
            ("set-cookie", ""),
        ] {
            assert_eq!(opened.header(header), value, "{name} {header}");
        }
    }
}

#[tokio::test]
async fn a_link_that_was_not_made_here_opens_nothing() {
    let (app, _folder) = app(&[]).await;
    let ann = app.person("ann").await;
    let file = picture(&ann).await;
    let good = link(&file);
    let (path, query) = good.split_once('?').expect("a query");
    let other = link(&picture(&ann).await);
    let id = file["file_id"].as_str().expect("an id");
    let of_other = format!("{path}?{}", other.split_once('?').expect("a query").1);
    let later = good.replace("?e=1", "?e=2");
    assert_ne!(later, good);
    for wrong in [
        path.to_owned(),
        format!("{path}?e=9999999999&s=AAAAAAAAAAAAAAAAAAAAAA"),
        format!("{path}?{query}x"),
        later,
        of_other,
        good.replace("original", "secret"),
        good.replace("original", "..%2Foriginal"),
        good.replace(id, "0192f0c0-0000-7000-8000-000000000001"),
        good.replace(id, "nonsense"),
    ] {
        let refused = open(&app, &wrong, &[]).await;
        let body = refused.json();
        assert_eq!(
            (refused.status, &body["error_code"]),
            (404, &json!("FILE_NOT_FOUND")),
            "{wrong}"
        );
    }
    let renamed = good.replace("photo.png", "other.png");
    open(&app, &renamed, &[]).await.expect_status(200);
    let url = format!("http://{}{good}", app.address);
    let posted = request("POST", &url, &[], "").await.expect_status(405);
    assert_eq!(posted.header("allow"), "GET, HEAD, OPTIONS");
}

#[tokio::test]
async fn a_link_ends_and_can_be_had_anew() {
    let time = clock::ManualClock::running();
    let folder = super::Folder::new();
    let app = crate::test_app::TestApp::by_with(time.clock(), &["--files", &folder.option()]).await;
    let ann = app.person("ann").await;
    let file = picture(&ann).await;
    let old = link(&file);
    open(&app, &old, &[]).await.expect_status(200);
    time.advance(std::time::Duration::from_secs(3_600));
    let ended = open(&app, &old, &[]).await.expect_status(403).json();
    assert_eq!(ended["error_code"], "LINK_EXPIRED");
    let bob = app.person("bob").await;
    let ids = json!({ "ids": [file["file_id"], "0192f0c0-0000-7000-8000-000000000001"] });
    let renewed = ann
        .post("/api/v1/files/links", ids.clone())
        .await
        .expect_status(200)
        .body;
    let items = renewed["items"].as_array().expect("items");
    assert_eq!(items.len(), 1);
    open(&app, &link(&items[0]), &[]).await.expect_status(200);
    let none = bob
        .post("/api/v1/files/links", ids)
        .await
        .expect_status(200)
        .body;
    assert_eq!(none["items"], json!([]));
    let many: Vec<_> = (0..101).map(|_| file["file_id"].clone()).collect();
    ann.post("/api/v1/files/links", json!({ "ids": many }))
        .await
        .expect_status(400);
    ann.post("/api/v1/files/links", json!({ "ids": ["x"] }))
        .await
        .expect_status(400);
}

#[tokio::test]
async fn links_begin_with_the_origin_that_is_named() {
    let (app, _folder) = app(&["--files-origin", "https://files.example.com"]).await;
    let file = picture(&app.person("ann").await).await;
    let link = link(&file);
    let path = link
        .strip_prefix("https://files.example.com")
        .expect("the origin");
    open(&app, path, &[]).await.expect_status(404);
    open(&app, path, &[("host", "files.example.com")])
        .await
        .expect_status(200);
}
