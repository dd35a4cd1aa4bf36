//! What can be asked of a conversation: the same commands from a socket and from REST.

use std::sync::Arc;

use super::conversation::ConversationStatus;
use super::ids::{MessageId, Seq, UserId};
use super::message::Content;

/// A request to one conversation.
#[derive(Clone, Debug)]
pub enum Command {
    /// Say something.
    Send(Arc<Content>),
    /// Replace the body of a message.
    Edit {
        /// Which.
        message: MessageId,
        /// The new body.
        body: String,
    },
    /// Make a tombstone of a message.
    Delete {
        /// Which.
        message: MessageId,
    },
    /// Show or stop showing that the caller types.
    Type(Typing),
    /// Move one of the caller's watermarks forward.
    Mark {
        /// Which watermark.
        mark: Mark,
        /// How far.
        seq: Seq,
    },
    /// Move the caller's watermark of reading up to a message.
    See {
        /// Which.
        message: MessageId,
    },
    /// Bring somebody in, or back.
    AddParticipant {
        /// Whom.
        user: UserId,
        /// As what; the conversation's default where none is given.
        role: Option<String>,
    },
    /// Change what somebody is and may.
    ChangeParticipant {
        /// Whom.
        user: UserId,
        /// What changes.
        change: ParticipantChange,
    },
    /// Send somebody away, or leave.
    RemoveParticipant {
        /// Whom.
        user: UserId,
    },
    /// Change the title or the status.
    ChangeSettings {
        /// The new title, where it changes.
        title: Option<Option<String>>,
        /// The new status, where it changes.
        status: Option<ConversationStatus>,
    },
    /// What the platform says of the conversation's subject.
    DescribeSubject {
        /// The conversation's title, where the platform gives one.
        title: Option<String>,
        /// The subject's card.
        card: serde_json::Value,
    },
    /// What the platform says that somebody is here. The roles of a running deal stay as they are.
    AssignRole {
        /// Whose role.
        user: UserId,
        /// The role.
        role: String,
    },
}

/// Whether somebody types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typing {
    /// Began, or goes on.
    Started,
    /// Ended.
    Stopped,
}

/// The two watermarks of a participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    /// It reached a device.
    Delivered,
    /// It was read, and so delivered too.
    Seen,
}

/// What changes of a participant; absent fields stay as they are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParticipantChange {
    /// A new role.
    pub role: Option<String>,
    /// Muted or no longer.
    pub muted: Option<bool>,
    /// Blocked or no longer.
    pub blocked: Option<bool>,
}
