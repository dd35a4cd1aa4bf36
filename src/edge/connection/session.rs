//! What the sessions of both protocols have in common: who the client is, how it is answered, and what is given back when it goes.

use actix::prelude::*;
use std::sync::Arc;

use super::SessionDeps;
use super::replay_queue::ReplayQueue;
use crate::domain::answer::Answer;
use crate::domain::conversation::PresenceStatus;
use crate::domain::ids::{ConversationId, JoinNo, Seq, UserNo};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::domain::room_event::View;
use crate::domain::snapshot::Listed;
use crate::error::Error;
use crate::identity::rate_limits::SessionRate;
use crate::queue::{CloseReason, ConnectionQueue};
use crate::room::reply::{Asker, Reply, told};
use crate::room::{Backfill, ToRoom};
use crate::store::search::Found;

/// Refusals for speed in a row after which a connection is closed.
const TOO_FAST_LIMIT: u32 = 200;
/// Nobody has this number.
pub(super) const NOBODY: UserNo = UserNo(-1);

/// What a client is reached through, and how answers are written in its protocol.
pub(super) trait Client: Clone + Send + 'static {
    /// Says which request is answered. A client may want no answer.
    type RequestId: Send + 'static;

    /// Where its events go.
    fn queue(&self) -> &Arc<ConnectionQueue>;

    /// Answers with what a request brought about in a conversation.
    fn answer(&self, deps: &SessionDeps, to: Self::RequestId, answered: &Answered<'_>);

    /// Answers that it is done.
    fn done(&self, deps: &SessionDeps, to: Self::RequestId);

    /// Answers that the user shows this from now on.
    fn status(&self, deps: &SessionDeps, to: Self::RequestId, status: PresenceStatus);

    /// Answers with the conversations about a subject.
    fn listed(&self, deps: &SessionDeps, to: Self::RequestId, listed: &[Listed], reader: UserNo);

    /// Answers with the messages that a search found.
    fn found(&self, deps: &SessionDeps, to: Self::RequestId, found: &Found, reader: UserNo);

    /// Refuses. A client that wants no answers gets refusals all the same.
    fn refuse(&self, deps: &SessionDeps, to: Self::RequestId, refusal: &Refusal);
}

/// An answer, and what its words depend on.
pub(super) struct Answered<'a> {
    pub(super) conversation: ConversationId,
    pub(super) answer: &'a Answer,
    /// The conversation as it stands, where its room answers.
    pub(super) view: Option<&'a View>,
    pub(super) reader: UserNo,
}

/// What every session holds.
pub(super) struct Core<C> {
    pub(super) deps: Arc<SessionDeps>,
    pub(super) client: C,
    /// `None` until the client has authenticated.
    pub(super) principal: Option<Arc<Principal>>,
    pub(super) replays: ReplayQueue,
}

impl<C: Client> Core<C> {
    pub(super) fn new(
        deps: Arc<SessionDeps>,
        client: C,
        principal: Option<Arc<Principal>>,
    ) -> Self {
        Self {
            deps,
            client,
            principal,
            replays: ReplayQueue::default(),
        }
    }

    pub(super) fn queue(&self) -> &Arc<ConnectionQueue> {
        self.client.queue()
    }

    pub(super) fn reader(&self) -> UserNo {
        let principal = self.principal.as_ref();
        principal.map_or(NOBODY, |principal| principal.no)
    }

    pub(super) fn refuse(&self, to: C::RequestId, error: impl Into<Error>) {
        let refusal = told(error.into(), &self.deps.room.metrics);
        self.client.refuse(&self.deps, to, &refusal);
    }

    /// The obligation to answer a request.
    pub(super) fn reply(&self, to: C::RequestId, conversation: ConversationId) -> Reply {
        self.reply_and(to, conversation, |_| {})
    }

    /// As `reply`; `look` sees the outcome first.
    pub(super) fn reply_and(
        &self,
        to: C::RequestId,
        conversation: ConversationId,
        look: impl FnOnce(&Result<Answer, Error>) + Send + 'static,
    ) -> Reply {
        let (deps, client) = (Arc::clone(&self.deps), self.client.clone());
        let reader = self.reader();
        let answering = move |outcome: Result<Answer, Error>, view: Option<&View>| {
            look(&outcome);
            match outcome {
                Ok(answer) => {
                    let answered = Answered {
                        conversation,
                        answer: &answer,
                        view,
                        reader,
                    };
                    client.answer(&deps, to, &answered);
                }
                Err(error) => client.refuse(&deps, to, &told(error, &deps.room.metrics)),
            }
        };
        Reply::new(conversation, Asker::Connection(Box::new(answering)))
    }

    /// Asks a conversation's room to send the client every event.
    pub(super) fn join_room(
        &self,
        conversation: ConversationId,
        join: JoinNo,
        backfill: Backfill,
        reply: Reply,
    ) {
        let Some(principal) = self.principal.clone() else {
            return;
        };
        let queue = Arc::clone(self.queue());
        let message = ToRoom::Join {
            principal,
            queue,
            join,
            backfill,
            reply,
        };
        self.deps.rooms.send(conversation, message);
    }

    /// Asks a conversation's room that the session hear no more, if the room is awake.
    pub(super) fn leave_quietly(&self, conversation: ConversationId) {
        let session = self.queue().session();
        let reply = Reply::new(conversation, Asker::Nobody);
        let leave = ToRoom::Leave { session, reply };
        self.deps.rooms.leave_if_awake(conversation, leave);
    }

    /// Removes everything that the server keeps for the client.
    pub(super) fn depart(&self, joined: impl IntoIterator<Item = ConversationId>) {
        let session = self.queue().session();
        self.queue().end();
        let directory = &self.deps.room.directory;
        directory.close(session);
        self.deps.room.metrics.connections.dec();
        if let Some(principal) = &self.principal {
            directory.depart(principal.no, session, self.deps.room.clock.now());
            let now = self.deps.room.pool.clock().now();
            self.deps.last_seen.note(principal.no, now);
            joined.into_iter().for_each(|id| self.leave_quietly(id));
        }
    }
}

/// The actor of one client.
pub(super) trait Session: Actor<Context: AsyncContext<Self>> {
    type Client: Client;

    fn core(&self) -> &Core<Self::Client>;
    fn core_mut(&mut self) -> &mut Core<Self::Client>;

    /// The join by which the client has joined a conversation; `None` where it has not.
    fn joined_by(&self, conversation: ConversationId) -> Option<JoinNo>;

    /// The room that sent events to the client since this join sends nothing more. Answers the number under which the session goes on; `None`
    /// where it goes on already, has joined anew, or has left.
    fn resume(&mut self, conversation: ConversationId, join: JoinNo) -> Option<JoinNo>;

    /// The client asks to join; it has everything up to `after`, where it says so.
    fn join(
        &mut self,
        to: RequestId<Self>,
        conversation: ConversationId,
        after: Option<Seq>,
        context: &mut Self::Context,
    );

    /// The client asks to leave; what the session remembers of its join is forgotten.
    fn leave(
        &mut self,
        to: RequestId<Self>,
        conversation: ConversationId,
        context: &mut Self::Context,
    );

    /// The client's user may not read a conversation any more that it had joined.
    fn lose(&mut self, conversation: ConversationId, context: &mut Self::Context);
}

/// Says which request of a session's client is answered.
pub(super) type RequestId<S> = <<S as Session>::Client as Client>::RequestId;

/// How fast the frames of one client come.
pub(super) struct FrameRate {
    rate: SessionRate,
    /// Refusals for speed in a row.
    refused: u32,
}

impl FrameRate {
    pub(super) fn new(deps: &SessionDeps) -> Self {
        Self {
            rate: deps.rate_limits.session(),
            refused: 0,
        }
    }

    /// A frame has come. Too many refusals in a row close the connection.
    pub(super) fn frame(
        &mut self,
        deps: &SessionDeps,
        user: Option<UserNo>,
        queue: &ConnectionQueue,
    ) -> Result<(), Refusal> {
        let paced = deps.rate_limits.frame(&self.rate, user);
        self.refused = if paced.is_ok() { 0 } else { self.refused + 1 };
        if self.refused > TOO_FAST_LIMIT {
            queue.close(CloseReason::TooFast);
        }
        paced
    }
}
