//! Joining and coming back: subscribe first, read second, skip events that the read contained. A first join is the same code.

use actix::prelude::*;
use std::sync::Arc;

use super::Backfill;
use super::actor::Room;
use super::join_reading::{Read, Wanted};
use super::listener::{Before, Listener, ReceivedUpTo};
use super::replay;
use super::reply::Reply;
use crate::domain::access::{Requester, lost_membership};
use crate::domain::answer::Answer;
use crate::domain::ids::{JoinNo, SessionId};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::domain::room_event::Change;
use crate::error::Error;
use crate::queue::{ChatFrame, ConnectionQueue, EventReader, Heard};
use crate::wire::section::Attendance;

/// A join whose snapshot is being read.
struct Joining {
    session: SessionId,
    generation: u64,
    join: JoinNo,
    backfill: Backfill,
    reply: Reply,
    /// Its user, if no client of theirs listened before.
    arrival: Option<Arc<Principal>>,
}

impl Joining {
    /// What its session gets with the answer.
    fn told(&self, read: &Read) -> ReceivedUpTo {
        let up_to = match self.backfill {
            Backfill::InReply(_) => read.last_seq,
            Backfill::AsEvents(after) | Backfill::Both(after) | Backfill::Again(after) => after,
        };
        let join = self.join;
        ReceivedUpTo { up_to, join }
    }
}

impl Room {
    /// Lets a session listen, and reads for it what it missed. The session has a number for its join.
    pub(super) fn join(
        &mut self,
        principal: Arc<Principal>,
        (queue, join): (Arc<ConnectionQueue>, JoinNo),
        backfill: Backfill,
        reply: Reply,
        context: &mut Context<Self>,
    ) {
        let reader = match self.state.reader(&principal) {
            Ok(reader) => reader,
            Err(refusal) => return reply.refuse(refusal),
        };
        let caller = Requester::from(&*principal);
        let (session, generation) = (queue.session(), self.request_no());
        if matches!(backfill, Backfill::AsEvents(_)) && self.listens(session) {
            // Its client has joined by itself meanwhile, and got everything with the answer.
            return reply.send(Ok(Answer::Done));
        }
        let dialect = queue.state().dialect();
        let arrival = match backfill {
            Backfill::InReply(_) | Backfill::Both(_) if !self.is_here(principal.no) => {
                Some(Arc::clone(&principal))
            }
            _ => None,
        };
        let before = match (self.replace(session), backfill) {
            (Before::Nothing, Backfill::AsEvents(up_to) | Backfill::Again(up_to)) => {
                Before::Behind(ReceivedUpTo { up_to, join })
            }
            (before, _) => before,
        };
        let mut listener = Listener::reading(principal, queue, &reader, generation);
        listener.position_in_crowd = self.end_of_crowd();
        listener.reader_blocks = self.state.blocks.of_reader(listener.principal.no);
        listener.join = join;
        listener.before = before;
        if let Backfill::AsEvents(after) | Backfill::Both(after) | Backfill::Again(after) = backfill
        {
            listener.floor = after;
        }
        self.listeners.push(listener);
        let joining = Joining {
            session,
            generation,
            join,
            backfill,
            reply,
            arrival,
        };
        let wanted = Wanted {
            conversation: (self.state.conversation.no, self.state.conversation.id),
            reader_blocks: self.state.blocks.of_reader(caller.no),
            caller,
            dialect,
            backfill,
            recall: Arc::clone(&self.deps.recall),
        };
        self.read_join(joining, wanted, context);
    }

    fn read_join(&self, joining: Joining, wanted: Wanted, context: &mut Context<Self>) {
        let pool = self.deps.pool.clone();
        let read = async move { pool.run(move |connection| wanted.read(connection)).await };
        context.spawn(
            read.into_actor(self)
                .map(move |read, room, _| room.joined(joining, read)),
        );
    }

    fn index_of(&self, session: SessionId) -> Option<usize> {
        let mut listeners = self.listeners.iter();
        listeners.position(|listener| listener.queue.session() == session)
    }

    fn listens(&self, session: SessionId) -> bool {
        self.index_of(session).is_some()
    }

    /// Takes a session out that joins anew; answers what it has got.
    fn replace(&mut self, session: SessionId) -> Before {
        if !self.listens(session) {
            return Before::Nothing;
        }
        self.tell_crowd();
        let Some(index) = self.index_of(session) else {
            return Before::Nothing;
        };
        let announced = self.timeline.announced();
        self.listeners.remove(index).received(announced)
    }

    /// Answers a session that has joined, or is about to, with the current state. Nothing else changes.
    pub(super) fn look(
        &mut self,
        principal: Arc<Principal>,
        session: SessionId,
        reply: Reply,
        context: &mut Context<Self>,
    ) {
        if let Err(refusal) = self.state.reader(&principal) {
            return reply.refuse(refusal);
        }
        if let Some((listening, backfill)) = self.reads_again(session) {
            return self.join(principal, listening, backfill, reply, context);
        }
        let stands = self.as_it_stands(principal.no);
        reply.send_from(&self.state.view_for(principal.no), Ok(stands));
    }

    /// How a listener whose dialect has messages in every answer joins again, after what is in its queue: so no event comes between
    /// what is read and the answer.
    fn reads_again(
        &mut self,
        session: SessionId,
    ) -> Option<((Arc<ConnectionQueue>, JoinNo), Backfill)> {
        self.tell_crowd();
        let announced = self.timeline.announced();
        let mut listeners = self.listeners.iter();
        let listener = listeners.find(|listener| listener.queue.session() == session)?;
        let backfill = match listener.is_live() {
            true => Backfill::Both(announced.max(listener.floor)),
            false => Backfill::Again(listener.floor),
        };
        let needs = listener.dialect.needs();
        needs
            .newest_messages
            .then(|| ((Arc::clone(&listener.queue), listener.join), backfill))
    }

    /// The caller of a session has new roles: the session goes on listening with them, or gets the event that it may not.
    pub(super) fn renew(&mut self, principal: Arc<Principal>, session: SessionId, reply: Reply) {
        match (self.state.reader(&principal), self.index_of(session)) {
            (Err(refusal), index) => {
                if let Some(index) = index {
                    let listener = self.listeners.remove(index);
                    self.tell_lost(&listener);
                }
                reply.refuse(refusal);
            }
            (Ok(reader), index) => {
                if let Some(listener) = index.and_then(|index| self.listeners.get_mut(index)) {
                    listener.role = reader.role.as_deref().map(Into::into);
                    listener.sees_from = reader.sees_from;
                    listener.principal = principal;
                }
                reply.send(Ok(Answer::Done));
            }
        }
    }

    pub(super) fn tell_lost(&self, listener: &Listener) {
        let membership = lost_membership(self.state.person(listener.principal.no));
        let seq = self.timeline.announced();
        let lost = self.event(None, Change::Lost { seq, membership });
        let frame = ChatFrame::event(&lost, EventReader::ANYBODY, Heard::Anywhere);
        listener.queue.push(frame);
    }

    fn joined(&mut self, joining: Joining, read: Result<Read, Error>) {
        let index = self.listeners.iter().position(|listener| {
            listener.queue.session() == joining.session && listener.generation == joining.generation
        });
        let Some(index) = index else {
            if self.is_forgotten() {
                return drop(joining.reply);
            }
            return self.answer_overtaken(joining, read);
        };
        match read {
            Err(error) => {
                match error.is_final() {
                    true => drop(self.listeners.remove(index)),
                    false => self.fall_back(index),
                }
                joining.reply.send(Err(error));
            }
            Ok(read) => {
                let arrival = joining.arrival.clone();
                self.go_live(index, joining, read);
                if let Some(who) = arrival {
                    self.announce_attendance(&who, Attendance::Joined);
                }
            }
        }
    }

    /// A join cannot be carried out at the moment. A session that has joined before goes on as if it had not asked.
    fn fall_back(&mut self, index: usize) {
        let here = self.state.conversation.id;
        let Some(listener) = self.listeners.get_mut(index) else {
            return;
        };
        let stays = match listener.before {
            Before::Nothing => false,
            Before::Live(told) => {
                listener.join = told.join;
                let pushed = listener.go_live(told.up_to);
                listener.stays(pushed, &self.deps.metrics)
            }
            Before::Behind(told) => {
                listener.send_away_after(here, told);
                false
            }
        };
        if !stays {
            self.listeners.remove(index);
        }
    }

    /// The session left, joined anew, or was sent away, while its snapshot was read. One that joined anew is answered all the same; its
    /// events follow the later answer.
    fn answer_overtaken(&mut self, joining: Joining, read: Result<Read, Error>) {
        let mut listeners = self.listeners.iter_mut();
        let later = listeners.find(|listener| listener.queue.session() == joining.session);
        let left = "The conversation was left before this join was answered";
        let outcome = match (later, read) {
            (Some(listener), Ok(read)) => {
                listener.note_answered(joining.told(&read));
                Ok(read.answer)
            }
            // Its client has asked for nothing, so nothing can be refused.
            (None, Err(_)) if matches!(joining.backfill, Backfill::AsEvents(_)) => {
                Err(Refusal::Conflict(left).into())
            }
            (_, Err(error)) => Err(error),
            (None, Ok(_)) => Err(Refusal::Conflict(left).into()),
        };
        joining.reply.send(outcome);
    }

    fn go_live(&mut self, index: usize, joining: Joining, read: Read) {
        let here = self.state.conversation.id;
        if let (Some(memory), false) = (read.deal, self.state.deal.is_whole()) {
            self.state.deal = memory;
        }
        let Some(listener) = self.listeners.get_mut(index) else {
            return;
        };
        let view = self.state.view_for(listener.principal.no);
        joining.reply.send_from(&view, Ok(read.answer));
        let received_up_to = match read.missed {
            None => read.last_seq,
            Some(mut missed) => match missed.page.queue(&listener.queue) {
                Some(seq) if seq == missed.page.to && missed.page.is_last() => {
                    let marked = missed.marked.as_ref();
                    let marks = marked.map(|newest| replay::marks(missed.page.view(), newest));
                    listener.queue.frames(marks.into_iter().flatten());
                    seq
                }
                // Too much for one page: the session reads it page by page, and joins again.
                Some(up_to) => {
                    let join = listener.join;
                    listener.send_away_after(here, ReceivedUpTo { up_to, join });
                    return drop(self.listeners.remove(index));
                }
                None => return drop(self.listeners.remove(index)),
            },
        };
        let pushed = listener.go_live(received_up_to);
        if !listener.stays(pushed, &self.deps.metrics) {
            self.listeners.remove(index);
        }
    }
}
