//! Engine.IO 4: one session over long-polling or a WebSocket, and from the one to the other; it knows nothing of what is said.
//!
//! A session is a [`Line`], whatever carries it; a WebSocket is an actor that reads and drains it. What leaves it comes from
//! outboxes ([`crate::outbox`]): its own, and those that the application attaches. Each is bounded, and closes the session when it
//! runs over, over either transport; until a polling client asks, or while a peer does not read, frames stay in them.
//!
//! Source of all facts: the protocol's description, version 4 (github.com/socketio/engine.io-protocol), and where it is
//! silent the reference implementation.

mod door;
mod engine;
mod line;
pub mod packet;
mod polling;
pub mod query;
pub mod unpacking;
mod websocket;

use actix_web::HttpRequest;
use prometheus::IntCounterVec;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::ids::SessionId;
use crate::outbox::{CloseReason, Frame};
use crate::refusal_log::RefusalLog;
use crate::wire::origin::Origins;
use packet::Message;

pub use door::routes;
pub use engine::Engine;
pub use line::Line;

/// Bounds of an endpoint.
#[derive(Clone, Debug)]
pub struct Options {
    /// How often the server pings.
    pub ping_interval: Duration,
    /// How long it waits for the pong.
    pub ping_timeout: Duration,
    /// How long an upgrade may take from the socket's opening to its end.
    pub upgrade_timeout: Duration,
    /// Bytes of one packet: of a WebSocket message, and of each packet in a POST. Clients that know it make no longer POSTs either.
    pub max_payload: usize,
    /// Bytes of a POST's body, which may hold many packets: older clients put everything that waits into one.
    pub max_body: usize,
    /// Sessions at once, those that have only shaken hands included.
    pub max_sessions: usize,
    /// Bytes that may wait in each outbox of a session.
    pub outbox_limit: usize,
    /// Whose pages may connect.
    pub origins: Origins,
    /// Where WebSockets are counted that the server closes, by close code.
    pub closed: Option<IntCounterVec>,
    /// Why handshakes are refused, for the log.
    pub refusals: Arc<RefusalLog>,
}

/// What the sessions of an endpoint are for.
pub trait Listener: Send + Sync {
    /// Takes a session that shakes hands, or turns it away. `line` is kept weakly, or for no longer than the session lives.
    fn open(&self, request: &HttpRequest, line: &Arc<Line>) -> Result<Box<dyn Session>, Turned>;
}

/// One session's end of the talk. It is called by one thread at a time, in the order of what came.
pub trait Session: Send {
    /// A message came. An error closes the session at once.
    fn message(&mut self, message: Message<'_>) -> Result<(), CloseReason>;

    /// Frames leave the outbox of `owner`, and some only the application understands (`Leave`, `Rejoin`, `Placed`); what is sent instead.
    fn leaving(&mut self, owner: SessionId, frames: Vec<Frame>) -> Vec<Frame>;

    /// The session has ended. Called once; nothing follows.
    fn closed(&mut self, ending: Ending);
}

/// Why a handshake is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turned {
    /// This caller may not: answered 403.
    Forbidden,
    /// Not now: answered 503.
    Unavailable,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The client said so, or its connection broke.
    Gone,
    /// The server closed it.
    Closed(CloseReason),
}
