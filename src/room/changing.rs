//! All other durable changes: one at a time, decided on the announced state, written in a transaction of their
//! own.

use actix::prelude::*;
use std::sync::Arc;

use super::actor::Room;
use super::behind::Knowledge;
use super::reply::Reply;
use super::state::Decision;
use crate::domain::answer::Answer;
use crate::domain::command::Command;
use crate::domain::entry::Fact;
use crate::domain::ids::UserNo;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::journal::OutcomeUnknown;
use crate::store::changes::{Change, ChangeKind, Changed};

/// A change that waits for its turn.
pub(super) struct WantedChange {
    principal: Arc<Principal>,
    command: Command,
    reply: Reply,
    attempts: u32,
    basis: Basis,
}

/// What a change is decided on.
#[derive(Clone, Copy, PartialEq)]
enum Basis {
    /// What the room knows. Another server may have written since.
    Memory,
    /// What the room has read for this change.
    Database,
}

const CHANGE_AGAIN: Refusal = Refusal::Unavailable("The database is away: try again");

/// How often a change is decided again because the policy version changed meanwhile.
const ATTEMPTS: u32 = 5;

impl Room {
    /// Queues a change and starts it if no other is running.
    pub(super) fn want_change(
        &mut self,
        principal: Arc<Principal>,
        command: Command,
        reply: Reply,
        context: &mut Context<Self>,
    ) {
        self.changes.push_back(WantedChange {
            principal,
            command,
            reply,
            attempts: 0,
            basis: Basis::Memory,
        });
        self.change_next(context);
    }

    fn change_next(&mut self, context: &mut Context<Self>) {
        while !self.changing
            && let Some(wanted) = self.changes.pop_front()
        {
            match self.decide(&wanted) {
                Err(refusal) => wanted.reply.refuse(refusal),
                Ok(Decision::Already) if wanted.basis == Basis::Memory => {
                    self.read_then_decide(wanted, context);
                }
                Ok(Decision::Already) => {
                    let stands = self.as_it_stands(wanted.principal.no);
                    wanted.reply.send(Ok(stands));
                }
                Ok(Decision::Change(kind)) => self.begin_change(wanted, kind, context),
            }
        }
    }

    fn decide(&self, wanted: &WantedChange) -> Result<Decision, Refusal> {
        let (caller, command) = (&wanted.principal, &wanted.command);
        self.state.decide(caller, command, &self.deps.policies)
    }

    fn begin_change(
        &mut self,
        wanted: WantedChange,
        kind: ChangeKind,
        context: &mut Context<Self>,
    ) {
        self.changing = true;
        let change = Change {
            conversation: self.state.conversation.no,
            policy: self.state.conversation.policy_version,
            actor: wanted.principal.no,
            contacts_a_day: self.deps.policies.contacts_a_day,
            kind,
        };
        let journal = self.deps.journal.clone();
        let write = async move { journal.change(change).await };
        context.spawn(write.into_actor(self).map(move |outcome, room, context| {
            room.changing = false;
            room.changed(wanted, outcome, context);
            room.announce(context);
            room.change_next(context);
        }));
    }

    fn changed(
        &mut self,
        mut wanted: WantedChange,
        outcome: Result<Changed, OutcomeUnknown>,
        context: &mut Context<Self>,
    ) {
        match outcome {
            Ok(Changed::Done(entry)) => {
                let (seq, fact) = (entry.seq, entry.fact.clone());
                self.offer_committed(entry);
                self.announce(context);
                match self.timeline.announced() >= seq {
                    true => self.answer(wanted, fact),
                    false => self.read_then_answer(wanted, fact, context),
                }
            }
            Ok(Changed::Already(fact)) => self.answer(wanted, fact),
            Ok(Changed::Refused(refusal)) => wanted.reply.refuse(refusal),
            Ok(Changed::Stale) if wanted.attempts < ATTEMPTS => {
                wanted.attempts += 1;
                self.change_after_catching_up(wanted, context);
            }
            Ok(Changed::Stale) => wanted.reply.send(Err(Error::internal(
                "a change met concurrent changes too often",
            ))),
            Err(OutcomeUnknown(error)) => {
                self.note_unknown_outcome();
                wanted.reply.send(Err(error));
            }
        }
    }

    fn change_after_catching_up(&mut self, wanted: WantedChange, context: &mut Context<Self>) {
        self.changing = true;
        let wait = self.catch_up();
        context.spawn(wait.into_actor(self).map(move |missed, room, context| {
            room.changing = false;
            room.caught_up(missed, context);
            room.changes.push_front(wanted);
            room.change_next(context);
        }));
    }

    /// Answers a change once the entries before it are known too: whatever its caller does next is decided on the state after it.
    fn read_then_answer(&mut self, wanted: WantedChange, fact: Fact, context: &mut Context<Self>) {
        self.changing = true;
        let wait = self.catch_up();
        context.spawn(wait.into_actor(self).map(move |missed, room, context| {
            room.changing = false;
            room.caught_up(missed, context);
            room.answer(wanted, fact);
            room.change_next(context);
        }));
    }

    /// Decides a change again that seems to have been made already, on what the database says.
    fn read_then_decide(&mut self, mut wanted: WantedChange, context: &mut Context<Self>) {
        self.changing = true;
        let wait = self.catch_up();
        context.spawn(wait.into_actor(self).map(move |missed, room, context| {
            room.changing = false;
            match room.caught_up(missed, context) {
                Knowledge::Whole => {
                    wanted.basis = Basis::Database;
                    room.changes.push_front(wanted);
                }
                Knowledge::Missing => wanted.reply.refuse(CHANGE_AGAIN),
            }
            room.change_next(context);
        }));
    }

    fn answer(&self, wanted: WantedChange, fact: Fact) {
        let answer = self.answer_to(fact, wanted.principal.no);
        wanted.reply.send(Ok(answer));
    }

    fn answer_to(&self, fact: Fact, reader: UserNo) -> Answer {
        match fact {
            Fact::Said(message) | Fact::Edited(message) | Fact::Deleted(message) => {
                Answer::Message(message)
            }
            Fact::Reacted(reacted) => Answer::Reacted(reacted),
            Fact::Pinned(pinned) => Answer::Pinned(pinned),
            Fact::Ended | Fact::Void => Answer::Done,
            Fact::Participant { .. }
            | Fact::Block { .. }
            | Fact::Settings { .. }
            | Fact::Stepped(_) => self.as_it_stands(reader),
        }
    }

    /// The conversation and its people, for one reader.
    pub(super) fn as_it_stands(&self, reader: UserNo) -> Answer {
        let view = self.state.view_for(reader);
        Answer::Conversation(Box::new(view.conversation.clone()), view.people.to_vec())
    }
}
