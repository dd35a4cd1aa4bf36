//! One Socket.IO connection: its namespaces, and a packet whose attachments are still to come.

use actix_web::HttpRequest;
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

/// A frame from a queue.
type Left<A> = Frame<<<A as Application>::Extension as Extension>::Frame>;

/// The state of one connection.
pub(super) struct Client<A: Application> {
    application: Arc<A>,
    handshake: Arc<A::Handshake>,
    namespaces: Arc<Mutex<Namespaces<A::Extension>>>,
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
struct Namespaces<E: Extension> {
    line: Weak<Line<E>>,
    joined: Vec<Joined<E>>,
    /// Requested namespaces that the application has not decided on.
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
        let namespaces = Namespaces {
            line: Arc::downgrade(line),
            joined: Vec::new(),
            pending: Vec::new(),
            ended: None,
        };
        await_connect(line, &options);
        Self {
            application,
            handshake,
            namespaces: Arc::new(Mutex::new(namespaces)),
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
        let mut namespaces = self.namespaces.lock();
        let index = namespaces.index_of(|socket| socket.namespace() == packet.namespace);
        let joined = index.and_then(|index| namespaces.joined.get_mut(index));
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
                namespaces.leave(index, Disconnected::Left, &self.options);
            }
            Body::Connect(_) => {}
        }
        Ok(())
    }

    /// Asks the application to decide; packets for other namespaces are processed meanwhile.
    fn connect(&self, namespace: &str, auth: Option<&RawValue>) -> Result<(), CloseReason> {
        let namespace = ByteString::from(namespace);
        let mut namespaces = self.namespaces.lock();
        let is_in = namespaces.index_of(|socket| namespace == socket.namespace());
        let count = namespaces.joined.len() + namespaces.pending.len();
        if is_in.is_some()
            || namespaces.pending.contains(&namespace)
            || count >= self.options.namespaces
        {
            return Err(CloseReason::Misuse);
        }
        namespaces.pending.push(namespace.clone());
        drop(namespaces);
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
        let (namespaces, options) = (Arc::clone(&self.namespaces), Arc::clone(&self.options));
        actix_rt::spawn(async move {
            let outcome = thinking.await;
            settle(&namespaces, socket, outcome, &options);
        });
        Ok(())
    }
}

/// Applies the application's decision. If the connection has ended meanwhile or is closing, the handler is told
/// that it disconnected.
fn settle<E: Extension>(
    namespaces: &Mutex<Namespaces<E>>,
    socket: Socket<E>,
    outcome: Result<Accepted<E>, Refused>,
    options: &Options,
) {
    let mut namespaces = namespaces.lock();
    let namespace = socket.namespace();
    namespaces.pending.retain(|pending| pending != namespace);
    let line = namespaces
        .line
        .upgrade()
        .filter(|_| namespaces.ended.is_none());
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
                Ok(()) => namespaces.joined.push(Joined { socket, handler }),
                Err(ending) => {
                    let ending = namespaces.ended.unwrap_or(ending);
                    drop(namespaces);
                    socket.queue().end();
                    handler.disconnected(Disconnected::Connection(ending));
                }
            }
        }
    }
}

/// Sends the answer, followed by what the socket's queue holds, unless the connection is closing.
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

/// Closes the connection if it joins no namespace within `connect_timeout`.
fn await_connect<E: Extension>(line: &Line<E>, options: &Options) {
    line.queue()
        .set_deadline(options.connect_timeout, options.connect_overdue);
}

impl<E: Extension> Namespaces<E> {
    fn index_of(&self, is_it: impl Fn(&Socket<E>) -> bool) -> Option<usize> {
        self.joined.iter().position(|joined| is_it(&joined.socket))
    }

    /// Removes a client from a namespace and returns its socket.
    fn leave(
        &mut self,
        index: Option<usize>,
        departure: Disconnected,
        options: &Options,
    ) -> Option<Socket<E>> {
        let index = index.filter(|index| *index < self.joined.len())?;
        let Joined {
            socket,
            mut handler,
        } = self.joined.remove(index);
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
    fn admits(&self, request: &HttpRequest) -> bool {
        self.application.admits(&self.handshake, request)
    }

    fn message(&mut self, message: Message<'_>) -> Result<(), CloseReason> {
        match message {
            Message::Text(text) => self.text(text),
            Message::Binary(bytes) => self.attachment(bytes),
        }
    }

    fn leaving(&mut self, owner: SessionId, frames: Vec<Left<A>>) -> Vec<Left<A>> {
        let mut namespaces = self.namespaces.lock();
        let translate = |frame| {
            let index = namespaces.index_of(|socket| socket.queue().session() == owner);
            if matches!(frame, Frame::Leave) {
                let socket = namespaces.leave(index, Disconnected::Dismissed, &self.options)?;
                return Some(Frame::Text(packet::encode_disconnect(socket.namespace())));
            }
            let joined = namespaces.joined.get_mut(index?)?;
            match frame {
                Frame::Own(own) => joined.handler.leaving(own).map(Frame::Text),
                plain => Some(plain),
            }
        };
        frames.into_iter().filter_map(translate).collect()
    }

    fn closed(&mut self, ending: Ending) {
        let mut namespaces = self.namespaces.lock();
        namespaces.ended = Some(ending);
        let joined = std::mem::take(&mut namespaces.joined);
        drop(namespaces);
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
