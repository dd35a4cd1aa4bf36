//! The queue of the next commit. Rooms push into it directly, without a message to the journal's actor; the
//! lane takes everything at once.

use parking_lot::{Condvar, Mutex};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::batch::{Batch, gather, key_of};
use super::{Append, MarkRequest};
use crate::domain::ids::{ConversationNo, UserNo};

#[derive(Default)]
struct Waiting {
    /// Bounded by the permits.
    appends: VecDeque<Append>,
    /// Watermarks, grouped by participant.
    marks: HashMap<(ConversationNo, UserNo), Vec<MarkRequest>>,
    /// The queue is closed and gives out no more batches.
    closed: bool,
}

/// The queue between the rooms and the lane.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    filled: Condvar,
}

impl Queue {
    pub(super) fn append(&self, append: Append) {
        self.waiting.lock().appends.push_back(append);
        self.filled.notify_one();
    }

    pub(super) fn mark(&self, marking: MarkRequest) {
        let whose = (marking.mark.conversation, marking.mark.user);
        self.waiting
            .lock()
            .marks
            .entry(whose)
            .or_default()
            .push(marking);
        self.filled.notify_one();
    }

    /// Closes the queue; `take` returns `None` from now on.
    pub(super) fn close(&self) {
        self.waiting.lock().closed = true;
        self.filled.notify_all();
    }

    pub(super) fn is_open(&self) -> bool {
        !self.waiting.lock().closed
    }

    /// Puts appends that were taken back at the front.
    pub(super) fn put_back(&self, appends: Vec<Append>) {
        if appends.is_empty() {
            return;
        }
        let mut back = VecDeque::from(appends);
        let mut waiting = self.waiting.lock();
        back.append(&mut waiting.appends);
        waiting.appends = back;
        drop(waiting);
        self.filled.notify_one();
    }

    /// Wakes waiting lanes, so that an abandoned one returns.
    pub(super) fn wake(&self) {
        let _waiting = self.waiting.lock();
        self.filled.notify_all();
    }

    /// Waits until something is queued, or for `at_most`, and takes all marks and at most `limit` appends.
    /// Returns `None` if the queue is closed or the lane is no longer wanted.
    pub(super) fn take(
        &self,
        limit: usize,
        at_most: Option<Duration>,
        is_wanted: impl Fn() -> bool,
    ) -> Option<Batch> {
        let mut waiting = self.waiting.lock();
        let is_idle = |waiting: &mut Waiting| {
            let is_empty = waiting.appends.is_empty() && waiting.marks.is_empty();
            is_empty && !waiting.closed && is_wanted()
        };
        match at_most {
            Some(at_most) => {
                // A timeout is no error: the batch may be empty.
                let _ = self.filled.wait_while_for(&mut waiting, is_idle, at_most);
            }
            None => self.filled.wait_while(&mut waiting, is_idle),
        }
        if waiting.closed || !is_wanted() {
            return None;
        }
        let mut came = std::mem::take(&mut waiting.appends);
        let marks = std::mem::take(&mut waiting.marks);
        drop(waiting);
        let appends = gather(&mut came, limit, key_of);
        if !came.is_empty() {
            let mut waiting = self.waiting.lock();
            came.append(&mut waiting.appends);
            waiting.appends = came;
        }
        let marks = marks.into_values().flatten().collect();
        Some(Batch { appends, marks })
    }
}
