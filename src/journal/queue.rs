//! What waits for the next commit. Rooms put it here without a hop between; the lane takes all of it at once.

use parking_lot::{Condvar, Mutex};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::batch::{Batch, gather, key_of};
use super::{Append, Marking};
use crate::domain::ids::{ConversationNo, UserNo};

#[derive(Default)]
struct Waiting {
    /// Bounded by the permits.
    appends: VecDeque<Append>,
    /// Watermarks, those of each participant together.
    marks: HashMap<(ConversationNo, UserNo), Vec<Marking>>,
    /// Nothing more will be taken.
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

    pub(super) fn mark(&self, marking: Marking) {
        let whose = (marking.mark.conversation, marking.mark.user);
        self.waiting
            .lock()
            .marks
            .entry(whose)
            .or_default()
            .push(marking);
        self.filled.notify_one();
    }

    /// Nothing is taken any more.
    pub(super) fn close(&self) {
        self.waiting.lock().closed = true;
        self.filled.notify_all();
    }

    pub(super) fn is_open(&self) -> bool {
        !self.waiting.lock().closed
    }

    /// Puts appends back that were taken, before everything that waits.
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

    /// Lets whoever waits look whether it is wanted still.
    pub(super) fn wake(&self) {
        let _waiting = self.waiting.lock();
        self.filled.notify_all();
    }

    /// Waits until there is something, or for so long, and takes what there is, at most `limit` appends. None when it is closed, and
    /// for a lane that is not wanted any more.
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
                // Whether it was the time or an append that ended the wait, what there is is taken.
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
