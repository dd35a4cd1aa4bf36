//! The other servers on this database: who is there, and how this one learns what they have written.
//!
//! Any server may write to any conversation; the row of the conversation orders what they write. A room that
//! misses an entry of another server reads it from the database.

mod checks;
mod membership;
mod peers;

use clock::Clock;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::registry::Rooms;
use crate::room::RoomDeps;
use crate::store::nodes::{Course, OwnNode};
use membership::Membership;
use peers::Peers;

/// How this server hears its peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// There is none: it asks the database.
    Off,
}

impl Wire {
    /// The name in `/readyz`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
        }
    }
}

/// What this server knows of the others. Cheap to clone.
#[derive(Clone)]
pub struct Nodes(Arc<Shared>);

struct Shared {
    /// The id of this start of the server.
    id: Uuid,
    clock: Clock,
    peers: Mutex<Peers>,
    is_leaving: AtomicBool,
    /// Asks for a catch-up check now.
    due: Notify,
}

impl Nodes {
    /// A server that has not looked for others yet.
    pub fn new(clock: Clock) -> Self {
        Self(Arc::new(Shared {
            id: Uuid::new_v4(),
            clock,
            peers: Mutex::default(),
            is_leaving: AtomicBool::new(false),
            due: Notify::new(),
        }))
    }

    /// The number of live peers.
    pub fn peers(&self) -> usize {
        self.0.peers.lock().count()
    }

    /// How this server hears them.
    pub fn wire(&self) -> Wire {
        Wire::Off
    }

    /// The server is stopping. Its row says so.
    pub fn note_leaving(&self) {
        self.0.is_leaving.store(true, Ordering::Relaxed);
    }

    fn course(&self) -> Course {
        match self.0.is_leaving.load(Ordering::Relaxed) {
            true => Course::Leaving,
            false => Course::Staying,
        }
    }

    /// Enters this server among the others and starts to check what they write.
    pub fn start(&self, address: String, room: &Arc<RoomDeps>, rooms: &Rooms) -> RunningNodes {
        let (stopping, stopped) = watch::channel(false);
        let own = OwnNode {
            id: self.0.id,
            tag: None,
            address,
            wire: None,
        };
        let membership = Membership {
            nodes: self.clone(),
            connection: room.pool.beating(),
            metrics: Arc::clone(&room.metrics),
            directory: Arc::clone(&room.directory),
            database_clock: room.pool.clock().clone(),
            own,
            was_read: true,
            has_warned: false,
        };
        let checks = checks::run(
            self.clone(),
            Arc::clone(room),
            rooms.clone(),
            stopped.clone(),
        );
        RunningNodes {
            stopping,
            beating: actix_rt::spawn(membership.run(stopped)),
            checking: actix_rt::spawn(checks),
        }
    }
}

/// The running tasks.
pub struct RunningNodes {
    stopping: watch::Sender<bool>,
    beating: JoinHandle<()>,
    checking: JoinHandle<()>,
}

impl RunningNodes {
    /// Ends them; this server's row is deleted.
    pub async fn stop(self) {
        self.stopping.send_replace(true);
        for task in [self.beating, self.checking] {
            if let Err(error) = task.await {
                log::error!(event = "nodes_not_stopped"; "{error}");
            }
        }
    }
}
