//! Which conversation is being replayed to a client, up to where, and which ones wait.

use std::collections::VecDeque;

use crate::domain::ids::{ConversationId, JoinNo, Seq};

/// A conversation whose missed events are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Replay {
    pub(super) conversation: ConversationId,
    /// The seq up to which everything is queued.
    pub(super) after: Seq,
    /// The join that it belongs to: a later one starts anew.
    pub(super) join: JoinNo,
}

/// Replays to one client: one conversation after the other.
#[derive(Debug, Default)]
pub(super) struct ReplayQueue {
    waiting: VecDeque<Replay>,
    current: Option<Replay>,
    /// Counts replays: what was read or queued for an earlier one is ignored.
    turn: u64,
}

impl ReplayQueue {
    /// A conversation waits for its turn.
    pub(super) fn wait(&mut self, replay: Replay) {
        self.waiting.push_back(replay);
    }

    /// Begins with the next conversation, unless one is being replayed.
    pub(super) fn begin(&mut self) -> Option<Replay> {
        if self.current.is_some() {
            return None;
        }
        self.current = self.waiting.pop_front();
        self.current
    }

    /// The turn of the present replay.
    pub(super) fn turn(&self) -> u64 {
        self.turn
    }

    /// Where the present replay goes on, if this is its turn.
    pub(super) fn resume(&self, turn: u64) -> Option<Replay> {
        self.current.filter(|_| self.turn == turn)
    }

    /// A page up to this seq is queued; answers the turn that its end carries.
    pub(super) fn end_page(&mut self, queued_up_to: Seq) -> u64 {
        if let Some(current) = &mut self.current {
            current.after = queued_up_to;
        }
        self.turn
    }

    /// The present replay is over.
    pub(super) fn finish(&mut self) {
        self.current = None;
        self.turn += 1;
    }

    /// A conversation is not replayed any further. Answers the seq up to which everything is queued, if it was being replayed.
    pub(super) fn stop(&mut self, conversation: ConversationId) -> Option<Seq> {
        let is_it = |replay: &Replay| replay.conversation == conversation;
        let waiting = self.waiting.iter().find(|replay| is_it(replay)).copied();
        self.waiting.retain(|replay| !is_it(replay));
        let current = self.current.filter(is_it);
        if current.is_some() {
            self.finish();
        }
        waiting.or(current).map(|replay| replay.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const ONE: ConversationId = ConversationId(Uuid::from_u128(1));
    const TWO: ConversationId = ConversationId(Uuid::from_u128(2));

    fn replay(conversation: ConversationId, after: Seq) -> Replay {
        let join = JoinNo::default();
        Replay {
            conversation,
            after,
            join,
        }
    }

    fn waiting() -> ReplayQueue {
        let mut replays = ReplayQueue::default();
        replays.wait(replay(ONE, 10));
        replays.wait(replay(TWO, 20));
        replays
    }

    #[test]
    fn one_conversation_is_replayed_after_the_other() {
        let mut replays = waiting();
        assert_eq!(replays.begin(), Some(replay(ONE, 10)));
        assert_eq!(replays.begin(), None, "one at a time");
        let turn = replays.end_page(15);
        assert_eq!(replays.resume(turn), Some(replay(ONE, 15)));
        replays.finish();
        assert_eq!(replays.resume(turn), None, "it is over");
        assert_eq!(replays.begin(), Some(replay(TWO, 20)));
    }

    #[test]
    fn the_end_of_a_page_of_a_stopped_replay_is_ignored() {
        let mut replays = waiting();
        replays.begin();
        let turn = replays.end_page(15);
        assert_eq!(replays.stop(ONE), Some(15));
        assert_eq!(replays.stop(ONE), None);
        assert_eq!(replays.begin(), Some(replay(TWO, 20)));
        assert_eq!(replays.resume(turn), None);
        let second = replays.end_page(25);
        assert_eq!(replays.resume(turn), None, "of the other conversation");
        assert_eq!(replays.resume(second), Some(replay(TWO, 25)));
    }

    #[test]
    fn a_conversation_that_is_left_while_it_waits_is_not_replayed() {
        let mut replays = waiting();
        assert_eq!(replays.stop(TWO), Some(20));
        replays.begin();
        replays.finish();
        assert_eq!(replays.begin(), None);
    }
}
