//! What a client follows: it joins and leaves, and the list by which it is found again is written down.

use actix::prelude::*;
use std::sync::Arc;

use super::talk::{Talk, TurnedAway};
use crate::domain::ids::{ConversationId, Seq};
use crate::domain::offset::FOLLOWED;
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::room::{Manner, ToRoom};
use crate::store::recoveries::{self, Followed};
use crate::wire::socketio::Ack;

impl Talk {
    /// The list is written first: what is acknowledged is found again. What the client asks for meanwhile waits.
    pub(super) fn join(
        &mut self,
        conversation: ConversationId,
        ack: Option<Ack>,
        context: &mut Context<Self>,
    ) {
        if self.places.lock().find(conversation).is_some() {
            return self.look(conversation, ack, context);
        }
        if self.places.lock().count() >= FOLLOWED {
            let refusal = Refusal::Conflict("This connection follows too many conversations");
            return self.fail(ack, refusal.into());
        }
        let Some(holder) = self.holder() else {
            let unlisted = Followed::unlisted(conversation);
            self.places.lock().come(0, unlisted);
            return self.enter(conversation, None, Manner::Answer, ack, context);
        };
        let pool = self.door.house.pool.clone();
        let list = async move {
            pool.run(move |connection| recoveries::come(connection, holder, conversation))
                .await
        };
        context.wait(
            list.into_actor(self)
                .map(move |listed, talk, context| match listed {
                    Ok((list, followed)) => {
                        talk.places.lock().come(list, followed);
                        talk.enter(conversation, Some(followed.seq), Manner::Both, ack, context);
                    }
                    Err(error) => talk.fail(ack, error),
                }),
        );
    }

    /// It has joined: it is told everything already, or what it missed at the moment, and the room after that. Where the room can only not
    /// answer at the moment, it has joined all the same.
    fn look(&self, conversation: ConversationId, ack: Option<Ack>, context: &Context<Self>) {
        let talk = context.address();
        let reply = self.reply_and(conversation, ack, move |outcome| {
            if let Err(Error::Refused(refusal)) = outcome
                && !refusal.is_temporary()
            {
                talk.do_send(TurnedAway(conversation));
            }
        });
        let principal = Arc::clone(&self.principal);
        let look = ToRoom::Look { principal, reply };
        self.door.rooms.send(conversation, look);
    }

    fn enter(
        &self,
        conversation: ConversationId,
        after: Option<Seq>,
        manner: Manner,
        ack: Option<Ack>,
        context: &mut Context<Self>,
    ) {
        let talk = context.address();
        let reply = self.reply_and(conversation, ack, move |outcome| {
            if outcome.is_err() {
                talk.do_send(TurnedAway(conversation));
            }
        });
        let join = ToRoom::Join {
            principal: Arc::clone(&self.principal),
            outbox: Arc::clone(self.socket.outbox()),
            after,
            manner,
            reply,
        };
        self.door.rooms.send(conversation, join);
    }

    pub(super) fn leave(
        &mut self,
        conversation: ConversationId,
        ack: Option<Ack>,
        context: &mut Context<Self>,
    ) {
        let reply = self.reply(conversation, ack);
        let session = self.socket.outbox().session();
        self.unlist(conversation, context);
        let leave = ToRoom::Leave { session, reply };
        self.door.rooms.send(conversation, leave);
    }

    /// Takes a conversation off the list. Should the list not be written, the client is given what it would not have asked for.
    pub(super) fn unlist(&mut self, conversation: ConversationId, context: &mut Context<Self>) {
        let Some(followed) = self.places.lock().find(conversation) else {
            return;
        };
        self.tell_no_more(conversation, context);
        let Some(holder) = self.holder() else {
            return self.places.lock().go(0, conversation);
        };
        let pool = self.door.house.pool.clone();
        let write = async move {
            pool.run(move |connection| recoveries::go(connection, holder, followed.no))
                .await
        };
        context.wait(write.into_actor(self).map(move |list, talk, _| match list {
            Ok(list) => talk.places.lock().go(list, conversation),
            Err(error) => log::warn!(event = "list_not_written"; "{error}"),
        }));
    }
}
