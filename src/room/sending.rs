//! Saying something: decide, append, acknowledge, announce.

use actix::prelude::*;
use std::sync::Arc;

use super::actor::Room;
use super::reply::Reply;
use crate::domain::entry::{Entry, Fact};
use crate::domain::ids::{ConversationNo, MessageId, Seq};
use crate::domain::message::{ClientIdOrigin, Draft, Message};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::journal::{Append, Outcome};
use crate::store::messages;
use crate::wire::answer::{Answer, Novelty};

/// A send that the journal has.
pub(super) struct WaitingSend {
    pub(super) principal: Arc<Principal>,
    pub(super) draft: Arc<Draft>,
    pub(super) reply: Reply,
}

impl Room {
    /// Hands a message to the journal if it may be said. Room after room does this for every message: it waits for nothing.
    pub(super) fn send(
        &mut self,
        principal: Arc<Principal>,
        draft: Arc<Draft>,
        reply: Reply,
        context: &mut Context<Self>,
    ) {
        if let Err(refusal) = self.state.may_send(&principal, &draft) {
            return self.refuse_unless_repeated(principal, draft, reply, refusal, context);
        }
        let Some(permit) = self.house.journal.permit() else {
            return reply.refuse(Refusal::Unavailable(
                "Too much is waiting to be written: try again",
            ));
        };
        let ticket = self.ticket();
        let room = self.settled_here(context);
        self.house.journal.append(Append {
            conversation: self.state.conversation.no,
            policy: self.state.conversation.policy_version,
            sender: principal.no,
            draft: Arc::clone(&draft),
            ticket,
            room,
            permit,
        });
        self.sends.insert(
            ticket,
            WaitingSend {
                principal,
                draft,
                reply,
            },
        );
    }

    /// A send that is not allowed any more may be one that was answered when it was: its first result stands.
    fn refuse_unless_repeated(
        &mut self,
        principal: Arc<Principal>,
        draft: Arc<Draft>,
        reply: Reply,
        refusal: Refusal,
        context: &mut Context<Self>,
    ) {
        let may_be_repeat =
            draft.origin == ClientIdOrigin::Client && self.state.standing(&principal).is_ok();
        if !may_be_repeat {
            return reply.refuse(refusal);
        }
        let no = self.state.conversation.no;
        let pool = self.house.pool.clone();
        let look_up = async move {
            let (sender, client_id) = (principal.no, draft.client_id.clone());
            let found = pool
                .run(move |connection| messages::by_client_id(connection, sender, &client_id))
                .await;
            reply.send(match found {
                Ok(Some((message, print))) if print == draft.fingerprint(no) => {
                    Ok(Answer::Sent(message, Novelty::Repeated))
                }
                Ok(_) => Err(Error::Refused(refusal)),
                Err(error) => Err(error),
            });
        };
        context.spawn(look_up.into_actor(self));
    }

    pub(super) fn send_settled(
        &mut self,
        send: WaitingSend,
        outcome: Outcome,
        context: &mut Context<Self>,
    ) {
        match outcome {
            Outcome::Stored { seq, at } => {
                let message = self.message(&send, seq, at);
                self.house.metrics.messages.inc();
                log::debug!(event = "message_sent", conversation_id:% = self.state.conversation.id, user_id:% = send.principal.id, message_type = send.draft.kind.name(), seq = seq; "");
                self.timeline.offer(Entry {
                    seq,
                    fact: Fact::Said(message.clone()),
                });
                send.reply.send(Ok(Answer::Sent(message, Novelty::New)));
            }
            Outcome::Known {
                conversation,
                seq,
                at,
                fingerprint,
            } => {
                self.answer_repeat(send, conversation, seq, at, fingerprint);
            }
            Outcome::Stale => self.decide_again(send, context),
            Outcome::Refused(refusal) => send.reply.refuse(refusal),
            Outcome::Unknown | Outcome::Marked => {
                self.suspects_gap = true;
                send.reply.refuse(Refusal::Unavailable(
                    "The database is away: send again, with the same client_id",
                ));
            }
        }
    }

    fn message(&self, send: &WaitingSend, seq: Seq, at: chrono::DateTime<chrono::Utc>) -> Message {
        Message {
            id: MessageId {
                conversation: self.state.conversation.no,
                seq,
            },
            sender: send.principal.no,
            sender_id: send.principal.id.clone(),
            draft: Arc::clone(&send.draft),
            created_at: at,
            edited_at: None,
            deleted_at: None,
        }
    }

    /// The same id with the same content answers with the first result; with another content, or in another place, it is
    /// a conflict. One that was committed while the connection was lost is announced now.
    fn answer_repeat(
        &mut self,
        send: WaitingSend,
        conversation: ConversationNo,
        seq: Seq,
        at: chrono::DateTime<chrono::Utc>,
        fingerprint: i64,
    ) {
        let no = self.state.conversation.no;
        if conversation != no || fingerprint != send.draft.fingerprint(no) {
            return send.reply.refuse(Refusal::Conflict(
                "This client_id was used for another message",
            ));
        }
        self.house.metrics.repeats.inc();
        let message = self.message(&send, seq, at);
        if seq > self.timeline.announced() {
            self.timeline.offer(Entry {
                seq,
                fact: Fact::Said(message.clone()),
            });
        }
        send.reply
            .send(Ok(Answer::Sent(message, Novelty::Repeated)));
    }

    /// The policy changed between deciding and writing. What changed it is on its way to this room; should it not come, the
    /// room reads it.
    fn decide_again(&mut self, send: WaitingSend, context: &mut Context<Self>) {
        self.suspects_gap = true;
        let wait = self.catch_up();
        context.spawn(wait.into_actor(self).map(move |entries, room, context| {
            room.caught_up(entries, context);
            room.send(send.principal, send.draft, send.reply, context);
        }));
    }
}
