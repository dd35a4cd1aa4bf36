//! A room as the clients read it: a document, for one reader.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::people::{RoomPeople, SenderType};
use crate::domain::conversation::{ConversationKind, ConversationStatus, Participant};
use crate::domain::ids::ConversationId;
use crate::domain::message::Message;
use crate::domain::snapshot::Listed;
use crate::edge::native::instants::{instant, maybe_instant};

/// What a room is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = LolaRoomType)]
pub enum RoomType {
    /// A customer, and those who help.
    CustomerSupport,
    /// Any number of people.
    TeamChat,
    /// Two people.
    StaffChat,
    /// Staff, and the platform's; there are none yet.
    AdminSupport,
}

impl RoomType {
    /// Of a conversation.
    pub fn of(kind: ConversationKind) -> Self {
        match kind {
            ConversationKind::Support => Self::CustomerSupport,
            ConversationKind::Group => Self::TeamChat,
            ConversationKind::Direct => Self::StaffChat,
        }
    }

    /// The conversations that are rooms of this type; `None` if none are.
    pub fn kind(self) -> Option<ConversationKind> {
        match self {
            Self::CustomerSupport => Some(ConversationKind::Support),
            Self::TeamChat => Some(ConversationKind::Group),
            Self::StaffChat => Some(ConversationKind::Direct),
            Self::AdminSupport => None,
        }
    }
}

/// How urgent a room is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LolaPriority)]
pub enum Priority {
    /// It can wait.
    Low,
    /// As any other; so are all rooms yet.
    Medium,
    /// It comes first.
    High,
    /// Now.
    Urgent,
}

/// A room.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LolaRoom)]
pub struct RoomDocument<'a> {
    /// Its id
    #[serde(rename = "_id")]
    #[schema(value_type = Uuid)]
    document_id: ConversationId,
    /// Its id once more
    #[schema(value_type = Uuid)]
    id: ConversationId,
    /// The business that it belongs to
    business_id: Option<&'a str>,
    /// What it is for
    room_type: RoomType,
    /// What it is called
    room_name: Option<&'a str>,
    /// Whether messages can be sent
    is_active: bool,
    /// Whether it was put away
    is_archived: bool,
    /// The newest message that the reader may see
    last_message_id: Option<Uuid>,
    /// When it was sent
    #[serde(serialize_with = "maybe_instant")]
    last_message_at: Option<DateTime<Utc>>,
    /// How many messages of others the reader has not read
    unread_count: i64,
    /// When it was made
    #[serde(serialize_with = "instant")]
    created_at: DateTime<Utc>,
    /// When it last changed
    #[serde(serialize_with = "instant")]
    updated_at: DateTime<Utc>,
    /// Who asks and who helps
    metadata: RoomMetadata<'a>,
}

/// Who asks in a room, and who helps.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LolaRoomMetadata)]
pub struct RoomMetadata<'a> {
    user_type: SenderType,
    user_id: Option<&'a str>,
    user_name: Option<&'a str>,
    user_email: Option<&'a str>,
    user_phone: Option<&'a str>,
    assigned_staff_id: Option<&'a str>,
    assigned_staff_name: Option<&'a str>,
    priority: Priority,
    tags: Vec<&'a str>,
    is_guest: bool,
}

/// The name to show of somebody.
pub fn name(person: &Participant) -> &str {
    person.name.as_deref().unwrap_or(person.id.as_str())
}

impl<'a> RoomDocument<'a> {
    /// The room in one reader's list.
    pub fn new(listed: &'a Listed) -> Self {
        let conversation = &listed.conversation;
        let people = RoomPeople::new(conversation, &listed.participants);
        let (customer, helper) = (people.customer(conversation), people.helper());
        let last = listed.last_message.as_ref();
        Self {
            document_id: conversation.id,
            id: conversation.id,
            business_id: people.business,
            room_type: RoomType::of(conversation.kind),
            room_name: conversation.title.as_deref(),
            is_active: conversation.status == ConversationStatus::Open,
            is_archived: conversation.status == ConversationStatus::Archived,
            last_message_id: last.map(|message| message.id.to_uuid()),
            last_message_at: last.map(|message: &Message| message.created_at),
            unread_count: listed.unread.number(),
            created_at: conversation.created_at,
            updated_at: conversation.updated_at,
            metadata: RoomMetadata {
                user_type: SenderType::of(customer),
                user_id: customer.map(|person| person.id.as_str()),
                user_name: customer.map(name),
                user_email: None,
                user_phone: None,
                assigned_staff_id: helper.map(|person| person.id.as_str()),
                assigned_staff_name: helper.map(name),
                priority: Priority::Medium,
                tags: Vec::new(),
                is_guest: false,
            },
        }
    }
}
