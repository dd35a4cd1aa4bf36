//! Reasons of refusals: wrong options at the start, origins and handshakes in the log, with a bound on its lines.

use serde_json::Value;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::child::{Process, outcome};
use crate::client::{Person, Socket};
use crate::polling::until;
use crate::servers::Alone;
use crate::test_app::{SECRET, TestApp, fresh_database};

/// Options that cannot work, each with what its refusal says beside its name.
const IMPOSSIBLE: &[(&str, &str)] = &[
    ("--allowed-origins *", "name each origin"),
    (
        "--allowed-origins app.example.com",
        "write https://app.example.com",
    ),
    (
        "--allowed-origins https://a.example/",
        "write https://a.example",
    ),
    (
        "--allowed-origins https://a.example,https://b.example/x",
        "write https://b.example",
    ),
    ("--trusted-proxies 10.0.0.0/33", "from 1 to 32"),
    ("--trusted-proxies 10.0.0.1/8", "write 10.0.0.0/8"),
    ("--trusted-proxies proxy.example", "10.0.0.0/8"),
    ("--trusted-proxies 0.0.0.0/0", "every address"),
    ("--listen 8122", "127.0.0.1:8122"),
    ("--listen localhost:8122", "127.0.0.1:8122"),
    ("--metrics-listen 9090", "127.0.0.1:9090"),
    ("--heartbeat-seconds 60", "--silence-seconds (60)"),
    (
        "--heartbeat-seconds 9 --silence-seconds 6",
        "--silence-seconds (6)",
    ),
    ("--max-connections-per-user 0", "1.."),
    ("--max-connections 0", "1.."),
    ("--unacknowledged-seconds 0", "1.."),
    ("--room-idle-seconds 18446744073709551615", "1..=86400"),
    (
        "--reconcile-after-ms 18446744073709551615",
        "10..=2592000000",
    ),
    ("--send-buffer 0", "4096.."),
    ("--media-hosts https://cdn.example.com", "*.example.com"),
    ("--checkout-color red", "#3B82F6"),
    ("--body-seconds 0", "1..=600"),
    (
        "--dialects stoory,klingon",
        "there is no dialect \"klingon\"",
    ),
    ("--dialects lola,lola", "lola is named twice; name it once."),
    ("--redis host:6379", "it must begin with redis://"),
    ("--redis redis://user@host", "write user:password@host"),
    ("--redis redis://host/0?a=b", "it takes no settings"),
    ("--redis redis-sentinel://host", "the name of the master"),
    ("--redis-ca ca.pem", "needs --redis"),
    ("--redis-ca ca.pem --redis redis://host", "write rediss://"),
];

#[test]
fn options_that_cannot_work_are_refused_at_the_start() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("an address").to_string();
    let database = fresh_database();
    let variables = [
        ("DATABASE_URL", database.as_str()),
        ("STOA_JWT_SECRET", SECRET),
        ("STOA_LISTEN", "127.0.0.1:0"),
        ("RUST_LOG", "off"),
    ];
    let metrics = format!("--metrics-listen {taken}");
    let taken = (metrics.as_str(), "Choose with --metrics-listen", 1);
    let impossible = IMPOSSIBLE
        .iter()
        .map(|(options, told)| (*options, *told, 2));
    for (options, told, wanted) in impossible.chain([taken]) {
        let options: Vec<&str> = options.split(' ').collect();
        let whole = [vec!["serve"], options.clone()].concat();
        let (output, said, complained) = outcome(&whole, &variables);
        assert_eq!(output.status.code(), Some(wanted), "{options:?}");
        assert!(complained.contains(options[0]), "{options:?}: {complained}");
        assert!(complained.contains(told), "{options:?}: {complained}");
        assert!(
            !complained.contains("panicked"),
            "{options:?}: {complained}"
        );
        assert!(!said.contains("listens"), "{options:?}: {said}");
    }
}

/// `--print-config` checks what a start checks, without a database.
#[test]
fn options_that_cannot_work_are_refused_where_they_are_printed() {
    let (secret, nothing) = ([("STOA_JWT_SECRET", SECRET)], []);
    let no_certificates = "--redis rediss://host --redis-ca Cargo.toml";
    let impossible = IMPOSSIBLE
        .iter()
        .map(|(options, _)| (*options, &secret[..]));
    let more = [
        ("--redis redis://user:hunter2@host:99999", &secret[..]),
        (no_certificates, &secret),
        ("--flows src", &secret),
        ("--jwks Cargo.toml", &nothing),
        ("--drain-seconds 3", &nothing),
    ];
    for (options, variables) in impossible.chain(more) {
        let options: Vec<&str> = options.split(' ').collect();
        let start = [vec!["serve"], options].concat();
        let print = [start.clone(), vec!["--print-config"]].concat();
        let (printed, said, complained) = outcome(&print, variables);
        let (_, _, wanted) = outcome(&start, variables);
        assert_eq!(complained, wanted, "{start:?}");
        assert_eq!((printed.status.code(), &*said), (Some(2), ""), "{start:?}");
        assert!(!complained.contains("hunter2"), "{complained}");
    }
}

#[test]
fn threads_that_cannot_start_end_the_process_with_a_sentence() {
    let database = fresh_database();
    let shell = "ulimit -n 150; exec \"$0\" serve --workers 100";
    let mut command = std::process::Command::new("sh");
    command.args(["-c", shell, env!("CARGO_BIN_EXE_stoa")]);
    command.envs([
        ("DATABASE_URL", database.as_str()),
        ("STOA_JWT_SECRET", SECRET),
        ("STOA_LISTEN", "127.0.0.1:0"),
    ]);
    let output = command.output().expect("it ends");
    let complained = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{complained}");
    assert!(complained.contains("cannot start"), "{complained}");
    assert!(complained.contains("--workers"), "{complained}");
    assert!(output.stdout.is_empty(), "it does not listen");
}

/// A handshake of a page of this origin; answers whether it stays open, or with which code it is closed.
async fn knock(person: &Person, origin: &str) -> Option<u16> {
    let url = format!("ws://{}/ws", person.address());
    let mut request = url.into_client_request().expect("a request");
    let headers = request.headers_mut();
    headers.insert("origin", origin.parse().expect("a header"));
    let bearer = format!("Bearer {}", person.token);
    headers.insert("authorization", bearer.parse().expect("a header"));
    let (stream, _) = connect_async(request).await.expect("a handshake");
    Socket::over(stream).closed_or_answers().await
}

#[tokio::test]
async fn a_demo_lets_pages_of_its_machine_in_and_others_do_not() {
    let demo = TestApp::alone(Alone::Log)
        .with(&["--demo", "--demo-into-database"])
        .await;
    let plain = TestApp::alone(Alone::Log).start().await;
    for origin in ["http://localhost:5173", "http://127.0.0.1:3000"] {
        assert_eq!(
            knock(&demo.person("alice").await, origin).await,
            None,
            "{origin}"
        );
        let refused = knock(&plain.person("alice").await, origin).await;
        assert_eq!(refused, Some(4403), "{origin}");
    }
    let evil = "https://evil.example";
    assert_eq!(knock(&demo.person("alice").await, evil).await, Some(4403));
    let preflight = reqwest::Client::new()
        .request(
            reqwest::Method::OPTIONS,
            format!("http://{}/api/v1/me", demo.address),
        )
        .header("origin", "http://localhost:5173")
        .header("access-control-request-method", "GET");
    let answer = preflight.send().await.expect("an answer");
    assert_eq!(
        answer.headers()["access-control-allow-origin"],
        "http://localhost:5173"
    );
}

/// The lines of an event, and how many they stand for.
fn lines_of(log: &str, event: &str) -> (Vec<Value>, u64) {
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let lines: Vec<Value> = lines
        .filter(|line: &Value| line["event"] == event)
        .collect();
    let stands_for = |line: &Value| {
        let left_out = line["left_out"].as_u64().expect("a number");
        left_out + u64::from(!line["detail"].is_null())
    };
    let count = lines.iter().map(stands_for).sum();
    (lines, count)
}

#[tokio::test]
async fn each_refused_origin_and_handshake_is_in_the_log_and_cannot_flood_it() {
    let mut server = Process::serve(&["--rate-limits", "off"]).await;
    let alice = server.person("alice");
    alice.get("/api/v1/me").await.expect_status(200);
    for _ in 0..50 {
        assert_eq!(knock(&alice, "https://evil.example").await, Some(4403));
    }
    for _ in 0..20 {
        alice.get("/ws").await.expect_status(400);
        let old = alice.get("/socket.io/?EIO=3&transport=polling").await;
        old.expect_status(400);
    }
    let refused = Socket::open(server.address, Some("nonsense")).await.err();
    match refused.map(|error| *error) {
        Some(Error::Http(response)) => assert_eq!(response.status().as_u16(), 401),
        other => panic!("{other:?}"),
    }
    for (event, wanted) in [("origin_refused", 50), ("handshake_refused", 41)] {
        let counted = async || lines_of(&server.log(), event).1;
        until(event, counted, |count| *count == wanted).await;
    }
    server.signal("TERM");
    let (_, log) = server.end().await;
    let (lines, count) = lines_of(&log, "origin_refused");
    assert_eq!(count, 50, "{lines:?}");
    assert!(lines.len() <= 10, "{} lines", lines.len());
    assert_eq!(lines[0]["detail"], "https://evil.example");
    assert_eq!(lines[0]["reason"], "not in --allowed-origins");
    let (lines, count) = lines_of(&log, "handshake_refused");
    assert_eq!(count, 41, "{lines:?}");
    let reasons: Vec<_> = lines.iter().map(|line| line["reason"].clone()).collect();
    for reason in [
        "INVALID_REQUEST",
        "Unsupported protocol version",
        "UNAUTHENTICATED",
    ] {
        assert!(reasons.contains(&reason.into()), "{reasons:?}");
    }
}
