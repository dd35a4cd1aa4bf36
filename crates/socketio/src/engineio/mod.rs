//! Engine.IO 4: sessions over long polling or a WebSocket, with upgrades from the former to the latter. It does
//! not interpret messages.
//!
//! A session is a [`Line`] over either transport; a WebSocket is an actor that reads and drains it. A session
//! sends the frames of queues ([`crate::queue`]): its own, and those that the application attaches. Each queue
//! is bounded and closes the session when it overflows. Frames stay in the queues until a polling client asks,
//! or while a peer does not read.
//!
//! The source of all protocol facts is the specification, version 4 (github.com/socketio/engine.io-protocol),
//! and where it is silent the reference implementation.

mod engine;
mod line;
pub mod packet;
mod polling;
pub mod query;
mod route;
pub mod sid;
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
pub use sid::Tag;

/// Limits of an endpoint.
#[derive(Clone, Debug)]
pub struct Options {
    /// The interval of pings.
    pub ping_interval: Duration,
    /// How long to wait for a pong.
    pub ping_timeout: Duration,
    /// The time limit of an upgrade.
    pub upgrade_timeout: Duration,
    /// The most bytes of a packet: of a WebSocket message, and of each packet in a POST. Clients that know it
    /// keep POSTs below it too.
    pub max_payload: usize,
    /// The most bytes of a POST's body, which may contain many packets: older clients send all waiting packets
    /// in one.
    pub max_body: usize,
    /// The most sessions, including those that have only completed the handshake.
    pub max_sessions: usize,
    /// The most bytes that may wait in each queue of a session.
    pub queue_limit: usize,
    /// Stands before the id of each session, so that a balancer can send its requests to this node. `None` for a node that is alone.
    pub tag: Option<Tag>,
    /// What it tells the time by.
    pub clock: Clock,
    /// Callbacks into the surrounding program.
    pub hooks: Arc<dyn Hooks>,
}

impl Default for Options {
    /// The reference implementation's intervals and packet size; 10,000 sessions with 1 MiB each.
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            max_payload: 1_000_000,
            max_body: 1_000_000,
            max_sessions: 10_000,
            queue_limit: 1_048_576,
            tag: None,
            clock: Clock::default(),
            hooks: Arc::new(NoHooks),
        }
    }
}

/// Callbacks into the surrounding program. None is called for each message.
pub trait Hooks: fmt::Debug + Send + Sync + 'static {
    /// Whether a request's origin may connect. The default permits every origin.
    fn admits(&self, request: &HttpRequest) -> bool {
        let _ = request;
        true
    }

    /// A handshake was refused for this reason. Not called for refusals by [`Hooks::admits`] or the
    /// [`Listener`].
    fn refused(&self, why: &'static str) {
        let _ = why;
    }

    /// A request for a session of the node with this tag came here; it is answered like one for a session that does not exist.
    fn misrouted(&self, tag: Tag) {
        let _ = tag;
    }

    /// The server closes a WebSocket with this code.
    fn closed(&self, code: u16) {
        let _ = code;
    }
}

/// No callbacks: every origin may connect.
#[derive(Clone, Copy, Debug)]
pub struct NoHooks;

impl Hooks for NoHooks {}

/// Creates the sessions of an endpoint.
pub trait Listener<E: Extension = ()>: Send + Sync {
    /// Accepts or refuses a handshake. The implementation must keep `line` weakly, or no longer than the
    /// session.
    fn open(
        &self,
        request: &HttpRequest,
        line: &Arc<Line<E>>,
    ) -> Result<Box<dyn Session<E>>, Rejection>;
}

/// The application's side of a session. Calls are sequential, in the order of the packets.
pub trait Session<E: Extension = ()>: Send {
    /// Whether a request may bring the session's packets: a POST, or the WebSocket that it upgrades to. One that may not gets 403 and
    /// changes nothing. The default permits all.
    fn admits(&self, request: &HttpRequest) -> bool {
        let _ = request;
        true
    }

    /// A message arrived. An error closes the session at once.
    fn message(&mut self, message: Message<'_>) -> Result<(), CloseReason>;

    /// Frames leave the queue of `owner`, including `Leave` and `Own` frames; returns the frames to send
    /// instead.
    fn leaving(&mut self, owner: SessionId, frames: Vec<Frame<E::Frame>>) -> Vec<Frame<E::Frame>>;

    /// The session has ended. Called once; no call follows.
    fn closed(&mut self, ending: Ending);
}

/// Why a handshake is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The caller has no access: status 403.
    Forbidden,
    /// Not possible now: status 503.
    Unavailable,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The client closed it, or its connection broke.
    Gone,
    /// The server closed it.
    Closed(CloseReason),
}
