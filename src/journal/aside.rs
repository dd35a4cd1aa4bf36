//! What waits aside because somebody else holds a lock on its conversation, while everything else goes on. Pure.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::PATIENCE;
use crate::domain::ids::ConversationNo;

/// How long a conversation waits before it is tried again, at first and at most. Short, so that those who take the lock again and
/// again leave it a turn; to look whether it is free costs next to nothing.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(80);

struct Place<T> {
    /// In the order of coming, each with the moment since which it waits.
    items: VecDeque<(Instant, T)>,
    again_at: Instant,
}

/// Items of locked conversations, each conversation's in the order of coming.
pub(super) struct Aside<T> {
    places: HashMap<ConversationNo, Place<T>>,
    /// How long conversations pause that were tried in vain; kept while they are tried.
    pauses: HashMap<ConversationNo, Duration>,
}

impl<T> Default for Aside<T> {
    fn default() -> Self {
        Self {
            places: HashMap::new(),
            pauses: HashMap::new(),
        }
    }
}

impl<T> Aside<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Whether something of this conversation waits here: then whatever comes after it must wait too.
    pub(super) fn holds(&self, conversation: ConversationNo) -> bool {
        self.places.contains_key(&conversation)
    }

    /// Takes an item in, behind those of its conversation; it has waited since `since`.
    pub(super) fn put(
        &mut self,
        conversation: ConversationNo,
        item: T,
        since: Instant,
        now: Instant,
    ) {
        let pauses = &mut self.pauses;
        let place = self.places.entry(conversation).or_insert_with(|| {
            let pause = pauses.entry(conversation).or_insert(FIRST_PAUSE);
            let again_at = now + *pause;
            *pause = (*pause * 2).min(LONGEST_PAUSE);
            Place {
                items: VecDeque::new(),
                again_at,
            }
        });
        place.items.push_back((since, item));
    }

    /// Conversations that are to be looked at again.
    pub(super) fn due(&self, now: Instant) -> Vec<ConversationNo> {
        let due = self
            .places
            .iter()
            .filter(|(_, place)| place.again_at <= now);
        due.map(|(conversation, _)| *conversation).collect()
    }

    /// These are still locked: looked at again after a moment.
    pub(super) fn postpone(&mut self, conversations: &[ConversationNo], now: Instant) {
        for conversation in conversations {
            if let Some(place) = self.places.get_mut(conversation) {
                place.again_at = now + FIRST_PAUSE;
            }
        }
    }

    /// Takes out what waits for these conversations, each conversation's in the order of coming.
    pub(super) fn release(&mut self, conversations: &[ConversationNo]) -> Vec<(Instant, T)> {
        let mut released = Vec::new();
        for conversation in conversations {
            if let Some(place) = self.places.remove(conversation) {
                released.extend(place.items);
            }
        }
        released
    }

    /// Takes out what has waited for longer than anybody is to wait.
    pub(super) fn expired(&mut self, now: Instant) -> Vec<T> {
        let mut expired = Vec::new();
        for place in self.places.values_mut() {
            while let Some((since, item)) = place.items.pop_front() {
                if now.saturating_duration_since(since) < PATIENCE {
                    place.items.push_front((since, item));
                    break;
                }
                expired.push(item);
            }
        }
        let pauses = &mut self.pauses;
        self.places.retain(|conversation, place| {
            let waits = !place.items.is_empty();
            if !waits {
                pauses.remove(conversation);
            }
            waits
        });
        expired
    }

    /// Something of this conversation was written: it is not locked any more.
    pub(super) fn forget_pause(&mut self, conversation: ConversationNo) {
        if !self.pauses.is_empty() && !self.holds(conversation) {
            self.pauses.remove(&conversation);
        }
    }

    /// How long until there is something to look at; none when nothing waits.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        let next = self.places.values().map(|place| place.again_at).min();
        next.map(|at| at.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLACE: ConversationNo = ConversationNo(7);
    const OTHER: ConversationNo = ConversationNo(8);

    #[test]
    fn a_conversation_is_looked_at_again_after_ever_longer_pauses_until_it_is_written() {
        let (mut aside, begun) = (Aside::default(), Instant::now());
        let mut pauses = Vec::new();
        for _ in 0..5 {
            aside.put(PLACE, 1, begun, begun);
            pauses.push(aside.wait(begun).unwrap().as_millis());
            aside.release(&[PLACE]);
        }
        assert_eq!(pauses, [10, 20, 40, 80, 80]);
        aside.forget_pause(PLACE);
        aside.put(PLACE, 1, begun, begun);
        assert_eq!(aside.wait(begun), Some(FIRST_PAUSE));
        assert_eq!(aside.due(begun), []);
        assert_eq!(aside.due(begun + FIRST_PAUSE), [PLACE]);
    }

    #[test]
    fn nobody_waits_for_longer_than_patience_and_later_ones_stay() {
        let (mut aside, begun) = (Aside::default(), Instant::now());
        let later = begun + PATIENCE / 2;
        aside.put(PLACE, "first", begun, begun);
        aside.put(PLACE, "second", later, later);
        aside.put(OTHER, "other", begun, begun);
        let mut expired = aside.expired(begun + PATIENCE);
        expired.sort_unstable();
        assert_eq!(expired, ["first", "other"]);
        assert!(aside.holds(PLACE) && !aside.holds(OTHER));
        assert_eq!(aside.expired(later + PATIENCE), ["second"]);
        assert!(aside.is_empty());
    }

    proptest! {
        #[test]
        fn what_is_released_keeps_each_conversations_order(items in prop::collection::vec(0..4i64, 0..60)) {
            let (mut aside, now) = (Aside::default(), Instant::now());
            for (at, conversation) in items.iter().enumerate() {
                aside.put(ConversationNo(*conversation), at, now, now);
            }
            let all: Vec<ConversationNo> = (0..4).map(ConversationNo).collect();
            let released: Vec<usize> = aside.release(&all).into_iter().map(|(_, at)| at).collect();
            prop_assert!(aside.is_empty());
            prop_assert_eq!(released.len(), items.len());
            for conversation in 0..4 {
                let of = |all: &[usize]| -> Vec<usize> {
                    all.iter().copied().filter(|at| items.get(*at) == Some(&conversation)).collect()
                };
                let sent: Vec<usize> = (0..items.len()).collect();
                prop_assert_eq!(of(&released), of(&sent));
            }
        }
    }
}
