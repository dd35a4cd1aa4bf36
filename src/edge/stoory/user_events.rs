//! The events that a user hears wherever they are online: notifications, the newest message of a conversation, unread counts.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::NAMESPACE;
use super::about::ConversationType;
use super::cards::{ActionData, KeptCard, unasked};
use super::rows::{FlowUpdate, MessageRow};
use super::sides::Sides;
use super::step_events::Told;
use crate::domain::encoded::Encoded;
use crate::domain::flow::Phase;
use crate::domain::ids::ConversationId;
use crate::domain::message::Message;
use crate::domain::room_event::{Preview, UserNews, View};
use crate::domain::snapshot::UnreadCount;
use crate::edge::native::instants::instant;
use socketio::packet::encode_one;

/// The part of `conversation_context` that is known where nobody has joined: without the deal's values.
#[derive(Serialize)]
struct BriefContext<'a> {
    id: ConversationId,
    #[serde(flatten)]
    flow: FlowUpdate<'a>,
    conversation_type: ConversationType,
    automation_enabled: bool,
    current_action_data: Option<ActionData>,
}

impl<'a> BriefContext<'a> {
    /// For this role, with a message that may have the role's card.
    fn new(view: &'a View, role: Option<&str>, message: &Message) -> Self {
        let conversation = &view.conversation;
        let deal = conversation.flow.as_deref();
        let kept = view.deal.to(role).card;
        let kept = kept.and_then(|(kind, text)| Some((kind, KeptCard::read(&text)?)));
        let own = message.card.as_deref().and_then(KeptCard::read);
        let own = own.map(|card| (message.content.kind, card));
        let card = kept.or(own).filter(|(_, card)| !card.is_done());
        let card = card.map(|(kind, card)| card.into_action_data(kind));
        Self {
            id: conversation.id,
            flow: FlowUpdate::of(conversation),
            conversation_type: ConversationType::of(conversation),
            automation_enabled: deal.is_some_and(|deal| deal.phase == Phase::Running),
            current_action_data: card.or_else(|| unasked(deal?, role?)),
        }
    }
}

/// Encodes news for participants with this role; `None` if the front end has no such event.
pub(super) fn encode(
    news: &UserNews,
    view: &View,
    system: &str,
    role: Option<&str>,
) -> Option<Encoded> {
    Some(match news {
        UserNews::Received(preview) => notification(preview, None, view, system, role),
        UserNews::Sent(message) => {
            let data = about_message(message, view, &sides_of(view), system, role);
            of_role(view, "message_sent", &data)
        }
        UserNews::Newest { message, is_own } => {
            let mut data = about_message(message, view, &sides_of(view), system, role);
            data.action = Some(match is_own {
                true => "message_sent",
                false => "message_received",
            });
            of_role(view, "conversation_list_updated", &data)
        }
        UserNews::Unread(unread) => {
            let data = unread_count(view.conversation.id, *unread, "increment");
            of_role(view, "unread_count_updated", &data)
        }
        UserNews::Payment { stepped, said } => {
            let told = Told {
                stepped,
                said,
                view,
            };
            return told.payment_notification(role);
        }
    })
}

/// For one role if the deal shows each role something different, else for everybody.
fn of_role(view: &View, name: &str, data: &impl Serialize) -> Encoded {
    let bytes = encode_one(NAMESPACE, name, data);
    match view.conversation.flow {
        Some(_) => Encoded::for_role(bytes),
        None => Encoded::for_everybody(bytes),
    }
}

/// A message with its conversation.
#[derive(Serialize)]
struct AboutMessage<'a> {
    conversation_id: ConversationId,
    message: MessageRow<'a>,
    conversation_context: BriefContext<'a>,
    /// Whether the reader sent it, where a list is to be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<&'static str>,
}

fn about_message<'a>(
    message: &'a Message,
    view: &'a View,
    sides: &Sides<'a>,
    system: &'a str,
    role: Option<&str>,
) -> AboutMessage<'a> {
    let id = view.conversation.id;
    AboutMessage {
        conversation_id: id,
        message: MessageRow::new(message, id, sides, None, system),
        conversation_context: BriefContext::new(view, role, message),
        action: None,
    }
}

fn sides_of(view: &View) -> Sides<'_> {
    Sides::new(&view.conversation, view.people.in_order())
}

/// `unread_count_updated`.
pub(super) fn unread_count(id: ConversationId, unread: UnreadCount, action: &str) -> Value {
    let mut data =
        json!({ "conversation_id": id, "unread_count": unread.number(), "action": action });
    unread.note_cap(&mut data, "unread_count_capped");
    data
}

/// What a `notification` of a message tells.
#[derive(Serialize)]
struct MessageNotification<'a> {
    #[serde(flatten)]
    about: &'a AboutMessage<'a>,
    id: Uuid,
    title: &'static str,
    body: &'a str,
    #[serde(serialize_with = "instant")]
    created_at: DateTime<Utc>,
    payload: MessageIds<'a>,
    sender_id: &'a str,
    sender_name: &'a str,
    receiver_id: Option<&'a str>,
    /// The unread count, where it was counted.
    #[serde(flatten)]
    counted: Value,
}

#[derive(Serialize)]
struct Notification<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    data: MessageNotification<'a>,
}

#[derive(Serialize)]
struct MessageIds<'a> {
    conversation_id: ConversationId,
    message_id: Uuid,
    sender_id: &'a str,
}

/// The `notification` of a message; with the unread count where it was counted.
pub(super) fn notification(
    preview: &Preview,
    unread: Option<UnreadCount>,
    view: &View,
    system: &str,
    role: Option<&str>,
) -> Encoded {
    let sides = sides_of(view);
    let about = about_message(&preview.message, view, &sides, system, role);
    let row = &about.message;
    let data = MessageNotification {
        about: &about,
        id: row.id,
        title: "New message",
        body: row.message,
        created_at: row.created_at,
        payload: MessageIds {
            conversation_id: view.conversation.id,
            message_id: row.id,
            sender_id: row.sender_id,
        },
        sender_id: row.sender_id,
        sender_name: sides.name_of(row.sender_id).unwrap_or(&preview.sender_name),
        receiver_id: row.receiver_id,
        counted: counted(unread),
    };
    let kind = "message";
    of_role(view, "notification", &Notification { kind, data })
}

fn counted(unread: Option<UnreadCount>) -> Value {
    let Some(unread) = unread else {
        return json!({});
    };
    let mut counted = json!({ "unread_count": unread.number() });
    unread.note_cap(&mut counted, "unread_count_capped");
    counted
}
