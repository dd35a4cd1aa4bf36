//! All other durable changes: one at a time, decided on the announced state, written in a transaction of their
//! own.

use actix::prelude::*;
use std::sync::Arc;

use super::actor::Room;
use super::reply::Reply;
use super::state::Decision;
use crate::domain::answer::Answer;
use crate::domain::command::Command;
use crate::domain::entry::Fact;
use crate::domain::principal::Principal;
use crate::error::Error;
use crate::journal::OutcomeUnknown;
use crate::store::changes::{Change, ChangeKind, Changed};

/// A change that waits for its turn.
pub(super) struct WantedChange {
    principal: Arc<Principal>,
    command: Command,
    reply: Reply,
    attempts: u32,
}

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
        });
        self.change_next(context);
    }

    fn change_next(&mut self, context: &mut Context<Self>) {
        while !self.changing
            && let Some(wanted) = self.changes.pop_front()
        {
            match self.state.decide(&wanted.principal, &wanted.command) {
                Err(refusal) => wanted.reply.refuse(refusal),
                Ok(Decision::Already) => wanted.reply.send(Ok(self.as_it_stands())),
                Ok(Decision::Change(kind)) => self.begin_change(wanted, kind, context),
            }
        }
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
                let fact = entry.fact.clone();
                self.offer_committed(entry);
                self.announce(context);
                wanted.reply.send(Ok(self.answer_to(fact)));
            }
            Ok(Changed::Already(fact)) => wanted.reply.send(Ok(self.answer_to(fact))),
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
        context.spawn(wait.into_actor(self).map(move |entries, room, context| {
            room.changing = false;
            room.caught_up(entries, context);
            room.changes.push_front(wanted);
            room.change_next(context);
        }));
    }

    fn answer_to(&self, fact: Fact) -> Answer {
        match fact {
            Fact::Said(message) | Fact::Edited(message) | Fact::Deleted(message) => {
                Answer::Message(message)
            }
            Fact::Participant { .. } | Fact::Settings { .. } | Fact::Stepped(_) => {
                self.as_it_stands()
            }
        }
    }

    fn as_it_stands(&self) -> Answer {
        Answer::Conversation(
            Box::new(self.state.conversation.clone()),
            self.state.people.to_vec(),
        )
    }
}
