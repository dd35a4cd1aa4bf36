//! The other servers: which are alive by their rows, and which are heard over the wire. Pure.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use crate::store::nodes::NodeRow;
use crate::telemetry::node_metrics::PEER_STATES;
use crate::wire::frame::VERSION;
use crate::wire::section::NodeId;

/// The seconds without a beat after which a server counts as dead.
const DEAD: f64 = 5.0;
/// A server that is heard is not dead, although it may have lost the database.
const HEARD: Duration = Duration::from_secs(5);
/// A server of which nothing was heard for so long may have sent something in vain: each sends a frame every 250 ms.
pub(super) const SILENCE: Duration = Duration::from_millis(1_500);
/// For how long the entries of a server that is gone are looked for: a statement that it had sent may still be committed.
const AFTERWARDS: Duration = Duration::from_secs(15);
/// How long a server waits at its start until it has met all others.
const MEETING: Duration = Duration::from_secs(3);

/// How this server hears its peers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wire {
    /// There is no wire: it asks the database.
    #[default]
    Off,
    /// Redis is away, or what this server publishes does not come back: it asks the database.
    Apart,
    /// What this server publishes comes back.
    Whole,
}

impl Wire {
    /// The name in `/readyz`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Apart => "apart",
            Self::Whole => "whole",
        }
    }
}

/// The live servers besides this one.
#[derive(Debug)]
pub(super) struct Peers {
    own: NodeId,
    wire: Wire,
    began: Instant,
    /// Whether the rows were ever read.
    were_read: bool,
    alive: HashMap<NodeId, Peer>,
    /// Until when the database is to be asked for what servers have written that are gone.
    check_until: Option<Instant>,
}

/// When a server has last beaten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beaten {
    /// Before this server began. In a copied database, the row may be of a server on the original: what it says on a shared Redis is about
    /// another database.
    BeforeThisBegan,
    /// In this database, and since this server began.
    Since,
}

#[derive(Debug)]
struct Peer {
    row: NodeRow,
    met_at: Instant,
    beaten: Beaten,
    heard: Option<Heard>,
    /// Whether it has announced that it stops, after everything else.
    is_stopping: bool,
}

/// What was heard of a peer.
#[derive(Debug)]
struct Heard {
    /// The number of the last frame.
    number: u64,
    at: Instant,
    /// Whether it has said last that it hears this server, and so announces everything that it commits.
    hears_this: bool,
}

/// A change of who is there.
#[derive(Debug, PartialEq)]
pub(super) enum Meeting {
    /// It is there.
    Met(NodeRow),
    /// It has stopped, or neither its row nor its frames have come for too long.
    Lost(NodeRow),
}

/// What the number of a frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// No row of this database names its server, or none that was written since this server began. It is not to be believed; a server that
    /// has just started is known once its row was read.
    Stranger,
    /// It was heard before, or is older than one that was.
    Old,
    /// It follows the one before.
    Next,
    /// It is the first of its server, or the first after a silence.
    First,
    /// Frames before it are missing.
    AfterHole,
}

impl Arrival {
    /// Whether its sections are new.
    pub(super) fn is_news(self) -> bool {
        match self {
            Self::Stranger | Self::Old => false,
            Self::Next | Self::First | Self::AfterHole => true,
        }
    }

    /// Whether something before it may have been missed.
    pub(super) fn may_miss_some(self) -> bool {
        matches!(self, Self::First | Self::AfterHole)
    }
}

/// How a peer is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hearing {
    /// Its frames come.
    Heard,
    /// It has a wire, and no frame of it has come for a while.
    Silent,
    /// It has no wire, or one that this server does not read.
    WithoutWire,
}

impl Hearing {
    /// All of them.
    pub(super) const ALL: [Self; 3] = [Self::Heard, Self::Silent, Self::WithoutWire];

    /// The name in metrics.
    pub(super) fn name(self) -> &'static str {
        let [heard, silent, without_wire] = PEER_STATES;
        match self {
            Self::Heard => heard,
            Self::Silent => silent,
            Self::WithoutWire => without_wire,
        }
    }
}

impl Peer {
    fn new(row: NodeRow, beaten: Beaten, now: Instant) -> Self {
        Self {
            row,
            met_at: now,
            beaten,
            heard: None,
            is_stopping: false,
        }
    }

    /// Whether it is there although it may have lost the database.
    fn is_heard(&self, now: Instant) -> bool {
        let heard = self.heard.as_ref();
        heard.is_some_and(|heard| heard.is_recent(HEARD, now))
    }

    fn hearing(&self, now: Instant) -> Hearing {
        match &self.heard {
            _ if !self.reads_this_wire() => Hearing::WithoutWire,
            Some(heard) if heard.is_recent(SILENCE, now) => Hearing::Heard,
            Some(_) | None => Hearing::Silent,
        }
    }

    fn reads_this_wire(&self) -> bool {
        let version = i16::from(VERSION);
        let reads = |(from, to): (i16, i16)| (from..=to).contains(&version);
        self.row.wire.is_some_and(reads)
    }

    /// Whether everything that it commits from now on is announced and heard.
    fn is_met(&self, now: Instant) -> bool {
        let hears_this = self.heard.as_ref().is_some_and(|it| it.hears_this);
        hears_this && self.hearing(now) == Hearing::Heard
    }
}

impl Heard {
    fn is_recent(&self, age: Duration, now: Instant) -> bool {
        now.saturating_duration_since(self.at) < age
    }
}

impl Peers {
    /// A server that knows of no other yet.
    pub(super) fn new(own: NodeId, wire: Wire, now: Instant) -> Self {
        Self {
            own,
            wire,
            began: now,
            were_read: false,
            alive: HashMap::new(),
            check_until: None,
        }
    }

    fn beaten(&self, row: &NodeRow, asked: Instant) -> Beaten {
        let age = asked.saturating_duration_since(self.began).as_secs_f64();
        match row.silent_for <= age {
            true => Beaten::Since,
            false => Beaten::BeforeThisBegan,
        }
    }

    /// Takes in the rows of all other servers, which the database was asked for at `now`. One whose row is old stays while it is heard; one
    /// without a row has left.
    pub(super) fn note_rows(&mut self, rows: Vec<NodeRow>, now: Instant) -> Vec<Meeting> {
        self.were_read = true;
        let mut met = Vec::new();
        let mut before = std::mem::take(&mut self.alive);
        for row in rows {
            let known = before.remove(&row.id);
            let beaten = self.beaten(&row, now);
            let is_heard = known.as_ref().is_some_and(|peer| peer.is_heard(now));
            match known {
                Some(mut peer) if row.silent_for < DEAD || is_heard => {
                    if beaten == Beaten::Since {
                        peer.beaten = beaten;
                    }
                    self.alive.insert(row.id, Peer { row, ..peer });
                }
                None if row.silent_for < DEAD => {
                    met.push(Meeting::Met(row.clone()));
                    self.alive.insert(row.id, Peer::new(row, beaten, now));
                }
                Some(peer) => drop(before.insert(row.id, peer)),
                None => {}
            }
        }
        let may_still_commit = before.values().any(|peer| !peer.is_stopping);
        if may_still_commit {
            self.check_until = Some(now + AFTERWARDS);
        }
        let lost = before.into_values().map(|peer| Meeting::Lost(peer.row));
        met.into_iter().chain(lost).collect()
    }

    /// A peer has announced that it stops.
    pub(super) fn note_stopping(&mut self, node: NodeId) {
        if let Some(peer) = self.alive.get_mut(&node) {
            peer.is_stopping = true;
        }
    }

    /// A frame of a server has come.
    pub(super) fn note_frame(&mut self, node: NodeId, number: u64, now: Instant) -> Arrival {
        let known = self.alive.get_mut(&node);
        let Some(peer) = known.filter(|peer| peer.beaten == Beaten::Since) else {
            return Arrival::Stranger;
        };
        let Some(heard) = &mut peer.heard else {
            peer.heard = Some(Heard {
                number,
                at: now,
                hears_this: false,
            });
            return Arrival::First;
        };
        if number <= heard.number {
            return Arrival::Old;
        }
        let follows = number == heard.number + 1;
        let was_silent = !heard.is_recent(SILENCE, now);
        (heard.number, heard.at) = (number, now);
        match (follows, was_silent) {
            (false, _) => Arrival::AfterHole,
            (true, true) => Arrival::First,
            (true, false) => Arrival::Next,
        }
    }

    /// A peer has said whom it hears. Answers whether it hears this server since just now.
    pub(super) fn note_beat(&mut self, node: NodeId, hears: &[(NodeId, u64)]) -> bool {
        let heard = self.alive.get_mut(&node);
        let Some(heard) = heard.and_then(|peer| peer.heard.as_mut()) else {
            return false;
        };
        let hears_this = hears.iter().any(|(node, _)| *node == self.own);
        let has_heard = std::mem::replace(&mut heard.hears_this, hears_this);
        hears_this && !has_heard
    }

    /// The wire is in this state from now on.
    pub(super) fn note_wire(&mut self, wire: Wire) {
        self.wire = wire;
    }

    pub(super) fn wire(&self) -> Wire {
        self.wire
    }

    pub(super) fn ids(&self) -> HashSet<NodeId> {
        self.alive.keys().copied().collect()
    }

    pub(super) fn count(&self) -> usize {
        self.alive.len()
    }

    /// The peers that are not heard, although this server hears what it publishes itself: not those that it has just met.
    pub(super) fn unheard(&self, now: Instant) -> Vec<(NodeRow, Hearing)> {
        let is_old = |peer: &&Peer| now.saturating_duration_since(peer.met_at) >= HEARD;
        let peers = self.alive.values().filter(is_old);
        let hearings = peers.map(|peer| (peer.row.clone(), peer.hearing(now)));
        match self.wire {
            Wire::Whole => hearings
                .filter(|(_, hearing)| *hearing != Hearing::Heard)
                .collect(),
            Wire::Off | Wire::Apart => Vec::new(),
        }
    }

    /// The number of peers that are heard in this way.
    pub(super) fn count_of(&self, hearing: Hearing, now: Instant) -> usize {
        let peers = self.alive.values();
        peers.filter(|peer| peer.hearing(now) == hearing).count()
    }

    /// The peers with this tag that have beaten since this server began. What an earlier start of this server has left is none of them.
    pub(super) fn namesakes(&self, tag: &str) -> Vec<NodeRow> {
        let peers = self.alive.values();
        let since = peers.filter(|peer| peer.beaten == Beaten::Since);
        let rows = since.map(|peer| &peer.row);
        let namesakes = rows.filter(|row| row.tag.as_deref() == Some(tag));
        namesakes.cloned().collect()
    }

    /// Whether anybody reads what this server says.
    pub(super) fn are_listening(&self) -> bool {
        self.alive.values().any(Peer::reads_this_wire)
    }

    /// The number of the last frame of each peer.
    pub(super) fn heard(&self) -> Vec<(NodeId, u64)> {
        let peers = self.alive.iter();
        let heard = peers.filter_map(|(id, peer)| Some((*id, peer.heard.as_ref()?.number)));
        heard.collect()
    }

    /// Whether others may have written something of which this server hears in no other way.
    pub(super) fn call_for_checks(&self, now: Instant) -> bool {
        let is_afterwards = self.check_until.is_some_and(|until| now < until);
        let is_unheard = |peer: &Peer| self.wire != Wire::Whole || !peer.is_met(now);
        is_afterwards || self.alive.values().any(is_unheard)
    }

    /// Whether this server hears all others, or has waited for that long enough.
    pub(super) fn are_met(&self, now: Instant) -> bool {
        let has_waited = now.saturating_duration_since(self.began) >= MEETING;
        let mut with_wire = self.alive.values().filter(|peer| peer.reads_this_wire());
        let is_met = |peer: &Peer| self.wire == Wire::Whole && peer.is_met(now);
        self.wire == Wire::Off || has_waited || self.were_read && with_wire.all(is_met)
    }
}

#[cfg(test)]
#[path = "peers_tests.rs"]
mod tests;
