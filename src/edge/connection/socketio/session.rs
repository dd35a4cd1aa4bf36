//! The actor of one client in one namespace: what it asks for is carried out in its order.

use actix::prelude::*;
use parking_lot::Mutex;
use std::sync::Arc;
use uuid::Uuid;

use super::Socket;
use super::client::AwaitedAck;
use super::once;
use super::pending_joins::PendingJoins;
use super::resume_cursor::ResumeCursor;
use crate::domain::ids::{ConversationId, JoinNo};
use crate::domain::principal::Principal;
use crate::edge::connection::replay_queue::Replay;
use crate::edge::connection::session::{Client, Core, Session};
use crate::edge::connection::{SessionDeps, replaying, requests};
use crate::edge::dialect::ClientRequest;
use crate::edge::native::decode::Request;
use crate::queue::Rejoin;
use crate::store::recoveries::{self, Holder, JoinedConversation};
use socketio::Disconnected;

/// Events that may wait for the actor.
const WAITING: usize = 1_024;

/// An event of the client, read.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Incoming {
    pub(super) asks: ClientRequest,
    pub(super) ack: AwaitedAck,
}

/// The room of a conversation is gone.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct RoomLost(pub(super) Rejoin);

/// The client's user may not read a conversation any more that it had joined.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct AccessLost(pub(super) ConversationId);

/// A page of the replay of this turn has been sent.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct PageSent(pub(super) u64);

/// The client has left the namespace.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct ClientGone(pub(super) Disconnected);

/// A room has answered a join of the client.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct JoinResolved {
    pub(super) conversation: ConversationId,
    pub(super) join: JoinNo,
    pub(super) outcome: JoinOutcome,
}

/// What a room has answered to a join.
#[derive(Clone, Copy, Debug)]
pub(super) enum JoinOutcome {
    Accepted,
    /// The client has not joined.
    Refused,
    /// The join failed for now. The client had joined before; the session sends it what it missed after this seq.
    GoesOn(Rejoin),
}

/// The actor.
pub(super) struct SocketIoSession {
    pub(super) core: Core<Socket>,
    /// By what a client is found when it comes back; none for one that does not want that.
    pid: Option<Uuid>,
    pub(super) cursor: Arc<Mutex<ResumeCursor>>,
    pub(super) pending: PendingJoins<AwaitedAck>,
    has_left: bool,
}

impl SocketIoSession {
    pub(super) fn new(
        deps: Arc<SessionDeps>,
        socket: Socket,
        principal: Arc<Principal>,
        pid: Option<Uuid>,
        cursor: Arc<Mutex<ResumeCursor>>,
    ) -> Self {
        Self {
            core: Core::new(deps, socket, Some(principal)),
            pid,
            cursor,
            pending: PendingJoins::default(),
            has_left: false,
        }
    }

    pub(super) fn holder(&self) -> Option<Holder> {
        let queue = self.core.queue();
        Some(Holder {
            pid: self.pid?,
            user: self.core.reader(),
            dialect: queue.state().dialect(),
            session: queue.session(),
        })
    }

    /// Removes everything that the server keeps for the client.
    fn depart(&mut self) {
        if std::mem::replace(&mut self.has_left, true) {
            return;
        }
        if let Some(pid) = self.pid {
            let session = self.core.queue().session();
            self.core.deps.connected_clients.depart(pid, session);
        }
        let joined = self.cursor.lock().all();
        self.core.depart(joined.into_iter().map(|one| one.id));
    }
}

impl Actor for SocketIoSession {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.set_mailbox_capacity(WAITING);
        let joined = self.cursor.lock().all();
        for JoinedConversation { id, seq, .. } in joined {
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

impl Drop for SocketIoSession {
    /// Runs however the client ends.
    fn drop(&mut self) {
        self.depart();
    }
}

impl Handler<Incoming> for SocketIoSession {
    type Result = ();

    fn handle(&mut self, incoming: Incoming, context: &mut Self::Context) {
        let Incoming { asks, ack } = incoming;
        match asks {
            ClientRequest::Request(request) => requests::carry(self, ack, request, context),
            ClientRequest::UserRoom(room) => self.choose_user_room(ack, room, context),
            ClientRequest::Nothing => self.core.client.done(&self.core.deps, ack),
            ClientRequest::SendOnce {
                conversation,
                content,
                sent_over_rest,
            } => once::send(self, ack, (conversation, content), sent_over_rest, context),
            ClientRequest::Edit { message, body } => {
                once::edit(self, ack, (message, body), context);
            }
            ClientRequest::ReactAlone(wanted) => once::react(self, ack, wanted, context),
        }
    }
}

impl Handler<JoinResolved> for SocketIoSession {
    type Result = ();

    fn handle(&mut self, resolved: JoinResolved, context: &mut Self::Context) {
        let JoinResolved {
            conversation,
            join,
            outcome,
        } = resolved;
        let Some(waiting) = self.pending.resolve(conversation, join) else {
            return;
        };
        match outcome {
            JoinOutcome::Accepted => {}
            JoinOutcome::Refused => self.unlist(conversation, context),
            JoinOutcome::GoesOn(lost) => replaying::room_lost(self, lost, context),
        }
        for ack in waiting {
            let asks = ClientRequest::Request(Request::Join {
                conversation,
                after: None,
            });
            context.notify(Incoming { asks, ack });
        }
    }
}

impl Handler<AccessLost> for SocketIoSession {
    type Result = ();

    fn handle(&mut self, AccessLost(conversation): AccessLost, context: &mut Self::Context) {
        // While a join is under way, its answer says whether the client has joined.
        if !self.pending.contains(conversation) {
            self.lose(conversation, context);
        }
    }
}

impl Handler<RoomLost> for SocketIoSession {
    type Result = ();

    fn handle(&mut self, RoomLost(lost): RoomLost, context: &mut Self::Context) {
        replaying::room_lost(self, lost, context);
    }
}

impl Handler<PageSent> for SocketIoSession {
    type Result = ();

    fn handle(&mut self, PageSent(turn): PageSent, context: &mut Self::Context) {
        replaying::page_sent(self, turn, context);
    }
}

impl Handler<ClientGone> for SocketIoSession {
    type Result = ();

    /// A client that leaves in peace does not come back. One that is lost can be found from now on for a while.
    fn handle(&mut self, ClientGone(departure): ClientGone, context: &mut Self::Context) {
        self.depart();
        let has_joined = self.cursor.lock().count() > 0;
        let Some(Holder { pid, session, .. }) = self.holder().filter(|_| has_joined) else {
            return context.stop();
        };
        let pool = self.core.deps.room.pool.clone();
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
