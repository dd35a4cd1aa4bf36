//! How far a running room is, for those who must not wait for it.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use crate::domain::ids::{ConversationNo, Seq};

/// Written by the room, read by catch-up checks.
#[derive(Debug)]
pub struct Progress {
    /// The conversation's number.
    pub no: ConversationNo,
    announced: AtomicI64,
    has_listeners: AtomicBool,
    has_sends: AtomicBool,
    behind: AtomicBool,
}

/// Which rooms are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// Those with listeners and without sends of their own, whose seqs would show which entries are missing.
    Quiet,
    /// Those with listeners: no seq shows that a watermark is missing.
    Listened,
    /// All of them.
    All,
}

impl Progress {
    /// Of a room that was just read.
    pub fn new(no: ConversationNo, announced: Seq) -> Self {
        Self {
            no,
            announced: AtomicI64::new(announced),
            has_listeners: AtomicBool::new(false),
            has_sends: AtomicBool::new(false),
            behind: AtomicBool::new(false),
        }
    }

    /// The last seq that the room has announced.
    pub fn announced(&self) -> Seq {
        self.announced.load(Ordering::Acquire)
    }

    pub(super) fn note_announced(&self, seq: Seq) {
        self.announced.store(seq, Ordering::Release);
    }

    pub(super) fn note_use(&self, has_listeners: bool, has_sends: bool) {
        self.has_listeners.store(has_listeners, Ordering::Relaxed);
        self.has_sends.store(has_sends, Ordering::Relaxed);
    }

    /// Whether the room is among those that are checked.
    pub fn is_among(&self, checked: Checked) -> bool {
        match checked {
            Checked::All => true,
            Checked::Listened => self.has_listeners.load(Ordering::Relaxed),
            Checked::Quiet => {
                self.has_listeners.load(Ordering::Relaxed)
                    && !self.has_sends.load(Ordering::Relaxed)
            }
        }
    }

    /// Entries are missing in the room. It reads them with its next pulse at the latest.
    pub fn fall_behind(&self) {
        self.behind.store(true, Ordering::Relaxed);
    }

    pub(super) fn take_behind(&self) -> bool {
        self.behind.load(Ordering::Relaxed) && self.behind.swap(false, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_checked_while_somebody_listens_and_nothing_of_its_own_is_under_way() {
        let progress = Progress::new(ConversationNo(7), 3);
        for (listeners, sends, quiet) in [
            (false, false, false),
            (true, false, true),
            (true, true, false),
            (false, true, false),
        ] {
            progress.note_use(listeners, sends);
            assert_eq!(progress.is_among(Checked::Quiet), quiet);
            assert_eq!(progress.is_among(Checked::Listened), listeners);
            assert!(progress.is_among(Checked::All));
        }
    }

    #[test]
    fn what_is_missing_is_read_once() {
        let progress = Progress::new(ConversationNo(7), 3);
        assert!(!progress.take_behind());
        progress.fall_behind();
        assert!(progress.take_behind() && !progress.take_behind());
        progress.note_announced(4);
        assert_eq!(progress.announced(), 4);
    }
}
