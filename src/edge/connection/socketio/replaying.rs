//! What a client missed: page by page, one conversation after the other, no faster than it reads; then the room goes on.

use actix::prelude::*;
use diesel::pg::PgConnection;
use std::sync::Arc;

use super::talk::{PageLeft, RoomLost, Talk};
use crate::deal::catalogue::Catalogue;
use crate::deal::past::recall;
use crate::domain::deal_memory::DealMemory;
use crate::domain::entry::{Entry, Fact};
use crate::domain::ids::{ConversationId, Seq};
use crate::domain::refusal::Refusal;
use crate::domain::snapshot::Reader;
use crate::error::Error;
use crate::queue::{ChatFrame, CloseReason, Frame, Push};
use crate::room::reply::{Asker, Reply};
use crate::room::state::State;
use crate::room::{Backfill, ToRoom, replay};
use crate::store::missed::{self, Missed};

/// Changes that are read at once.
const PAGE: Seq = 100;

impl Handler<RoomLost> for Talk {
    type Result = ();

    fn handle(&mut self, lost: RoomLost, context: &mut Self::Context) {
        let RoomLost {
            conversation,
            after,
        } = lost;
        if self.places.lock().find(conversation).is_none() {
            return self.socket.queue().state().has_caught_up(conversation);
        }
        self.telling.wait(conversation, after);
        self.tell_next(context);
    }
}

impl Handler<PageLeft> for Talk {
    type Result = ();

    fn handle(&mut self, PageLeft(turn): PageLeft, context: &mut Self::Context) {
        if let Some((conversation, after)) = self.telling.resume(turn) {
            self.tell_page(conversation, after, context);
        }
    }
}

impl Talk {
    /// The client does not want to be told of it, whatever is under way.
    pub(super) fn tell_no_more(
        &mut self,
        conversation: ConversationId,
        context: &mut Context<Self>,
    ) {
        self.socket.queue().state().has_caught_up(conversation);
        self.telling.stop(conversation);
        self.tell_next(context);
    }

    /// Goes on with the next conversation, unless one is being told.
    pub(super) fn tell_next(&mut self, context: &mut Context<Self>) {
        let places = self.places.lock();
        let next = self.telling.next(|one| places.find(one).is_some());
        drop(places);
        if let Some((conversation, after)) = next {
            self.tell_page(conversation, after, context);
        }
    }

    fn tell_page(&mut self, conversation: ConversationId, after: Seq, context: &mut Context<Self>) {
        let pool = self.deps.room.pool.clone();
        let turn = self.telling.turn();
        let catalogue = Arc::clone(&self.deps.deals.deps().catalogue);
        let read = async move {
            pool.run(move |connection| {
                let read = missed::page(connection, conversation, after, PAGE)?;
                read.map(|missed| as_it_was(missed, connection, &catalogue))
                    .transpose()
            })
            .await
        };
        context.spawn(read.into_actor(self).map(move |read, talk, context| {
            if talk.telling.resume(turn).is_none() {
                return;
            }
            let read = read.and_then(|read| read.ok_or(Refusal::ConversationNotFound.into()));
            match read.and_then(|missed| talk.told(missed)) {
                Ok(told) => talk.tell((conversation, after), told, context),
                Err(error) => talk.can_not_be_told(conversation, error, context),
            }
        }));
    }

    /// A page as events, if the client may still read there.
    fn told(&self, missed: Missed) -> Result<Told, Error> {
        let last_seq = missed.loaded.conversation.last_seq;
        let mut state = State::new(missed.loaded);
        let reader: Reader = state.reader(&self.principal)?;
        let deal_view = state.conversation.flow.as_ref();
        let version = deal_view.map_or(0, |deal_view| deal_view.state_version);
        state.deal = DealMemory::read(missed.remembered, version, &missed.asking);
        let view = state.view();
        Ok(Told {
            events: replay::missed(self.dialect, &missed.entries, view, &reader),
            to: missed.to,
            is_all: missed.to >= last_seq,
        })
    }

    /// Pushes as much as there is room for; the end of the page behind it says when to go on.
    fn tell(
        &mut self,
        (conversation, after): (ConversationId, Seq),
        told: Told,
        context: &mut Context<Self>,
    ) {
        let queue = self.socket.queue();
        let room = self.deps.options.outbox_limit as usize / 2;
        let (mut at, mut is_cut) = (None, false);
        for (seq, frame) in told.events {
            if at != Some(seq) && queue.waiting_bytes() >= room {
                is_cut = true;
                break;
            }
            if queue.push(frame) != Push::Queued {
                return;
            }
            at = Some(seq);
        }
        match (is_cut, told.is_all) {
            (true, _) => self.end_page(at.unwrap_or(after)),
            (false, false) => self.end_page(told.to),
            (false, true) => {
                self.join_again(conversation, told.to);
                self.telling.is_done();
                self.tell_next(context);
            }
        }
    }

    fn end_page(&mut self, told_up_to: Seq) {
        let turn = self.telling.end_page(told_up_to);
        let end = Frame::Own(ChatFrame::PageEnd(turn));
        let _closing = self.socket.queue().push(end);
    }

    /// Next to nothing is missing: the room tells that, and what comes.
    fn join_again(&self, conversation: ConversationId, after: Seq) {
        let queue = Arc::clone(self.socket.queue());
        let asker = Asker::Rejoining {
            queue: Arc::clone(&queue),
            after,
        };
        let join = ToRoom::Join {
            principal: Arc::clone(&self.principal),
            queue,
            after: Some(after),
            backfill: Backfill::AsEvents,
            reply: Reply::new(conversation, asker),
        };
        self.deps.rooms.send(conversation, join);
    }

    /// Who may not read there any more is told nothing. Where it could not be read, the client comes back by itself.
    fn can_not_be_told(
        &mut self,
        conversation: ConversationId,
        error: Error,
        context: &mut Context<Self>,
    ) {
        match error {
            Error::Refused(refusal) if !refusal.is_temporary() => {
                self.unlist(conversation, context);
            }
            error => {
                log::warn!(event = "replay_failed", conversation_id:% = conversation; "{error}");
                self.socket.close(CloseReason::SlowReader);
            }
        }
    }
}

/// A page whose steps tell how the deal stood then.
fn as_it_was(
    mut missed: Missed,
    connection: &mut PgConnection,
    catalogue: &Catalogue,
) -> Result<Missed, Error> {
    let is_step = |entry: &Entry| matches!(entry.fact, Fact::Stepped(_));
    let has_steps = missed.entries.iter().any(is_step);
    let now = missed.loaded.conversation.flow.clone();
    if let Some(now) = now.filter(|_| has_steps) {
        let definition = catalogue.of(connection, &now.flow, now.flow_version)?;
        recall(&definition, &now, &mut missed.entries);
    }
    Ok(missed)
}

/// A page as events.
struct Told {
    events: Vec<(Seq, Frame)>,
    to: Seq,
    is_all: bool,
}
