//! Sessions over Socket.IO: who may connect, in which dialect, and where a client that comes back goes on.

mod chat_handler;
mod client;
mod joining;
mod once;
mod pending_joins;
mod resume_cursor;
mod session;
mod user_room;

use actix::Actor;
use actix_web::HttpRequest;
use actix_web::http::header::UPGRADE;
use dashmap::DashMap;
use dashmap::mapref::multiple::RefMulti;
use futures_util::future::{FutureExt, LocalBoxFuture};
use prometheus::{IntCounter, IntCounterVec};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

use super::stage::Stage;
use super::{SessionDeps, time_left};
use crate::config::{AllowedOrigins, Config, Switch};
use crate::domain::dialect::Dialect;
use crate::domain::ids::SessionId;
use crate::domain::offset::Offset;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::edge::dialect;
use crate::edge::http::bearer::{Carrier, FoundToken, TokenSource, Use};
use crate::edge::http::origin::{is_welcome, shown};
use crate::edge::native::read::read;
use crate::error::Error;
use crate::identity::rate_limits::SessionRate;
use crate::queue::{AUTHENTICATION_TIMEOUT, Chat, CloseReason, Connection, ConnectionQueue};
use crate::room::reply::told;
use crate::store::recoveries::{self, Holder, Resumed};
use crate::telemetry::refusal_log::RefusalLog;
use crate::wire::section::Section;
use socketio::engineio::{self, Engine, Hooks, Rejection, Tag};
use socketio::{Accepted, Application, Connect, Refused, Server};

use chat_handler::ChatHandler;
use resume_cursor::ResumeCursor;
use session::SocketIoSession;

/// The endpoint of Socket.IO.
pub type Endpoint = Engine<Chat>;
/// What a client in a namespace is reached through.
type Socket = socketio::Socket<Chat>;
/// The right to answer one event.
type Ack = socketio::Ack<Chat>;

/// Namespaces that one connection may be in at once.
const NAMESPACES: usize = 4;
/// How long the client may take to answer a ping, at most.
const PONG_SECONDS: u64 = 20;
/// How long an upgrade from polling may take.
const UPGRADE_SECONDS: u64 = 10;

/// The endpoint of Socket.IO, with the same bounds as native sockets.
pub fn endpoint(deps: Arc<SessionDeps>, config: &Config) -> Arc<Endpoint> {
    let sockets = &config.sockets;
    let tokens = TokenSource::new(config);
    let heartbeat = sockets.heartbeat_seconds;
    let pong = sockets.silence_seconds.saturating_sub(heartbeat);
    let queue_limit = sockets.queue_limit as usize;
    let bounds = socketio::Options {
        connect_timeout: Duration::from_secs(sockets.authentication_seconds),
        connect_overdue: AUTHENTICATION_TIMEOUT,
        namespaces: NAMESPACES,
        assembly_limit: sockets.frame_limit as usize,
        queue_limit,
    };
    let options = engineio::Options {
        ping_interval: Duration::from_secs(heartbeat),
        ping_timeout: Duration::from_secs(pong.clamp(1, PONG_SECONDS)),
        upgrade_timeout: Duration::from_secs(UPGRADE_SECONDS),
        max_payload: sockets.frame_limit as usize,
        max_body: config.socketio.poll_body_limit as usize,
        max_sessions: sockets.max_connections,
        queue_limit,
        tag: config.operation.node_tag,
        clock: deps.room.clock.clone(),
        hooks: Arc::new(Entrance {
            origins: config.origins(),
            refusals: Arc::clone(&deps.refusals),
            closed: deps.room.metrics.closed_sockets.clone(),
            misrouted: deps.room.metrics.misrouted.clone(),
        }),
    };
    Engine::start(
        options,
        Server::new(Arc::new(ChatServer { deps, tokens }), bounds),
    )
}

/// The clients that are connected, by their `pid`.
#[derive(Default)]
pub struct ConnectedClients(DashMap<Uuid, Socket>);

impl ConnectedClients {
    /// Notes a client. An earlier connection under the same `pid` is disconnected.
    fn enter(&self, pid: Uuid, socket: &Socket) {
        if let Some(before) = self.0.insert(pid, socket.clone()) {
            before.disconnect();
        }
    }

    /// Disconnects a client's connection here, if another one speaks for the client.
    pub fn leave_to(&self, pid: Uuid, holder: SessionId) {
        let is_old = |_: &Uuid, socket: &Socket| socket.queue().session() != holder;
        if let Some((_, socket)) = self.0.remove_if(&pid, is_old) {
            socket.disconnect();
        }
    }

    /// Whether a client is connected here over another connection than this.
    pub fn has_other(&self, pid: Uuid, session: SessionId) -> bool {
        let found = self.0.get(&pid);
        found.is_some_and(|socket| socket.queue().session() != session)
    }

    fn depart(&self, pid: Uuid, session: SessionId) {
        self.0
            .remove_if(&pid, |_, socket| socket.queue().session() == session);
    }

    /// All of them, each with the connection that speaks for it here.
    pub fn all(&self) -> Vec<(Uuid, SessionId)> {
        let client = |entry: RefMulti<'_, Uuid, Socket>| (*entry.key(), entry.queue().session());
        self.0.iter().map(client).collect()
    }
}

/// Which pages may use the endpoint, and where refusals and closes are noted.
#[derive(Debug)]
struct Entrance {
    origins: AllowedOrigins,
    refusals: Arc<RefusalLog>,
    closed: IntCounterVec,
    misrouted: IntCounter,
}

impl Hooks for Entrance {
    fn admits(&self, request: &HttpRequest) -> bool {
        let is_admitted = is_welcome(request, &self.origins);
        if !is_admitted {
            let why = "not in --allowed-origins";
            self.refusals.note("origin_refused", why, &shown(request));
        }
        is_admitted
    }

    fn refused(&self, why: &'static str) {
        self.refusals.note("handshake_refused", why, "");
    }

    fn misrouted(&self, tag: Tag) {
        self.misrouted.inc();
        let why = "its id has the tag of another node";
        self.refusals
            .note("session_misrouted", why, &tag.to_string());
    }

    fn closed(&self, code: u16) {
        self.closed.with_label_values(&[&code.to_string()]).inc();
    }
}

/// The chat as an application of Socket.IO.
struct ChatServer {
    deps: Arc<SessionDeps>,
    tokens: TokenSource,
}

/// What is remembered of a handshake.
struct Handshake {
    /// Of the `Authorization` header, or of the cookie.
    token: Option<FoundToken>,
    /// How fast the packets that are no events may come.
    pace: SessionRate,
}

/// What comes with a CONNECT.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Auth {
    token: Option<String>,
    /// Whether the client wants to be given what it missed when it comes back.
    recovery: Option<bool>,
}

impl Application for ChatServer {
    type Handshake = Handshake;
    type Extension = Chat;

    fn greet(&self, request: &HttpRequest) -> Result<Handshake, Rejection> {
        if self.deps.stages.now() == Stage::Draining {
            return Err(Rejection::Unavailable);
        }
        let forbidden = |why| {
            self.deps.refusals.note("handshake_refused", why, "");
            Rejection::Forbidden
        };
        let mut pairs = request.query_string().split('&');
        if pairs.any(|pair| pair.starts_with("token=")) {
            return Err(forbidden("a token in the URL"));
        }
        // Browsers name the origin with a WebSocket, and not with a page's first poll of its own server.
        let usage = match request.headers().contains_key(UPGRADE) {
            true => Use::Acting,
            false => Use::Reading,
        };
        let token = self.tokens.find(request, usage);
        let token = token.map_err(|refusal| {
            forbidden(match refusal {
                Refusal::OriginRefused => "a cookie of a page that is not in --allowed-origins",
                Refusal::Unauthenticated(why) => why,
                _ => "its token cannot be read",
            })
        })?;
        Ok(Handshake {
            token,
            pace: self.deps.rate_limits.session(),
        })
    }

    /// The first poll of a page names no origin, and a page of another origin cannot read its answer. What acts with a cookie's token names
    /// the page, as REST calls do.
    fn admits(&self, handshake: &Handshake, request: &HttpRequest) -> bool {
        let token = handshake.token.as_ref();
        let is_sent_along = token.is_some_and(|token| token.carrier == Carrier::Cookie);
        let admits = !is_sent_along || self.tokens.may_use_cookie(request, Use::Acting);
        if !admits {
            let why = "acts with a cookie, of a page that is not in --allowed-origins";
            self.deps
                .refusals
                .note("origin_refused", why, &shown(request));
        }
        admits
    }

    fn pace(&self, handshake: &Handshake) -> Result<(), CloseReason> {
        let paced = self.deps.rate_limits.frame(&handshake.pace, None);
        paced.map_err(|_| CloseReason::TooFast)
    }

    fn queue(&self, namespace: &str, session: SessionId, bound: usize) -> Arc<ConnectionQueue> {
        let dialect = self.deps.dialects.in_namespace(namespace);
        ConnectionQueue::with(
            session,
            bound,
            self.deps.room.clock.clone(),
            dialect.map(Connection::of).unwrap_or_default(),
        )
    }

    fn connect(
        &self,
        connect: Connect<Handshake, Chat>,
    ) -> LocalBoxFuture<'static, Result<Accepted<Chat>, Refused>> {
        let deps = Arc::clone(&self.deps);
        async move {
            let Some(dialect) = deps.dialects.in_namespace(&connect.namespace) else {
                return Err(Refused::unknown_namespace());
            };
            let come_in = come_in(Arc::clone(&deps), dialect, connect).await;
            come_in.map_err(|error| refused(error, &deps))
        }
        .boxed_local()
    }
}

async fn come_in(
    deps: Arc<SessionDeps>,
    dialect: Dialect,
    connect: Connect<Handshake, Chat>,
) -> Result<Accepted<Chat>, Error> {
    let auth: Auth = match &connect.auth {
        Some(auth) => read(auth.get())?,
        None => Auth::default(),
    };
    let handed = connect.handshake.token.as_ref();
    let token = auth.token.as_deref();
    let token = token.or(handed.map(|token| token.text.as_str()));
    let token = token.ok_or(Refusal::Unauthenticated(
        "A token is required in auth.token",
    ))?;
    let principal = deps.people.identify(token).await?;
    if time_left(&principal, &deps.room.clock).is_zero() {
        return Err(Refusal::Unauthenticated("The token has expired").into());
    }
    deps.rate_limits.user(principal.no)?;
    let wants_recovery = deps.socketio.recovery == Switch::On && auth.recovery != Some(false);
    let (pid, resumed) = match wants_recovery {
        true => find_again(&deps, dialect, &principal, &connect).await?,
        false => (None, None),
    };
    let socket = connect.socket;
    let queue = socket.queue();
    if let Some(resumed) = &resumed {
        queue.state().note_user_room(resumed.user_room);
    }
    deps.enter(queue, Some(&principal))?;
    deps.room.metrics.connections.inc();
    if let Some(pid) = pid {
        deps.connected_clients.enter(pid, &socket);
        if resumed.is_some() {
            tell_takeover(&deps, pid, queue.session());
        }
    }
    let cursor = ResumeCursor::shared(resumed);
    let session = SocketIoSession::new(
        Arc::clone(&deps),
        socket.clone(),
        Arc::clone(&principal),
        pid,
        Arc::clone(&cursor),
    );
    let session = session.start();
    let is_recoverable = pid.is_some();
    if let Some(greeting) = deps.dialects.greeting(dialect, &socket.id()) {
        socket.push(greeting);
    }
    let handler = ChatHandler::new(deps, socket, principal, session, cursor, is_recoverable);
    Ok(Accepted {
        handler: Box::new(handler),
        pid: pid.map(|pid| pid.simple().to_string()),
    })
}

/// Another server may still hold an old connection of a client that goes on here.
fn tell_takeover(deps: &SessionDeps, pid: Uuid, session: SessionId) {
    let pid = pid.simple().to_string();
    deps.room.outgoing.say(|| Section::Taken { pid, session });
}

/// The `pid` that a client has from now on, and where it goes on if it was found.
async fn find_again(
    deps: &SessionDeps,
    dialect: Dialect,
    principal: &Principal,
    connect: &Connect<Handshake, Chat>,
) -> Result<(Option<Uuid>, Option<Resumed>), Error> {
    let fresh = Uuid::new_v4();
    let Some(recovery) = connect.recovery() else {
        return Ok((Some(fresh), None));
    };
    let Ok(pid) = Uuid::try_parse(&recovery.pid) else {
        return Ok((Some(fresh), None));
    };
    let offset = match recovery.offset.as_deref().map(Offset::parse) {
        Some(None) => return Ok((Some(fresh), None)),
        Some(Some(offset)) => Some(offset),
        None => None,
    };
    let queue = connect.socket.queue();
    let holder = Holder {
        pid,
        user: principal.no,
        dialect,
        session: queue.session(),
    };
    let most = i64::from(deps.socketio.recovery_limit);
    let resume =
        move |connection: &mut _| recoveries::resume(connection, holder, offset.as_ref(), most);
    let resumed = deps.room.pool.run(resume).await?;
    let pid = if resumed.is_some() { pid } else { fresh };
    Ok((Some(pid), resumed))
}

/// A temporary failure is not sent as a refusal: the connection closes, and the client comes back by itself.
fn refused(error: Error, deps: &SessionDeps) -> Refused {
    let refusal = told(error, &deps.room.metrics);
    Refused {
        message: refusal.message(),
        data: RawValue::from_string(dialect::refusal(&refusal)).ok(),
        closes: refusal.is_temporary().then_some(CloseReason::Restarting),
    }
}
