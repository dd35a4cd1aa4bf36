//! What is said about messages: reactions and pins, and the threads that answer them.

use chrono::{DateTime, Utc};
use std::collections::HashMap;

use super::emoji::Emoji;
use super::ids::{MessageId, Seq, UserId, UserNo};
use super::message::Audience;
use super::thread::ThreadSummary;

/// Different emoji on one message.
pub const KINDS_OF_A_MESSAGE: usize = 20;
/// Different emoji of one person on one message.
pub const KINDS_OF_A_PERSON: usize = 10;
/// Users whom a reaction names; its count counts all.
pub const USERS_NAMED: usize = 20;
/// Messages that are pinned in one conversation at the same time.
pub const PINS: usize = 50;

/// Whether something was put on a message, or taken off it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placing {
    /// It is there from now on.
    Added,
    /// It is there no longer.
    Removed,
}

impl Placing {
    /// As the database and the wire keep it.
    pub const fn of(is_there: bool) -> Self {
        match is_there {
            true => Self::Added,
            false => Self::Removed,
        }
    }

    /// Whether it is there after it.
    pub const fn is_there(self) -> bool {
        matches!(self, Self::Added)
    }
}

/// The message that something is about, and who sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The message.
    pub message: MessageId,
    /// Its audience.
    pub audience: Option<Audience>,
}

/// A change of somebody's reaction, with all reactions of that emoji as they were read with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reacted {
    /// The message.
    pub target: Target,
    /// Who.
    pub user: UserNo,
    /// The platform's id of them.
    pub user_id: UserId,
    /// With what.
    pub emoji: Emoji,
    /// What they did.
    pub placing: Placing,
    /// The seq of this change; 0 if the reaction never was there.
    pub seq: Seq,
    /// How many people react with it now.
    pub count: i64,
    /// The first of them, at most `USERS_NAMED`.
    pub users: Vec<UserId>,
}

/// A change of a pin.
#[derive(Clone, Debug, PartialEq)]
pub struct Pinned {
    /// The message.
    pub target: Target,
    /// Who did it.
    pub user_id: UserId,
    /// What they did.
    pub placing: Placing,
    /// The seq of this change; 0 if the message never was pinned.
    pub seq: Seq,
    /// When; `None` if the message never was pinned.
    pub at: Option<DateTime<Utc>>,
    /// Until when it is pinned; `None` for good.
    pub expires_at: Option<DateTime<Utc>>,
}

/// How many people react to a message with one emoji.
#[derive(Clone, Debug, PartialEq)]
pub struct ReactionCount {
    /// The emoji.
    pub emoji: Emoji,
    /// How many.
    pub count: i64,
    /// The first of them, at most `USERS_NAMED`.
    pub users: Vec<UserId>,
    /// Whether the reader is one of them.
    pub is_own: bool,
}

/// That a message is pinned.
#[derive(Clone, Debug, PartialEq)]
pub struct Pin {
    /// Who pinned it.
    pub by: UserId,
    /// When.
    pub at: DateTime<Utc>,
    /// Until when; `None` for good.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What is said about one message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Annotation {
    /// The reactions, in the order of the oldest of each emoji.
    pub reactions: Vec<ReactionCount>,
    /// Whether it is pinned.
    pub pin: Option<Pin>,
    /// The thread that answers it; `None` without a reply that the reader sees.
    pub thread: Option<ThreadSummary>,
}

/// What is said about the messages of one conversation, as one reader sees it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Annotations(HashMap<Seq, Annotation>);

impl Annotations {
    /// What is said about the message with this seq; `None` if nothing is.
    pub fn of(&self, seq: Seq) -> Option<&Annotation> {
        self.0.get(&seq)
    }

    /// The same, to add to it.
    pub fn of_mut(&mut self, seq: Seq) -> &mut Annotation {
        self.0.entry(seq).or_default()
    }
}
