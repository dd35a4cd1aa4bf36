//! The requests that the lane has taken out of the queue and not answered yet. Its guard answers them if the
//! lane's connection stops responding.

use clock::Clock;
use parking_lot::Mutex;
use std::collections::HashSet;
use std::time::Duration;

use super::batch::Batch;
use super::lane::Committed;
use super::parked::Parked;
use super::queue::Queue;
use super::subset::{AppendResult, Subset};
use super::{Append, MARKS_PAUSE, MarkRequest, Outcome, PATIENCE};
use crate::domain::ids::{ConversationNo, UserNo};
use crate::store::marks::NewMark;

/// Shared by the lane and its guard. The lane locks it between two statements, never during one.
pub(super) struct InFlight(Mutex<State>);

struct State {
    clock: Clock,
    /// Counts the lanes that were abandoned. A lane with a lower number may no longer change this state.
    lane_no: u64,
    appends: Vec<Append>,
    marks: Vec<MarkRequest>,
    /// Appends to conversations that another transaction has locked.
    parked: Parked<Append>,
    /// Marks whose participant row another transaction has locked.
    parked_marks: Vec<MarkRequest>,
}

/// The part of a batch to store now.
pub(super) struct Work {
    pub(super) appends: Subset,
    pub(super) marks: Vec<NewMark>,
}

/// What the statements did with a batch. `moved` holds the watermarks that were written: a missing one met a
/// locked row. `None` means that the outcome of all of them is unknown.
pub(super) struct BatchResult {
    pub(super) results: Vec<AppendResult>,
    pub(super) moved: Option<HashSet<(ConversationNo, UserNo)>>,
}

impl InFlight {
    /// No request was taken out yet.
    pub(super) fn new(clock: Clock) -> Self {
        Self(Mutex::new(State {
            clock,
            lane_no: 0,
            appends: Vec::new(),
            marks: Vec::new(),
            parked: Parked::default(),
            parked_marks: Vec::new(),
        }))
    }

    /// The number of the lane that is at work.
    pub(super) fn lane_no(&self) -> u64 {
        self.0.lock().lane_no
    }

    /// Accepts a batch and returns what to store now. Appends to a conversation with parked appends are parked
    /// behind them. Returns `None` to an abandoned lane; its batch goes back to the queue.
    pub(super) fn take(&self, lane_no: u64, batch: Batch, queue: &Queue) -> Option<Work> {
        let mut in_flight = self.0.lock();
        if in_flight.lane_no != lane_no {
            queue.put_back(batch.appends);
            batch.marks.into_iter().for_each(|mark| queue.mark(mark));
            return None;
        }
        in_flight.accept(batch.appends);
        in_flight.marks = batch.marks;
        let mut waited = std::mem::take(&mut in_flight.parked_marks);
        in_flight.marks.append(&mut waited);
        Some(Work {
            appends: Subset::whole(&in_flight.appends),
            marks: in_flight.marks.iter().map(|marking| marking.mark).collect(),
        })
    }

    /// Returns the finished requests and those that were parked for too long. Returns `None` to an abandoned
    /// lane.
    pub(super) fn finish(&self, lane_no: u64, result: BatchResult) -> Option<Committed> {
        let mut in_flight = self.0.lock();
        (in_flight.lane_no == lane_no).then(|| Committed {
            appends: in_flight.finish_appends(result.results),
            marks: in_flight.finish_marks(result.moved),
            took: Duration::ZERO,
        })
    }

    /// Abandons the current lane: the outcome of every request that it was storing is unknown.
    pub(super) fn abandon(&self) -> Committed {
        let mut in_flight = self.0.lock();
        in_flight.lane_no += 1;
        let appends = std::mem::take(&mut in_flight.appends).into_iter();
        let marks = std::mem::take(&mut in_flight.marks).into_iter();
        Committed {
            appends: appends.map(|append| (append, Outcome::Unknown)).collect(),
            marks: marks.map(|marking| (marking, Outcome::Unknown)).collect(),
            took: Duration::ZERO,
        }
    }

    /// The longest time to wait for a new batch before parked requests must be tried again.
    pub(super) fn wait(&self) -> Option<Duration> {
        let in_flight = self.0.lock();
        let marks = (!in_flight.parked_marks.is_empty()).then_some(MARKS_PAUSE);
        let appends = in_flight.parked.wait(in_flight.clock.now());
        marks.into_iter().chain(appends).min()
    }

    /// Parked conversations that must be checked again.
    pub(super) fn due(&self) -> Vec<ConversationNo> {
        let in_flight = self.0.lock();
        in_flight.parked.due(in_flight.clock.now())
    }

    /// Puts the parked appends of the `free` conversations at the front of the queue; the `others` stay parked.
    pub(super) fn requeue_parked(
        &self,
        free: &[ConversationNo],
        others: &[ConversationNo],
        queue: &Queue,
    ) {
        let mut in_flight = self.0.lock();
        let now = in_flight.clock.now();
        in_flight.parked.postpone(others, now);
        let released = in_flight.parked.release(free).into_iter();
        let back = released.map(|(since, append)| Append {
            parked_since: Some(since),
            ..append
        });
        queue.put_back(back.collect());
    }
}

impl State {
    fn accept(&mut self, appends: Vec<Append>) {
        if self.parked.is_empty() {
            self.appends = appends;
            return;
        }
        let parked = &self.parked;
        let (behind, others): (Vec<_>, Vec<_>) = appends
            .into_iter()
            .partition(|append| parked.contains(append.conversation));
        behind.into_iter().for_each(|append| self.park(append));
        self.appends = others;
    }

    fn park(&mut self, append: Append) {
        let now = self.clock.now();
        let since = append.parked_since.unwrap_or(now);
        self.parked.put(append.conversation, append, since, now);
    }

    fn finish_appends(&mut self, results: Vec<AppendResult>) -> Vec<(Append, Outcome)> {
        let appends = std::mem::take(&mut self.appends);
        let mut finished = Vec::with_capacity(appends.len());
        for (append, result) in appends.into_iter().zip(results) {
            match result {
                AppendResult::Done(outcome) => {
                    self.parked.forget_pause(append.conversation);
                    finished.push((append, outcome));
                }
                AppendResult::Locked => self.park(append),
            }
        }
        finished.extend(self.give_up());
        finished
    }

    /// Answers appends that were parked for `PATIENCE`; they were never stored.
    fn give_up(&mut self) -> impl Iterator<Item = (Append, Outcome)> + use<> {
        let expired = self.parked.expired(self.clock.now());
        if let Some(first) = expired.first() {
            log::warn!(
                event = "conversation_locked", conversation_no = first.conversation.0, appends = expired.len();
                "another transaction has held the lock of a conversation for too long"
            );
        }
        expired.into_iter().map(|append| (append, Outcome::Unknown))
    }

    /// Finishes the marks that moved. Parks marks whose row is locked, for `PATIENCE` at most.
    fn finish_marks(
        &mut self,
        moved: Option<HashSet<(ConversationNo, UserNo)>>,
    ) -> Vec<(MarkRequest, Outcome)> {
        let marks = std::mem::take(&mut self.marks);
        let (now, mut finished) = (self.clock.now(), Vec::with_capacity(marks.len()));
        for mut marking in marks {
            let since = *marking.parked_since.get_or_insert(now);
            let whose = (marking.mark.conversation, marking.mark.user);
            match &moved {
                Some(moved) if moved.contains(&whose) => finished.push((marking, Outcome::Marked)),
                Some(_) if now.saturating_duration_since(since) < PATIENCE => {
                    self.parked_marks.push(marking);
                }
                Some(_) | None => finished.push((marking, Outcome::Unknown)),
            }
        }
        finished
    }
}

#[cfg(test)]
#[path = "in_flight_tests.rs"]
mod tests;
