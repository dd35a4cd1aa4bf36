//! A room that misses entries, since another server wrote them or an outcome is unknown: what it reads, and when.

use actix::prelude::*;
use std::sync::Arc;
use std::time::Duration;

use super::ToRegistry;
use super::actor::Room;
use super::idle_tracker::NextStep;
use crate::domain::command::{Mark, Reads};
use crate::domain::entry::Entry;
use crate::domain::ids::Seq;
use crate::error::Error;
use crate::queue::CloseReason;
use crate::store::catch_up::Watermarks;
use crate::store::gap::{self, Missed};

/// The age at which a missing entry is read: those of two servers, or of two commits, arrive in any order.
const HOLE_AGE: Duration = Duration::from_millis(60);
/// More missing entries are read by the sessions, page by page, which join again.
const MOST_READ: Seq = 5_000;
const TOO_MANY: &str = "it misses too many entries";

/// What a room knows after a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Knowledge {
    /// Everything that was committed before the read.
    Whole,
    /// The database did not answer, or the room has missed so much that it ends.
    Missing,
}

impl Room {
    /// Reads the entries that this room may have missed. A gap that is suspected after the call needs another read, because this
    /// one may have passed it. So a request that must see the newest change starts a read of its own while another one runs.
    pub(super) fn catch_up(&mut self) -> impl Future<Output = Result<Missed, Error>> + use<> {
        self.catching_up += 1;
        self.suspects_gap = false;
        let (pool, no, after) = (
            self.deps.pool.clone(),
            self.state.conversation.no,
            self.timeline.announced(),
        );
        async move {
            pool.run(move |connection| gap::missed(connection, no, after, MOST_READ))
                .await
        }
    }

    /// Accepts the entries that were read; after an error the room still suspects a gap.
    pub(super) fn caught_up(
        &mut self,
        missed: Result<Missed, Error>,
        context: &mut Context<Self>,
    ) -> Knowledge {
        self.catching_up -= 1;
        match missed {
            Ok(Missed::Entries(entries)) => {
                self.tell_peers_if_owed(&entries);
                entries
                    .into_iter()
                    .for_each(|entry| self.timeline.offer(entry));
                self.announce(context);
                return Knowledge::Whole;
            }
            Ok(Missed::TooMany) => self.end(TOO_MANY, context),
            Err(error) => self.note_failed_read(&error),
        }
        Knowledge::Missing
    }

    fn note_failed_read(&mut self, error: &Error) {
        self.suspects_gap = true;
        let conversation = self.state.conversation.id;
        match error {
            Error::Refused(_) => {
                log::debug!(event = "catch_up_failed", conversation_id:% = conversation; "{error}");
            }
            Error::Internal(_) => {
                log::warn!(event = "catch_up_failed", conversation_id:% = conversation; "{error}");
            }
        }
    }

    /// After an unknown outcome, some of what was read may be this room's own, of which no other server knows.
    fn tell_peers_if_owed(&mut self, entries: &[Entry]) {
        if self.owes_peers {
            self.tell_peers(entries);
            // Only a read that began after the outcome became unknown is sure to find it: `suspects_gap` says that one has begun.
            self.owes_peers = self.suspects_gap || self.catching_up > 0;
        }
    }

    /// As `catch_up`, of which all rooms together do so many at a time that others get the database too.
    pub(super) fn catch_up_in_turn(
        &mut self,
    ) -> impl Future<Output = Result<Missed, Error>> + use<> {
        let (turns, wait) = (self.deps.catch_ups.clone(), self.catch_up());
        async move {
            let turn = turns.acquire().await;
            let read = wait.await;
            drop(turn);
            read
        }
    }

    /// Reads missed entries while the room suspects a gap.
    pub(super) fn catch_up_when_needed(&mut self, context: &mut Context<Self>) {
        self.suspects_gap |= self.progress.take_behind();
        if !self.suspects_gap || self.catching_up > 0 {
            return;
        }
        let read = self.catch_up_in_turn();
        context.spawn(read.into_actor(self).map(|missed, room, context| {
            room.caught_up(missed, context);
        }));
    }

    /// Reads a missing entry once it is late; one that is overtaken by others needs no reading.
    pub(super) fn watch_hole(&mut self, context: &mut Context<Self>) {
        if self.watches_hole || !self.misses_entries() {
            return;
        }
        self.watches_hole = true;
        let before = self.timeline.announced();
        context.run_later(HOLE_AGE, move |room, context| {
            room.watches_hole = false;
            if room.timeline.announced() == before {
                room.suspects_gap |= room.timeline.has_gap();
                room.catch_up_when_needed(context);
                room.read_for_marks_heard(context);
            }
            room.watch_hole(context);
        });
    }

    /// Whether something was heard of that comes after entries which are missing.
    fn misses_entries(&self) -> bool {
        self.timeline.has_gap() || !self.marks_heard.is_empty()
    }

    /// A check has found entries up to this seq.
    pub(super) fn hear_last_seq(&mut self, last: Seq, context: &mut Context<Self>) {
        let missing = last - self.timeline.announced();
        if missing > MOST_READ {
            return self.end(TOO_MANY, context);
        }
        if missing > 0 {
            self.suspects_gap = true;
            self.catch_up_when_needed(context);
        }
    }

    /// The database has lost entries that this room has announced, as after the failover to a standby that lagged
    /// behind. The connections of all who have heard them are closed; they come back to what is there.
    pub(super) fn forget_lost_entries(&mut self, context: &mut Context<Self>) {
        for listener in self.listeners.drain(..) {
            listener.queue.close(CloseReason::Restarting);
        }
        self.end("the database has lost entries", context);
    }

    /// Lets the room end, once. Its listeners join again after what they have heard.
    pub(super) fn end(&mut self, why: &str, context: &mut Context<Self>) {
        if self.idle_tracker.end() != NextStep::AskToBeForgotten {
            return;
        }
        log::warn!(event = "room_ended", conversation_id:% = self.state.conversation.id; "its listeners join again: {why}");
        self.registry.do_send(ToRegistry::Idle {
            conversation: self.state.conversation.id,
            progress: Arc::clone(&self.progress),
            room: context.address().recipient(),
        });
    }

    /// A check has found watermarks, which another server may have moved.
    pub(super) fn hear_watermarks(&mut self, marks: &[Watermarks]) {
        for one in marks {
            self.note_unread_from(one.user, one.unread_from);
            let (all, main) = (Mark::Seen(Reads::All), Mark::Seen(Reads::MainLine));
            let marks = [
                (all, one.threads),
                (main, one.read),
                (Mark::Delivered, one.delivered),
            ];
            for (mark, seq) in marks {
                if let Some(before) = self.state.evolve_mark(one.user, mark, seq) {
                    self.announce_mark_here(one.user, mark, before, seq);
                }
            }
        }
    }
}
