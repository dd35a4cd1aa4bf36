//! Committed facts: one for each seq of a conversation.

use chrono::{DateTime, Utc};

use std::sync::Arc;

use super::conversation::{ConversationStatus, Participant};
use super::flow::Stepped;
use super::ids::{Seq, UserNo};
use super::message::Message;

/// A durable change of a conversation, and its place in the order.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its place; gapless in each conversation.
    pub seq: Seq,
    /// When it was committed.
    pub at: DateTime<Utc>,
    /// What changed.
    pub fact: Fact,
}

/// What changed.
#[derive(Clone, Debug)]
pub enum Fact {
    /// A message was said.
    Said(Message),
    /// A message's body was replaced; this is how it stands now.
    Edited(Message),
    /// A message became a tombstone.
    Deleted(Message),
    /// Somebody came, went, or changed; this is how they stand now.
    Participant {
        /// Who did it.
        by: UserNo,
        /// How that person stands now.
        now: Participant,
    },
    /// The title, the status or the subject's card changed; these are the new ones.
    Settings {
        /// The title as it is now.
        title: Option<String>,
        /// The status as it is now.
        status: ConversationStatus,
        /// The subject's card as it is now; null where there is none.
        card: serde_json::Value,
    },
    /// A deal made a step.
    Stepped(Arc<Stepped>),
}

impl Fact {
    /// Whether it changes who may say what, and so the policy's version.
    pub fn changes_policy(&self) -> bool {
        match self {
            Self::Said(_) | Self::Edited(_) | Self::Deleted(_) => false,
            Self::Participant { .. } | Self::Settings { .. } | Self::Stepped(_) => true,
        }
    }
}
