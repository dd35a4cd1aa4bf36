//! Sending a message: decide, append, acknowledge, announce.

use actix::prelude::*;
use std::sync::Arc;

use super::ToRegistry;
use super::actor::Room;
use super::overtaken::{Next, Underway};
use super::reply::Reply;
use crate::domain::answer::{Answer, Novelty};
use crate::domain::entry::{Entry, Fact};
use crate::domain::ids::{MessageId, Seq, UserNo};
use crate::domain::message::{ClientIdOrigin, Content, Message};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::journal::{Append, Outcome, RequestNo};
use crate::store::messages;

const TOO_MUCH: Refusal = Refusal::Unavailable("Too much is waiting to be written: try again");

/// A send that the journal is storing.
pub(super) struct WaitingSend {
    pub(super) principal: Arc<Principal>,
    pub(super) content: Arc<Content>,
    pub(super) reply: Reply,
}

impl Room {
    /// Accepts a message, or queues it behind sends that wait to be decided again.
    pub(super) fn send(
        &mut self,
        principal: Arc<Principal>,
        content: Arc<Content>,
        reply: Reply,
        context: &mut Context<Self>,
    ) {
        let request_no = self.request_no();
        let send = WaitingSend {
            principal,
            content,
            reply,
        };
        let policy = self.state.conversation.policy_version;
        match self.overtaken.is_behind(self.underway(), policy) {
            true => self.hold(request_no, send),
            false => self.hand_over(request_no, send, context),
        }
    }

    fn underway(&self) -> Underway {
        match self.sends.is_empty() {
            true => Underway::Nothing,
            false => Underway::Sends,
        }
    }

    /// Hands a permitted message to the journal without waiting. This is the hot path of every message.
    fn hand_over(&mut self, request_no: RequestNo, send: WaitingSend, context: &mut Context<Self>) {
        let WaitingSend {
            principal,
            content,
            reply,
        } = send;
        if let Err(refusal) = self.may_send_now(&principal, &content) {
            return self.refuse_unless_repeated(principal, content, reply, refusal, context);
        }
        let Some(permit) = self.deps.journal.permit() else {
            return reply.refuse(TOO_MUCH);
        };
        self.note_spoken(principal.no);
        let room = self.outcome_recipient(context);
        let policy = self.state.conversation.policy_version;
        self.overtaken.note_handed_over(policy);
        self.deps.journal.append(Append {
            conversation: self.state.conversation.no,
            policy,
            sender: principal.no,
            roles: self.state.roles_to_store(&principal),
            content: Arc::clone(&content),
            fingerprint: content.fingerprint(self.state.conversation.no),
            request_no,
            parked_since: None,
            room,
            permit,
        });
        self.sends.insert(
            request_no,
            WaitingSend {
                principal,
                content,
                reply,
            },
        );
    }

    pub(super) fn may_send_now(
        &self,
        caller: &Principal,
        content: &Content,
    ) -> Result<(), Refusal> {
        self.state.may_send(caller, content)?;
        match self.state.waits_between_messages(caller) {
            None => Ok(()),
            Some(interval) => {
                let now = self.deps.clock.now();
                self.slow_mode.may_speak(caller.no, interval, now)
            }
        }
    }

    /// In slow mode, remembers that somebody speaks.
    pub(super) fn note_spoken(&mut self, user: UserNo) {
        if self.state.conversation.slow_seconds > 0 {
            self.slow_mode.speak(user, self.deps.clock.now());
        }
    }

    /// A send that is not permitted may be the repetition of one that was stored; that one's result is returned
    /// then.
    fn refuse_unless_repeated(
        &mut self,
        principal: Arc<Principal>,
        content: Arc<Content>,
        reply: Reply,
        refusal: Refusal,
        context: &mut Context<Self>,
    ) {
        let may_be_repeat =
            content.origin == ClientIdOrigin::Client && self.state.access(&principal).is_ok();
        if !may_be_repeat {
            return reply.refuse(refusal);
        }
        let (no, sender) = (self.state.conversation.no, principal.no);
        let pool = self.deps.pool.clone();
        let look_up = async move {
            let client_id = content.client_id.clone();
            let found = pool
                .run(move |connection| messages::by_client_id(connection, sender, &client_id))
                .await;
            let outcome = match found {
                Ok(Some((message, print))) if print == content.fingerprint(no) => {
                    Ok(Answer::Sent(message, Novelty::Repeated))
                }
                Ok(_) => Err(Error::Refused(refusal)),
                Err(error) => Err(error),
            };
            (reply, outcome)
        };
        let answered = look_up
            .into_actor(self)
            .map(move |(reply, outcome), room, _| {
                reply.send_from(&room.state.view_for(sender), outcome);
            });
        context.spawn(answered);
    }

    pub(super) fn send_settled(
        &mut self,
        request_no: RequestNo,
        send: WaitingSend,
        outcome: Outcome,
        context: &mut Context<Self>,
    ) {
        if !matches!(outcome, Outcome::Stored { .. }) {
            self.slow_mode.take_back(send.principal.no);
        }
        match outcome {
            Outcome::Stored { seq, at } => {
                let message = self.message(&send, seq, at);
                self.deps.metrics.messages.inc();
                log::debug!(
                    event = "message_sent", conversation_id:% = self.state.conversation.id, user_id:% = send.principal.id,
                    message_type = send.content.kind.name(), seq = seq;
                    ""
                );
                let fact = Fact::Said(message.clone());
                self.offer_committed(Entry { seq, at, fact });
                let sent = Answer::Sent(message, Novelty::New);
                let view = self.state.view_for(send.principal.no);
                send.reply.send_from(&view, Ok(sent));
            }
            Outcome::Duplicate {
                conversation,
                seq,
                at,
                fingerprint,
            } => {
                let no = self.state.conversation.no;
                if conversation != no || fingerprint != send.content.fingerprint(no) {
                    return send.reply.refuse(Refusal::Conflict(
                        "This client_id was used for another message",
                    ));
                }
                self.answer_repeat(send, seq, at, context);
            }
            Outcome::Stale => {
                self.overtaken.note_stale();
                self.hold(request_no, send);
            }
            Outcome::Refused(refusal) => send.reply.refuse(refusal),
            Outcome::Unknown | Outcome::Marked => {
                self.note_unknown_outcome();
                send.reply.refuse(Refusal::Unavailable(
                    "The database is away: send again, with the same client_id",
                ));
            }
        }
    }

    /// Accepts an entry that this room has committed and passes it to the feed. Where the registry has forgotten this room, the
    /// conversation's next room announces it.
    pub(super) fn offer_committed(&mut self, entry: Entry) {
        let entries = std::slice::from_ref(&entry);
        self.tell_peers(entries);
        if self.is_forgotten() {
            let newcomers = self.concerned(entries).newcomers;
            let conversation = self.state.conversation.id;
            let committed = ToRegistry::Committed(conversation, entries.to_vec(), newcomers);
            self.registry.do_send(committed);
        }
        self.timeline.offer(entry);
    }

    fn message(&self, send: &WaitingSend, seq: Seq, at: chrono::DateTime<chrono::Utc>) -> Message {
        Message {
            id: MessageId {
                conversation: self.state.conversation.no,
                seq,
            },
            sender: send.principal.no,
            sender_id: send.principal.id.clone(),
            actor_id: None,
            content: Arc::clone(&send.content),
            card: None,
            created_at: at,
            edited_at: None,
            deleted_at: None,
            from_blocked: false,
        }
    }

    /// Answers a repeated send with the message as it is now: it may have been edited or deleted since.
    /// Announces the message if it was committed while the connection was lost.
    fn answer_repeat(
        &mut self,
        send: WaitingSend,
        seq: Seq,
        at: chrono::DateTime<chrono::Utc>,
        context: &mut Context<Self>,
    ) {
        self.deps.metrics.repeats.inc();
        let first = self.message(&send, seq, at);
        let (id, pool) = (first.id, self.deps.pool.clone());
        if seq > self.timeline.announced() {
            let fact = Fact::Said(first);
            self.offer_committed(Entry { seq, at, fact });
        }
        let read = async move {
            let found = pool.run(move |connection| messages::find(connection, id));
            let message = found.await?;
            message.ok_or_else(|| Error::internal("a message that was sent before is missing"))
        };
        let answered = read.into_actor(self).map(move |found, room, _| {
            let sent = found.map(|message| Answer::Sent(message, Novelty::Repeated));
            let view = room.state.view_for(send.principal.no);
            send.reply.send_from(&view, sent);
        });
        context.spawn(answered);
    }

    fn hold(&mut self, request_no: RequestNo, send: WaitingSend) {
        match self.deps.journal.permit() {
            Some(permit) => self.overtaken.hold(request_no, (send, permit)),
            None => send.reply.refuse(TOO_MUCH),
        }
    }

    /// Decides sends again after the policy version changed. The entry that changed it is on its way to this
    /// room; if it does not arrive, the room reads it.
    pub(super) fn decide_overtaken(&mut self, context: &mut Context<Self>) {
        match self.overtaken.next(self.underway()) {
            Next::Wait => {}
            Next::HandOver => self.hand_over_again(context),
            Next::CatchUp => {
                let wait = self.catch_up();
                context.spawn(wait.into_actor(self).map(move |missed, room, context| {
                    room.caught_up(missed, context);
                    room.hand_over_again(context);
                }));
            }
        }
    }

    fn hand_over_again(&mut self, context: &mut Context<Self>) {
        for (request_no, (send, permit)) in self.overtaken.take() {
            drop(permit);
            self.hand_over(request_no, send, context);
        }
    }
}
