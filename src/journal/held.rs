//! What the lane has taken out of the queue and not answered yet. Its guard finds it here when the lane's connection does not answer.

use clock::Clock;
use parking_lot::Mutex;
use std::collections::HashSet;
use std::time::Duration;

use super::aside::Aside;
use super::batch::Batch;
use super::lane::Committed;
use super::part::{Fate, Part};
use super::queue::Queue;
use super::{Append, MARKS_PAUSE, Marking, Outcome, PATIENCE};
use crate::domain::ids::{ConversationNo, UserNo};
use crate::store::marks::NewMark;

/// Shared by the lane, which locks it between two statements and never during one, and by its guard.
pub(super) struct Held(Mutex<Contents>);

struct Contents {
    clock: Clock,
    /// Counts the lanes that were given up: an earlier one may change nothing any more.
    turn: u64,
    appends: Vec<Append>,
    marks: Vec<Marking>,
    /// Appends of conversations that somebody else holds.
    aside: Aside<Append>,
    /// Marks whose rows somebody else holds.
    marks_aside: Vec<Marking>,
}

/// What is to be stored of a batch.
pub(super) struct Work {
    pub(super) appends: Part,
    pub(super) marks: Vec<NewMark>,
}

/// What became of it. Marks that are not among those that moved met a row that somebody else holds; without a list nobody knows.
pub(super) struct Done {
    pub(super) fates: Vec<Fate>,
    pub(super) moved: Option<HashSet<(ConversationNo, UserNo)>>,
}

impl Held {
    /// Nothing was taken out yet.
    pub(super) fn new(clock: Clock) -> Self {
        Self(Mutex::new(Contents {
            clock,
            turn: 0,
            appends: Vec::new(),
            marks: Vec::new(),
            aside: Aside::default(),
            marks_aside: Vec::new(),
        }))
    }

    /// The number of the lane that is at work.
    pub(super) fn turn(&self) -> u64 {
        self.0.lock().turn
    }

    /// Takes a batch in, and answers what of it is to be stored now: where something waits aside, whatever comes for the same
    /// conversation waits behind it. A lane that was given up gets nothing, and the batch goes back.
    pub(super) fn take(&self, turn: u64, batch: Batch, queue: &Queue) -> Option<Work> {
        let mut held = self.0.lock();
        if held.turn != turn {
            queue.put_back(batch.appends);
            batch.marks.into_iter().for_each(|mark| queue.mark(mark));
            return None;
        }
        held.keep(batch.appends);
        held.marks = batch.marks;
        let mut waited = std::mem::take(&mut held.marks_aside);
        held.marks.append(&mut waited);
        Some(Work {
            appends: Part::whole(&held.appends),
            marks: held.marks.iter().map(|marking| marking.mark).collect(),
        })
    }

    /// Gives out what is settled, and what has waited aside for too long. Nothing for a lane that was given up.
    pub(super) fn settle(&self, turn: u64, done: Done) -> Option<Committed> {
        let mut held = self.0.lock();
        (held.turn == turn).then(|| Committed {
            appends: held.settle_appends(done.fates),
            marks: held.settle_marks(done.moved),
            took: Duration::ZERO,
        })
    }

    /// The lane is given up: the outcome of what it was about to store is unknown.
    pub(super) fn abandon(&self) -> Committed {
        let mut held = self.0.lock();
        held.turn += 1;
        let appends = std::mem::take(&mut held.appends).into_iter();
        let marks = std::mem::take(&mut held.marks).into_iter();
        Committed {
            appends: appends.map(|append| (append, Outcome::Unknown)).collect(),
            marks: marks.map(|marking| (marking, Outcome::Unknown)).collect(),
            took: Duration::ZERO,
        }
    }

    /// How long to wait for a batch at most.
    pub(super) fn wait(&self) -> Option<Duration> {
        let held = self.0.lock();
        let marks = (!held.marks_aside.is_empty()).then_some(MARKS_PAUSE);
        let appends = held.aside.wait(held.clock.now());
        marks.into_iter().chain(appends).min()
    }

    /// Conversations aside that are to be looked at again.
    pub(super) fn due(&self) -> Vec<ConversationNo> {
        let held = self.0.lock();
        held.aside.due(held.clock.now())
    }

    /// Puts what waits aside for these conversations back into the queue, before everything else; the others go on waiting.
    pub(super) fn call_back(
        &self,
        free: &[ConversationNo],
        others: &[ConversationNo],
        queue: &Queue,
    ) {
        let mut held = self.0.lock();
        let now = held.clock.now();
        held.aside.postpone(others, now);
        let called = held.aside.release(free).into_iter();
        let back = called.map(|(since, append)| Append {
            aside_since: Some(since),
            ..append
        });
        queue.put_back(back.collect());
    }
}

impl Contents {
    fn keep(&mut self, appends: Vec<Append>) {
        if self.aside.is_empty() {
            self.appends = appends;
            return;
        }
        let aside = &self.aside;
        let (behind, others): (Vec<_>, Vec<_>) = appends
            .into_iter()
            .partition(|append| aside.holds(append.conversation));
        behind.into_iter().for_each(|append| self.put_aside(append));
        self.appends = others;
    }

    fn put_aside(&mut self, append: Append) {
        let now = self.clock.now();
        let since = append.aside_since.unwrap_or(now);
        self.aside.put(append.conversation, append, since, now);
    }

    fn settle_appends(&mut self, fates: Vec<Fate>) -> Vec<(Append, Outcome)> {
        let appends = std::mem::take(&mut self.appends);
        let mut settled = Vec::with_capacity(appends.len());
        for (append, fate) in appends.into_iter().zip(fates) {
            match fate {
                Fate::Settled(outcome) => {
                    self.aside.forget_pause(append.conversation);
                    settled.push((append, outcome));
                }
                Fate::Locked => self.put_aside(append),
            }
        }
        settled.extend(self.give_up());
        settled
    }

    /// Whoever has waited aside for too long is told so.
    fn give_up(&mut self) -> impl Iterator<Item = (Append, Outcome)> + use<> {
        let expired = self.aside.expired(self.clock.now());
        if let Some(first) = expired.first() {
            log::warn!(event = "conversation_locked", conversation_no = first.conversation.0, appends = expired.len(); "somebody else has held a conversation for too long");
        }
        expired.into_iter().map(|append| (append, Outcome::Unknown))
    }

    /// A mark whose row somebody else holds is tried again a moment later.
    fn settle_marks(
        &mut self,
        moved: Option<HashSet<(ConversationNo, UserNo)>>,
    ) -> Vec<(Marking, Outcome)> {
        let marks = std::mem::take(&mut self.marks);
        let (now, mut settled) = (self.clock.now(), Vec::with_capacity(marks.len()));
        for mut marking in marks {
            let since = *marking.aside_since.get_or_insert(now);
            let whose = (marking.mark.conversation, marking.mark.user);
            match &moved {
                Some(moved) if moved.contains(&whose) => settled.push((marking, Outcome::Marked)),
                Some(_) if now.saturating_duration_since(since) < PATIENCE => {
                    self.marks_aside.push(marking);
                }
                Some(_) | None => settled.push((marking, Outcome::Unknown)),
            }
        }
        settled
    }
}

#[cfg(test)]
#[path = "held_tests.rs"]
mod tests;
