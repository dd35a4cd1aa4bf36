//! Passes on what other servers have told, to the rooms that need it.

use actix::dev::SendError;
use dashmap::DashSet;
use std::sync::Arc;

use super::{Deliver, Rooms};
use crate::domain::ids::ConversationId;
use crate::room::ToRoom;
use crate::room::remote::RemoteEvent;

/// The conversations whose rooms are being read. What is told of them meanwhile waits in the registry.
pub(super) type BeingRead = Arc<DashSet<ConversationId>>;

/// What becomes of an event for a room that sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sleeping {
    /// The room is started for it, because somebody who has not joined is to be told.
    Wakes,
    /// It is dropped: a room that starts later reads what was committed.
    Sleeps,
}

impl Rooms {
    /// Tells a conversation's room what another server has told. A room whose mailbox is full reads with its next pulse.
    pub fn hear(
        &self,
        conversation: ConversationId,
        event: RemoteEvent,
        sleeping: impl FnOnce() -> Sleeping,
    ) {
        let Some(event) = self.hear_awake(conversation, event) else {
            return;
        };
        let is_needed = self.being_read.contains(&conversation) || sleeping() == Sleeping::Wakes;
        if is_needed {
            return self.registry.do_send(Deliver {
                conversation,
                message: ToRoom::Remote(event),
            });
        }
        // It may have been started since it was looked for.
        self.hear_awake(conversation, event);
    }

    /// Tells every running room.
    pub fn hear_everywhere(&self, event: impl Fn() -> RemoteEvent) {
        for room in self.awake.iter() {
            room.address.do_send(ToRoom::Remote(event()));
        }
    }

    /// Tells a running room; gives the event back if there is none.
    fn hear_awake(&self, conversation: ConversationId, event: RemoteEvent) -> Option<RemoteEvent> {
        let Some(room) = self.awake.get(&conversation) else {
            return Some(event);
        };
        match room.address.try_send(ToRoom::Remote(event)) {
            Ok(()) => None,
            Err(SendError::Full(_)) => {
                room.progress.fall_behind();
                None
            }
            Err(SendError::Closed(ToRoom::Remote(event))) => Some(event),
            Err(SendError::Closed(_)) => None,
        }
    }
}
