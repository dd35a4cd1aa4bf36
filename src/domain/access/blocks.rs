//! Blocks between users: what they end, and what they hide. Pure.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::conversation::{Conversation, ConversationKind, Participant};
use crate::domain::flow::Phase;
use crate::domain::ids::UserNo;
use crate::domain::message::Message;

/// One user has blocked another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Block {
    /// Who has.
    pub by: UserNo,
    /// Whom.
    pub whom: UserNo,
}

/// What becomes of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocking {
    /// It stands from now on.
    Begun,
    /// It stands no more.
    Ended,
}

/// The blocks between the people of a conversation. A copy is cheap.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Blocks(Arc<BTreeSet<Block>>);

impl FromIterator<Block> for Blocks {
    fn from_iter<I: IntoIterator<Item = Block>>(blocks: I) -> Self {
        Self(Arc::new(blocks.into_iter().collect()))
    }
}

impl Blocks {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this one stands.
    pub fn has(&self, block: Block) -> bool {
        self.0.contains(&block)
    }

    /// Adds or removes one.
    pub fn apply(&mut self, block: Block, blocking: Blocking) {
        let blocks = Arc::make_mut(&mut self.0);
        match blocking {
            Blocking::Begun => blocks.insert(block),
            Blocking::Ended => blocks.remove(&block),
        };
    }

    /// Whether nobody may send in the conversation of these people: it is direct, and not a deal that still runs.
    pub fn silence(&self, conversation: &Conversation) -> bool {
        let deal = conversation.flow.as_deref();
        let runs = deal.is_some_and(|deal| deal.phase == Phase::Running);
        !self.is_empty() && conversation.kind == ConversationKind::Direct && !runs
    }

    /// From whom a user is apart; `None` if from nobody.
    pub fn apart(&self, user: UserNo) -> Option<Arc<Apart>> {
        if self.is_empty() {
            return None;
        }
        let apart = Apart::of(user, self.0.iter().copied());
        (!apart.hidden.is_empty()).then(|| Arc::new(apart))
    }
}

/// The users from whom one user, the reader, is apart: one of the two has blocked the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Apart {
    /// Those whom the reader has blocked.
    unwanted: BTreeSet<UserNo>,
    /// These and those who have blocked the reader.
    hidden: BTreeSet<UserNo>,
}

impl Apart {
    /// What these blocks mean for a reader.
    pub fn of(reader: UserNo, blocks: impl IntoIterator<Item = Block>) -> Self {
        let mut apart = Self::default();
        for Block { by, whom } in blocks {
            if by == reader {
                apart.unwanted.insert(whom);
                apart.hidden.insert(whom);
            } else if whom == reader {
                apart.hidden.insert(by);
            }
        }
        apart
    }

    /// Whether the reader sees no presence, no typing and no watermarks of a user.
    pub fn hides(&self, user: UserNo) -> bool {
        self.hidden.contains(&user)
    }

    /// Whether messages of a user notify the reader of nothing, do not count and are not found.
    pub fn is_unwanted(&self, sender: UserNo) -> bool {
        self.unwanted.contains(&sender)
    }

    /// Takes away what the reader does not see of these people.
    pub fn mask<'a>(&self, people: impl IntoIterator<Item = &'a mut Participant>) {
        let hidden = people.into_iter().filter(|person| self.hides(person.no));
        hidden.for_each(Participant::hide_signals);
    }

    /// Marks messages of users whom the reader has blocked.
    pub fn mark<'a>(&self, messages: impl IntoIterator<Item = &'a mut Message>) {
        for message in messages {
            message.from_blocked = self.is_unwanted(message.sender);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: UserNo = UserNo(1);
    const BOB: UserNo = UserNo(2);
    const CARA: UserNo = UserNo(3);

    #[test]
    fn a_block_hides_both_from_each_other_and_marks_one_for_the_other() {
        let mut blocks = Blocks::default();
        let block = Block { by: ANN, whom: BOB };
        blocks.apply(block, Blocking::Begun);
        let (ann, bob) = (blocks.apart(ANN).unwrap(), blocks.apart(BOB).unwrap());
        assert!(ann.hides(BOB) && bob.hides(ANN));
        assert!(ann.is_unwanted(BOB) && !bob.is_unwanted(ANN));
        assert!(!ann.hides(CARA) && blocks.apart(CARA).is_none());
        let other = Block { by: BOB, whom: ANN };
        blocks.apply(other, Blocking::Begun);
        blocks.apply(block, Blocking::Ended);
        assert!(blocks.has(other) && !blocks.has(block));
        let (ann, bob) = (blocks.apart(ANN).unwrap(), blocks.apart(BOB).unwrap());
        assert!(ann.hides(BOB) && !ann.is_unwanted(BOB));
        assert!(bob.hides(ANN) && bob.is_unwanted(ANN));
        blocks.apply(other, Blocking::Ended);
        assert!(blocks.is_empty() && blocks.apart(BOB).is_none());
    }
}
