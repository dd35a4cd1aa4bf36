//! The way in: a client's events, read and paced, handed to its actor; the way out: what each client alone is told.

use actix::dev::SendError;
use actix::prelude::*;
use bytestring::ByteString;
use parking_lot::Mutex;
use std::sync::Arc;

use super::Socket;
use super::places::Places;
use super::talk::{AccessLost, Ask, Bye, PageLeft, RoomLost, Talk};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::domain::room_event::{Change, RoomEvent};
use crate::edge::connection::{SessionDeps, TOO_FAST_LIMIT};
use crate::edge::dialect::{self, Told};
use crate::identity::rate_limits::SessionRate;
use crate::queue::{Chat, ChatFrame, CloseReason, Heard};
use socketio::{ClientEvent, Disconnected, NamespaceHandler};

const TOO_MUCH: Refusal = Refusal::Unavailable("Too much is waiting here: try again");

/// A client in a namespace.
pub(super) struct Guest {
    deps: Arc<SessionDeps>,
    socket: Socket,
    principal: Arc<Principal>,
    talk: Addr<Talk>,
    pace: SessionRate,
    /// Refusals for speed in a row; too many end the connection.
    too_fast: u32,
    places: Arc<Mutex<Places>>,
    /// Whether its events carry an offset, from which it goes on when it comes back.
    is_recoverable: bool,
}

impl Guest {
    pub(super) fn new(
        deps: Arc<SessionDeps>,
        socket: Socket,
        principal: Arc<Principal>,
        talk: Addr<Talk>,
        places: Arc<Mutex<Places>>,
        is_recoverable: bool,
    ) -> Self {
        let pace = deps.rate_limits.session();
        Self {
            deps,
            socket,
            principal,
            talk,
            pace,
            too_fast: 0,
            places,
            is_recoverable,
        }
    }

    /// Where the event says that its user may not read a conversation any more, the client has left it.
    fn note_loss(&self, event: &RoomEvent) {
        let here = event.conversation;
        if let Change::Lost { seq, .. } = event.change
            && self.places.lock().lose(here, seq)
        {
            self.talk.do_send(AccessLost(here));
        }
    }

    /// An event as the client is told it.
    fn told(&self, event: &RoomEvent, role: Option<&str>) -> Option<Told> {
        let dialect = self.socket.queue().state().dialect();
        let dialects = &self.deps.dialects;
        dialects.told(dialect, event, role, self.principal.no)
    }

    fn pace(&mut self) -> Result<(), Refusal> {
        let paced = self
            .deps
            .rate_limits
            .frame(&self.pace, Some(self.principal.no));
        self.too_fast = if paced.is_ok() { 0 } else { self.too_fast + 1 };
        if self.too_fast > TOO_FAST_LIMIT {
            self.socket.close(CloseReason::TooFast);
        }
        paced
    }

    fn read(&mut self, event: &ClientEvent<'_, Chat>) -> Result<dialect::Incoming, Refusal> {
        self.pace()?;
        let dialect = self.socket.queue().state().dialect();
        let dialects = &self.deps.dialects;
        let incoming = dialects.read(dialect, event.name, event.arguments)?;
        for acting in &incoming.acting {
            self.principal.must_be(acting.as_deref())?;
        }
        Ok(incoming)
    }
}

impl NamespaceHandler<Chat> for Guest {
    fn event(&mut self, event: ClientEvent<'_, Chat>) {
        let read = self.read(&event);
        let (socket, metrics) = (&self.socket, &self.deps.room.metrics);
        let refuse =
            |ack, refusal: Refusal| super::talk::refuse(socket, ack, refusal.into(), metrics);
        match read {
            Err(refusal) => refuse(event.ack, refusal),
            Ok(incoming) => {
                let ask = Ask {
                    request: incoming.request,
                    ack: event.ack,
                };
                match self.talk.try_send(ask) {
                    Ok(()) | Err(SendError::Closed(_)) => {}
                    Err(SendError::Full(ask)) => refuse(ask.ack, TOO_MUCH),
                }
            }
        }
    }

    fn leaving(&mut self, frame: ChatFrame) -> Option<ByteString> {
        match frame {
            ChatFrame::Event { event, role, heard } => {
                let here = event.conversation;
                match heard {
                    Heard::Elsewhere if self.places.lock().has_joined(here) => return None,
                    Heard::Joined | Heard::Elsewhere => {}
                    Heard::Anywhere => self.note_loss(&event),
                }
                let told = self.told(&event, role.as_deref())?;
                let seq = event
                    .seq
                    .filter(|_| heard == Heard::Joined && self.is_recoverable);
                let Some(seq) = seq else {
                    return Some(told.bytes);
                };
                let seq = if told.is_last_of_seq { seq } else { seq - 1 };
                self.places.lock().advance(here, seq, &told.bytes)
            }
            ChatFrame::Rejoin(conversation, after) => {
                self.talk.do_send(RoomLost {
                    conversation,
                    after,
                });
                None
            }
            ChatFrame::PageEnd(turn) => {
                self.talk.do_send(PageLeft(turn));
                None
            }
        }
    }

    fn disconnected(&mut self, departure: Disconnected) {
        self.talk.do_send(Bye(departure));
    }
}
