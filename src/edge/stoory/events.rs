//! What happens, under the guide's names: `docs/socketio.md` has a line for each event.

use bytestring::ByteString;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::NAMESPACE;
use super::rows::{ConversationContext, ConversationRow, FlowUpdate, MessageRow};
use super::sides::Sides;
use crate::domain::command::Mark;
use crate::domain::conversation::{Participant, PresenceStatus};
use crate::domain::entry::Entry;
use crate::domain::flow::Stepped;
use crate::domain::ids::{ConversationId, UserNo};
use crate::domain::message::Message;
use crate::domain::snapshot::{Particulars, UnreadCount};
use crate::edge::dialect::{Event, Scene, Words};
use crate::edge::native::encode::MessageEvent;
use crate::edge::native::instants::instant;
use socketio::packet::encode_one;

/// Nobody has this number: for bytes that several share.
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

pub(crate) fn words(event: &Event<'_>, scene: &Scene<'_>, role: Option<&str>) -> Option<Words> {
    let emit = |name: &str, data: serde_json::Value| encode_one(NAMESPACE, name, &data);
    let for_all = match *event {
        Event::Message { kind, message, .. } => return Some(said(kind, message, scene, role)),
        Event::Act { stepped, said } => return acted(stepped, said, scene, role),
        Event::Changed { .. } => return Some(changed(scene, role)),
        Event::Created => return Some(created(scene, role)),
        Event::Step { entry, stepped } => stepped_event(entry, stepped, scene),
        Event::Lost { membership, .. } => {
            let data = json!({ "conversation_id": scene.conversation.id, "conversation_context": null, "membership": membership });
            emit("conversation_updated", data)
        }
        Event::Marked {
            mark: Mark::Delivered,
            ..
        }
        | Event::UnreadChanged { .. } => return None,
        Event::Marked { user, message, .. } => {
            let (message_id, user_id) = (message.to_uuid(), user.as_str());
            let seen = Seen {
                message_id,
                user_id,
            };
            encode_one(NAMESPACE, "message_seen", &seen)
        }
        Event::Typing { user, is_typing } => {
            let typing = UserTyping {
                conversation_id: scene.conversation.id,
                user_id: user.as_str(),
                is_typing,
            };
            encode_one(NAMESPACE, "user_typing", &typing)
        }
        Event::Presence {
            user,
            status: PresenceStatus::Offline,
        } => emit("user_offline", json!({ "userId": user })),
        Event::Presence { user, status } => emit(
            "user_status_change",
            json!({ "userId": user, "status": status }),
        ),
        Event::Notice {
            message,
            sender_name,
            unread,
        } => emit(
            "notification",
            notice(scene.conversation.id, message, sender_name, unread, scene),
        ),
    };
    Some(Words::for_everybody(for_all))
}

/// Where a deal shows each side something of its own, each side has its own bytes.
fn for_side(
    scene: &Scene<'_>,
    role: Option<&str>,
    bytes: impl Fn(Option<&str>, &Particulars) -> ByteString,
) -> Words {
    match &scene.conversation.flow {
        None => Words::for_everybody(bytes(None, &Particulars::default())),
        Some(_) => Words::for_side(bytes(role, &scene.known.to(role))),
    }
}

fn said(kind: MessageEvent, message: &Message, scene: &Scene<'_>, role: Option<&str>) -> Words {
    let conversation = scene.conversation;
    let sides = Sides::new(conversation, scene.people.in_order());
    for_side(scene, role, |role, known| {
        let data = NewMessage {
            conversation_id: conversation.id,
            message: MessageRow::new(message, conversation.id, &sides, None, scene.system),
            conversation_context: ConversationContext::new(conversation, role, known),
        };
        encode_one(NAMESPACE, kind.name(), &data)
    })
}

fn stepped_event(entry: &Entry, stepped: &Stepped, scene: &Scene<'_>) -> ByteString {
    let data = StateChanged {
        conversation_id: scene.conversation.id,
        previous_state: stepped.from.as_deref(),
        new_state: &stepped.to,
        reason: stepped.reason.as_deref().unwrap_or(&stepped.action),
        timestamp: entry.at,
    };
    encode_one(NAMESPACE, "conversation_state_changed", &data)
}

/// Only what a person did is told as a button or an input; what that person alone is told of it, they get with it.
fn acted(
    stepped: &Stepped,
    said: &[Message],
    scene: &Scene<'_>,
    role: Option<&str>,
) -> Option<Words> {
    let actor = stepped.actor_id.as_ref()?;
    let sides = Sides::new(scene.conversation, scene.people.in_order());
    let act = Act {
        stepped,
        said,
        scene,
        sides: &sides,
    };
    let known = scene.known.to(role);
    let people = scene.people.in_order().into_iter();
    let side: Vec<&Participant> = people
        .filter(|person| Some(person.role.as_str()) == role)
        .collect();
    let told_to = |reader: UserNo| act.told(reader, role, &known);
    let presser = side.iter().find(|person| person.id == *actor);
    Some(match (presser, side.as_slice()) {
        (None, _) => Words::for_side(told_to(NOBODY)),
        (Some(presser), [_]) => Words::for_side(told_to(presser.no)),
        (Some(presser), _) => Words {
            own: Some((presser.no, told_to(presser.no))),
            ..Words::for_side(told_to(NOBODY))
        },
    })
}

/// What somebody pressed or typed.
struct Act<'a> {
    stepped: &'a Stepped,
    said: &'a [Message],
    scene: &'a Scene<'a>,
    sides: &'a Sides<'a>,
}

impl Act<'_> {
    fn told(&self, reader: UserNo, role: Option<&str>, known: &Particulars) -> ByteString {
        let (stepped, conversation) = (self.stepped, self.scene.conversation);
        let mut said = self.said.iter();
        let shown = said.find(|message| message.is_visible_to(reader, role));
        let message = shown.map(|message| {
            MessageRow::new(
                message,
                conversation.id,
                self.sides,
                None,
                self.scene.system,
            )
        });
        let flow_update = FlowUpdate::in_deal(&stepped.standing);
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
            conversation_context: ConversationContext::new(conversation, role, known),
        };
        encode_one(NAMESPACE, "button_action", &data)
    }
}

fn changed(scene: &Scene<'_>, role: Option<&str>) -> Words {
    for_side(scene, role, |role, known| {
        let context = ConversationContext::new(scene.conversation, role, known);
        let data =
            json!({ "conversation_id": scene.conversation.id, "conversation_context": context });
        encode_one(NAMESPACE, "conversation_updated", &data)
    })
}

fn created(scene: &Scene<'_>, role: Option<&str>) -> Words {
    let sides = Sides::new(scene.conversation, scene.people.in_order());
    for_side(scene, role, |role, known| {
        let row = ConversationRow::new(scene.conversation, &sides, role, known);
        let data = json!({ "conversation_id": scene.conversation.id, "conversation": row });
        encode_one(
            NAMESPACE,
            "notification",
            &json!({ "type": "new_conversation", "data": data }),
        )
    })
}

fn notice(
    place: ConversationId,
    message: &Message,
    sender_name: &str,
    unread: UnreadCount,
    scene: &Scene<'_>,
) -> serde_json::Value {
    let by_person = message.draft.kind == crate::domain::message::MessageKind::UserInput;
    let sender = match by_person {
        true => message.sender_id.as_str(),
        false => scene.system,
    };
    let mut data = json!({
        "conversation_id": place, "message_id": message.id, "message": message.preview(), "message_type": message.draft.kind,
        "sender_id": sender, "sender_name": sender_name, "unread_count": unread.number(),
    });
    unread.note_cap(&mut data, "unread_count_capped");
    json!({ "type": "new_message", "data": data })
}
