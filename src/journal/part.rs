//! A part of a batch, and how it is divided when it can not be stored as a whole. Pure.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Append, Outcome};
use crate::domain::ids::{ConversationNo, PolicyVersion, UserNo};
use crate::domain::message::Content;
use crate::domain::principal::Roles;
use crate::store::append::NewMessage;

/// What became of an append.
#[derive(Clone, Debug)]
pub(super) enum Fate {
    /// Its room is told this.
    Settled(Outcome),
    /// Somebody else holds its conversation: it waits aside.
    Locked,
}

/// Messages of a batch, in its order: the places of those that are meant.
#[derive(Clone)]
pub(super) struct Part {
    batch: Arc<Vec<Said>>,
    places: Vec<usize>,
}

impl Part {
    /// All of a batch.
    pub(super) fn whole(appends: &[Append]) -> Self {
        Self {
            places: (0..appends.len()).collect(),
            batch: Arc::new(appends.iter().map(Said::of).collect()),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// The messages, as they are stored.
    pub(super) fn messages(&self) -> Vec<NewMessage<'_>> {
        self.said().map(Said::as_new).collect()
    }

    fn said(&self) -> impl Iterator<Item = &Said> {
        self.places
            .iter()
            .filter_map(|place| self.batch.get(*place))
    }

    /// The conversations in it, each once.
    pub(super) fn conversations(&self) -> Vec<ConversationNo> {
        let mut seen = HashSet::new();
        let each = self.said().map(|message| message.conversation);
        each.filter(|conversation| seen.insert(*conversation))
            .collect()
    }

    /// The messages of these conversations, and the others.
    pub(super) fn of(&self, conversations: &HashSet<ConversationNo>) -> (Self, Self) {
        let is_theirs = |place: &usize| {
            let message = self.batch.get(*place);
            message.is_some_and(|message| conversations.contains(&message.conversation))
        };
        let (theirs, others) = self.places.iter().partition(|place| is_theirs(place));
        (self.at(theirs), self.at(others))
    }

    /// The first half of the messages, and the second.
    pub(super) fn halves(&self) -> (Self, Self) {
        let (first, second) = self.places.split_at(self.len() / 2);
        (self.at(first.to_vec()), self.at(second.to_vec()))
    }

    fn at(&self, places: Vec<usize>) -> Self {
        let batch = Arc::clone(&self.batch);
        Self { batch, places }
    }

    /// Every message of it has this fate.
    pub(super) fn meet(&self, fates: &mut [Fate], fate: &Fate) {
        self.meet_each(fates, self.places.iter().map(|_| fate.clone()));
    }

    /// The messages of it have these fates, in their order.
    pub(super) fn meet_each(&self, fates: &mut [Fate], each: impl Iterator<Item = Fate>) {
        for (place, fate) in self.places.iter().zip(each) {
            if let Some(slot) = fates.get_mut(*place) {
                *slot = fate;
            }
        }
    }
}

/// What is stored of an append. It may outlive its batch on a connection that does not answer, so it holds no permit.
struct Said {
    conversation: ConversationNo,
    policy: PolicyVersion,
    sender: UserNo,
    roles: Roles,
    content: Arc<Content>,
    fingerprint: i64,
}

impl Said {
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

    fn part(conversations: &[i64]) -> Part {
        let content = Arc::new(Content::text(None, "said".into()));
        let said = |no: &i64| Said {
            conversation: ConversationNo(*no),
            policy: 0,
            sender: UserNo(1),
            roles: Roles::default(),
            content: Arc::clone(&content),
            fingerprint: 0,
        };
        Part {
            places: (0..conversations.len()).collect(),
            batch: Arc::new(conversations.iter().map(said).collect()),
        }
    }

    #[test]
    fn a_part_is_divided_by_conversation_or_in_the_middle_and_keeps_its_order() {
        let whole = part(&[1, 2, 1, 3, 2, 1]);
        assert_eq!(whole.conversations(), [1, 2, 3].map(ConversationNo));
        let (theirs, others) = whole.of(&HashSet::from([ConversationNo(2)]));
        assert_eq!(theirs.places, [1, 4]);
        assert_eq!(others.places, [0, 2, 3, 5]);
        let (first, second) = others.halves();
        assert_eq!((first.places, second.places), (vec![0, 2], vec![3, 5]));
    }

    #[test]
    fn fates_go_to_the_places_in_the_batch() {
        let (locked, others) = part(&[1, 2, 1]).of(&HashSet::from([ConversationNo(1)]));
        let mut fates = vec![Fate::Settled(Outcome::Stale); 3];
        locked.meet(&mut fates, &Fate::Locked);
        others.meet(&mut fates, &Fate::Settled(Outcome::Unknown));
        let is_locked = |fate: &Fate| matches!(fate, Fate::Locked);
        assert_eq!(
            fates.iter().map(is_locked).collect::<Vec<_>>(),
            [true, false, true]
        );
    }
}
