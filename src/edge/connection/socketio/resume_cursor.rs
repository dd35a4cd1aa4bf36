//! The conversations that a client has joined, in the order of joining, each with the last seq that it was sent: from there it goes on
//! when it comes back.

use bytestring::ByteString;
use parking_lot::Mutex;
use std::sync::Arc;

use crate::domain::ids::{ConversationId, JoinNo, Seq};
use crate::domain::offset::write_offset;
use crate::store::recoveries::{JoinedConversation, Resumed};

/// Bytes that a number of an offset mostly fits into.
const SHORT: usize = 12;

/// The list of one client.
#[derive(Debug, Default)]
pub(super) struct ResumeCursor {
    list: i64,
    joined: Vec<Entry>,
    newest: JoinNo,
}

#[derive(Debug)]
struct Entry {
    conversation: JoinedConversation,
    /// Since when rooms send events to the client: a conversation that is left and joined again has another number.
    join: JoinNo,
    /// What happened up to here, it had when it joined or came back.
    joined_at: Seq,
    /// Its user may not read it any more; it is about to be removed.
    is_lost: bool,
}

impl Entry {
    fn new(conversation: JoinedConversation, join: JoinNo) -> Self {
        Self {
            joined_at: conversation.seq,
            conversation,
            join,
            is_lost: false,
        }
    }
}

impl ResumeCursor {
    /// Of a client that came back, or an empty one. The joins of one that came back have the number that is the default.
    pub(super) fn shared(resumed: Option<Resumed>) -> Arc<Mutex<Self>> {
        let entry = |one| Entry::new(one, JoinNo::default());
        let cursor = resumed.map(|Resumed { list, joined, .. }| Self {
            list,
            joined: joined.into_iter().map(entry).collect(),
            newest: JoinNo::default(),
        });
        Arc::new(Mutex::new(cursor.unwrap_or_default()))
    }

    pub(super) fn all(&self) -> Vec<JoinedConversation> {
        self.joined.iter().map(|one| one.conversation).collect()
    }

    pub(super) fn count(&self) -> usize {
        self.joined.len()
    }

    pub(super) fn find(&self, conversation: ConversationId) -> Option<JoinedConversation> {
        let mut joined = self.joined.iter();
        let found = joined.find(|one| one.conversation.id == conversation);
        found.map(|one| one.conversation)
    }

    /// Whether the client gets every event of a conversation.
    pub(super) fn has_joined(&self, conversation: ConversationId) -> bool {
        let mut joined = self.joined.iter();
        joined.any(|one| one.conversation.id == conversation && !one.is_lost)
    }

    fn get_mut(&mut self, conversation: ConversationId) -> Option<&mut Entry> {
        let mut joined = self.joined.iter_mut();
        joined.find(|one| one.conversation.id == conversation)
    }

    /// Adds a conversation; the list has this number now.
    pub(super) fn add(&mut self, list: i64, joined: JoinedConversation) {
        self.list = list;
        self.newest = self.newest.next();
        self.joined.push(Entry::new(joined, self.newest));
    }

    /// The number of the join under which the client receives the events of a conversation.
    pub(super) fn joined_by(&self, conversation: ConversationId) -> Option<JoinNo> {
        let mut joined = self.joined.iter();
        let found = joined.find(|one| one.conversation.id == conversation);
        found.map(|one| one.join)
    }

    /// The room of this join has gone: the number under which the client goes on, unless it goes on already or has joined anew.
    pub(super) fn resume(&mut self, conversation: ConversationId, join: JoinNo) -> Option<JoinNo> {
        let one = self.get_mut(conversation).filter(|one| one.join == join)?;
        one.join = join.resumed();
        Some(one.join)
    }

    /// The room has accepted the join; everything up to this seq had happened by then.
    pub(super) fn accept(&mut self, conversation: ConversationId, seq: Seq) {
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

    /// Removes a conversation; the list has this number now.
    pub(super) fn remove(&mut self, list: i64, conversation: ConversationId) {
        self.list = list;
        self.joined
            .retain(|one| one.conversation.id != conversation);
    }

    /// An event leaves: its packet, with the client's offset after it as one more argument. `None` for what it has left or lost.
    pub(super) fn advance(
        &mut self,
        conversation: ConversationId,
        seq: Seq,
        packet: &str,
    ) -> Option<ByteString> {
        let one = self.get_mut(conversation).filter(|one| !one.is_lost)?;
        one.conversation.seq = one.conversation.seq.max(seq);
        let open = packet.strip_suffix(']')?;
        let mut told = String::with_capacity(packet.len() + SHORT + self.joined.len() * SHORT);
        let seqs = self.joined.iter().map(|one| one.conversation.seq);
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

    fn one(no: i64, seq: Seq) -> JoinedConversation {
        JoinedConversation {
            id: ConversationId(Uuid::from_u128(no.unsigned_abs().into())),
            no: ConversationNo(no),
            seq,
        }
    }

    #[test]
    fn an_offset_stands_for_everything_that_has_left() {
        let mut cursor = ResumeCursor::default();
        cursor.add(1, one(1, 10));
        cursor.add(2, one(2, 20));
        let mut leaves = |no, seq| {
            let told = cursor.advance(one(no, 0).id, seq, "42[\"a\",{}]");
            told.map(String::from)
        };
        let with = |offset: &str| Some(format!("42[\"a\",{{}},\"{offset}\"]"));
        assert_eq!(leaves(1, 11), with("2:11.20"));
        assert_eq!(leaves(2, 25), with("2:11.25"));
        assert_eq!(leaves(1, 5), with("2:11.25"), "never back");
        assert_eq!(leaves(3, 1), None);
        cursor.remove(3, one(1, 0).id);
        let told = cursor.advance(one(2, 0).id, 26, "42[\"a\"]");
        assert_eq!(told.as_deref(), Some("42[\"a\",\"3:26\"]"));
    }

    #[test]
    fn the_end_of_a_room_is_heard_once_and_not_after_the_conversation_was_joined_again() {
        let (mut cursor, here) = (ResumeCursor::default(), one(1, 0).id);
        cursor.add(1, one(1, 10));
        let first = cursor.joined_by(here).expect("joined");
        let on = cursor.resume(here, first).expect("it goes on");
        assert_eq!(cursor.resume(here, first), None, "it goes on already");
        assert_eq!(cursor.joined_by(here), Some(on));
        cursor.remove(2, here);
        assert_eq!(cursor.resume(here, on), None);
        cursor.add(3, one(1, 20));
        assert_eq!(cursor.resume(here, on), None, "it has joined anew");
    }

    #[test]
    fn what_is_lost_after_a_join_is_told_no_more_until_the_client_joins_again() {
        let (mut cursor, here) = (ResumeCursor::default(), one(1, 0).id);
        cursor.add(1, one(1, 10));
        assert!(!cursor.lose(here, 10), "it joined after that");
        assert!(cursor.lose(here, 11) && !cursor.has_joined(here));
        assert_eq!(cursor.advance(here, 12, "42[\"a\"]"), None);
        cursor.accept(here, 13);
        assert!(cursor.has_joined(here) && !cursor.lose(here, 13));
        assert!(!cursor.lose(one(2, 0).id, 20), "never joined");
    }
}
