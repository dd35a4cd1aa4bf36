//! The responses of the endpoints: `{ "success": true, … }` with the result under its own name.

use serde::Serialize;
use utoipa::ToSchema;

use super::paging::Pagination;
use super::prompting::PromptingContext;
use crate::domain::ids::ConversationId;
use crate::edge::stoory::about::ConversationType;
use crate::edge::stoory::listed::{ConnectionRow, ListedRow};
use crate::edge::stoory::rows::{ConversationContext, ConversationRow, MessageRow};

/// Done, in words.
#[derive(Serialize, ToSchema)]
#[schema(as = StoorySuccess)]
pub struct Done {
    success: bool,
    message: &'static str,
}

/// With what it made or found.
#[derive(Serialize, ToSchema)]
#[schema(as = StoorySuccessWith)]
pub struct With<T> {
    success: bool,
    #[serde(flatten)]
    thing: T,
}

impl Done {
    /// Success; the words are for people.
    pub(super) const fn saying(message: &'static str) -> Self {
        Self {
            success: true,
            message,
        }
    }
}

impl<T> With<T> {
    /// Success, with a result.
    pub(super) fn new(thing: T) -> Self {
        Self {
            success: true,
            thing,
        }
    }
}

/// A page of conversations.
#[derive(Serialize, ToSchema)]
#[schema(as = StooryConversations)]
pub struct Conversations<'a> {
    /// Newest activity first
    pub(super) conversations: Vec<ListedRow<'a>>,
    /// Where the page stands
    pub(super) pagination: Pagination,
    /// What the list holds: `direct`, `bid` or `campaign`; none if it holds all
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) conversation_type: Option<ConversationType>,
    /// The same in words
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<&'static str>,
    /// Of the list of all: the caller's side in the newest conversation of the page
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user_role: Option<&'static str>,
    /// Of the list of all: what it holds, in words
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) query_description: Option<&'static str>,
}

/// A page of direct conversations.
#[derive(Serialize, ToSchema)]
#[schema(as = StooryConnections)]
pub struct Connections<'a> {
    /// With whom the caller is connected, newest activity first
    pub(super) connections: Vec<ConnectionRow<'a>>,
    /// The same conversations in full
    pub(super) conversations: Vec<ListedRow<'a>>,
    /// Where the page stands
    pub(super) pagination: Pagination,
}

/// A page of messages.
#[derive(Serialize, ToSchema)]
#[schema(as = StooryMessages)]
pub struct Messages<'a> {
    /// Oldest first
    pub(super) messages: Vec<MessageRow<'a>>,
    /// Where the page stands; page 1 has the newest
    pub(super) pagination: Pagination,
}

/// What was said, and where.
#[derive(Serialize, ToSchema)]
#[schema(as = StoorySent)]
pub struct Sent<'a> {
    /// Where
    #[schema(value_type = Uuid)]
    pub(super) conversation_id: ConversationId,
    /// The conversation, if the caller did not name it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) conversation: Option<ConversationRow<'a>>,
    /// What was said
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<MessageRow<'a>>,
}

/// Two people are connected.
#[derive(Serialize, ToSchema)]
#[schema(as = StooryConnected)]
pub struct Connected<'a> {
    /// Their conversation
    pub(super) conversation: ConversationRow<'a>,
    /// Its id
    #[schema(value_type = Uuid)]
    pub(super) conversation_id: ConversationId,
    /// What was done, in words
    pub(super) message: &'static str,
    /// What was said at once
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) initial_message: Option<MessageRow<'a>>,
}

/// One conversation.
#[derive(Serialize, ToSchema)]
#[schema(as = StooryContext)]
pub struct Context<'a> {
    /// What the front end opens it with
    pub(super) context: PromptingContext<'a>,
    /// All of its row
    pub(super) conversation: ConversationRow<'a>,
    /// The part of the row that events carry
    pub(super) conversation_context: ConversationContext<'a>,
}

/// What is not read.
#[derive(Serialize, ToSchema)]
#[schema(as = StooryUnreadCount)]
pub struct Unread {
    /// How many messages, all conversations together
    pub(super) unread_count: i64,
    /// There may be more: counting a conversation ends at 1,000
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) unread_count_capped: bool,
}
