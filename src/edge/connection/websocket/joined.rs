//! The conversations that a session has joined or has asked to join. A refused join does not count against the limit.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::ids::{ConversationId, JoinNo};
use crate::domain::offset::MOST_JOINED;
use crate::error::Error;

/// Shared with the answers that are still to come.
#[derive(Clone, Default)]
pub(super) struct Joined(Arc<Mutex<JoinedConversations>>);

#[derive(Default)]
struct JoinedConversations {
    newest: JoinNo,
    conversations: HashMap<ConversationId, Join>,
}

struct Join {
    /// The newest join that was asked for.
    asked: JoinNo,
    /// The newest join that was accepted: the session listens since.
    accepted: Option<JoinNo>,
}

impl Joined {
    /// A join is asked for; answers its number, or none where the session has joined as many as it may.
    pub(super) fn begin(&self, conversation: ConversationId) -> Option<JoinNo> {
        let mut joins = self.0.lock();
        let is_new = !joins.conversations.contains_key(&conversation);
        if is_new && joins.conversations.len() >= MOST_JOINED {
            return None;
        }
        let asked = joins.newest.next();
        joins.newest = asked;
        let join = joins.conversations.entry(conversation).or_insert(Join {
            asked,
            accepted: None,
        });
        join.asked = asked;
        Some(asked)
    }

    /// A join was accepted: the session listens.
    pub(super) fn accepted(&self, conversation: ConversationId, join: JoinNo) {
        if let Some(known) = self.0.lock().conversations.get_mut(&conversation) {
            known.accepted = known.accepted.max(Some(join));
        }
    }

    /// A join was refused. Where another was asked for since, that one counts; where it may be tried again, the session goes on
    /// listening if it did, and the room sees to that.
    pub(super) fn refused(&self, conversation: ConversationId, join: JoinNo, refusal: &Error) {
        let mut joins = self.0.lock();
        let goes_on = |known: &Join| !refusal.is_final() && known.accepted.is_some();
        let stays = |known: &Join| known.asked != join || goes_on(known);
        if !joins.conversations.get(&conversation).is_none_or(stays) {
            joins.conversations.remove(&conversation);
        }
    }

    /// The room of the accepted join has gone: the number under which the session goes on, unless it has joined anew or goes on already.
    pub(super) fn resume(&self, conversation: ConversationId, join: JoinNo) -> Option<JoinNo> {
        let mut joins = self.0.lock();
        let known = joins.conversations.get_mut(&conversation)?;
        let resumed = known
            .accepted
            .filter(|accepted| *accepted == join)?
            .resumed();
        known.accepted = Some(resumed);
        Some(resumed)
    }

    /// The session leaves it.
    pub(super) fn leave(&self, conversation: ConversationId) {
        self.0.lock().conversations.remove(&conversation);
    }

    /// Its user may not read it any more: the session does not listen.
    pub(super) fn lost(&self, conversation: ConversationId) {
        if let Some(known) = self.0.lock().conversations.get_mut(&conversation) {
            known.accepted = None;
        }
    }

    /// The join since which the session listens to a conversation.
    pub(super) fn accepted_join(&self, conversation: ConversationId) -> Option<JoinNo> {
        self.0.lock().conversations.get(&conversation)?.accepted
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<ConversationId> {
        self.0.lock().conversations.keys().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::refusal::Refusal;

    fn not_found() -> Error {
        Refusal::ConversationNotFound.into()
    }

    #[test]
    fn joins_that_are_refused_take_no_place() {
        let joined = Joined::default();
        for _ in 0..2 * MOST_JOINED {
            let conversation = ConversationId::fresh();
            let number = joined.begin(conversation).expect("a number");
            joined.refused(conversation, number, &not_found());
        }
        assert!(joined.all().is_empty());
        (0..MOST_JOINED).for_each(|_| assert!(joined.begin(ConversationId::fresh()).is_some()));
        assert_eq!(joined.begin(ConversationId::fresh()), None);
        let again = joined.all()[0];
        assert!(joined.begin(again).is_some(), "one of its own again");
    }

    #[test]
    fn a_late_refusal_says_nothing_of_a_later_join() {
        let (joined, conversation) = (Joined::default(), ConversationId::fresh());
        let first = joined.begin(conversation).expect("a number");
        let second = joined.begin(conversation).expect("a number");
        joined.refused(conversation, first, &not_found());
        assert_eq!(joined.all(), [conversation]);
        joined.refused(conversation, second, &not_found());
        assert!(joined.all().is_empty());
    }

    #[test]
    fn a_join_that_may_be_tried_again_ends_no_listening() {
        let (joined, conversation) = (Joined::default(), ConversationId::fresh());
        let busy: Error = Refusal::Unavailable("busy").into();
        let number = joined.begin(conversation).expect("a number");
        joined.refused(conversation, number, &busy);
        assert!(joined.all().is_empty(), "it never listened");
        let first = joined.begin(conversation).expect("a number");
        joined.accepted(conversation, first);
        let again = joined.begin(conversation).expect("a number");
        joined.refused(conversation, again, &busy);
        assert_eq!(joined.accepted_join(conversation), Some(first));
        let third = joined.begin(conversation).expect("a number");
        joined.refused(conversation, third, &Error::internal("a fault"));
        assert_eq!(joined.accepted_join(conversation), Some(first));
        let last = joined.begin(conversation).expect("a number");
        joined.refused(conversation, last, &not_found());
        assert_eq!(joined.accepted_join(conversation), None);
    }

    #[test]
    fn the_end_of_a_room_is_heard_once_and_not_after_a_later_join() {
        let (joined, conversation) = (Joined::default(), ConversationId::fresh());
        let first = joined.begin(conversation).expect("a number");
        assert_eq!(
            joined.resume(conversation, first),
            None,
            "it has not joined yet"
        );
        joined.accepted(conversation, first);
        let on = joined.resume(conversation, first).expect("it goes on");
        assert_eq!(
            joined.resume(conversation, first),
            None,
            "it goes on already"
        );
        assert_eq!(joined.accepted_join(conversation), Some(on));
        let second = joined.begin(conversation).expect("a number");
        let on = joined.resume(conversation, on).expect("it goes on");
        joined.accepted(conversation, second);
        assert_eq!(joined.accepted_join(conversation), Some(second));
        assert_eq!(joined.resume(conversation, on), None, "it has joined anew");
        joined.leave(conversation);
        assert_eq!(joined.resume(conversation, second), None);
    }
}
