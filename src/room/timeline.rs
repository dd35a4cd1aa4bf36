//! The order of announcements: committed entries arrive from several threads in any order and are announced by
//! seq. Pure.

use std::collections::BTreeMap;

use crate::domain::entry::Entry;
use crate::domain::ids::Seq;

/// Holds entries back until all earlier ones have arrived. Seqs have no gaps, so it knows when that is.
#[derive(Debug)]
pub struct Timeline {
    announced: Seq,
    held: BTreeMap<Seq, Entry>,
}

impl Timeline {
    /// A timeline that has announced everything up to `announced`.
    pub fn new(announced: Seq) -> Self {
        Self {
            announced,
            held: BTreeMap::new(),
        }
    }

    /// The last seq that was announced.
    pub fn announced(&self) -> Seq {
        self.announced
    }

    /// Adds an entry; ignores one that was announced or added before.
    pub fn offer(&mut self, entry: Entry) {
        if entry.seq > self.announced {
            self.held.entry(entry.seq).or_insert(entry);
        }
    }

    /// Removes and returns the entries that may be announced now, in order.
    pub fn ready(&mut self) -> Vec<Entry> {
        let mut ready = Vec::with_capacity(self.held.len());
        while let Some(entry) = self.held.remove(&(self.announced + 1)) {
            self.announced = entry.seq;
            ready.push(entry);
        }
        ready
    }

    /// Whether entries are held back because an earlier one is missing.
    pub fn has_gap(&self) -> bool {
        !self.held.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::conversation::{ConversationStatus, Settings};
    use crate::domain::entry::Fact;
    use proptest::prelude::*;

    fn entry(seq: Seq) -> Entry {
        Entry {
            seq,
            at: chrono::DateTime::UNIX_EPOCH,
            fact: Fact::Settings {
                settings: Settings {
                    title: None,
                    status: ConversationStatus::Open,
                    max_participants: None,
                    slow_seconds: 0,
                    closed: None,
                },
                card: crate::domain::conversation::Card::Null,
            },
        }
    }

    proptest! {
        #[test]
        fn whatever_the_order_everything_leaves_once_and_by_seq(
            order in Just((1..=30).collect::<Vec<Seq>>()).prop_shuffle(),
            doubles in prop::collection::vec(1..=30i64, 0..20),
        ) {
            let mut timeline = Timeline::new(0);
            let mut left = Vec::new();
            for seq in order.into_iter().chain(doubles) {
                timeline.offer(entry(seq));
                left.extend(timeline.ready().into_iter().map(|entry| entry.seq));
            }
            prop_assert_eq!(left, (1..=30).collect::<Vec<Seq>>());
            prop_assert!(!timeline.has_gap());
        }
    }

    #[test]
    fn a_missing_entry_holds_back_those_after_it() {
        let mut timeline = Timeline::new(5);
        timeline.offer(entry(7));
        assert!(timeline.ready().is_empty() && timeline.has_gap());
        timeline.offer(entry(6));
        assert_eq!(timeline.ready().len(), 2);
        assert_eq!(timeline.announced(), 7);
    }
}
