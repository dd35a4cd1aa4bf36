//! A client joins and leaves conversations; the list by which it is found when it comes back is written before it is answered.

use actix::prelude::*;
use std::sync::Arc;

use super::Socket;
use super::client::AwaitedAck;
use super::session::{JoinOutcome, JoinResolved, SocketIoSession};
use crate::domain::answer::Answer;
use crate::domain::ids::{ConversationId, JoinNo, Seq};
use crate::domain::offset::MOST_JOINED;
use crate::domain::refusal::Refusal;
use crate::edge::connection::replaying;
use crate::edge::connection::session::{Core, Session};
use crate::error::Error;
use crate::queue::{CloseReason, Rejoin};
use crate::room::{Backfill, ToRoom};
use crate::store::recoveries::{self, JoinedConversation};

impl Session for SocketIoSession {
    type Client = Socket;

    fn core(&self) -> &Core<Socket> {
        &self.core
    }

    fn core_mut(&mut self) -> &mut Core<Socket> {
        &mut self.core
    }

    fn joined_by(&self, conversation: ConversationId) -> Option<JoinNo> {
        self.cursor.lock().joined_by(conversation)
    }

    fn resume(&mut self, conversation: ConversationId, join: JoinNo) -> Option<JoinNo> {
        self.cursor.lock().resume(conversation, join)
    }

    /// The list is written first: a client that comes back has joined what it was acknowledged. What it asks for meanwhile waits.
    fn join(
        &mut self,
        ack: AwaitedAck,
        conversation: ConversationId,
        _: Option<Seq>,
        context: &mut Context<Self>,
    ) {
        let Err(ack) = self.pending.wait(conversation, ack) else {
            return;
        };
        if self.cursor.lock().find(conversation).is_some() {
            return self.answer_joined(conversation, ack, context);
        }
        if self.cursor.lock().count() >= MOST_JOINED {
            let many = "This connection follows too many conversations";
            return self.core.refuse(ack, Refusal::Conflict(many));
        }
        let Some(holder) = self.holder() else {
            let unlisted = JoinedConversation::unlisted(conversation);
            self.cursor.lock().add(0, unlisted);
            return self.join_room(conversation, Backfill::InReply(None), ack, context);
        };
        let user_room = self.core.queue().state().user_room();
        let pool = self.core.deps.room.pool.clone();
        let list = async move {
            pool.run(move |connection| {
                recoveries::add_conversation(connection, holder, user_room, conversation)
            })
            .await
        };
        context.wait(
            list.into_actor(self)
                .map(move |listed, session, context| match listed {
                    Ok((list, joined)) => {
                        session.cursor.lock().add(list, joined);
                        let backfill = Backfill::Both(joined.seq);
                        session.join_room(conversation, backfill, ack, context);
                    }
                    Err(error) => session.core.refuse(ack, error),
                }),
        );
    }

    /// The list is written first: a client that comes back has left what it was acknowledged to have left.
    fn leave(
        &mut self,
        ack: AwaitedAck,
        conversation: ConversationId,
        context: &mut Context<Self>,
    ) {
        for waiting in self.pending.leave(conversation) {
            let left = "The conversation was left before this join was answered";
            self.core.refuse(waiting, Refusal::Conflict(left));
        }
        self.unlist_and(
            conversation,
            context,
            move |session, written| match written {
                Ok(()) => session.leave_room(ack, conversation),
                Err(error) => session.core.refuse(ack, error),
            },
        );
    }

    fn lose(&mut self, conversation: ConversationId, context: &mut Context<Self>) {
        self.core.leave_quietly(conversation);
        self.unlist(conversation, context);
    }
}

impl SocketIoSession {
    /// Already joined: answers with the current state and changes nothing. Lost access is detected elsewhere. Where the answer has
    /// messages and the client is still getting what it missed, the room goes on with that, in order with the answer.
    fn answer_joined(
        &mut self,
        conversation: ConversationId,
        ack: AwaitedAck,
        context: &mut Context<Self>,
    ) {
        let needs = self.core.queue().state().dialect().needs();
        let queued_up_to = match needs.newest_messages {
            true => replaying::stop(self, conversation, context),
            false => None,
        };
        if let Some(after) = queued_up_to {
            return self.join_room(conversation, Backfill::Again(after), ack, context);
        }
        let core = &self.core;
        let Some(principal) = core.principal.clone() else {
            return;
        };
        let reply = core.reply(ack, conversation);
        let look = ToRoom::Look {
            principal,
            session: core.queue().session(),
            reply,
        };
        core.deps.rooms.send(conversation, look);
    }

    fn join_room(
        &mut self,
        conversation: ConversationId,
        backfill: Backfill,
        ack: AwaitedAck,
        context: &mut Context<Self>,
    ) {
        let (session, asked) = (context.address(), self.pending.begin(conversation));
        let join = self.joined_by(conversation).unwrap_or_default();
        let cursor = Arc::clone(&self.cursor);
        let reply = self.core.reply_and(ack, conversation, move |outcome| {
            if let Ok(Answer::Joined(snapshot)) = outcome {
                let seq = snapshot.conversation.last_seq;
                cursor.lock().accept(conversation, seq);
            }
            session.do_send(JoinResolved {
                conversation,
                join: asked,
                outcome: match (outcome, backfill) {
                    (Ok(_), _) => JoinOutcome::Accepted,
                    (Err(error), Backfill::Again(after)) if !error.is_final() => {
                        JoinOutcome::GoesOn(Rejoin {
                            conversation,
                            after,
                            join,
                        })
                    }
                    (Err(_), _) => JoinOutcome::Refused,
                },
            });
        });
        self.core.join_room(conversation, join, backfill, reply);
    }

    fn leave_room(&self, ack: AwaitedAck, conversation: ConversationId) {
        let reply = self.core.reply(ack, conversation);
        let session = self.core.queue().session();
        let leave = ToRoom::Leave { session, reply };
        self.core.deps.rooms.send(conversation, leave);
    }

    /// Takes a conversation off the list. If that cannot be written, the client comes back by itself and goes on from the list as it is.
    pub(super) fn unlist(&mut self, conversation: ConversationId, context: &mut Context<Self>) {
        self.unlist_and(conversation, context, |_, _| {});
    }

    /// As `unlist`; `then` learns whether the list was written.
    fn unlist_and(
        &mut self,
        conversation: ConversationId,
        context: &mut Context<Self>,
        then: impl FnOnce(&mut Self, Result<(), Error>) + 'static,
    ) {
        let Some(joined) = self.cursor.lock().find(conversation) else {
            return then(self, Ok(()));
        };
        replaying::stop(self, conversation, context);
        let Some(holder) = self.holder() else {
            self.cursor.lock().remove(0, conversation);
            return then(self, Ok(()));
        };
        let pool = self.core.deps.room.pool.clone();
        let write = async move {
            pool.run(move |connection| {
                recoveries::remove_conversation(connection, holder, joined.no)
            })
            .await
        };
        context.wait(
            write
                .into_actor(self)
                .map(move |list, session, _| match list {
                    Ok(list) => {
                        session.cursor.lock().remove(list, conversation);
                        then(session, Ok(()));
                    }
                    Err(error) => {
                        log::warn!(event = "list_not_written"; "{error}");
                        then(session, Err(error));
                        session.core.client.close(CloseReason::SlowReader);
                    }
                }),
        );
    }
}
