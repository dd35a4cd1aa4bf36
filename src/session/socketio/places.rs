//! What a client has joined, in the order of coming, and the last seq of each that left for it.

use parking_lot::Mutex;
use std::sync::Arc;

use crate::domain::ids::{ConversationId, Seq};
use crate::domain::offset::Offset;
use crate::store::recoveries::{Followed, Resumed};

/// The list of one client.
#[derive(Debug, Default)]
pub(super) struct Places {
    list: i64,
    followed: Vec<Followed>,
}

impl Places {
    /// Of a client that came back, or an empty one.
    pub(super) fn shared(resumed: Option<Resumed>) -> Arc<Mutex<Self>> {
        let places = resumed.map(|Resumed { list, followed }| Self { list, followed });
        Arc::new(Mutex::new(places.unwrap_or_default()))
    }

    pub(super) fn all(&self) -> Vec<Followed> {
        self.followed.clone()
    }

    pub(super) fn count(&self) -> usize {
        self.followed.len()
    }

    pub(super) fn find(&self, conversation: ConversationId) -> Option<Followed> {
        let mut followed = self.followed.iter();
        followed.find(|one| one.id == conversation).copied()
    }

    /// A conversation came; the list has this number now.
    pub(super) fn come(&mut self, list: i64, followed: Followed) {
        self.list = list;
        self.followed.push(followed);
    }

    /// A conversation went; the list has this number now.
    pub(super) fn go(&mut self, list: i64, conversation: ConversationId) {
        self.list = list;
        self.followed.retain(|one| one.id != conversation);
    }

    /// An event leaves: the client's offset after it, as JSON. `None` for what is not on the list any more.
    pub(super) fn advance(&mut self, conversation: ConversationId, seq: Seq) -> Option<Box<str>> {
        let mut followed = self.followed.iter_mut();
        let one = followed.find(|one| one.id == conversation)?;
        one.seq = one.seq.max(seq);
        let offset = Offset {
            list: self.list,
            seqs: self.followed.iter().map(|one| one.seq).collect(),
        };
        Some(format!("\"{offset}\"").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ConversationNo;
    use uuid::Uuid;

    fn one(no: i64, seq: Seq) -> Followed {
        Followed {
            id: ConversationId(Uuid::from_u128(no.unsigned_abs().into())),
            no: ConversationNo(no),
            seq,
        }
    }

    #[test]
    fn an_offset_stands_for_everything_that_has_left() {
        let mut places = Places::default();
        places.come(1, one(1, 10));
        places.come(2, one(2, 20));
        let mut leaves = |no, seq| places.advance(one(no, 0).id, seq).map(String::from);
        assert_eq!(leaves(1, 11).as_deref(), Some("\"2:11.20\""));
        assert_eq!(leaves(2, 25).as_deref(), Some("\"2:11.25\""));
        assert_eq!(leaves(1, 5).as_deref(), Some("\"2:11.25\""), "never back");
        assert_eq!(leaves(3, 1), None);
        places.go(3, one(1, 0).id);
        assert_eq!(
            places.advance(one(2, 0).id, 26).as_deref(),
            Some("\"3:26\"")
        );
    }
}
