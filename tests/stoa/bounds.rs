//! Bounds of frames, messages, slow readers, connections and request bodies.

use serde_json::json;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Error;

use crate::child::Process;
use crate::client::{PATIENCE, Socket};
use crate::metrics::{figure, until_figure};
use crate::raw_websocket::{Raw, frame, header};
use crate::servers::Alone;
use crate::test_app::{TestApp, claims, token};

const LIMIT: usize = 131_072;
/// Buffers of the kernel on the client's side of a raw connection.
const BUFFERS: u32 = 16 * 1_024;

async fn raw(app: &TestApp) -> Raw {
    Raw::open(app.address, &token(&claims("raw", &[])), BUFFERS).await
}

#[tokio::test]
async fn a_frame_of_16_gib_is_refused_at_its_header() {
    let server = Process::serve(&["--rate-limits", "off"]).await;
    let alice = server.person("alice");
    alice.get("/readyz").await.expect_status(200);
    let open = || Raw::open(server.address, &alice.token, BUFFERS);
    let mut polite = open().await;
    polite.send(&header(0x82, 16 << 30)).await;
    assert_eq!(
        polite.close_code().await,
        Some(1009),
        "before any of it has come"
    );
    let before = server.peak_kibibytes();
    for _ in 0..8 {
        let mut rude = open().await;
        rude.send(&header(0x82, 16 << 30)).await;
        let megabyte = vec![0; 1 << 20];
        let (mut taken, whole) = (0, 64 << 20);
        while taken < whole {
            match tokio::time::timeout(PATIENCE, rude.stream.write(&megabyte)).await {
                Ok(Ok(count)) => taken += count,
                Ok(Err(_)) => break,
                Err(_) => panic!("neither taken nor refused"),
            }
        }
        assert!(
            taken < whole,
            "the server took all of a frame that it refuses"
        );
        assert_eq!(rude.close_code().await, Some(1009));
    }
    let grown = server.peak_kibibytes().saturating_sub(before);
    // Up to 512 MiB were sent; the allocator takes a few MiB for eight more connections.
    assert!(
        grown < 16 * 1_024,
        "{grown} KiB for frames that are refused"
    );
    alice.get("/readyz").await.expect_status(200);
}

/// A harmless request, blown up with spaces to this many bytes.
fn padded(length: usize) -> Vec<u8> {
    let text = r#"{"event":"user_status","id":1,"data":{"status":"online"}}"#;
    let mut bytes = text.as_bytes().to_vec();
    bytes.resize(length, b' ');
    bytes
}

#[tokio::test]
async fn frames_up_to_the_limit_pass_and_not_a_byte_more() {
    let app = TestApp::alone(Alone::Memory).start().await;
    let mut fits = raw(&app).await;
    let whole = padded(LIMIT);
    fits.send(&frame(0x81, &whole)).await;
    assert_eq!(
        fits.next().await.expect("an answer").1.get(..8),
        Some(&b"{\"ack\":1"[..])
    );
    let (first, last) = whole.split_at(60_000);
    for piece in [
        frame(0x01, first),
        frame(0x89, b"between"),
        frame(0x80, last),
    ] {
        fits.send(&piece).await;
    }
    assert_eq!(fits.next().await, Some((0x8a, b"between".to_vec())));
    assert_eq!(
        fits.next().await.expect("an answer").1.get(..8),
        Some(&b"{\"ack\":1"[..])
    );
    let above = padded(LIMIT + 1);
    fits.send(&frame(0x81, &above)).await;
    assert_eq!(fits.close_code().await, Some(1009));
    let (first, last) = above.split_at(80_000);
    let mut pieces = raw(&app).await;
    pieces.send(&frame(0x01, first)).await;
    pieces.send(&frame(0x80, last)).await;
    assert_eq!(pieces.close_code().await, Some(1009));
    let mut endless = raw(&app).await;
    endless.send(&frame(0x01, &padded(125_000))).await;
    endless
        .send(&frame(0x00, b"and so on".repeat(1_000).as_slice()))
        .await;
    assert_eq!(
        endless.close_code().await,
        Some(1009),
        "before its last piece has come"
    );
}

#[tokio::test]
async fn what_is_no_frame_of_the_protocol_ends_the_connection() {
    let app = TestApp::alone(Alone::Memory).start().await;
    let cases: [(&str, Vec<u8>); 6] = [
        ("binary", frame(0x82, b"{}")),
        ("binary in pieces", frame(0x02, b"{}")),
        ("no JSON", frame(0x81, b"{\"event\":")),
        ("no object", frame(0x81, b"[]")),
        ("no event", frame(0x81, b"{}")),
        ("nothing", frame(0x81, b"")),
    ];
    for (name, bytes) in cases {
        let mut raw = raw(&app).await;
        raw.send(&bytes).await;
        assert_eq!(raw.close_code().await, Some(1008), "{name}");
    }
}

/// A small queue and a short patience for connections that are not read.
const IMPATIENT: [&str; 8] = [
    "--rate-limits",
    "off",
    "--unacknowledged-seconds",
    "3",
    "--outbox-limit",
    "65536",
    "--send-buffer",
    "16384",
];

#[tokio::test]
async fn a_reader_that_never_reads_is_gone_and_everybody_else_hears_everything() {
    const MESSAGES: usize = 150;
    let app = TestApp::alone(Alone::Memory).with(&IMPATIENT).await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let deaf = app.person("deaf").await;
    let id = app.group(&alice, &[&bob, &deaf]).await;
    let mut never_reads = Raw::open(app.address, &deaf.token, 4_096).await;
    let join = json!({ "event": "join_conversation", "id": 1, "data": { "conversation_id": id } });
    never_reads
        .send(&frame(0x81, join.to_string().as_bytes()))
        .await;
    let heard = never_reads.next().await.expect("the answer").1;
    assert!(
        heard.starts_with(b"{\"ack\":1,\"data\""),
        "{}",
        String::from_utf8_lossy(&heard)
    );
    let mut listening = Vec::new();
    for person in [&alice, &bob, &bob] {
        let mut socket = person.joined(&id).await;
        listening.push(tokio::spawn(async move {
            for seq in 1..=MESSAGES {
                assert_eq!(socket.event("new_message").await["seq"], seq);
            }
            socket
        }));
    }
    assert_eq!(figure(app.address, "stoa_connections").await, 4.0);
    let body = "x".repeat(8_000);
    for _ in 0..MESSAGES {
        alice.say(&id, &body).await;
    }
    let mut open = Vec::new();
    for listener in listening {
        open.push(listener.await.expect("every message in its order"));
    }
    until_figure(app.address, "stoa_connections", 3.0).await;
    assert_eq!(
        figure(app.address, "stoa_outbox_overflows_total").await,
        1.0
    );
    for mut socket in open {
        assert!(
            socket
                .drain()
                .await
                .iter()
                .all(|frame| frame["event"] != "new_message")
        );
    }
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_closed() {
    let app = TestApp::alone(Alone::Memory)
        .with(&[
            "--rate-limits",
            "off",
            "--heartbeat-seconds",
            "1",
            "--silence-seconds",
            "3",
        ])
        .await;
    let mut silent = raw(&app).await;
    let mut answers = app.person("alice").await.socket().await;
    let begun = Instant::now();
    let code = tokio::select! {
        code = silent.close_code() => code,
        frame = answers.next() => panic!("nobody said anything: {frame:?}"),
    };
    assert_eq!(code, Some(1001));
    assert!(
        begun.elapsed() >= Duration::from_millis(2_500),
        "{:?}",
        begun.elapsed()
    );
    assert!(answers.drain().await.is_empty(), "pongs are a sign of life");
}

#[tokio::test]
async fn a_request_that_never_ends_its_header_is_closed() {
    let app = TestApp::alone(Alone::Memory).start().await;
    let stream = tokio::net::TcpStream::connect(app.address)
        .await
        .expect("a connection");
    let (mut reading, mut writing) = stream.into_split();
    let drips = async {
        let _closed = writing
            .write_all(b"GET /healthz HTTP/1.1\r\nHost: here\r\nX-Slow: ")
            .await;
        loop {
            let _closed = writing.write_all(b"x").await;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let mut told = Vec::new();
    let ended = tokio::select! {
        ended = tokio::time::timeout(PATIENCE, reading.read_to_end(&mut told)) => ended,
        () = drips => unreachable!("drips do not end"),
    };
    assert!(ended.is_ok(), "it is still open after {PATIENCE:?}");
    assert!(!String::from_utf8_lossy(&told).starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let app = TestApp::alone(Alone::Memory)
        .with(&["--rate-limits", "off", "--max-connections", "3"])
        .await;
    let alice = app.person("alice").await;
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(alice.socket().await);
    }
    let refused = tokio::time::timeout(PATIENCE, Socket::open(app.address, Some(&alice.token)));
    match refused.await.expect("an answer").map_err(|error| *error) {
        Err(Error::Http(response)) => {
            assert_eq!(response.status().as_u16(), 503);
            assert!(response.headers().contains_key("retry-after"));
        }
        Ok(_) => panic!("a fourth connection"),
        Err(other) => panic!("{other}"),
    }
    alice.get("/api/v1/me").await.expect_status(200);
    open.pop().expect("a socket").close().await;
    until_figure(app.address, "stoa_connections", 2.0).await;
    assert!(alice.socket().await.drain().await.is_empty());
}

#[tokio::test]
async fn a_body_above_the_limit_is_told_so() {
    let app = TestApp::alone(Alone::Memory)
        .with(&["--rate-limits", "off", "--body-limit", "2048"])
        .await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.direct(&alice, &bob).await;
    let path = format!("/api/v1/conversations/{id}/messages");
    let empty = json!({ "body": "" }).to_string().len();
    let of = |length: usize| json!({ "body": "x".repeat(length - empty) });
    alice.post(&path, of(2_048)).await.expect_status(201);
    let refused = alice
        .post(&path, of(2_049))
        .await
        .expect_status(413)
        .expect_code("TOO_LARGE");
    assert_eq!(refused.body["details"]["limit_bytes"], 2_048);
    let huge = alice.post(&path, of(60_000)).await;
    huge.expect_status(413).expect_code("TOO_LARGE");
    assert_eq!(alice.bodies(&id).await.len(), 1);
}

#[tokio::test]
async fn two_thousand_connections_hear_one_message() {
    const EACH: usize = 500;
    let app = TestApp::alone(Alone::Memory).start().await;
    let names = ["alice", "bob", "carol", "dave"];
    let mut people = Vec::new();
    for name in names {
        people.push(app.person(name).await);
    }
    let id = app
        .group(&people[0], &[&people[1], &people[2], &people[3]])
        .await;
    let mut sockets = Vec::new();
    for person in &people {
        for _ in 0..EACH / 50 {
            let opening = (0..50).map(|_| person.joined(&id));
            sockets.extend(futures_util::future::join_all(opening).await);
        }
    }
    assert_eq!(
        figure(app.address, "stoa_connections").await,
        (EACH * names.len()) as f64
    );
    people[0].say(&id, "to all of you").await;
    for socket in &mut sockets {
        assert_eq!(
            socket.event("new_message").await["message"]["body"],
            "to all of you"
        );
    }
    drop(sockets);
    until_figure(app.address, "stoa_connections", 0.0).await;
}
