//! What a client in a namespace is reached through, by anybody.

use bytes::Bytes;
use bytestring::ByteString;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use super::packet::{encode_ack, encode_event};
use crate::queue::{CloseReason, ConnectionQueue, Extension, Frame, Push};

/// A client in a namespace. A clone is the same client; one that has left drops what it is given.
pub struct Socket<E: Extension = ()>(Arc<Inner<E>>);

impl<E: Extension> Clone for Socket<E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Inner<E: Extension> {
    namespace: ByteString,
    queue: Arc<ConnectionQueue<E>>,
    asked: Mutex<Asked>,
}

/// What the client was asked to acknowledge.
#[derive(Default)]
struct Asked {
    next: u64,
    /// In the order of asking; the oldest is forgotten beyond a bound.
    waiting: VecDeque<u64>,
}

/// Acknowledgements that one client may owe.
const OWED: usize = 1_000;

impl Asked {
    fn ask(&mut self) -> u64 {
        let id = self.next;
        self.next += 1;
        if self.waiting.len() >= OWED {
            self.waiting.pop_front();
        }
        self.waiting.push_back(id);
        id
    }
}

impl<E: Extension> Socket<E> {
    pub(super) fn new(namespace: ByteString, queue: Arc<ConnectionQueue<E>>) -> Self {
        let asked = Mutex::default();
        Self(Arc::new(Inner {
            namespace,
            queue,
            asked,
        }))
    }

    /// Which namespace.
    pub fn namespace(&self) -> &str {
        &self.0.namespace
    }

    /// What the client calls its id; the queue's session.
    pub fn id(&self) -> String {
        self.0.queue.session().0.simple().to_string()
    }

    /// Its queue. `Frame::Text` in it are whole packets of this namespace, as [`super::packet`] writes them.
    pub fn queue(&self) -> &Arc<ConnectionQueue<E>> {
        &self.0.queue
    }

    /// Sends a packet that is written already, and may be shared with others.
    pub fn push(&self, packet: ByteString) -> Push {
        self.0.queue.text(packet)
    }

    /// Sends an event; `arguments` are JSON texts.
    pub fn emit<'a>(&self, name: &str, arguments: impl IntoIterator<Item = &'a str>) -> Push {
        self.push(encode_event(self.namespace(), None, name, arguments, 0))
    }

    /// Sends an event with attachments; the arguments hold `{"_placeholder":true,"num":…}` in their places.
    pub fn emit_attached<'a>(
        &self,
        name: &str,
        arguments: impl IntoIterator<Item = &'a str>,
        attachments: &[Bytes],
    ) -> Push {
        let count = attachments.len();
        let packet = encode_event(self.namespace(), None, name, arguments, count);
        self.0.queue.push(attached(packet, attachments))
    }

    /// Sends an event and asks for an acknowledgement; answers the id that it will have, which counts from 0.
    pub fn ask<'a>(&self, name: &str, arguments: impl IntoIterator<Item = &'a str>) -> u64 {
        let id = self.0.asked.lock().ask();
        self.push(encode_event(self.namespace(), Some(id), name, arguments, 0));
        id
    }

    /// Notes an acknowledgement; says whether it was owed.
    pub(super) fn answered(&self, id: u64) -> bool {
        let mut asked = self.0.asked.lock();
        let place = asked.waiting.iter().position(|waiting| *waiting == id);
        place
            .and_then(|place| asked.waiting.remove(place))
            .is_some()
    }

    /// Sends the client out of the namespace, after what is queued. It does not come back by itself.
    pub fn disconnect(&self) {
        self.0.queue.push(Frame::Leave);
    }

    /// Closes the whole connection, after what is queued. The client comes back by itself.
    pub fn close(&self, reason: CloseReason) {
        self.0.queue.close(reason);
    }
}

impl<E: Extension> fmt::Debug for Socket<E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Socket({} {})", self.namespace(), self.id())
    }
}

fn attached<F>(packet: ByteString, attachments: &[Bytes]) -> Frame<F> {
    match attachments {
        [] => Frame::Text(packet),
        some => Frame::Attached(packet, some.into()),
    }
}

/// The right to answer one event, once, at any time, from anywhere.
#[derive(Debug)]
pub struct Ack<E: Extension = ()> {
    socket: Socket<E>,
    id: u64,
}

impl<E: Extension> Ack<E> {
    pub(super) fn new(socket: Socket<E>, id: u64) -> Self {
        Self { socket, id }
    }

    /// Answers; `arguments` are JSON texts.
    pub fn answer<'a>(self, arguments: impl IntoIterator<Item = &'a str>) -> Push {
        self.answer_attached(arguments, &[])
    }

    /// Answers with attachments, as [`Socket::emit_attached`] sends them.
    pub fn answer_attached<'a>(
        self,
        arguments: impl IntoIterator<Item = &'a str>,
        attachments: &[Bytes],
    ) -> Push {
        let namespace = self.socket.namespace();
        let packet = encode_ack(namespace, self.id, arguments, attachments.len());
        self.socket.0.queue.push(attached(packet, attachments))
    }
}
