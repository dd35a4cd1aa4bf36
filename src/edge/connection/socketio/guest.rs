//! The way in: a client's events, read and paced, handed to its actor; the way out: what each client alone is told.

use actix::dev::SendError;
use actix::prelude::*;
use bytestring::ByteString;
use parking_lot::Mutex;
use std::sync::Arc;

use super::Socket;
use super::places::Places;
use super::talk::{Ask, Bye, Lost, PageLeft, RoomLost, Talk};
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
    /// Where it is, if it wants to be told.
    places: Option<Arc<Mutex<Places>>>,
}

impl Guest {
    pub(super) fn new(
        deps: Arc<SessionDeps>,
        socket: Socket,
        principal: Arc<Principal>,
        talk: Addr<Talk>,
        places: Option<Arc<Mutex<Places>>>,
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
        }
    }

    /// An event as the client is told it.
    fn told(&self, event: &RoomEvent, role: Option<&str>) -> Option<Told> {
        let dialect = self.socket.queue().state().dialect();
        let dialects = &self.deps.dialects;
        dialects.told(dialect, event, role, self.principal.no)
    }

    /// Whether an event comes too late: it was missed, and the client was told meanwhile that it may not read there any more.
    fn is_over(&self, event: &RoomEvent, heard: Heard) -> bool {
        let Some(places) = &self.places else {
            return false;
        };
        let conversation = event.conversation;
        if matches!(event.change, Change::Lost { .. }) {
            if places.lock().lose(conversation) {
                self.talk.do_send(Lost(conversation));
            }
            return false;
        }
        heard == Heard::Joined && places.lock().is_lost(conversation)
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
                if self.is_over(&event, heard) {
                    return None;
                }
                let told = self.told(&event, role.as_deref())?;
                let seq = event.seq.filter(|_| heard == Heard::Joined);
                let with_offset = self.places.as_ref().zip(seq).and_then(|(places, seq)| {
                    let seq = if told.is_last_of_seq { seq } else { seq - 1 };
                    places.lock().advance(event.conversation, seq, &told.bytes)
                });
                Some(with_offset.unwrap_or(told.bytes))
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
