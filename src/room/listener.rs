//! A session that has joined: the queue for its events, and the seq from which on it gets them.

use std::sync::Arc;

use crate::domain::access::Sight;
use crate::domain::access::blocks::ReaderBlocks;
use crate::domain::dialect::Dialect;
use crate::domain::ids::{ConversationId, JoinNo, Seq, UserNo};
use crate::domain::principal::Principal;
use crate::domain::room_event::RoomEvent;
use crate::domain::snapshot::Reader;
use crate::queue::{ChatFrame, ConnectionQueue, EventReader, Frame, Heard, Push, Rejoin};
use crate::telemetry::metrics::Metrics;

/// What a listener gets while its snapshot is being read.
enum Phase {
    /// Events are buffered until the snapshot is sent.
    Reading(Vec<(Option<Seq>, Frame)>),
    /// Events are queued at once.
    Live,
}

/// The seq up to which a session got every event, and the join since which it got them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReceivedUpTo {
    pub(super) up_to: Seq,
    pub(super) join: JoinNo,
}

/// What a session had received before the join whose snapshot is being read. If the snapshot cannot be read, the session continues
/// from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// Nothing: it has not joined.
    Nothing,
    /// Everything up to a seq. The room holds later events for it.
    Live(ReceivedUpTo),
    /// Everything up to a seq. It has missed later events.
    Behind(ReceivedUpTo),
}

/// A session that has joined.
pub(super) struct Listener {
    pub(super) principal: Arc<Principal>,
    pub(super) queue: Arc<ConnectionQueue>,
    /// The dialect in which its events are encoded.
    pub(super) dialect: Dialect,
    /// The role that an audience may name; `None` for staff who do not participate.
    pub(super) role: Option<Arc<str>>,
    /// The blocks that concern its user, if there are any.
    pub(super) reader_blocks: Option<Arc<ReaderBlocks>>,
    /// Its user sees only messages after this seq.
    pub(super) sees_from: Seq,
    /// Events up to this seq were in the snapshot; skip them.
    pub(super) floor: Seq,
    phase: Phase,
    /// The position up to which it has received the crowd's waiting events.
    pub(super) position_in_crowd: u64,
    /// Distinguishes a later join of the same session from this one.
    pub(super) generation: u64,
    /// The session's own number of its join.
    pub(super) join: JoinNo,
    pub(super) before: Before,
}

/// The listeners that are not somebody's own.
pub(super) fn others_than(user: UserNo) -> impl Fn(&Listener) -> bool {
    move |listener| listener.principal.no != user
}

impl Listener {
    /// A listener whose snapshot is about to be read.
    pub(super) fn reading(
        principal: Arc<Principal>,
        queue: Arc<ConnectionQueue>,
        reader: &Reader,
        generation: u64,
    ) -> Self {
        Self {
            principal,
            dialect: queue.state().dialect(),
            queue,
            role: reader.role.as_deref().map(Into::into),
            reader_blocks: None,
            sees_from: reader.sees_from,
            floor: 0,
            phase: Phase::Reading(Vec::new()),
            position_in_crowd: 0,
            generation,
            join: JoinNo::default(),
            before: Before::Nothing,
        }
    }

    /// Whether all announced events have been queued for it.
    pub(super) fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Live)
    }

    /// As whom its user reads messages.
    fn sight(&self) -> Sight<'_> {
        Sight {
            no: self.principal.no,
            role: self.role.as_deref(),
            sees_from: self.sees_from,
        }
    }

    fn hears(&self, event: &RoomEvent) -> bool {
        event.seq.is_none_or(|seq| seq > self.floor)
            && (!event.is_part_of_step() || self.dialect.needs().acts)
            && event.is_seen(self.sight())
            && !self.is_apart_from(event)
    }

    /// Whether it is a signal that blocks hide from the listener's user.
    fn is_apart_from(&self, event: &RoomEvent) -> bool {
        let both = self.reader_blocks.as_ref().zip(event.signal_of);
        both.is_some_and(|(reader_blocks, user)| reader_blocks.hides(user))
    }

    fn frame(&self, event: &Arc<RoomEvent>) -> Frame {
        let event_reader = EventReader {
            role: self.role.as_ref(),
            reader_blocks: self.reader_blocks.as_ref(),
        };
        ChatFrame::event(event, event_reader, Heard::Joined)
    }

    /// Queues those of the events that the listener may receive.
    pub(super) fn give(&mut self, events: &[Arc<RoomEvent>]) -> Push {
        let heard = events.iter().filter(|event| self.hears(event));
        match &self.phase {
            Phase::Live => self.queue.frames(heard.map(|event| self.frame(event))),
            Phase::Reading(_) => {
                let kept: Vec<_> = heard.map(|event| (event.seq, self.frame(event))).collect();
                if let Phase::Reading(waiting) = &mut self.phase {
                    waiting.extend(kept);
                }
                Push::Queued
            }
        }
    }

    /// What its session has got, for what follows this join. `announced` is what a live one has got.
    pub(super) fn received(&self, announced: Seq) -> Before {
        match (&self.phase, self.before) {
            (Phase::Live, _) => Before::Live(ReceivedUpTo {
                up_to: announced.max(self.floor),
                join: self.join,
            }),
            (Phase::Reading(_), Before::Live(received) | Before::Behind(received)) => {
                Before::Behind(received)
            }
            (Phase::Reading(_), Before::Nothing) => Before::Nothing,
        }
    }

    /// An earlier join of its session was answered while the snapshot of this one is being read: the session has got that.
    pub(super) fn note_answered(&mut self, received: ReceivedUpTo) {
        let is_newer = match self.before {
            Before::Nothing => true,
            Before::Live(before) | Before::Behind(before) => before.join <= received.join,
        };
        if !self.is_live() && is_newer {
            self.before = Before::Behind(received);
        }
    }

    /// Asks its session to read the changes after those it has received, and to join again. A session that waits for the answer to its
    /// first join only gets that answer.
    pub(super) fn send_away(&self, conversation: ConversationId, announced: Seq) {
        match self.received(announced) {
            Before::Nothing => {}
            Before::Live(received) | Before::Behind(received) => {
                self.send_away_after(conversation, received)
            }
        }
    }

    pub(super) fn send_away_after(&self, conversation: ConversationId, received: ReceivedUpTo) {
        let ReceivedUpTo { up_to, join } = received;
        self.queue.push(ChatFrame::rejoin(Rejoin {
            conversation,
            after: up_to,
            join,
        }));
    }

    /// Whether it is still a listener after events were pushed to it.
    pub(super) fn stays(&self, pushed: Push, metrics: &Metrics) -> bool {
        match pushed {
            Push::Queued => true,
            Push::Dropped => false,
            Push::Overflowed => {
                metrics.overflows.inc();
                log::info!(event = "slow_reader", user_id:% = self.principal.id; "the queue of a connection ran over");
                false
            }
        }
    }

    /// The snapshot went out: what it holds is dropped, what came after it follows.
    pub(super) fn go_live(&mut self, snapshot_seq: Seq) -> Push {
        self.floor = snapshot_seq;
        match std::mem::replace(&mut self.phase, Phase::Live) {
            Phase::Live => Push::Queued,
            Phase::Reading(waiting) => {
                let later = waiting
                    .into_iter()
                    .filter(|(seq, _)| seq.is_none_or(|seq| seq > snapshot_seq));
                self.queue.frames(later.map(|(_, frame)| frame))
            }
        }
    }
}

/// Gives events to one who has joined; false when it is no listener any more.
pub(super) fn hand(listener: &mut Listener, events: &[Arc<RoomEvent>], metrics: &Metrics) -> bool {
    let pushed = listener.give(events);
    metrics.deliveries.inc_by(events.len() as u64);
    listener.stays(pushed, metrics)
}

#[cfg(test)]
#[path = "listener_tests.rs"]
pub(super) mod tests;
