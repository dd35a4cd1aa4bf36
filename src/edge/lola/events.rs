//! What happens, under the guide's names.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::NAMESPACE;
use super::views::{At, ConversationView, FlowView, MessageView};
use crate::domain::command::Mark;
use crate::domain::conversation::PresenceStatus;
use crate::domain::encoded::Encoded;
use crate::domain::flow::Stepped;
use crate::domain::ids::{ConversationId, Seq};
use crate::domain::room_event::{Change, MessageChange, Preview, RoomEvent, View};
use crate::domain::snapshot::UnreadCount;
use crate::edge::dialect::EncodeContext;
use socketio::packet::encode_one;

/// Writes an event for people with this role, or for staff; `None` where the guide has none.
pub fn encode(
    event: &RoomEvent,
    context: EncodeContext<'_>,
    role: Option<&str>,
) -> Option<Encoded> {
    let (name, data) = told_to(event, context, role)?;
    let bytes = encode_one(NAMESPACE, name, &data);
    Some(match event.change {
        Change::Stepped { .. } => Encoded::for_role(bytes),
        _ => Encoded::for_everybody(bytes),
    })
}

/// Name and payload; none where the guide has no word for it.
fn told_to(
    event: &RoomEvent,
    context: EncodeContext<'_>,
    role: Option<&str>,
) -> Option<(&'static str, Value)> {
    let (place, seq) = (event.conversation, event.seq.unwrap_or_default());
    let shown = |view: &View| {
        let people = view.people.in_order();
        json!(ConversationView::new(
            &view.conversation,
            people,
            context.directory
        ))
    };
    Some(match &event.change {
        Change::Acted { .. } | Change::UnreadChanged { .. } => return None,
        Change::Message { kind, message, .. } => {
            let message = MessageView::new(message, place);
            let data = json!({ "conversationId": place, "seq": seq, "message": message });
            (message_name(*kind), data)
        }
        Change::Stepped { at, stepped, .. } => {
            let data = step(place, (seq, *at), stepped, role);
            ("chat:state-changed", data)
        }
        Change::Changed(view) => (
            "chat:conversation-updated",
            json!({ "conversationId": place, "seq": seq, "conversation": shown(view) }),
        ),
        Change::Created(view) => (
            "chat:new-conversation",
            json!({ "conversation": shown(view) }),
        ),
        Change::Lost { seq, membership } => {
            let lost = json!({ "id": place, "membership": membership });
            let data = json!({ "conversationId": place, "seq": seq, "conversation": lost });
            ("chat:conversation-updated", data)
        }
        Change::Marked {
            mark, user, seq, ..
        } => (
            mark_name(*mark),
            json!({ "conversationId": place, "userId": user, "seq": seq }),
        ),
        Change::Typing { user, is_typing } => (
            "chat:user-typing",
            json!({ "conversationId": place, "userId": user, "isTyping": is_typing }),
        ),
        Change::Presence { user, status } => (
            presence_name(*status),
            json!({ "userId": user, "status": status }),
        ),
        Change::Notice { preview, unread } => ("notification:new", notice(place, preview, *unread)),
    })
}

fn notice(place: ConversationId, preview: &Preview, unread: UnreadCount) -> Value {
    let message = &preview.message;
    let mut data = json!({
        "id": message.id, "type": "message", "title": preview.sender_name, "message": message.preview(), "priority": "normal",
        "conversationId": place, "actionUrl": null, "unread": unread.number(), "seq": message.seq(),
    });
    unread.note_cap(&mut data, "unreadCapped");
    data
}

fn step(
    place: ConversationId,
    (seq, at): (Seq, DateTime<Utc>),
    stepped: &Stepped,
    role: Option<&str>,
) -> Value {
    let deal_view = &stepped.deal_view;
    let flow = FlowView::new(deal_view, Some(deal_view.actions_of(role)));
    json!({
        "conversationId": place, "seq": seq, "previousState": stepped.from, "newState": stepped.to, "action": stepped.action,
        "actor": stepped.actor, "actorId": stepped.actor_id, "reason": stepped.reason, "timestamp": At(at), "flow": flow,
    })
}

fn message_name(kind: MessageChange) -> &'static str {
    match kind {
        MessageChange::New => "chat:new-message",
        MessageChange::Updated => "chat:message-updated",
        MessageChange::Deleted => "chat:message-deleted",
    }
}

fn mark_name(mark: Mark) -> &'static str {
    match mark {
        Mark::Seen => "chat:messages-read",
        Mark::Delivered => "chat:messages-delivered",
    }
}

fn presence_name(status: PresenceStatus) -> &'static str {
    match status {
        PresenceStatus::Offline => "chat:user-offline",
        PresenceStatus::Online | PresenceStatus::Away | PresenceStatus::Busy => "chat:user-status",
    }
}
