//! The events of the Stoory dialect; `docs/socketio.md` has a line for each.

use bytestring::ByteString;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::NAMESPACE;
use super::rows::{ConversationContext, ConversationRow, FlowUpdate, MessageRow};
use super::sides::Sides;
use crate::domain::command::Mark;
use crate::domain::conversation::{Conversation, Participant, PresenceStatus};
use crate::domain::encoded::Encoded;
use crate::domain::flow::Stepped;
use crate::domain::ids::{ConversationId, UserId, UserNo};
use crate::domain::message::{Message, MessageKind};
use crate::domain::room_event::{Change, MessageChange, Preview, RoomEvent, View};
use crate::domain::snapshot::{Particulars, UnreadCount};
use crate::edge::dialect::EncodeContext;
use crate::edge::native::events::message_event;
use crate::edge::native::instants::instant;
use socketio::packet::encode_one;

/// A number that no user has, for bytes that several users share.
const NOBODY: UserNo = UserNo(-1);

#[derive(Serialize)]
struct NewMessage<'a> {
    conversation_id: ConversationId,
    message: MessageRow<'a>,
    conversation_context: ConversationContext<'a>,
}

#[derive(Serialize)]
struct StateChanged<'a> {
    conversation_id: ConversationId,
    previous_state: Option<&'a str>,
    new_state: &'a str,
    reason: &'a str,
    #[serde(serialize_with = "instant")]
    timestamp: DateTime<Utc>,
}

#[derive(Serialize)]
struct ButtonAction<'a> {
    button_id: &'a str,
    message: Option<MessageRow<'a>>,
    flow_update: FlowUpdate<'a>,
    #[serde(rename = "conversationId")]
    conversation_id: ConversationId,
    conversation_context: ConversationContext<'a>,
}

#[derive(Serialize)]
struct TextInput<'a> {
    input_type: &'a str,
    message: Option<MessageRow<'a>>,
    flow_update: FlowUpdate<'a>,
    #[serde(rename = "conversationId")]
    conversation_id: ConversationId,
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

/// Encodes an event for participants with this role, or for staff; `None` if the guide has no such event.
pub fn encode(
    event: &RoomEvent,
    context: EncodeContext<'_>,
    role: Option<&str>,
) -> Option<Encoded> {
    let emit = |name: &str, data: serde_json::Value| encode_one(NAMESPACE, name, &data);
    let (id, system) = (event.conversation, context.system);
    let for_all = match &event.change {
        Change::Message {
            kind,
            message,
            view,
        } => return Some(said(*kind, message, view, system, role)),
        Change::Acted {
            stepped,
            said,
            view,
        } => return acted(stepped, said, view, system, role),
        Change::Changed(view) => return Some(changed(view, role)),
        Change::Created(view) => return Some(created(view, role)),
        Change::Stepped { at, stepped, .. } => return Some(step(id, *at, stepped)),
        Change::Lost { membership, .. } => {
            let data = json!({ "conversation_id": id, "conversation_context": null, "membership": membership });
            emit("conversation_updated", data)
        }
        Change::Marked {
            mark: Mark::Delivered,
            ..
        }
        | Change::UnreadChanged { .. }
        | Change::Attendance { .. } => return None,
        Change::Marked { user, message, .. } => {
            let (message_id, user_id) = (message.to_uuid(), user.as_str());
            let seen = Seen {
                message_id,
                user_id,
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
        Change::Notice { preview, unread } => {
            emit("notification", notice(id, preview, *unread, system))
        }
    };
    Some(Encoded::for_everybody(for_all))
}

/// A step of a deal. If a person made it, a second event follows with what they pressed or typed.
fn step(id: ConversationId, at: DateTime<Utc>, stepped: &Stepped) -> Encoded {
    Encoded {
        is_last_of_seq: stepped.actor_id.is_none(),
        ..Encoded::for_everybody(stepped_event(id, at, stepped))
    }
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
fn for_role(
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
    system: &str,
    role: Option<&str>,
) -> Encoded {
    let conversation = &view.conversation;
    let sides = Sides::new(conversation, view.people.in_order());
    for_role(view, role, |role, particulars| {
        let data = NewMessage {
            conversation_id: conversation.id,
            message: MessageRow::new(message, conversation.id, &sides, None, system),
            conversation_context: ConversationContext::new(conversation, role, particulars),
        };
        encode_one(NAMESPACE, message_event(change), &data)
    })
}

fn stepped_event(id: ConversationId, at: DateTime<Utc>, stepped: &Stepped) -> ByteString {
    let data = StateChanged {
        conversation_id: id,
        previous_state: stepped.from.as_deref(),
        new_state: &stepped.to,
        reason: stepped.reason.as_deref().unwrap_or(&stepped.action),
        timestamp: at,
    };
    encode_one(NAMESPACE, "conversation_state_changed", &data)
}

/// Sent only for steps made by a person. The actor's copy also carries the audit message that only they may see.
fn acted(
    stepped: &Stepped,
    said: &[Message],
    view: &View,
    system: &str,
    role: Option<&str>,
) -> Option<Encoded> {
    let actor = stepped.actor_id.as_ref()?;
    let sides = Sides::new(&view.conversation, view.people.in_order());
    let act = Act {
        stepped,
        said,
        conversation: &view.conversation,
        system,
        sides: &sides,
    };
    let particulars = view.deal.to(role);
    let people = view.people.in_order().into_iter();
    let side: Vec<&Participant> = people
        .filter(|person| Some(person.role.as_str()) == role)
        .collect();
    let encoded_for = |reader: UserNo| act.encode(reader, role, &particulars);
    let presser = side.iter().find(|person| person.id == *actor);
    Some(match (presser, side.as_slice()) {
        (None, _) => Encoded::for_role(encoded_for(NOBODY)),
        (Some(presser), [_]) => Encoded::for_role(encoded_for(presser.no)),
        (Some(presser), _) => Encoded {
            own: Some((presser.no, encoded_for(presser.no))),
            ..Encoded::for_role(encoded_for(NOBODY))
        },
    })
}

/// What a person pressed or typed.
struct Act<'a> {
    stepped: &'a Stepped,
    said: &'a [Message],
    conversation: &'a Conversation,
    system: &'a str,
    sides: &'a Sides<'a>,
}

impl Act<'_> {
    fn encode(&self, reader: UserNo, role: Option<&str>, particulars: &Particulars) -> ByteString {
        let (stepped, conversation) = (self.stepped, self.conversation);
        let mut said = self.said.iter();
        let shown = said.find(|message| message.is_visible_to(reader, role));
        let message = shown.map(|message| {
            MessageRow::new(message, conversation.id, self.sides, None, self.system)
        });
        let flow_update = FlowUpdate::in_deal(&stepped.deal_view);
        if stepped.filled == 1 {
            let data = TextInput {
                input_type: &stepped.action,
                message,
                flow_update,
                conversation_id: conversation.id,
            };
            return encode_one(NAMESPACE, "text_input", &data);
        }
        let data = ButtonAction {
            button_id: &stepped.action,
            message,
            flow_update,
            conversation_id: conversation.id,
            conversation_context: ConversationContext::new(conversation, role, particulars),
        };
        encode_one(NAMESPACE, "button_action", &data)
    }
}

fn changed(view: &View, role: Option<&str>) -> Encoded {
    let conversation = &view.conversation;
    for_role(view, role, |role, particulars| {
        let context = ConversationContext::new(conversation, role, particulars);
        let data = json!({ "conversation_id": conversation.id, "conversation_context": context });
        encode_one(NAMESPACE, "conversation_updated", &data)
    })
}

fn created(view: &View, role: Option<&str>) -> Encoded {
    let conversation = &view.conversation;
    let sides = Sides::new(conversation, view.people.in_order());
    for_role(view, role, |role, particulars| {
        let row = ConversationRow::new(conversation, &sides, role, particulars);
        let data = json!({ "conversation_id": conversation.id, "conversation": row });
        encode_one(
            NAMESPACE,
            "notification",
            &json!({ "type": "new_conversation", "data": data }),
        )
    })
}

fn notice(
    id: ConversationId,
    preview: &Preview,
    unread: UnreadCount,
    system: &str,
) -> serde_json::Value {
    let message = &preview.message;
    let by_person = message.content.kind == MessageKind::UserInput;
    let sender = match by_person {
        true => message.sender_id.as_str(),
        false => system,
    };
    let mut data = json!({
        "conversation_id": id, "message_id": message.id, "message": message.preview(), "message_type": message.content.kind,
        "sender_id": sender, "sender_name": preview.sender_name, "unread_count": unread.number(),
    });
    unread.note_cap(&mut data, "unread_count_capped");
    json!({ "type": "new_message", "data": data })
}
