//! The envelope of every answer, and what is in it.

use serde::Serialize;
use utoipa::ToSchema;

use super::paging::Pagination;
use crate::edge::parttimepays::conversation::ConversationDocument;
use crate::edge::parttimepays::message::MessageDocument;
use crate::edge::parttimepays::people::ParticipantDocument;
use crate::edge::parttimepays::reactions::ReactionDocument;

/// A success with data.
#[derive(Serialize, ToSchema)]
pub struct Data<T> {
    success: bool,
    /// A sentence
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    data: T,
}

impl<T> Data<T> {
    /// The data alone.
    pub fn of(data: T) -> Self {
        Self {
            success: true,
            message: None,
            data,
        }
    }

    /// The data, and a sentence.
    pub fn saying(message: &'static str, data: T) -> Self {
        Self {
            message: Some(message),
            ..Self::of(data)
        }
    }
}

/// A success without data.
#[derive(Serialize, ToSchema)]
#[schema(as = PartTimePaysDone)]
pub struct Done {
    success: bool,
    message: &'static str,
}

impl Done {
    /// A success with this sentence.
    pub fn saying(message: &'static str) -> Self {
        Self {
            success: true,
            message,
        }
    }
}

/// A page of conversations.
#[derive(Serialize, ToSchema)]
#[schema(as = PartTimePaysConversations)]
pub struct Conversations<'a> {
    /// Newest activity first
    pub conversations: Vec<ConversationDocument<'a>>,
    /// Which page this is
    pub pagination: Pagination,
}

/// A conversation.
#[derive(Serialize, ToSchema)]
#[schema(as = PartTimePaysOneConversation)]
pub struct OneConversation<'a> {
    /// The conversation
    pub conversation: ConversationDocument<'a>,
}

/// Those who take part.
#[derive(Serialize, ToSchema)]
#[schema(as = PartTimePaysParticipants)]
pub struct Participants<'a> {
    /// In order of arrival
    pub participants: Vec<ParticipantDocument<'a>>,
}

/// A page of messages.
#[derive(Serialize, ToSchema)]
#[schema(as = PartTimePaysMessages)]
pub struct Messages<'a> {
    /// Oldest first in a conversation, newest first where they were searched for
    pub messages: Vec<MessageDocument<'a>>,
    /// Which page this is
    pub pagination: Pagination,
}

/// A message.
#[derive(Serialize, ToSchema)]
#[schema(as = PartTimePaysOneMessage)]
pub struct OneMessage<'a> {
    /// The message
    pub message: MessageDocument<'a>,
}

/// All reactions to a message.
#[derive(Serialize, ToSchema)]
#[schema(as = PartTimePaysReactions)]
pub struct Reactions<'a> {
    /// The oldest kind first
    pub reactions: Vec<ReactionDocument<'a>>,
}

/// What is unread.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PartTimePaysUnread)]
pub struct Unread {
    /// How many messages of others the caller has not read, in all conversations
    pub unread_count: i64,
}
