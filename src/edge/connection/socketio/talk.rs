//! The actor of one client in one namespace: what it asks for goes to the rooms, in its order.

use actix::prelude::*;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Instant;
use uuid::Uuid;

use super::joins::Joins;
use super::places::Places;
use super::{Ack, Socket};
use crate::domain::answer::Answer;
use crate::domain::dialect::Dialect;
use crate::domain::ids::{ConversationId, Seq};
use crate::domain::principal::Principal;
use crate::domain::room_event::View;
use crate::edge::connection::replay_queue::Replay;
use crate::edge::connection::session::{Core, JoinNo, Session};
use crate::edge::connection::{SessionDeps, replaying};
use crate::edge::dialect;
use crate::edge::native::decode::{Request, SubjectKey};
use crate::error::Error;
use crate::room::ToRoom;
use crate::room::reply::{Asker, Reply, told};
use crate::store::conversations::{self, Filter};
use crate::store::recoveries::{self, Followed, Holder};
use crate::telemetry::metrics::Metrics;
use socketio::Disconnected;
use socketio::packet::encode_event;

/// Events that may wait for the actor.
const WAITING: usize = 1_024;

/// An event of the client.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Ask {
    pub(super) request: Option<Request>,
    pub(super) ack: Option<Ack>,
}

/// The room of a conversation is gone; the client has been told everything up to this seq.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct RoomLost {
    pub(super) conversation: ConversationId,
    pub(super) after: Seq,
}

/// The client's user may not read a conversation any more that it had joined.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct AccessLost(pub(super) ConversationId);

/// A page of the replay of this turn has left the queue.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct PageLeft(pub(super) u64);

/// The client is gone.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Bye(pub(super) Disconnected);

/// A room has answered a join of the client, by its number.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) enum Entered {
    LetIn(ConversationId, u64),
    TurnedAway(ConversationId, u64),
}

/// The actor.
pub(super) struct Talk {
    core: Core,
    pub(super) deps: Arc<SessionDeps>,
    pub(super) dialect: Dialect,
    pub(super) socket: Socket,
    pub(super) principal: Arc<Principal>,
    pid: Option<Uuid>,
    pub(super) places: Arc<Mutex<Places>>,
    pub(super) joins: Joins<Option<Ack>>,
    has_left: bool,
}

impl Talk {
    pub(super) fn new(
        deps: Arc<SessionDeps>,
        dialect: Dialect,
        socket: Socket,
        principal: Arc<Principal>,
        pid: Option<Uuid>,
        places: Arc<Mutex<Places>>,
    ) -> Self {
        let queue = Arc::clone(socket.queue());
        Self {
            core: Core::new(Arc::clone(&deps), queue, Some(Arc::clone(&principal))),
            deps,
            dialect,
            socket,
            principal,
            pid,
            places,
            joins: Joins::default(),
            has_left: false,
        }
    }

    pub(super) fn holder(&self) -> Option<Holder> {
        Some(Holder {
            pid: self.pid?,
            user: self.principal.no,
            dialect: self.dialect,
            session: self.socket.queue().session(),
        })
    }

    fn carry(&mut self, request: Request, ack: Option<Ack>, context: &mut Context<Self>) {
        match request {
            Request::Join { conversation, .. } => self.join(conversation, ack, context),
            Request::Leave { conversation } => self.leave(conversation, ack, context),
            Request::Command {
                conversation,
                command,
            } => {
                let reply = self.reply(conversation, ack);
                let principal = Arc::clone(&self.principal);
                let ask = ToRoom::Do {
                    principal,
                    command,
                    reply,
                };
                self.deps.rooms.send(conversation, ask);
            }
            Request::Watch(subject) => self.watch(subject, ack, context),
            Request::Status(status) => {
                let _connected = self.deps.room.directory.choose(self.principal.no, status);
                self.answer(ack, &Answer::Done);
            }
            Request::Authenticate { .. } | Request::Unwatch(_) | Request::Press { .. } => {
                self.answer(ack, &Answer::Done);
            }
        }
    }

    fn answer(&self, ack: Option<Ack>, answer: &Answer) {
        if let Some(ack) = ack {
            let told =
                self.deps
                    .dialects
                    .acknowledgement(self.dialect, answer, None, self.principal.no);
            let _ = ack.answer([told.as_str()]);
        }
    }

    pub(super) fn fail(&self, ack: Option<Ack>, error: Error) {
        refuse(&self.socket, ack, error, &self.deps.room.metrics);
    }

    /// Whoever answers does so in the client's words.
    pub(super) fn reply(&self, conversation: ConversationId, ack: Option<Ack>) -> Reply {
        self.reply_and(conversation, ack, |_| {})
    }

    pub(super) fn reply_and(
        &self,
        conversation: ConversationId,
        ack: Option<Ack>,
        look: impl FnOnce(&Result<Answer, Error>) + Send + 'static,
    ) -> Reply {
        let (dialect, no, socket) = (self.dialect, self.principal.no, self.socket.clone());
        let deps = Arc::clone(&self.deps);
        let answering = move |outcome: Result<Answer, Error>, view: Option<&View>| {
            look(&outcome);
            match (outcome, ack) {
                (Ok(answer), Some(ack)) => {
                    let told = deps.dialects.acknowledgement(dialect, &answer, view, no);
                    let _ = ack.answer([told.as_str()]);
                }
                (Ok(_), None) => {}
                (Err(error), ack) => refuse(&socket, ack, error, &deps.room.metrics),
            }
        };
        Reply::new(conversation, Asker::Connection(Box::new(answering)))
    }

    fn watch(&self, (kind, id): SubjectKey, ack: Option<Ack>, context: &mut Context<Self>) {
        let filter = Filter {
            subject_type: Some(kind),
            subject_id: Some(id),
            ..Filter::default()
        };
        let (pool, user) = (self.deps.room.pool.clone(), self.principal.no);
        let listed = async move {
            pool.run(move |connection| conversations::list(connection, user, &filter, 100))
                .await
        };
        context.spawn(
            listed
                .into_actor(self)
                .map(move |listed, talk, _| match (listed, ack) {
                    (Ok(listed), Some(ack)) => {
                        let (dialect, no) = (talk.dialect, talk.principal.no);
                        let told = talk.deps.dialects.watched(dialect, &listed, no);
                        let _ = ack.answer([told.as_str()]);
                    }
                    (Ok(_), None) => {}
                    (Err(error), ack) => talk.fail(ack, error),
                }),
        );
    }

    /// Removes everything that the server keeps for the client.
    fn depart(&mut self) {
        if std::mem::replace(&mut self.has_left, true) {
            return;
        }
        let (session, no) = (self.socket.queue().session(), self.principal.no);
        self.socket.queue().end();
        let directory = &self.deps.room.directory;
        directory.close(session);
        self.deps.room.metrics.connections.dec();
        directory.depart(no, session, Instant::now());
        if let Some(pid) = self.pid {
            self.deps.present.depart(pid, session);
        }
        for followed in self.places.lock().all() {
            let reply = Reply::new(followed.id, Asker::Nobody);
            let leave = ToRoom::Leave { session, reply };
            self.deps.rooms.leave_if_awake(followed.id, leave);
        }
    }
}

/// Tells a client that it is refused: where it asked for an acknowledgement in that, else as an event.
pub(super) fn refuse(socket: &Socket, ack: Option<Ack>, error: Error, metrics: &Metrics) {
    let refusal = dialect::refusal(&told(error, metrics));
    let _ = match ack {
        Some(ack) => ack.answer([refusal.as_str()]),
        None => {
            let told = [refusal.as_str()];
            socket.push(encode_event(socket.namespace(), None, "error", told, 0))
        }
    };
}

impl Session for Talk {
    fn core(&self) -> &Core {
        &self.core
    }

    fn core_mut(&mut self) -> &mut Core {
        &mut self.core
    }

    /// A conversation that is left is not replayed any further, so all joins of one are the same.
    fn joined_by(&self, conversation: ConversationId) -> Option<JoinNo> {
        let followed = self.places.lock().find(conversation);
        followed.map(|_| JoinNo::default())
    }

    fn lose(&mut self, conversation: ConversationId, context: &mut Self::Context) {
        let session = self.socket.queue().session();
        let reply = Reply::new(conversation, Asker::Nobody);
        let leave = ToRoom::Leave { session, reply };
        self.deps.rooms.leave_if_awake(conversation, leave);
        self.unlist(conversation, context);
    }
}

impl Actor for Talk {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.set_mailbox_capacity(WAITING);
        let followed = self.places.lock().all();
        for Followed { id, seq, .. } in followed {
            let replay = Replay {
                conversation: id,
                after: seq,
                join: JoinNo::default(),
            };
            self.core.replays.wait(replay);
        }
        replaying::go_on(self, context);
    }
}

impl Drop for Talk {
    /// Runs however the client ends.
    fn drop(&mut self) {
        self.depart();
    }
}

impl Handler<Ask> for Talk {
    type Result = ();

    fn handle(&mut self, Ask { request, ack }: Ask, context: &mut Self::Context) {
        match request {
            Some(request) => self.carry(request, ack, context),
            None => self.answer(ack, &Answer::Done),
        }
    }
}

impl Handler<Entered> for Talk {
    type Result = ();

    fn handle(&mut self, entered: Entered, context: &mut Self::Context) {
        let (Entered::LetIn(conversation, number) | Entered::TurnedAway(conversation, number)) =
            entered;
        let Some(waiting) = self.joins.end(conversation, number) else {
            return;
        };
        if matches!(entered, Entered::TurnedAway(..)) {
            self.unlist(conversation, context);
        }
        for ack in waiting {
            let request = Some(Request::Join {
                conversation,
                after: None,
            });
            context.notify(Ask { request, ack });
        }
    }
}

impl Handler<AccessLost> for Talk {
    type Result = ();

    fn handle(&mut self, AccessLost(conversation): AccessLost, context: &mut Self::Context) {
        // Of a join that is under way, its answer says whether it was lost.
        if !self.joins.are_underway(conversation) {
            self.lose(conversation, context);
        }
    }
}

impl Handler<RoomLost> for Talk {
    type Result = ();

    fn handle(&mut self, lost: RoomLost, context: &mut Self::Context) {
        let RoomLost {
            conversation,
            after,
        } = lost;
        replaying::room_lost(self, conversation, after, context);
    }
}

impl Handler<PageLeft> for Talk {
    type Result = ();

    fn handle(&mut self, PageLeft(turn): PageLeft, context: &mut Self::Context) {
        replaying::page_sent(self, turn, context);
    }
}

impl Handler<Bye> for Talk {
    type Result = ();

    /// Who leaves in peace does not come back; who is lost is found from now on for a while.
    fn handle(&mut self, Bye(departure): Bye, context: &mut Self::Context) {
        self.depart();
        let followed = self.places.lock().count() > 0;
        let Some(Holder { pid, session, .. }) = self.holder().filter(|_| followed) else {
            return context.stop();
        };
        let pool = self.deps.room.pool.clone();
        let note = async move {
            pool.run(move |connection| match departure {
                Disconnected::Left => recoveries::forget(connection, pid, session),
                Disconnected::Dismissed | Disconnected::Connection(_) => {
                    recoveries::touch(connection, &[(pid, session)])
                }
            })
            .await
        };
        context.wait(note.into_actor(self).map(|noted, _, context| {
            if let Err(error) = noted {
                log::warn!(event = "departure_not_noted"; "{error}");
            }
            context.stop();
        }));
    }
}
