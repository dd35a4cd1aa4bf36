//! Joining and coming back: subscribe first, read second, drop doubles by seq. A first join is the same code.

use actix::prelude::*;
use diesel::pg::PgConnection;
use std::collections::HashMap;
use std::sync::Arc;

use super::Backfill;
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
use crate::queue::{ChatFrame, CloseReason, ConnectionQueue, Frame, Heard};
use crate::store::{flows, marks, replay};

/// A join whose snapshot is being read.
struct Joining {
    session: SessionId,
    generation: u64,
    backfill: Backfill,
    reply: Reply,
}

impl Room {
    /// Lets a session listen, and reads for it what it missed.
    pub(super) fn join(
        &mut self,
        principal: Arc<Principal>,
        queue: Arc<ConnectionQueue>,
        after: Option<Seq>,
        backfill: Backfill,
        reply: Reply,
        context: &mut Context<Self>,
    ) {
        queue.state().has_caught_up(self.state.conversation.id);
        let reader = match self.state.reader(&principal) {
            Ok(reader) => reader,
            Err(refusal) => return reply.refuse(refusal),
        };
        let (session, generation) = (queue.session(), self.request_no());
        let mut listeners = self.listeners.iter();
        let listens = listeners.any(|listener| listener.queue.session() == session);
        if backfill == Backfill::AsEvents && listens {
            // Its client has joined meanwhile by itself, and the answer told it everything.
            return reply.send(Ok(Answer::Done));
        }
        let needs = queue.state().dialect().needs();
        self.listeners
            .retain(|listener| listener.queue.session() != session);
        let role = reader.role.as_deref().map(Into::into);
        let mut listener = Listener::reading(principal, queue, role, generation);
        listener.place_in_crowd = self.end_of_crowd();
        if let (Backfill::AsEvents, Some(after)) = (backfill, after) {
            listener.floor = after;
        }
        self.listeners.push(listener);
        let joining = Joining {
            session,
            generation,
            backfill,
            reply,
        };
        let (pool, no) = (self.deps.pool.clone(), self.state.conversation.no);
        let read = async move {
            pool.run(move |connection| Read::new(connection, no, reader, after, backfill, needs))
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
        let place = listeners.position(|listener| listener.queue.session() == session);
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
        listener.queue.push(frame);
    }

    fn joined(&mut self, joining: Joining, read: Result<Read, Error>) {
        let place = self.listeners.iter().position(|listener| {
            listener.queue.session() == joining.session && listener.generation == joining.generation
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
            .any(|listener| listener.queue.session() == session);
        joining.reply.send(match (joined_again, joining.backfill) {
            (true, Backfill::InReply | Backfill::Both) => {
                read.map(|read| Answer::Joined(Box::new(read.snapshot)))
            }
            (true, Backfill::AsEvents) => Ok(Answer::Done),
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
        let (queue, dialect) = (Arc::clone(&listener.queue), listener.dialect);
        let is_too_much = read.snapshot.recovery == Recovery::Fresh;
        match joining.backfill {
            Backfill::InReply => {
                let joined = Answer::Joined(Box::new(read.snapshot));
                joining.reply.send_from(view, Ok(joined));
            }
            Backfill::AsEvents | Backfill::Both if is_too_much => {
                // More was missed than can be told in events: the client comes back by itself, and is told that.
                queue.close(CloseReason::SlowReader);
                joining.reply.send(Ok(Answer::Done));
            }
            Backfill::AsEvents => {
                let then = read.view(view);
                queue.frames(read.frames(dialect, &then));
                queue.frames(again::marks(&then, &read.marked));
                joining.reply.send(Ok(Answer::Done));
            }
            Backfill::Both => {
                let frames = read.frames(dialect, &read.view(view));
                let joined = Answer::Joined(Box::new(read.snapshot));
                joining.reply.send_from(view, Ok(joined));
                queue.frames(frames);
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
        backfill: Backfill,
        needs: Needs,
    ) -> Result<Self, Error> {
        let snapshot = replay::snapshot(connection, no, &reader, after)?;
        let missed = match (backfill, snapshot.recovery, after) {
            (Backfill::AsEvents | Backfill::Both, Recovery::Complete, Some(after)) => {
                replay::entries(connection, no, after)?
            }
            _ => Vec::new(),
        };
        let deal_view = snapshot.conversation.flow.as_ref();
        let deal = deal_view.filter(|_| needs.deal_memory).map(|deal_view| {
            let remembered = flows::remembered(connection, no)?;
            let asking = flows::asking(connection, no)?;
            Ok::<_, Error>(DealMemory::read(
                remembered,
                deal_view.state_version,
                &asking,
            ))
        });
        let marked = match backfill {
            Backfill::AsEvents if needs.messages_of_marks => {
                let people = snapshot.participants.iter();
                let marks: Vec<Seq> = people.flat_map(|p| [p.read_seq, p.delivered_seq]).collect();
                marks::newest_messages(connection, no, &marks)?
            }
            Backfill::AsEvents | Backfill::InReply | Backfill::Both => HashMap::new(),
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
