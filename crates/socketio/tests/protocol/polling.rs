//! Long polling: concurrent requests, invalid bodies, and what ends a session.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::AsyncWriteExt;

use super::engineio_client::{BAD, Poller, UNKNOWN, read_until};
use super::recording::recording;
use super::{TestServer, patient, patient_socketio};
use socketio::Disconnected;
use socketio::engineio::{Ending, Options};
use socketio::queue::CloseReason;

fn ok() -> (u16, String) {
    (200, "ok".to_owned())
}

#[tokio::test]
async fn packets_come_back_as_they_went() {
    let server = TestServer::patient();
    let poller = server.raw().poller().await;
    for payload in [
        "4hello",
        "4test1\u{1e}4test2\u{1e}4test3",
        "4hello\u{1e}bAQIDBA==",
        "4",
        "4é\u{1f600}",
    ] {
        assert_eq!(poller.post(payload).await, ok());
        assert_eq!(poller.get().await, (200, payload.to_owned()));
    }
    assert_eq!(poller.post("6\u{1e}4x").await, ok(), "a noop is nothing");
    assert_eq!(poller.get().await.1, "4x");
}

#[tokio::test]
async fn a_poll_waits_for_what_comes() {
    let server = TestServer::patient();
    let poller = server.raw().poller().await;
    let (got, posted) = tokio::join!(poller.get(), poller.post("4later"));
    assert_eq!((got.1.as_str(), posted), ("4later", ok()));
}

#[tokio::test]
async fn answers_have_few_packets_and_the_rest_follows_in_order() {
    let server = TestServer::patient();
    let poller = server.raw().poller().await;
    let sent: Vec<String> = (0..100).map(|number| format!("4{number}")).collect();
    assert_eq!(poller.post(sent.join("\u{1e}")).await, ok());
    let first = poller.get().await.1;
    assert_eq!(first.split('\u{1e}').count(), 16, "{first}");
    let mut came: Vec<String> = first.split('\u{1e}').map(str::to_owned).collect();
    came.extend(poller.packets(84).await);
    assert_eq!(came, sent);
}

/// The head of a GET.
fn head(poller: &Poller) -> String {
    let (path, query) = (poller.client.path, poller.query());
    format!("GET {path}?{query} HTTP/1.1\r\nhost: x\r\n\r\n")
}

#[tokio::test]
async fn a_second_poll_ends_the_session() {
    let server = TestServer::patient();
    let poller = server.raw().poller().await;
    let (one, other) = tokio::join!(poller.get(), poller.get());
    let (closed, refused) = if one.0 == 200 {
        (one, other)
    } else {
        (other, one)
    };
    assert_eq!(closed, (200, "1".to_owned()));
    assert_eq!(refused, (400, BAD.to_owned()));
    poller.expect_gone().await;
}

#[tokio::test]
async fn a_second_post_ends_the_session() {
    let server = TestServer::patient();
    let poller = server.raw().poller().await;
    let client = &poller.client;
    let half = format!(
        "POST {}?{} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 10\r\n\r\n",
        client.path,
        poller.query()
    );
    let mut first = client.half_request(&half).await;
    read_until(&mut first, "100 Continue").await;
    assert_eq!(poller.post("4x").await, (400, BAD.to_owned()));
    poller.expect_gone().await;
}

#[tokio::test]
async fn a_poll_that_is_broken_off_ends_the_session() {
    let (server, mut notes) = recording(patient());
    let poller = server.client().poller().await;
    assert_eq!(poller.post("40").await, ok());
    let _socket = notes.asked().await.accept(None);
    assert!(poller.get().await.1.starts_with("40{"));
    let stream = poller.client.half_request(&head(&poller)).await;
    // Once other requests are answered, the poll has been read.
    for _ in 0..3 {
        assert_eq!(poller.post("6").await, ok());
    }
    drop(stream);
    assert_eq!(notes.left().await, Disconnected::Connection(Ending::Gone));
    poller.expect_gone().await;
}

#[tokio::test]
async fn a_post_that_is_broken_off_ends_the_session() {
    let (server, mut notes) = recording(patient());
    let poller = server.client().poller().await;
    assert_eq!(poller.post("40").await, ok());
    notes.asked().await.accept(None);
    assert!(poller.get().await.1.starts_with("40{"));
    let half = format!(
        "POST {}?{} HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n4",
        poller.client.path,
        poller.query()
    );
    drop(poller.client.half_request(&half).await);
    assert_eq!(notes.left().await, Disconnected::Connection(Ending::Gone));
}

#[tokio::test]
async fn a_body_above_the_limit_is_refused_and_ends_the_session() {
    let server = TestServer::patient();
    let most = 1_000_000;
    let whole = format!("4{}", "x".repeat(most - 1));
    let poller = server.raw().poller().await;
    assert_eq!(
        poller.post(whole.clone()).await,
        ok(),
        "the limit itself is allowed"
    );
    assert_eq!(poller.get().await.1.len(), most);
    let too_large = r#"{"code":3,"message":"Payload too large"}"#;
    assert_eq!(poller.post(whole + "x").await, (413, too_large.to_owned()));
    poller.expect_gone().await;
    let poller = server.raw().poller().await;
    let (path, query) = (poller.client.path, poller.query());
    let undeclared =
        format!("POST {path}?{query} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
    let mut stream = poller.client.half_request(&undeclared).await;
    let chunk = format!("{:x}\r\n{}\r\n", most / 10, "4".repeat(most / 10));
    for _ in 0..11 {
        stream.write_all(chunk.as_bytes()).await.unwrap();
    }
    read_until(&mut stream, "413").await;
    poller.expect_gone().await;
}

#[tokio::test]
async fn a_post_may_hold_more_than_one_packet_may() {
    let options = Options {
        max_payload: 1_000,
        max_body: 10_000,
        ..patient()
    };
    let server = TestServer::echo(options, patient_socketio());
    let packet = |length: usize| format!("4{}", "x".repeat(length - 1));
    let poller = server.raw().poller().await;
    let many = vec![packet(1_000); 9].join("\u{1e}");
    assert_eq!(poller.post(many).await, ok());
    assert_eq!(poller.packets(9).await, vec![packet(1_000); 9]);
    let bytes = STANDARD.encode(vec![0; 1_000]);
    assert_eq!(poller.post(format!("b{bytes}")).await, ok());
    assert_eq!(poller.packets(1).await, [format!("b{bytes}")]);
    for too_large in [
        vec![packet(1_000); 10].join("\u{1e}"),
        packet(1_001),
        format!("{}\u{1e}4", packet(1_001)),
        format!("b{}", STANDARD.encode(vec![0; 1_003])),
    ] {
        let poller = server.raw().poller().await;
        assert_eq!(poller.post(too_large).await.0, 413);
        poller.expect_gone().await;
    }
}

#[tokio::test]
async fn what_is_no_payload_ends_the_session() {
    let server = TestServer::patient();
    let wrong: [&[u8]; 12] = [
        b"abc",
        b"",
        b"2",
        b"2probe",
        b"5",
        b"0{}",
        b"7",
        b"4a\x1e",
        b"\x1e4a",
        b"b!!!",
        b"bAQI",
        b"4\xff\xfe",
    ];
    for payload in wrong {
        let poller = server.raw().poller().await;
        let answer = poller.post(payload.to_vec()).await;
        assert_eq!(answer, (400, BAD.to_owned()), "{payload:?}");
        poller.expect_gone().await;
    }
    let poller = server.raw().poller().await;
    let request = poller.client.request("POST", &poller.query());
    let request = request.header("content-type", "application/octet-stream");
    assert_eq!(poller.client.send(request.body("4a")).await.0, 400);
    poller.expect_gone().await;
}

#[tokio::test]
async fn a_close_ends_the_session_and_the_poll_that_waits() {
    let server = TestServer::patient();
    for _ in 0..50 {
        let poller = server.raw().poller().await;
        let (got, posted) = tokio::join!(poller.get(), poller.post("1"));
        assert_eq!(posted, ok());
        poller.expect_gone().await;
        if got == (200, "6".to_owned()) {
            return;
        }
        assert_eq!(got, (400, UNKNOWN.to_owned()), "the close was first");
    }
    panic!("no poll was told");
}

#[tokio::test]
async fn the_server_closes_after_what_is_queued_and_the_next_poll_is_told() {
    let (server, mut notes) = recording(patient());
    let poller = server.client().poller().await;
    poller.post("40").await;
    let socket = notes.asked().await.accept(None);
    assert!(poller.get().await.1.starts_with("40{"));
    socket.emit("last", ["1"]);
    socket.close(CloseReason::Restarting);
    assert_eq!(poller.get().await.1, "42[\"last\",1]");
    assert_eq!(poller.get().await, (400, UNKNOWN.to_owned()));
    let ending = Ending::Closed(CloseReason::Restarting);
    assert_eq!(notes.left().await, Disconnected::Connection(ending));
    poller.expect_gone().await;
}
