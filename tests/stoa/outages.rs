//! A database that is away or slow: requests are refused as unavailable, nothing is lost, and the server recovers by itself.

use diesel::connection::SimpleConnection;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::child::program;
use crate::client::{Answer, Person, Socket};
use crate::postgres::TestCluster;
use crate::servers::Alone;
use crate::test_app::{SECRET, TestApp};

/// How long a caller may wait to be told that the database is away, machine load included.
const TOLD_WITHIN: Duration = Duration::from_secs(8);

async fn own_cluster() -> (TestCluster, TestApp) {
    let made = tokio::task::spawn_blocking(|| {
        let cluster = TestCluster::start().expect("a cluster");
        let url = cluster.create_database("alone").expect("a database");
        (cluster, url)
    });
    let (cluster, url) = made.await.expect("a thread");
    let app = TestApp::alone(Alone::Memory)
        .on(url, &["--rate-limits", "off"])
        .await;
    (cluster, app)
}

fn assert_away(answer: Answer) {
    let answer = answer.expect_status(503).expect_code("UNAVAILABLE");
    assert_eq!(answer.body["temporary"], true);
    assert!(answer.headers.contains_key("retry-after"));
}

/// Reading is refused in time, and the server says of itself that it lives and is not ready.
async fn assert_unreadable(person: &Person, conversation: &str) {
    for path in [conversation, "/api/v1/conversations", "/api/v1/unread"] {
        let begun = Instant::now();
        assert_away(person.get(path).await);
        assert!(
            begun.elapsed() < TOLD_WITHIN,
            "{path}: {:?}",
            begun.elapsed()
        );
    }
    let ready = person.get("/readyz").await.expect_status(503);
    assert_eq!(ready.body["checks"]["database"], false);
    person.get("/healthz").await.expect_status(200);
    // A load balancer keeps the node: no other one could do more.
    person.get("/readyz/node").await.expect_status(200);
}

async fn call_within(socket: &mut Socket, payload: Value) -> Result<Value, Value> {
    let call = socket.call("send_message", payload);
    tokio::time::timeout(TOLD_WITHIN, call)
        .await
        .expect("an answer in time")
}

#[tokio::test]
async fn while_the_database_is_away_everybody_is_told_and_then_all_goes_on() {
    let (cluster, app) = own_cluster().await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.direct(&alice, &bob).await;
    let (mut from, mut to) = (alice.joined(&id).await, bob.joined(&id).await);
    alice.say(&id, "before").await;
    assert_eq!(to.event("new_message").await["seq"], 1);
    cluster.stop_immediate().expect("stopped");
    let conversation = format!("/api/v1/conversations/{id}/messages");
    let send = json!({ "conversation_id": id, "body": "meanwhile", "client_id": "again" });
    let begun = Instant::now();
    let refused = call_within(&mut from, send.clone())
        .await
        .expect_err("the database is away");
    assert_eq!(
        (
            refused["error_code"].as_str(),
            refused["temporary"].as_bool()
        ),
        (Some("UNAVAILABLE"), Some(true))
    );
    assert_away(
        alice
            .post(
                &conversation,
                json!({ "body": "over REST", "client_id": "rest" }),
            )
            .await,
    );
    assert!(begun.elapsed() < 2 * TOLD_WITHIN);
    assert_unreadable(&bob, &conversation).await;
    cluster.start_again().expect("started");
    alice.until_ready().await;
    let stored = call_within(&mut from, send.clone())
        .await
        .expect("stored now");
    assert_eq!(call_within(&mut from, send).await.expect("known"), stored);
    alice
        .post(
            &conversation,
            json!({ "body": "over REST", "client_id": "rest" }),
        )
        .await
        .expect_status(201);
    assert_eq!(
        alice.bodies(&id).await,
        ["before", "meanwhile", "over REST"]
    );
    for body in ["meanwhile", "over REST"] {
        assert_eq!(to.event("new_message").await["message"]["body"], body);
    }
    assert!(
        to.drain()
            .await
            .iter()
            .all(|frame| frame["event"] != "new_message"),
        "announced once"
    );
    assert!(bob.joined(&id).await.drain().await.is_empty());
}

#[tokio::test]
async fn once_the_database_is_back_no_connection_of_before_refuses_anybody() {
    let (cluster, app) = own_cluster().await;
    let alice = app.person("alice").await;
    let read = || alice.get("/api/v1/conversations");
    let many = || futures_util::future::join_all((0..16).map(|_| read()));
    for _ in 0..3 {
        assert!(many().await.iter().all(|answer| answer.status == 200));
        cluster.stop_immediate().expect("stopped");
        assert_away(read().await);
        cluster.start_again().expect("started");
        for answer in many().await {
            answer.expect_status(200);
        }
    }
}

#[tokio::test]
async fn a_server_without_its_database_never_hangs_a_newcomer() {
    let (cluster, app) = own_cluster().await;
    let alice = app.person("alice").await;
    cluster.stop_immediate().expect("stopped");
    let stranger = Person::new(
        app.address,
        "new",
        crate::test_app::token(&crate::test_app::claims("new", &[])),
    );
    assert_away(stranger.get("/api/v1/me").await);
    let mut socket = Socket::open(app.address, None).await.expect("a socket");
    let refused = socket
        .call("authenticate", json!({ "token": stranger.token }))
        .await;
    assert_eq!(refused.expect_err("away")["error_code"], "UNAVAILABLE");
    let sent = json!({ "conversation_id": "0192f0c0-0000-7000-8000-000000000001", "body": "x" });
    let mut known = alice.socket().await;
    let refused = call_within(&mut known, sent).await.expect_err("away");
    assert_eq!(refused["error_code"], "UNAVAILABLE");
    cluster.start_again().expect("started");
    alice.until_ready().await;
    let welcome = socket
        .call("authenticate", json!({ "token": stranger.token }))
        .await;
    assert_eq!(
        welcome.expect("the same connection may try again")["user_id"],
        "new"
    );
}

#[tokio::test]
async fn beyond_the_journals_bound_sends_are_refused_and_none_that_was_acknowledged_is_lost() {
    const SENT: usize = 60;
    const BOUND: usize = 16;
    let app = TestApp::alone(Alone::Memory)
        .with(&[
            "--rate-limits",
            "off",
            "--journal-limit",
            "16",
            "--batch-limit",
            "4",
        ])
        .await;
    let (alice, bob) = (app.person("alice").await, app.person("bob").await);
    let id = app.direct(&alice, &bob).await;
    let mut socket = alice.socket().await;
    let mut blocker = app.connection();
    blocker
        .batch_execute("begin; select no from conversations for update")
        .expect("a lock");
    for number in 0..SENT {
        let data = json!({ "conversation_id": id, "body": format!("body {number}"), "client_id": format!("c-{number}") });
        socket
            .send_text(&json!({ "event": "send_message", "id": number, "data": data }).to_string())
            .await;
    }
    for _ in BOUND..SENT {
        let answer = socket.next().await.expect("a refusal");
        assert_eq!(answer["error"]["error_code"], "UNAVAILABLE", "{answer}");
        assert_eq!(answer["error"]["temporary"], true);
    }
    blocker
        .batch_execute("rollback")
        .expect("the lock is released");
    let mut acknowledged = Vec::new();
    for _ in 0..BOUND {
        let answer = socket.next().await.expect("an acknowledgement");
        let number = answer["ack"].as_u64().expect("a number");
        assert!(answer["data"]["seq"].is_number(), "{answer}");
        acknowledged.push(format!("body {number}"));
    }
    assert_eq!(
        bob.bodies(&id).await,
        acknowledged,
        "those, in the order of their acknowledgement"
    );
    let again = json!({ "conversation_id": id, "body": "body 59", "client_id": "c-59" });
    assert_eq!(
        call_within(&mut socket, again)
            .await
            .expect("there is room again")["seq"],
        BOUND + 1
    );
}

#[test]
fn a_server_that_waits_for_its_database_can_be_stopped() {
    // Nobody answers on the port of a listener that is gone.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = gone.local_addr().expect("an address").port();
    drop(gone);
    let database = format!("postgresql://stoa@127.0.0.1:{port}/stoa");
    let variables = [
        ("DATABASE_URL", database.as_str()),
        ("STOA_JWT_SECRET", SECRET),
        ("STOA_LISTEN", "127.0.0.1:0"),
    ];
    let mut command = program(&["serve"], &variables);
    let mut child = command.stderr(Stdio::piped()).spawn().expect("it runs");
    let mut log = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut line = String::new();
    while !line.contains("database_away") {
        line.clear();
        assert!(
            log.read_line(&mut line).expect("a line") > 0,
            "it has ended"
        );
    }
    let begun = Instant::now();
    let process = child.id().to_string();
    let sent = Command::new("kill").args(["-s", "TERM", &process]).status();
    assert!(sent.expect("kill").success());
    let ended = child.wait().expect("an end");
    assert_eq!(ended.code(), Some(0));
    assert!(
        begun.elapsed() < Duration::from_secs(10),
        "it waits for 30 s by itself"
    );
}
