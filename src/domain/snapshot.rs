//! A conversation as one reader sees it, at a join or in a list.

use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::iter::Sum;
use std::time::Duration;

use super::access::blocks::Blocks;
use super::annotation::Annotations;
use super::business::StaffMember;
use super::conversation::{Conversation, Participant};
use super::ids::{Seq, UserNo};
use super::message::{Message, MessageKind};
use super::mine::Mine;

/// A reader of messages.
#[derive(Clone, Debug, PartialEq)]
pub struct Reader {
    /// The user's number.
    pub no: UserNo,
    /// The role in this conversation; `None` for staff who do not participate.
    pub role: Option<String>,
    /// Only messages after this seq are seen.
    pub sees_from: Seq,
}

/// A conversation with all present and past participants.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The conversation.
    pub conversation: Conversation,
    /// The participants.
    pub participants: Vec<Participant>,
    /// The blocks between them.
    pub blocks: Blocks,
    /// Those who are or were staff of the business whose support it is.
    pub staff: Vec<StaffMember>,
    /// Who has spoken of late, where the conversation is in slow mode; empty otherwise.
    pub spoken: Vec<Spoken>,
}

/// When somebody has last spoken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spoken {
    /// The one who must wait between two messages.
    pub user: UserNo,
    /// The time since their last message, by the clock of the database.
    pub ago: Duration,
}

impl Loaded {
    /// The conversation as one reader sees it, without the signals that blocks hide.
    pub fn seen_by(mut self, reader: UserNo) -> Self {
        if let Some(reader_blocks) = self.blocks.of_reader(reader) {
            reader_blocks.mask(&mut self.participants);
        }
        self
    }
}

/// Whether a reader got all changes that they missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// The messages include every missed change.
    Complete,
    /// The messages are the newest ones; the reader must drop older state.
    Fresh,
}

/// What a reader gets at a join, from one database snapshot.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The conversation; the snapshot ends at its `last_seq`.
    pub conversation: Conversation,
    /// The participants with their watermarks.
    pub participants: Vec<Participant>,
    /// The messages in order of seq.
    pub messages: Vec<Message>,
    /// What is said about them.
    pub annotations: Annotations,
    /// Whether they include all that the reader missed.
    pub recovery: Recovery,
    /// The number of unread messages of others.
    pub unread: UnreadCount,
    /// What it is for the reader; `None` for staff who do not participate.
    pub mine: Option<Mine>,
}

/// What one reader sees of a deal besides its view.
#[derive(Clone, Debug, Default)]
pub struct Particulars {
    /// The deal's context.
    pub context: Map<String, Value>,
    /// The reader's pending card.
    pub card: Option<(MessageKind, Box<RawValue>)>,
}

/// A conversation in a user's list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The conversation.
    pub conversation: Conversation,
    /// The participants.
    pub participants: Vec<Participant>,
    /// The newest message that the user may see.
    pub last_message: Option<Message>,
    /// The number of unread messages of others.
    pub unread: UnreadCount,
    /// What it is for the reader; `None` for staff who do not participate.
    pub mine: Option<Mine>,
}

/// The number of unread messages of others. Counting stops at a bound, so that its time does not depend on the
/// conversation's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnreadCount {
    /// The exact number.
    Exactly(i64),
    /// The number counted; there may be more.
    AtLeast(i64),
}

impl UnreadCount {
    /// Nothing is unread.
    pub const NOTHING: Self = Self::Exactly(0);

    /// The number counted.
    pub fn number(self) -> i64 {
        match self {
            Self::Exactly(number) | Self::AtLeast(number) => number,
        }
    }

    /// Whether there may be more.
    pub fn is_capped(self) -> bool {
        matches!(self, Self::AtLeast(_))
    }

    /// Sets the field `name` of an object to true if there may be more; does nothing if the number is exact.
    pub fn note_cap(self, object: &mut Value, name: &str) {
        if let (Self::AtLeast(_), Some(fields)) = (self, object.as_object_mut()) {
            fields.insert(name.to_owned(), Value::Bool(true));
        }
    }
}

impl Sum for UnreadCount {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::NOTHING, |sum, count| match (sum, count) {
            (Self::Exactly(sum), Self::Exactly(number)) => Self::Exactly(sum + number),
            (sum, count) => Self::AtLeast(sum.number() + count.number()),
        })
    }
}
