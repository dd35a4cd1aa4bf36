//! The events as the clients read them: flat messages and signals; what they have no name for is the native event in camelCase.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::NAMESPACE;
use super::message::MessageDocument;
use super::people::RoomPeople;
use super::writing::written;
use crate::domain::command::Mark;
use crate::domain::conversation::PresenceStatus;
use crate::domain::encoded::Encoded;
use crate::domain::ids::{ConversationId, MessageId, Seq};
use crate::domain::room_event::{Change, MessageChange, Preview, RoomEvent, View};
use crate::domain::snapshot::UnreadCount;
use crate::edge::dialect::EncodeContext;
use crate::edge::native::instants::instant;
use crate::edge::native::payload::{Payload, payload};
use crate::edge::native::views::ConversationView;
use bytestring::ByteString;
use socketio::packet::{encode_event, encode_one};

/// Encodes an event for people with this role, or for staff; `None` for what the clients have no event for.
pub fn encode(
    event: &RoomEvent,
    context: EncodeContext<'_>,
    role: Option<&str>,
) -> Option<Encoded> {
    let bytes = match &event.change {
        Change::Message {
            kind,
            message,
            view,
        } => {
            let room = RoomPeople::new(&view.conversation, view.people.iter());
            encode_one(
                NAMESPACE,
                message_event(*kind),
                &MessageDocument::new(message, &room, context.links),
            )
        }
        Change::Created(view) => new_conversation(view, context)?,
        Change::Notice {
            preview, unread, ..
        } => notification(event.conversation, preview, *unread),
        Change::Stepped { .. } => {
            return native("chat:state-changed", event, context, role).map(Encoded::for_role);
        }
        Change::Reacted(_) => native("chat:reaction-changed", event, context, role)?,
        Change::Pinned(_) => native("chat:pin-changed", event, context, role)?,
        Change::Changed(_) | Change::Lost { .. } => {
            native("chat:conversation-updated", event, context, role)?
        }
        signal => self::signal(event.conversation, signal, context.now)?,
    };
    Some(Encoded::for_everybody(bytes))
}

/// The name of the event that announces a change of a message.
fn message_event(kind: MessageChange) -> &'static str {
    match kind {
        MessageChange::New => "chat:new-message",
        MessageChange::Updated => "chat:message-updated",
        MessageChange::Deleted => "chat:message-deleted",
    }
}

/// The native event under another name, with the room's id as these clients call it.
fn native(
    name: &str,
    event: &RoomEvent,
    context: EncodeContext<'_>,
    role: Option<&str>,
) -> Option<ByteString> {
    #[derive(Serialize)]
    struct InRoom<'a> {
        room_id: ConversationId,
        #[serde(flatten)]
        payload: Payload<'a>,
    }
    let data = written(&InRoom {
        room_id: event.conversation,
        payload: payload(event, context, role)?,
    })?;
    Some(encode_event(NAMESPACE, None, name, [data.as_str()], 0))
}

/// A conversation that is new to its reader: who asks, and the conversation itself.
fn new_conversation(view: &View, context: EncodeContext<'_>) -> Option<ByteString> {
    #[derive(Serialize)]
    struct NewConversation<'a> {
        room_id: ConversationId,
        user_id: Option<&'a str>,
        user_name: Option<&'a str>,
        user_email: Option<&'a str>,
        is_guest: bool,
        #[serde(serialize_with = "instant")]
        timestamp: DateTime<Utc>,
        conversation: ConversationView<'a>,
    }
    let (conversation, people) = (&view.conversation, view.people.in_order());
    let shown = ConversationView::for_all(conversation, people.iter().copied(), context.directory);
    let customer = RoomPeople::new(conversation, people).customer(conversation);
    let name = customer.map(|person| person.name.as_deref().unwrap_or(person.id.as_str()));
    let data = written(&NewConversation {
        room_id: conversation.id,
        user_id: customer.map(|person| person.id.as_str()),
        user_name: name,
        user_email: None,
        is_guest: false,
        timestamp: conversation.created_at,
        conversation: shown,
    })?;
    let name = "chat:new-conversation";
    Some(encode_event(NAMESPACE, None, name, [data.as_str()], 0))
}

/// A message, for somebody who is online and has not joined.
fn notification(room: ConversationId, preview: &Preview, unread: UnreadCount) -> ByteString {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Notification<'a> {
        id: MessageId,
        #[serde(rename = "type")]
        kind: &'static str,
        sub_type: &'static str,
        title: &'a str,
        message: String,
        data: serde_json::Value,
        priority: &'static str,
        #[serde(serialize_with = "instant")]
        timestamp: DateTime<Utc>,
    }
    let message = &preview.message;
    let mut data = json!({
        "roomId": room, "messageId": message.id, "senderName": preview.sender_name, "unread": unread.number(), "seq": message.seq(),
    });
    unread.note_cap(&mut data, "unreadCapped");
    let notification = Notification {
        id: message.id,
        kind: "message",
        sub_type: "new",
        title: &preview.sender_name,
        message: message.preview(),
        data,
        priority: "normal",
        timestamp: message.created_at,
    };
    encode_one(NAMESPACE, "notification:new", &notification)
}

/// What a user does or is at a moment.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Signal<'a, T> {
    room_id: ConversationId,
    user_id: &'a str,
    #[serde(flatten)]
    what: T,
    #[serde(serialize_with = "instant")]
    timestamp: DateTime<Utc>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Typing<'a> {
    user_name: &'a str,
    is_typing: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Marked {
    message_ids: Vec<Uuid>,
    seq: Seq,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attendance {
    is_guest: bool,
}

#[derive(Serialize)]
struct Presence {
    status: PresenceStatus,
}

fn signal(
    room_id: ConversationId,
    change: &Change,
    timestamp: DateTime<Utc>,
) -> Option<ByteString> {
    Some(match change {
        Change::Typing {
            user,
            name,
            is_typing,
        } => {
            let (user_id, is_typing) = (user.as_str(), *is_typing);
            let user_name = name.as_deref().unwrap_or(user_id);
            let what = Typing {
                user_name,
                is_typing,
            };
            signalled("chat:user-typing", room_id, user_id, what, timestamp)
        }
        Change::Marked {
            mark,
            user,
            seq,
            message,
            passed,
        } => {
            let what = Marked {
                message_ids: message_ids(passed, *message),
                seq: *seq,
            };
            signalled(marked(*mark), room_id, user.as_str(), what, timestamp)
        }
        Change::Attendance { user, is_here } => {
            let (name, what) = (attendance(*is_here), Attendance { is_guest: false });
            signalled(name, room_id, user.as_str(), what, timestamp)
        }
        Change::Presence { user, status } => {
            let what = Presence { status: *status };
            signalled(presence(*status), room_id, user.as_str(), what, timestamp)
        }
        Change::Message { .. }
        | Change::Reacted(_)
        | Change::Pinned(_)
        | Change::Stepped { .. }
        | Change::Acted { .. }
        | Change::StepPart { .. }
        | Change::ToUser { .. }
        | Change::Changed(_)
        | Change::Created(_)
        | Change::Lost { .. }
        | Change::Notice { .. }
        | Change::Mine(_)
        | Change::Thread(..)
        | Change::UnreadChanged { .. } => return None,
    })
}

fn marked(mark: Mark) -> &'static str {
    match mark {
        Mark::Seen(_) => "chat:messages-read",
        Mark::Delivered => "chat:messages-delivered",
    }
}

fn attendance(is_here: bool) -> &'static str {
    match is_here {
        true => "chat:user-joined",
        false => "chat:user-left",
    }
}

fn presence(status: PresenceStatus) -> &'static str {
    match status {
        PresenceStatus::Offline => "user:offline",
        PresenceStatus::Online | PresenceStatus::Away | PresenceStatus::Busy => "chat:user-status",
    }
}

fn signalled(
    name: &str,
    room_id: ConversationId,
    user_id: &str,
    what: impl Serialize,
    timestamp: DateTime<Utc>,
) -> ByteString {
    let signal = Signal {
        room_id,
        user_id,
        what,
        timestamp,
    };
    encode_one(NAMESPACE, name, &signal)
}

/// The messages that a watermark moved over, or the newest up to it.
fn message_ids(passed: &[MessageId], newest: MessageId) -> Vec<Uuid> {
    let ids: Vec<Uuid> = passed.iter().map(|id| id.to_uuid()).collect();
    match ids.is_empty() {
        true => vec![newest.to_uuid()],
        false => ids,
    }
}
