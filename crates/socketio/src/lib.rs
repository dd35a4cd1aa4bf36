//! Socket.IO 5 over Engine.IO: namespaces, events, acknowledgements, binary attachments. It does not interpret
//! events.
//!
//! An [`Application`] accepts or refuses clients that ask for a namespace. Each accepted one has a
//! [`NamespaceHandler`], which gets its events, and a [`Socket`], through which any code can send. A socket's
//! queue is an ordinary [`Queue`], so code that fills queues also serves Socket.IO connections, over either
//! transport.
//!
//! The source of all protocol facts is the specification, version 5 (github.com/socketio/socket.io-protocol),
//! and where it is silent the reference implementation.

#![doc = include_str!("../README.md")]

mod client;
mod closing;
pub mod engineio;
pub mod guard;
pub mod handshake;
pub mod packet;
#[cfg(test)]
mod packet_tests;
pub mod queue;
mod socket;

use actix_web::HttpRequest;
use bytes::Bytes;
use bytestring::ByteString;
use clock::Clock;
use futures_util::future::LocalBoxFuture;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;

use crate::engineio::{Ending, Line, Listener, Rejection, Session};
use crate::queue::{CloseReason, ConnectionQueue, Extension, SessionId};

pub use socket::{Ack, Socket};

/// Limits of Socket.IO.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long a connection may be in no namespace.
    pub connect_timeout: Duration,
    /// The reason for closing it then.
    pub connect_overdue: CloseReason,
    /// The most namespaces that one connection may be in, or ask for, at once.
    pub namespaces: usize,
    /// The most bytes of a packet with its attachments.
    pub assembly_limit: usize,
    /// The most bytes that may wait in each socket's queue.
    pub queue_limit: usize,
}

impl Default for Options {
    /// The reference implementation's timeout; 10 namespaces, packets of a megabyte, and 1 MiB of queue for
    /// each client.
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(45),
            connect_overdue: CloseReason::Application {
                code: 4408,
                text: "in no namespace in time",
            },
            namespaces: 10,
            assembly_limit: 1_000_000,
            queue_limit: 1_048_576,
        }
    }
}

/// The application behind the namespaces of an endpoint.
pub trait Application: Send + Sync + 'static {
    /// Data of a handshake that are kept while the connection lives, such as a token or an address.
    type Handshake: Send + Sync + 'static;
    /// The application's addition to the queues of its clients; `()` for none.
    type Extension: Extension;

    /// Inspects a handshake: its headers, its query, the peer's address.
    fn greet(&self, request: &HttpRequest) -> Result<Self::Handshake, Rejection>;

    /// Whether a request may bring packets of the connection that began with this handshake: a POST, or the WebSocket that it upgrades to.
    /// One that may not gets 403. The default permits all.
    fn admits(&self, handshake: &Self::Handshake, request: &HttpRequest) -> bool {
        let _ = (handshake, request);
        true
    }

    /// Called for a packet that no handler gets (CONNECT, DISCONNECT, or an unexpected acknowledgement), for
    /// rate limits. An error closes the connection.
    fn pace(&self, handshake: &Self::Handshake) -> Result<(), CloseReason> {
        let _ = handshake;
        Ok(())
    }

    /// The queue of a client that asks for a namespace, for at most this many bytes; by the machine's clock, unless this says otherwise.
    fn queue(
        &self,
        namespace: &str,
        session: SessionId,
        bound: usize,
    ) -> Arc<ConnectionQueue<Self::Extension>> {
        let _ = namespace;
        ConnectionQueue::new(session, bound, Clock::default())
    }

    /// Accepts or refuses a CONNECT. Frames sent through the socket meanwhile follow the answer. If the
    /// connection ends before the answer, the handler gets `disconnected`.
    fn connect(
        &self,
        connect: Connect<Self::Handshake, Self::Extension>,
    ) -> LocalBoxFuture<'static, Result<Accepted<Self::Extension>, Refused>>;
}

/// A CONNECT.
#[derive(Debug)]
pub struct Connect<V, E: Extension = ()> {
    /// The namespace; begins with a slash.
    pub namespace: ByteString,
    /// The JSON object in the packet.
    pub auth: Option<Box<RawValue>>,
    /// The data of the handshake.
    pub handshake: Arc<V>,
    /// The client's socket, usable once it is accepted.
    pub socket: Socket<E>,
}

/// The recovery request of a client that reconnects.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Recovery {
    /// The `pid` of an earlier answer.
    pub pid: String,
    /// The last string argument of the last event that the client got.
    pub offset: Option<String>,
}

impl<V, E: Extension> Connect<V, E> {
    /// The fields that the official client adds to `auth` on reconnecting (`socket.io-client`,
    /// `_sendConnectPacket`).
    pub fn recovery(&self) -> Option<Recovery> {
        serde_json::from_str(self.auth.as_ref()?.get()).ok()
    }
}

/// The acceptance of a CONNECT.
pub struct Accepted<E: Extension = ()> {
    /// Gets the client's events.
    pub handler: Box<dyn NamespaceHandler<E>>,
    /// Sent to the client, which returns it on reconnecting. The same `pid` as before tells the client that it
    /// was recovered.
    pub pid: Option<String>,
}

/// The refusal of a CONNECT.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The message.
    pub message: String,
    /// Further data as JSON.
    pub data: Option<Box<RawValue>>,
    /// Closes the connection in place of an answer: the official client reconnects after a close, but not after
    /// a refusal.
    pub closes: Option<CloseReason>,
}

impl Refused {
    /// The refusal for an unknown namespace, in the words of the reference implementation.
    pub fn unknown_namespace() -> Self {
        Self {
            message: "Invalid namespace".to_owned(),
            data: None,
            closes: None,
        }
    }
}

/// The server's side of one client in one namespace. Calls are sequential, in the order of the packets, and
/// must not block; long work belongs in an actor or a task.
pub trait NamespaceHandler<E: Extension = ()>: Send {
    /// An event arrived.
    fn event(&mut self, event: ClientEvent<'_, E>);

    /// The client has acknowledged the event with this id.
    fn acknowledged(&mut self, id: u64, arguments: &[&RawValue], attachments: &[Bytes]) {
        let _ = (id, arguments, attachments);
    }

    /// A frame of the application leaves the socket's queue; returns the packet to send.
    fn leaving(&mut self, frame: E::Frame) -> Option<ByteString> {
        let _ = frame;
        None
    }

    /// The client has left. Called once; no call follows.
    fn disconnected(&mut self, departure: Disconnected) {
        let _ = departure;
    }
}

/// An event.
#[derive(Debug)]
pub struct ClientEvent<'a, E: Extension = ()> {
    /// Its name.
    pub name: &'a str,
    /// Its arguments as JSON; an attachment is `{"_placeholder":true,"num":…}`.
    pub arguments: &'a [&'a RawValue],
    /// Its attachments.
    pub attachments: &'a [Bytes],
    /// Acknowledges it, if the client asks for that.
    pub ack: Option<Ack<E>>,
}

impl<'a, E: Extension> ClientEvent<'a, E> {
    /// The attachment that a placeholder in an argument refers to.
    pub fn attachment(&self, placeholder: &RawValue) -> Option<&'a Bytes> {
        #[derive(Deserialize)]
        struct Placeholder {
            #[serde(rename = "_placeholder")]
            is_placeholder: bool,
            num: usize,
        }
        let parsed: Placeholder = serde_json::from_str(placeholder.get()).ok()?;
        self.attachments
            .get(parsed.num)
            .filter(|_| parsed.is_placeholder)
    }
}

/// How a client left a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disconnected {
    /// The client disconnected from it.
    Left,
    /// The server disconnected it.
    Dismissed,
    /// Its connection ended.
    Connection(Ending),
}

/// Socket.IO over the sessions of an Engine.IO endpoint.
pub struct Server<A> {
    application: Arc<A>,
    options: Arc<Options>,
}

impl<A: Application> Server<A> {
    /// The listener to start an [`engineio::Engine`] with.
    pub fn new(application: Arc<A>, options: Options) -> Self {
        let options = Arc::new(options);
        Self {
            application,
            options,
        }
    }
}

impl<A: Application> Listener<A::Extension> for Server<A> {
    fn open(
        &self,
        request: &HttpRequest,
        line: &Arc<Line<A::Extension>>,
    ) -> Result<Box<dyn Session<A::Extension>>, Rejection> {
        let handshake = Arc::new(self.application.greet(request)?);
        let (application, options) = (Arc::clone(&self.application), Arc::clone(&self.options));
        Ok(Box::new(client::Client::new(
            application,
            handshake,
            line,
            options,
        )))
    }
}
