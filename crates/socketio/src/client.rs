//! One connection of Socket.IO: the namespaces that it is in, and the packet whose attachments are still to come.

use bytes::Bytes;
use bytestring::ByteString;
use parking_lot::Mutex;
use serde_json::value::RawValue;
use std::sync::{Arc, Weak};
use uuid::Uuid;

use super::packet::{self, Body, Packet};
use super::{
    Accepted, Ack, Application, ClientEvent, Connect, Disconnected, NamespaceHandler, Options,
    Refused, Socket,
};
use crate::engineio::packet::Message;
use crate::engineio::{Ending, Line, Session};
use crate::queue::{CloseReason, Extension, Frame, Push, SessionId};

/// A frame that leaves a queue.
type Left<A> = Frame<<<A as Application>::Extension as Extension>::Frame>;

/// The session of one connection.
pub(super) struct Client<A: Application> {
    application: Arc<A>,
    handshake: Arc<A::Handshake>,
    spaces: Arc<Mutex<Spaces<A::Extension>>>,
    assembling: Option<Assembling>,
    options: Arc<Options>,
}

/// A packet whose attachments are still to come.
struct Assembling {
    text: String,
    wanted: usize,
    come: Vec<Bytes>,
    bytes: usize,
}

/// The namespaces of one connection.
struct Spaces<E: Extension> {
    line: Weak<Line<E>>,
    joined: Vec<Joined<E>>,
    /// Asked for; the application thinks.
    pending: Vec<ByteString>,
    ended: Option<Ending>,
}

struct Joined<E: Extension> {
    socket: Socket<E>,
    handler: Box<dyn NamespaceHandler<E>>,
}

impl<A: Application> Client<A> {
    pub(super) fn new(
        application: Arc<A>,
        handshake: Arc<A::Handshake>,
        line: &Arc<Line<A::Extension>>,
        options: Arc<Options>,
    ) -> Self {
        let spaces = Spaces {
            line: Arc::downgrade(line),
            joined: Vec::new(),
            pending: Vec::new(),
            ended: None,
        };
        await_connect(line, &options);
        Self {
            application,
            handshake,
            spaces: Arc::new(Mutex::new(spaces)),
            assembling: None,
            options,
        }
    }

    fn text(&mut self, text: &str) -> Result<(), CloseReason> {
        if self.assembling.is_some() {
            return Err(CloseReason::Misuse);
        }
        let packet = packet::decode(text).ok_or(CloseReason::Misuse)?;
        match packet.attachments {
            0 => self.carry_out(packet, &[]),
            _ if text.len() > self.options.assembly_limit => Err(CloseReason::TooLarge),
            wanted => {
                self.assembling = Some(Assembling {
                    text: text.to_owned(),
                    wanted,
                    come: Vec::with_capacity(wanted),
                    bytes: text.len(),
                });
                Ok(())
            }
        }
    }

    fn attachment(&mut self, bytes: Bytes) -> Result<(), CloseReason> {
        let mut assembling = self.assembling.take().ok_or(CloseReason::Misuse)?;
        assembling.bytes += bytes.len();
        if assembling.bytes > self.options.assembly_limit {
            return Err(CloseReason::TooLarge);
        }
        assembling.come.push(bytes);
        if assembling.come.len() < assembling.wanted {
            self.assembling = Some(assembling);
            return Ok(());
        }
        let packet = packet::decode(&assembling.text).ok_or(CloseReason::Misuse)?;
        self.carry_out(packet, &assembling.come)
    }

    fn carry_out(&self, packet: Packet<'_>, attachments: &[Bytes]) -> Result<(), CloseReason> {
        if let Body::Connect(auth) = packet.body {
            self.application.pace(&self.handshake)?;
            return self.connect(packet.namespace, auth);
        }
        let mut spaces = self.spaces.lock();
        let place = spaces.place_of(|socket| socket.namespace() == packet.namespace);
        let joined = place.and_then(|place| spaces.joined.get_mut(place));
        let joined = joined.ok_or(CloseReason::Misuse)?;
        match packet.body {
            Body::Event {
                id,
                name,
                arguments,
            } => joined.handler.event(ClientEvent {
                name: &name,
                arguments: &arguments,
                attachments,
                ack: id.map(|id| Ack::new(joined.socket.clone(), id)),
            }),
            Body::Ack { id, arguments } => match joined.socket.answered(id) {
                true => joined.handler.acknowledged(id, &arguments, attachments),
                false => self.application.pace(&self.handshake)?,
            },
            Body::Disconnect => {
                self.application.pace(&self.handshake)?;
                spaces.leave(place, Disconnected::Left, &self.options);
            }
            Body::Connect(_) => {}
        }
        Ok(())
    }

    /// The application thinks; what comes for other namespaces goes on meanwhile.
    fn connect(&self, namespace: &str, auth: Option<&RawValue>) -> Result<(), CloseReason> {
        let namespace = ByteString::from(namespace);
        let mut spaces = self.spaces.lock();
        let is_in = spaces.place_of(|socket| namespace == socket.namespace());
        let count = spaces.joined.len() + spaces.pending.len();
        if is_in.is_some()
            || spaces.pending.contains(&namespace)
            || count >= self.options.namespaces
        {
            return Err(CloseReason::Misuse);
        }
        spaces.pending.push(namespace.clone());
        drop(spaces);
        let session = SessionId(Uuid::new_v4());
        let bound = self.options.queue_limit;
        let queue = self.application.queue(&namespace, session, bound);
        let socket = Socket::new(namespace.clone(), queue);
        let thinking = self.application.connect(Connect {
            namespace,
            auth: auth.map(ToOwned::to_owned),
            handshake: Arc::clone(&self.handshake),
            socket: socket.clone(),
        });
        let (spaces, options) = (Arc::clone(&self.spaces), Arc::clone(&self.options));
        actix_rt::spawn(async move {
            let outcome = thinking.await;
            settle(&spaces, socket, outcome, &options);
        });
        Ok(())
    }
}

/// The application has decided. Where the connection ended meanwhile, or is about to, its handler is told so.
fn settle<E: Extension>(
    spaces: &Mutex<Spaces<E>>,
    socket: Socket<E>,
    outcome: Result<Accepted<E>, Refused>,
    options: &Options,
) {
    let mut spaces = spaces.lock();
    let namespace = socket.namespace();
    spaces.pending.retain(|pending| pending != namespace);
    let line = spaces.line.upgrade().filter(|_| spaces.ended.is_none());
    match (outcome, line) {
        (
            Err(Refused {
                closes: Some(reason),
                ..
            }),
            Some(line),
        ) => line.queue().close(reason),
        (Err(refused), Some(line)) => {
            let data = refused.data.as_deref();
            let answer = packet::encode_refused(namespace, &refused.message, data);
            line.queue().text(answer);
        }
        (Err(_), None) => {}
        (Ok(Accepted { mut handler, pid }), line) => {
            let answer = packet::encode_connected(namespace, &socket.id(), pid.as_deref());
            match line.map_or(Err(Ending::Gone), |line| {
                enter(&line, &socket, answer, options)
            }) {
                Ok(()) => spaces.joined.push(Joined { socket, handler }),
                Err(ending) => {
                    let ending = spaces.ended.unwrap_or(ending);
                    drop(spaces);
                    socket.queue().end();
                    handler.disconnected(Disconnected::Connection(ending));
                }
            }
        }
    }
}

/// Sends the answer and what the socket holds behind it, unless the connection is closing.
fn enter<E: Extension>(
    line: &Line<E>,
    socket: &Socket<E>,
    answer: ByteString,
    options: &Options,
) -> Result<(), Ending> {
    line.queue().lift_deadline(options.connect_overdue);
    match line.attach(Arc::clone(socket.queue()), answer) {
        Push::Queued => Ok(()),
        Push::Overflowed | Push::Dropped => {
            let reason = line.queue().closing();
            Err(reason.map_or(Ending::Gone, Ending::Closed))
        }
    }
}

/// Closes the connection unless it is in a namespace soon.
fn await_connect<E: Extension>(line: &Line<E>, options: &Options) {
    line.queue()
        .set_deadline(options.connect_timeout, options.connect_overdue);
}

impl<E: Extension> Spaces<E> {
    fn place_of(&self, is_it: impl Fn(&Socket<E>) -> bool) -> Option<usize> {
        self.joined.iter().position(|joined| is_it(&joined.socket))
    }

    /// Takes a client out of a namespace; answers which.
    fn leave(
        &mut self,
        place: Option<usize>,
        departure: Disconnected,
        options: &Options,
    ) -> Option<Socket<E>> {
        let place = place.filter(|place| *place < self.joined.len())?;
        let Joined {
            socket,
            mut handler,
        } = self.joined.remove(place);
        socket.queue().end();
        if let Some(line) = self.line.upgrade() {
            line.detach(socket.queue().session());
            if self.joined.is_empty() {
                await_connect(&line, options);
            }
        }
        handler.disconnected(departure);
        Some(socket)
    }
}

impl<A: Application> Session<A::Extension> for Client<A> {
    fn message(&mut self, message: Message<'_>) -> Result<(), CloseReason> {
        match message {
            Message::Text(text) => self.text(text),
            Message::Binary(bytes) => self.attachment(bytes),
        }
    }

    fn leaving(&mut self, owner: SessionId, frames: Vec<Left<A>>) -> Vec<Left<A>> {
        let mut spaces = self.spaces.lock();
        let translate = |frame| {
            let place = spaces.place_of(|socket| socket.queue().session() == owner);
            if matches!(frame, Frame::Leave) {
                let socket = spaces.leave(place, Disconnected::Dismissed, &self.options)?;
                return Some(Frame::Text(packet::encode_disconnect(socket.namespace())));
            }
            let joined = spaces.joined.get_mut(place?)?;
            match frame {
                Frame::Own(own) => joined.handler.leaving(own).map(Frame::Text),
                plain => Some(plain),
            }
        };
        frames.into_iter().filter_map(translate).collect()
    }

    fn closed(&mut self, ending: Ending) {
        let mut spaces = self.spaces.lock();
        spaces.ended = Some(ending);
        let joined = std::mem::take(&mut spaces.joined);
        drop(spaces);
        for Joined {
            socket,
            mut handler,
        } in joined
        {
            socket.queue().end();
            handler.disconnected(Disconnected::Connection(ending));
        }
    }
}
