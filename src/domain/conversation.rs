//! Conversations and their participants.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use std::sync::Arc;

use super::business::BusinessRef;
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
/// The default role of somebody whom a business supports.
pub const CUSTOMER: &str = "customer";
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
    /// They see only messages after this seq.
    pub sees_from: Seq,
    /// The highest seq delivered to them.
    pub delivered_seq: Seq,
    /// The highest seq that they have read.
    pub read_seq: Seq,
    /// The highest seq up to which they have read everything, threads too; others do not see it.
    pub threads_seq: Seq,
    /// From where on they count as unread, for themselves, what they have read; others do not see it.
    pub unread_from: Option<Seq>,
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
    /// Up to where they count the conversation as read.
    pub fn read_to(&self) -> Seq {
        self.unread_from
            .map_or(self.read_seq, |from| self.read_seq.min(from - 1))
    }

    /// Removes presence and watermarks from a copy for one reader.
    pub fn hide_signals(&mut self) {
        self.signals = Signals::Hidden;
        self.delivered_seq = 0;
        self.read_seq = 0;
        self.threads_seq = 0;
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
    /// How many may take part; `None` for as many as the platform allows.
    pub max_participants: Option<u16>,
    /// Seconds that people who do not manage it wait between two messages; 0–3,600.
    pub slow_seconds: u16,
    /// How it stopped being open, if it is not and if that is known.
    pub closed: Option<Arc<Closed>>,
    /// The platform's own id of it.
    pub external_id: Option<Arc<str>>,
    /// The business to which it belongs.
    pub business: Option<Arc<BusinessRef>>,
    /// The view of its deal, if it has one.
    pub flow: Option<Arc<DealView>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// How a conversation stopped being open.
#[derive(Clone, Debug, PartialEq)]
pub struct Closed {
    /// When.
    pub at: DateTime<Utc>,
    /// Who closed or archived it.
    pub by: UserId,
    /// Why.
    pub reason: Option<String>,
}

/// What who manages a conversation decides about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The title.
    pub title: Option<String>,
    /// The status.
    pub status: ConversationStatus,
    /// How many may take part; `None` for as many as the platform allows.
    pub max_participants: Option<u16>,
    /// Seconds that people who do not manage it wait between two messages.
    pub slow_seconds: u16,
    /// How it stopped being open.
    pub closed: Option<Arc<Closed>>,
}

impl Conversation {
    /// The settings as they are.
    pub fn settings(&self) -> Settings {
        Settings {
            title: self.title.as_deref().map(str::to_owned),
            status: self.status,
            max_participants: self.max_participants,
            slow_seconds: self.slow_seconds,
            closed: self.closed.clone(),
        }
    }

    /// Replaces the settings.
    pub fn set(&mut self, settings: &Settings) {
        self.title = settings.title.as_deref().map(Into::into);
        self.status = settings.status;
        self.max_participants = settings.max_participants;
        self.slow_seconds = settings.slow_seconds;
        self.closed.clone_from(&settings.closed);
    }

    /// How many may take part, where the platform allows `most`.
    pub fn most_participants(&self, most: usize) -> usize {
        self.max_participants
            .map_or(most, |own| usize::from(own).min(most))
    }
}
