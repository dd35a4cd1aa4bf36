//! What a client has joined, in the order of coming, and the last seq of each that left for it.

use bytestring::ByteString;
use parking_lot::Mutex;
use std::sync::Arc;

use crate::domain::ids::{ConversationId, Seq};
use crate::domain::offset::write_offset;
use crate::store::recoveries::{Followed, Resumed};

/// Bytes that a number of an offset mostly fits into.
const SHORT: usize = 12;

/// What one client has joined.
#[derive(Debug, Default)]
pub(super) struct Places {
    list: i64,
    joined: Vec<Joined>,
}

#[derive(Debug)]
struct Joined {
    followed: Followed,
    /// What happened up to here was there when it joined, or came back.
    joined_at: Seq,
    /// Its user has lost it since; it is about to be taken off the list.
    is_lost: bool,
}

impl Joined {
    fn new(followed: Followed) -> Self {
        Self {
            joined_at: followed.seq,
            followed,
            is_lost: false,
        }
    }
}

impl Places {
    /// Of a client that came back, or an empty one.
    pub(super) fn shared(resumed: Option<Resumed>) -> Arc<Mutex<Self>> {
        let places = resumed.map(|Resumed { list, followed }| Self {
            list,
            joined: followed.into_iter().map(Joined::new).collect(),
        });
        Arc::new(Mutex::new(places.unwrap_or_default()))
    }

    pub(super) fn all(&self) -> Vec<Followed> {
        self.joined.iter().map(|one| one.followed).collect()
    }

    pub(super) fn count(&self) -> usize {
        self.joined.len()
    }

    pub(super) fn find(&self, conversation: ConversationId) -> Option<Followed> {
        let mut joined = self.joined.iter();
        let found = joined.find(|one| one.followed.id == conversation);
        found.map(|one| one.followed)
    }

    /// Whether the client is told of everything in a conversation.
    pub(super) fn has_joined(&self, conversation: ConversationId) -> bool {
        let mut joined = self.joined.iter();
        joined.any(|one| one.followed.id == conversation && !one.is_lost)
    }

    fn get_mut(&mut self, conversation: ConversationId) -> Option<&mut Joined> {
        let mut joined = self.joined.iter_mut();
        joined.find(|one| one.followed.id == conversation)
    }

    /// A conversation came; the list has this number now.
    pub(super) fn come(&mut self, list: i64, followed: Followed) {
        self.list = list;
        self.joined.push(Joined::new(followed));
    }

    /// The room has let the client in; everything up to this seq had happened by then.
    pub(super) fn let_in(&mut self, conversation: ConversationId, seq: Seq) {
        if let Some(one) = self.get_mut(conversation) {
            one.joined_at = seq;
            one.is_lost = false;
        }
    }

    /// The client's user may not read a conversation any more since this seq. Whether the client had joined it before.
    pub(super) fn lose(&mut self, conversation: ConversationId, seq: Seq) -> bool {
        let one = self.get_mut(conversation);
        let lost = one.filter(|one| one.joined_at < seq);
        lost.map(|one| one.is_lost = true).is_some()
    }

    /// A conversation went; the list has this number now.
    pub(super) fn go(&mut self, list: i64, conversation: ConversationId) {
        self.list = list;
        self.joined.retain(|one| one.followed.id != conversation);
    }

    /// An event leaves: its packet, with the client's offset after it as one more argument. `None` for what it has left or lost.
    pub(super) fn advance(
        &mut self,
        conversation: ConversationId,
        seq: Seq,
        packet: &str,
    ) -> Option<ByteString> {
        let one = self.get_mut(conversation).filter(|one| !one.is_lost)?;
        one.followed.seq = one.followed.seq.max(seq);
        let open = packet.strip_suffix(']')?;
        let mut told = String::with_capacity(packet.len() + SHORT + self.joined.len() * SHORT);
        let seqs = self.joined.iter().map(|one| one.followed.seq);
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
    fn what_is_lost_after_a_join_is_told_no_more_until_the_client_joins_again() {
        let (mut places, here) = (Places::default(), one(1, 0).id);
        places.come(1, one(1, 10));
        assert!(!places.lose(here, 10), "it joined after that");
        assert!(places.lose(here, 11) && !places.has_joined(here));
        assert_eq!(places.advance(here, 12, "42[\"a\"]"), None);
        places.let_in(here, 13);
        assert!(places.has_joined(here) && !places.lose(here, 13));
        assert!(!places.lose(one(2, 0).id, 20), "never joined");
    }
}
