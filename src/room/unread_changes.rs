//! Collects changes of unread counts and of the newest visible message until the next pulse, then sends them to
//! sessions that have not joined.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::actor::Room;
use crate::domain::conversation::Participant;
use crate::domain::ids::{Seq, SessionId, UserNo};
use crate::domain::message::{Message, MessageKind};
use crate::domain::room_event::Change;
use crate::queue::{ChatFrame, ConnectionQueue, EventReader, Heard};
use crate::store::unread_state::{ReadBefore, UnreadChange, UnreadState};

/// Read watermarks that moved, and messages that were edited or deleted.
#[derive(Debug, Default)]
pub(super) struct UnreadChanges {
    /// Each watermark before its first move.
    read_before: HashMap<UserNo, Seq>,
    /// The messages as they are now.
    messages: HashMap<Seq, Message>,
    /// Those who are told in any case.
    counted: HashSet<UserNo>,
}

impl UnreadChanges {
    /// A user has read beyond `before`.
    pub(super) fn add_reader(&mut self, user: UserNo, before: Seq) {
        let stood = self.read_before.entry(user).or_insert(before);
        *stood = before.min(*stood);
    }

    /// A user is told their count, whatever has become of it.
    pub(super) fn add_counted(&mut self, user: UserNo) {
        self.counted.insert(user);
    }

    /// A message was edited or deleted.
    pub(super) fn add_message(&mut self, message: &Message) {
        self.messages.insert(message.seq(), message.clone());
    }

    /// Adds later changes.
    pub(super) fn append(&mut self, later: Self) {
        for (user, before) in later.read_before {
            self.add_reader(user, before);
        }
        self.messages.extend(later.messages);
        self.counted.extend(later.counted);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.read_before.is_empty() && self.messages.is_empty() && self.counted.is_empty()
    }

    /// Whether a participant may be affected.
    fn may_concern(&self, person: &Participant) -> bool {
        let visible = |message: &Message| message.is_visible_to(person.sight());
        self.read_before.contains_key(&person.no)
            || self.counted.contains(&person.no)
            || self.messages.values().any(visible)
    }

    fn read_before(&self, person: &Participant) -> ReadBefore {
        let stood = self.read_before.get(&person.no).copied();
        ReadBefore {
            user: person.no,
            seq: stood.unwrap_or(person.read_seq),
        }
    }

    /// Whether the user's count or newest visible message differs from what the user was last sent.
    pub(super) fn is_news_for(&self, state: &UnreadState) -> bool {
        let mut messages = self.messages.values();
        state.has_read_some
            || self.counted.contains(&state.reader.no)
            || messages.any(|message| changes_what_was_sent(message, state))
    }
}

/// Whether a message that was edited or deleted counted as unread, is the newest one, or is the last one that a
/// notification was about.
fn changes_what_was_sent(message: &Message, state: &UnreadState) -> bool {
    let (reader, seq) = (&state.reader, Some(message.seq()));
    let is_for_others = message.sender != reader.no && message.content.kind != MessageKind::Audit;
    let counted =
        is_for_others && (message.seq() > state.read_before || message.content.thread.is_some());
    let is_shown = seq == state.newest || seq == state.newest_of_others;
    message.is_visible_to(reader.sight()) && (is_shown || (counted && message.deleted_at.is_some()))
}

impl Room {
    /// A user's sessions that have not joined and whose dialect has an event for unread counts.
    fn sessions_elsewhere(
        &self,
        user: UserNo,
        joined: &HashSet<SessionId>,
    ) -> Vec<Arc<ConnectionQueue>> {
        let mut sessions = self.queues_elsewhere(user, joined);
        sessions.retain(|queue| queue.state().hears_unread_changes());
        sessions
    }

    /// The affected participants who have such a session.
    pub(super) fn readers_elsewhere(&self, changes: &UnreadChanges) -> Vec<ReadBefore> {
        if changes.is_empty() {
            return Vec::new();
        }
        let joined = self.joined_sessions();
        let readers = self.state.everybody().filter(|person| {
            person.may_read().is_ok()
                && changes.may_concern(person)
                && !self.sessions_elsewhere(person.no, &joined).is_empty()
        });
        readers.map(|person| changes.read_before(person)).collect()
    }

    /// Sends each reader's new state to these sessions.
    pub(super) fn tell_unread_changes(&self, changes: &[UnreadChange]) {
        let joined = self.joined_sessions();
        for (state, message) in changes {
            let reader = self.state.person(state.reader.no);
            if reader.is_none_or(|person| person.may_read().is_err()) {
                continue;
            }
            let changed = Change::UnreadChanged {
                seq: state.seq,
                read_seq: state.read_seq,
                unread: state.count,
                last_message: message.as_ref().map(|message| self.preview(message)),
            };
            let changed = self.event(None, changed);
            for queue in self.sessions_elsewhere(state.reader.no, &joined) {
                queue.push(ChatFrame::event(
                    &changed,
                    EventReader::ANYBODY,
                    Heard::Elsewhere,
                ));
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::domain::ids::{ConversationNo, MessageId, UserId};
    use crate::domain::message::{Audience, Content};
    use crate::domain::snapshot::{Reader, UnreadCount};

    const ALICE: UserNo = UserNo(1);
    const BOB: UserNo = UserNo(2);

    pub(in crate::room) fn message(seq: Seq, sender: UserNo) -> Message {
        let conversation = ConversationNo(1);
        Message {
            id: MessageId { conversation, seq },
            sender,
            sender_id: UserId::stored("somebody".to_owned()),
            actor_id: None,
            content: Arc::new(Content::text(None, "hello".to_owned())),
            card: None,
            created_at: chrono::DateTime::UNIX_EPOCH,
            edited_at: None,
            deleted_at: None,
            from_blocked: false,
        }
    }

    fn deleted(message: Message) -> Message {
        Message {
            deleted_at: Some(chrono::DateTime::UNIX_EPOCH),
            ..message
        }
    }

    /// Bob has read up to 4; 9 is the newest message, his own, and 7 is the newest of others.
    fn state() -> UnreadState {
        UnreadState {
            reader: Reader {
                no: BOB,
                role: Some("member".to_owned()),
                sees_from: 0,
            },
            seq: 9,
            read_seq: 4,
            read_before: 4,
            count: UnreadCount::Exactly(3),
            has_read_some: false,
            newest: Some(9),
            newest_of_others: Some(7),
        }
    }

    fn is_news(message: &Message) -> bool {
        let mut changes = UnreadChanges::default();
        changes.add_message(message);
        changes.is_news_for(&state())
    }

    #[test]
    fn a_deletion_is_news_where_it_was_unread_or_shown() {
        for (seq, sender, wanted) in [
            (3, ALICE, false),
            (5, ALICE, true),
            (5, BOB, false),
            (7, ALICE, true),
            (8, BOB, false),
            (9, BOB, true),
        ] {
            assert_eq!(is_news(&deleted(message(seq, sender))), wanted, "{seq}");
        }
    }

    #[test]
    fn an_edit_is_news_where_it_was_shown() {
        for (seq, sender, wanted) in [(3, ALICE, false), (5, ALICE, false), (7, ALICE, true)] {
            assert_eq!(is_news(&message(seq, sender)), wanted, "{seq}");
        }
        assert!(is_news(&message(9, BOB)));
    }

    #[test]
    fn what_somebody_may_not_see_is_no_news() {
        for (audience, wanted) in [
            (Audience::User(BOB), true),
            (Audience::User(ALICE), false),
            (Audience::Role("member".to_owned()), true),
            (Audience::Role("agent".to_owned()), false),
        ] {
            let mut hidden = deleted(message(7, ALICE));
            Arc::make_mut(&mut hidden.content).audience = Some(audience.clone());
            assert_eq!(is_news(&hidden), wanted, "{audience:?}");
        }
    }

    #[test]
    fn a_message_that_was_read_and_deleted_between_two_pulses_is_news() {
        let mut changes = UnreadChanges::default();
        changes.add_message(&deleted(message(5, ALICE)));
        let read = UnreadState {
            read_seq: 6,
            ..state()
        };
        assert!(changes.is_news_for(&read), "it was unread when told last");
        let before = UnreadState {
            read_before: 6,
            ..read
        };
        assert!(!changes.is_news_for(&before));
    }

    #[test]
    fn the_earliest_watermark_and_the_latest_wording_count() {
        let mut changes = UnreadChanges::default();
        changes.add_reader(BOB, 4);
        changes.add_reader(BOB, 6);
        changes.add_message(&message(5, ALICE));
        let mut later = UnreadChanges::default();
        later.add_reader(BOB, 8);
        later.add_message(&deleted(message(5, ALICE)));
        changes.append(later);
        assert_eq!(changes.read_before.get(&BOB), Some(&4));
        assert!(changes.is_news_for(&state()), "it is deleted by now");
    }
}
