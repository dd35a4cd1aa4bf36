//! A WebSocket of Engine.IO: the actor that serves a session, or probes whether it can.

use actix::prelude::*;
use actix_http::ws::Item;
use actix_web::{HttpRequest, HttpResponse, web};
use actix_web_actors::ws;
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use futures_util::Stream;
use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::Ending;
use super::engine::Engine;
use super::line::{Batch, Carrier, Line};
use super::packet::{Message, PING, PROBED, Packet, decode};
use super::query::{Problem, Transport};
use crate::guard::{FrameGuard, Guarded, Violation, close_reason};
use crate::handshake;
use crate::queue::{CloseReason, Extension, Frame};

/// The actor of one WebSocket.
struct WebSocketActor<E: Extension> {
    engine: Arc<Engine<E>>,
    line: Arc<Line<E>>,
    stage: Stage,
    verdict: Rc<Cell<Option<Violation>>>,
    /// A message in several frames; bounded by the frame guard.
    pieces: BytesMut,
    pieces_are_text: bool,
}

/// The stage of the WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It opens a session.
    Opening,
    /// Its session is polling; it waits for the probe.
    Probing,
    /// The probe was answered; it waits for the upgrade.
    Probed,
    /// It serves the session.
    Carrying,
    /// The session already has another WebSocket.
    Refused,
}

/// Opens a session, or begins the upgrade of a polling one.
pub(super) fn upgrade<E: Extension>(
    engine: &web::Data<Engine<E>>,
    line: Option<Arc<Line<E>>>,
    request: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let mut response = handshake::accept(request).ok_or(Problem::NoHandshake)?;
    let (line, stage) = match line {
        None => (engine.open(request, Transport::Websocket)?, Stage::Opening),
        Some(line) => match line.step(Carrier::Polling, Carrier::Probing) {
            true => (line, Stage::Probing),
            false => (line, Stage::Refused),
        },
    };
    let (verdict, limit) = (Rc::new(Cell::new(None)), engine.options.max_payload);
    let guard = FrameGuard::new(limit as u64);
    let stream = Guarded::new(payload, guard, Rc::clone(&verdict));
    let socket = WebSocketActor {
        engine: Arc::clone(engine),
        line,
        stage,
        verdict,
        pieces: BytesMut::new(),
        pieces_are_text: false,
    };
    let codec = actix_http::ws::Codec::new().max_size(limit);
    Ok(response.streaming(ws::WebsocketContext::with_codec(socket, stream, codec)))
}

type Writing<E> = ws::WebsocketContext<WebSocketActor<E>>;

impl<E: Extension> WebSocketActor<E> {
    fn packet(&mut self, packet: Option<Packet<'_>>, context: &mut Writing<E>) {
        match (self.stage, packet) {
            (Stage::Carrying, Some(packet)) => {
                if let Err(ending) = self.line.receive(packet) {
                    self.engine.end(&self.line, ending);
                }
            }
            (Stage::Carrying, None) => self.engine.end(&self.line, MISUSED),
            (Stage::Probing, Some(Packet::Ping("probe")))
                if self.line.step(Carrier::Probing, Carrier::Probed) =>
            {
                self.stage = Stage::Probed;
                context.text(PROBED);
            }
            (Stage::Probed, Some(Packet::Upgrade))
                if self.line.step(Carrier::Probed, Carrier::Websocket) =>
            {
                self.carry(context);
            }
            _ => self.close(CloseReason::Misuse, context),
        }
    }

    fn carry(&mut self, context: &mut Writing<E>) {
        self.stage = Stage::Carrying;
        context.add_stream(Outgoing(Some(Arc::clone(&self.line))));
    }

    /// Handles an invalid or oversized frame, or a broken connection.
    fn fail(&mut self, reason: Option<CloseReason>, context: &mut Writing<E>) {
        let Some(reason) = reason else {
            return context.stop();
        };
        if self.stage == Stage::Carrying {
            self.engine.end(&self.line, Ending::Closed(reason));
        }
        self.close(reason, context);
    }

    fn close(&self, reason: CloseReason, context: &mut Writing<E>) {
        let (code, text) = reason.code_and_text();
        self.engine.options.hooks.closed(code);
        context.close(Some(ws::CloseReason {
            code: ws::CloseCode::Other(code),
            description: Some(text.to_owned()),
        }));
        context.stop();
    }

    fn bytes(&mut self, bytes: Bytes, context: &mut Writing<E>) {
        self.packet(Some(Packet::Message(Message::Binary(bytes))), context);
    }

    fn piece(&mut self, item: Item, context: &mut Writing<E>) {
        match item {
            Item::FirstText(bytes) => self.first_piece(true, &bytes),
            Item::FirstBinary(bytes) => self.first_piece(false, &bytes),
            Item::Continue(bytes) => self.pieces.extend_from_slice(&bytes),
            Item::Last(bytes) => {
                self.pieces.extend_from_slice(&bytes);
                let whole = std::mem::take(&mut self.pieces).freeze();
                if !self.pieces_are_text {
                    return self.bytes(whole, context);
                }
                match ByteString::try_from(whole) {
                    Ok(text) => self.packet(decode(&text), context),
                    Err(_) => self.fail(Some(CloseReason::NotUtf8), context),
                }
            }
        }
    }

    fn first_piece(&mut self, is_text: bool, bytes: &[u8]) {
        self.pieces_are_text = is_text;
        self.pieces.extend_from_slice(bytes);
    }
}

const MISUSED: Ending = Ending::Closed(CloseReason::Misuse);

fn write<E: Extension>(frame: Frame<E::Frame>, context: &mut Writing<E>) {
    match frame {
        Frame::Text(text) => context.text(text),
        Frame::Attached(text, parts) => {
            context.text(text);
            parts.iter().for_each(|part| context.binary(part.clone()));
        }
        Frame::Binary(bytes) => context.binary(bytes),
        Frame::Ping => context.text(ByteString::from_static(PING)),
        Frame::Leave | Frame::Own(_) => {}
    }
}

impl<E: Extension> Actor for WebSocketActor<E> {
    type Context = Writing<E>;

    fn started(&mut self, context: &mut Self::Context) {
        context.set_mailbox_capacity(1);
        match self.stage {
            Stage::Opening => {
                context.text(self.engine.open_packet(&self.line, Transport::Websocket));
                self.carry(context);
            }
            Stage::Refused => self.close(CloseReason::Misuse, context),
            Stage::Probing | Stage::Probed | Stage::Carrying => {
                context.run_later(self.engine.options.upgrade_timeout, |socket, context| {
                    if socket.stage != Stage::Carrying {
                        socket.close(CloseReason::Misuse, context);
                    }
                });
            }
        }
    }
}

impl<E: Extension> Drop for WebSocketActor<E> {
    /// Runs however the connection ends.
    fn drop(&mut self) {
        match self.stage {
            Stage::Opening | Stage::Carrying => self.engine.end(&self.line, Ending::Gone),
            Stage::Probing => drop(self.line.step(Carrier::Probing, Carrier::Polling)),
            Stage::Probed => drop(self.line.step(Carrier::Probed, Carrier::Polling)),
            Stage::Refused => {}
        }
    }
}

impl<E: Extension> StreamHandler<Batch<E::Frame>> for WebSocketActor<E> {
    fn handle(&mut self, batch: Batch<E::Frame>, context: &mut Self::Context) {
        batch
            .frames
            .into_iter()
            .for_each(|frame| write(frame, context));
        if let Some(reason) = batch.close {
            self.engine.end(&self.line, Ending::Closed(reason));
            self.close(reason, context);
        }
    }

    fn finished(&mut self, context: &mut Self::Context) {
        context.close(Some(ws::CloseCode::Normal.into()));
        context.stop();
    }
}

impl<E: Extension> StreamHandler<Result<ws::Message, ws::ProtocolError>> for WebSocketActor<E> {
    fn handle(
        &mut self,
        item: Result<ws::Message, ws::ProtocolError>,
        context: &mut Self::Context,
    ) {
        match item {
            Ok(ws::Message::Text(text)) => self.packet(decode(&text), context),
            Ok(ws::Message::Binary(bytes)) => self.bytes(bytes, context),
            Ok(ws::Message::Ping(payload)) => context.pong(&payload),
            Ok(ws::Message::Pong(_) | ws::Message::Nop) => {}
            Ok(ws::Message::Continuation(item)) => self.piece(item, context),
            Ok(ws::Message::Close(reason)) => {
                context.close(reason);
                context.stop();
            }
            Err(error) => self.fail(close_reason(self.verdict.get(), &error), context),
        }
    }

    /// The peer sends nothing more: it has closed, or violated the protocol, in which case a close frame is
    /// still sent.
    fn finished(&mut self, context: &mut Self::Context) {
        let reason = self.verdict.get().and_then(Violation::close_reason);
        self.fail(reason, context);
    }
}

/// The frames of a session while a WebSocket serves it. The last batch says how the session ended.
struct Outgoing<E: Extension>(Option<Arc<Line<E>>>);

impl<E: Extension> Stream for Outgoing<E> {
    type Item = Batch<E::Frame>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(line) = &self.0 else {
            return Poll::Ready(None);
        };
        let batch = line.poll_batch(context);
        if batch.is_ready() {
            return batch.map(Some);
        }
        match line.carrier() {
            Carrier::Nothing(ending) => {
                self.0 = None;
                let close = match ending {
                    Ending::Gone => None,
                    Ending::Closed(reason) => Some(reason),
                };
                let frames = Vec::new();
                Poll::Ready(Some(Batch { frames, close }))
            }
            _ => Poll::Pending,
        }
    }
}
