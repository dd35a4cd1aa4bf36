//! Who wrote the newest messages of a room: whom a delivered mark concerns, and which message a seq means. Pure.

use std::collections::VecDeque;

use crate::domain::ids::{Seq, UserNo};

/// Newest messages whose authors a room remembers.
const REMEMBERED: usize = 512;

/// The newest messages by seq, each with who wrote it.
#[derive(Debug, Default)]
pub(super) struct Authors(VecDeque<(Seq, UserNo)>);

impl Authors {
    /// A message was announced; it is newer than all others.
    pub(super) fn remember(&mut self, seq: Seq, author: UserNo) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((seq, author));
    }

    /// The newest message up to a seq, as far as the room remembers; what is older is named by the seq itself.
    pub(super) fn newest(&self, seq: Seq) -> Seq {
        let mut said = self.0.iter().rev().map(|(at, _)| *at);
        said.find(|at| *at <= seq).unwrap_or(seq)
    }

    /// The messages of others beyond `before` up to `seq`, as far as the room remembers.
    pub(super) fn of_others(&self, user: UserNo, before: Seq, seq: Seq) -> Vec<Seq> {
        let range = self.0.iter().filter(|(at, _)| *at > before && *at <= seq);
        let of_others = range.filter(|(_, author)| *author != user);
        of_others.map(|(at, _)| *at).collect()
    }

    /// Who wrote the messages beyond `before` up to `seq`; `None` when that is longer ago than the room remembers.
    pub(super) fn between(&self, before: Seq, seq: Seq) -> Option<Vec<UserNo>> {
        let (oldest, _) = self.0.front()?;
        let range = self.0.iter().filter(|(at, _)| *at > before && *at <= seq);
        (*oldest <= before + 1).then(|| range.map(|(_, author)| *author).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: UserNo = UserNo(1);
    const BOB: UserNo = UserNo(2);

    fn said(messages: &[(Seq, UserNo)]) -> Authors {
        let mut authors = Authors::default();
        for (seq, author) in messages {
            authors.remember(*seq, *author);
        }
        authors
    }

    #[test]
    fn a_mark_concerns_those_who_wrote_what_it_moves_over() {
        let authors = said(&[(4, ALICE), (6, BOB), (7, ALICE)]);
        assert_eq!(authors.between(3, 4), Some(vec![ALICE]));
        assert_eq!(authors.between(4, 6), Some(vec![BOB]));
        assert_eq!(authors.between(3, 9), Some(vec![ALICE, BOB, ALICE]));
        assert_eq!(authors.between(4, 5), Some(Vec::new()));
        assert_eq!(authors.between(2, 7), None, "3 may have been a message");
        assert_eq!(said(&[]).between(0, 3), None);
    }

    #[test]
    fn what_somebody_reads_are_the_messages_of_others() {
        let authors = said(&[(4, ALICE), (6, BOB), (7, ALICE), (9, ALICE)]);
        assert_eq!(authors.of_others(BOB, 3, 7), [4, 7]);
        assert_eq!(authors.of_others(BOB, 4, 9), [7, 9]);
        assert_eq!(authors.of_others(ALICE, 6, 9), [] as [Seq; 0]);
    }

    #[test]
    fn a_seq_means_the_newest_message_up_to_it() {
        let authors = said(&[(4, ALICE), (6, BOB)]);
        for (seq, message) in [(4, 4), (5, 4), (6, 6), (9, 6), (3, 3)] {
            assert_eq!(authors.newest(seq), message, "{seq}");
        }
    }

    #[test]
    fn what_is_long_ago_is_forgotten() {
        let most = REMEMBERED as Seq;
        let messages: Vec<_> = (1..=most + 1).map(|seq| (seq, ALICE)).collect();
        let authors = said(&messages);
        assert_eq!(authors.between(0, 1), None);
        assert_eq!(authors.between(1, 2), Some(vec![ALICE]));
        assert_eq!(authors.0.len(), REMEMBERED);
    }
}
