//! Which conversation is being replayed to a client, up to where, and which ones wait.

use std::collections::VecDeque;

use crate::domain::ids::{ConversationId, Seq};

/// Replays to one client: one conversation after the other.
#[derive(Debug, Default)]
pub(super) struct Telling {
    waiting: VecDeque<(ConversationId, Seq)>,
    /// The conversation that is replayed now, and the seq up to which its events are queued.
    current: Option<(ConversationId, Seq)>,
    /// Counts replays: what was read or queued for an earlier one is ignored.
    turn: u64,
}

impl Telling {
    /// A conversation waits for its turn.
    pub(super) fn wait(&mut self, conversation: ConversationId, after: Seq) {
        self.waiting.push_back((conversation, after));
    }

    /// Begins with the next conversation that is still followed, unless one is being replayed.
    pub(super) fn next(
        &mut self,
        is_followed: impl Fn(ConversationId) -> bool,
    ) -> Option<(ConversationId, Seq)> {
        if self.current.is_some() {
            return None;
        }
        while let Some((conversation, after)) = self.waiting.pop_front() {
            if is_followed(conversation) {
                self.current = Some((conversation, after));
                return self.current;
            }
        }
        None
    }

    /// The turn of the present replay.
    pub(super) fn turn(&self) -> u64 {
        self.turn
    }

    /// Where the present replay goes on, if this is its turn.
    pub(super) fn resume(&self, turn: u64) -> Option<(ConversationId, Seq)> {
        self.current.filter(|_| self.turn == turn)
    }

    /// A page up to this seq is queued; answers the turn that its end carries.
    pub(super) fn end_page(&mut self, told_up_to: Seq) -> u64 {
        if let Some((_, after)) = &mut self.current {
            *after = told_up_to;
        }
        self.turn
    }

    /// The present replay is over.
    pub(super) fn is_done(&mut self) {
        self.current = None;
        self.turn += 1;
    }

    /// A conversation is not replayed any further.
    pub(super) fn stop(&mut self, conversation: ConversationId) {
        self.waiting.retain(|(waiting, _)| *waiting != conversation);
        if self
            .current
            .is_some_and(|(current, _)| current == conversation)
        {
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
    fn one_conversation_is_replayed_after_the_other() {
        let mut telling = waiting();
        assert_eq!(telling.next(|_| true), Some((ONE, 10)));
        assert_eq!(telling.next(|_| true), None, "one at a time");
        let turn = telling.end_page(15);
        assert_eq!(telling.resume(turn), Some((ONE, 15)));
        telling.is_done();
        assert_eq!(telling.resume(turn), None, "it is over");
        assert_eq!(telling.next(|one| one != TWO), None, "not followed");
    }

    #[test]
    fn the_end_of_a_page_of_a_stopped_replay_is_ignored() {
        let mut telling = waiting();
        telling.next(|_| true);
        let turn = telling.end_page(15);
        telling.stop(ONE);
        assert_eq!(telling.next(|_| true), Some((TWO, 20)));
        assert_eq!(telling.resume(turn), None);
        let second = telling.end_page(25);
        assert_eq!(telling.resume(turn), None, "of the other conversation");
        assert_eq!(telling.resume(second), Some((TWO, 25)));
    }

    #[test]
    fn a_conversation_that_is_left_while_it_waits_is_not_replayed() {
        let mut telling = waiting();
        telling.stop(TWO);
        telling.next(|_| true);
        telling.is_done();
        assert_eq!(telling.next(|_| true), None);
    }
}
