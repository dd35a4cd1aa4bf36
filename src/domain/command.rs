//! Commands to a conversation, from sockets and REST alike.

use std::sync::Arc;

use super::conversation::ConversationStatus;
use super::file::FileId;
use super::ids::{MessageId, Seq, UserId};
use super::message::Content;

/// A command.
#[derive(Clone, Debug)]
pub enum Command {
    /// Send a message.
    Send(Arc<Content>),
    /// Replace the body of a message.
    Edit {
        /// The message.
        message: MessageId,
        /// The new body.
        body: String,
    },
    /// Turn a message into a tombstone.
    Delete {
        /// The message.
        message: MessageId,
    },
    /// Remove a file from a message.
    RemoveAttachment {
        /// The message.
        message: MessageId,
        /// The file, which is stored here.
        file: FileId,
    },
    /// Set or clear the caller's typing indicator.
    Type(Typing),
    /// Advance one of the caller's watermarks.
    Mark {
        /// The watermark.
        mark: Mark,
        /// The seq.
        seq: Seq,
    },
    /// Advance the caller's read watermark to a message.
    See {
        /// The message.
        message: MessageId,
    },
    /// Add a user, or bring one back.
    AddParticipant {
        /// The user.
        user: UserId,
        /// The role; `None` for the default of the conversation's kind.
        role: Option<String>,
    },
    /// Change a participant's role or flags.
    ChangeParticipant {
        /// The participant.
        user: UserId,
        /// The changes.
        change: ParticipantChange,
    },
    /// Remove a participant, or leave.
    RemoveParticipant {
        /// The participant.
        user: UserId,
    },
    /// Change the title or the status.
    ChangeSettings {
        /// The new title; the outer `None` leaves it, the inner one clears it.
        title: Option<Option<String>>,
        /// The new status; `None` leaves it.
        status: Option<ConversationStatus>,
    },
    /// The platform describes the conversation's subject.
    DescribeSubject {
        /// The conversation's title; `None` clears it with the first description.
        title: Option<String>,
        /// The subject's card.
        card: serde_json::Value,
    },
    /// The platform assigns a role. The roles of a running deal cannot change.
    AssignRole {
        /// The participant.
        user: UserId,
        /// The role.
        role: String,
    },
}

/// A change of a typing indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typing {
    /// The user is typing.
    Started,
    /// The user has stopped.
    Stopped,
}

/// The two watermarks of a participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mark {
    /// Messages were delivered to a device.
    Delivered,
    /// Messages were read, and thereby delivered.
    Seen,
}

/// Changes of a participant; `None` leaves a field.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ParticipantChange {
    /// The new role.
    pub role: Option<String>,
    /// Whether they are muted.
    pub muted: Option<bool>,
    /// Whether they are blocked.
    pub blocked: Option<bool>,
}
