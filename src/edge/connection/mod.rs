//! One connection: who it is, what it joined, its limits. Turns frames into requests; nothing else.

pub mod connection_limits;
mod identity;
mod joined;
mod replay_queue;
mod replaying;
mod requests;
mod session;
pub mod socketio;
pub mod stage;
pub mod sweeper;
pub mod takeover;
pub mod upgrade;

use actix::prelude::*;
use actix_web_actors::ws;
use bytestring::ByteString;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::config::{ForeignOptions, SocketOptions};
use crate::domain::dialect::Dialect;
use crate::domain::ids::{ConversationId, SessionId, UserNo};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::domain::room_event::{Change, RoomEvent};
use crate::edge::dialect::Dialects;
use crate::edge::native::decode::{Request, decode};
use crate::edge::native::encode;
use crate::edge::native::frame_id::FrameId;
use crate::error::Error;
use crate::identity::people::People;
use crate::identity::rate_limits::{RateLimits, SessionRate};
use crate::queue::{
    AUTHENTICATION_TIMEOUT, ChatFrame, CloseReason, ConnectionQueue, Drain, Drained, Frame, Heard,
};
use crate::registry::Rooms;
use crate::registry::deals::Deals;
use crate::room::reply::{Asker, Reply, told};
use crate::room::{RoomDeps, ToRoom};
use crate::telemetry::refusal_log::RefusalLog;
use ::socketio::guard::{Violation, close_reason};

use joined::Joined;
use session::{Core, JoinNo, Session};
use socketio::Present;
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
    /// How fast anybody may be.
    pub rate_limits: RateLimits,
    /// Bounds of connections.
    pub options: SocketOptions,
    /// How Socket.IO clients are served.
    pub foreign: ForeignOptions,
    /// The dialects that are served.
    pub dialects: Dialects,
    /// The Socket.IO clients that are connected.
    pub present: Present,
    /// Why callers are refused, for the log.
    pub refusals: Arc<RefusalLog>,
    /// How far the server is on its way to its end.
    pub stages: Stages,
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
        identity::hold_to_token(queue, user);
        let directory = &self.room.directory;
        let arrived = directory.arrive(user.no, queue, self.connections_per_user);
        arrived.ok_or_else(|| {
            self.refusals
                .note("connection_refused", WHY, user.id.as_str());
            Refusal::Unavailable(WHY)
        })
    }
}

/// The actor of one connection.
pub struct NativeSession {
    core: Core,
    joined: Joined,
    pace: SessionRate,
    /// Refusals for speed in a row; too many end the session.
    too_fast: u32,
    verdict: Rc<Cell<Option<Violation>>>,
    /// A message that comes in several frames; bounded by the frame guard.
    pieces: Vec<u8>,
}

/// Nobody has this number.
const NOBODY: UserNo = UserNo(-1);
/// Refusals for speed in a row after which a session is closed.
const TOO_FAST_LIMIT: u32 = 200;

impl NativeSession {
    /// A session with the open queue of its connection; `verdict` is what the frame guard says of its peer.
    pub fn new(
        deps: Arc<SessionDeps>,
        queue: Arc<ConnectionQueue>,
        principal: Option<Arc<Principal>>,
        verdict: Rc<Cell<Option<Violation>>>,
    ) -> Self {
        let pace = deps.rate_limits.session();
        let (joined, pieces) = (Joined::default(), Vec::new());
        Self {
            core: Core::new(deps, queue, principal),
            joined,
            pace,
            too_fast: 0,
            verdict,
            pieces,
        }
    }

    fn frame(&mut self, text: &str, context: &mut ws::WebsocketContext<Self>) {
        let Some(incoming) = decode(text) else {
            return self.core.queue.close(CloseReason::Misuse);
        };
        let user = self.core.principal.as_ref().map(|principal| principal.no);
        if let Err(refusal) = self.core.deps.rate_limits.frame(&self.pace, user) {
            self.too_fast += 1;
            if self.too_fast > TOO_FAST_LIMIT {
                self.core.queue.close(CloseReason::TooFast);
            }
            return self.refuse(incoming.id, refusal);
        }
        self.too_fast = 0;
        let caller = self.core.principal.as_ref();
        let named = caller.map_or(Ok(()), |caller| incoming.acting.must_be(caller));
        match named.and(incoming.request) {
            Err(refusal) => self.refuse(incoming.id, refusal),
            Ok(Request::Authenticate { token }) => self.authenticate(incoming.id, token, context),
            Ok(request) => match self.core.principal.clone() {
                None => self.refuse(incoming.id, Refusal::Unauthenticated("Authenticate first")),
                Some(principal) => self.carry(incoming.id, request, principal, context),
            },
        }
    }

    /// An event as the caller is told it, if they are.
    fn told(&self, event: &RoomEvent, role: Option<&str>, heard: Heard) -> Option<ByteString> {
        let here = event.conversation;
        if heard == Heard::Elsewhere && self.joined.accepted_join(here).is_some() {
            return None;
        }
        if matches!(event.change, Change::Lost { .. }) {
            self.joined.lost(here);
        }
        let reader = self.core.principal.as_ref();
        let reader = reader.map_or(NOBODY, |principal| principal.no);
        let dialects = &self.core.deps.dialects;
        let told = dialects.told(Dialect::NATIVE, event, role, reader)?;
        Some(told.bytes)
    }

    fn refuse(&self, id: Option<FrameId>, refusal: Refusal) {
        self.fail(id, Error::Refused(refusal));
    }

    fn fail(&self, id: Option<FrameId>, error: Error) {
        let refusal = told(error, &self.core.deps.room.metrics);
        self.core.queue.text(encode::refusal(id, &refusal));
    }

    fn acknowledge(&self, id: Option<FrameId>, data: impl serde::Serialize) {
        if let Some(id) = id {
            self.core.queue.text(encode::ack(id, data));
        }
    }

    /// Puts the pieces of a message together; the frame guard bounds the whole.
    fn continuation(
        &mut self,
        item: actix_http::ws::Item,
        context: &mut ws::WebsocketContext<Self>,
    ) {
        use actix_http::ws::Item;
        match item {
            Item::FirstText(bytes) => self.pieces = bytes.to_vec(),
            Item::FirstBinary(_) => self.core.queue.close(CloseReason::Misuse),
            Item::Continue(bytes) => self.pieces.extend_from_slice(&bytes),
            Item::Last(bytes) => {
                self.pieces.extend_from_slice(&bytes);
                match String::from_utf8(std::mem::take(&mut self.pieces)) {
                    Ok(text) => self.frame(&text, context),
                    Err(_) => self.core.queue.close(CloseReason::NotUtf8),
                }
            }
        }
    }
}

impl Session for NativeSession {
    fn core(&self) -> &Core {
        &self.core
    }

    fn core_mut(&mut self) -> &mut Core {
        &mut self.core
    }

    fn joined_by(&self, conversation: ConversationId) -> Option<JoinNo> {
        self.joined.accepted_join(conversation)
    }

    /// Its client asked for nothing and can be answered nothing: it comes back by itself, and is told why not.
    fn lose(&mut self, conversation: ConversationId, context: &mut Self::Context) {
        self.joined.leave(conversation);
        replaying::stop(self, conversation, context);
        self.core.queue.close(CloseReason::SlowReader);
    }
}

impl Actor for NativeSession {
    type Context = ws::WebsocketContext<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.set_mailbox_capacity(1);
        context.add_stream(Drain(Arc::clone(&self.core.queue)));
        self.core.deps.room.metrics.connections.inc();
        if self.core.principal.is_none() {
            let patience = Duration::from_secs(self.core.deps.options.authentication_seconds);
            self.core
                .queue
                .set_deadline(patience, AUTHENTICATION_TIMEOUT);
        }
    }
}

impl Drop for NativeSession {
    /// Runs however the connection ends: nothing of it stays.
    fn drop(&mut self) {
        let session = self.core.queue.session();
        self.core.queue.end();
        let directory = &self.core.deps.room.directory;
        directory.close(session);
        self.core.deps.room.metrics.connections.dec();
        let Some(principal) = &self.core.principal else {
            return;
        };
        directory.depart(principal.no, session, Instant::now());
        for conversation in self.joined.all() {
            let reply = Reply::new(conversation, Asker::Nobody);
            self.core
                .deps
                .rooms
                .leave_if_awake(conversation, ToRoom::Leave { session, reply });
        }
    }
}

impl StreamHandler<Drained> for NativeSession {
    fn handle(&mut self, drained: Drained, context: &mut Self::Context) {
        for frame in drained.frames {
            match frame {
                Frame::Text(text) => context.text(text),
                Frame::Own(ChatFrame::Event { event, role, heard }) => {
                    if let Some(text) = self.told(&event, role.as_deref(), heard) {
                        context.text(text);
                    }
                }
                Frame::Ping => context.ping(b""),
                Frame::Own(ChatFrame::Rejoin(conversation, after)) => {
                    replaying::room_lost(self, conversation, after, context);
                }
                Frame::Own(ChatFrame::PageEnd(turn)) => {
                    replaying::page_sent(self, turn, context);
                }
                // Only a Socket.IO connection is sent these.
                Frame::Attached(..) | Frame::Binary(_) | Frame::Leave => {}
            }
        }
        if let Some(reason) = drained.close {
            let (code, text) = reason.code_and_text();
            let closed = &self.core.deps.room.metrics.closed_sockets;
            closed.with_label_values(&[&code.to_string()]).inc();
            context.close(Some(ws::CloseReason {
                code: ws::CloseCode::Other(code),
                description: Some(text.to_owned()),
            }));
            context.stop();
        }
    }
}

impl StreamHandler<Result<ws::Message, ws::ProtocolError>> for NativeSession {
    fn handle(
        &mut self,
        item: Result<ws::Message, ws::ProtocolError>,
        context: &mut Self::Context,
    ) {
        self.core.queue.note_heard();
        match item {
            Ok(ws::Message::Text(text)) => self.frame(&text, context),
            Ok(ws::Message::Ping(payload)) => context.pong(&payload),
            Ok(ws::Message::Pong(_) | ws::Message::Nop) => {}
            Ok(ws::Message::Continuation(item)) => self.continuation(item, context),
            Ok(ws::Message::Binary(_)) => self.core.queue.close(CloseReason::Misuse),
            Ok(ws::Message::Close(reason)) => {
                context.close(reason);
                context.stop();
            }
            Err(error) => match close_reason(self.verdict.get(), &error) {
                Some(reason) => self.core.queue.close(reason),
                None => context.stop(),
            },
        }
    }

    /// Nothing more comes from the peer: it has closed, or what it sent is a violation, and then a close frame still goes out.
    fn finished(&mut self, context: &mut Self::Context) {
        match self.verdict.get().and_then(Violation::close_reason) {
            Some(reason) => self.core.queue.close(reason),
            None if self.core.queue.closing().is_none() => context.stop(),
            None => {}
        }
    }
}

/// An identity for a new connection.
pub fn fresh_session() -> SessionId {
    SessionId(uuid::Uuid::new_v4())
}
