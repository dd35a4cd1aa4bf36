//! Socket.IO 5 over Engine.IO: namespaces, events, acknowledgements, binary attachments; it knows nothing of what events mean.
//!
//! An [`Application`] accepts or refuses whoever asks for a namespace, and for each that it accepts there is a [`NamespaceHandler`], which
//! is given the events, and a [`Socket`], through which anybody may send. A socket's queue is an ordinary
//! [`Queue`]: whoever fills queues fills a Socket.IO connection too, over either transport.
//!
//! Source of all facts: the protocol's description, version 5 (github.com/socketio/socket.io-protocol), and where it is silent
//! the reference implementation.

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

/// Bounds of Socket.IO's own.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long a connection may be in no namespace.
    pub connect_timeout: Duration,
    /// What it is closed with then.
    pub connect_overdue: CloseReason,
    /// Namespaces that one connection may be in, or ask for, at once.
    pub namespaces: usize,
    /// Bytes of a packet and its attachments together.
    pub assembly_limit: usize,
    /// Bytes that may wait in each socket's queue.
    pub queue_limit: usize,
}

impl Default for Options {
    /// The time of the reference implementation; 10 namespaces, packets of a megabyte, and 1 MiB that waits for each client.
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

/// What the namespaces of an endpoint are for.
pub trait Application: Send + Sync + 'static {
    /// What is kept of a handshake for as long as the connection lives: a token, an address.
    type Handshake: Send + Sync + 'static;
    /// What it adds to the queues of its clients; `()` for nothing.
    type Extension: Extension;

    /// Looks at a handshake: its headers, its query, the peer's address.
    fn greet(&self, request: &HttpRequest) -> Result<Self::Handshake, Rejection>;

    /// A packet of a connection that no handler is given: a CONNECT, a DISCONNECT, an acknowledgement that nobody asked for.
    /// An error closes the connection.
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

    /// Accepts or refuses a CONNECT. What is sent through the socket meanwhile follows the answer. Should the connection end
    /// before the answer, the handler is told so.
    fn connect(
        &self,
        connect: Connect<Self::Handshake, Self::Extension>,
    ) -> LocalBoxFuture<'static, Result<Accepted<Self::Extension>, Refused>>;
}

/// A CONNECT.
#[derive(Debug)]
pub struct Connect<V, E: Extension = ()> {
    /// Which namespace; begins with a slash.
    pub namespace: ByteString,
    /// The JSON object that came with it.
    pub auth: Option<Box<RawValue>>,
    /// What was kept of the handshake.
    pub handshake: Arc<V>,
    /// What the client is reached through, once accepted.
    pub socket: Socket<E>,
}

/// What a client that comes back says of where it was.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Recovery {
    /// The `pid` of an earlier answer.
    pub pid: String,
    /// The last string at the end of an event that it got after it.
    pub offset: Option<String>,
}

impl<V, E: Extension> Connect<V, E> {
    /// What the official client adds to `auth` when it comes back (`socket.io-client`, `_sendConnectPacket`).
    pub fn recovery(&self) -> Option<Recovery> {
        serde_json::from_str(self.auth.as_ref()?.get()).ok()
    }
}

/// A CONNECT is accepted.
pub struct Accepted<E: Extension = ()> {
    /// Who is given what comes.
    pub handler: Box<dyn NamespaceHandler<E>>,
    /// Told to the client, which sends it when it comes back; the one that it sent says that it was recovered.
    pub pid: Option<String>,
}

/// A CONNECT is refused.
#[derive(Clone, Debug)]
pub struct Refused {
    /// Why.
    pub message: String,
    /// More of why, as JSON.
    pub data: Option<Box<RawValue>>,
    /// Nothing is said, and the connection is closed: the client comes back by itself, which it does not after a refusal.
    pub closes: Option<CloseReason>,
}

impl Refused {
    /// There is no such namespace, in the words of the reference implementation.
    pub fn unknown_namespace() -> Self {
        Self {
            message: "Invalid namespace".to_owned(),
            data: None,
            closes: None,
        }
    }
}

/// The server's side of one client in one namespace. It is called by one thread at a time, in the order of what came, and does
/// not wait: what takes long goes to an actor or a task.
pub trait NamespaceHandler<E: Extension = ()>: Send {
    /// An event came.
    fn event(&mut self, event: ClientEvent<'_, E>);

    /// A client's acknowledgement of what was sent with this id.
    fn acknowledged(&mut self, id: u64, arguments: &[&RawValue], attachments: &[Bytes]) {
        let _ = (id, arguments, attachments);
    }

    /// A frame of the application's own leaves the socket's queue; the packet that is sent in its place.
    fn leaving(&mut self, frame: E::Frame) -> Option<ByteString> {
        let _ = frame;
        None
    }

    /// It is over. Called once; nothing follows.
    fn disconnected(&mut self, departure: Disconnected) {
        let _ = departure;
    }
}

/// An event.
#[derive(Debug)]
pub struct ClientEvent<'a, E: Extension = ()> {
    /// Its name.
    pub name: &'a str,
    /// Its arguments as JSON; an attachment's place has `{"_placeholder":true,"num":…}`.
    pub arguments: &'a [&'a RawValue],
    /// Its attachments.
    pub attachments: &'a [Bytes],
    /// Answers it, where the client asks for that.
    pub ack: Option<Ack<E>>,
}

impl<'a, E: Extension> ClientEvent<'a, E> {
    /// The attachment whose place an argument, or a value within one, marks.
    pub fn attachment(&self, place: &RawValue) -> Option<&'a Bytes> {
        #[derive(Deserialize)]
        struct Placeholder {
            #[serde(rename = "_placeholder")]
            is_placeholder: bool,
            num: usize,
        }
        let place: Placeholder = serde_json::from_str(place.get()).ok()?;
        self.attachments
            .get(place.num)
            .filter(|_| place.is_placeholder)
    }
}

/// How a client left a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disconnected {
    /// It said so.
    Left,
    /// The server said so.
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
    /// What an [`engineio::Engine`] is started with.
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
