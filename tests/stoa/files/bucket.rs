//! Files in a bucket: a server of S3's protocol that verifies each signature keeps them.

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use sha2::{Digest, Sha256};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;

use super::interrupted::kill_while_uploading;
use super::previews::picture_of;
use super::{Folder, PNG, id, link, open, request, send, upload};
use crate::test_app::TestApp;

const KEY: &str = "a-key-of-the-tests";
const SECRET: &str = "its-secret";

/// A store with one bucket.
struct Bucket {
    address: SocketAddr,
    folder: Folder,
    is_away: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<()>,
}

impl Bucket {
    async fn start() -> Self {
        let folder = Folder::new();
        std::fs::create_dir_all(folder.0.join("bucket")).expect("a bucket");
        let mut service = S3ServiceBuilder::new(FileSystem::new(&folder.0).expect("a folder"));
        service.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let is_away = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(serve(listener, service.build(), Arc::clone(&is_away)));
        Self {
            address,
            folder,
            is_away,
            task,
        }
    }

    /// The keys of all objects.
    fn keys(&self) -> Vec<String> {
        let all = self.folder.objects().into_iter();
        let keys = all.filter_map(|name| name.strip_prefix("bucket/").map(str::to_owned));
        keys.collect()
    }

    /// A server that keeps its files here.
    async fn app(&self, secret: &str) -> TestApp {
        let endpoint = format!("http://{}", self.address);
        let options = self.options(&endpoint, secret);
        TestApp::with(&[&["--rate-limits", "off"], options.as_flattened()].concat()).await
    }

    /// The options that name it.
    fn options<'a>(&self, endpoint: &'a str, secret: &'a str) -> [[&'a str; 2]; 4] {
        [
            ["--files", "s3://bucket/of/tests"],
            ["--s3-endpoint", endpoint],
            ["--s3-access-key", KEY],
            ["--s3-secret-key", secret],
        ]
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves each connection; while it is away, it closes them.
async fn serve(listener: TcpListener, service: S3Service, is_away: Arc<AtomicBool>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (service, is_away) = (service.clone(), Arc::clone(&is_away));
        tokio::spawn(async move {
            let builder = Builder::new(TokioExecutor::new());
            let serving = builder.serve_connection(TokioIo::new(stream), service);
            let leaving = async {
                while !is_away.load(Ordering::Relaxed) {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            tokio::select! {
                // A client that closes its connection is no failure.
                _ended = serving => {}
                () = leaving => {}
            }
        });
    }
}

#[tokio::test]
async fn files_are_kept_in_a_bucket_and_leave_nothing_there() {
    let bucket = Bucket::start().await;
    let app = bucket.app(SECRET).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let group = app.group(&ann, &[&bob]).await;
    let bytes: Vec<u8> = (0..20_000_000_u32).map(|at| (at % 251) as u8).collect();
    let file = upload(&ann, "?name=a.bin", "x/y", &bytes).await;
    let file = file.expect_status(201).json();
    let picture = picture_of(500, 400, image::ImageFormat::Png);
    let photo = upload(&ann, "?name=b.png", "image/png", &picture).await;
    let photo = photo.expect_status(201).json();
    app.until_count("select count(*) as n from file_pieces", 0)
        .await;
    let (file_id, photo_id) = (id(&file), id(&photo));
    let mut wanted = [
        format!("of/tests/files/{file_id}/original"),
        format!("of/tests/files/{photo_id}/original"),
        format!("of/tests/files/{photo_id}/thumb"),
    ];
    wanted.sort();
    assert_eq!(bucket.keys(), wanted);
    let whole = open(&app, &link(&file), &[]).await.expect_status(200);
    assert_eq!(Sha256::digest(&whole.bytes), Sha256::digest(&bytes));
    let part = open(&app, &link(&file), &[("range", "bytes=9999990-10000009")]).await;
    assert_eq!(part.expect_status(206).bytes, bytes[9_999_990..10_000_010]);
    send(&ann, &group, &[&photo_id]).await.expect_status(201);
    let path = format!("/api/v1/files/{file_id}");
    ann.delete(&path).await.expect_status(204);
    app.until_count("select count(*) as n from files where state = 'gone'", 1)
        .await;
    assert_eq!(bucket.keys().len(), 2, "{:?}", bucket.keys());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_goes_on_where_it_was_in_the_bucket() {
    let bucket = Bucket::start().await;
    let endpoint = format!("http://{}", bucket.address);
    kill_while_uploading(bucket.options(&endpoint, SECRET).as_flattened(), 15).await;
    let is_whole = |key: &&String| key.ends_with("/original");
    let keys = bucket.keys();
    assert_eq!(keys.iter().filter(is_whole).count(), 1, "{keys:?}");
}

#[tokio::test]
async fn the_store_refuses_who_does_not_know_the_secret() {
    let bucket = Bucket::start().await;
    let app = bucket.app(SECRET).await;
    let ann = app.person("ann").await;
    let file = upload(&ann, "", "image/png", PNG).await.expect_status(201);
    let key = format!("bucket/of/tests/files/{}/original", id(&file.json()));
    let url = format!("http://{}/{key}", bucket.address);
    request("GET", &url, &[], "").await.expect_status(403);
    let stranger = bucket.app("another-secret").await;
    let bob = stranger.person("bob").await;
    let refused = upload(&bob, "", "image/png", PNG).await;
    refused.expect_status(500);
    assert_eq!(bucket.keys().len(), 1, "{:?}", bucket.keys());
}

#[tokio::test]
async fn an_upload_waits_while_the_store_is_away() {
    let bucket = Bucket::start().await;
    let app = bucket.app(SECRET).await;
    let ann = app.person("ann").await;
    upload(&ann, "", "image/png", PNG).await.expect_status(201);
    bucket.is_away.store(true, Ordering::Relaxed);
    let coming_back = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        bucket.is_away.store(false, Ordering::Relaxed);
    };
    let uploading = upload(&ann, "", "image/png", PNG);
    let (uploaded, ()) = tokio::join!(uploading, coming_back);
    let file = uploaded.expect_status(201).json();
    assert_eq!(open(&app, &link(&file), &[]).await.bytes, PNG);
}

#[tokio::test]
async fn a_bucket_without_a_key_is_refused_at_the_start() {
    let arguments = [
        "--jwt-secret",
        crate::test_app::SECRET,
        "--files",
        "s3://bucket",
    ];
    let (output, _, complained) = crate::child::outcome(&arguments, &[]);
    assert!(!output.status.success());
    assert!(complained.contains("--s3-access-key"), "{complained}");
}
