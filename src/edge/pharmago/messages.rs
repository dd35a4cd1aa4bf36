//! Messages as their clients read them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::numbers::{of_message, of_participant};
use super::people::{Viewer, full_name, role_display};
use crate::domain::conversation::Participant;
use crate::domain::ids::ParticipantId;
use crate::domain::message::{Message, MessageKind};
use crate::edge::links::Links;
use crate::edge::native::instants::{instant, maybe_instant};

/// The types of messages, with the words that are shown.
pub(super) const TYPES: [(&str, &str); 6] = [
    ("text", "Text"),
    ("image", "Image"),
    ("file", "File"),
    ("system", "System Message"),
    ("order_update", "Order Update"),
    ("delivery_update", "Delivery Update"),
];

/// What a message is: a person's by its files, the platform's by what its context says.
pub(super) fn type_of(message: &Message) -> &'static str {
    let content = &message.content;
    let said = content.context.as_deref().and_then(|context| {
        let context: Value = serde_json::from_str(context.get()).ok()?;
        let named = context.get("type")?.as_str()?.to_owned();
        TYPES.iter().find(|(name, _)| *name == named)
    });
    let of_files = || match content.attachments.first() {
        None => "text",
        Some(file) => {
            let media_type = file.media_type.as_deref().unwrap_or_default();
            if media_type.starts_with("image/") {
                "image"
            } else {
                "file"
            }
        }
    };
    match (content.kind, said) {
        (MessageKind::UserInput, _) => of_files(),
        (_, Some((name @ ("order_update" | "delivery_update"), _))) => name,
        _ => "system",
    }
}

fn type_display(name: &str) -> &'static str {
    let known = TYPES.iter().find(|(known, _)| *known == name);
    known.map_or("Text", |(_, shown)| shown)
}

/// How far a message has come, for the others together.
fn status(message: &Message, people: &[Participant]) -> (&'static str, &'static str) {
    let others = || {
        people.iter().filter(|person| {
            person.no != message.sender
                && person.takes_part()
                && message.is_visible_to(person.sight())
        })
    };
    let seq = message.seq();
    match (
        others().any(|person| person.read_seq >= seq),
        others().any(|person| person.delivered_seq >= seq),
    ) {
        (true, _) => ("read", "Read"),
        (false, true) => ("delivered", "Delivered"),
        (false, false) => ("sent", "Sent"),
    }
}

/// A message in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = PharmagoListedMessage)]
pub struct ListedMessage {
    id: i64,
    sender_name: String,
    sender_role: String,
    message_type: &'static str,
    message_type_display: &'static str,
    /// What it says; empty when it was deleted
    content: String,
    file_path: Option<String>,
    file_name: Option<String>,
    #[serde(serialize_with = "instant")]
    timestamp: DateTime<Utc>,
    is_edited: bool,
    is_deleted: bool,
    reply_to: Option<i64>,
    is_system_message: bool,
    is_media_message: bool,
}

/// A message by itself.
#[derive(Serialize, ToSchema)]
#[schema(as = PharmagoMessage)]
pub struct ShownMessage {
    #[serde(flatten)]
    listed: ListedMessage,
    room: i64,
    /// The participant's id; null for the system
    sender: Option<i64>,
    sender_email: String,
    sender_full_name: String,
    file_size: Option<u64>,
    file_type: Option<String>,
    status: &'static str,
    status_display: &'static str,
    #[serde(serialize_with = "maybe_instant")]
    edited_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "maybe_instant")]
    deleted_at: Option<DateTime<Utc>>,
    #[schema(value_type = Option<Object>)]
    metadata: Option<Box<RawValue>>,
    #[serde(serialize_with = "maybe_instant")]
    delivered_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "maybe_instant")]
    read_at: Option<DateTime<Utc>>,
    can_be_edited: bool,
    can_be_deleted: bool,
}

/// The sender of a message among a room's people; nobody for the system.
fn sender<'a>(message: &Message, people: &'a [Participant]) -> Option<&'a Participant> {
    let is_person = message.content.kind == MessageKind::UserInput;
    let mut people = people.iter().filter(|_| is_person);
    people.find(|person| person.no == message.sender)
}

impl ListedMessage {
    pub(super) fn new(message: &Message, people: &[Participant], links: &Links) -> Self {
        let sender = sender(message, people);
        let content = &message.content;
        let file = content.attachments.first();
        let message_type = type_of(message);
        let is_person = content.kind == MessageKind::UserInput;
        let unknown = || match is_person {
            true => message.sender_id.to_string(),
            false => "System".to_owned(),
        };
        Self {
            id: of_message(message.id),
            sender_name: sender.map_or_else(unknown, full_name),
            sender_role: sender.map_or_else(|| role_display("admin"), |it| role_display(&it.role)),
            message_type,
            message_type_display: type_display(message_type),
            content: content.body.clone(),
            file_path: file.map(|file| links.of_attachment(file).into_owned()),
            file_name: file.and_then(|file| file.name.clone()),
            timestamp: message.created_at,
            is_edited: message.edited_at.is_some(),
            is_deleted: message.deleted_at.is_some(),
            reply_to: content.reply_to.map(of_message),
            is_system_message: !is_person,
            is_media_message: matches!(message_type, "image" | "file"),
        }
    }

    /// Its id, its text and who said it, as a room shows its newest message.
    pub(super) fn in_room(&self) -> Value {
        serde_json::json!({
            "id": self.id, "content": self.content, "sender_name": self.sender_name,
            "message_type": self.message_type, "timestamp": self.timestamp,
        })
    }
}

impl ShownMessage {
    pub(super) fn new(
        message: &Message,
        people: &[Participant],
        viewer: Viewer<'_>,
        links: &Links,
    ) -> Self {
        let listed = ListedMessage::new(message, people, links);
        let sender = sender(message, people);
        let file = message.content.attachments.first();
        let (status, status_display) = status(message, people);
        let is_there = message.deleted_at.is_none();
        let is_own = message.sender == viewer.caller.no && is_there;
        let conversation = message.id.conversation;
        Self {
            room: conversation.0,
            sender: sender.map(|person| {
                of_participant(ParticipantId {
                    conversation,
                    user: person.no,
                })
            }),
            sender_email: sender
                .map_or_else(|| listed.sender_name.clone(), |it| viewer.email_of(it)),
            sender_full_name: listed.sender_name.clone(),
            file_size: file.and_then(|file| file.size),
            file_type: file.and_then(|file| file.media_type.clone()),
            status,
            status_display,
            edited_at: message.edited_at,
            deleted_at: message.deleted_at,
            metadata: message.content.context.clone(),
            delivered_at: None,
            read_at: None,
            can_be_edited: is_own && !listed.is_system_message,
            can_be_deleted: is_own,
            listed,
        }
    }
}
