//! Passes on what other servers have sent, to the rooms that need it.

use actix::dev::SendError;
use dashmap::DashSet;
use std::sync::Arc;

use super::{Deliver, Rooms};
use crate::domain::ids::ConversationId;
use crate::room::ToRoom;
use crate::room::remote::RemoteEvent;

/// The conversations whose rooms are being read. What is sent about them meanwhile waits in the registry.
pub(super) type BeingRead = Arc<DashSet<ConversationId>>;

/// What becomes of an event for a room that sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sleeping {
    /// The room is started for it, because an event is for somebody who has not joined.
    Wakes,
    /// It is dropped: a room that starts later reads what was committed.
    Sleeps,
}

/// Whether a room hears what was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It does, or need not.
    Done,
    /// Its mailbox is full.
    Missed,
}

impl Rooms {
    /// Passes on to a conversation's room what another server has sent. A room whose mailbox is full reads the entries with its next pulse.
    pub fn hear(
        &self,
        conversation: ConversationId,
        event: RemoteEvent,
        sleeping: impl FnOnce() -> Sleeping,
    ) -> Delivery {
        let event = match self.hear_awake(conversation, event) {
            Ok(delivery) => return delivery,
            Err(event) => event,
        };
        let is_needed = self.being_read.contains(&conversation) || sleeping() == Sleeping::Wakes;
        if is_needed {
            self.registry.do_send(Deliver {
                conversation,
                message: ToRoom::Remote(event),
            });
            return Delivery::Done;
        }
        // It may have been started since it was looked for.
        self.hear_awake(conversation, event)
            .unwrap_or(Delivery::Done)
    }

    /// Passes it on to every running room.
    pub fn hear_everywhere(&self, event: impl Fn() -> RemoteEvent) {
        for room in self.awake.iter() {
            room.address.do_send(ToRoom::Remote(event()));
        }
    }

    /// Passes it on to a running room; gives the event back if there is none. Attendance is passed on even if
    /// the mailbox is full, because no check reads it.
    fn hear_awake(
        &self,
        conversation: ConversationId,
        event: RemoteEvent,
    ) -> Result<Delivery, RemoteEvent> {
        let Some(room) = self.awake.get(&conversation) else {
            return Err(event);
        };
        match room.address.try_send(ToRoom::Remote(event)) {
            Err(SendError::Full(kept @ ToRoom::Remote(RemoteEvent::Attendance(..)))) => {
                room.address.do_send(kept);
                Ok(Delivery::Done)
            }
            Err(SendError::Full(_)) => {
                room.progress.fall_behind();
                Ok(Delivery::Missed)
            }
            Err(SendError::Closed(ToRoom::Remote(event))) => Err(event),
            Ok(()) | Err(SendError::Closed(_)) => Ok(Delivery::Done),
        }
    }
}
