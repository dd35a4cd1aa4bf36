//! Engine.IO 4: one session over long-polling or a WebSocket, and from the one to the other; it knows nothing of what is said.
//!
//! A session is a [`Line`], whatever carries it; a WebSocket is an actor that reads and drains it. What leaves it comes from
//! queues ([`crate::queue`]): its own, and those that the application attaches. Each is bounded, and closes the session when it
//! runs over, over either transport; until a polling client asks, or while a peer does not read, frames stay in them.
//!
//! Source of all facts: the protocol's description, version 4 (github.com/socketio/engine.io-protocol), and where it is
//! silent the reference implementation.

mod engine;
mod line;
pub mod packet;
mod polling;
pub mod query;
mod route;
pub mod unpacking;
mod websocket;

use actix_web::HttpRequest;
use clock::Clock;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::queue::{CloseReason, Extension, Frame, SessionId};
use packet::Message;

pub use engine::Engine;
pub use line::Line;
pub use route::routes;

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
    /// Bytes that may wait in each queue of a session.
    pub queue_limit: usize,
    /// What it tells the time by.
    pub clock: Clock,
    /// What it asks and tells around it.
    pub hooks: Arc<dyn Hooks>,
}

impl Default for Options {
    /// The intervals and the size of packets of the reference implementation; 10,000 sessions, of which each may hold 1 MiB.
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            max_payload: 1_000_000,
            max_body: 1_000_000,
            max_sessions: 10_000,
            queue_limit: 1_048_576,
            clock: Clock::default(),
            hooks: Arc::new(NoHooks),
        }
    }
}

/// What an endpoint asks and tells the program that it is a part of. Nothing of it is called for each message.
pub trait Hooks: fmt::Debug + Send + Sync + 'static {
    /// Whether the page that a request comes from may connect; what is no page mostly may. Every page, unless this says otherwise.
    fn admits(&self, request: &HttpRequest) -> bool {
        let _ = request;
        true
    }

    /// A handshake was refused, and this is why; those are not told of that [`Hooks::admits`] or the [`Listener`] refused.
    fn refused(&self, why: &'static str) {
        let _ = why;
    }

    /// The server closes a WebSocket with this code.
    fn closed(&self, code: u16) {
        let _ = code;
    }
}

/// Nothing around it: every page may connect, and nobody is told.
#[derive(Clone, Copy, Debug)]
pub struct NoHooks;

impl Hooks for NoHooks {}

/// What the sessions of an endpoint are for.
pub trait Listener<E: Extension = ()>: Send + Sync {
    /// Takes a session that shakes hands, or turns it away. `line` is kept weakly, or for no longer than the session lives.
    fn open(
        &self,
        request: &HttpRequest,
        line: &Arc<Line<E>>,
    ) -> Result<Box<dyn Session<E>>, Rejection>;
}

/// One session's end of the talk. It is called by one thread at a time, in the order of what came.
pub trait Session<E: Extension = ()>: Send {
    /// A message came. An error closes the session at once.
    fn message(&mut self, message: Message<'_>) -> Result<(), CloseReason>;

    /// Frames leave the queue of `owner`, some of which are neither texts nor bytes (`Leave`, `Own`); what is sent instead.
    fn leaving(&mut self, owner: SessionId, frames: Vec<Frame<E::Frame>>) -> Vec<Frame<E::Frame>>;

    /// The session has ended. Called once; nothing follows.
    fn closed(&mut self, ending: Ending);
}

/// Why a handshake is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
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
