//! Time and space limits: heartbeats, sessions without a namespace, clients that do not read.

use std::time::Duration;

use super::recording::{recording, recording_with};
use super::{TestServer, patient, patient_socketio};
use socketio::Disconnected;
use socketio::engineio::{Ending, Options};
use socketio::queue::{CloseReason, Push};

use super::engineio_client::{PATIENCE, UNKNOWN};

fn brief() -> Options {
    Options {
        ping_interval: Duration::from_millis(100),
        ping_timeout: Duration::from_millis(100),
        ..patient()
    }
}

fn lenient() -> Options {
    Options {
        ping_interval: Duration::from_millis(50),
        ping_timeout: Duration::from_secs(30),
        ..patient()
    }
}

#[tokio::test]
async fn the_server_pings_and_a_pong_keeps_the_session() {
    let server = TestServer::echo(lenient(), patient_socketio());
    let poller = server.raw().poller().await;
    let mut wire = server.raw().wire().await;
    for _ in 0..3 {
        assert_eq!(poller.get().await, (200, "2".to_owned()));
        assert_eq!(poller.post("3").await.0, 200);
        assert_eq!(wire.text().await, "2");
        wire.send("3").await;
    }
}

#[tokio::test]
async fn a_session_that_does_not_answer_a_ping_is_closed() {
    let (server, mut notes) = recording(brief());
    let mut wire = server.client().wire().await;
    assert_eq!(wire.text().await, "2");
    assert_eq!(wire.closed().await, Some(1001));
    let mut wire = server.client().wire().await;
    wire.send("40").await;
    let _socket = notes.asked().await.accept(None);
    let silent = Disconnected::Connection(Ending::Closed(CloseReason::Silent));
    assert_eq!(notes.left().await, silent);
    assert_eq!(wire.closed().await, Some(1001));
}

#[tokio::test]
async fn a_client_that_polls_no_more_is_closed_and_its_queue_is_freed() {
    let (server, mut notes) = recording(brief());
    let poller = server.client().poller().await;
    poller.post("40").await;
    let socket = notes.asked().await.accept(None);
    let big = format!("\"{}\"", "x".repeat(100_000));
    assert_eq!(socket.emit("big", [big.as_str()]), Push::Queued);
    assert!(socket.queue().waiting_bytes() > 100_000);
    let silent = Disconnected::Connection(Ending::Closed(CloseReason::Silent));
    assert_eq!(notes.left().await, silent);
    assert_eq!(socket.queue().waiting_bytes(), 0);
    assert_eq!(socket.emit("big", [big.as_str()]), Push::Dropped);
    poller.expect_gone().await;
}

#[tokio::test]
async fn a_poll_that_waits_is_told_when_its_session_is_silent() {
    let server = TestServer::echo(brief(), patient_socketio());
    let poller = server.raw().poller().await;
    assert_eq!(poller.get().await.1, "2");
    assert_eq!(poller.get().await, (400, UNKNOWN.to_owned()));
    poller.expect_gone().await;
}

#[tokio::test]
async fn half_open_sessions_are_bounded() {
    let options = Options {
        max_sessions: 1_000,
        ..patient()
    };
    let server = TestServer::echo(options, patient_socketio());
    let client = server.client();
    let query = "EIO=4&transport=polling";
    for _ in 0..10 {
        let many = (0..100).map(|_| client.get(query));
        for (status, _) in futures_util::future::join_all(many).await {
            assert_eq!(status, 200);
        }
    }
    let refused = r#"{"code":3,"message":"Unavailable"}"#.to_owned();
    assert_eq!(client.get(query).await, (503, refused));
}

#[tokio::test]
async fn a_session_that_goes_no_further_makes_place_for_another() {
    let options = Options {
        max_sessions: 1,
        ping_timeout: Duration::from_millis(200),
        ..patient()
    };
    let soon = socketio::Options {
        connect_timeout: Duration::from_millis(200),
        ..patient_socketio()
    };
    let server = TestServer::echo(options, soon);
    let client = server.client();
    let _half_open = client.poller().await;
    let waiting = async {
        while client.get("EIO=4&transport=polling").await.0 != 200 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .expect("a place in time");
}

#[tokio::test]
async fn a_close_that_nobody_fetches_is_carried_out() {
    let options = Options {
        ping_timeout: Duration::from_millis(200),
        ..patient()
    };
    let (server, mut notes) = recording(options);
    let poller = server.client().poller().await;
    poller.post("40").await;
    let socket = notes.asked().await.accept(None);
    socket.emit("last", []);
    socket.close(CloseReason::Restarting);
    let restarting = Ending::Closed(CloseReason::Restarting);
    assert_eq!(notes.left().await, Disconnected::Connection(restarting));
    assert_eq!(socket.queue().waiting_bytes(), 0);
    poller.expect_gone().await;
}

#[tokio::test]
async fn one_session_too_many_is_refused_over_both_transports() {
    let options = Options {
        max_sessions: 2,
        ..patient()
    };
    let server = TestServer::echo(options, patient_socketio());
    let client = server.raw();
    let (poller, _wire) = (client.poller().await, client.wire().await);
    assert_eq!(client.get("EIO=4&transport=polling").await.0, 503);
    assert_eq!(client.try_websocket("").await.err(), Some(503));
    assert_eq!(poller.post("1").await.0, 200);
    let mut next = client.wire().await;
    next.send("4x").await;
    assert_eq!(next.text().await, "4x");
}

fn narrow() -> (Options, socketio::Options) {
    let options = Options {
        queue_limit: 20_000,
        ..patient()
    };
    let bounds = socketio::Options {
        queue_limit: 20_000,
        ..patient_socketio()
    };
    (options, bounds)
}

#[tokio::test]
async fn a_client_that_does_not_poll_is_slow_beyond_the_bound() {
    let (options, bounds) = narrow();
    let (server, mut notes) = recording_with(options, bounds);
    let poller = server.client().poller().await;
    poller.post("40").await;
    let socket = notes.asked().await.accept(None);
    assert!(poller.get().await.1.starts_with("40{"));
    let argument = format!("\"{}\"", "x".repeat(5_000));
    let pushed: Vec<Push> = (0..6)
        .map(|_| socket.emit("much", [argument.as_str()]))
        .collect();
    assert_eq!(pushed[2], Push::Queued);
    assert_eq!(pushed[3], Push::Overflowed);
    assert_eq!(pushed[4], Push::Dropped);
    assert_eq!(socket.queue().waiting_bytes(), 0);
    assert_eq!(poller.get().await, (400, UNKNOWN.to_owned()));
    let slow = Disconnected::Connection(Ending::Closed(CloseReason::SlowReader));
    assert_eq!(notes.left().await, slow);
    poller.expect_gone().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_its_socket_is_slow_beyond_the_bound() {
    let (options, bounds) = narrow();
    let (server, mut notes) = recording_with(options, bounds);
    let mut wire = server.client().wire().await;
    wire.send("40").await;
    let socket = notes.asked().await.accept(None);
    let argument = format!("\"{}\"", "x".repeat(10_000));
    // The kernel's buffers of a sleeping reader are finite; no frame may be pushed faster than it drains
    // before.
    let mut pushed = Push::Queued;
    for _ in 0..100_000 {
        pushed = socket.emit("much", [argument.as_str()]);
        if pushed != Push::Queued {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(pushed, Push::Overflowed);
    assert_eq!(socket.queue().waiting_bytes(), 0);
    let slow = Disconnected::Connection(Ending::Closed(CloseReason::SlowReader));
    assert_eq!(notes.left().await, slow);
    assert_eq!(wire.closed().await, Some(1013));
}

#[tokio::test]
async fn a_namespace_that_was_left_holds_on_to_nothing() {
    let options = Options {
        ping_timeout: Duration::ZERO,
        ..patient()
    };
    let (server, mut notes) = recording(options);
    let poller = server.client().poller().await;
    poller.post("40").await;
    let _stays = notes.asked().await.accept(None);
    poller.post("40/other,").await;
    let left = notes.asked().await.accept(None);
    poller.packets(2).await;
    poller.post("41/other,").await;
    assert_eq!(notes.left().await, Disconnected::Left);
    // Without time to linger, a close is carried out at the next request.
    left.close(CloseReason::Restarting);
    for _ in 0..3 {
        assert_eq!(poller.post(r#"42["still"]"#).await.0, 200);
        assert_eq!(notes.event().await.name, "still");
    }
}

#[tokio::test]
async fn a_server_that_stops_closes_every_session_after_what_is_queued() {
    let (server, mut notes) = recording(patient());
    let mut half_open = server.client().wire().await;
    let poller = server.client().poller().await;
    poller.post("40").await;
    let socket = notes.asked().await.accept(None);
    assert!(poller.get().await.1.starts_with("40{"));
    let argument = format!("\"{}\"", "x".repeat(5_000));
    for _ in 0..30 {
        socket.emit("much", [argument.as_str()]);
    }
    assert_eq!(notes.engine.count(), 2);
    notes.engine.close_all(CloseReason::Restarting);
    assert_eq!(half_open.closed().await, Some(1012));
    let packets = poller.packets(30).await;
    let is_much = |packet: &String| packet.starts_with("42[\"much\"");
    assert!(packets.iter().all(is_much));
    assert_eq!(poller.get().await, (400, UNKNOWN.to_owned()));
    let restarting = Ending::Closed(CloseReason::Restarting);
    assert_eq!(notes.left().await, Disconnected::Connection(restarting));
    assert_eq!(notes.engine.count(), 0);
}

#[tokio::test]
async fn a_client_that_is_accepted_while_its_connection_closes_is_disconnected() {
    let (server, mut notes) = recording(patient());
    let poller = server.client().poller().await;
    poller.post("40").await;
    let asked = notes.asked().await;
    notes.engine.close_all(CloseReason::Restarting);
    asked.socket.emit("never seen", []);
    asked.accept(None);
    let restarting = Ending::Closed(CloseReason::Restarting);
    assert_eq!(notes.left().await, Disconnected::Connection(restarting));
    assert_eq!(poller.get().await, (400, UNKNOWN.to_owned()));
}
