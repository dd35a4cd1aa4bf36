//! This server's row, which it writes once a second, and what the rows of the others say.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::peers::{Hearing, Meeting};
use super::{Nodes, Wire};
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
    /// Whether it was said that peers are heard late.
    pub(super) has_warned: bool,
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
        match self.connection.ask(beat).await {
            Ok(rows) => {
                self.was_read = true;
                self.note(rows);
            }
            // Who is there is not known; those who were there still count.
            Err(error) => {
                if std::mem::replace(&mut self.was_read, false) {
                    log::warn!(event = "peers_not_read"; "{error}");
                }
            }
        }
    }

    fn note(&mut self, rows: Vec<NodeRow>) {
        let shared = &self.nodes.0;
        let now = shared.clock.now();
        let mut all = shared.peers.lock();
        let meetings = all.note_rows(rows, now);
        self.room.outgoing.set_peers(all.are_listening());
        let counted = Hearing::ALL.map(|hearing| (hearing, all.count_of(hearing, now)));
        let alive = all.ids();
        drop(all);
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
        let is_late = peers > 0 && self.nodes.wire() == Wire::Off;
        if is_late && !std::mem::replace(&mut self.has_warned, true) {
            log::warn!(
                event = "peers_without_wire", peers = peers;
                "other servers run on this database, and this one has no --redis: what is said on them is heard \
                 here up to 1.5 seconds later; typing, presence, and notices of conversations that nobody here has \
                 open are not"
            );
        }
        self.has_warned &= peers > 0;
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
