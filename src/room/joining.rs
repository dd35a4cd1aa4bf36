//! Joining and coming back: subscribe first, read second, drop doubles by seq. A first join is the same code.

use actix::prelude::*;
use diesel::pg::PgConnection;
use std::collections::HashMap;
use std::sync::Arc;

use super::Manner;
use super::actor::Room;
use super::listener::Listener;
use super::replay as again;
use super::reply::Reply;
use crate::domain::access::lost_membership;
use crate::domain::answer::Answer;
use crate::domain::deal_memory::DealMemory;
use crate::domain::dialect::{Dialect, Needs};
use crate::domain::entry::Entry;
use crate::domain::ids::{ConversationNo, Seq, SessionId};
use crate::domain::principal::Principal;
use crate::domain::room_event::{Change, View};
use crate::domain::snapshot::{Reader, Recovery, Snapshot};
use crate::error::Error;
use crate::queue::{ChatFrame, CloseReason, Frame, Heard, Outbox};
use crate::store::{flows, marks, replay};

/// A join whose snapshot is being read.
struct Joining {
    session: SessionId,
    generation: u64,
    manner: Manner,
    reply: Reply,
}

impl Room {
    /// Lets a session listen, and reads for it what it missed.
    pub(super) fn join(
        &mut self,
        principal: Arc<Principal>,
        outbox: Arc<Outbox>,
        after: Option<Seq>,
        manner: Manner,
        reply: Reply,
        context: &mut Context<Self>,
    ) {
        outbox.state().has_caught_up(self.state.conversation.id);
        let reader = match self.state.reader(&principal) {
            Ok(reader) => reader,
            Err(refusal) => return reply.refuse(refusal),
        };
        let (session, generation) = (outbox.session(), self.ticket());
        let mut listeners = self.listeners.iter();
        let listens = listeners.any(|listener| listener.outbox.session() == session);
        if manner == Manner::Events && listens {
            // Its client has joined meanwhile by itself, and the answer told it everything.
            return reply.send(Ok(Answer::Done));
        }
        let needs = outbox.state().dialect().needs();
        self.listeners
            .retain(|listener| listener.outbox.session() != session);
        let role = reader.role.as_deref().map(Into::into);
        let mut listener = Listener::reading(principal, outbox, role, generation);
        listener.place_in_crowd = self.end_of_crowd();
        if let (Manner::Events, Some(after)) = (manner, after) {
            listener.floor = after;
        }
        self.listeners.push(listener);
        let joining = Joining {
            session,
            generation,
            manner,
            reply,
        };
        let (pool, no) = (self.house.pool.clone(), self.state.conversation.no);
        let read = async move {
            pool.run(move |connection| Read::new(connection, no, reader, after, manner, needs))
                .await
        };
        context.spawn(
            read.into_actor(self)
                .map(move |read, room, _| room.joined(joining, read)),
        );
    }

    /// Tells one who has joined, or is about to, how the conversation stands. Nothing else changes: what is told elsewhere of it goes on.
    pub(super) fn look(&self, principal: &Principal, reply: Reply) {
        if let Err(refusal) = self.state.reader(principal) {
            return reply.refuse(refusal);
        }
        let (conversation, people) = (&self.state.conversation, self.state.people.to_vec());
        let stands = Answer::Conversation(Box::new(conversation.clone()), people);
        reply.send_from(self.state.view(), Ok(stands));
    }

    /// Lets a session go on listening as what its caller is now, or tells it that it may not.
    pub(super) fn renew(&mut self, principal: Arc<Principal>, session: SessionId, reply: Reply) {
        let mut listeners = self.listeners.iter();
        let place = listeners.position(|listener| listener.outbox.session() == session);
        match (self.state.reader(&principal), place) {
            (Err(refusal), place) => {
                if let Some(place) = place {
                    let listener = self.listeners.remove(place);
                    self.tell_lost(&listener);
                }
                reply.refuse(refusal);
            }
            (Ok(reader), place) => {
                if let Some(listener) = place.and_then(|place| self.listeners.get_mut(place)) {
                    listener.role = reader.role.as_deref().map(Into::into);
                    listener.principal = principal;
                }
                reply.send(Ok(Answer::Done));
            }
        }
    }

    fn tell_lost(&self, listener: &Listener) {
        let membership = lost_membership(self.state.person(listener.principal.no));
        let seq = self.timeline.announced();
        let lost = self.event(None, Change::Lost { seq, membership });
        let frame = ChatFrame::event(&lost, None, Heard::Elsewhere);
        listener.outbox.push(frame);
    }

    fn joined(&mut self, joining: Joining, read: Result<Read, Error>) {
        let place = self.listeners.iter().position(|listener| {
            listener.outbox.session() == joining.session
                && listener.generation == joining.generation
        });
        let Some(place) = place else {
            if self.is_dozing() {
                return drop(joining.reply);
            }
            return self.answer_overtaken(joining, read);
        };
        match read {
            Err(error) => {
                self.listeners.remove(place);
                joining.reply.send(Err(error));
            }
            Ok(read) => self.go_live(place, joining, read),
        }
    }

    /// The session left, joined anew, or lost its place, while its snapshot was read.
    /// A session that joined again meanwhile is answered all the same; its events follow the later answer.
    fn answer_overtaken(&self, joining: Joining, read: Result<Read, Error>) {
        let session = joining.session;
        let joined_again = self
            .listeners
            .iter()
            .any(|listener| listener.outbox.session() == session);
        joining.reply.send(match (joined_again, joining.manner) {
            (true, Manner::Answer | Manner::Both) => {
                read.map(|read| Answer::Joined(Box::new(read.snapshot)))
            }
            (true, Manner::Events) => Ok(Answer::Done),
            (false, _) => Err(self.why_gone()),
        });
    }

    fn why_gone(&self) -> Error {
        crate::domain::refusal::Refusal::Conflict(
            "The conversation was left before this join was answered",
        )
        .into()
    }

    fn go_live(&mut self, place: usize, joining: Joining, read: Read) {
        if let (Some(memory), false) = (&read.deal, self.state.deal.is_whole()) {
            self.state.deal = memory.clone();
        }
        let seq = read.snapshot.conversation.last_seq;
        let view = self.state.view();
        let Some(listener) = self.listeners.get(place) else {
            return;
        };
        let (outbox, dialect) = (Arc::clone(&listener.outbox), listener.dialect);
        let is_too_much = read.snapshot.recovery == Recovery::Fresh;
        match joining.manner {
            Manner::Answer => {
                let joined = Answer::Joined(Box::new(read.snapshot));
                joining.reply.send_from(view, Ok(joined));
            }
            Manner::Events | Manner::Both if is_too_much => {
                // More was missed than can be told in events: the client comes back by itself, and is told that.
                outbox.close(CloseReason::SlowReader);
                joining.reply.send(Ok(Answer::Done));
            }
            Manner::Events => {
                let then = read.view(view);
                outbox.frames(read.frames(dialect, &then));
                outbox.frames(again::marks(&then, &read.marked));
                joining.reply.send(Ok(Answer::Done));
            }
            Manner::Both => {
                let frames = read.frames(dialect, &read.view(view));
                let joined = Answer::Joined(Box::new(read.snapshot));
                joining.reply.send_from(view, Ok(joined));
                outbox.frames(frames);
            }
        }
        if let Some(listener) = self.listeners.get_mut(place) {
            listener.go_live(seq);
        }
    }
}

/// What was read for a join.
struct Read {
    reader: Reader,
    snapshot: Snapshot,
    /// Every change that was missed, where each is told as an event.
    missed: Vec<Entry>,
    /// The newest message up to each watermark, where those are told as events.
    marked: HashMap<Seq, Seq>,
    /// What the deal remembers and asks, for those who need that.
    deal: Option<DealMemory>,
}

impl Read {
    fn new(
        connection: &mut PgConnection,
        no: ConversationNo,
        reader: Reader,
        after: Option<Seq>,
        manner: Manner,
        needs: Needs,
    ) -> Result<Self, Error> {
        let snapshot = replay::snapshot(connection, no, &reader, after)?;
        let missed = match (manner, snapshot.recovery, after) {
            (Manner::Events | Manner::Both, Recovery::Complete, Some(after)) => {
                replay::entries(connection, no, after)?
            }
            _ => Vec::new(),
        };
        let standing = snapshot.conversation.flow.as_ref();
        let deal = standing.filter(|_| needs.deal_memory).map(|standing| {
            let remembered = flows::remembered(connection, no)?;
            let asking = flows::asking(connection, no)?;
            Ok::<_, Error>(DealMemory::read(
                remembered,
                standing.state_version,
                &asking,
            ))
        });
        let marked = match manner {
            Manner::Events if needs.messages_of_marks => {
                let people = snapshot.participants.iter();
                let marks: Vec<Seq> = people.flat_map(|p| [p.read_seq, p.delivered_seq]).collect();
                marks::newest_messages(connection, no, &marks)?
            }
            Manner::Events | Manner::Answer | Manner::Both => HashMap::new(),
        };
        Ok(Self {
            reader,
            missed,
            marked,
            deal: deal.transpose()?,
            snapshot,
        })
    }

    /// The conversation as it was read, with what the room knows of its deal.
    fn view(&self, room: &View) -> View {
        let people = self.snapshot.participants.iter().cloned();
        View {
            deal: room.deal.clone(),
            ..View::of(self.snapshot.conversation.clone(), people)
        }
    }

    /// The events that were missed.
    fn frames(&self, dialect: Dialect, view: &View) -> Vec<Frame> {
        let last = view.conversation.last_seq;
        let upto = self.missed.partition_point(|entry| entry.seq <= last);
        let missed = self.missed.get(..upto).unwrap_or_default();
        let frames = again::missed(dialect, missed, view, &self.reader).into_iter();
        frames.map(|(_, frame)| frame).collect()
    }
}
