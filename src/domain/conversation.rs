//! Conversations and their participants.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use std::sync::Arc;

use super::flow::DealView;
use super::ids::{ConversationId, ConversationNo, PolicyVersion, Seq, UserId, UserNo};

macro_rules! named_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant),+ }
        impl $name {
            /// The name in APIs and in the database.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
            /// The value with this name.
            pub fn named(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

named_enum! {
    /// The kind of a conversation.
    ConversationKind {
        /// Two users.
        Direct = "direct",
        /// Any number of users.
        Group = "group",
        /// A user and those who help.
        Support = "support",
    }
}

named_enum! {
    /// The status of a conversation.
    ConversationStatus {
        /// Messages can be sent.
        Open = "open",
        /// No more messages.
        Closed = "closed",
        /// Closed, and hidden from the usual lists.
        Archived = "archived",
    }
}

named_enum! {
    /// A participant's membership.
    Membership {
        /// Participates.
        Present = "present",
        /// Left by themselves.
        Left = "left",
        /// Was removed.
        Removed = "removed",
    }
}

named_enum! {
    /// A user's presence.
    PresenceStatus {
        /// Connected.
        Online = "online",
        /// Connected and away.
        Away = "away",
        /// Connected and busy.
        Busy = "busy",
        /// Not connected.
        Offline = "offline",
    }
}

/// The default role of a participant.
pub const MEMBER: &str = "member";
/// The role of the creator of a group.
pub const OWNER: &str = "owner";

/// The platform's description of a subject: a JSON object; null until there is one.
pub type Card = serde_json::Value;

/// The platform's object that a conversation is about: a job, an order, a bid.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// The type of the object.
    pub kind: String,
    /// The platform's id.
    pub id: String,
    /// `title`, `url` and `data` from the platform's back end; null until it has described the subject.
    pub card: Card,
}

impl Subject {
    /// Whether the platform has described the subject.
    pub fn is_described(&self) -> bool {
        !self.card.is_null()
    }
}

/// A participant of a conversation, present or past.
#[derive(Clone, Debug, PartialEq)]
pub struct Participant {
    /// The number in the database.
    pub no: UserNo,
    /// The platform's id.
    pub id: UserId,
    /// The name to show.
    pub name: Option<String>,
    /// The URL of a picture.
    pub avatar_url: Option<String>,
    /// The role in this conversation.
    pub role: String,
    /// Whether they still participate.
    pub membership: Membership,
    /// May read but not send.
    pub muted: bool,
    /// May neither read nor send.
    pub blocked: bool,
    /// The highest seq delivered to them.
    pub delivered_seq: Seq,
    /// The highest seq that they have read.
    pub read_seq: Seq,
    /// When they joined.
    pub joined_at: DateTime<Utc>,
    /// Whether the reader of this copy sees their presence and watermarks.
    pub signals: Signals,
}

/// Whether a reader sees somebody's presence and watermarks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signals {
    /// The reader sees them.
    Shown,
    /// To the reader, the person is offline and has received and read nothing.
    Hidden,
}

impl Participant {
    /// Removes presence and watermarks from a copy for one reader.
    pub fn hide_signals(&mut self) {
        self.signals = Signals::Hidden;
        self.delivered_seq = 0;
        self.read_seq = 0;
    }
}

/// A conversation without its participants. Each event carries a copy, so long values are shared.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    /// The number in the database.
    pub no: ConversationNo,
    /// The public id.
    pub id: ConversationId,
    /// The kind.
    pub kind: ConversationKind,
    /// The title.
    pub title: Option<Arc<str>>,
    /// The status.
    pub status: ConversationStatus,
    /// The subject.
    pub subject: Option<Arc<Subject>>,
    /// The creator.
    pub created_by: UserId,
    /// The seq of its newest change.
    pub last_seq: Seq,
    /// The policy version: rises with each change of who may send what.
    pub policy_version: PolicyVersion,
    /// The view of its deal, if it has one.
    pub flow: Option<Arc<DealView>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}
