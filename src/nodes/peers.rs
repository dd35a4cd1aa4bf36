//! Which other servers are alive, by their rows. Pure.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};
use uuid::Uuid;

use crate::store::nodes::NodeRow;

/// The seconds without a beat after which a server counts as dead.
const DEAD: f64 = 5.0;
/// For how long the entries of a server that is gone are looked for: a statement that it had sent may still be committed.
const AFTERWARDS: Duration = Duration::from_secs(15);

/// The live servers besides this one.
#[derive(Debug, Default)]
pub(super) struct Peers {
    alive: HashMap<Uuid, NodeRow>,
    /// Until when the database is to be asked for what they write.
    check_until: Option<Instant>,
}

/// A change of who is there.
#[derive(Debug, PartialEq)]
pub(super) enum Meeting {
    /// It is there.
    Met(NodeRow),
    /// It has stopped, or has not beaten for too long.
    Lost(NodeRow),
}

impl Peers {
    /// Takes in the rows of all other servers.
    pub(super) fn note_rows(&mut self, rows: Vec<NodeRow>, now: Instant) -> Vec<Meeting> {
        let rows = rows.into_iter().filter(|row| row.silent_for < DEAD);
        let alive: HashMap<Uuid, NodeRow> = rows.map(|row| (row.id, row)).collect();
        if !alive.is_empty() {
            self.check_until = Some(now + AFTERWARDS);
        }
        let before = std::mem::replace(&mut self.alive, alive);
        let met = self.alive.values();
        let met = met.filter(|row| !before.contains_key(&row.id)).cloned();
        let mut meetings: Vec<Meeting> = met.map(Meeting::Met).collect();
        let lost = before.into_values();
        let lost = lost.filter(|row| !self.alive.contains_key(&row.id));
        meetings.extend(lost.map(Meeting::Lost));
        meetings
    }

    pub(super) fn ids(&self) -> HashSet<Uuid> {
        self.alive.keys().copied().collect()
    }

    pub(super) fn count(&self) -> usize {
        self.alive.len()
    }

    /// Whether others may have written something of which this server hears in no other way.
    pub(super) fn call_for_checks(&self, now: Instant) -> bool {
        self.check_until.is_some_and(|until| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::nodes::Course;
    use clock::ManualClock;

    fn row(id: u128, silent_for: f64) -> NodeRow {
        NodeRow {
            id: Uuid::from_u128(id),
            tag: None,
            address: "127.0.0.1:1".to_owned(),
            version: "1".to_owned(),
            wire: None,
            silent_for,
            course: Course::Staying,
        }
    }

    #[test]
    fn a_server_is_met_once_and_lost_when_it_is_silent_or_its_row_is_gone() {
        let (mut peers, now) = (Peers::default(), ManualClock::standing().clock().now());
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
    fn what_a_lost_server_may_still_commit_is_looked_for() {
        let (time, mut peers) = (ManualClock::standing(), Peers::default());
        let clock = time.clock();
        assert!(!peers.call_for_checks(clock.now()), "it is alone");
        peers.note_rows(vec![row(1, 0.0)], clock.now());
        peers.note_rows(Vec::new(), clock.now());
        assert!(peers.call_for_checks(clock.now()));
        time.advance(AFTERWARDS);
        assert!(!peers.call_for_checks(clock.now()));
    }
}
