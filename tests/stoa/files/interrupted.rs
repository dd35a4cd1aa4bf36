//! The official client of tus, whose connections are cut at random bytes and whose server is killed: the file is the same in the
//! end, and little is sent twice.

use serde_json::Value;
use sha2::{Digest, Sha256};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::{Folder, link, request};
use crate::child::Process;
use crate::client::Person;
use crate::fleet::random::Random;
use crate::polling::until;
use crate::test_app::fresh_database;

/// Bytes of the file.
const SIZE: usize = 24_000_000;
/// The most that one interruption has the client send again: one piece.
const PIECE: u64 = 4 * 1024 * 1024;
/// What a request costs beside its part of the file.
const HEADERS: u64 = 4_096;

/// Forwards connections, counts what clients send, and breaks each after some bytes.
struct Cutter {
    address: SocketAddr,
    sent: Arc<AtomicU64>,
    cuts: Arc<AtomicU64>,
    server: watch::Sender<SocketAddr>,
}

impl Cutter {
    /// Breaks this many connections, each after at most `most` bytes.
    async fn before(server: SocketAddr, cuts: u64, most: u64, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (server, leads_to) = watch::channel(server);
        let (sent, left) = (Arc::default(), Arc::new(AtomicU64::new(cuts)));
        let (counted, remaining) = (Arc::clone(&sent), Arc::clone(&left));
        tokio::spawn(async move {
            let mut random = Random(seed);
            while let Ok((client, _)) = listener.accept().await {
                let is_cut = remaining.load(Ordering::SeqCst) > 0;
                let bound = if is_cut {
                    1 + random.draw() % most
                } else {
                    u64::MAX
                };
                let (counted, remaining, to) = (
                    Arc::clone(&counted),
                    Arc::clone(&remaining),
                    *leads_to.borrow(),
                );
                tokio::spawn(async move {
                    if forward(client, to, bound, &counted).await {
                        remaining.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        Self {
            address,
            sent,
            cuts: left,
            server,
        }
    }
}

/// Forwards one connection. Returns whether it was broken because so many bytes had come from its client.
async fn forward(client: TcpStream, to: SocketAddr, bound: u64, counted: &AtomicU64) -> bool {
    let Ok(server) = TcpStream::connect(to).await else {
        return false;
    };
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    let up = async move {
        let (mut piece, mut left) = ([0; 16 * 1_024], bound);
        while let Ok(count @ 1..) = from_client.read(&mut piece).await {
            let kept = (count as u64).min(left) as usize;
            counted.fetch_add(kept as u64, Ordering::SeqCst);
            left -= kept as u64;
            if to_server.write_all(&piece[..kept]).await.is_err() || left == 0 {
                break;
            }
        }
        left == 0
    };
    let down = async move { tokio::io::copy(&mut from_server, &mut to_client).await };
    tokio::select! {
        was_cut = up => was_cut,
        _ = down => false,
    }
}

/// The file that is uploaded.
fn content() -> Vec<u8> {
    let mut random = Random(7);
    (0..SIZE / 8)
        .flat_map(|_| random.draw().to_le_bytes())
        .collect()
}

fn client(person: &Person, at: SocketAddr, file: &Path, chunk: u64, checks: &str) -> Child {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/node");
    assert!(
        root.join("node_modules/tus-js-client").is_dir(),
        "run scripts/install.sh test"
    );
    let endpoint = format!("http://{at}/api/v1/files");
    let mut command = Command::new("node");
    command
        .arg(root.join("tus.mjs"))
        .args([&endpoint, &person.token])
        .arg(file);
    command.arg(chunk.to_string()).arg(checks);
    command
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node")
}

/// What the client says in the end: the address of the file.
async fn outcome(client: Child) -> String {
    let output = client.wait_with_output();
    let output = tokio::time::timeout(std::time::Duration::from_secs(600), output).await;
    let said = output.expect("in time").expect("an end").stdout;
    let said: Value = serde_json::from_slice(&said).expect("JSON");
    let url = said["url"].as_str().unwrap_or_else(|| panic!("{said}"));
    url.split_once("/api/")
        .map(|(_, path)| format!("/api/{path}"))
        .expect("a path")
}

/// A server as a process, whose files are where these options say.
async fn serve(database: &str, store: &[&str]) -> Process {
    let others = ["--rate-limits", "off", "--job-lease-seconds", "2"];
    Process::serve_on(database, &[&others, store].concat()).await
}

/// Waits until a file is ready; answers it.
async fn until_ready(person: &Person, path: &str) -> Value {
    let look = async || person.get(path).await.body;
    until("a ready file", look, |file| file["state"] == "ready").await
}

async fn must_be(person: &Person, file: &Value, wanted: &[u8]) {
    let url = format!("http://{}{}", person.address(), link(file));
    let bytes = request("GET", &url, &[], "").await.expect_status(200).bytes;
    assert_eq!(Sha256::digest(&bytes), Sha256::digest(wanted));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_at_random_bytes_costs_one_piece_at_most() {
    let (app, folder) = super::app(&[]).await;
    let ann = app.person("ann").await;
    let source = folder.0.with_extension("source");
    let wanted = content();
    std::fs::write(&source, &wanted).expect("a file");
    for (round, (chunk, checks)) in [(u64::MAX >> 12, ""), (2_000_000, "sha256")]
        .into_iter()
        .enumerate()
    {
        let cuts = 50;
        let cutter = Cutter::before(app.address, cuts, 600_000, round as u64).await;
        let path = outcome(client(&ann, cutter.address, &source, chunk, checks)).await;
        assert_eq!(
            cutter.cuts.load(Ordering::SeqCst),
            0,
            "connections that were to be cut"
        );
        let sent = cutter.sent.load(Ordering::SeqCst);
        let most = SIZE as u64 + cuts * (PIECE + HEADERS) + 200 * HEADERS;
        assert!(sent <= most, "{sent} bytes were sent, not {most}");
        let file = until_ready(&ann, &path).await;
        assert_eq!(file["name"], "größe.bin");
        must_be(&ann, &file, &wanted).await;
    }
    app.count("with set as (update file_pieces set created_at = created_at - interval '1 hour' returning 1) select count(*) as n from set");
    app.count("with set as (update jobs set due_at = now() where kind = 'check_file' returning 1) select count(*) as n from set");
    app.until_count("select count(*) as n from file_pieces", 0)
        .await;
    assert_eq!(folder.objects().len(), 2);
    std::fs::remove_file(source).expect("the file");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_goes_on_where_it_was() {
    let folder = Folder::new();
    kill_while_uploading(&["--files", &folder.option()], 50).await;
}

/// Kills the server at most so many times while a file is uploaded, and once while it is checked.
pub async fn kill_while_uploading(store: &[&str], most_kills: u64) {
    let folder = Folder::new();
    let database = tokio::task::spawn_blocking(fresh_database)
        .await
        .expect("a database");
    let mut server = serve(&database, store).await;
    let source = folder.0.with_extension("source");
    let wanted = content();
    std::fs::write(&source, &wanted).expect("a file");
    let ann = server.person("ann");
    let cutter = Cutter::before(server.address, 0, 1, 0).await;
    let uploading = client(&ann, cutter.address, &source, 500_000, "");
    let uploading = tokio::spawn(outcome(uploading));
    let mut random = Random(11);
    let mut kills = 0;
    while !uploading.is_finished() && kills < most_kills {
        let from = cutter.sent.load(Ordering::SeqCst);
        let until_sent = from + 1 + random.draw() % 1_500_000;
        while cutter.sent.load(Ordering::SeqCst) < until_sent && !uploading.is_finished() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        if uploading.is_finished() {
            break;
        }
        server.signal("KILL");
        drop(server);
        server = serve(&database, store).await;
        cutter.server.send_replace(server.address);
        kills += 1;
    }
    let path = uploading.await.expect("an end");
    assert!(kills >= most_kills.min(20), "killed {kills} times");
    let sent = cutter.sent.load(Ordering::SeqCst);
    let most = SIZE as u64 + kills * (PIECE + HEADERS) + 400 * HEADERS;
    assert!(sent <= most, "{sent} bytes were sent, not {most}");
    let ann = Person::new(server.address, &ann.id, ann.token.clone());
    // It may be killed while it checks the file, too.
    server.signal("KILL");
    drop(server);
    let server = serve(&database, store).await;
    let ann = Person::new(server.address, &ann.id, ann.token);
    let file = until_ready(&ann, &path).await;
    must_be(&ann, &file, &wanted).await;
    std::fs::remove_file(source).expect("the file");
}
