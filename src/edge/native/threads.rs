//! The public JSON of threads: the same over sockets and REST.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::ids::{ConversationId, MessageId, Seq, UserId};
use crate::domain::thread::{OwnThread, ThreadSummary};

/// The thread that answers a message, as the reader sees it.
#[derive(Serialize, ToSchema)]
#[schema(as = Thread)]
pub struct ThreadView<'a> {
    /// How many replies there are, without those that were deleted
    replies: i64,
    /// The seq of the newest reply, deleted or not
    last_seq: Seq,
    /// Those who replied first, at most 5
    participants: Vec<&'a str>,
    #[serde(flatten)]
    own: OwnThreadView,
}

impl<'a> From<&'a ThreadSummary> for ThreadView<'a> {
    fn from(thread: &'a ThreadSummary) -> Self {
        Self {
            replies: thread.replies,
            last_seq: thread.last_seq,
            participants: thread.participants.iter().map(UserId::as_str).collect(),
            own: thread.own.into(),
        }
    }
}

/// What a thread is for the reader.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnThread)]
pub struct OwnThreadView {
    /// Whether the reader follows it
    following: bool,
    /// Up to which seq the reader has read it
    read_seq: Seq,
    /// How many replies of others beyond that are shown in the thread alone; 0 if the reader does not follow it
    unread: i64,
    /// The seq of the conversation's newest change when the thread was counted: later events change it
    as_of: Seq,
}

impl From<OwnThread> for OwnThreadView {
    fn from(own: OwnThread) -> Self {
        Self {
            following: own.following.is_following(),
            read_seq: own.read_seq,
            unread: own.unread,
            as_of: own.as_of,
        }
    }
}

/// A change of what a thread is for the reader.
#[derive(Serialize, ToSchema)]
#[schema(as = ThreadChanged)]
pub struct ThreadChangedView {
    /// The conversation
    #[schema(value_type = Uuid)]
    conversation_id: ConversationId,
    /// The message that the thread answers
    message_id: Uuid,
    #[serde(flatten)]
    own: OwnThreadView,
}

impl ThreadChangedView {
    /// The change in its conversation.
    pub fn new(conversation_id: ConversationId, root: MessageId, own: OwnThread) -> Self {
        Self {
            conversation_id,
            message_id: root.to_uuid(),
            own: own.into(),
        }
    }
}
