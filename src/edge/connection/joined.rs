//! The conversations that a session has joined, or has asked to join: a join that is refused takes no place.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::ids::ConversationId;
use crate::domain::offset::FOLLOWED;
use crate::error::Error;

/// Shared with the answers that are still to come.
#[derive(Clone, Default)]
pub(super) struct Joined(Arc<Mutex<Places>>);

#[derive(Default)]
struct Places {
    begun: u64,
    joins: HashMap<ConversationId, Place>,
}

struct Place {
    /// Of the newest join that was asked for: it tells that one from earlier ones.
    number: u64,
    /// An earlier one was answered, and the session listens since.
    listens: bool,
}

impl Joined {
    /// A join is asked for; answers its number, or none where the session has joined as many as it may.
    pub(super) fn begin(&self, conversation: ConversationId) -> Option<u64> {
        let mut places = self.0.lock();
        if places.joins.len() >= FOLLOWED && !places.joins.contains_key(&conversation) {
            return None;
        }
        places.begun += 1;
        let number = places.begun;
        let listens = false;
        let place = places.joins.entry(conversation);
        place.or_insert(Place { number, listens }).number = number;
        Some(number)
    }

    /// A join was answered: the session listens.
    pub(super) fn accepted(&self, conversation: ConversationId) {
        if let Some(place) = self.0.lock().joins.get_mut(&conversation) {
            place.listens = true;
        }
    }

    /// The join of this number was refused. Where another was asked for since, that one counts; where it may be tried again, the
    /// session goes on listening if it did.
    pub(super) fn refused(&self, conversation: ConversationId, number: u64, refusal: &Error) {
        let mut places = self.0.lock();
        let temporary = matches!(refusal, Error::Refused(refusal) if refusal.is_temporary());
        let stays = |place: &Place| place.number != number || (temporary && place.listens);
        if !places.joins.get(&conversation).is_none_or(stays) {
            places.joins.remove(&conversation);
        }
    }

    /// The session hears no more of it.
    pub(super) fn leave(&self, conversation: ConversationId) {
        self.0.lock().joins.remove(&conversation);
    }

    pub(super) fn contains(&self, conversation: ConversationId) -> bool {
        self.0.lock().joins.contains_key(&conversation)
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<ConversationId> {
        self.0.lock().joins.keys().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::refusal::Refusal;

    fn not_found() -> Error {
        Refusal::ConversationNotFound.into()
    }

    #[test]
    fn joins_that_are_refused_take_no_place() {
        let joined = Joined::default();
        for _ in 0..2 * FOLLOWED {
            let place = ConversationId::fresh();
            let number = joined.begin(place).expect("a place");
            joined.refused(place, number, &not_found());
        }
        assert!(joined.all().is_empty());
        (0..FOLLOWED).for_each(|_| assert!(joined.begin(ConversationId::fresh()).is_some()));
        assert_eq!(joined.begin(ConversationId::fresh()), None);
        let again = joined.all()[0];
        assert!(joined.begin(again).is_some(), "one of its own again");
    }

    #[test]
    fn a_late_refusal_says_nothing_of_a_later_join() {
        let (joined, place) = (Joined::default(), ConversationId::fresh());
        let first = joined.begin(place).expect("a place");
        let second = joined.begin(place).expect("a place");
        joined.refused(place, first, &not_found());
        assert!(joined.contains(place));
        joined.refused(place, second, &not_found());
        assert!(!joined.contains(place));
    }

    #[test]
    fn a_join_that_may_be_tried_again_ends_no_listening() {
        let (joined, place) = (Joined::default(), ConversationId::fresh());
        let busy: Error = Refusal::Unavailable("busy").into();
        let number = joined.begin(place).expect("a place");
        joined.refused(place, number, &busy);
        assert!(!joined.contains(place), "it never listened");
        joined.begin(place).expect("a place");
        joined.accepted(place);
        let again = joined.begin(place).expect("a place");
        joined.refused(place, again, &busy);
        assert!(joined.contains(place));
    }
}
