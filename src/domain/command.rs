//! Commands to a conversation, from sockets and REST alike.

use chrono::{DateTime, Utc};
use std::sync::Arc;

use super::access::policies::History;
use super::annotation::Placing;
use super::conversation::{Card, ConversationStatus};
use super::emoji::Emoji;
use super::file::FileId;
use super::ids::{MessageId, Seq, UserId};
use super::message::Content;
use super::mine::MineChange;
use super::thread::ThreadChange;

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
    /// React to a message with an emoji, or no longer.
    React {
        /// The message.
        message: MessageId,
        /// The emoji.
        emoji: Emoji,
        /// Which of the two.
        placing: Placing,
    },
    /// Pin a message.
    Pin {
        /// The message.
        message: MessageId,
        /// Until when; `None` for good.
        expires_at: Option<DateTime<Utc>>,
    },
    /// Take the pin off a message.
    Unpin {
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
    /// Ask who else types.
    WhoTypes,
    /// Advance one of the caller's watermarks.
    Mark {
        /// The watermark.
        mark: Mark,
        /// The seq.
        seq: Seq,
    },
    /// Change what a thread is for the caller.
    ChangeThread {
        /// The message that it answers.
        root: MessageId,
        /// What changes.
        change: ThreadChange,
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
        /// What they see of what was said before; `None` for what the platform says of their role.
        history: Option<History>,
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
    /// Change what who manages a conversation decides about it.
    ChangeSettings(SettingsChange),
    /// Change what the conversation is for the caller.
    ChangeMine(MineChange),
    /// Delete the conversation.
    DeleteConversation,
    /// The platform has said what the conversation's subject is; its title and status stay.
    ChangeCard(Card),
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
    Seen(Reads),
}

/// Which messages a read watermark counts as read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reads {
    /// All, those of threads too.
    All,
    /// Those of the main line.
    MainLine,
}

impl Reads {
    /// The name in APIs, which is that of the line.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::MainLine => "none",
        }
    }
}

/// Changes of a conversation; `None` leaves a field.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SettingsChange {
    /// The new title; the inner `None` clears it.
    pub title: Option<Option<String>>,
    /// The new status.
    pub status: Option<ConversationStatus>,
    /// Why it is closed or archived.
    pub reason: Option<String>,
    /// How many may take part; the inner `None` for as many as the platform allows.
    pub max_participants: Option<Option<u16>>,
    /// Seconds that people who do not manage it wait between two messages.
    pub slow_seconds: Option<u16>,
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
