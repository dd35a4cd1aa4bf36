//! Virus scanners, by the protocol of clamd and over HTTP: what they find is refused, and while they are away files wait.

use std::net::SocketAddr;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{PNG, app, id, upload};

/// What the scanner finds.
const VIRUS: &[u8] = b"a-virus-of-these-tests";
/// The largest stream that it takes.
const MOST: usize = 100_000;

/// Listens at this address, and answers as clamd does.
async fn scanner(at: SocketAddr) -> (SocketAddr, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind(at).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    (address, task)
}

async fn answer(mut stream: TcpStream) {
    let mut command = [0; 10];
    stream.read_exact(&mut command).await.expect("a command");
    assert_eq!(&command, b"zINSTREAM\0");
    let mut content = Vec::new();
    let said = loop {
        let length = stream.read_u32().await.expect("a length") as usize;
        if length == 0 {
            let found = content.windows(VIRUS.len()).any(|part| part == VIRUS);
            break if found {
                "stream: Test.Virus FOUND\0"
            } else {
                "stream: OK\0"
            };
        }
        let mut chunk = vec![0; length];
        stream.read_exact(&mut chunk).await.expect("a chunk");
        content.extend(chunk);
        if content.len() > MOST {
            break "INSTREAM size limit exceeded. ERROR\0";
        }
    };
    stream.write_all(said.as_bytes()).await.expect("said");
}

#[tokio::test]
async fn what_the_scanner_finds_is_refused() {
    let (address, _task) = scanner("127.0.0.1:0".parse().expect("an address")).await;
    let clamd = format!("clamd:{address}");
    let (app, folder) = app(&["--scan", &clamd]).await;
    let ann = app.person("ann").await;
    upload(&ann, "", "image/png", PNG).await.expect_status(201);
    let infected = [b"text and ", VIRUS].concat();
    let refused = upload(&ann, "", "text/plain", &infected)
        .await
        .expect_status(422)
        .json();
    assert_eq!(refused["details"]["reason"], "infected");
    let refused = upload(&ann, "", "x/y", &[7; MOST + 1])
        .await
        .expect_status(422)
        .json();
    assert_eq!(refused["details"]["reason"], "unscanned");
    app.until_count("select count(*) as n from file_pieces", 0)
        .await;
    assert_eq!(folder.objects().len(), 1);
}

#[tokio::test]
async fn large_files_may_be_allowed() {
    let (address, _task) = scanner("127.0.0.1:0".parse().expect("an address")).await;
    let clamd = format!("clamd:{address}");
    let (app, _folder) = app(&["--scan", &clamd, "--unscanned", "allow"]).await;
    let ann = app.person("ann").await;
    upload(&ann, "", "x/y", &[7; MOST + 1])
        .await
        .expect_status(201);
}

#[tokio::test]
async fn while_the_scanner_is_away_files_wait() {
    let (address, task) = scanner("127.0.0.1:0".parse().expect("an address")).await;
    task.abort();
    let _ended = task.await;
    let clamd = format!("clamd:{address}");
    let (app, _folder) = app(&["--scan", &clamd, "--job-retry-ms", "50"]).await;
    let ann = app.person("ann").await;
    let uploading = tokio::spawn({
        let ann = ann.clone();
        async move { upload(&ann, "", "image/png", PNG).await }
    });
    app.until_count(
        "select count(*) as n from jobs where kind = 'check_file' and attempts > 1",
        1,
    )
    .await;
    assert_eq!(
        app.count("select count(*) as n from files where state = 'checking'"),
        1
    );
    let (_, _task) = scanner(address).await;
    let file = uploading
        .await
        .expect("an answer")
        .expect_status(201)
        .json();
    ann.get(&format!("/api/v1/files/{}", id(&file)))
        .await
        .expect_status(200);
}

/// Answers one request as a scanner over HTTP does.
async fn answer_over_http(stream: TcpStream) {
    let mut stream = tokio::io::BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.expect("a line");
        let line = line.trim().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
        if line.is_empty() {
            break;
        }
    }
    let mut content = vec![0; length];
    stream.read_exact(&mut content).await.expect("a body");
    let is_infected = content.windows(VIRUS.len()).any(|part| part == VIRUS);
    let said = match (is_infected, length > MOST) {
        (true, _) => "422 Unprocessable Content\r\nContent-Length: 10\r\n\r\nTest.Virus",
        (_, true) => "413 Content Too Large\r\nContent-Length: 0\r\n\r\n",
        _ => "204 No Content\r\n\r\n",
    };
    let said = format!("HTTP/1.1 {said}");
    stream.write_all(said.as_bytes()).await.expect("said");
}

#[tokio::test]
async fn a_scanner_may_be_reached_over_http() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/scan", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer_over_http(stream));
        }
    });
    let (app, folder) = app(&["--scan", &url]).await;
    let ann = app.person("ann").await;
    upload(&ann, "", "image/png", PNG).await.expect_status(201);
    for (bytes, reason) in [
        ([b"text and ", VIRUS].concat(), "infected"),
        (vec![7; MOST + 1], "unscanned"),
    ] {
        let refused = upload(&ann, "", "x/y", &bytes).await;
        let refused = refused.expect_status(422).json();
        assert_eq!(refused["details"]["reason"], reason, "{refused}");
    }
    app.until_count("select count(*) as n from file_pieces", 0)
        .await;
    assert_eq!(folder.objects().len(), 1);
}
