//! Items that wait because another transaction holds the lock of their conversation, while everything else goes
//! on. Pure.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::PATIENCE;
use crate::domain::ids::ConversationNo;

/// First and longest pause before a parked conversation is tried again. The pauses are short because checking
/// for a lock costs little; they double so that a transaction that retakes the lock repeatedly also gets its
/// turn.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(80);

struct ParkedConversation<T> {
    /// Items in arrival order, each with the moment since which it waits.
    items: VecDeque<(Instant, T)>,
    again_at: Instant,
}

/// Items of locked conversations; each conversation's items stay in arrival order.
pub(super) struct Parked<T> {
    conversations: HashMap<ConversationNo, ParkedConversation<T>>,
    /// The next pause of each conversation that was tried in vain. An entry is kept until an item of the
    /// conversation is written or all have expired.
    pauses: HashMap<ConversationNo, Duration>,
}

impl<T> Default for Parked<T> {
    fn default() -> Self {
        Self {
            conversations: HashMap::new(),
            pauses: HashMap::new(),
        }
    }
}

impl<T> Parked<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.conversations.is_empty()
    }

    /// Whether items of this conversation are parked; later items of it must then queue behind them.
    pub(super) fn contains(&self, conversation: ConversationNo) -> bool {
        self.conversations.contains_key(&conversation)
    }

    /// Parks an item behind the others of its conversation; `since` is when it began to wait.
    pub(super) fn put(
        &mut self,
        conversation: ConversationNo,
        item: T,
        since: Instant,
        now: Instant,
    ) {
        let pauses = &mut self.pauses;
        let parked = self.conversations.entry(conversation).or_insert_with(|| {
            let pause = pauses.entry(conversation).or_insert(FIRST_PAUSE);
            let again_at = now + *pause;
            *pause = (*pause * 2).min(LONGEST_PAUSE);
            ParkedConversation {
                items: VecDeque::new(),
                again_at,
            }
        });
        parked.items.push_back((since, item));
    }

    /// The conversations whose pause is over at `now`.
    pub(super) fn due(&self, now: Instant) -> Vec<ConversationNo> {
        let due = self
            .conversations
            .iter()
            .filter(|(_, parked)| parked.again_at <= now);
        due.map(|(conversation, _)| *conversation).collect()
    }

    /// Checks these conversations again after `FIRST_PAUSE`, because they are still locked.
    pub(super) fn postpone(&mut self, conversations: &[ConversationNo], now: Instant) {
        for conversation in conversations {
            if let Some(parked) = self.conversations.get_mut(conversation) {
                parked.again_at = now + FIRST_PAUSE;
            }
        }
    }

    /// Removes and returns the items of these conversations, in arrival order for each conversation.
    pub(super) fn release(&mut self, conversations: &[ConversationNo]) -> Vec<(Instant, T)> {
        let mut released = Vec::new();
        for conversation in conversations {
            if let Some(parked) = self.conversations.remove(conversation) {
                released.extend(parked.items);
            }
        }
        released
    }

    /// Removes and returns the items that have waited for `PATIENCE` or longer.
    pub(super) fn expired(&mut self, now: Instant) -> Vec<T> {
        let mut expired = Vec::new();
        for parked in self.conversations.values_mut() {
            while let Some((since, item)) = parked.items.pop_front() {
                if now.saturating_duration_since(since) < PATIENCE {
                    parked.items.push_front((since, item));
                    break;
                }
                expired.push(item);
            }
        }
        let pauses = &mut self.pauses;
        self.conversations.retain(|conversation, parked| {
            let waits = !parked.items.is_empty();
            if !waits {
                pauses.remove(conversation);
            }
            waits
        });
        expired
    }

    /// Resets the pause of a conversation after one of its items was written.
    pub(super) fn forget_pause(&mut self, conversation: ConversationNo) {
        if !self.pauses.is_empty() && !self.contains(conversation) {
            self.pauses.remove(&conversation);
        }
    }

    /// Time until the next conversation is due; `None` if nothing is parked.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        let next = self
            .conversations
            .values()
            .map(|parked| parked.again_at)
            .min();
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
        let (mut parked, begun) = (Parked::default(), Instant::now());
        let mut pauses = Vec::new();
        for _ in 0..5 {
            parked.put(PLACE, 1, begun, begun);
            pauses.push(parked.wait(begun).unwrap().as_millis());
            parked.release(&[PLACE]);
        }
        assert_eq!(pauses, [10, 20, 40, 80, 80]);
        parked.forget_pause(PLACE);
        parked.put(PLACE, 1, begun, begun);
        assert_eq!(parked.wait(begun), Some(FIRST_PAUSE));
        assert_eq!(parked.due(begun), []);
        assert_eq!(parked.due(begun + FIRST_PAUSE), [PLACE]);
    }

    #[test]
    fn nobody_waits_for_longer_than_patience_and_later_ones_stay() {
        let (mut parked, begun) = (Parked::default(), Instant::now());
        let later = begun + PATIENCE / 2;
        parked.put(PLACE, "first", begun, begun);
        parked.put(PLACE, "second", later, later);
        parked.put(OTHER, "other", begun, begun);
        let mut expired = parked.expired(begun + PATIENCE);
        expired.sort_unstable();
        assert_eq!(expired, ["first", "other"]);
        assert!(parked.contains(PLACE) && !parked.contains(OTHER));
        assert_eq!(parked.expired(later + PATIENCE), ["second"]);
        assert!(parked.is_empty());
    }

    proptest! {
        #[test]
        fn what_is_released_keeps_each_conversations_order(items in prop::collection::vec(0..4i64, 0..60)) {
            let (mut parked, now) = (Parked::default(), Instant::now());
            for (at, conversation) in items.iter().enumerate() {
                parked.put(ConversationNo(*conversation), at, now, now);
            }
            let all: Vec<ConversationNo> = (0..4).map(ConversationNo).collect();
            let released: Vec<usize> = parked.release(&all).into_iter().map(|(_, at)| at).collect();
            prop_assert!(parked.is_empty());
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
