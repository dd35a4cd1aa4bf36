//! Rooms as their clients read them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::people::user_value;
use crate::domain::conversation::{Conversation, ConversationStatus, Participant};
use crate::domain::snapshot::Listed;
use crate::edge::native::instants::{instant, maybe_instant};

/// What is shown of a room in which nobody has spoken.
const NOTHING_SAID: &str = "No messages yet";
/// Participants of a room, unless it says how many.
const USUAL_MOST: u16 = 10;

/// What this dialect keeps of a room in its subject's card.
pub(super) struct RoomCard<'a>(Option<&'a Map<String, Value>>);

impl<'a> RoomCard<'a> {
    pub(super) fn of(conversation: &'a Conversation) -> Self {
        let subject = conversation.subject.as_deref();
        Self(subject.and_then(|subject| subject.card.get("data")?.as_object()))
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        self.0?.get(name)?.as_str()
    }

    pub(super) fn description(&self) -> Option<&'a str> {
        self.text("description")
    }

    pub(super) fn is_public(&self) -> bool {
        let is_public = self.0.and_then(|data| data.get("is_public")?.as_bool());
        is_public.unwrap_or(false)
    }
}

fn order(conversation: &Conversation) -> &str {
    let subject = conversation.subject.as_deref();
    subject.map_or("", |subject| subject.id.as_str())
}

fn order_number(conversation: &Conversation) -> String {
    let number = RoomCard::of(conversation)
        .text("order_number")
        .map(str::to_owned);
    number.unwrap_or_else(|| order(conversation).to_owned())
}

/// The platform's own id of the room, or one of the form that the platform makes.
fn room_id(conversation: &Conversation) -> String {
    let own = conversation.external_id.as_deref().map(str::to_owned);
    own.unwrap_or_else(|| {
        let made = conversation.created_at.format("%Y%m%d%H%M%S");
        format!("CHAT{made}-{}", conversation.no.0)
    })
}

fn room_title(conversation: &Conversation) -> String {
    let title = conversation.title.as_deref().map(str::to_owned);
    title.unwrap_or_else(|| format!("Order #{} Chat", order_number(conversation)))
}

/// A room in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = PharmagoListedRoom)]
pub struct ListedRoom {
    id: i64,
    room_id: String,
    order_number: String,
    room_title: String,
    #[schema(value_type = String)]
    status: ConversationStatus,
    participant_count: usize,
    message_count: i64,
    last_message_preview: String,
    #[serde(serialize_with = "instant")]
    last_activity: DateTime<Utc>,
    #[serde(serialize_with = "instant")]
    created_at: DateTime<Utc>,
}

impl ListedRoom {
    pub(super) fn new(listed: &Listed, message_count: i64) -> Self {
        let conversation = &listed.conversation;
        let last = listed.last_message.as_ref();
        let last = last.filter(|message| message.deleted_at.is_none());
        Self {
            id: conversation.no.0,
            room_id: room_id(conversation),
            order_number: order_number(conversation),
            room_title: room_title(conversation),
            status: conversation.status,
            participant_count: present(&listed.participants),
            message_count,
            last_message_preview: last.map_or_else(|| NOTHING_SAID.to_owned(), |it| it.preview()),
            last_activity: conversation.updated_at,
            created_at: conversation.created_at,
        }
    }
}

fn present(people: &[Participant]) -> usize {
    let people = people.iter();
    people.filter(|person| person.takes_part()).count()
}

/// A room by itself.
#[derive(Serialize, ToSchema)]
#[schema(as = PharmagoRoom)]
pub struct ShownRoom {
    id: i64,
    room_id: String,
    /// The platform's id of the order
    #[schema(value_type = Object)]
    order: Value,
    order_number: String,
    title: Option<String>,
    description: Option<String>,
    #[schema(value_type = String)]
    status: ConversationStatus,
    is_public: bool,
    max_participants: u16,
    room_title: String,
    #[serde(serialize_with = "instant")]
    created_at: DateTime<Utc>,
    #[serde(serialize_with = "maybe_instant")]
    closed_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "instant")]
    last_activity: DateTime<Utc>,
    participant_count: usize,
    message_count: i64,
    /// The newest message: its `id`, `content`, `sender_name`, `timestamp`
    #[schema(value_type = Option<Object>)]
    last_message: Option<Value>,
    is_active: bool,
}

impl ShownRoom {
    pub(super) fn new(
        conversation: &Conversation,
        people: &[Participant],
        message_count: i64,
        last_message: Option<Value>,
    ) -> Self {
        let card = RoomCard::of(conversation);
        Self {
            id: conversation.no.0,
            room_id: room_id(conversation),
            order: user_value(order(conversation)),
            order_number: order_number(conversation),
            title: conversation.title.as_deref().map(str::to_owned),
            description: card.description().map(str::to_owned),
            status: conversation.status,
            is_public: card.is_public(),
            max_participants: conversation.max_participants.unwrap_or(USUAL_MOST),
            room_title: room_title(conversation),
            created_at: conversation.created_at,
            closed_at: conversation.closed.as_deref().map(|closed| closed.at),
            last_activity: conversation.updated_at,
            participant_count: present(people),
            message_count,
            last_message,
            is_active: conversation.status == ConversationStatus::Open,
        }
    }
}

/// What a room was created with or changed to, as the platform's serializer answers.
pub(super) fn settings(conversation: &Conversation) -> Value {
    let card = RoomCard::of(conversation);
    json!({
        "title": conversation.title, "description": card.description(), "is_public": card.is_public(),
        "max_participants": conversation.max_participants.unwrap_or(USUAL_MOST),
    })
}
