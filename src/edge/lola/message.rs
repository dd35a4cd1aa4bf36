//! A message as the clients read it: one flat document, with its id under both names.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use utoipa::ToSchema;
use uuid::Uuid;

use super::people::{DeliveryStatus, RoomPeople, SenderType};
use crate::domain::attachment::Attachment;
use crate::domain::ids::{ConversationId, Seq};
use crate::domain::message::{Message, MessageKind};
use crate::edge::links::Links;
use crate::edge::native::attachments::AttachmentView;
use crate::edge::native::instants::{instant, maybe_instant};

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = LolaMessageType)]
pub enum MessageType {
    /// Text.
    Text,
    /// A picture.
    Image,
    /// Any file.
    File,
    /// A recording.
    Audio,
    /// A film.
    Video,
    /// A line of the system.
    System,
}

impl MessageType {
    /// What a person's message is by its files.
    pub fn of_files(files: &[Attachment]) -> Self {
        let Some(first) = files.first() else {
            return Self::Text;
        };
        let media_type = first.media_type.as_deref().unwrap_or_default();
        match media_type.split('/').next() {
            Some("image") => Self::Image,
            Some("audio") => Self::Audio,
            Some("video") => Self::Video,
            _ => Self::File,
        }
    }
}

/// What these clients keep in a message's own object.
#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StoredFields {
    /// What the sender says that the message is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_type: Option<MessageType>,
    /// The language that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

impl StoredFields {
    /// The object is its sender's own: where its members are something else, nothing is kept in it.
    fn of(message: &Message) -> Self {
        let context = message.content.context.as_deref();
        let kept = context.and_then(|context| serde_json::from_str(context.get()).ok());
        kept.unwrap_or_default()
    }
}

/// A message.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LolaMessage)]
pub struct MessageDocument<'a> {
    /// Its id
    #[serde(rename = "_id")]
    document_id: Uuid,
    /// Its id once more
    id: Uuid,
    /// Its place in the order of the room's changes
    seq: Seq,
    /// Where it was said
    #[schema(value_type = Uuid)]
    room_id: ConversationId,
    /// The business that the room belongs to
    business_id: Option<&'a str>,
    /// Who said it; null for the system
    sender_id: Option<&'a str>,
    /// On which side they stand
    sender_type: SenderType,
    /// Their name
    sender_name: &'a str,
    /// What it is
    message_type: MessageType,
    /// What it says; empty when it was deleted
    content: &'a str,
    /// The addresses of its files
    attachments: Vec<Cow<'a, str>>,
    /// Its files with all that is known of them
    #[schema(value_type = Vec<Object>)]
    files: Vec<AttachmentView<'a>>,
    /// Whether somebody else has read it
    is_read: bool,
    /// When; not known
    read_at: Option<String>,
    /// Whether no person wrote it
    is_automated: bool,
    /// Whether it answers a frequent question
    #[serde(rename = "isFAQ")]
    is_faq: bool,
    /// Which
    faq_id: Option<String>,
    /// The message that it answers
    reply_to_message_id: Option<Uuid>,
    /// The sender's own object
    #[schema(value_type = Option<Object>)]
    context: Option<&'a RawValue>,
    /// What a flow asks for with it
    #[schema(value_type = Option<Object>)]
    action: Option<&'a RawValue>,
    /// Whether its text was replaced
    is_edited: bool,
    /// Whether it was deleted
    is_deleted: bool,
    /// When it was committed
    #[serde(serialize_with = "instant")]
    created_at: DateTime<Utc>,
    /// When it last changed
    #[serde(serialize_with = "instant")]
    updated_at: DateTime<Utc>,
    /// When it was deleted
    #[serde(serialize_with = "maybe_instant")]
    deleted_at: Option<DateTime<Utc>>,
    /// The rest
    metadata: Metadata,
}

/// The rest of a message.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LolaMessageMetadata)]
pub struct Metadata {
    /// How far it has come
    delivery_status: DeliveryStatus,
    /// The language that its sender says it is in
    language: Option<String>,
}

impl<'a> MessageDocument<'a> {
    /// The message, the same for all its readers.
    pub fn new(message: &'a Message, room: &RoomPeople<'a>, links: &Links) -> Self {
        let content = &message.content;
        let (id, kept) = (message.id.to_uuid(), StoredFields::of(message));
        let by_person = content.kind == MessageKind::UserInput;
        let delivery_status = room.delivery_status(message);
        let files = content.attachments.iter();
        Self {
            document_id: id,
            id,
            seq: message.seq(),
            room_id: room.room,
            business_id: room.business,
            sender_id: by_person.then(|| message.sender_id.as_str()),
            sender_type: room.sender_type(message),
            sender_name: room.sender_name(message),
            message_type: message_type(message, kept.message_type),
            content: &content.body,
            attachments: files
                .clone()
                .map(|file| links.of_attachment(file))
                .collect(),
            files: files.map(|file| AttachmentView::new(file, links)).collect(),
            is_read: delivery_status == DeliveryStatus::Read,
            read_at: None,
            is_automated: !by_person,
            is_faq: false,
            faq_id: None,
            reply_to_message_id: content.answers().map(|id| id.to_uuid()),
            context: content.context.as_deref(),
            action: message.card.as_deref(),
            is_edited: message.edited_at.is_some(),
            is_deleted: message.deleted_at.is_some(),
            created_at: message.created_at,
            updated_at: updated_at(message),
            deleted_at: message.deleted_at,
            metadata: Metadata {
                delivery_status,
                language: kept.language,
            },
        }
    }
}

fn message_type(message: &Message, declared: Option<MessageType>) -> MessageType {
    let declared = declared.filter(|declared| *declared != MessageType::System);
    match message.content.kind {
        MessageKind::System | MessageKind::Audit => MessageType::System,
        MessageKind::UserInput | MessageKind::Automated => {
            declared.unwrap_or_else(|| MessageType::of_files(&message.content.attachments))
        }
    }
}

/// A message changes when it is edited, and for the last time when it is deleted.
fn updated_at(message: &Message) -> DateTime<Utc> {
    let changed = message.deleted_at.or(message.edited_at);
    changed.unwrap_or(message.created_at)
}

/// The messages of a room, in this order.
pub fn documents<'a>(
    messages: &'a [Message],
    room: &RoomPeople<'a>,
    links: &Links,
) -> Vec<MessageDocument<'a>> {
    let messages = messages.iter();
    messages
        .map(|message| MessageDocument::new(message, room, links))
        .collect()
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
