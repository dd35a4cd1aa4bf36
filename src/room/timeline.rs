//! The order of announcements: committed entries come from several lanes, and leave by seq. Pure.

use std::collections::BTreeMap;

use crate::domain::entry::Entry;
use crate::domain::ids::Seq;

/// Holds entries back until those before them are there. Seqs have no gaps, so it knows when they are.
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

    /// The seq up to which everything has been announced.
    pub fn announced(&self) -> Seq {
        self.announced
    }

    /// Takes an entry in whatever order; an old one, or a second one of the same seq, changes nothing.
    pub fn offer(&mut self, entry: Entry) {
        if entry.seq > self.announced {
            self.held.entry(entry.seq).or_insert(entry);
        }
    }

    /// Everything that may be announced now, in order.
    pub fn ready(&mut self) -> Vec<Entry> {
        let mut ready = Vec::with_capacity(self.held.len());
        while let Some(entry) = self.held.remove(&(self.announced + 1)) {
            self.announced = entry.seq;
            ready.push(entry);
        }
        ready
    }

    /// Whether an entry is missing before those that are held.
    pub fn has_gap(&self) -> bool {
        !self.held.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::conversation::ConversationStatus;
    use crate::domain::entry::Fact;
    use proptest::prelude::*;

    fn entry(seq: Seq) -> Entry {
        Entry {
            seq,
            at: chrono::DateTime::UNIX_EPOCH,
            fact: Fact::Settings {
                title: None,
                status: ConversationStatus::Open,
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
