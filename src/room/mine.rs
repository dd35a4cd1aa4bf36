//! A participant's own settings of the conversation. Only their own sessions get a change.

use actix::prelude::*;
use std::sync::Arc;

use super::actor::Room;
use super::reply::Reply;
use crate::domain::answer::Answer;
use crate::domain::ids::{Seq, UserNo};
use crate::domain::mine::{Mine, MineChange};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::domain::room_event::Change;
use crate::error::Error;
use crate::queue::{ChatFrame, EventReader, Heard};
use crate::store::mine;
use crate::wire::section::Section;

impl Room {
    /// Writes a change of what the conversation is for the caller.
    pub(super) fn change_mine(
        &mut self,
        principal: &Arc<Principal>,
        change: MineChange,
        reply: Reply,
        context: &mut Context<Self>,
    ) {
        match self.state.access(principal) {
            Err(denied) => return reply.refuse(denied.into()),
            Ok(access) if access.participant().is_none() => {
                return reply.refuse(Refusal::NotAParticipant);
            }
            Ok(_) => {}
        }
        let (no, user) = (self.state.conversation.no, principal.no);
        let pool = self.deps.pool.clone();
        let write = async move {
            pool.run(move |connection| mine::set(connection, no, user, &change))
                .await
        };
        context.spawn(write.into_actor(self).map(move |outcome, room, _| {
            let answer = match outcome {
                Ok(Some(mine)) => {
                    room.tell_mine(user, mine);
                    room.tell_peers_of_mine(user);
                    Ok(Answer::Done)
                }
                Ok(None) => Err(Error::Refused(Refusal::NotAParticipant)),
                Err(error) => Err(error),
            };
            reply.send(answer);
        }));
    }

    /// Reads what the conversation is for a user and tells their sessions here: another server has changed it, or it changed as they read.
    pub(super) fn read_mine(&mut self, user: UserNo, context: &mut Context<Self>) {
        let (no, pool) = (self.state.conversation.no, self.deps.pool.clone());
        let turns = self.deps.catch_ups.clone();
        let read = async move {
            let turn = turns.acquire().await;
            let found = pool.run(move |connection| mine::of(connection, no, user));
            let found = found.await;
            drop(turn);
            found
        };
        context.spawn(
            read.into_actor(self)
                .map(move |found, room, _| match found {
                    Ok(Some(mine)) => room.tell_mine(user, mine),
                    Ok(None) => {}
                    Err(error) => log::debug!(event = "own_change_not_told"; "{error}"),
                }),
        );
    }

    /// Lets other servers read what the conversation is for a user.
    pub(super) fn tell_peers_of_mine(&self, user: UserNo) {
        let conversation = self.state.conversation.id;
        self.deps.outgoing.say(|| Section::Mine {
            conversation,
            user,
            thread: None,
        });
    }

    /// Tells a user's sessions at this server.
    fn tell_mine(&mut self, user: UserNo, mine: Mine) {
        self.note_unread_from(user, mine.unread_from);
        let event = self.event(None, Change::Mine(mine));
        for queue in self.deps.directory.queues(user) {
            queue.push(ChatFrame::event(
                &event,
                EventReader::ANYBODY,
                Heard::Anywhere,
            ));
        }
    }

    /// A participant marked the conversation as unread from this seq on, or removed that mark. Their sessions that have not joined
    /// get the new count with the next pulse.
    pub(super) fn note_unread_from(&mut self, user: UserNo, unread_from: Option<Seq>) {
        if self.state.evolve_unread_from(user, unread_from) {
            self.notices.unread_changes().add_counted(user);
        }
    }
}
