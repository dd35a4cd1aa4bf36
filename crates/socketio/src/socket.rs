//! The handle of a client in a namespace, usable from any thread.

use bytes::Bytes;
use bytestring::ByteString;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use super::packet::{encode_ack, encode_event};
use crate::queue::{CloseReason, ConnectionQueue, Extension, Frame, Push};

/// A client in a namespace. A clone refers to the same client; sending to one that has left does nothing.
pub struct Socket<E: Extension = ()>(Arc<Inner<E>>);

impl<E: Extension> Clone for Socket<E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Inner<E: Extension> {
    namespace: ByteString,
    queue: Arc<ConnectionQueue<E>>,
    asked: Mutex<PendingAcks>,
}

/// The acknowledgements that the client was asked for.
#[derive(Default)]
struct PendingAcks {
    next: u64,
    /// In order; above a limit the oldest is dropped.
    waiting: VecDeque<u64>,
}

/// The most acknowledgements that one client may owe.
const OWED: usize = 1_000;

impl PendingAcks {
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

    /// The namespace.
    pub fn namespace(&self) -> &str {
        &self.0.namespace
    }

    /// The id that the client sees; the id of the queue's session.
    pub fn id(&self) -> String {
        self.0.queue.session().0.simple().to_string()
    }

    /// Its queue. A `Frame::Text` in it must be a whole packet of this namespace, as [`super::packet`] encodes
    /// it.
    pub fn queue(&self) -> &Arc<ConnectionQueue<E>> {
        &self.0.queue
    }

    /// Sends an encoded packet, which other sockets may share.
    pub fn push(&self, packet: ByteString) -> Push {
        self.0.queue.text(packet)
    }

    /// Sends an event; `arguments` are JSON texts.
    pub fn emit<'a>(&self, name: &str, arguments: impl IntoIterator<Item = &'a str>) -> Push {
        self.push(encode_event(self.namespace(), None, name, arguments, 0))
    }

    /// Sends an event with attachments; the arguments contain `{"_placeholder":true,"num":…}` for them.
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

    /// Sends an event and asks for an acknowledgement; returns its id, counted from 0.
    pub fn ask<'a>(&self, name: &str, arguments: impl IntoIterator<Item = &'a str>) -> u64 {
        let id = self.0.asked.lock().ask();
        self.push(encode_event(self.namespace(), Some(id), name, arguments, 0));
        id
    }

    /// Records an acknowledgement; false if it was not asked for.
    pub(super) fn answered(&self, id: u64) -> bool {
        let mut asked = self.0.asked.lock();
        let place = asked.waiting.iter().position(|waiting| *waiting == id);
        place
            .and_then(|place| asked.waiting.remove(place))
            .is_some()
    }

    /// Disconnects the client from the namespace after queued frames. The official client does not reconnect by
    /// itself.
    pub fn disconnect(&self) {
        self.0.queue.push(Frame::Leave);
    }

    /// Closes the whole connection after queued frames. The official client reconnects by itself.
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

/// The right to acknowledge one event, once, at any time and from any thread.
#[derive(Debug)]
pub struct Ack<E: Extension = ()> {
    socket: Socket<E>,
    id: u64,
}

impl<E: Extension> Ack<E> {
    pub(super) fn new(socket: Socket<E>, id: u64) -> Self {
        Self { socket, id }
    }

    /// Acknowledges; `arguments` are JSON texts.
    pub fn answer<'a>(self, arguments: impl IntoIterator<Item = &'a str>) -> Push {
        self.answer_attached(arguments, &[])
    }

    /// Acknowledges with attachments, as in [`Socket::emit_attached`].
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
