//! The public JSON of reactions, pins and what is forwarded: the same over sockets and REST.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::instants::{instant, maybe_instant};
use crate::domain::annotation::{Pin, Pinned, Reacted, ReactionCount};
use crate::domain::forwarding::Forwarded;
use crate::domain::ids::{ConversationId, Seq, UserId};

/// A change of a reaction, with all reactions of that emoji.
#[derive(Serialize, ToSchema)]
#[schema(as = ReactionChanged)]
pub struct ReactedView<'a> {
    /// The conversation
    #[schema(value_type = Uuid)]
    conversation_id: ConversationId,
    /// The seq of the change; 0 if the reaction never was there
    seq: Seq,
    /// The message
    message_id: Uuid,
    /// Who reacts, or does no longer
    user_id: &'a str,
    /// With what
    #[schema(example = "👍")]
    emoji: &'a str,
    /// True: they react with it; false: not any more
    added: bool,
    /// How many people react with it after the change
    count: i64,
    /// The first of them, at most 20
    users: Vec<&'a str>,
}

impl<'a> ReactedView<'a> {
    /// The change in its conversation.
    pub fn new(conversation_id: ConversationId, reacted: &'a Reacted) -> Self {
        Self {
            conversation_id,
            seq: reacted.seq,
            message_id: reacted.target.message.to_uuid(),
            user_id: reacted.user_id.as_str(),
            emoji: reacted.emoji.as_str(),
            added: reacted.placing.is_there(),
            count: reacted.count,
            users: reacted.users.iter().map(UserId::as_str).collect(),
        }
    }
}

/// A change of a pin.
#[derive(Serialize, ToSchema)]
#[schema(as = PinChanged)]
pub struct PinnedView<'a> {
    /// The conversation
    #[schema(value_type = Uuid)]
    conversation_id: ConversationId,
    /// The seq of the change; 0 if the message never was pinned
    seq: Seq,
    /// The message
    message_id: Uuid,
    /// Who did it
    user_id: &'a str,
    /// Whether it is pinned after it
    pinned: bool,
    /// When; null if it never was pinned
    #[serde(serialize_with = "maybe_instant")]
    at: Option<DateTime<Utc>>,
    /// Until when it is pinned; null: for good
    #[serde(serialize_with = "maybe_instant")]
    expires_at: Option<DateTime<Utc>>,
}

impl<'a> PinnedView<'a> {
    /// The change in its conversation.
    pub fn new(conversation_id: ConversationId, pinned: &'a Pinned) -> Self {
        Self {
            conversation_id,
            seq: pinned.seq,
            message_id: pinned.target.message.to_uuid(),
            user_id: pinned.user_id.as_str(),
            pinned: pinned.placing.is_there(),
            at: pinned.at,
            expires_at: pinned.expires_at,
        }
    }
}

/// How many people react to a message with one emoji.
#[derive(Serialize, ToSchema)]
#[schema(as = Reaction)]
pub struct ReactionView<'a> {
    /// The emoji
    #[schema(example = "👍")]
    emoji: &'a str,
    /// How many
    count: i64,
    /// The first of them, at most 20
    users: Vec<&'a str>,
    /// Whether the reader is one of them
    mine: bool,
}

impl<'a> From<&'a ReactionCount> for ReactionView<'a> {
    fn from(counted: &'a ReactionCount) -> Self {
        Self {
            emoji: counted.emoji.as_str(),
            count: counted.count,
            users: counted.users.iter().map(UserId::as_str).collect(),
            mine: counted.is_own,
        }
    }
}

/// That a message is pinned.
#[derive(Serialize, ToSchema)]
#[schema(as = Pin)]
pub struct PinView<'a> {
    /// Who pinned it
    user_id: &'a str,
    /// When
    #[serde(serialize_with = "instant")]
    at: DateTime<Utc>,
    /// Until when; null: for good
    #[serde(serialize_with = "maybe_instant")]
    expires_at: Option<DateTime<Utc>>,
}

impl<'a> From<&'a Pin> for PinView<'a> {
    fn from(pin: &'a Pin) -> Self {
        Self {
            user_id: pin.by.as_str(),
            at: pin.at,
            expires_at: pin.expires_at,
        }
    }
}

/// Who said first what a message forwards.
#[derive(Serialize, ToSchema)]
#[schema(as = Forwarded)]
pub struct OriginView<'a> {
    /// The name; null for staff
    name: Option<&'a str>,
    /// When
    #[serde(serialize_with = "instant")]
    at: DateTime<Utc>,
}

impl<'a> OriginView<'a> {
    /// The origin, where it is known.
    pub fn of(forwarded: &'a Forwarded) -> Option<Self> {
        let origin = forwarded.origin.as_ref()?;
        Some(Self {
            name: origin.name.as_deref(),
            at: origin.at,
        })
    }
}
