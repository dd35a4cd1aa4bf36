//! The native events under the guide's names, with the native data in camelCase.

use super::NAMESPACE;
use super::writing::written;
use crate::domain::command::Mark;
use crate::domain::conversation::PresenceStatus;
use crate::domain::encoded::Encoded;
use crate::domain::room_event::{Change, MessageChange, RoomEvent};
use crate::edge::dialect::EncodeContext;
use crate::edge::native::payload::payload;
use socketio::packet::encode_event;

/// Encodes an event for people with this role, or for staff; `None` for what the guide has no event for.
pub fn encode(
    event: &RoomEvent,
    context: EncodeContext<'_>,
    role: Option<&str>,
) -> Option<Encoded> {
    let name = name_of(&event.change)?;
    let data = written(&payload(event, context.directory, role)?)?;
    let bytes = encode_event(NAMESPACE, None, name, [data.as_str()], 0);
    Some(match event.change {
        Change::Stepped { .. } => Encoded::for_role(bytes),
        _ => Encoded::for_everybody(bytes),
    })
}

fn name_of(change: &Change) -> Option<&'static str> {
    Some(match change {
        Change::Acted { .. }
        | Change::StepPart { .. }
        | Change::ToUser { .. }
        | Change::UnreadChanged { .. } => return None,
        Change::Message { kind, .. } => match kind {
            MessageChange::New => "chat:new-message",
            MessageChange::Updated => "chat:message-updated",
            MessageChange::Deleted => "chat:message-deleted",
        },
        Change::Stepped { .. } => "chat:state-changed",
        Change::Changed(_) | Change::Lost { .. } => "chat:conversation-updated",
        Change::Created(_) => "chat:new-conversation",
        Change::Marked { mark, .. } => match mark {
            Mark::Seen => "chat:messages-read",
            Mark::Delivered => "chat:messages-delivered",
        },
        Change::Typing { .. } => "chat:user-typing",
        Change::Presence { status, .. } => match status {
            PresenceStatus::Offline => "chat:user-offline",
            PresenceStatus::Online | PresenceStatus::Away | PresenceStatus::Busy => {
                "chat:user-status"
            }
        },
        Change::Notice { .. } => "notification:new",
    })
}
