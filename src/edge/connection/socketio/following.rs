//! What a client follows: it joins and leaves, and the list by which it is found again is written down.

use actix::prelude::*;
use std::sync::Arc;

use super::Ack;
use super::talk::{Entered, Talk};
use crate::domain::answer::Answer;
use crate::domain::ids::ConversationId;
use crate::domain::offset::FOLLOWED;
use crate::domain::refusal::Refusal;
use crate::edge::connection::replaying;
use crate::queue::CloseReason;
use crate::room::{Backfill, ToRoom};
use crate::store::recoveries::{self, Followed};

impl Talk {
    /// The list is written first: what is acknowledged is found again. What the client asks for meanwhile waits.
    pub(super) fn join(
        &mut self,
        conversation: ConversationId,
        ack: Option<Ack>,
        context: &mut Context<Self>,
    ) {
        let Err(ack) = self.joins.wait(conversation, ack) else {
            return;
        };
        if self.places.lock().find(conversation).is_some() {
            return self.look(conversation, ack);
        }
        if self.places.lock().count() >= FOLLOWED {
            let refusal = Refusal::Conflict("This connection follows too many conversations");
            return self.fail(ack, refusal.into());
        }
        let Some(holder) = self.holder() else {
            let unlisted = Followed::unlisted(conversation);
            self.places.lock().come(0, unlisted);
            return self.enter(conversation, Backfill::InReply(None), ack, context);
        };
        let pool = self.deps.room.pool.clone();
        let list = async move {
            pool.run(move |connection| recoveries::come(connection, holder, conversation))
                .await
        };
        context.wait(
            list.into_actor(self)
                .map(move |listed, talk, context| match listed {
                    Ok((list, followed)) => {
                        talk.places.lock().come(list, followed);
                        talk.enter(conversation, Backfill::Both(followed.seq), ack, context);
                    }
                    Err(error) => talk.fail(ack, error),
                }),
        );
    }

    /// It has joined: it is told everything already, or what it missed at the moment, and the room after that. Who may not read there any
    /// more is struck out where that is found.
    fn look(&self, conversation: ConversationId, ack: Option<Ack>) {
        let reply = self.reply(conversation, ack);
        let principal = Arc::clone(&self.principal);
        let look = ToRoom::Look { principal, reply };
        self.deps.rooms.send(conversation, look);
    }

    fn enter(
        &mut self,
        conversation: ConversationId,
        backfill: Backfill,
        ack: Option<Ack>,
        context: &mut Context<Self>,
    ) {
        let (talk, number) = (context.address(), self.joins.begin(conversation));
        let places = Arc::clone(&self.places);
        let reply = self.reply_and(conversation, ack, move |outcome| {
            talk.do_send(match outcome {
                Ok(answer) => {
                    if let Answer::Joined(snapshot) = answer {
                        let seq = snapshot.conversation.last_seq;
                        places.lock().let_in(conversation, seq);
                    }
                    Entered::LetIn(conversation, number)
                }
                Err(_) => Entered::TurnedAway(conversation, number),
            });
        });
        let join = ToRoom::Join {
            principal: Arc::clone(&self.principal),
            queue: Arc::clone(self.socket.queue()),
            backfill,
            reply,
        };
        self.deps.rooms.send(conversation, join);
    }

    pub(super) fn leave(
        &mut self,
        conversation: ConversationId,
        ack: Option<Ack>,
        context: &mut Context<Self>,
    ) {
        let reply = self.reply(conversation, ack);
        let session = self.socket.queue().session();
        for waiting in self.joins.leave(conversation) {
            let left = "The conversation was left before this join was answered";
            self.fail(waiting, Refusal::Conflict(left).into());
        }
        self.unlist(conversation, context);
        let leave = ToRoom::Leave { session, reply };
        self.deps.rooms.send(conversation, leave);
    }

    /// Takes a conversation off the list. Should that not be written, the client comes back by itself, and goes on from the list as it is.
    pub(super) fn unlist(&mut self, conversation: ConversationId, context: &mut Context<Self>) {
        let Some(followed) = self.places.lock().find(conversation) else {
            return;
        };
        replaying::stop(self, conversation, context);
        let Some(holder) = self.holder() else {
            return self.places.lock().go(0, conversation);
        };
        let pool = self.deps.room.pool.clone();
        let write = async move {
            pool.run(move |connection| recoveries::go(connection, holder, followed.no))
                .await
        };
        context.wait(write.into_actor(self).map(move |list, talk, _| match list {
            Ok(list) => talk.places.lock().go(list, conversation),
            Err(error) => {
                log::warn!(event = "list_not_written"; "{error}");
                talk.socket.close(CloseReason::SlowReader);
            }
        }));
    }
}
