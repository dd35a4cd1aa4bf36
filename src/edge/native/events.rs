//! Stoa's own events: each is encoded once, a message a little longer for its sender, and a step differently for each role.

use bytestring::ByteString;
use serde_json::json;

use super::encode::event;
use super::payload::{Payload, payload};
use crate::domain::command::Mark;
use crate::domain::conversation::PresenceStatus;
use crate::domain::encoded::Encoded;
use crate::domain::file::CheckEnd;
use crate::domain::room_event::{Change, MessageChange, RoomEvent};
use crate::edge::dialect::EncodeContext;

/// Encodes an event for people with this role, or for staff; `None` for what has no native event.
pub fn encode(
    room_event: &RoomEvent,
    context: EncodeContext<'_>,
    role: Option<&str>,
) -> Option<Encoded> {
    let name = name_of(&room_event.change)?;
    let bytes = match payload(room_event, context, role)? {
        // Its members have always stood in the order of their names, which a `Value` puts them in.
        Payload::Conversation(data) => event(name, json!(data)),
        other => event(name, other),
    };
    Some(match &room_event.change {
        Change::Message { message, .. } => {
            let own = message_to_sender(&bytes, &message.content.client_id);
            Encoded {
                own: Some((message.sender, own)),
                ..Encoded::for_everybody(bytes)
            }
        }
        Change::Stepped { .. } => Encoded::for_role(bytes),
        _ => Encoded::for_everybody(bytes),
    })
}

/// The same event for its sender, which names the `client_id` as well: made of the bytes for everybody, since to write two strings
/// costs less than to encode a message.
fn message_to_sender(for_all: &ByteString, client_id: &str) -> ByteString {
    // Before it come a name, a UUID and a number, which cannot hold it.
    const OPENING: &str = "\"message\":{";
    let Some((before, after)) = for_all.split_once(OPENING) else {
        return for_all.clone();
    };
    let Ok(client_id) = serde_json::to_string(client_id) else {
        return for_all.clone();
    };
    let parts = [before, OPENING, "\"client_id\":", &client_id, ",", after];
    ByteString::from(parts.concat())
}

/// Tells a user that the check of a file of theirs has ended.
pub fn file_checked(end: CheckEnd) -> ByteString {
    let CheckEnd { file, refusal } = end;
    match refusal {
        None => event("file_ready", json!({ "file_id": file })),
        Some(unfit) => event(
            "file_refused",
            json!({ "file_id": file, "refusal": unfit, "message": unfit.message() }),
        ),
    }
}

/// The name of the event that announces a change of a message.
pub fn message_event(change: MessageChange) -> &'static str {
    match change {
        MessageChange::New => "new_message",
        MessageChange::Updated => "message_updated",
        MessageChange::Deleted => "message_deleted",
    }
}

fn name_of(change: &Change) -> Option<&'static str> {
    Some(match change {
        Change::Acted { .. }
        | Change::StepPart { .. }
        | Change::ToUser { .. }
        | Change::Attendance { .. } => return None,
        Change::Message { kind, .. } => message_event(*kind),
        Change::Reacted(_) => "reaction_changed",
        Change::Pinned(_) => "pin_changed",
        Change::Stepped { .. } => "conversation_state_changed",
        Change::Changed(_) | Change::Lost { .. } => "conversation_updated",
        Change::Created(_) => "conversation_created",
        Change::Marked { mark, .. } => match mark {
            Mark::Seen(_) => "message_seen",
            Mark::Delivered => "message_delivered",
        },
        Change::Typing { .. } => "user_typing",
        Change::Presence { status, .. } => match status {
            PresenceStatus::Offline => "user_offline",
            PresenceStatus::Online | PresenceStatus::Away | PresenceStatus::Busy => {
                "user_status_change"
            }
        },
        Change::Notice { .. } => "notification",
        Change::UnreadChanged { .. } => "unread_changed",
        Change::Mine(_) => "mine_changed",
        Change::Thread(..) => "thread_changed",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{ConversationId, ConversationNo, MessageId, UserId, UserNo};
    use crate::domain::message::{Content, Message};
    use crate::edge::links::Links;
    use crate::edge::native::payload::MessageData;
    use std::sync::Arc;

    #[test]
    fn the_sender_is_sent_the_same_and_the_client_id() {
        let conversation = ConversationNo(3);
        let id = ConversationId::fresh();
        let body = r#"it said "message":{ and "client_id":null"#;
        let said = Message {
            id: MessageId {
                conversation,
                seq: 4,
            },
            sender: UserNo(1),
            sender_id: UserId::stored("alice".to_owned()),
            actor_id: None,
            content: Arc::new(Content::text(Some("c \" 1".to_owned()), body.to_owned())),
            card: None,
            created_at: chrono::DateTime::UNIX_EPOCH,
            edited_at: None,
            deleted_at: None,
            from_blocked: false,
        };
        let encoded = |reader| {
            event(
                "new_message",
                MessageData::new(id, 4, &said, UserNo(reader), &Links::of_tests()),
            )
        };
        let (for_all, own) = (encoded(0), encoded(1));
        let spliced = message_to_sender(&for_all, &said.content.client_id);
        let parse = |frame: &str| serde_json::from_str::<serde_json::Value>(frame).unwrap();
        assert_eq!(parse(&spliced), parse(&own));
        assert_ne!(parse(&for_all), parse(&own));
    }
}
