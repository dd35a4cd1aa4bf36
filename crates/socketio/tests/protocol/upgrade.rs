//! Upgrades from polling to a WebSocket, with packets in flight.

use std::time::Duration;

use super::engineio_client::{BAD, Poller, Wire};
use super::recording::recording;
use super::{TestServer, patient};
use socketio::engineio::Options;

async fn probed(poller: &Poller) -> Wire {
    let mut wire = poller.probe().await;
    wire.send("2probe").await;
    assert_eq!(wire.text().await, "3probe");
    wire
}

#[tokio::test]
async fn a_session_moves_to_a_websocket() {
    let server = TestServer::patient();
    let poller = server.raw().poller().await;
    let mut wire = probed(&poller).await;
    assert_eq!(poller.get().await, (200, "6".to_owned()));
    wire.send("5").await;
    wire.send("4hello").await;
    assert_eq!(wire.text().await, "4hello");
    assert_eq!(poller.get().await, (400, BAD.to_owned()));
    assert_eq!(poller.post("4x").await, (400, BAD.to_owned()));
    assert_eq!(poller.probe().await.closed().await, Some(1008));
    wire.send("4still").await;
    assert_eq!(wire.text().await, "4still", "the session is not disturbed");
}

#[tokio::test]
async fn a_poll_that_waits_ends_when_the_probe_is_answered() {
    let server = TestServer::patient();
    let poller = server.raw().poller().await;
    let (got, _wire) = tokio::join!(poller.get(), probed(&poller));
    assert_eq!(got, (200, "6".to_owned()));
}

#[tokio::test]
async fn waiting_packets_go_to_the_poll_or_to_the_socket_and_nowhere_else() {
    let server = TestServer::patient();
    let poller = server.raw().poller().await;
    let mut wire = probed(&poller).await;
    poller.post("4a\u{1e}4b").await;
    assert_eq!(poller.get().await.1, "4a\u{1e}4b");
    poller.post("4c\u{1e}bAQI=\u{1e}4d").await;
    wire.send("5").await;
    assert_eq!(wire.text().await, "4c");
    assert_eq!(wire.bytes().await, [1, 2]);
    assert_eq!(wire.text().await, "4d");
}

/// Enough events to keep both transports busy.
const EVENTS: usize = 3_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_reordered_while_both_sides_talk() {
    for pause in [0, 1, 5] {
        let (server, mut notes) = recording(patient());
        let poller = server.client().poller().await;
        poller.post("40").await;
        let socket = notes.asked().await.accept(None);
        assert!(poller.get().await.1.starts_with("40{"));
        let sending = tokio::task::spawn_blocking(move || {
            for number in 0..EVENTS {
                socket.emit("count", [number.to_string().as_str()]);
                if number % 100 == 0 {
                    std::thread::sleep(Duration::from_millis(pause));
                }
            }
        });
        let (mut down, mut up) = (Vec::new(), 0);
        for _ in 0..3 {
            down.extend(poller.packets(1).await);
            poller.post(format!("42[\"up\",{up}]")).await;
            up += 1;
        }
        // Like the official client: probe while polling, pause when the probe is answered, then upgrade.
        let mut wire = poller.probe().await;
        wire.send("2probe").await;
        let (polled, _) = tokio::join!(poller.packets(1), async {
            assert_eq!(wire.text().await, "3probe");
        });
        down.extend(polled);
        wire.send("5").await;
        for _ in 0..3 {
            wire.send(&format!("42[\"up\",{up}]")).await;
            up += 1;
        }
        down.retain(|packet| packet != "6");
        while down.len() < EVENTS {
            down.push(wire.text().await);
        }
        let wanted: Vec<_> = (0..EVENTS)
            .map(|number| format!("42[\"count\",{number}]"))
            .collect();
        assert!(down == wanted, "with a pause of {pause}");
        for number in 0..up {
            assert_eq!(notes.event().await.arguments, [number]);
        }
        sending.await.unwrap();
    }
}

#[tokio::test]
async fn a_probe_that_is_broken_off_leaves_the_session_as_it_was() {
    let server = TestServer::patient();
    let poller = server.raw().poller().await;
    drop(poller.probe().await);
    let mut wire = try_until_probing(&poller).await;
    wire.send("2probe").await;
    assert_eq!(wire.text().await, "3probe");
    drop(wire);
    let mut wire = try_until_probing(&poller).await;
    wire.send("2probe").await;
    assert_eq!(wire.text().await, "3probe");
    poller.post("4a").await;
    assert_eq!(poller.get().await.1, "4a");
}

/// A WebSocket that the session accepts, once the server has noticed that the previous one is gone.
async fn try_until_probing(poller: &Poller) -> Wire {
    for _ in 0..1_000 {
        let mut wire = poller.probe().await;
        let ping = tokio_tungstenite::tungstenite::Message::Ping(vec![1].into());
        wire.send_raw(ping).await;
        if wire.is_answered().await {
            return wire;
        }
    }
    panic!("no socket is taken any more");
}

#[tokio::test]
async fn what_is_no_probe_closes_the_socket_and_not_the_session() {
    let server = TestServer::patient();
    for wrong in ["4hello", "2", "2other", "5", "3", "1", "abc"] {
        let poller = server.raw().poller().await;
        let mut wire = poller.probe().await;
        wire.send(wrong).await;
        assert_eq!(wire.closed().await, Some(1008), "{wrong}");
        assert_eq!(poller.post("4on").await.0, 200);
        assert_eq!(poller.get().await.1, "4on");
    }
    let poller = server.raw().poller().await;
    let mut wire = probed(&poller).await;
    wire.send("4too early").await;
    assert_eq!(wire.closed().await, Some(1008));
    assert_eq!(poller.post("4on").await.0, 200);
}

#[tokio::test]
async fn one_socket_probes_at_a_time() {
    let server = TestServer::patient();
    let poller = server.raw().poller().await;
    let mut first = poller.probe().await;
    assert_eq!(poller.probe().await.closed().await, Some(1008));
    first.send("2probe").await;
    assert_eq!(first.text().await, "3probe");
    assert_eq!(poller.probe().await.closed().await, Some(1008));
}

#[tokio::test]
async fn a_probe_that_does_not_go_on_is_closed() {
    let options = Options {
        upgrade_timeout: Duration::from_millis(50),
        ..patient()
    };
    let server = TestServer::echo(options, super::patient_socketio());
    let poller = server.raw().poller().await;
    assert_eq!(poller.probe().await.closed().await, Some(1008));
    assert_eq!(poller.post("4on").await.0, 200);
    assert_eq!(poller.get().await.1, "4on");
}
