//! The joins of one client that no room has answered yet, and later requests to join that wait for the answer.

use std::collections::HashMap;

use crate::domain::ids::{ConversationId, JoinNo};

/// Joins under way. `A` answers a later request to join the same conversation.
#[derive(Debug)]
pub(super) struct PendingJoins<A> {
    newest: JoinNo,
    underway: HashMap<ConversationId, Underway<A>>,
}

#[derive(Debug)]
struct Underway<A> {
    join: JoinNo,
    waiting: Vec<A>,
}

impl<A> Default for PendingJoins<A> {
    fn default() -> Self {
        Self {
            newest: JoinNo::default(),
            underway: HashMap::new(),
        }
    }
}

impl<A> PendingJoins<A> {
    /// A join goes to the room; its number tells it from a later one.
    pub(super) fn begin(&mut self, conversation: ConversationId) -> JoinNo {
        let join = self.newest.next();
        self.newest = join;
        let underway = Underway {
            join,
            waiting: Vec::new(),
        };
        self.underway.insert(conversation, underway);
        join
    }

    /// Keeps a request while a join of the same conversation is under way; gives it back where none is.
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
    pub(super) fn contains(&self, conversation: ConversationId) -> bool {
        self.underway.contains_key(&conversation)
    }

    /// A join was answered: the requests that waited for it. `None` if the conversation was left meanwhile.
    pub(super) fn resolve(&mut self, conversation: ConversationId, join: JoinNo) -> Option<Vec<A>> {
        let is_it = self.underway.get(&conversation)?.join == join;
        is_it.then(|| self.leave(conversation))
    }

    /// The conversation is left: the requests that waited in vain.
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
        let mut joins = PendingJoins::default();
        assert_eq!(joins.wait(HERE, "a"), Err("a"), "nothing is under way");
        let number = joins.begin(HERE);
        assert_eq!(joins.wait(HERE, "b"), Ok(()));
        assert_eq!(joins.wait(HERE, "c"), Ok(()));
        assert_eq!(joins.resolve(HERE, number), Some(vec!["b", "c"]));
        assert_eq!(joins.resolve(HERE, number), None);
        assert_eq!(joins.wait(HERE, "d"), Err("d"));
    }

    #[test]
    fn a_late_answer_says_nothing_of_a_later_join() {
        let mut joins = PendingJoins::default();
        let first = joins.begin(HERE);
        joins.wait(HERE, "a").unwrap();
        assert_eq!(joins.leave(HERE), ["a"]);
        let second = joins.begin(HERE);
        assert_eq!(joins.resolve(HERE, first), None);
        assert_eq!(joins.resolve(HERE, second), Some(Vec::new()));
    }
}
