//! The dialects: the name of each, where it is served, how it reads requests and how it encodes events. A dialect is a folder
//! beside this one and a line in `ALL`; its own folder registers its REST endpoints.

mod answers;
mod camel_case;
mod clashes;
mod endpoints;
pub(in crate::edge) mod requests;

pub use answers::{MessageContext, Reader, refusal};
pub(in crate::edge) use camel_case::{Shape, camel_case};
pub(in crate::edge) use endpoints::{Endpoint, Mount, RefusalForm};
pub use requests::{ClientRequest, Incoming};

use bytestring::ByteString;
use chrono::{DateTime, TimeDelta, Utc};
use clock::Clock;
use prometheus::IntCounter;
use serde_json::value::RawValue;
use std::sync::Arc;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::config::DialectOptions;
use crate::domain::access::blocks::ReaderBlocks;
use crate::domain::answer::Answer;
use crate::domain::dialect::{Dialect, Needs};
use crate::domain::encoded::Encoded;
use crate::domain::ids::UserNo;
use crate::domain::notice::NoticeNews;
use crate::domain::refusal::Refusal;
use crate::domain::room_event::{RoomEvent, View};
use crate::domain::snapshot::Listed;
use crate::edge::links::Links;
use crate::edge::{lola, native, stoory};
use crate::presence::Directory;
use crate::telemetry::metrics::Metrics;

/// The dialects beside the native one, which is always served.
pub const ALL: [&Spec; 2] = [&stoory::DIALECT, &lola::DIALECT];

/// A dialect.
pub struct Spec {
    /// Its name in `--dialects`, in the database and in metrics.
    pub name: &'static str,
    /// What it needs from rooms.
    pub needs: Needs,
    /// Encodes an event for participants with this role, or for staff (`None`). Returns `None` if the dialect has no such event.
    pub encode: fn(&RoomEvent, EncodeContext<'_>, Option<&str>) -> Option<Encoded>,
    /// Its use of Socket.IO; `None` for a dialect with REST endpoints alone.
    pub socketio: Option<SocketIoSpec>,
    /// Its REST endpoints. Two dialects with an endpoint that some request fits cannot be served together.
    pub rest: &'static [Mount],
}

/// Reads the name and the arguments of an event.
pub type ReadEvent = fn(&str, &[&RawValue], &[String]) -> Result<Incoming, Refusal>;

/// How a dialect uses Socket.IO.
pub struct SocketIoSpec {
    /// Its namespace. Two dialects with the same namespace cannot be served together.
    pub namespace: &'static str,
    /// The names of all events that a client may send.
    pub requests: &'static [&'static str],
    /// Reads an event of a client. The strings are the hosts that files may be on.
    pub read: ReadEvent,
    /// The event with the refusal of an event, beside `error`, to a client that asks for no acknowledgement; if there is one.
    pub refused_as: fn(&str) -> Option<&'static str>,
    /// Encodes the acknowledgement of an answer; with the conversation if a room answers.
    pub acknowledge: fn(&Answer, Option<&View>, Reader<'_>) -> String,
    /// Encodes the answer to watching a subject: its conversations.
    pub watched: fn(&[Listed], Reader<'_>) -> String,
    /// Encodes the acknowledgement of a refused request.
    pub refused: fn(&Refusal) -> String,
    /// Encodes the event about a notification of the client's user, if there is one.
    pub notice: fn(&NoticeNews) -> Option<ByteString>,
    /// Encodes the first event of a client that has connected, if there is one; the text is the client's id.
    pub greeting: fn(&str, DateTime<Utc>) -> Option<ByteString>,
}

/// What the encoding of an event needs beside the event.
#[derive(Clone, Copy)]
pub struct EncodeContext<'a> {
    /// The dialect in which the event is encoded.
    pub dialect: Dialect,
    /// Who is online.
    pub directory: &'a Directory,
    /// The id that stands for the system in dialects that need one.
    pub system: &'a str,
    /// What time it is.
    pub now: DateTime<Utc>,
    /// Makes links to files.
    pub links: &'a Links,
}

impl<'a> EncodeContext<'a> {
    /// What the JSON of a message needs.
    pub fn messages(self) -> MessageContext<'a> {
        MessageContext {
            system: self.system,
            links: self.links,
        }
    }
}

/// The dialects that this server serves.
pub struct Dialects {
    served: Vec<Served>,
    options: DialectOptions,
    directory: Arc<Directory>,
    clock: Clock,
    links: Arc<Links>,
}

struct Served {
    dialect: Dialect,
    spec: &'static Spec,
    /// Counts the events that were encoded in it.
    encoded: IntCounter,
}

/// An event as one connection gets it.
#[derive(Debug)]
pub struct EncodedEvent {
    /// The bytes.
    pub bytes: ByteString,
    /// Whether another event of the same seq follows.
    pub is_last_of_seq: bool,
}

impl Dialects {
    /// The native dialect and those that the options name. Fails with a sentence that says what to do.
    pub fn new(
        options: &DialectOptions,
        directory: Arc<Directory>,
        clock: Clock,
        links: Arc<Links>,
        metrics: &Metrics,
    ) -> Result<Self, String> {
        let named = clashes::wanted(&options.dialects)?;
        Ok(Self::of(named, options, (directory, clock, links), metrics))
    }

    /// The native dialect and these others.
    fn of(
        others: Vec<&'static Spec>,
        options: &DialectOptions,
        (directory, clock, links): (Arc<Directory>, Clock, Arc<Links>),
        metrics: &Metrics,
    ) -> Self {
        let specs = [&native::DIALECT].into_iter().chain(others);
        let served = specs.zip(0..).map(|(spec, index)| Served {
            dialect: Dialect::new(index, spec.name, spec.needs),
            spec,
            encoded: metrics.encoded(spec.name),
        });
        Self {
            served: served.collect(),
            options: options.clone(),
            directory,
            clock,
            links,
        }
    }

    /// The dialect of a Socket.IO namespace.
    pub fn in_namespace(&self, namespace: &str) -> Option<Dialect> {
        let mut served = self.served.iter();
        let found = served.find(|served| {
            let socketio = served.spec.socketio.as_ref();
            socketio.is_some_and(|socketio| socketio.namespace == namespace)
        });
        found.map(|served| served.dialect)
    }

    /// Whether any dialect uses Socket.IO.
    pub fn has_socketio(&self) -> bool {
        let mut served = self.served.iter();
        served.any(|served| served.spec.socketio.is_some())
    }

    /// Adds the REST endpoints of all dialects.
    pub fn routes(&self, routes: &mut ServiceConfig<'_>) {
        endpoints::add(self.served.iter().map(|served| served.spec), routes);
    }

    /// How a refusal of a request to this path is written; `None` for the native dialect.
    pub(in crate::edge) fn refusal_form(&self, path: &str) -> Option<RefusalForm> {
        let mounts = self.served.iter().flat_map(|served| served.spec.rest);
        let above = mounts.filter(|mount| mount.is_above(path));
        above.max_by_key(|mount| mount.prefix.len())?.refused
    }

    /// Encodes an event for one reader; `None` if the dialect has no such event.
    pub fn encode(
        &self,
        dialect: Dialect,
        event: &RoomEvent,
        role: Option<&str>,
        reader: UserNo,
    ) -> Option<EncodedEvent> {
        let served = self.served.get(dialect.index())?;
        let encoded = event.encoded(dialect, role, || {
            let encoded = (served.spec.encode)(event, self.context(dialect), role);
            if !event.is_personal() {
                served
                    .encoded
                    .inc_by(encoded.as_ref().map_or(0, Encoded::times));
            }
            encoded
        })?;
        Some(EncodedEvent {
            bytes: encoded.bytes_for(reader).clone(),
            is_last_of_seq: encoded.is_last_of_seq,
        })
    }

    /// As `encode`, for a reader whom blocks may concern.
    pub fn encode_for(
        &self,
        dialect: Dialect,
        event: &RoomEvent,
        (role, reader_blocks): (Option<&str>, Option<&ReaderBlocks>),
        reader: UserNo,
    ) -> Option<EncodedEvent> {
        match reader_blocks {
            None => self.encode(dialect, event, role, reader),
            Some(reader_blocks) => {
                self.encode(dialect, &event.seen_by(reader_blocks), role, reader)
            }
        }
    }

    /// Reads an event of a client as a request.
    pub fn read(
        &self,
        dialect: Dialect,
        name: &str,
        arguments: &[&RawValue],
    ) -> Result<Incoming, Refusal> {
        let socketio = self.socketio_of(dialect);
        let socketio = socketio.ok_or_else(|| requests::unknown(name))?;
        (socketio.read)(name, arguments, &self.options.media_hosts)
    }

    /// The event about a notification of the client's user, if the dialect has one.
    pub fn notice(&self, dialect: Dialect, news: &NoticeNews) -> Option<ByteString> {
        (self.socketio_of(dialect)?.notice)(news)
    }

    /// The dialect's own event for a refusal of an event of this name.
    pub fn refused_as(&self, dialect: Dialect, name: &str) -> Option<&'static str> {
        let socketio = self.socketio_of(dialect)?;
        (socketio.refused_as)(name)
    }

    /// The acknowledgement of an answer, as JSON.
    pub fn acknowledgement(
        &self,
        dialect: Dialect,
        answer: &Answer,
        view: Option<&View>,
        reader: UserNo,
    ) -> String {
        let socketio = self.socketio_of(dialect);
        socketio.map_or_else(String::new, |socketio| {
            (socketio.acknowledge)(answer, view, self.reader(reader))
        })
    }

    /// The answer to watching a subject, as JSON: the conversations about it.
    pub fn watched(&self, dialect: Dialect, listed: &[Listed], reader: UserNo) -> String {
        let socketio = self.socketio_of(dialect);
        socketio.map_or_else(String::new, |socketio| {
            (socketio.watched)(listed, self.reader(reader))
        })
    }

    /// The acknowledgement of a refused request, as JSON.
    pub fn refusal(&self, dialect: Dialect, refused: &Refusal) -> String {
        let socketio = self.socketio_of(dialect);
        socketio.map_or_else(|| refusal(refused), |socketio| (socketio.refused)(refused))
    }

    /// The first event of a client that has connected under this id, if the dialect has one.
    pub fn greeting(&self, dialect: Dialect, client: &str) -> Option<ByteString> {
        let socketio = self.socketio_of(dialect)?;
        (socketio.greeting)(client, self.now())
    }

    fn now(&self) -> DateTime<Utc> {
        let since_1970 = TimeDelta::from_std(self.clock.since_1970());
        DateTime::UNIX_EPOCH + since_1970.unwrap_or_default()
    }

    fn socketio_of(&self, dialect: Dialect) -> Option<&'static SocketIoSpec> {
        let served = self.served.get(dialect.index())?;
        served.spec.socketio.as_ref()
    }

    fn context(&self, dialect: Dialect) -> EncodeContext<'_> {
        EncodeContext {
            dialect,
            directory: &self.directory,
            system: &self.options.system_user_id,
            now: self.now(),
            links: &self.links,
        }
    }

    /// What the answers to a user need.
    pub(in crate::edge) fn reader(&self, no: UserNo) -> Reader<'_> {
        Reader {
            no,
            directory: &self.directory,
            system: &self.options.system_user_id,
            links: &self.links,
        }
    }
}

/// Checks the names of dialects. An error is a sentence that says what to do.
pub fn check(options: &DialectOptions) -> Result<(), String> {
    clashes::wanted(&options.dialects).map(drop)
}

#[cfg(test)]
mod clash_tests;
#[cfg(test)]
mod encoding_tests;
#[cfg(test)]
mod ids_of_answers_tests;
#[cfg(test)]
mod ids_of_steps_tests;
#[cfg(test)]
mod ids_tests;
#[cfg(test)]
mod named_requests_tests;
#[cfg(test)]
mod serving_tests;
