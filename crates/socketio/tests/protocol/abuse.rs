//! Random packets in any order: the server keeps running and frees all state.

use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

use super::engineio_client::PATIENCE;
use super::engineio_client::{EngineIoClient, Poller, Wire};
use super::patient;
use super::recording::{Note, Notes, recording};
use socketio::engineio::Options;

/// Packets that are valid somewhere, and some that are valid nowhere.
const SAID: [&str; 22] = [
    "1",
    "2",
    "2probe",
    "3",
    "5",
    "6",
    "0{}",
    "x",
    "4",
    "40",
    "40/a,",
    "41",
    "41/a,",
    "42[\"e\"]",
    "42/a,7[\"e\"]",
    "430[]",
    "451-[\"e\",{\"_placeholder\":true,\"num\":0}]",
    "4511-[\"e\"]",
    "42{}",
    "44{}",
    "40{\"pid\":\"p\"}",
    "",
];

/// Pseudo-random numbers, the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % bound
    }

    /// Valid packets are chosen more often, because few random sequences would get far.
    fn packet(&mut self) -> &'static str {
        let likely = ["40", "40/a,", "42[\"e\"]", "3"];
        match self.below(2) {
            0 => likely[self.below(likely.len())],
            _ => SAID[self.below(SAID.len())],
        }
    }
}

async fn over_a_socket(wire: &mut Wire, chance: &mut Chance) {
    for _ in 0..chance.below(8) {
        match chance.below(6) {
            0 => wire.send_raw(Message::binary(vec![7; 3])).await,
            _ => wire.send_raw(Message::text(chance.packet())).await,
        }
    }
}

/// A GET may be aborted, or wait until the session ends.
async fn over_polling(poller: &Poller, chance: &mut Chance) {
    for _ in 0..chance.below(8) {
        let body = format!("{}\u{1e}{}", chance.packet(), chance.packet());
        match chance.below(4) {
            0 => drop(poller.post(body).await),
            1 => drop(poller.post(chance.packet()).await),
            2 => drop(tokio::join!(poller.get(), poller.post("42[\"e\"]"))),
            _ => drop(tokio::time::timeout(Duration::from_millis(3), poller.get()).await),
        }
    }
}

async fn one_life(client: EngineIoClient, seed: u64) {
    let mut chance = Chance(seed);
    let enters = chance.below(4) > 0;
    if chance.below(2) == 0 {
        let mut wire = client.wire().await;
        if enters {
            wire.send("40").await;
            wire.next().await;
        }
        return over_a_socket(&mut wire, &mut chance).await;
    }
    let poller = client.poller().await;
    if enters {
        poller.post("40").await;
    }
    over_polling(&poller, &mut chance).await;
    if let Ok(mut wire) = client.try_websocket(&format!("&sid={}", poller.sid)).await {
        if chance.below(4) > 0 {
            wire.send_raw(Message::text("2probe")).await;
            wire.send_raw(Message::text("5")).await;
        }
        over_a_socket(&mut wire, &mut chance).await;
    }
}

/// Accepts every CONNECT; returns how many handlers there were, once each got exactly one `disconnected`.
async fn count_lives(notes: &mut Notes, sessions: &mut tokio::task::JoinSet<()>) -> usize {
    let (mut came, mut left) = (0, 0);
    loop {
        tokio::select! {
            note = notes.next() => match note {
                Note::Asked(asked) => {
                    came += 1;
                    asked.accept(None);
                }
                Note::Left(_) => left += 1,
                Note::Event(_) | Note::Acknowledged(..) => {}
            },
            Some(ended) = sessions.join_next() => ended.expect("no panic"),
            // A client that was never accepted leaves no note.
            () = tokio::time::sleep(Duration::from_millis(10)) => {}
        }
        assert!(left <= came, "somebody left twice");
        if sessions.is_empty() && notes.engine.count() == 0 && left == came {
            return came;
        }
    }
}

#[tokio::test]
async fn a_client_leaves_nothing_behind_whatever_it_does() {
    let options = Options {
        ping_interval: Duration::from_millis(200),
        ping_timeout: Duration::from_millis(200),
        upgrade_timeout: Duration::from_millis(200),
        ..patient()
    };
    let (test_server, mut notes) = recording(options);
    let mut sessions = tokio::task::JoinSet::new();
    for seed in 0..300 {
        sessions.spawn(one_life(test_server.client(), seed * 7_919 + 1));
    }
    let came = tokio::time::timeout(4 * PATIENCE, count_lives(&mut notes, &mut sessions))
        .await
        .expect("an end in time");
    assert!(came > 50, "{came} is too few to mean anything");
    let mut wire = test_server.client().wire().await;
    wire.send("40").await;
    let _socket = notes.asked().await.accept(None);
    assert!(wire.text().await.starts_with("40{"), "the server goes on");
}
