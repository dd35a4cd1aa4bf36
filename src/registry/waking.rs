//! What waits for rooms that are being read: each room is read once, and what came meanwhile reaches it in the order of coming. Pure.

use std::collections::HashMap;

use crate::domain::ids::ConversationId;

/// Messages by the conversation that is being read.
pub(super) struct Waking<T>(HashMap<ConversationId, Vec<T>>);

impl<T> Default for Waking<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T> Waking<T> {
    /// Lets a message wait where its conversation is being read already; gives it back where it is not.
    pub(super) fn wait(&mut self, conversation: ConversationId, message: T) -> Result<(), T> {
        match self.0.get_mut(&conversation) {
            Some(waiting) => {
                waiting.push(message);
                Ok(())
            }
            None => Err(message),
        }
    }

    /// Whether a conversation is being read.
    pub(super) fn is_waking(&self, conversation: ConversationId) -> bool {
        self.0.contains_key(&conversation)
    }

    /// A conversation is about to be read for a first message.
    pub(super) fn begin(&mut self, conversation: ConversationId, first: T) {
        self.0.insert(conversation, vec![first]);
    }

    /// It was read, or could not be: what waited, in the order of coming.
    pub(super) fn end(&mut self, conversation: ConversationId) -> Vec<T> {
        self.0.remove(&conversation).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_read_once_and_hears_what_came_meanwhile_in_its_order() {
        let (here, there) = (ConversationId::fresh(), ConversationId::fresh());
        let mut waking = Waking::default();
        assert_eq!(waking.wait(here, "first"), Err("first"));
        waking.begin(here, "first");
        assert_eq!(waking.wait(here, "second"), Ok(()));
        assert_eq!(waking.wait(there, "elsewhere"), Err("elsewhere"));
        waking.begin(there, "elsewhere");
        assert_eq!(waking.wait(here, "third"), Ok(()));
        assert_eq!(waking.end(here), ["first", "second", "third"]);
        assert_eq!(waking.end(there), ["elsewhere"]);
        assert_eq!(waking.wait(here, "later"), Err("later"), "it is awake");
        assert!(waking.end(here).is_empty());
    }
}
