//! What threads are for a participant: followed or not, and read up to where. Their own sessions are told, and nobody else.

use actix::prelude::*;
use diesel::pg::PgConnection;
use std::sync::Arc;

use super::actor::Room;
use super::reply::Reply;
use crate::domain::answer::Answer;
use crate::domain::ids::{MessageId, Seq, UserNo};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::domain::room_event::Change;
use crate::domain::snapshot::Reader;
use crate::domain::thread::{OwnThread, ThreadChange};
use crate::error::Error;
use crate::queue::{ChatFrame, EventReader, Heard};
use crate::store::{messages, threads};
use crate::wire::section::Section;

/// Writes the change for somebody who sees the message and the first one of its thread; a reply stands for the thread that it is in.
fn write(
    connection: &mut PgConnection,
    message: MessageId,
    reader: &Reader,
    change: ThreadChange,
) -> Result<(MessageId, OwnThread), Error> {
    let found = messages::find(connection, message)?;
    let found = found.filter(|it| it.is_visible_to(reader.sight()));
    let found = found.ok_or(Refusal::MessageNotFound)?;
    let root = found.content.thread.map_or(message, |thread| thread.root);
    if !reader.sight().sees_seq(root.seq) {
        return Err(Refusal::MessageNotFound.into());
    }
    threads::change(connection, root, reader.no, change)?;
    Ok((root, threads::own(connection, root, reader.no)?))
}

impl Room {
    /// Changes what the thread of a message is for the caller, who takes part and sees the message.
    pub(super) fn change_thread(
        &mut self,
        principal: &Arc<Principal>,
        message: MessageId,
        change: ThreadChange,
        reply: Reply,
        context: &mut Context<Self>,
    ) {
        let reader = match self.reader_of_thread(principal, message) {
            Ok(reader) => reader,
            Err(refusal) => return reply.refuse(refusal),
        };
        let (user, pool) = (principal.no, self.deps.pool.clone());
        let written = async move {
            pool.run(move |connection| write(connection, message, &reader, change))
                .await
        };
        context.spawn(written.into_actor(self).map(move |outcome, room, _| {
            let answer = outcome.map(|(root, own)| {
                room.tell_thread(user, root, own);
                let conversation = room.state.conversation.id;
                let thread = Some(root.seq);
                room.deps.outgoing.say(|| Section::Mine {
                    conversation,
                    user,
                    thread,
                });
                Answer::Thread(root, own)
            });
            reply.send(answer);
        }));
    }

    fn reader_of_thread(
        &self,
        principal: &Principal,
        message: MessageId,
    ) -> Result<Reader, Refusal> {
        let access = self.state.access(principal)?;
        access.participant().ok_or(Refusal::NotAParticipant)?;
        self.state.must_be_here(message)?;
        Ok(access.reader(principal.no))
    }

    /// Reads what a thread is for a user and tells their sessions here: another server has changed it.
    pub(super) fn read_thread(&mut self, user: UserNo, root: Seq, context: &mut Context<Self>) {
        let conversation = self.state.conversation.no;
        let root = MessageId {
            conversation,
            seq: root,
        };
        let (pool, turns) = (self.deps.pool.clone(), self.deps.catch_ups.clone());
        let read = async move {
            let turn = turns.acquire().await;
            let found = pool.run(move |connection| threads::own(connection, root, user));
            let found = found.await;
            drop(turn);
            found
        };
        context.spawn(
            read.into_actor(self)
                .map(move |found, room, _| match found {
                    Ok(own) => room.tell_thread(user, root, own),
                    Err(error) => log::debug!(event = "own_change_not_told"; "{error}"),
                }),
        );
    }

    /// Tells a user's sessions at this server, those that have not joined the count of the conversation too.
    fn tell_thread(&mut self, user: UserNo, root: MessageId, own: OwnThread) {
        self.notices.unread_changes().add_counted(user);
        let event = self.event(None, Change::Thread(root, own));
        for queue in self.deps.directory.queues(user) {
            queue.push(ChatFrame::event(
                &event,
                EventReader::ANYBODY,
                Heard::Anywhere,
            ));
        }
    }
}
