//! What rooms say to the registry: they ask to be forgotten, and hand on what they commit afterwards.

use actix::prelude::*;
use dashmap::DashMap;
use std::sync::Arc;

use super::{AwakeRoom, Registry};
use crate::domain::ids::ConversationId;
use crate::room::progress::Progress;
use crate::room::{Sleep, ToRegistry, ToRoom};

impl Handler<ToRegistry> for Registry {
    type Result = ();

    fn handle(&mut self, message: ToRegistry, context: &mut Self::Context) {
        match message {
            ToRegistry::Idle {
                conversation,
                progress,
                room,
            } => {
                forget(&self.awake, conversation, &progress);
                room.do_send(Sleep);
            }
            ToRegistry::Committed(conversation, entries, newcomers) => {
                let committed = ToRoom::Committed(entries, newcomers);
                self.deliver(conversation, committed, context);
            }
        }
    }
}

/// Forgets the room with this progress. One that runs in its place stays.
fn forget(
    awake: &DashMap<ConversationId, AwakeRoom>,
    conversation: ConversationId,
    progress: &Arc<Progress>,
) {
    awake.remove_if(&conversation, |_, room| {
        Arc::ptr_eq(&room.progress, progress)
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::ConversationNo;
    use crate::registry::Awake;
    use crate::room::actor::Room;

    fn room() -> AwakeRoom {
        AwakeRoom {
            address: Context::<Room>::new().address(),
            progress: Arc::new(Progress::new(ConversationNo(7), 3)),
        }
    }

    #[test]
    fn a_room_that_asks_twice_to_be_forgotten_does_not_take_its_successor_along() {
        let (awake, here) = (Awake::default(), ConversationId::fresh());
        let (first, second) = (room(), room());
        awake.insert(here, first.clone());
        forget(&awake, here, &first.progress);
        assert!(awake.is_empty());
        awake.insert(here, second.clone());
        forget(&awake, here, &first.progress);
        assert_eq!(awake.len(), 1, "the second room runs");
        forget(&awake, here, &second.progress);
        assert!(awake.is_empty());
    }
}
