//! One connection: who it is, what it joined, its limits. Turns frames into requests; nothing else.

use actix::prelude::*;
use actix_web_actors::ws;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::config::SocketOptions;
use crate::directory::SubjectKey;
use crate::domain::ids::{ConversationId, Seq, SessionId};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::outbox::{CloseReason, Drain, Drained, Frame, Outbox};
use crate::pace::{Pace, SessionPace};
use crate::people::People;
use crate::registry::Rooms;
use crate::room::reply::{Asker, Reply, told};
use crate::room::{House, Manner, ToRoom};
use crate::store::conversations::{self, Filter};
use crate::wire::decode::{Request, decode};
use crate::wire::encode;
use crate::wire::guard::Violation;
use crate::wire::views::ConversationView;

/// Everything that a session needs of the house.
pub struct Door {
    /// What rooms need too.
    pub house: Arc<House>,
    /// The rooms.
    pub rooms: Rooms,
    /// Who is who.
    pub people: People,
    /// How fast anybody may be.
    pub pace: Pace,
    /// Bounds of connections.
    pub options: SocketOptions,
}

/// The actor of one connection.
pub struct Session {
    door: Arc<Door>,
    outbox: Arc<Outbox>,
    principal: Option<Arc<Principal>>,
    joined: Vec<ConversationId>,
    watched: Vec<SubjectKey>,
    pace: SessionPace,
    /// Refusals for speed in a row; too many end the session.
    too_fast: u32,
    verdict: Rc<Cell<Option<Violation>>>,
    /// A message that comes in several frames; bounded by the frame guard.
    pieces: Vec<u8>,
}

/// Refusals for speed in a row after which a session is closed.
const TOO_FAST_LIMIT: u32 = 200;
/// Conversations and subjects that one session may follow.
const FOLLOWED: usize = 1_000;

impl Session {
    /// A session with an open outbox; `verdict` is what the frame guard says of its peer.
    pub fn new(
        door: Arc<Door>,
        outbox: Arc<Outbox>,
        principal: Option<Arc<Principal>>,
        verdict: Rc<Cell<Option<Violation>>>,
    ) -> Self {
        let pace = door.pace.session();
        let (joined, watched, pieces) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            door,
            outbox,
            principal,
            joined,
            watched,
            pace,
            too_fast: 0,
            verdict,
            pieces,
        }
    }

    fn frame(&mut self, text: &str, context: &mut ws::WebsocketContext<Self>) {
        let Some(incoming) = decode(text) else {
            return self.outbox.close(CloseReason::Misuse);
        };
        let user = self.principal.as_ref().map(|principal| principal.no);
        if let Err(refusal) = self.door.pace.frame(&self.pace, user) {
            self.too_fast += 1;
            if self.too_fast > TOO_FAST_LIMIT {
                self.outbox.close(CloseReason::TooFast);
            }
            return self.refuse(incoming.id, refusal);
        }
        self.too_fast = 0;
        let caller = self.principal.as_ref();
        let named = caller.map_or(Ok(()), |caller| incoming.acting.must_be(caller));
        match named.and(incoming.request) {
            Err(refusal) => self.refuse(incoming.id, refusal),
            Ok(Request::Authenticate { token }) => self.authenticate(incoming.id, token, context),
            Ok(request) => match self.principal.clone() {
                None => self.refuse(incoming.id, Refusal::Unauthenticated("Authenticate first")),
                Some(principal) => self.carry(incoming.id, request, principal, context),
            },
        }
    }

    fn refuse(&self, id: Option<u64>, refusal: Refusal) {
        self.fail(id, Error::Refused(refusal));
    }

    fn fail(&self, id: Option<u64>, error: Error) {
        let refusal = told(error, &self.door.house.metrics);
        self.outbox.text(encode::refusal(id, &refusal));
    }

    fn acknowledge(&self, id: Option<u64>, data: impl serde::Serialize) {
        if let Some(id) = id {
            self.outbox.text(encode::ack(id, data));
        }
    }

    fn carry(
        &mut self,
        id: Option<u64>,
        request: Request,
        principal: Arc<Principal>,
        context: &mut ws::WebsocketContext<Self>,
    ) {
        match request {
            Request::Authenticate { .. } => {}
            Request::Join {
                conversation,
                after,
            } => self.join(id, conversation, after, principal),
            Request::Leave { conversation } => {
                self.joined.retain(|joined| *joined != conversation);
                let reply = self.reply(id, conversation, &principal);
                self.door.rooms.send(
                    conversation,
                    ToRoom::Leave {
                        session: self.outbox.session(),
                        reply,
                    },
                );
            }
            Request::Command {
                conversation,
                command,
            } => {
                let reply = self.reply(id, conversation, &principal);
                self.door.rooms.send(
                    conversation,
                    ToRoom::Do {
                        principal,
                        command,
                        reply,
                    },
                );
            }
            Request::Watch(subject) => self.watch(id, subject, &principal, context),
            Request::Unwatch(subject) => {
                self.door
                    .house
                    .directory
                    .unwatch(&subject, self.outbox.session());
                self.watched.retain(|watched| *watched != subject);
                self.acknowledge(id, serde_json::json!({}));
            }
            Request::Status(status) => {
                let _connected = self.door.house.directory.choose(principal.no, status);
                self.acknowledge(id, serde_json::json!({ "status": status }));
            }
        }
    }

    fn reply(&self, id: Option<u64>, conversation: ConversationId, principal: &Principal) -> Reply {
        let (directory, metrics) = (
            Arc::clone(&self.door.house.directory),
            Arc::clone(&self.door.house.metrics),
        );
        let asker = Asker::Socket {
            outbox: Arc::clone(&self.outbox),
            id,
            directory,
            metrics,
        };
        Reply::new(conversation, principal.no, asker)
    }

    fn join(
        &mut self,
        id: Option<u64>,
        conversation: ConversationId,
        after: Option<Seq>,
        principal: Arc<Principal>,
    ) {
        if !self.joined.contains(&conversation) {
            if self.joined.len() >= FOLLOWED {
                return self.refuse(
                    id,
                    Refusal::Unprocessable("Too many conversations joined by one session"),
                );
            }
            self.joined.push(conversation);
        }
        let reply = self.reply(id, conversation, &principal);
        let outbox = Arc::clone(&self.outbox);
        self.door.rooms.send(
            conversation,
            ToRoom::Join {
                principal,
                outbox,
                after,
                manner: Manner::Answer,
                reply,
            },
        );
    }

    /// The room was lost; its events go on from where they stopped.
    fn rejoin(&self, conversation: ConversationId, after: Seq) {
        let Some(principal) = self
            .principal
            .clone()
            .filter(|_| self.joined.contains(&conversation))
        else {
            return;
        };
        let outbox = Arc::clone(&self.outbox);
        let asker = Asker::Rejoin {
            outbox: Arc::clone(&outbox),
            after,
        };
        let reply = Reply::new(conversation, principal.no, asker);
        let after = Some(after);
        self.door.rooms.send(
            conversation,
            ToRoom::Join {
                principal,
                outbox,
                after,
                manner: Manner::Events,
                reply,
            },
        );
    }

    fn watch(
        &mut self,
        id: Option<u64>,
        subject: SubjectKey,
        principal: &Arc<Principal>,
        context: &mut ws::WebsocketContext<Self>,
    ) {
        if self.watched.len() >= FOLLOWED {
            return self.refuse(
                id,
                Refusal::Unprocessable("Too many subjects watched by one session"),
            );
        }
        self.door
            .house
            .directory
            .watch(subject.clone(), principal.no, &self.outbox);
        let filter = Filter {
            subject_type: Some(subject.0.clone()),
            subject_id: Some(subject.1.clone()),
            ..Filter::default()
        };
        self.watched.push(subject);
        let (door, outbox, user) = (
            Arc::clone(&self.door),
            Arc::clone(&self.outbox),
            principal.no,
        );
        let answer = async move {
            let listed = door
                .house
                .pool
                .run(move |connection| conversations::list(connection, user, &filter, 100))
                .await;
            match listed {
                Err(error) => {
                    outbox.text(encode::refusal(id, &told(error, &door.house.metrics)));
                }
                Ok(listed) => {
                    let directory = &door.house.directory;
                    let views: Vec<_> = listed
                        .iter()
                        .map(|one| ConversationView::listed(one, user, directory))
                        .collect();
                    if let Some(id) = id {
                        outbox.text(encode::ack(
                            id,
                            serde_json::json!({ "conversations": views }),
                        ));
                    }
                }
            }
        };
        context.spawn(answer.into_actor(self));
    }

    /// Frames that come meanwhile wait, so that they find the caller authenticated.
    fn authenticate(
        &mut self,
        id: Option<u64>,
        token: String,
        context: &mut ws::WebsocketContext<Self>,
    ) {
        let door = Arc::clone(&self.door);
        let identify = async move { door.people.identify(&token).await };
        context.wait(
            identify
                .into_actor(self)
                .map(move |identified, session, _| session.identified(id, identified)),
        );
    }

    fn identified(&mut self, id: Option<u64>, identified: Result<Arc<Principal>, Error>) {
        match (identified, &self.principal) {
            (Err(error), before) => {
                let temporary = matches!(&error, Error::Refused(refusal) if refusal.is_temporary());
                let first = before.is_none();
                self.fail(id, error);
                if first && !temporary {
                    self.outbox.close(CloseReason::Unauthenticated);
                }
            }
            (Ok(new), Some(before)) if new.no != before.no => {
                self.refuse(
                    id,
                    Refusal::IdentityMismatch(
                        "This connection belongs to another user: open a new one",
                    ),
                );
            }
            (Ok(principal), before) => {
                if before.is_none() {
                    self.door.house.directory.arrive(principal.no, &self.outbox);
                }
                self.outbox
                    .set_deadline(time_left(&principal), CloseReason::Unauthenticated);
                let welcome = encode::Welcome {
                    user_id: &principal.id,
                    session_id: self.outbox.session().0,
                    heartbeat_seconds: self.door.options.heartbeat_seconds,
                };
                self.acknowledge(id, welcome);
                self.principal = Some(principal);
            }
        }
    }

    /// Puts the pieces of a message together; the frame guard bounds the whole.
    fn continuation(
        &mut self,
        item: actix_http::ws::Item,
        context: &mut ws::WebsocketContext<Self>,
    ) {
        use actix_http::ws::Item;
        match item {
            Item::FirstText(bytes) => self.pieces = bytes.to_vec(),
            Item::FirstBinary(_) => self.outbox.close(CloseReason::Misuse),
            Item::Continue(bytes) => self.pieces.extend_from_slice(&bytes),
            Item::Last(bytes) => {
                self.pieces.extend_from_slice(&bytes);
                match String::from_utf8(std::mem::take(&mut self.pieces)) {
                    Ok(text) => self.frame(&text, context),
                    Err(_) => self.outbox.close(CloseReason::Misuse),
                }
            }
        }
    }
}

/// How long a token is good for still.
fn time_left(principal: &Principal) -> Duration {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Duration::from_secs(principal.expires_at).saturating_sub(now)
}

impl Actor for Session {
    type Context = ws::WebsocketContext<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.set_mailbox_capacity(1);
        context.add_stream(Drain(Arc::clone(&self.outbox)));
        self.door.house.metrics.connections.inc();
        match &self.principal {
            Some(principal) => {
                self.door.house.directory.arrive(principal.no, &self.outbox);
                self.outbox
                    .set_deadline(time_left(principal), CloseReason::Unauthenticated);
            }
            None => {
                let patience = Duration::from_secs(self.door.options.authentication_seconds);
                self.outbox
                    .set_deadline(patience, CloseReason::AuthenticationTimeout);
            }
        }
    }
}

impl Drop for Session {
    /// Runs however the connection ends: nothing of it stays.
    fn drop(&mut self) {
        let session = self.outbox.session();
        self.outbox.end();
        let directory = &self.door.house.directory;
        directory.close(session);
        self.watched
            .iter()
            .for_each(|subject| directory.unwatch(subject, session));
        self.door.house.metrics.connections.dec();
        let Some(principal) = &self.principal else {
            return;
        };
        directory.depart(principal.no, session, Instant::now());
        for conversation in &self.joined {
            let reply = Reply::new(*conversation, principal.no, Asker::Nobody);
            self.door
                .rooms
                .leave_if_awake(*conversation, ToRoom::Leave { session, reply });
        }
    }
}

impl StreamHandler<Drained> for Session {
    fn handle(&mut self, drained: Drained, context: &mut Self::Context) {
        for frame in drained.frames {
            match frame {
                Frame::Text(text) => context.text(text),
                Frame::Ping => context.ping(b""),
                Frame::Rejoin(conversation, after) => self.rejoin(conversation, after),
            }
        }
        if let Some(reason) = drained.close {
            let (code, text) = reason.code_and_text();
            context.close(Some(ws::CloseReason {
                code: ws::CloseCode::Other(code),
                description: Some(text.to_owned()),
            }));
            context.stop();
        }
    }
}

impl StreamHandler<Result<ws::Message, ws::ProtocolError>> for Session {
    fn handle(
        &mut self,
        item: Result<ws::Message, ws::ProtocolError>,
        context: &mut Self::Context,
    ) {
        self.outbox.note_heard();
        match item {
            Ok(ws::Message::Text(text)) => self.frame(&text, context),
            Ok(ws::Message::Ping(payload)) => context.pong(&payload),
            Ok(ws::Message::Pong(_) | ws::Message::Nop) => {}
            Ok(ws::Message::Continuation(item)) => self.continuation(item, context),
            Ok(ws::Message::Binary(_)) => self.outbox.close(CloseReason::Misuse),
            Ok(ws::Message::Close(reason)) => {
                context.close(reason);
                context.stop();
            }
            Err(_) => self.outbox.close(match self.verdict.get() {
                Some(Violation::TooLarge) => CloseReason::TooLarge,
                Some(Violation::Malformed) | None => CloseReason::Misuse,
            }),
        }
    }

    /// The peer's side has ended. After a violation, the close frame still goes out.
    fn finished(&mut self, context: &mut Self::Context) {
        if self.verdict.get().is_none() {
            context.stop();
        }
    }
}

/// An identity for a new connection.
pub fn fresh_session() -> SessionId {
    SessionId(uuid::Uuid::new_v4())
}
