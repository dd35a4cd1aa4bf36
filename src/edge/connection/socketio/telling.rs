//! Of which conversation a client is being told what it missed, which ones wait, and which marks on their way mean nothing any more.

use std::collections::VecDeque;

use crate::domain::ids::{ConversationId, Seq};

/// What is told again to one client: one conversation after the other.
#[derive(Debug, Default)]
pub(super) struct Telling {
    behind: VecDeque<(ConversationId, Seq)>,
    now: Option<ConversationId>,
    /// Tells what is read for the present conversation from what was read before.
    turn: u64,
    /// A mark of the present conversation is in the queue; it says when to go on.
    mark: Option<Seq>,
    /// Marks in the queue of conversations that are told no more.
    void: Vec<(ConversationId, Seq)>,
}

/// What a mark means that has left the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// The present conversation goes on.
    GoesOn,
    /// A room has sent the client away: it is behind there.
    FallsBehind,
    /// Nothing: the conversation was left meanwhile.
    Void,
}

impl Telling {
    /// A conversation waits for its turn.
    pub(super) fn wait(&mut self, conversation: ConversationId, after: Seq) {
        self.behind.push_back((conversation, after));
    }

    /// The next conversation that is still followed, unless one is being told.
    pub(super) fn next(
        &mut self,
        is_followed: impl Fn(ConversationId) -> bool,
    ) -> Option<(ConversationId, Seq)> {
        if self.now.is_some() {
            return None;
        }
        while let Some((conversation, after)) = self.behind.pop_front() {
            if is_followed(conversation) {
                self.now = Some(conversation);
                return Some((conversation, after));
            }
        }
        None
    }

    /// The turn of the present conversation.
    pub(super) fn turn(&self) -> u64 {
        self.turn
    }

    /// Whether it is still this turn.
    pub(super) fn is_at(&self, turn: u64) -> bool {
        self.now.is_some() && self.turn == turn
    }

    /// A mark of the present conversation was queued.
    pub(super) fn marked(&mut self, after: Seq) {
        self.mark = Some(after);
    }

    /// A mark has left the queue.
    pub(super) fn comes(&mut self, conversation: ConversationId, after: Seq) -> Mark {
        let void = self
            .void
            .iter()
            .position(|one| *one == (conversation, after));
        if let Some(void) = void {
            self.void.remove(void);
            return Mark::Void;
        }
        if self.now == Some(conversation) {
            self.mark = None;
            return Mark::GoesOn;
        }
        Mark::FallsBehind
    }

    /// All of the present conversation was told.
    pub(super) fn is_done(&mut self) {
        self.now = None;
        self.mark = None;
        self.turn += 1;
    }

    /// A conversation is to be told no more.
    pub(super) fn stop(&mut self, conversation: ConversationId) {
        self.behind.retain(|(behind, _)| *behind != conversation);
        if self.now == Some(conversation) {
            let mark = self.mark.take();
            self.void.extend(mark.map(|after| (conversation, after)));
            self.is_done();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const ONE: ConversationId = ConversationId(Uuid::from_u128(1));
    const TWO: ConversationId = ConversationId(Uuid::from_u128(2));

    fn waiting() -> Telling {
        let mut telling = Telling::default();
        telling.wait(ONE, 10);
        telling.wait(TWO, 20);
        telling
    }

    #[test]
    fn one_conversation_is_told_after_the_other() {
        let mut telling = waiting();
        assert_eq!(telling.next(|_| true), Some((ONE, 10)));
        assert_eq!(telling.next(|_| true), None, "one at a time");
        telling.marked(15);
        assert_eq!(telling.comes(ONE, 15), Mark::GoesOn);
        telling.is_done();
        assert_eq!(telling.next(|one| one != TWO), None, "not followed");
        assert_eq!(telling.comes(ONE, 15), Mark::FallsBehind, "a room's own");
    }

    #[test]
    fn what_was_on_its_way_when_it_was_left_means_nothing() {
        let mut telling = waiting();
        telling.next(|_| true);
        let turn = telling.turn();
        telling.marked(15);
        telling.stop(ONE);
        assert!(!telling.is_at(turn), "what was read for it is void");
        assert_eq!(telling.next(|_| true), Some((TWO, 20)));
        assert!(!telling.is_at(turn));
        assert_eq!(telling.comes(ONE, 15), Mark::Void);
        assert_eq!(telling.comes(ONE, 15), Mark::FallsBehind, "once");
        telling.stop(TWO);
        assert_eq!(telling.comes(TWO, 25), Mark::FallsBehind, "none was queued");
    }

    #[test]
    fn who_is_left_while_it_waits_is_not_told() {
        let mut telling = waiting();
        telling.stop(TWO);
        telling.next(|_| true);
        telling.is_done();
        assert_eq!(telling.next(|_| true), None);
    }
}
