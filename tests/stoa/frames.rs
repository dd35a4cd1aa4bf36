//! Malformed frames and handshakes: the close codes of RFC 6455, ids of native frames, and a log without a line for each.

use serde_json::Value;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::child::{Process, outcome};
use crate::client::PATIENCE;
use crate::metrics::figure;
use crate::raw_websocket::{Raw, frame};
use crate::servers::Alone;
use crate::test_app::{SECRET, TestApp, claims, token};

const NATIVE: &str = "/ws";
const SOCKETIO: &str = "/socket.io/?EIO=4&transport=websocket";

/// What a frame that no client may send is closed with.
fn against_the_protocol() -> Vec<(&'static str, Vec<u8>, u16)> {
    let mut unmasked = vec![0x81, 2];
    unmasked.extend(b"4x");
    let new_text_within = [frame(0x01, b"4"), frame(0x81, b"x")].concat();
    let in_fragments = [frame(0x01, b"4\xff"), frame(0x80, b"\xfe")].concat();
    vec![
        ("RSV1", frame(0xc1, b"4x"), 1002),
        ("RSV2", frame(0xa1, b"4x"), 1002),
        ("RSV3 of a ping", frame(0x99, b""), 1002),
        ("opcode 3", frame(0x83, b""), 1002),
        ("opcode 11", frame(0x8b, b""), 1002),
        ("unmasked", unmasked, 1002),
        ("a continuation first", frame(0x80, b"x"), 1002),
        ("a text within a text", new_text_within, 1002),
        ("a ping in fragments", frame(0x09, b""), 1002),
        ("a ping of 126", frame(0x89, &[b'a'; 126]), 1002),
        ("close code 1005", frame(0x88, &1005u16.to_be_bytes()), 1002),
        ("close code 999", frame(0x88, &999u16.to_be_bytes()), 1002),
        ("a close of 1 byte", frame(0x88, b"a"), 1002),
        ("no UTF-8", frame(0x81, b"4\xff"), 1007),
        ("no UTF-8, in fragments", in_fragments, 1007),
        ("a close reason", frame(0x88, b"\x03\xe8\xff"), 1007),
        ("too long", frame(0x81, &[b'4'; 3_000]), 1009),
    ]
}

#[tokio::test]
async fn every_endpoint_closes_as_rfc_6455_says() {
    let app = TestApp::alone(Alone::Bytes)
        .with(&["--rate-limits", "off", "--frame-limit", "2048"])
        .await;
    let token = token(&claims("raw", &[]));
    for path in [NATIVE, SOCKETIO] {
        for (name, bytes, code) in against_the_protocol() {
            let mut raw = Raw::open_at(app.address, path, &token, 65_536).await;
            raw.send(&bytes).await;
            assert_eq!(raw.close_code().await, Some(code), "{path} {name}");
        }
        let mut raw = Raw::open_at(app.address, path, &token, 65_536).await;
        raw.send(&frame(0x88, &3000u16.to_be_bytes())).await;
        assert_eq!(raw.close_code().await, Some(3000), "{path}: it is echoed");
    }
    let person = app.person("raw").await;
    let closed = |code: u16| format!("stoa_closed_sockets_total{{code=\"{code}\"}}");
    for (code, least) in [(1002, 26.0), (1007, 6.0), (1009, 2.0)] {
        let counted = figure(person.address(), &closed(code)).await;
        assert!(counted >= least, "{code}: {counted}");
    }
}

#[tokio::test]
async fn what_comes_before_a_wrong_frame_is_answered() {
    let app = TestApp::alone(Alone::Bytes).start().await;
    let token = token(&claims("raw", &[]));
    let mut raw = Raw::open(app.address, &token, 65_536).await;
    let bytes = [frame(0x89, b"still"), frame(0xc1, b"x")].concat();
    raw.send(&bytes).await;
    assert_eq!(raw.next().await, Some((0x8a, b"still".to_vec())));
    assert_eq!(raw.close_code().await, Some(1002));
}

/// What a handshake is answered with, up to the end of its head.
async fn shaken(address: SocketAddr, path: &str, http: &str, version: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let request = format!(
        "GET {path} {http}\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{version}\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = timeout(PATIENCE, stream.read_u8()).await.expect("in time");
        head.push(byte.expect("a head"));
    }
    String::from_utf8(head).expect("a text").to_lowercase()
}

#[tokio::test]
async fn a_handshake_of_another_version_is_told_which_one_is_understood() {
    let app = TestApp::alone(Alone::Bytes).start().await;
    let (modern, this) = ("HTTP/1.1", "Sec-WebSocket-Version: 13\r\n");
    for path in [NATIVE, SOCKETIO] {
        let ask = |http, version| shaken(app.address, path, http, version);
        let welcome = ask(modern, this).await;
        assert!(welcome.starts_with("http/1.1 101"), "{welcome}");
        for version in [
            "Sec-WebSocket-Version: 14\r\n",
            "Sec-WebSocket-Version: 8\r\n",
            "",
        ] {
            let refused = ask(modern, version).await;
            assert!(refused.starts_with("http/1.1 400"), "{version}{refused}");
            assert!(
                refused.contains("\r\nsec-websocket-version: 13\r\n"),
                "{refused}"
            );
        }
        let refused = ask("HTTP/1.0", this).await;
        assert!(refused.contains(" 400 "), "{path} {refused}");
    }
}

/// Frames of a raw native connection, as JSON.
async fn json_frame(raw: &mut Raw) -> Value {
    let (first, payload) = raw.next().await.expect("a frame");
    assert_eq!(first, 0x81, "{}", String::from_utf8_lossy(&payload));
    serde_json::from_slice(&payload).expect("JSON")
}

#[tokio::test]
async fn a_whole_number_is_an_id_however_it_is_written() {
    let app = TestApp::alone(Alone::Bytes).start().await;
    let token = token(&claims("raw", &[]));
    let mut raw = Raw::open(app.address, &token, 65_536).await;
    let ask = |id: &str| {
        let text = format!(r#"{{"event":"user_status","id":{id},"data":{{"status":"away"}}}}"#);
        frame(0x81, text.as_bytes())
    };
    for (id, echo) in [
        ("1.0", "1"),
        ("-1", "-1"),
        ("1e0", "1"),
        ("0", "0"),
        ("9007199254740993", "9007199254740993"),
        ("18446744073709551615", "18446744073709551615"),
    ] {
        raw.send(&ask(id)).await;
        let (_, payload) = raw.next().await.expect("a frame");
        let text = String::from_utf8(payload).expect("a text");
        assert!(text.starts_with(&format!("{{\"ack\":{echo},")), "{text}");
    }
    for id in [
        "1.5",
        "\"7\"",
        "1e300",
        "[]",
        "true",
        "18446744073709551616",
    ] {
        raw.send(&ask(id)).await;
        let told = json_frame(&mut raw).await;
        assert_eq!(told["event"], "error", "{id}: {told}");
        assert_eq!(told["data"]["details"]["field"], "id", "{told}");
    }
    raw.send(&ask("5")).await;
    assert_eq!(json_frame(&mut raw).await["ack"], 5, "the session goes on");
}

#[tokio::test]
async fn unreadable_requests_are_counted_and_logged_as_no_error() {
    let mut server = Process::serve(&[]).await;
    for _ in 0..20 {
        let mut stream = TcpStream::connect(server.address).await.expect("connected");
        let broken = b"GET / HTTP/1.1\r\nHost: x\r\na\0b: 1\r\n\r\n";
        stream.write_all(broken).await.expect("sent");
        let mut answer = Vec::new();
        let read = timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
        read.expect("an end").expect("an answer");
        assert!(answer.starts_with(b"HTTP/1.1 400"));
    }
    let person = server.person("alice");
    let mut raw = Raw::open(server.address, &person.token, 65_536).await;
    raw.send(&frame(0x09, b"")).await;
    assert_eq!(raw.close_code().await, Some(1002));
    assert_eq!(
        figure(person.address(), "stoa_unreadable_requests_total").await,
        20.0
    );
    server.signal("TERM");
    let (_, log) = server.end().await;
    // What a server says at its start of its options and of the machine's limits.
    let at_start = ["sandbox_payments", "file_limit_too_low"];
    let is_of_start = |line: &&str| at_start.iter().any(|event| line.contains(event));
    let ours = log.lines().filter(|line| !is_of_start(line));
    let loud = |line: &&str| {
        ["error", "warn"]
            .iter()
            .any(|it| line.contains(&format!("\"level\":\"{it}\"")))
    };
    assert_eq!(ours.filter(loud).collect::<Vec<_>>(), [""; 0], "{log}");
    assert_eq!(log.matches("request_unreadable").count(), 20, "{log}");
}

#[test]
fn a_post_that_could_not_hold_one_packet_is_refused_at_start() {
    let limits = ["--frame-limit", "4096", "--poll-body-limit", "2048"];
    let arguments = [
        ["serve", "--jwt-secret", SECRET, "--listen"].as_slice(),
        &["127.0.0.1:0"],
        &limits,
    ]
    .concat();
    let (output, _, complained) = outcome(&arguments, &[]);
    assert!(!output.status.success());
    let told = "--poll-body-limit (2048) must not be below --frame-limit (4096)";
    assert!(complained.contains(told), "{complained}");
}
