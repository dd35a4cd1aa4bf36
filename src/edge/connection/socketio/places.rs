//! What a client has joined, in the order of coming, and the last seq of each that left for it.

use bytestring::ByteString;
use parking_lot::Mutex;
use std::sync::Arc;

use crate::domain::ids::{ConversationId, Seq};
use crate::domain::offset::write_offset;
use crate::store::recoveries::{Followed, Resumed};

/// Bytes that a number of an offset mostly fits into.
const SHORT: usize = 12;

/// The list of one client.
#[derive(Debug, Default)]
pub(super) struct Places {
    list: i64,
    followed: Vec<Followed>,
    /// Conversations of the list of which the client was told that it may not read them any more.
    lost: Vec<ConversationId>,
}

impl Places {
    /// Of a client that came back, or an empty one.
    pub(super) fn shared(resumed: Option<Resumed>) -> Arc<Mutex<Self>> {
        let places = resumed.map(|Resumed { list, followed }| Self {
            list,
            followed,
            lost: Vec::new(),
        });
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
        self.lost.retain(|one| *one != conversation);
    }

    /// The client is told that it may not read a conversation any more: until it joins again it hears nothing of it. Answers whether the
    /// conversation is on the list and has to be taken off it.
    pub(super) fn lose(&mut self, conversation: ConversationId) -> bool {
        let is_news = self.find(conversation).is_some() && !self.is_lost(conversation);
        if is_news {
            self.lost.push(conversation);
        }
        is_news
    }

    /// Whether the client was told that it may not read a conversation any more.
    pub(super) fn is_lost(&self, conversation: ConversationId) -> bool {
        self.lost.contains(&conversation)
    }

    /// An event leaves: its packet, with the client's offset after it as one more argument. `None` for what is not on the list any more.
    pub(super) fn advance(
        &mut self,
        conversation: ConversationId,
        seq: Seq,
        packet: &str,
    ) -> Option<ByteString> {
        let mut followed = self.followed.iter_mut();
        let one = followed.find(|one| one.id == conversation)?;
        one.seq = one.seq.max(seq);
        let open = packet.strip_suffix(']')?;
        let mut told = String::with_capacity(packet.len() + SHORT + self.followed.len() * SHORT);
        let seqs = self.followed.iter().map(|one| one.seq);
        told.push_str(open);
        told.push_str(",\"");
        let _ = write_offset(&mut told, self.list, seqs);
        told.push_str("\"]");
        Some(told.into())
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
        let mut leaves = |no, seq| {
            let told = places.advance(one(no, 0).id, seq, "42[\"a\",{}]");
            told.map(String::from)
        };
        let with = |offset: &str| Some(format!("42[\"a\",{{}},\"{offset}\"]"));
        assert_eq!(leaves(1, 11), with("2:11.20"));
        assert_eq!(leaves(2, 25), with("2:11.25"));
        assert_eq!(leaves(1, 5), with("2:11.25"), "never back");
        assert_eq!(leaves(3, 1), None);
        places.go(3, one(1, 0).id);
        let told = places.advance(one(2, 0).id, 26, "42[\"a\"]");
        assert_eq!(told.as_deref(), Some("42[\"a\",\"3:26\"]"));
    }

    #[test]
    fn a_conversation_is_lost_until_it_comes_again() {
        let (mut places, here) = (Places::default(), one(1, 10));
        assert!(!places.lose(here.id), "it is not on the list");
        places.come(1, here);
        assert!(places.lose(here.id) && places.is_lost(here.id));
        assert!(!places.lose(here.id), "once");
        places.go(2, here.id);
        places.come(3, here);
        assert!(!places.is_lost(here.id));
    }
}
