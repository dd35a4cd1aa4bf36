//! Joining and coming back: subscribe first, read second, skip events that the read contained. A first join is the same code.

use actix::prelude::*;
use diesel::pg::PgConnection;
use std::collections::HashMap;
use std::sync::Arc;

use super::Backfill;
use super::actor::Room;
use super::listener::Listener;
use super::replay::{self, Page, Recall};
use super::reply::Reply;
use crate::domain::access::lost_membership;
use crate::domain::answer::Answer;
use crate::domain::deal_memory::DealMemory;
use crate::domain::dialect::Dialect;
use crate::domain::ids::{ConversationId, ConversationNo, Seq, SessionId};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::domain::room_event::Change;
use crate::domain::snapshot::{Reader, Snapshot};
use crate::error::Error;
use crate::queue::{ChatFrame, ConnectionQueue, Heard};
use crate::store::replay::snapshot;
use crate::store::{flows, marks};

/// A join whose snapshot is being read.
struct Joining {
    session: SessionId,
    generation: u64,
    reply: Reply,
    /// Its user, if no client of theirs listened before.
    arrival: Option<Arc<Principal>>,
}

impl Room {
    /// Lets a session listen, and reads for it what it missed.
    pub(super) fn join(
        &mut self,
        principal: Arc<Principal>,
        queue: Arc<ConnectionQueue>,
        backfill: Backfill,
        reply: Reply,
        context: &mut Context<Self>,
    ) {
        let reader = match self.state.reader(&principal) {
            Ok(reader) => reader,
            Err(refusal) => return reply.refuse(refusal),
        };
        let (session, generation) = (queue.session(), self.request_no());
        if matches!(backfill, Backfill::AsEvents(_)) && self.listens(session) {
            // Its client has joined by itself meanwhile, and the answer told it everything.
            return reply.send(Ok(Answer::Done));
        }
        let dialect = queue.state().dialect();
        let arrival = match backfill {
            Backfill::InReply(_) | Backfill::Both(_) if !self.is_here(principal.no) => {
                Some(Arc::clone(&principal))
            }
            _ => None,
        };
        self.listeners
            .retain(|listener| listener.queue.session() != session);
        let role = reader.role.as_deref().map(Into::into);
        let mut listener = Listener::reading(principal, queue, role, generation);
        listener.place_in_crowd = self.end_of_crowd();
        if let Backfill::AsEvents(after) | Backfill::Both(after) | Backfill::Again(after) = backfill
        {
            listener.floor = after;
        }
        self.listeners.push(listener);
        let joining = Joining {
            session,
            generation,
            reply,
            arrival,
        };
        let wanted = Wanted {
            conversation: (self.state.conversation.no, self.state.conversation.id),
            reader,
            dialect,
            backfill,
            recall: Arc::clone(&self.deps.recall),
        };
        let pool = self.deps.pool.clone();
        let read = async move { pool.run(move |connection| wanted.read(connection)).await };
        context.spawn(
            read.into_actor(self)
                .map(move |read, room, _| room.joined(joining, read)),
        );
    }

    fn listens(&self, session: SessionId) -> bool {
        let mut listeners = self.listeners.iter();
        listeners.any(|listener| listener.queue.session() == session)
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
        if let Some((queue, backfill)) = self.reads_again(session) {
            return self.join(principal, queue, backfill, reply, context);
        }
        let (conversation, people) = (&self.state.conversation, self.state.people.to_vec());
        let stands = Answer::Conversation(Box::new(conversation.clone()), people);
        reply.send_from(self.state.view(), Ok(stands));
    }

    /// How a listener whose dialect has messages in every answer joins again, after what is in its queue: so no event comes between
    /// what is read and the answer.
    fn reads_again(&mut self, session: SessionId) -> Option<(Arc<ConnectionQueue>, Backfill)> {
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
            .then(|| (Arc::clone(&listener.queue), backfill))
    }

    /// The caller of a session has new roles: the session goes on listening with them, or is told that it may not.
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
        let frame = ChatFrame::event(&lost, None, Heard::Anywhere);
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
            Ok(read) => {
                let arrival = joining.arrival.clone();
                self.go_live(place, joining, read);
                if let Some(who) = arrival {
                    self.announce_attendance(&who, true);
                }
            }
        }
    }

    /// The session left, joined anew, or was sent away, while its snapshot was read. One that joined anew is answered all the same; its
    /// events follow the later answer.
    fn answer_overtaken(&self, joining: Joining, read: Result<Read, Error>) {
        let left = "The conversation was left before this join was answered";
        joining.reply.send(match self.listens(joining.session) {
            true => read.map(|read| read.answer),
            false => Err(Refusal::Conflict(left).into()),
        });
    }

    fn go_live(&mut self, index: usize, joining: Joining, read: Read) {
        if let (Some(memory), false) = (read.deal, self.state.deal.is_whole()) {
            self.state.deal = memory;
        }
        let Some(listener) = self.listeners.get_mut(index) else {
            return;
        };
        joining.reply.send_from(self.state.view(), Ok(read.answer));
        let told_up_to = match read.missed {
            None => read.last_seq,
            Some(mut missed) => match missed.page.queue(&listener.queue) {
                Some(seq) if seq == missed.page.to && missed.page.is_last() => {
                    let marked = missed.marked.as_ref();
                    let marks = marked.map(|newest| replay::marks(missed.page.view(), newest));
                    listener.queue.frames(marks.into_iter().flatten());
                    seq
                }
                // Too much for one page: the session reads it page by page, and joins again.
                Some(seq) => {
                    let listener = self.listeners.remove(index);
                    return listener.send_away(self.state.conversation.id, seq);
                }
                None => return drop(self.listeners.remove(index)),
            },
        };
        listener.go_live(told_up_to);
    }
}

/// What is to be read for a join.
struct Wanted {
    conversation: (ConversationNo, ConversationId),
    reader: Reader,
    dialect: Dialect,
    backfill: Backfill,
    recall: Arc<Recall>,
}

/// What was read for a join.
struct Read {
    answer: Answer,
    /// The newest change when the answer was read.
    last_seq: Seq,
    missed: Option<MissedPage>,
    /// What the deal remembers and asks, for those who need that.
    deal: Option<DealMemory>,
}

/// What was missed, where it is told as events.
struct MissedPage {
    page: Page,
    /// The newest message up to each watermark, where watermarks are told too.
    marked: Option<HashMap<Seq, Seq>>,
}

impl Wanted {
    fn read(self, connection: &mut PgConnection) -> Result<Read, Error> {
        let (no, _) = self.conversation;
        let (snapshot, missed) = match self.backfill {
            Backfill::InReply(after) => {
                let snapshot = snapshot(connection, no, &self.reader, after)?;
                (Some(snapshot), None)
            }
            Backfill::AsEvents(after) => (None, Some(self.page_and_marks(connection, after)?)),
            Backfill::Both(after) => {
                let has = (!self.dialect.needs().newest_messages).then_some(after);
                let snapshot = snapshot(connection, no, &self.reader, has)?;
                let page = self.page(connection, after)?;
                (Some(snapshot), Some(MissedPage { page, marked: None }))
            }
            Backfill::Again(after) => {
                let snapshot = snapshot(connection, no, &self.reader, None)?;
                let missed = self.page_and_marks(connection, after)?;
                (Some(snapshot), Some(missed))
            }
        };
        let last_seq = snapshot
            .as_ref()
            .map_or(0, |snapshot| snapshot.conversation.last_seq);
        let deal = match (&missed, &snapshot) {
            _ if !self.dialect.needs().deal_memory => None,
            (Some(missed), _) => missed.page.deal().cloned(),
            (None, Some(snapshot)) => self.deal(connection, snapshot)?,
            (None, None) => None,
        };
        Ok(Read {
            answer: snapshot.map_or(Answer::Done, |snapshot| Answer::Joined(Box::new(snapshot))),
            last_seq,
            missed,
            deal,
        })
    }

    fn page_and_marks(
        &self,
        connection: &mut PgConnection,
        after: Seq,
    ) -> Result<MissedPage, Error> {
        let page = self.page(connection, after)?;
        let marked = Some(self.newest_marked(connection, &page)?);
        Ok(MissedPage { page, marked })
    }

    fn page(&self, connection: &mut PgConnection, after: Seq) -> Result<Page, Error> {
        let (_, id) = self.conversation;
        let missed = replay::read(connection, &*self.recall, id, after)?;
        Ok(Page::new(missed, after, self.dialect, &self.reader))
    }

    /// The newest message up to each watermark, where the dialect tells watermarks by messages.
    fn newest_marked(
        &self,
        connection: &mut PgConnection,
        page: &Page,
    ) -> Result<HashMap<Seq, Seq>, Error> {
        if !self.dialect.needs().messages_of_marks {
            return Ok(HashMap::new());
        }
        let people = page.view().people.iter();
        let marks: Vec<Seq> = people.flat_map(|p| [p.read_seq, p.delivered_seq]).collect();
        marks::newest_messages(connection, self.conversation.0, &marks)
    }

    fn deal(
        &self,
        connection: &mut PgConnection,
        snapshot: &Snapshot,
    ) -> Result<Option<DealMemory>, Error> {
        let Some(deal_view) = &snapshot.conversation.flow else {
            return Ok(None);
        };
        let remembered = flows::context(connection, self.conversation.0)?;
        let asking = flows::pending_cards(connection, self.conversation.0)?;
        let memory = DealMemory::read(remembered, deal_view.state_version, &asking);
        Ok(Some(memory))
    }
}
