//! The events that a user hears wherever they are online: notifications, the newest message of a conversation, unread counts.

use bytestring::ByteString;
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::NAMESPACE;
use super::about::ConversationType;
use super::cards::{ActionData, StoredCard, unasked};
use super::rows::{FlowUpdate, MessageRow, sender_of};
use super::sides::Sides;
use super::step_events::CompleteStep;
use crate::domain::encoded::Encoded;
use crate::domain::flow::Phase;
use crate::domain::ids::ConversationId;
use crate::domain::message::Message;
use crate::domain::room_event::{MessageNews, Preview, UserNews, View};
use crate::domain::snapshot::UnreadCount;
use crate::edge::dialect::{EncodeContext, MessageContext};
use crate::edge::native::instants::instant;
use socketio::packet::encode_event;

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
        let kept = kept.and_then(|(kind, text)| Some((kind, StoredCard::read(&text)?)));
        let own = message.card.as_deref().and_then(StoredCard::read);
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
    context: EncodeContext<'_>,
    role: Option<&str>,
) -> Option<Encoded> {
    let about = |news: &MessageNews| {
        let encode = || About::encode(&news.preview.message, view, context.messages(), role);
        let common = news.common.get(context.dialect, role, encode)?;
        Some(common.bytes.clone())
    };
    let told = |name, data: &str| of_role(view, encode_event(NAMESPACE, None, name, [data], 0));
    Some(match news {
        UserNews::Received(message) => {
            let preview = &message.preview;
            notification_with(&about(message)?, preview, None, view, context.system)?
        }
        UserNews::Sent(message) => told("message_sent", &format!("{{{}}}", about(message)?)),
        UserNews::Newest { message, is_own } => {
            let action = match is_own {
                true => "message_sent",
                false => "message_received",
            };
            let data = format!("{{{},\"action\":\"{action}\"}}", about(message)?);
            told("conversation_list_updated", &data)
        }
        UserNews::Unread(unread) => {
            let data = unread_count(view.conversation.id, *unread, "increment");
            told("unread_count_updated", &data.to_string())
        }
        UserNews::Payment { stepped, said } => {
            let told = CompleteStep {
                stepped,
                said,
                view,
            };
            return told.payment_notification(role);
        }
    })
}

/// For one role if the deal shows each role something different, else for everybody.
fn of_role(view: &View, bytes: ByteString) -> Encoded {
    match view.conversation.flow {
        Some(_) => Encoded::for_role(bytes),
        None => Encoded::for_everybody(bytes),
    }
}

/// A message with its conversation.
#[derive(Serialize)]
struct About<'a> {
    conversation_id: ConversationId,
    message: MessageRow<'a>,
    conversation_context: BriefContext<'a>,
}

impl About<'_> {
    /// The fields as JSON, without the braces around them.
    fn encode(
        message: &Message,
        view: &View,
        context: MessageContext<'_>,
        role: Option<&str>,
    ) -> Option<Encoded> {
        let id = view.conversation.id;
        let sides = Sides::new(&view.conversation, view.people.in_order());
        let about = About {
            conversation_id: id,
            message: MessageRow::new(message, id, &sides, None, context),
            conversation_context: BriefContext::new(view, role, message),
        };
        Some(of_role(view, fields(&about)?.into()))
    }
}

/// The fields of an object as JSON, without the braces around them. Logs what cannot be serialised.
fn fields(object: &impl Serialize) -> Option<String> {
    let text = serde_json::to_string(object);
    let text = text.inspect_err(|error| log::error!(event = "encoding_failed"; "{error}"));
    let text = text.ok()?;
    Some(text.strip_prefix('{')?.strip_suffix('}')?.to_owned())
}

/// `unread_count_updated`.
pub(super) fn unread_count(id: ConversationId, unread: UnreadCount, action: &str) -> Value {
    let mut data =
        json!({ "conversation_id": id, "unread_count": unread.number(), "action": action });
    unread.note_cap(&mut data, "unread_count_capped");
    data
}

/// What a `notification` of a message has beside the message and its conversation.
#[derive(Serialize)]
struct MessageNotification<'a> {
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
struct MessageIds<'a> {
    conversation_id: ConversationId,
    message_id: Uuid,
    sender_id: &'a str,
}

/// The `notification` of a message with the unread count.
pub(super) fn notification(
    preview: &Preview,
    unread: UnreadCount,
    view: &View,
    context: MessageContext<'_>,
    role: Option<&str>,
) -> Option<Encoded> {
    let about = About::encode(&preview.message, view, context, role)?;
    notification_with(&about.bytes, preview, Some(unread), view, context.system)
}

/// The `notification` of a message with these fields about it, and with the unread count where it was counted.
fn notification_with(
    about: &str,
    preview: &Preview,
    unread: Option<UnreadCount>,
    view: &View,
    system: &str,
) -> Option<Encoded> {
    let message = &preview.message;
    let sides = Sides::new(&view.conversation, view.people.in_order());
    let (id, sender_id) = (message.id.to_uuid(), sender_of(message, system));
    let receiver = sides.receiver(message, None);
    let more = MessageNotification {
        id,
        title: "New message",
        body: &message.content.body,
        created_at: message.created_at,
        payload: MessageIds {
            conversation_id: view.conversation.id,
            message_id: id,
            sender_id,
        },
        sender_id,
        sender_name: sides.name_of(sender_id).unwrap_or(&preview.sender_name),
        receiver_id: receiver.map(|person| person.id.as_str()),
        counted: counted(unread),
    };
    let data = format!(
        "{{\"type\":\"message\",\"data\":{{{about},{}}}}}",
        fields(&more)?
    );
    let bytes = encode_event(NAMESPACE, None, "notification", [data.as_str()], 0);
    Some(of_role(view, bytes))
}

fn counted(unread: Option<UnreadCount>) -> Value {
    let Some(unread) = unread else {
        return json!({});
    };
    let mut counted = json!({ "unread_count": unread.number() });
    unread.note_cap(&mut counted, "unread_count_capped");
    counted
}
