//! The events that the page listens to.

use bytestring::ByteString;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::message::MessageDocument;
use super::people::Place;
use super::{NAMESPACE, reactions};
use crate::domain::annotation::{Placing, Reacted};
use crate::domain::conversation::PresenceStatus;
use crate::domain::encoded::Encoded;
use crate::domain::ids::{ConversationId, UserId};
use crate::domain::message::Message;
use crate::domain::room_event::{Change, MessageChange, Preview, RoomEvent, View};
use crate::domain::snapshot::UnreadCount;
use crate::edge::dialect::EncodeContext;
use crate::edge::native::instants::{instant, maybe_instant};
use socketio::packet::encode_one;

/// Encodes an event, the same for everybody; `None` for what the page has no event for.
pub fn encode(
    event: &RoomEvent,
    context: EncodeContext<'_>,
    _role: Option<&str>,
) -> Option<Encoded> {
    let conversation = event.conversation;
    let bytes = match &event.change {
        Change::Message {
            kind,
            message,
            view,
        } => message_event(*kind, message, view, context),
        Change::Reacted(reacted) => reaction(conversation, reacted),
        Change::Typing {
            user, is_typing, ..
        } => {
            let typing =
                json!({ "userId": user, "isTyping": is_typing, "conversationId": conversation });
            encode_one(NAMESPACE, "user_typing", &typing)
        }
        Change::Presence { user, status } => presence(user, *status),
        Change::Notice {
            preview, unread, ..
        } => notification(conversation, preview, *unread),
        Change::Pinned(_)
        | Change::Thread(..)
        | Change::Stepped { .. }
        | Change::Acted { .. }
        | Change::StepPart { .. }
        | Change::ToUser { .. }
        | Change::Changed(_)
        | Change::Created(_)
        | Change::Lost { .. }
        | Change::Marked { .. }
        | Change::Attendance { .. }
        | Change::Mine(_)
        | Change::UnreadChanged { .. } => return None,
    };
    Some(Encoded::for_everybody(bytes))
}

/// What became of a message that was said before.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Changed<'a> {
    message_id: Uuid,
    conversation_id: ConversationId,
    sender_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Edited<'a> {
    #[serde(flatten)]
    changed: Changed<'a>,
    content: &'a str,
    #[serde(serialize_with = "maybe_instant")]
    edited_at: Option<DateTime<Utc>>,
}

fn message_event(
    kind: MessageChange,
    message: &Message,
    view: &View,
    context: EncodeContext<'_>,
) -> ByteString {
    let place = Place::new(&view.conversation, view.people.iter(), context.system);
    let changed = || Changed {
        message_id: message.id.to_uuid(),
        conversation_id: place.id,
        sender_id: place.sender(message).id(),
    };
    match kind {
        MessageChange::New => {
            let said = MessageDocument::new(message, &place, context.links);
            encode_one(NAMESPACE, "new_message", &said)
        }
        MessageChange::Updated => {
            let edited = Edited {
                changed: changed(),
                content: &message.content.body,
                edited_at: message.edited_at,
            };
            encode_one(NAMESPACE, "message_edited", &edited)
        }
        MessageChange::Deleted => encode_one(NAMESPACE, "message_deleted", &changed()),
    }
}

fn reaction(conversation: ConversationId, reacted: &Reacted) -> ByteString {
    let name = match reacted.placing {
        Placing::Added => "message_reaction",
        Placing::Removed => "message_reaction_removed",
    };
    let data = json!({
        "messageId": reacted.target.message, "conversationId": conversation,
        "reactionType": reactions::name(&reacted.emoji), "userId": reacted.user_id, "count": reacted.count,
    });
    encode_one(NAMESPACE, name, &data)
}

fn presence(user: &UserId, status: PresenceStatus) -> ByteString {
    let name = match status {
        PresenceStatus::Offline => "user_offline",
        PresenceStatus::Online | PresenceStatus::Away | PresenceStatus::Busy => "user_online",
    };
    encode_one(
        NAMESPACE,
        name,
        &json!({ "userId": user, "status": status }),
    )
}

/// A message, for somebody who is online and has not joined.
fn notification(
    conversation: ConversationId,
    preview: &Preview,
    unread: UnreadCount,
) -> ByteString {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Notification<'a> {
        id: Uuid,
        #[serde(rename = "type")]
        kind: &'static str,
        title: &'a str,
        message: String,
        module: &'static str,
        priority: &'static str,
        action_url: &'static str,
        conversation_id: ConversationId,
        unread_count: i64,
        #[serde(serialize_with = "instant")]
        timestamp: DateTime<Utc>,
    }
    let message = &preview.message;
    let notification = Notification {
        id: message.id.to_uuid(),
        kind: "message",
        title: &preview.sender_name,
        message: message.preview(),
        module: "messaging",
        priority: "medium",
        action_url: "/messaging",
        conversation_id: conversation,
        unread_count: unread.number(),
        timestamp: message.created_at,
    };
    encode_one(NAMESPACE, "new_notification", &notification)
}
