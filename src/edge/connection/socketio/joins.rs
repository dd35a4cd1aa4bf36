//! The joins of one client that no room has answered yet, and what waits for their answers.

use std::collections::HashMap;

use crate::domain::ids::ConversationId;

/// Joins under way; `A` is what answers whoever asks a second time meanwhile.
#[derive(Debug)]
pub(super) struct Joins<A> {
    begun: u64,
    underway: HashMap<ConversationId, Underway<A>>,
}

#[derive(Debug)]
struct Underway<A> {
    number: u64,
    waiting: Vec<A>,
}

impl<A> Default for Joins<A> {
    fn default() -> Self {
        Self {
            begun: 0,
            underway: HashMap::new(),
        }
    }
}

impl<A> Joins<A> {
    /// A join goes to the room; its number tells it from a later one.
    pub(super) fn begin(&mut self, conversation: ConversationId) -> u64 {
        self.begun += 1;
        let underway = Underway {
            number: self.begun,
            waiting: Vec::new(),
        };
        self.underway.insert(conversation, underway);
        self.begun
    }

    /// Keeps whoever asks while a join is under way; gives them back where none is.
    pub(super) fn wait(&mut self, conversation: ConversationId, asks: A) -> Result<(), A> {
        match self.underway.get_mut(&conversation) {
            Some(underway) => {
                underway.waiting.push(asks);
                Ok(())
            }
            None => Err(asks),
        }
    }

    /// Whether a join of this conversation is under way.
    pub(super) fn are_underway(&self, conversation: ConversationId) -> bool {
        self.underway.contains_key(&conversation)
    }

    /// A join was answered: who waited for it. `None` for one that was left meanwhile.
    pub(super) fn end(&mut self, conversation: ConversationId, number: u64) -> Option<Vec<A>> {
        let is_it = self.underway.get(&conversation)?.number == number;
        is_it.then(|| self.leave(conversation))
    }

    /// The conversation is left: who waited for it in vain.
    pub(super) fn leave(&mut self, conversation: ConversationId) -> Vec<A> {
        let underway = self.underway.remove(&conversation);
        underway.map_or(Vec::new(), |underway| underway.waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const HERE: ConversationId = ConversationId(Uuid::from_u128(1));

    #[test]
    fn who_asks_again_waits_for_the_first_answer() {
        let mut joins = Joins::default();
        assert_eq!(joins.wait(HERE, "a"), Err("a"), "nothing is under way");
        let number = joins.begin(HERE);
        assert_eq!(joins.wait(HERE, "b"), Ok(()));
        assert_eq!(joins.wait(HERE, "c"), Ok(()));
        assert_eq!(joins.end(HERE, number), Some(vec!["b", "c"]));
        assert_eq!(joins.end(HERE, number), None);
        assert_eq!(joins.wait(HERE, "d"), Err("d"));
    }

    #[test]
    fn a_late_answer_says_nothing_of_a_later_join() {
        let mut joins = Joins::default();
        let first = joins.begin(HERE);
        joins.wait(HERE, "a").unwrap();
        assert_eq!(joins.leave(HERE), ["a"]);
        let second = joins.begin(HERE);
        assert_eq!(joins.end(HERE, first), None);
        assert_eq!(joins.end(HERE, second), Some(Vec::new()));
    }
}
