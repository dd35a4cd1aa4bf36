//! A request's body has a time limit on every endpoint: a slow client gets 408 and is closed, and delays nobody else.

use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::child::Process;
use crate::client::PATIENCE;
use crate::raw_http::{SLOW, begun, begun_from, end_of, health_from};
use crate::servers::Alone;
use crate::socketio_chat::endpoint;
use crate::test_app::TestApp;

const IMPATIENT: [&str; 4] = ["--rate-limits", "off", "--body-seconds", "1"];

fn head(path: &str, headers: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n")
}

#[tokio::test]
async fn a_body_that_does_not_come_is_answered_408_at_every_endpoint() {
    let app = TestApp::alone(Alone::Bytes).with(&IMPATIENT).await;
    let alice = app.person("alice").await;
    let bearer = format!("Authorization: Bearer {}\r\n", alice.token);
    let poller = endpoint(app.address).poller().await;
    let poll = format!("/socket.io/?{}", poller.query());
    let promised = "Content-Length: 1000\r\n";
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    for (path, headers, first) in [
        ("/api/v1/webhooks/razorpay", promised.to_owned(), "a"),
        ("/api/v1/webhooks/razorpay", promised.to_owned(), ""),
        (
            "/api/v1/webhooks/razorpay",
            "Transfer-Encoding: chunked\r\n".to_owned(),
            "5\r\nab",
        ),
        (
            "/api/v1/webhooks/razorpay",
            format!("{promised}{upgrade}"),
            "a",
        ),
        ("/api/v1/conversations", format!("{promised}{bearer}"), "{"),
        (
            "/api/v1/conversations",
            format!("Transfer-Encoding: chunked\r\n{bearer}"),
            "1\r\n{\r\n",
        ),
        (
            "/api/messages/direct-connect",
            format!("{promised}{bearer}"),
            "{",
        ),
        ("/sandbox/checkout/x", promised.to_owned(), "{"),
        (poll.as_str(), promised.to_owned(), "4"),
    ] {
        let request = head(path, &headers) + first;
        let begun_at = Instant::now();
        let said = end_of(&mut begun(app.address, &request).await).await;
        let what = format!("{path} {headers}: {said}");
        assert!(said.starts_with("http/1.1 408"), "{what}");
        assert!(said.contains("BODY_TOO_SLOW"), "{what}");
        assert!(said.contains("connection: close"), "{what}");
        let took = begun_at.elapsed();
        assert!(took >= Duration::from_millis(900), "{took:?} {what}");
    }
}

/// Lets a body drip, a byte each so often, until the server ends the connection.
async fn drip(mut stream: TcpStream, piece: &str, every: Duration) -> (Duration, String) {
    let begun_at = Instant::now();
    loop {
        // The pace of this client.
        tokio::time::sleep(every).await;
        let sent = stream.write_all(piece.as_bytes()).await;
        let mut seen = [0; 1];
        let looked = tokio::time::timeout(Duration::from_millis(1), stream.peek(&mut seen)).await;
        if sent.is_err() || looked.is_ok() {
            return (begun_at.elapsed(), end_of(&mut stream).await);
        }
        assert!(begun_at.elapsed() < PATIENCE, "it drips for ever");
    }
}

#[tokio::test]
async fn a_body_below_the_least_rate_is_let_go_after_its_grace() {
    let options = ["--rate-limits", "off", "--body-seconds", "600"];
    let app = TestApp::alone(Alone::Bytes).with(&options).await;
    let slow = begun(app.address, SLOW).await;
    let (took, said) = drip(slow, "a", Duration::from_millis(100)).await;
    assert!(said.starts_with("http/1.1 408"), "{said}");
    let grace = Duration::from_millis(4_900)..Duration::from_secs(8);
    assert!(grace.contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_body_that_comes_in_pieces_in_time_is_taken() {
    let options = ["--rate-limits", "off", "--body-seconds", "5"];
    let app = TestApp::alone(Alone::Bytes).with(&options).await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let conversation = app.direct(&alice, &bob).await;
    let body = json!({ "body": "in many pieces" }).to_string();
    let headers = format!(
        "Authorization: Bearer {}\r\nConnection: close\r\nContent-Length: {}\r\n",
        alice.token,
        body.len()
    );
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let mut stream = begun(app.address, &head(&path, &headers)).await;
    for piece in body.as_bytes().chunks(5) {
        tokio::time::sleep(Duration::from_millis(100)).await;
        stream.write_all(piece).await.expect("sent");
    }
    let said = end_of(&mut stream).await;
    assert!(said.starts_with("http/1.1 201"), "{said}");
    assert_eq!(alice.bodies(&conversation).await, ["in many pieces"]);
}

#[tokio::test]
async fn a_body_that_nobody_wants_is_not_waited_for() {
    let app = TestApp::alone(Alone::Bytes)
        .with(&["--rate-limits", "off"])
        .await;
    for headers in ["Content-Length: 1000\r\n", "Transfer-Encoding: chunked\r\n"] {
        let request = head("/api/v1/conversations", headers);
        let stream = begun(app.address, &request).await;
        let (took, said) = drip(stream, "1\r\na\r\n", Duration::from_millis(200)).await;
        assert!(said.starts_with("http/1.1 401"), "{headers}: {said}");
        assert!(took < Duration::from_secs(4), "{headers}: {took:?}");
    }
}

#[tokio::test]
async fn a_request_that_names_the_protocol_of_sockets_has_its_body_read() {
    let app = TestApp::alone(Alone::Bytes).start().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let conversation = app.direct(&alice, &bob).await;
    let body = json!({ "body": "no socket" }).to_string();
    let headers = format!(
        "Authorization: Bearer {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: {}\r\n",
        alice.token,
        body.len()
    );
    let path = format!("/api/v1/conversations/{conversation}/messages");
    let request = head(&path, &headers) + &body + "and what does not belong to it";
    let said = end_of(&mut begun(app.address, &request).await).await;
    assert!(said.starts_with("http/1.1 201"), "{said}");
    assert_eq!(alice.bodies(&conversation).await, ["no socket"]);
}

/// Opens slow requests from 20 addresses, so many from each.
async fn fill(server: SocketAddr, each: u32) -> Vec<TcpStream> {
    let mut open = Vec::new();
    for number in 0..20 * each {
        let from = Ipv4Addr::new(127, 0, 2, 1 + (number % 20) as u8);
        open.push(begun_from(from, server, SLOW).await);
    }
    open
}

/// Slow requests from each of 20 addresses: 5,000 in all where `STOA_LONG_TESTS` is set, 500 else.
fn from_each_address() -> u32 {
    match std::env::var_os("STOA_LONG_TESTS") {
        Some(_) => 250,
        None => 25,
    }
}

/// Opening so many requests is work for the server's threads, which a build without optimization may take seconds for. Once it is done,
/// the requests that stay open cost nobody anything.
async fn assert_answers(server: SocketAddr) {
    let said = health_from(Ipv4Addr::LOCALHOST, server).await;
    assert!(said.starts_with("http/1.1 200"), "{said}");
    for from in [Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 0, 2, 1)] {
        let begun_at = Instant::now();
        let said = health_from(from, server).await;
        assert!(said.starts_with("http/1.1 200"), "{from}: {said}");
        let took = begun_at.elapsed();
        assert!(took < Duration::from_secs(2), "{from}: {took:?}");
    }
}

#[tokio::test]
async fn slow_bodies_of_many_addresses_keep_nobody_waiting() {
    let server = Process::serve(&[]).await;
    let open = fill(server.address, from_each_address()).await;
    assert_answers(server.address).await;
    drop(open);
    assert_answers(server.address).await;
}

#[tokio::test]
async fn slow_bodies_keep_nobody_waiting_where_few_sockets_are_allowed() {
    let server = Process::serve(&["--max-connections", "100"]).await;
    let mut open = Vec::new();
    for number in 0..5 {
        let from = Ipv4Addr::new(127, 0, 2, 1 + number);
        for _ in 0..50 {
            open.push(begun_from(from, server.address, SLOW).await);
        }
    }
    assert_answers(server.address).await;
}
