//! Tests of `peers`.

use super::*;
use crate::store::nodes::NodeState;
use clock::{Clock, ManualClock};
use uuid::Uuid;

const OWN: NodeId = Uuid::from_u128(100);
const ONE: NodeId = Uuid::from_u128(1);

fn row(id: u128, silent_for: f64) -> NodeRow {
    NodeRow {
        id: Uuid::from_u128(id),
        tag: None,
        address: "127.0.0.1:1".to_owned(),
        version: "1".to_owned(),
        wire: None,
        silent_for,
        state: NodeState::Staying,
    }
}

fn wired(id: u128) -> NodeRow {
    let version = i16::from(VERSION);
    NodeRow {
        wire: Some((version, version)),
        ..row(id, 0.0)
    }
}

fn peers(wire: Wire, clock: &Clock) -> Peers {
    Peers::new(OWN, wire, clock.now())
}

/// A server that hears another one, which hears it.
fn met(clock: &Clock) -> Peers {
    let mut peers = peers(Wire::Whole, clock);
    peers.note_rows(vec![wired(1)], clock.now());
    assert_eq!(peers.note_frame(ONE, 1, clock.now()), Arrival::First);
    assert!(peers.note_beat(ONE, &[(OWN, 1)]));
    peers
}

#[test]
fn a_server_is_met_once_and_lost_when_it_is_silent_or_its_row_is_gone() {
    let clock = ManualClock::standing().clock();
    let (mut peers, now) = (peers(Wire::Off, &clock), clock.now());
    let met = peers.note_rows(vec![row(1, 0.5)], now);
    assert_eq!(met, [Meeting::Met(row(1, 0.5))]);
    assert_eq!(peers.note_rows(vec![row(1, 4.9)], now), []);
    assert_eq!(peers.count(), 1);
    let lost = peers.note_rows(vec![row(1, DEAD)], now);
    assert_eq!(lost, [Meeting::Lost(row(1, 4.9))]);
    assert_eq!(peers.note_rows(vec![row(2, 60.0)], now), []);
    peers.note_rows(vec![row(1, 0.1), row(2, 0.1)], now);
    let lost = peers.note_rows(vec![row(2, 0.1)], now);
    assert_eq!(lost, [Meeting::Lost(row(1, 0.1))]);
}

#[test]
fn a_server_is_believed_once_it_has_beaten_since_this_one_began() {
    let time = ManualClock::standing();
    let clock = time.clock();
    let mut peers = peers(Wire::Whole, &clock);
    // The row of a copied database: its server beats in the original.
    let copied = |silent_for: f64| NodeRow {
        silent_for,
        ..wired(1)
    };
    peers.note_rows(vec![copied(0.5)], clock.now());
    assert_eq!(peers.count(), 1);
    for number in 1..5 {
        let arrival = peers.note_frame(ONE, number, clock.now());
        assert_eq!(arrival, Arrival::Stranger);
        assert!(!peers.note_beat(ONE, &[(OWN, number)]));
        assert!(peers.call_for_checks(clock.now()));
        time.advance(Duration::from_secs(1));
        peers.note_rows(vec![copied(0.5 + number as f64)], clock.now());
    }
    assert_eq!(peers.note_rows(vec![copied(DEAD)], clock.now()).len(), 1);
    assert_eq!(peers.count(), 0);
    peers.note_rows(vec![copied(0.2)], clock.now());
    assert_eq!(peers.note_frame(ONE, 9, clock.now()), Arrival::First);
}

#[test]
fn a_peer_of_the_same_tag_has_beaten_since_this_server_began() {
    let time = ManualClock::standing();
    let clock = time.clock();
    let mut peers = peers(Wire::Off, &clock);
    let tagged = |id: u128, tag: &str, silent_for: f64| NodeRow {
        tag: Some(tag.to_owned()),
        ..row(id, silent_for)
    };
    time.advance(Duration::from_secs(1));
    // The third may be an earlier start of this server that was killed.
    let rows = [("a", 0.9), ("b", 0.1), ("a", 1.1), ("ab", 0.1)];
    let rows = (1..)
        .zip(rows)
        .map(|(id, (tag, silent_for))| tagged(id, tag, silent_for));
    peers.note_rows(rows.chain([row(5, 0.1)]).collect(), clock.now());
    assert_eq!(peers.namesakes("a"), [tagged(1, "a", 0.9)]);
    assert_eq!(peers.namesakes("c"), []);
}

#[test]
fn a_server_that_has_lost_the_database_is_there_while_it_is_heard() {
    let time = ManualClock::standing();
    let clock = time.clock();
    let mut peers = met(&clock);
    let stale = || NodeRow {
        silent_for: 60.0,
        ..wired(1)
    };
    time.advance(HEARD - Duration::from_nanos(1));
    assert_eq!(peers.note_rows(vec![stale()], clock.now()), []);
    time.advance(Duration::from_nanos(1));
    let lost = peers.note_rows(vec![stale()], clock.now());
    assert_eq!(lost, [Meeting::Lost(stale())]);
    assert!(peers.call_for_checks(clock.now()));
}

#[test]
fn what_a_lost_server_may_still_commit_is_looked_for() {
    let time = ManualClock::standing();
    let clock = time.clock();
    let mut peers = peers(Wire::Off, &clock);
    assert!(!peers.call_for_checks(clock.now()), "it is alone");
    peers.note_rows(vec![row(1, 0.0)], clock.now());
    assert!(peers.call_for_checks(clock.now()));
    peers.note_rows(Vec::new(), clock.now());
    assert!(peers.call_for_checks(clock.now()));
    time.advance(AFTERWARDS);
    assert!(!peers.call_for_checks(clock.now()));
}

#[test]
fn a_server_that_has_said_all_before_it_left_is_not_looked_for() {
    let clock = ManualClock::standing().clock();
    let mut peers = met(&clock);
    peers.note_frame(ONE, 2, clock.now());
    peers.note_stopping(ONE);
    let lost = peers.note_rows(Vec::new(), clock.now());
    assert_eq!(lost, [Meeting::Lost(wired(1))]);
    assert!(!peers.call_for_checks(clock.now()));
}

#[test]
fn the_number_of_a_frame_says_whether_some_are_missing() {
    let time = ManualClock::standing();
    let clock = time.clock();
    let mut peers = peers(Wire::Whole, &clock);
    assert_eq!(peers.note_frame(ONE, 7, clock.now()), Arrival::Stranger);
    peers.note_rows(vec![wired(1)], clock.now());
    for (number, wanted) in [
        (7, Arrival::First),
        (8, Arrival::Next),
        (8, Arrival::Old),
        (10, Arrival::AfterHole),
        (9, Arrival::Old),
        (11, Arrival::Next),
    ] {
        let arrival = peers.note_frame(ONE, number, clock.now());
        assert_eq!(arrival, wanted, "{number}");
    }
    time.advance(SILENCE);
    assert_eq!(peers.note_frame(ONE, 12, clock.now()), Arrival::First);
    assert_eq!(peers.heard(), [(ONE, 12)]);
}

#[test]
fn nobody_is_checked_who_is_heard_and_hears_this_server() {
    let time = ManualClock::standing();
    let clock = time.clock();
    let mut peers = peers(Wire::Whole, &clock);
    peers.note_rows(vec![wired(1)], clock.now());
    assert!(peers.call_for_checks(clock.now()), "nothing was heard");
    peers.note_frame(ONE, 1, clock.now());
    assert!(!peers.note_beat(ONE, &[(Uuid::from_u128(2), 1)]));
    assert!(peers.call_for_checks(clock.now()), "it may say nothing");
    assert!(peers.note_beat(ONE, &[(OWN, 1)]));
    assert!(!peers.note_beat(ONE, &[(OWN, 2)]), "that is known");
    assert!(!peers.call_for_checks(clock.now()));
    assert!(!peers.note_beat(ONE, &[]));
    assert!(
        peers.call_for_checks(clock.now()),
        "it has lost this server"
    );
    assert!(peers.note_beat(ONE, &[(OWN, 3)]), "what it told nobody");
    time.advance(SILENCE);
    assert!(peers.call_for_checks(clock.now()), "it is silent");
}

#[test]
fn everybody_is_checked_while_this_server_is_apart_or_another_has_no_wire() {
    let clock = ManualClock::standing().clock();
    let mut peers = met(&clock);
    peers.note_wire(Wire::Apart);
    assert!(peers.call_for_checks(clock.now()));
    peers.note_wire(Wire::Whole);
    assert!(!peers.call_for_checks(clock.now()));
    let newer = NodeRow {
        wire: Some((90, 91)),
        ..row(2, 0.0)
    };
    for other in [row(2, 0.0), newer] {
        peers.note_rows(vec![wired(1), other], clock.now());
        assert!(peers.call_for_checks(clock.now()));
        let counted = Hearing::ALL.map(|hearing| peers.count_of(hearing, clock.now()));
        assert_eq!(counted, [1, 0, 1]);
    }
}

#[test]
fn a_server_is_ready_when_it_has_met_all_others_or_has_waited() {
    let time = ManualClock::standing();
    let clock = time.clock();
    assert!(peers(Wire::Off, &clock).are_met(clock.now()));
    let mut alone = peers(Wire::Whole, &clock);
    assert!(!alone.are_met(clock.now()), "who is there is not known");
    alone.note_rows(Vec::new(), clock.now());
    assert!(alone.are_met(clock.now()));
    alone.note_rows(vec![row(2, 0.0)], clock.now());
    assert!(alone.are_met(clock.now()), "the other has no wire");
    assert!(met(&clock).are_met(clock.now()));
    let mut waits = peers(Wire::Apart, &clock);
    waits.note_rows(vec![wired(1)], clock.now());
    time.advance(MEETING - Duration::from_nanos(1));
    assert!(!waits.are_met(clock.now()));
    time.advance(Duration::from_nanos(1));
    assert!(waits.are_met(clock.now()));
}

#[test]
fn nobody_is_told_anything_who_does_not_read_it() {
    let clock = ManualClock::standing().clock();
    let mut peers = peers(Wire::Apart, &clock);
    peers.note_rows(vec![row(2, 0.0)], clock.now());
    assert!(!peers.are_listening());
    peers.note_rows(vec![wired(1)], clock.now());
    assert!(peers.are_listening());
}
