//! One native connection: turns frames into requests, and events and answers into frames.

mod client;
mod identity;
mod joined;

use actix::prelude::*;
use actix_web_actors::ws;
use bytestring::ByteString;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use super::session::{Core, FrameRate, Session};
use super::{SessionDeps, replaying, requests};
use crate::domain::access::blocks::ReaderBlocks;
use crate::domain::answer::Answer;
use crate::domain::dialect::Dialect;
use crate::domain::ids::{ConversationId, JoinNo, Seq};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::domain::room_event::{Change, RoomEvent};
use crate::edge::native::decode::{Request, decode};
use crate::edge::native::encode;
use crate::edge::native::events::file_checked;
use crate::edge::native::frame_id::FrameId;
use crate::edge::native::notices::notice_event;
use crate::error::Error;
use crate::queue::{
    AUTHENTICATION_TIMEOUT, ChatFrame, CloseReason, ConnectionQueue, Drain, Drained, Frame, Heard,
};
use crate::room::{Backfill, ToRoom};
use ::socketio::guard::{Violation, close_reason};

use joined::Joined;

/// The actor of one connection.
pub struct NativeSession {
    core: Core<Arc<ConnectionQueue>>,
    joined: Joined,
    pace: FrameRate,
    verdict: Rc<Cell<Option<Violation>>>,
    /// A message that comes in several frames; bounded by the frame guard.
    pieces: Vec<u8>,
}

impl NativeSession {
    /// A session with the open queue of its connection; `verdict` is what the frame guard says of its peer.
    pub fn new(
        deps: Arc<SessionDeps>,
        queue: Arc<ConnectionQueue>,
        principal: Option<Arc<Principal>>,
        verdict: Rc<Cell<Option<Violation>>>,
    ) -> Self {
        Self {
            pace: FrameRate::new(&deps),
            core: Core::new(deps, queue, principal),
            joined: Joined::default(),
            verdict,
            pieces: Vec::new(),
        }
    }

    fn frame(&mut self, text: &str, context: &mut ws::WebsocketContext<Self>) {
        let core = &self.core;
        let Some(incoming) = decode(text) else {
            return core.client.close(CloseReason::Misuse);
        };
        let caller = core.principal.as_ref();
        let user = caller.map(|caller| caller.no);
        let paced = self.pace.frame(&core.deps, user, &core.client);
        let named = caller.map_or(Ok(()), |caller| incoming.acting.must_be(caller));
        match paced.and(named).and(incoming.request) {
            Err(refusal) => core.refuse(incoming.id, refusal),
            Ok(Request::Authenticate { token }) => self.authenticate(incoming.id, token, context),
            Ok(request) => requests::carry(self, incoming.id, request, context),
        }
    }

    /// The text of an event for the client; `None` if the client does not get it.
    fn encoded(
        &self,
        event: &RoomEvent,
        event_reader: (Option<&str>, Option<&ReaderBlocks>),
        heard: Heard,
    ) -> Option<ByteString> {
        let here = event.conversation;
        if heard == Heard::Elsewhere && self.joined_by(here).is_some() {
            return None;
        }
        if matches!(event.change, Change::Lost { .. }) {
            self.joined.lost(here);
        }
        let dialects = &self.core.deps.dialects;
        let told = dialects.encode_for(Dialect::NATIVE, event, event_reader, self.core.reader())?;
        Some(told.bytes)
    }

    fn acknowledge(&self, id: Option<FrameId>, data: impl serde::Serialize) {
        if let Some(id) = id {
            self.core.client.text(encode::ack(id, data));
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
            Item::FirstBinary(_) => self.core.client.close(CloseReason::Misuse),
            Item::Continue(bytes) => self.pieces.extend_from_slice(&bytes),
            Item::Last(bytes) => {
                self.pieces.extend_from_slice(&bytes);
                match String::from_utf8(std::mem::take(&mut self.pieces)) {
                    Ok(text) => self.frame(&text, context),
                    Err(_) => self.core.client.close(CloseReason::NotUtf8),
                }
            }
        }
    }
}

impl Session for NativeSession {
    type Client = Arc<ConnectionQueue>;

    fn core(&self) -> &Core<Self::Client> {
        &self.core
    }

    fn core_mut(&mut self) -> &mut Core<Self::Client> {
        &mut self.core
    }

    fn joined_by(&self, conversation: ConversationId) -> Option<JoinNo> {
        self.joined.accepted_join(conversation)
    }

    fn resume(&mut self, conversation: ConversationId, join: JoinNo) -> Option<JoinNo> {
        self.joined.resume(conversation, join)
    }

    fn join(
        &mut self,
        to: Option<FrameId>,
        conversation: ConversationId,
        after: Option<Seq>,
        _: &mut Self::Context,
    ) {
        let core = &self.core;
        let Some(join) = self.joined.begin(conversation) else {
            let many = "Too many conversations joined by one session";
            return core.refuse(to, Refusal::Unprocessable(many));
        };
        let joined = self.joined.clone();
        let look = move |outcome: &Result<Answer, Error>| match outcome {
            Ok(_) => joined.accepted(conversation, join),
            Err(error) => joined.refused(conversation, join, error),
        };
        let reply = core.reply_and(to, conversation, look);
        core.join_room(conversation, join, Backfill::InReply(after), reply);
    }

    fn leave(&mut self, to: Option<FrameId>, conversation: ConversationId, _: &mut Self::Context) {
        self.joined.leave(conversation);
        let session = self.core.client.session();
        let reply = self.core.reply(to, conversation);
        let leave = ToRoom::Leave { session, reply };
        self.core.deps.rooms.send(conversation, leave);
    }

    /// Its client asked for nothing and can be answered nothing: it comes back by itself, and gets the reason then.
    fn lose(&mut self, conversation: ConversationId, context: &mut Self::Context) {
        self.joined.leave(conversation);
        replaying::stop(self, conversation, context);
        self.core.client.close(CloseReason::SlowReader);
    }
}

impl Actor for NativeSession {
    type Context = ws::WebsocketContext<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.set_mailbox_capacity(1);
        let Core { client, deps, .. } = &self.core;
        context.add_stream(Drain(Arc::clone(client)));
        deps.room.metrics.connections.inc();
        if self.core.principal.is_none() {
            let patience = Duration::from_secs(deps.options.authentication_seconds);
            client.set_deadline(patience, AUTHENTICATION_TIMEOUT);
        }
    }
}

impl Drop for NativeSession {
    /// Runs however the connection ends: nothing of it stays.
    fn drop(&mut self) {
        self.core.depart(self.joined.all());
    }
}

impl StreamHandler<Drained> for NativeSession {
    fn handle(&mut self, drained: Drained, context: &mut Self::Context) {
        for frame in drained.frames {
            match frame {
                Frame::Text(text) => context.text(text),
                Frame::Own(ChatFrame::Event {
                    event,
                    role,
                    reader_blocks,
                    heard,
                }) => {
                    let event_reader = (role.as_deref(), reader_blocks.as_deref());
                    if let Some(text) = self.encoded(&event, event_reader, heard) {
                        context.text(text);
                    }
                }
                Frame::Ping => context.ping(b""),
                Frame::Own(ChatFrame::Rejoin(lost)) => {
                    replaying::room_lost(self, lost, context);
                }
                Frame::Own(ChatFrame::PageEnd(turn)) => {
                    replaying::page_sent(self, turn, context);
                }
                Frame::Own(ChatFrame::FileChecked(end)) => context.text(file_checked(end)),
                Frame::Own(ChatFrame::Notice(news)) => context.text(notice_event(&news)),
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
        self.core.client.note_heard();
        match item {
            Ok(ws::Message::Text(text)) => self.frame(&text, context),
            Ok(ws::Message::Ping(payload)) => context.pong(&payload),
            Ok(ws::Message::Pong(_) | ws::Message::Nop) => {}
            Ok(ws::Message::Continuation(item)) => self.continuation(item, context),
            Ok(ws::Message::Binary(_)) => self.core.client.close(CloseReason::Misuse),
            Ok(ws::Message::Close(reason)) => {
                context.close(reason);
                context.stop();
            }
            Err(error) => match close_reason(self.verdict.get(), &error) {
                Some(reason) => self.core.client.close(reason),
                None => context.stop(),
            },
        }
    }

    /// Nothing more comes from the peer: it has closed, or what it sent is a violation, and then a close frame still goes out.
    fn finished(&mut self, context: &mut Self::Context) {
        match self.verdict.get().and_then(Violation::close_reason) {
            Some(reason) => self.core.client.close(reason),
            None if self.core.client.closing().is_none() => context.stop(),
            None => {}
        }
    }
}
