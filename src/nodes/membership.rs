//! This server's row, which it writes once a second, and what the rows of the others say.

use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::Nodes;
use super::peers::{Hearing, Meeting};
use super::warnings::Warnings;
use crate::registry::Rooms;
use crate::room::RoomDeps;
use crate::room::remote::RemoteEvent;
use crate::store::dedicated::Dedicated;
use crate::store::nodes::{self, NodeRow, OwnNode};

/// The interval of beats.
const BEAT: Duration = Duration::from_secs(1);
/// The least time between two beats, however often strangers are heard.
const REST: Duration = Duration::from_millis(100);

/// What a server needs to be among others.
pub(super) struct Membership {
    pub(super) nodes: Nodes,
    pub(super) connection: Dedicated,
    pub(super) room: Arc<RoomDeps>,
    pub(super) rooms: Rooms,
    pub(super) own: OwnNode,
    /// Whether the last beat succeeded.
    pub(super) was_read: bool,
    pub(super) warnings: Warnings,
}

impl Membership {
    /// Beats until the server stops, and deletes the row then.
    pub(super) async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let mut turn = tokio::time::interval(BEAT);
        turn.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !*stopped.borrow() {
            tokio::select! {
                _ = turn.tick() => self.beat().await,
                () = self.nodes.0.strangers.notified() => {
                    self.beat().await;
                    tokio::time::sleep(REST).await;
                }
                _ = stopped.changed() => {}
            }
        }
        let id = self.own.id;
        let leave = move |connection: &mut _| nodes::leave(connection, id);
        if let Err(error) = self.connection.ask(leave).await {
            log::debug!(event = "node_not_removed"; "{error}");
        }
    }

    async fn beat(&mut self) {
        let (own, state) = (self.own.clone(), self.nodes.state());
        let clock = self.room.pool.clock().clone();
        let beat = move |connection: &mut _| nodes::beat(connection, &own, state, &clock);
        let asked = self.nodes.0.clock.now();
        match self.connection.ask(beat).await {
            Ok(rows) => {
                self.was_read = true;
                self.note(rows, asked);
            }
            // Who is there is not known; those who were there still count.
            Err(error) => {
                if std::mem::replace(&mut self.was_read, false) {
                    log::warn!(event = "peers_not_read"; "{error}");
                }
            }
        }
    }

    fn note(&mut self, rows: Vec<NodeRow>, asked: Instant) {
        let shared = &self.nodes.0;
        let now = shared.clock.now();
        let mut all = shared.peers.lock();
        let meetings = all.note_rows(rows, asked);
        self.room.outgoing.set_peers(all.are_listening());
        let counted = Hearing::ALL.map(|hearing| (hearing, all.count_of(hearing, now)));
        let alive = all.ids();
        let tag = self.own.tag.as_deref();
        let namesakes = tag.map_or_else(Vec::new, |tag| all.namesakes(tag));
        let unheard = all.unheard(now);
        let wire = all.wire();
        drop(all);
        let count = i64::try_from(namesakes.len()).unwrap_or(i64::MAX);
        self.room.metrics.nodes.same_tag.set(count);
        self.warnings.note_namesakes(&namesakes);
        let peers = alive.len();
        self.room.directory.note_alive(&alive, now);
        for meeting in &meetings {
            tell(meeting);
            if let Meeting::Lost(peer) = meeting {
                self.rooms.hear_everywhere(|| RemoteEvent::Gone(peer.id));
            }
        }
        for (hearing, count) in counted {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            let state = &[hearing.name()];
            self.room
                .metrics
                .nodes
                .peers
                .with_label_values(state)
                .set(count);
        }
        self.warnings.note_peers(peers, wire);
        self.warnings.note_unheard(&unheard);
    }
}

fn tell(meeting: &Meeting) {
    let (event, text, peer) = match meeting {
        Meeting::Met(peer) => ("peer_met", "another server runs on this database", peer),
        Meeting::Lost(peer) => ("peer_lost", "another server is gone", peer),
    };
    log::info!(
        event = event, peer:% = peer.id, tag = peer.tag.as_deref().unwrap_or(""),
        address = peer.address.as_str(), version = peer.version.as_str();
        "{text}"
    );
}
