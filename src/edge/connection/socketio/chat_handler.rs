//! One client in one namespace, as Socket.IO calls it: its events are read and handed to its session; each event that leaves is
//! written as this client gets it.

use actix::dev::SendError;
use actix::prelude::*;
use bytestring::ByteString;
use parking_lot::Mutex;
use std::sync::Arc;

use super::Socket;
use super::client::AwaitedAck;
use super::resume_cursor::ResumeCursor;
use super::session::{AccessLost, ClientGone, Incoming, PageSent, RoomLost, SocketIoSession};
use crate::domain::access::blocks::ReaderBlocks;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::domain::room_event::{Change, RoomEvent};
use crate::edge::connection::SessionDeps;
use crate::edge::connection::session::{Client, FrameRate};
use crate::edge::dialect::{self, EncodedEvent};
use crate::queue::{Chat, ChatFrame, Heard};
use crate::room::reply::told;
use socketio::{ClientEvent, Disconnected, NamespaceHandler};

const TOO_MUCH: Refusal = Refusal::Unavailable("Too much is waiting here: try again");

/// A client in a namespace.
pub(super) struct ChatHandler {
    deps: Arc<SessionDeps>,
    socket: Socket,
    principal: Arc<Principal>,
    session: Addr<SocketIoSession>,
    pace: FrameRate,
    cursor: Arc<Mutex<ResumeCursor>>,
    /// Whether its events carry an offset, from which it goes on when it comes back.
    is_recoverable: bool,
}

impl ChatHandler {
    pub(super) fn new(
        deps: Arc<SessionDeps>,
        socket: Socket,
        principal: Arc<Principal>,
        session: Addr<SocketIoSession>,
        cursor: Arc<Mutex<ResumeCursor>>,
        is_recoverable: bool,
    ) -> Self {
        Self {
            pace: FrameRate::new(&deps),
            deps,
            socket,
            principal,
            session,
            cursor,
            is_recoverable,
        }
    }

    /// An event, encoded for the client.
    fn encoded(
        &self,
        event: &RoomEvent,
        event_reader: (Option<&str>, Option<&ReaderBlocks>),
    ) -> Option<EncodedEvent> {
        let dialect = self.socket.queue().state().dialect();
        let dialects = &self.deps.dialects;
        dialects.encode_for(dialect, event, event_reader, self.principal.no)
    }

    /// The packet of an event that leaves, with the client's offset after it where the client can go on from there.
    fn packet(
        &self,
        event: &RoomEvent,
        event_reader: (Option<&str>, Option<&ReaderBlocks>),
        heard: Heard,
    ) -> Option<ByteString> {
        let here = event.conversation;
        match heard {
            Heard::Elsewhere if self.cursor.lock().has_joined(here) => return None,
            Heard::Joined | Heard::Elsewhere => {}
            Heard::Anywhere => self.note_loss(event),
        }
        let told = self.encoded(event, event_reader)?;
        let goes_on = heard == Heard::Joined && self.is_recoverable;
        match event.seq.filter(|_| goes_on) {
            None => Some(told.bytes),
            Some(seq) => {
                let seq = if told.is_last_of_seq { seq } else { seq - 1 };
                self.cursor.lock().advance(here, seq, &told.bytes)
            }
        }
    }

    /// Where an event says that the client's user may not read a conversation any more, its session loses it.
    fn note_loss(&self, event: &RoomEvent) {
        let here = event.conversation;
        if let Change::Lost { seq, .. } = event.change
            && self.cursor.lock().lose(here, seq)
        {
            self.session.do_send(AccessLost(here));
        }
    }

    fn read(&mut self, event: &ClientEvent<'_, Chat>) -> Result<dialect::Incoming, Refusal> {
        let queue = self.socket.queue();
        self.pace
            .frame(&self.deps, Some(self.principal.no), queue)?;
        let dialects = &self.deps.dialects;
        let incoming = dialects.read(queue.state().dialect(), event.name, event.arguments)?;
        for acting in &incoming.acting {
            self.principal.must_be(acting.as_deref())?;
        }
        Ok(incoming)
    }

    fn refuse(&self, ack: AwaitedAck, refusal: Refusal) {
        let refusal = told(refusal.into(), &self.deps.room.metrics);
        Client::refuse(&self.socket, &self.deps, ack, &refusal);
    }
}

impl NamespaceHandler<Chat> for ChatHandler {
    fn event(&mut self, event: ClientEvent<'_, Chat>) {
        let read = self.read(&event);
        let dialect = self.socket.queue().state().dialect();
        let ack = AwaitedAck {
            refused_as: self.deps.dialects.refused_as(dialect, event.name),
            ack: event.ack,
        };
        match read {
            Err(refusal) => self.refuse(ack, refusal),
            Ok(read) => {
                let incoming = Incoming {
                    asks: read.asks,
                    ack,
                };
                match self.session.try_send(incoming) {
                    Ok(()) | Err(SendError::Closed(_)) => {}
                    Err(SendError::Full(incoming)) => self.refuse(incoming.ack, TOO_MUCH),
                }
            }
        }
    }

    fn leaving(&mut self, frame: ChatFrame) -> Option<ByteString> {
        match frame {
            ChatFrame::Event {
                event,
                role,
                reader_blocks,
                heard,
            } => {
                let event_reader = (role.as_deref(), reader_blocks.as_deref());
                return self.packet(&event, event_reader, heard);
            }
            ChatFrame::Rejoin(lost) => self.session.do_send(RoomLost(lost)),
            ChatFrame::PageEnd(turn) => self.session.do_send(PageSent(turn)),
            ChatFrame::Notice(news) => {
                let dialect = self.socket.queue().state().dialect();
                return self.deps.dialects.notice(dialect, &news);
            }
            // The dialects of Socket.IO have no event for it.
            ChatFrame::FileChecked(_) => {}
        }
        None
    }

    fn disconnected(&mut self, departure: Disconnected) {
        self.session.do_send(ClientGone(departure));
    }
}
