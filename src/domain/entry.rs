//! Entries: the committed changes of a conversation, one for each seq.

use chrono::{DateTime, Utc};

use std::sync::Arc;

use super::access::blocks::{Block, Blocking};
use super::annotation::{Pinned, Reacted};
use super::conversation::{Participant, Settings};
use super::flow::Stepped;
use super::ids::{Seq, UserNo};
use super::message::Message;

/// A committed change.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its seq; the seqs of a conversation have no gaps.
    pub seq: Seq,
    /// When it was committed.
    pub at: DateTime<Utc>,
    /// What changed.
    pub fact: Fact,
}

/// What changed.
#[derive(Clone, Debug)]
pub enum Fact {
    /// A message was sent.
    Said(Message),
    /// A message's body was replaced; this is the message now.
    Edited(Message),
    /// A message became a tombstone.
    Deleted(Message),
    /// A participant was added, changed or removed.
    Participant {
        /// Who did it.
        by: UserNo,
        /// The participant now.
        now: Participant,
        /// The blocks between them and the others.
        blocks: Vec<Block>,
    },
    /// One of the conversation's people has blocked another, or ended a block.
    Block {
        /// The two users.
        block: Block,
        /// Whether the block begins or ends.
        blocking: Blocking,
    },
    /// What who manages the conversation decides, or the subject's card changed; these are the new values.
    Settings {
        /// The settings.
        settings: Settings,
        /// The subject's card; null if there is none.
        card: serde_json::Value,
    },
    /// The conversation was deleted: nobody may read it any more, and nothing follows.
    Ended,
    /// A deal made a transition.
    Stepped(Arc<Stepped>),
    /// Somebody reacted to a message, or does no longer.
    Reacted(Arc<Reacted>),
    /// A message was pinned, or is no longer.
    Pinned(Arc<Pinned>),
    /// A later change took the place of this one, so nothing of it is stored.
    Void,
}

impl Fact {
    /// Whether the change raises the policy version.
    pub fn changes_policy(&self) -> bool {
        match self {
            Self::Said(_)
            | Self::Edited(_)
            | Self::Deleted(_)
            | Self::Reacted(_)
            | Self::Pinned(_)
            | Self::Void => false,
            Self::Participant { .. }
            | Self::Block { .. }
            | Self::Settings { .. }
            | Self::Ended
            | Self::Stepped(_) => true,
        }
    }

    /// Whether the conversation counts as changed by it in lists.
    pub fn moves_conversation(&self) -> bool {
        !matches!(
            self,
            Self::Block { .. } | Self::Reacted(_) | Self::Pinned(_) | Self::Void
        )
    }
}
