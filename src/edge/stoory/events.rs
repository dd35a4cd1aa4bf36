//! The events of the Stoory dialect; `docs/socketio.md` has a line for each.

use bytestring::ByteString;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::NAMESPACE;
use super::rows::{ConversationContext, ConversationRow, MessageRow};
use super::sides::Sides;
use super::step_events::{CompleteStep, Updated, acted, step};
use super::user_events;
use crate::domain::command::Mark;
use crate::domain::conversation::{Conversation, ConversationKind, PresenceStatus};
use crate::domain::encoded::Encoded;
use crate::domain::ids::{ConversationId, UserId};
use crate::domain::message::Message;
use crate::domain::room_event::{Change, MessageChange, RoomEvent, StepPart, View};
use crate::domain::snapshot::Particulars;
use crate::edge::dialect::{EncodeContext, MessageContext};
use crate::edge::native::annotations::{PinnedView, ReactedView};
use crate::edge::native::events::message_event;
use socketio::packet::encode_one;

#[derive(Serialize)]
struct NewMessage<'a> {
    conversation_id: ConversationId,
    message: MessageRow<'a>,
    conversation_context: ConversationContext<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Seen<'a> {
    message_id: Uuid,
    user_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserTyping<'a> {
    conversation_id: ConversationId,
    user_id: &'a str,
    is_typing: bool,
}

/// Encodes an event for participants with this role, or for staff; `None` if Stoory's API has no such event.
pub fn encode(
    event: &RoomEvent,
    context: EncodeContext<'_>,
    role: Option<&str>,
) -> Option<Encoded> {
    let (id, messages) = (event.conversation, context.messages());
    match &event.change {
        Change::Message {
            kind,
            message,
            view,
        } => Some(said(*kind, message, view, messages, role)),
        Change::Stepped { at, stepped, .. } => Some(step(id, *at, stepped)),
        Change::Acted {
            stepped,
            said,
            view,
        } => acted(stepped, said, view, messages, role),
        Change::StepPart {
            part,
            stepped,
            said,
            view,
        } => {
            let told = CompleteStep {
                stepped,
                said,
                view,
            };
            match part {
                StepPart::Conversation => Some(told.conversation(role)),
                StepPart::Payment => told.payment(role),
            }
        }
        Change::ToUser { news, view } => user_events::encode(news, view, context, role),
        Change::Notice {
            preview,
            unread,
            view,
            ..
        } => user_events::notification(preview, *unread, view, messages, role),
        Change::Changed(view) => Some(changed(view, role)),
        Change::Created(view) => Some(created(view, role)),
        signal => signalled(id, signal).map(Encoded::for_everybody),
    }
}

/// An event that shows neither a message nor a conversation.
fn signalled(id: ConversationId, change: &Change) -> Option<ByteString> {
    Some(match change {
        Change::UnreadChanged { unread, .. } => {
            let data = user_events::unread_count(id, *unread, "decrement");
            encode_one(NAMESPACE, "unread_count_updated", &data)
        }
        Change::Lost { membership, .. } => {
            let data = json!({ "conversation_id": id, "conversation_context": null, "membership": membership });
            encode_one(NAMESPACE, "conversation_updated", &data)
        }
        Change::Marked {
            mark: Mark::Seen(_),
            user,
            message,
            ..
        } => {
            let seen = Seen {
                message_id: message.to_uuid(),
                user_id: user.as_str(),
            };
            encode_one(NAMESPACE, "message_seen", &seen)
        }
        Change::Typing {
            user, is_typing, ..
        } => {
            let typing = UserTyping {
                conversation_id: id,
                user_id: user.as_str(),
                is_typing: *is_typing,
            };
            encode_one(NAMESPACE, "user_typing", &typing)
        }
        Change::Presence { user, status } => presence(user, *status),
        Change::Reacted(reacted) => {
            let data = ReactedView::new(id, reacted);
            encode_one(NAMESPACE, "reaction_changed", &data)
        }
        Change::Pinned(pinned) => {
            let data = PinnedView::new(id, pinned);
            encode_one(NAMESPACE, "pin_changed", &data)
        }
        Change::Marked { .. }
        | Change::Message { .. }
        | Change::Stepped { .. }
        | Change::Acted { .. }
        | Change::StepPart { .. }
        | Change::ToUser { .. }
        | Change::Attendance { .. }
        | Change::Notice { .. }
        | Change::Mine(_)
        | Change::Thread(..)
        | Change::Changed(_)
        | Change::Created(_) => return None,
    })
}

fn presence(user: &UserId, status: PresenceStatus) -> ByteString {
    match status {
        PresenceStatus::Offline => {
            encode_one(NAMESPACE, "user_offline", &json!({ "userId": user }))
        }
        PresenceStatus::Online | PresenceStatus::Away | PresenceStatus::Busy => {
            let data = json!({ "userId": user, "status": status });
            encode_one(NAMESPACE, "user_status_change", &data)
        }
    }
}

/// Encodes for one role if the deal shows each role something different, else for everybody.
pub(super) fn for_role(
    view: &View,
    role: Option<&str>,
    bytes: impl Fn(Option<&str>, &Particulars) -> ByteString,
) -> Encoded {
    match &view.conversation.flow {
        None => Encoded::for_everybody(bytes(None, &Particulars::default())),
        Some(_) => Encoded::for_role(bytes(role, &view.deal.to(role))),
    }
}

fn said(
    change: MessageChange,
    message: &Message,
    view: &View,
    context: MessageContext<'_>,
    role: Option<&str>,
) -> Encoded {
    let conversation = &view.conversation;
    let sides = Sides::new(conversation, view.people.in_order());
    for_role(view, role, |role, particulars| {
        let data = NewMessage {
            conversation_id: conversation.id,
            message: MessageRow::new(message, conversation.id, &sides, None, context),
            conversation_context: ConversationContext::new(conversation, role, particulars),
        };
        encode_one(NAMESPACE, message_event(change), &data)
    })
}

fn changed(view: &View, role: Option<&str>) -> Encoded {
    for_role(view, role, |role, particulars| {
        let data = Updated::new(&view.conversation, role, particulars);
        encode_one(NAMESPACE, "conversation_updated", &data)
    })
}

fn created(view: &View, role: Option<&str>) -> Encoded {
    let conversation = &view.conversation;
    let kind = match is_direct_connection(conversation) {
        true => "direct_connection_created",
        false => "new_conversation",
    };
    let sides = Sides::new(conversation, view.people.in_order());
    for_role(view, role, |role, particulars| {
        let row = ConversationRow::new(conversation, &sides, role, particulars);
        let data = json!({ "conversation_id": conversation.id, "conversation": row });
        encode_one(
            NAMESPACE,
            "notification",
            &json!({ "type": kind, "data": data }),
        )
    })
}

/// Whether two people have it about nothing, as `direct-connect` makes one.
fn is_direct_connection(conversation: &Conversation) -> bool {
    let is_direct = conversation.kind == ConversationKind::Direct;
    is_direct && conversation.subject.is_none() && conversation.flow.is_none()
}
