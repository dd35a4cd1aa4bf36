//! Conversations and those who take part in them.

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
            /// The name used outside and in the database.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
            /// The one of that name.
            pub fn named(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

named_enum! {
    /// How a conversation came about.
    ConversationKind {
        /// Two people.
        Direct = "direct",
        /// Any number of people.
        Group = "group",
        /// Somebody and those who help.
        Support = "support",
    }
}

named_enum! {
    /// Whether a conversation goes on.
    ConversationStatus {
        /// It goes on.
        Open = "open",
        /// Nothing more can be said.
        Closed = "closed",
        /// Closed, and put away.
        Archived = "archived",
    }
}

named_enum! {
    /// Where somebody stands to a conversation.
    Membership {
        /// Takes part.
        Present = "present",
        /// Went away by themselves.
        Left = "left",
        /// Was sent away.
        Removed = "removed",
    }
}

named_enum! {
    /// What a person shows of their presence.
    PresenceStatus {
        /// Here.
        Online = "online",
        /// Connected, elsewhere in mind.
        Away = "away",
        /// Connected, not to be disturbed.
        Busy = "busy",
        /// Not connected.
        Offline = "offline",
    }
}

/// The role that a participant has when nobody says otherwise.
pub const MEMBER: &str = "member";
/// The role of whoever created a group.
pub const OWNER: &str = "owner";

/// What the platform says of a subject: a JSON object, or null until it says something.
pub type Card = serde_json::Value;

/// The platform's thing that a conversation is about: a job, an order, a bid.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// What kind of thing.
    pub kind: String,
    /// The platform's id of it.
    pub id: String,
    /// `title`, `url` and `data`, as the platform's back end said them; null until it has said anything.
    pub card: Card,
}

impl Subject {
    /// Whether the platform has said what this is.
    pub fn is_described(&self) -> bool {
        !self.card.is_null()
    }
}

/// Somebody's part in a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Participant {
    /// The number in the database.
    pub no: UserNo,
    /// The platform's id.
    pub id: UserId,
    /// The name to show.
    pub name: Option<String>,
    /// A picture.
    pub avatar_url: Option<String>,
    /// What they are here.
    pub role: String,
    /// Whether they still take part.
    pub membership: Membership,
    /// May read, not speak.
    pub muted: bool,
    /// May neither.
    pub blocked: bool,
    /// The highest seq that reached them.
    pub delivered_seq: Seq,
    /// The highest seq that they have read.
    pub read_seq: Seq,
    /// When they came.
    pub joined_at: DateTime<Utc>,
}

/// A conversation without its people. Every event carries a copy of it, so what is long is shared.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    /// The number in the database.
    pub no: ConversationNo,
    /// The public id.
    pub id: ConversationId,
    /// How it came about.
    pub kind: ConversationKind,
    /// What it is called.
    pub title: Option<Arc<str>>,
    /// Whether it goes on.
    pub status: ConversationStatus,
    /// What it is about.
    pub subject: Option<Arc<Subject>>,
    /// Who created it.
    pub created_by: UserId,
    /// The seq of its newest change.
    pub last_seq: Seq,
    /// The version of who may say what.
    pub policy_version: PolicyVersion,
    /// How its deal stands, if it has one.
    pub flow: Option<Arc<DealView>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}
