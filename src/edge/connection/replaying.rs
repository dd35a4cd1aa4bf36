//! What a client missed of conversations that it has joined: page by page, no faster than it reads; then the room goes on.

use actix::prelude::*;
use std::sync::Arc;

use super::replay_queue::Replay;
use super::session::Session;
use crate::domain::access::Requester;
use crate::domain::ids::{ConversationId, JoinNo, Seq};
use crate::error::Error;
use crate::queue::{ChatFrame, CloseReason, Frame, Rejoin};
use crate::room::Backfill;
use crate::room::replay::{self, Page};
use crate::room::reply::{Asker, Reply};

/// A room has ended. The client gets what it misses, unless it has joined anew or left since.
pub(super) fn room_lost<S: Session>(session: &mut S, lost: Rejoin, context: &mut S::Context) {
    let Rejoin {
        conversation,
        after,
        join,
    } = lost;
    let Some(join) = session.resume(conversation, join) else {
        return;
    };
    let replay = Replay {
        conversation,
        after,
        join,
    };
    session.core_mut().replays.wait(replay);
    go_on(session, context);
}

/// A page of the replay of this turn has been sent.
pub(super) fn page_sent<S: Session>(session: &mut S, turn: u64, context: &mut S::Context) {
    if let Some(replay) = session.core().replays.resume(turn) {
        read_page(session, replay, context);
    }
}

/// Stops the replay of a conversation that the client has left or may no longer read. Returns the seq up to which its queue holds
/// everything, if a replay was running or waiting.
pub(super) fn stop<S: Session>(
    session: &mut S,
    conversation: ConversationId,
    context: &mut S::Context,
) -> Option<Seq> {
    let queued_up_to = session.core_mut().replays.stop(conversation);
    go_on(session, context);
    queued_up_to
}

/// Begins with the next conversation, unless one is being replayed.
pub(super) fn go_on<S: Session>(session: &mut S, context: &mut S::Context) {
    if let Some(replay) = session.core_mut().replays.begin() {
        read_page(session, replay, context);
    }
}

fn finish<S: Session>(session: &mut S, context: &mut S::Context) {
    session.core_mut().replays.finish();
    go_on(session, context);
}

fn read_page<S: Session>(session: &mut S, replay: Replay, context: &mut S::Context) {
    let core = session.core();
    let Replay {
        conversation,
        after,
        join,
    } = replay;
    let caller = core.principal.clone();
    let caller = caller.filter(|_| session.joined_by(conversation) == Some(join));
    let Some(caller) = caller else {
        // It was left, or joined anew, meanwhile.
        return finish(session, context);
    };
    let room = Arc::clone(&core.deps.room);
    let (turn, dialect) = (core.replays.turn(), core.queue().state().dialect());
    let read = async move {
        let recall = Arc::clone(&room.recall);
        let read = move |connection: &mut _| {
            let missed = replay::read(connection, &*recall, conversation, after)?;
            let reader = replay::reader(&missed, Requester::from(&*caller))?;
            Ok(Page::new(missed, after, dialect, &reader))
        };
        room.pool.run(read).await
    };
    context.spawn(read.into_actor(session).map(move |page, session, context| {
        if session.core().replays.resume(turn).is_none() {
            return;
        }
        if session.joined_by(conversation) != Some(join) {
            return finish(session, context);
        }
        match page {
            Ok(page) => queue_page(session, (conversation, join), page, context),
            Err(error) => fail(session, conversation, error, context),
        }
    }));
}

/// Queues as much of a page as there is room for. When its end leaves the queue, the replay goes on.
fn queue_page<S: Session>(
    session: &mut S,
    (conversation, join): (ConversationId, JoinNo),
    mut page: Page,
    context: &mut S::Context,
) {
    let core = session.core_mut();
    let Some(queued_up_to) = page.queue(core.queue()) else {
        return;
    };
    if page.is_last() && queued_up_to == page.to {
        join_again(session, conversation, join, queued_up_to);
        return finish(session, context);
    }
    let turn = core.replays.end_page(queued_up_to);
    core.queue().push(Frame::Own(ChatFrame::PageEnd(turn)));
}

/// Next to nothing is missing: the room sends that, and what comes.
fn join_again<S: Session>(session: &S, conversation: ConversationId, join: JoinNo, after: Seq) {
    let core = session.core();
    let asker = Asker::Rejoining {
        queue: Arc::clone(core.queue()),
        after,
        join,
    };
    let reply = Reply::new(conversation, asker);
    core.join_room(conversation, join, Backfill::AsEvents(after), reply);
}

/// Where the caller may not read any more, the session loses the conversation. Where the page could not be read, the client comes
/// back by itself.
fn fail<S: Session>(
    session: &mut S,
    conversation: ConversationId,
    error: Error,
    context: &mut S::Context,
) {
    match error {
        error if error.is_final() => session.lose(conversation, context),
        error => {
            log::warn!(event = "replay_failed", conversation_id:% = conversation; "{error}");
            session.core().queue().close(CloseReason::SlowReader);
        }
    }
}
