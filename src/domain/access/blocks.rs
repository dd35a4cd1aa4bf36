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
    /// The user who blocks.
    pub by: UserNo,
    /// The user who is blocked.
    pub whom: UserNo,
}

/// Whether a block begins or ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocking {
    /// It holds from now on.
    Begun,
    /// It holds no longer.
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
    /// Whether there are no blocks.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this block holds.
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

    /// Whether the blocks end sending in the conversation of these people: it is direct, and has no running deal.
    pub fn silence(&self, conversation: &Conversation) -> bool {
        let deal = conversation.flow.as_deref();
        let runs = deal.is_some_and(|deal| deal.phase == Phase::Running);
        !self.is_empty() && conversation.kind == ConversationKind::Direct && !runs
    }

    /// The blocks that concern one reader; `None` without any.
    pub fn of_reader(&self, user: UserNo) -> Option<Arc<ReaderBlocks>> {
        if self.is_empty() {
            return None;
        }
        let reader_blocks = ReaderBlocks::of(user, self.0.iter().copied());
        (!reader_blocks.hidden.is_empty()).then(|| Arc::new(reader_blocks))
    }
}

/// The blocks that concern one reader: the users whom they have blocked, and those who have blocked them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReaderBlocks {
    /// The users whom the reader has blocked.
    unwanted: BTreeSet<UserNo>,
    /// The users whom the reader has blocked, and those who have blocked the reader.
    hidden: BTreeSet<UserNo>,
}

impl ReaderBlocks {
    /// Those of these blocks that concern a reader.
    pub fn of(reader: UserNo, blocks: impl IntoIterator<Item = Block>) -> Self {
        let mut reader_blocks = Self::default();
        for Block { by, whom } in blocks {
            if by == reader {
                reader_blocks.unwanted.insert(whom);
                reader_blocks.hidden.insert(whom);
            } else if whom == reader {
                reader_blocks.hidden.insert(by);
            }
        }
        reader_blocks
    }

    /// Whether the reader sees no presence, no typing and no watermarks of a user.
    pub fn hides(&self, user: UserNo) -> bool {
        self.hidden.contains(&user)
    }

    /// Whether the reader has blocked a user, whose messages then cause no notifications, are not counted and are not found by searches.
    pub fn is_unwanted(&self, sender: UserNo) -> bool {
        self.unwanted.contains(&sender)
    }

    /// Removes presence and watermarks that the reader may not see.
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
        let (ann, bob) = (
            blocks.of_reader(ANN).unwrap(),
            blocks.of_reader(BOB).unwrap(),
        );
        assert!(ann.hides(BOB) && bob.hides(ANN));
        assert!(ann.is_unwanted(BOB) && !bob.is_unwanted(ANN));
        assert!(!ann.hides(CARA) && blocks.of_reader(CARA).is_none());
        let other = Block { by: BOB, whom: ANN };
        blocks.apply(other, Blocking::Begun);
        blocks.apply(block, Blocking::Ended);
        assert!(blocks.has(other) && !blocks.has(block));
        let (ann, bob) = (
            blocks.of_reader(ANN).unwrap(),
            blocks.of_reader(BOB).unwrap(),
        );
        assert!(ann.hides(BOB) && !ann.is_unwanted(BOB));
        assert!(bob.hides(ANN) && bob.is_unwanted(ANN));
        blocks.apply(other, Blocking::Ended);
        assert!(blocks.is_empty() && blocks.of_reader(BOB).is_none());
    }
}
