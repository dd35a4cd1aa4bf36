//! One connection of Socket.IO: the namespaces that it is in, and the packet whose attachments are still to come.

use bytes::Bytes;
use bytestring::ByteString;
use parking_lot::Mutex;
use serde_json::value::RawValue;
use std::sync::{Arc, Weak};
use uuid::Uuid;

use super::packet::{self, Body, Packet};
use super::{
    Accepted, Ack, Application, Connect, Departure, Event, Member, Options, Refused, Socket,
};
use crate::domain::ids::SessionId;
use crate::outbox::{CloseReason, Frame, Push};
use crate::wire::engineio::packet::Message;
use crate::wire::engineio::{Ending, Line, Session};

/// The session of one connection.
pub(super) struct Client<A: Application> {
    application: Arc<A>,
    visitor: Arc<A::Visitor>,
    spaces: Arc<Mutex<Spaces>>,
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
struct Spaces {
    line: Weak<Line>,
    joined: Vec<Joined>,
    /// Asked for; the application thinks.
    pending: Vec<ByteString>,
    ended: Option<Ending>,
}

struct Joined {
    socket: Socket,
    member: Box<dyn Member>,
}

impl<A: Application> Client<A> {
    pub(super) fn new(
        application: Arc<A>,
        visitor: Arc<A::Visitor>,
        line: &Arc<Line>,
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
            visitor,
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
            self.application.pace(&self.visitor)?;
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
            } => joined.member.event(Event {
                name: &name,
                arguments: &arguments,
                attachments,
                ack: id.map(|id| Ack::new(joined.socket.clone(), id)),
            }),
            Body::Ack { id, arguments } => match joined.socket.answered(id) {
                true => joined.member.acknowledged(id, &arguments, attachments),
                false => self.application.pace(&self.visitor)?,
            },
            Body::Disconnect => {
                self.application.pace(&self.visitor)?;
                spaces.leave(place, Departure::Left, &self.options);
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
        let bound = self.options.outbox_limit;
        let outbox = self.application.outbox(&namespace, session, bound);
        let socket = Socket::new(namespace.clone(), outbox);
        let thinking = self.application.connect(Connect {
            namespace,
            auth: auth.map(ToOwned::to_owned),
            visitor: Arc::clone(&self.visitor),
            socket: socket.clone(),
        });
        let spaces = Arc::clone(&self.spaces);
        actix_rt::spawn(async move {
            let outcome = thinking.await;
            settle(&spaces, socket, outcome);
        });
        Ok(())
    }
}

/// The application has decided. Where the connection ended meanwhile, or is about to, its member is told so.
fn settle(spaces: &Mutex<Spaces>, socket: Socket, outcome: Result<Accepted, Refused>) {
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
        ) => line.outbox().close(reason),
        (Err(refused), Some(line)) => {
            let data = refused.data.as_deref();
            let answer = packet::encode_refused(namespace, &refused.message, data);
            line.outbox().text(answer);
        }
        (Err(_), None) => {}
        (Ok(Accepted { mut member, pid }), line) => {
            let answer = packet::encode_connected(namespace, &socket.id(), pid.as_deref());
            match line.map_or(Err(Ending::Gone), |line| enter(&line, &socket, answer)) {
                Ok(()) => spaces.joined.push(Joined { socket, member }),
                Err(ending) => {
                    let ending = spaces.ended.unwrap_or(ending);
                    drop(spaces);
                    socket.outbox().end();
                    member.disconnected(Departure::Connection(ending));
                }
            }
        }
    }
}

/// Sends the answer and what the socket holds behind it, unless the connection is closing.
fn enter(line: &Line, socket: &Socket, answer: ByteString) -> Result<(), Ending> {
    line.outbox()
        .lift_deadline(CloseReason::AuthenticationTimeout);
    match line.attach(Arc::clone(socket.outbox()), answer) {
        Push::Queued => Ok(()),
        Push::Overflowed | Push::Dropped => {
            let reason = line.outbox().closing();
            Err(reason.map_or(Ending::Gone, Ending::Closed))
        }
    }
}

/// Closes the connection unless it is in a namespace soon.
fn await_connect(line: &Line, options: &Options) {
    let reason = CloseReason::AuthenticationTimeout;
    line.outbox().set_deadline(options.connect_timeout, reason);
}

impl Spaces {
    fn place_of(&self, is_it: impl Fn(&Socket) -> bool) -> Option<usize> {
        self.joined.iter().position(|joined| is_it(&joined.socket))
    }

    /// Takes a client out of a namespace; answers which.
    fn leave(
        &mut self,
        place: Option<usize>,
        departure: Departure,
        options: &Options,
    ) -> Option<Socket> {
        let place = place.filter(|place| *place < self.joined.len())?;
        let Joined { socket, mut member } = self.joined.remove(place);
        socket.outbox().end();
        if let Some(line) = self.line.upgrade() {
            line.detach(socket.outbox().session());
            if self.joined.is_empty() {
                await_connect(&line, options);
            }
        }
        member.disconnected(departure);
        Some(socket)
    }
}

impl<A: Application> Session for Client<A> {
    fn message(&mut self, message: Message<'_>) -> Result<(), CloseReason> {
        match message {
            Message::Text(text) => self.text(text),
            Message::Binary(bytes) => self.attachment(bytes),
        }
    }

    fn leaving(&mut self, owner: SessionId, frames: Vec<Frame>) -> Vec<Frame> {
        let mut spaces = self.spaces.lock();
        let translate = |frame| {
            let place = spaces.place_of(|socket| socket.outbox().session() == owner);
            if matches!(frame, Frame::Leave) {
                let socket = spaces.leave(place, Departure::Dismissed, &self.options)?;
                return Some(Frame::Text(packet::encode_disconnect(socket.namespace())));
            }
            let joined = spaces.joined.get_mut(place?)?;
            joined.member.leaving(frame)
        };
        frames.into_iter().filter_map(translate).collect()
    }

    fn closed(&mut self, ending: Ending) {
        let mut spaces = self.spaces.lock();
        spaces.ended = Some(ending);
        let joined = std::mem::take(&mut spaces.joined);
        drop(spaces);
        for Joined { socket, mut member } in joined {
            socket.outbox().end();
            member.disconnected(Departure::Connection(ending));
        }
    }
}
