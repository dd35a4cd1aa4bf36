//! A conversation as the page lists it, for one reader.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::message::{GANG, JOB, MessageDocument, POST, subject_document};
use super::people::{LastSeen, ParticipantDocument, Place, participants};
use crate::domain::conversation::{Conversation, ConversationKind, ConversationStatus, Subject};
use crate::domain::ids::ConversationId;
use crate::domain::snapshot::Listed;
use crate::edge::dialect::Reader;
use crate::edge::native::instants::{instant, instant_text, maybe_instant};

/// What a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PartTimePaysConversationType)]
pub enum ConversationType {
    /// Two people.
    Direct,
    /// Any number of people.
    Group,
    /// It is about a job.
    JobRelated,
    /// It is about a post of the community.
    CommunityRelated,
    /// It is a gang's.
    GangRelated,
}

impl ConversationType {
    /// Of a conversation.
    pub fn of(conversation: &Conversation) -> Self {
        let subject = conversation.subject.as_deref();
        match (subject.map(|it| it.kind.as_str()), conversation.kind) {
            (Some(JOB), _) => Self::JobRelated,
            (Some(POST), _) => Self::CommunityRelated,
            (Some(GANG), _) => Self::GangRelated,
            (_, ConversationKind::Direct) => Self::Direct,
            (_, ConversationKind::Group | ConversationKind::Support) => Self::Group,
        }
    }
}

/// A conversation.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PartTimePaysConversation)]
pub struct ConversationDocument<'a> {
    /// Its id
    #[serde(rename = "_id")]
    #[schema(value_type = Uuid)]
    id: ConversationId,
    /// Those who take part
    participants: Vec<ParticipantDocument<'a>>,
    /// What it is
    conversation_type: ConversationType,
    /// What it is called
    title: Option<&'a str>,
    /// The job that it is about: `_id`, `title`, `company`
    #[schema(value_type = Option<Object>)]
    job: Option<Value>,
    /// The post that it is about: `_id`, `title`, `content`
    #[schema(value_type = Option<Object>)]
    community_post: Option<Value>,
    /// The gang whose it is
    gang_id: Option<&'a str>,
    /// The newest message that the reader may see
    last_message: Option<MessageDocument<'a>>,
    /// When it was sent
    #[serde(serialize_with = "maybe_instant")]
    last_message_at: Option<DateTime<Utc>>,
    /// Whether messages can be sent
    is_active: bool,
    /// How many messages of others the reader has not read
    unread_count: i64,
    /// `lastActivity`, and `unreadCount` of the reader by their id
    #[schema(value_type = Object)]
    metadata: Value,
    /// When it was begun
    #[serde(serialize_with = "instant")]
    created_at: DateTime<Utc>,
    /// When it last changed
    #[serde(serialize_with = "instant")]
    updated_at: DateTime<Utc>,
}

impl<'a> ConversationDocument<'a> {
    /// The conversation as it stands in the list of a reader, who has this id.
    pub fn new(listed: &'a Listed, reader: Reader<'a>, own_id: &str, seen: &LastSeen) -> Self {
        let conversation = &listed.conversation;
        let place = Place::new(conversation, &listed.participants, reader.system);
        let about = |kind: &str| {
            let subject = conversation.subject.as_deref();
            subject.filter(|subject: &&Subject| subject.kind == kind)
        };
        let last = listed.last_message.as_ref();
        let unread = listed.unread.number();
        let active_at = last.map_or(conversation.created_at, |last| last.created_at);
        let active_at = instant_text(active_at);
        Self {
            id: conversation.id,
            participants: participants(&listed.participants, seen, reader.directory),
            conversation_type: ConversationType::of(conversation),
            title: conversation.title.as_deref(),
            job: about(JOB).map(|job| subject_document(&job.id, Some(job), "company")),
            community_post: about(POST).map(|it| subject_document(&it.id, Some(it), "content")),
            gang_id: about(GANG).map(|gang| gang.id.as_str()),
            last_message: last.map(|last| MessageDocument::new(last, &place, reader.links)),
            last_message_at: last.map(|last| last.created_at),
            is_active: conversation.status == ConversationStatus::Open,
            unread_count: unread,
            metadata: json!({ "lastActivity": active_at, "unreadCount": { own_id: unread } }),
            created_at: conversation.created_at,
            updated_at: conversation.updated_at,
        }
    }
}
