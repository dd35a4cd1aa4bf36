//! The other servers on this database: who is there, and how this one learns what they have written.
//!
//! Any server may write to any conversation; the row of the conversation orders what they write. Servers tell each other over the
//! wire what they have committed. A room that misses an entry of another server reads it from the database.

mod checks;
mod dispatching;
#[cfg(test)]
mod laws;
mod membership;
mod peers;
mod warnings;

use clock::Clock;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::config::FileStore;
use crate::domain::ids::{SessionId, UserId};
use crate::registry::Rooms;
use crate::room::RoomDeps;
use crate::store::nodes::{NodeState, OwnNode};
use crate::wire::frame::VERSION;
use crate::wire::running::{Heard, RunningWire};
use crate::wire::section::NodeId;
use dispatching::Dispatcher;
use membership::Membership;
use peers::Peers;
use warnings::Warnings;

pub use peers::Wire;

/// What this server knows of the others. Cheap to clone.
#[derive(Clone)]
pub struct Nodes(Arc<Shared>);

struct Shared {
    /// The id of this start of the server.
    id: NodeId,
    clock: Clock,
    peers: Mutex<Peers>,
    is_leaving: AtomicBool,
    /// Asks for a catch-up check now.
    due: Notify,
    /// Asks for the rows of all servers now.
    strangers: Notify,
}

/// What the layers above do about what other servers send.
pub trait PeerEvents {
    /// Something may have been missed that is not read from the database otherwise.
    fn hear_of_gap(&self);
    /// Another profile of this user was stored.
    fn hear_of_profile(&self, user: &UserId);
    /// A user was signed out; who, stands in the database.
    fn hear_of_sign_out(&self);
    /// A Socket.IO client with this private id goes on in this session of another server.
    fn hear_of_takeover(&self, pid: &str, session: SessionId);
    /// A job was inserted by a server that runs none.
    fn hear_of_jobs(&self);
}

/// The topic of hints that jobs were inserted.
pub const JOBS: &str = "jobs";

/// The topic of hints that the check of a file has ended. Their numbers are its owner's and its own.
pub const FILES_CHECKED: &str = "files_checked";

/// A wire that was started, and what comes over it.
pub struct Connected {
    /// What is heard.
    pub heard: Heard,
    /// The running wire.
    pub running: RunningWire,
}

impl Nodes {
    /// A server that has not looked for others yet, with or without a wire.
    pub fn new(id: NodeId, clock: Clock, wire: Wire) -> Self {
        let peers = Mutex::new(Peers::new(id, wire, clock.now()));
        Self(Arc::new(Shared {
            id,
            clock,
            peers,
            is_leaving: AtomicBool::new(false),
            due: Notify::new(),
            strangers: Notify::new(),
        }))
    }

    /// An id for a start of a server.
    pub fn fresh_id() -> NodeId {
        Uuid::new_v4()
    }

    /// The number of live peers.
    pub fn peers(&self) -> usize {
        self.0.peers.lock().count()
    }

    /// How this server hears them.
    pub fn wire(&self) -> Wire {
        self.0.peers.lock().wire()
    }

    /// Whether this server hears all others that have a wire, or has waited for that long enough.
    pub fn are_met(&self) -> bool {
        self.0.peers.lock().are_met(self.0.clock.now())
    }

    /// The server is stopping. Its row says so.
    pub fn note_leaving(&self) {
        self.0.is_leaving.store(true, Ordering::Relaxed);
    }

    fn state(&self) -> NodeState {
        match self.0.is_leaving.load(Ordering::Relaxed) {
            true => NodeState::Leaving,
            false => NodeState::Staying,
        }
    }

    /// Enters this server, which stores files there, among the others, and starts to hear and to check what they write.
    pub fn start(
        &self,
        (tag, address): (Option<String>, String),
        files: FileStore,
        room: &Arc<RoomDeps>,
        rooms: &Rooms,
        wired: Option<(Connected, Box<dyn PeerEvents>)>,
    ) -> RunningNodes {
        let (stopping, stopped) = watch::channel(false);
        let (falling_silent, silent) = watch::channel(false);
        let version = i16::from(VERSION);
        let own = OwnNode {
            id: self.0.id,
            tag,
            address,
            wire: wired.as_ref().map(|_| (version, version)),
        };
        let membership = Membership {
            nodes: self.clone(),
            connection: room.pool.beating(),
            room: Arc::clone(room),
            rooms: rooms.clone(),
            own,
            was_read: true,
            warnings: Warnings::new(files),
        };
        let checks = checks::run(
            self.clone(),
            Arc::clone(room),
            rooms.clone(),
            stopped.clone(),
        );
        let hearing = wired.map(|(connected, above)| {
            let dispatcher = Dispatcher {
                nodes: self.clone(),
                room: Arc::clone(room),
                rooms: rooms.clone(),
                above,
            };
            let hears = dispatcher.run(connected.heard, silent);
            (actix_rt::spawn(hears), connected.running)
        });
        RunningNodes {
            stopping,
            falling_silent,
            beating: actix_rt::spawn(membership.run(stopped)),
            checking: actix_rt::spawn(checks),
            hearing,
        }
    }
}

/// The running tasks.
pub struct RunningNodes {
    stopping: watch::Sender<bool>,
    falling_silent: watch::Sender<bool>,
    beating: JoinHandle<()>,
    checking: JoinHandle<()>,
    hearing: Option<(JoinHandle<()>, RunningWire)>,
}

impl RunningNodes {
    /// Ends them: what waits goes to the other servers, and the notice that this one stops; then its row is deleted.
    pub async fn stop(self) {
        self.falling_silent.send_replace(true);
        if let Some((task, wire)) = self.hearing {
            note_end(task.await);
            wire.stop().await;
        }
        self.stopping.send_replace(true);
        for task in [self.beating, self.checking] {
            note_end(task.await);
        }
    }
}

fn note_end(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        log::error!(event = "nodes_not_stopped"; "{error}");
    }
}
