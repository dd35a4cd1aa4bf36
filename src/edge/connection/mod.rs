//! Connections of clients: what their sessions work with, and what counts them.

mod aliases;
pub mod connection_limits;
mod of_message;
mod replay_queue;
mod replaying;
mod requests;
pub mod searches;
mod session;
pub mod socketio;
pub mod stage;
pub mod sweeper;
pub mod takeover;
pub mod upgrade;
mod websocket;

use clock::Clock;
use std::sync::Arc;
use std::time::Duration;

use crate::config::{SocketIoOptions, SocketOptions, Switch};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::edge::dialect::Dialects;
use crate::edge::files::Files;
use crate::identity::last_seen::LastSeen;
use crate::identity::people::People;
use crate::identity::rate_limits::RateLimits;
use crate::nodes::Nodes;
use crate::queue::{ConnectionQueue, UNAUTHENTICATED};
use crate::registry::Rooms;
use crate::registry::deals::Deals;
use crate::room::RoomDeps;
use crate::telemetry::refusal_log::RefusalLog;

use ::socketio::engineio::Tag;
use searches::Searches;
use socketio::ConnectedClients;
use stage::Stages;

/// What sessions work with.
pub struct SessionDeps {
    /// What rooms need too.
    pub room: Arc<RoomDeps>,
    /// The rooms.
    pub rooms: Rooms,
    /// The deals.
    pub deals: Deals,
    /// Who is who.
    pub people: People,
    /// Who has left of late.
    pub last_seen: LastSeen,
    /// How fast anybody may be.
    pub rate_limits: RateLimits,
    /// Bounds of connections.
    pub options: SocketOptions,
    /// Whether messages can be forwarded.
    pub forwarding: Switch,
    /// How Socket.IO clients are served.
    pub socketio: SocketIoOptions,
    /// The dialects that are served.
    pub dialects: Dialects,
    /// The Socket.IO clients that are connected.
    pub connected_clients: ConnectedClients,
    /// The other servers on the database.
    pub nodes: Nodes,
    /// Search; `None` if it is off.
    pub searches: Option<Searches>,
    /// Files.
    pub files: Files,
    /// Why callers are refused, for the log.
    pub refusals: Arc<RefusalLog>,
    /// How far the server is on its way to its end.
    pub stages: Stages,
    /// The tag of this node among several.
    pub node: Option<Tag>,
    /// Connections that one user may have; `None` where that is lifted.
    pub connections_per_user: Option<usize>,
}

impl SessionDeps {
    /// Notes a connection, and that its user is here where that is known; refuses one too many.
    pub fn enter(
        &self,
        queue: &Arc<ConnectionQueue>,
        user: Option<&Principal>,
    ) -> Result<(), Refusal> {
        let directory = &self.room.directory;
        let open = directory.open(queue, self.options.max_connections);
        open.ok_or(Refusal::Unavailable("Too many connections"))?;
        let arrived = user.map_or(Ok(()), |user| self.arrive(queue, user));
        if arrived.is_err() {
            directory.close(queue.session());
        }
        arrived
    }

    /// Notes that the user of a connection is here, for as long as their token counts; refuses one connection too many.
    fn arrive(&self, queue: &Arc<ConnectionQueue>, user: &Principal) -> Result<(), Refusal> {
        const WHY: &str = "Too many connections of this user";
        hold_to_token(queue, user, &self.room.clock);
        let directory = &self.room.directory;
        let arrived = directory.arrive(user.no, queue, self.connections_per_user);
        arrived.ok_or_else(|| {
            self.refusals
                .note("connection_refused", WHY, user.id.as_str());
            Refusal::Unavailable(WHY)
        })
    }
}

/// A connection goes on for as long as the token that it has shown last.
fn hold_to_token(queue: &ConnectionQueue, principal: &Principal, clock: &Clock) {
    queue.state().note_issued(principal.issued_at);
    queue.set_deadline(time_left(principal, clock), UNAUTHENTICATED);
}

/// How long a token is good for still.
fn time_left(principal: &Principal, clock: &Clock) -> Duration {
    Duration::from_secs(principal.valid_until).saturating_sub(clock.since_1970())
}
