//! How many connections one user and one address may have, and that nobody is kept out by another's.

use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::child::Process;
use crate::client::{Person, Socket};
use crate::engineio_client::UNKNOWN;
use crate::polling::until;
use crate::raw_http::{SLOW, begun_from, connect_from, end_of, health_from};
use crate::servers::Alone;
use crate::socketio_chat::{SocketIoClient, endpoint};
use crate::test_app::TestApp;

const ALICE_S: Ipv4Addr = Ipv4Addr::new(127, 0, 3, 1);
const BOB_S: Ipv4Addr = Ipv4Addr::new(127, 0, 3, 2);

/// What the refusal of a handshake says.
async fn refusal(person: &Person) -> (String, Value) {
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nAuthorization: Bearer {}\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        person.token
    );
    let said = end_of(&mut begun_from(ALICE_S, person.address(), &request).await).await;
    let (head, body) = said.split_once("\r\n\r\n").expect("a head and a body");
    (head.to_owned(), serde_json::from_str(body).expect("JSON"))
}

#[tokio::test]
async fn one_user_has_so_many_connections_and_others_have_theirs() {
    let app = TestApp::alone(Alone::Limits)
        .with(&["--max-connections-per-user", "3"])
        .await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let mut open = vec![alice.socket().await, alice.socket().await];
    let client = SocketIoClient::stoory(&alice).await;
    let (head, told) = refusal(&alice).await;
    assert!(head.starts_with("http/1.1 503"), "{head}");
    assert!(head.contains("retry-after: "), "{head}");
    assert_eq!(told["error_code"], "UNAVAILABLE");
    assert_eq!(told["message"], "Too many connections of this user");
    let mut late = Socket::open(app.address, None).await.expect("a socket");
    let asked = late.call("authenticate", json!({ "token": alice.token }));
    let told = asked.await.expect_err("refused");
    assert_eq!(told["message"], "Too many connections of this user");
    assert_eq!(late.closed().await, Some(1013));
    let mut wire = endpoint(app.address).wire().await;
    wire.send(&connect_as(&alice)).await;
    assert_eq!(wire.closed().await, Some(1012), "it comes back by itself");
    assert!(bob.socket().await.drain().await.is_empty());
    drop(client);
    until_a_socket_opens(&alice).await;
    open.pop().expect("a socket").close().await;
    until_a_socket_opens(&alice).await;
}

async fn until_a_socket_opens(person: &Person) {
    let open = async || {
        Socket::open(person.address(), Some(&person.token))
            .await
            .err()
    };
    until("a place for a socket", open, Option::is_none).await;
}

#[tokio::test]
async fn without_rate_limits_nobody_is_held_to_a_number() {
    let bounds = [
        "--max-connections-per-user",
        "2",
        "--max-connections-per-address",
        "2",
    ];
    let app = TestApp::alone(Alone::Limits)
        .with(&[&["--rate-limits", "off"][..], &bounds].concat())
        .await;
    let alice = app.person("alice").await;
    let mut open = Vec::new();
    for _ in 0..6 {
        open.push(alice.socket().await);
    }
    for socket in &mut open {
        assert!(socket.drain().await.is_empty());
    }
}

#[tokio::test]
async fn an_address_has_so_many_connections_whatever_they_do() {
    let app = TestApp::alone(Alone::Limits)
        .with(&["--max-connections-per-address", "6"])
        .await;
    let mut open: Vec<TcpStream> = Vec::new();
    for bytes in ["", "GET / HTTP/1.1\r\nX: ", SLOW, SLOW, SLOW, SLOW] {
        open.push(begun_from(ALICE_S, app.address, bytes).await);
    }
    let said = health_from(ALICE_S, app.address).await;
    assert!(said.starts_with("http/1.1 503"), "{said}");
    assert!(said.contains("retry-after: "), "{said}");
    assert!(
        said.contains("Too many connections from this address"),
        "{said}"
    );
    let body = said.split("\r\n\r\n").nth(1).expect("a body");
    let told: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(
        (&told["error_code"], &told["temporary"]),
        (&json!("UNAVAILABLE"), &json!(true))
    );
    let said = health_from(BOB_S, app.address).await;
    assert!(said.starts_with("http/1.1 200"), "{said}");
    open.truncate(5);
    let health = async || health_from(ALICE_S, app.address).await;
    let is_served = |said: &String| said.starts_with("http/1.1 200");
    until("a place for a request", health, is_served).await;
}

#[tokio::test]
async fn connections_beyond_a_bound_take_no_place() {
    let server = Process::serve(&["--max-connections-per-address", "10"]).await;
    let mut open = Vec::new();
    for _ in 0..300 {
        open.push(connect_from(ALICE_S, server.address).await);
    }
    let begun = Instant::now();
    let said = health_from(BOB_S, server.address).await;
    assert!(said.starts_with("http/1.1 200"), "{said}");
    assert!(begun.elapsed().as_secs() < 2, "{:?}", begun.elapsed());
    for stream in open.iter_mut().skip(10) {
        let said = end_of(stream).await;
        assert!(
            said.is_empty() || said.starts_with("http/1.1 503"),
            "{said}"
        );
    }
}

type Open = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A handshake as a proxy forwards it for an address; the status where it is refused.
async fn forwarded(person: &Person, address: &str) -> Result<Open, u16> {
    let url = format!("ws://{}/ws", person.address());
    let mut request = url.into_client_request().expect("a request");
    let headers = request.headers_mut();
    let bearer = format!("Bearer {}", person.token);
    headers.insert("authorization", bearer.parse().expect("a header"));
    headers.insert("x-forwarded-for", address.parse().expect("a header"));
    match connect_async(request).await {
        Ok((stream, _)) => Ok(stream),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(other) => panic!("{other}"),
    }
}

fn slow_for(address: &str) -> String {
    SLOW.replace(
        "Host: x\r\n",
        &format!("Host: x\r\nX-Forwarded-For: {address}\r\n"),
    )
}

#[tokio::test]
async fn behind_a_proxy_the_forwarded_address_counts() {
    let options = [
        "--max-connections-per-address",
        "3",
        "--trusted-proxies",
        "127.0.0.0/8",
    ];
    let app = TestApp::alone(Alone::Limits).with(&options).await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let mut open = Vec::new();
    for _ in 0..2 {
        open.push(forwarded(&alice, "203.0.113.1").await.expect("a socket"));
    }
    let slow = slow_for("6.6.6.6, 203.0.113.1");
    let waiting = begun_from(ALICE_S, app.address, &slow).await;
    until_refused(&alice, "203.0.113.1").await;
    open.push(forwarded(&bob, "203.0.113.2").await.expect("a socket"));
    open.push(forwarded(&alice, "2001:db8::1").await.expect("a socket"));
    let mut over = begun_from(BOB_S, app.address, &slow).await;
    let said = end_of(&mut over).await;
    assert!(said.starts_with("http/1.1 503"), "{said}");
    assert!(
        said.contains("Too many connections from this address"),
        "{said}"
    );
    drop(waiting);
    let open = async || forwarded(&alice, "203.0.113.1").await.err();
    until("a place for a socket", open, Option::is_none).await;
}

/// Until the slow request has reached the server, a handshake is let in and given up.
async fn until_refused(person: &Person, address: &str) {
    let ask = async || {
        let request = format!(
            "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: {address}\r\n\r\n"
        );
        end_of(&mut begun_from(BOB_S, person.address(), &request).await).await
    };
    let is_refused = |said: &String| said.starts_with("http/1.1 503");
    until("a refusal of the fourth", ask, is_refused).await;
}

#[tokio::test]
async fn the_64_of_an_ipv6_address_counts_as_one() {
    let options = [
        "--max-connections-per-address",
        "2",
        "--trusted-proxies",
        "127.0.0.1",
    ];
    let app = TestApp::alone(Alone::Limits).with(&options).await;
    let alice = app.person("alice").await;
    let mut open = Vec::new();
    for address in ["2001:db8::1", "2001:db8::2"] {
        open.push(forwarded(&alice, address).await.expect("a socket"));
    }
    assert_eq!(forwarded(&alice, "2001:db8::3").await.err(), Some(503));
    assert!(forwarded(&alice, "2001:db8:0:1::1").await.is_ok());
}

#[tokio::test]
async fn polling_clients_count_for_their_user() {
    let app = TestApp::alone(Alone::Limits)
        .with(&["--max-connections-per-user", "1"])
        .await;
    let alice = app.person("alice").await;
    let endpoint = endpoint(app.address);
    let connect = connect_as(&alice);
    let first = endpoint.poller().await;
    assert_eq!(first.post(connect.clone()).await.0, 200);
    assert!(first.get().await.1.starts_with("40{"));
    let second = endpoint.poller().await;
    assert_eq!(second.post(connect).await.0, 200);
    let closed = (400, UNKNOWN.to_owned());
    assert_eq!(second.get().await, closed, "it comes back by itself");
    assert_eq!(first.post("41".to_owned()).await.0, 200);
    let third = endpoint.poller().await;
    third.post(connect_as(&alice)).await;
    assert!(
        third.get().await.1.starts_with("40{"),
        "the place is free again"
    );
}

fn connect_as(person: &Person) -> String {
    format!(r#"40{{"token":"{}"}}"#, person.token)
}

/// The lines of a server's log about the limit of open files.
async fn file_lines(options: &[&str]) -> Vec<String> {
    let mut server = Process::serve(options).await;
    server.signal("TERM");
    let (code, log) = server.end().await;
    assert_eq!(code, Some(0), "{log}");
    let lines = log
        .lines()
        .filter(|line| line.contains("file_limit_too_low"));
    lines.map(str::to_owned).collect()
}

#[tokio::test]
async fn more_connections_than_files_are_told_of_in_one_line() {
    let [line] = &file_lines(&["--max-connections", "2000000000"]).await[..] else {
        panic!("not one line");
    };
    let told: Value = serde_json::from_str(line).expect("JSON");
    let message = told["message"].as_str().expect("a message");
    assert!(
        message.contains("--max-connections is 2000000000"),
        "{message}"
    );
    assert!(file_lines(&["--max-connections", "100"]).await.is_empty());
}

/// A socket that nobody authenticates counts for its address as any connection does.
#[tokio::test]
async fn a_socket_without_a_token_counts_for_its_address() {
    let app = TestApp::alone(Alone::Limits)
        .with(&["--max-connections-per-address", "2"])
        .await;
    let open = async |to: SocketAddr| Socket::open(to, None).await;
    let _first = open(app.address).await.expect("a socket");
    let _second = open(app.address).await.expect("a socket");
    match open(app.address).await.err().map(|error| *error) {
        Some(Error::Http(response)) => assert_eq!(response.status().as_u16(), 503),
        other => panic!("{other:?}"),
    }
}
