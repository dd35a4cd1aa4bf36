//! Joining and coming back: subscribe first, read second, drop doubles by seq. A first join is the same code.

use actix::prelude::*;
use std::sync::Arc;

use super::Manner;
use super::actor::Room;
use super::listener::Listener;
use super::reply::Reply;
use crate::domain::ids::{Seq, SessionId};
use crate::domain::principal::Principal;
use crate::domain::snapshot::{Recovery, Snapshot};
use crate::error::Error;
use crate::outbox::{CloseReason, Outbox};
use crate::store::replay;
use crate::wire::answer::Answer;
use crate::wire::encode::{self, MessageEvent};

/// A join whose snapshot is being read.
struct Joining {
    session: SessionId,
    generation: u64,
    after: Option<Seq>,
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
            after,
            manner,
            reply,
        };
        let (pool, no) = (self.house.pool.clone(), self.state.conversation.no);
        let read = async move {
            pool.run(move |connection| replay::snapshot(connection, no, &reader, after))
                .await
        };
        context.spawn(
            read.into_actor(self)
                .map(move |snapshot, room, _| room.joined(joining, snapshot)),
        );
    }

    fn joined(&mut self, joining: Joining, snapshot: Result<Snapshot, Error>) {
        let place = self.listeners.iter().position(|listener| {
            listener.outbox.session() == joining.session
                && listener.generation == joining.generation
        });
        let Some(place) = place else {
            return joining.reply.send(Err(self.why_gone()));
        };
        match snapshot {
            Err(error) => {
                self.listeners.remove(place);
                joining.reply.send(Err(error));
            }
            Ok(snapshot) => self.go_live(place, joining, snapshot),
        }
    }

    /// The session left, joined anew, or lost its place, while its snapshot was read.
    fn why_gone(&self) -> Error {
        crate::domain::refusal::Refusal::Conflict(
            "The conversation was left, or joined again, before this join was answered",
        )
        .into()
    }

    fn go_live(&mut self, place: usize, joining: Joining, snapshot: Snapshot) {
        let seq = snapshot.conversation.last_seq;
        let Some(listener) = self.listeners.get_mut(place) else {
            return;
        };
        match joining.manner {
            Manner::Answer => joining.reply.send(Ok(Answer::Joined(Box::new(snapshot)))),
            Manner::Events if snapshot.recovery == Recovery::Fresh => {
                // More was missed than can be told in events: the client comes back by itself, and is told that.
                listener.outbox.close(CloseReason::SlowReader);
            }
            Manner::Events => tell_missed(listener, &snapshot, joining.after.unwrap_or(0)),
        }
        listener.go_live(seq);
    }
}

fn tell_missed(listener: &Listener, snapshot: &Snapshot, after: Seq) {
    let id = snapshot.conversation.id;
    let frames = snapshot.messages.iter().map(|message| {
        let kind = match message.deleted_at {
            Some(_) => MessageEvent::Deleted,
            None if message.seq() > after => MessageEvent::New,
            None => MessageEvent::Updated,
        };
        encode::message(
            kind,
            id,
            message.seq().max(after),
            message,
            listener.principal.no,
        )
    });
    listener.outbox.texts(frames);
}
