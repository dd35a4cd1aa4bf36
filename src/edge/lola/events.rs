//! What happens, under the guide's names.

use serde_json::{Value, json};

use super::NAMESPACE;
use super::views::{At, ConversationView, FlowView, MessageView};
use crate::domain::command::Mark;
use crate::domain::conversation::PresenceStatus;
use crate::domain::entry::Entry;
use crate::domain::flow::Stepped;
use crate::domain::ids::ConversationId;
use crate::edge::dialect::{Event, Scene, Words};
use crate::edge::native::encode::MessageEvent;
use socketio::packet::encode_one;

pub(crate) fn words(event: &Event<'_>, scene: &Scene<'_>, role: Option<&str>) -> Option<Words> {
    let (name, data) = told_to(event, scene, role)?;
    let bytes = encode_one(NAMESPACE, name, &data);
    Some(match event {
        Event::Step { .. } => Words::for_side(bytes),
        Event::Message { .. }
        | Event::Act { .. }
        | Event::Changed { .. }
        | Event::Created
        | Event::Lost { .. }
        | Event::Marked { .. }
        | Event::Typing { .. }
        | Event::Presence { .. }
        | Event::Notice { .. }
        | Event::UnreadChanged { .. } => Words::for_everybody(bytes),
    })
}

/// Name and payload; none where the guide has no word for it.
fn told_to(
    event: &Event<'_>,
    scene: &Scene<'_>,
    role: Option<&str>,
) -> Option<(&'static str, Value)> {
    let place = scene.conversation.id;
    let view =
        || ConversationView::new(scene.conversation, scene.people.in_order(), scene.directory);
    Some(match *event {
        Event::Act { .. } | Event::UnreadChanged { .. } => return None,
        Event::Message { kind, seq, message } => {
            let message = MessageView::new(message, place);
            let data = json!({ "conversationId": place, "seq": seq, "message": message });
            (message_name(kind), data)
        }
        Event::Step { entry, stepped } => ("chat:state-changed", step(place, entry, stepped, role)),
        Event::Changed { seq } => (
            "chat:conversation-updated",
            json!({ "conversationId": place, "seq": seq, "conversation": view() }),
        ),
        Event::Created => ("chat:new-conversation", json!({ "conversation": view() })),
        Event::Lost { seq, membership } => {
            let lost = json!({ "id": place, "membership": membership });
            let data = json!({ "conversationId": place, "seq": seq, "conversation": lost });
            ("chat:conversation-updated", data)
        }
        Event::Marked {
            mark, user, seq, ..
        } => (
            mark_name(mark),
            json!({ "conversationId": place, "userId": user, "seq": seq }),
        ),
        Event::Typing { user, is_typing } => (
            "chat:user-typing",
            json!({ "conversationId": place, "userId": user, "isTyping": is_typing }),
        ),
        Event::Presence { user, status } => (
            presence_name(status),
            json!({ "userId": user, "status": status }),
        ),
        Event::Notice {
            message,
            sender_name,
            unread,
        } => {
            let mut data = json!({
                "id": message.id, "type": "message", "title": sender_name, "message": message.preview(), "priority": "normal",
                "conversationId": place, "actionUrl": null, "unread": unread.number(), "seq": message.seq(),
            });
            unread.note_cap(&mut data, "unreadCapped");
            ("notification:new", data)
        }
    })
}

fn step(place: ConversationId, entry: &Entry, stepped: &Stepped, role: Option<&str>) -> Value {
    let standing = &stepped.standing;
    let flow = FlowView::new(standing, Some(standing.offers_of(role)));
    json!({
        "conversationId": place, "seq": entry.seq, "previousState": stepped.from, "newState": stepped.to, "action": stepped.action,
        "actor": stepped.actor, "actorId": stepped.actor_id, "reason": stepped.reason, "timestamp": At(entry.at), "flow": flow,
    })
}

fn message_name(kind: MessageEvent) -> &'static str {
    match kind {
        MessageEvent::New => "chat:new-message",
        MessageEvent::Updated => "chat:message-updated",
        MessageEvent::Deleted => "chat:message-deleted",
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
