//! The responses of the endpoints: `{ "success": true, … }` with the result under its own name.

use serde::Serialize;
use utoipa::ToSchema;

use super::paging::Pagination;
use crate::edge::stoory::rows::{ConversationContext, ConversationRow, FlowUpdate, MessageRow};

/// Nothing more to say.
#[derive(Serialize, ToSchema)]
#[schema(as = StoorySuccess)]
pub struct Done {
    success: bool,
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
    /// Success, without a result.
    pub(super) const SUCCESS: Self = Self { success: true };
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
    pub(super) conversations: Vec<ConversationRow<'a>>,
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
    /// Where, if the caller did not name it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) conversation: Option<ConversationRow<'a>>,
    /// What was said, if anything was
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<MessageRow<'a>>,
}

/// One conversation.
#[derive(Serialize, ToSchema)]
#[schema(as = StooryContext)]
pub struct Context<'a> {
    /// All of it
    pub(super) conversation: ConversationRow<'a>,
    /// The part of it that events carry
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

/// Where a press has led.
#[derive(Serialize, ToSchema)]
#[schema(as = StooryFlowUpdated)]
pub struct Updated<'a> {
    /// The state after it
    pub(super) flow_update: FlowUpdate<'a>,
}
