//! Joining and coming back: subscribe first, read second, drop doubles by seq. A first join is the same code.

use actix::prelude::*;
use bytestring::ByteString;
use diesel::pg::PgConnection;
use std::sync::Arc;

use super::Manner;
use super::actor::Room;
use super::listener::Listener;
use super::reply::Reply;
use crate::directory::Directory;
use crate::domain::entry::{Entry, Fact};
use crate::domain::ids::{ConversationNo, Seq, SessionId};
use crate::domain::principal::Principal;
use crate::domain::snapshot::{Reader, Recovery, Snapshot};
use crate::error::Error;
use crate::outbox::{CloseReason, Outbox};
use crate::store::replay;
use crate::wire::answer::Answer;
use crate::wire::encode::{self, MessageEvent};

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
        let reader = match self.state.reader(&principal) {
            Ok(reader) => reader,
            Err(refusal) => return reply.refuse(refusal),
        };
        let (session, generation) = (outbox.session(), self.ticket());
        self.listeners
            .retain(|listener| listener.outbox.session() != session);
        self.listeners.push(Listener::reading(
            principal,
            outbox,
            reader.role.clone(),
            generation,
        ));
        let joining = Joining {
            session,
            generation,
            manner,
            reply,
        };
        let (pool, no) = (self.house.pool.clone(), self.state.conversation.no);
        let read = async move {
            pool.run(move |connection| Read::new(connection, no, reader, after, manner))
                .await
        };
        context.spawn(
            read.into_actor(self)
                .map(move |read, room, _| room.joined(joining, read)),
        );
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
            (true, Manner::Answer) => read.map(|read| Answer::Joined(Box::new(read.snapshot))),
            (true, Manner::Events) => Ok(Answer::Done),
            (false, Manner::Answer | Manner::Events) => Err(self.why_gone()),
        });
    }

    fn why_gone(&self) -> Error {
        crate::domain::refusal::Refusal::Conflict(
            "The conversation was left before this join was answered",
        )
        .into()
    }

    fn go_live(&mut self, place: usize, joining: Joining, read: Read) {
        let seq = read.snapshot.conversation.last_seq;
        let directory = &self.house.directory;
        let Some(listener) = self.listeners.get_mut(place) else {
            return;
        };
        match joining.manner {
            Manner::Answer => {
                let joined = Answer::Joined(Box::new(read.snapshot));
                joining.reply.send(Ok(joined));
            }
            Manner::Events if read.snapshot.recovery == Recovery::Fresh => {
                // More was missed than can be told in events: the client comes back by itself, and is told that.
                listener.outbox.close(CloseReason::SlowReader);
                joining.reply.send(Ok(Answer::Done));
            }
            Manner::Events => {
                listener.outbox.texts(read.frames(directory));
                joining.reply.send(Ok(Answer::Done));
            }
        }
        listener.go_live(seq);
    }
}

/// What was read for a join.
struct Read {
    reader: Reader,
    snapshot: Snapshot,
    /// Every change that was missed, where each is told as an event.
    missed: Vec<Entry>,
}

impl Read {
    fn new(
        connection: &mut PgConnection,
        no: ConversationNo,
        reader: Reader,
        after: Option<Seq>,
        manner: Manner,
    ) -> Result<Self, Error> {
        let snapshot = replay::snapshot(connection, no, &reader, after)?;
        let missed = match (manner, snapshot.recovery, after) {
            (Manner::Events, Recovery::Complete, Some(after)) => {
                replay::entries(connection, no, after)?
            }
            _ => Vec::new(),
        };
        Ok(Self {
            reader,
            snapshot,
            missed,
        })
    }

    /// The events that were missed, and how far everybody has read: marks leave no entries.
    fn frames(&self, directory: &Directory) -> Vec<ByteString> {
        let last = self.snapshot.conversation.last_seq;
        let entries = self.missed.iter().take_while(|entry| entry.seq <= last);
        let mut frames: Vec<ByteString> = entries
            .filter_map(|entry| self.frame(entry, directory))
            .collect();
        let place = self.snapshot.conversation.id;
        for person in &self.snapshot.participants {
            for (name, seq) in [
                ("message_seen", person.read_seq),
                ("message_delivered", person.delivered_seq),
            ] {
                if seq > 0 {
                    frames.push(encode::watermark(name, place, &person.id, seq));
                }
            }
        }
        frames
    }

    fn frame(&self, entry: &Entry, directory: &Directory) -> Option<ByteString> {
        let (kind, message) = match &entry.fact {
            Fact::Said(message) => (MessageEvent::New, message),
            Fact::Edited(message) => (MessageEvent::Updated, message),
            Fact::Deleted(message) => (MessageEvent::Deleted, message),
            Fact::Stepped(stepped) => {
                let role = self.reader.role.as_deref();
                let place = self.snapshot.conversation.id;
                return Some(encode::step(place, entry, stepped, role));
            }
            Fact::Participant { .. } | Fact::Settings { .. } => {
                let mut conversation = self.snapshot.conversation.clone();
                conversation.last_seq = entry.seq;
                let people = &self.snapshot.participants;
                let told =
                    encode::conversation_updated(entry.seq, &conversation, people, directory);
                return Some(told);
            }
        };
        let Reader { no, role } = &self.reader;
        let place = self.snapshot.conversation.id;
        message
            .is_visible_to(*no, role.as_deref())
            .then(|| encode::message(kind, place, entry.seq, message, *no))
    }
}
