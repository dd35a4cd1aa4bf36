//! A subset of a batch, and how it is divided if it cannot be stored as a whole. Pure.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Append, Outcome};
use crate::domain::ids::{ConversationNo, PolicyVersion, UserNo};
use crate::domain::message::Content;
use crate::domain::principal::Roles;
use crate::store::append::NewMessage;

/// The result of storing one append.
#[derive(Clone, Debug)]
pub(super) enum AppendResult {
    /// It has this outcome.
    Done(Outcome),
    /// Another transaction has locked its conversation: it is parked.
    Locked,
}

/// Messages of a batch, in batch order, as indexes into the batch.
#[derive(Clone)]
pub(super) struct Subset {
    batch: Arc<Vec<PendingMessage>>,
    indexes: Vec<usize>,
}

impl Subset {
    /// All appends of a batch.
    pub(super) fn whole(appends: &[Append]) -> Self {
        Self {
            indexes: (0..appends.len()).collect(),
            batch: Arc::new(appends.iter().map(PendingMessage::of).collect()),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.indexes.len()
    }

    /// The messages in the form that the store takes.
    pub(super) fn messages(&self) -> Vec<NewMessage<'_>> {
        self.pending().map(PendingMessage::as_new).collect()
    }

    /// Whether a message shows a file that is stored here, or mentions somebody.
    pub(super) fn needs_transaction(&self) -> bool {
        self.pending()
            .any(|message| message.content.needs_transaction())
    }

    fn pending(&self) -> impl Iterator<Item = &PendingMessage> {
        self.indexes
            .iter()
            .filter_map(|index| self.batch.get(*index))
    }

    /// The conversations of the messages, each once.
    pub(super) fn conversations(&self) -> Vec<ConversationNo> {
        let mut seen = HashSet::new();
        let each = self.pending().map(|message| message.conversation);
        each.filter(|conversation| seen.insert(*conversation))
            .collect()
    }

    /// The messages of these conversations, and the rest.
    pub(super) fn split_by_conversation(
        &self,
        conversations: &HashSet<ConversationNo>,
    ) -> (Self, Self) {
        let is_theirs = |index: &usize| {
            let message = self.batch.get(*index);
            message.is_some_and(|message| conversations.contains(&message.conversation))
        };
        let (theirs, others) = self.indexes.iter().partition(|index| is_theirs(index));
        (self.at(theirs), self.at(others))
    }

    /// The first half of the messages, and the second.
    pub(super) fn halves(&self) -> (Self, Self) {
        let (first, second) = self.indexes.split_at(self.len() / 2);
        (self.at(first.to_vec()), self.at(second.to_vec()))
    }

    fn at(&self, indexes: Vec<usize>) -> Self {
        let batch = Arc::clone(&self.batch);
        Self { batch, indexes }
    }

    /// Sets the same result for every message of the subset.
    pub(super) fn set_all(&self, results: &mut [AppendResult], result: &AppendResult) {
        self.set_each(results, self.indexes.iter().map(|_| result.clone()));
    }

    /// Sets one result for each message of the subset, in order.
    pub(super) fn set_each(
        &self,
        results: &mut [AppendResult],
        each: impl Iterator<Item = AppendResult>,
    ) {
        for (index, result) in self.indexes.iter().zip(each) {
            if let Some(slot) = results.get_mut(*index) {
                *slot = result;
            }
        }
    }
}

/// The stored fields of an append. It holds no permit, because a connection that stops responding may keep it
/// alive after the batch was answered.
struct PendingMessage {
    conversation: ConversationNo,
    policy: PolicyVersion,
    sender: UserNo,
    roles: Roles,
    content: Arc<Content>,
    fingerprint: i64,
}

impl PendingMessage {
    fn of(append: &Append) -> Self {
        Self {
            conversation: append.conversation,
            policy: append.policy,
            sender: append.sender,
            roles: append.roles,
            content: Arc::clone(&append.content),
            fingerprint: append.fingerprint,
        }
    }

    fn as_new(&self) -> NewMessage<'_> {
        NewMessage {
            conversation: self.conversation,
            policy: self.policy,
            sender: self.sender,
            roles: self.roles,
            content: &self.content,
            fingerprint: self.fingerprint,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subset(conversations: &[i64]) -> Subset {
        let content = Arc::new(Content::text(None, "pending".into()));
        let pending = |no: &i64| PendingMessage {
            conversation: ConversationNo(*no),
            policy: 0,
            sender: UserNo(1),
            roles: Roles::default(),
            content: Arc::clone(&content),
            fingerprint: 0,
        };
        Subset {
            indexes: (0..conversations.len()).collect(),
            batch: Arc::new(conversations.iter().map(pending).collect()),
        }
    }

    #[test]
    fn a_part_is_divided_by_conversation_or_in_the_middle_and_keeps_its_order() {
        let whole = subset(&[1, 2, 1, 3, 2, 1]);
        assert_eq!(whole.conversations(), [1, 2, 3].map(ConversationNo));
        let (theirs, others) = whole.split_by_conversation(&HashSet::from([ConversationNo(2)]));
        assert_eq!(theirs.indexes, [1, 4]);
        assert_eq!(others.indexes, [0, 2, 3, 5]);
        let (first, second) = others.halves();
        assert_eq!((first.indexes, second.indexes), (vec![0, 2], vec![3, 5]));
    }

    #[test]
    fn fates_go_to_the_places_in_the_batch() {
        let (locked, others) =
            subset(&[1, 2, 1]).split_by_conversation(&HashSet::from([ConversationNo(1)]));
        let mut results = vec![AppendResult::Done(Outcome::Stale); 3];
        locked.set_all(&mut results, &AppendResult::Locked);
        others.set_all(&mut results, &AppendResult::Done(Outcome::Unknown));
        let is_locked = |result: &AppendResult| matches!(result, AppendResult::Locked);
        assert_eq!(
            results.iter().map(is_locked).collect::<Vec<_>>(),
            [true, false, true]
        );
    }
}
