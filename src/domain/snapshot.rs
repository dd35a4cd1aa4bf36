//! A conversation as one reader has it: at a join, and in a list.

use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::iter::Sum;

use super::conversation::{Conversation, Participant};
use super::ids::UserNo;
use super::message::{Message, MessageKind};

/// Who reads, as far as an audience cares.
#[derive(Clone, Debug, PartialEq)]
pub struct Reader {
    /// The number.
    pub no: UserNo,
    /// The role in this conversation; none for staff from outside.
    pub role: Option<String>,
}

/// A conversation with everybody who takes or took part in it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The conversation.
    pub conversation: Conversation,
    /// Its people.
    pub participants: Vec<Participant>,
}

/// Whether a reader got everything since where they were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Every change since is in the messages given.
    Complete,
    /// The newest messages, from which the reader starts anew.
    Fresh,
}

/// What a reader is given at a join: one consistent moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The conversation; its `last_seq` is the moment.
    pub conversation: Conversation,
    /// Its people, with their watermarks.
    pub participants: Vec<Participant>,
    /// The messages, in the order of seq.
    pub messages: Vec<Message>,
    /// Whether they are all that the reader missed.
    pub recovery: Recovery,
    /// How many messages of others the reader has not read.
    pub unread: UnreadCount,
}

/// What one reader is shown of a deal beyond how it stands.
#[derive(Clone, Debug, Default)]
pub struct Particulars {
    /// What the deal remembers.
    pub context: Map<String, Value>,
    /// The card that waits for the reader.
    pub card: Option<(MessageKind, Box<RawValue>)>,
}

/// A conversation as somebody has it in their list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The conversation.
    pub conversation: Conversation,
    /// Everybody in it.
    pub participants: Vec<Participant>,
    /// The newest message that they may see.
    pub last_message: Option<Message>,
    /// How many messages of others they have not read.
    pub unread: UnreadCount,
}

/// How many messages of others somebody has not read. Counting ends somewhere, so that it takes the same time in a
/// conversation of any length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnreadCount {
    /// So many.
    Exactly(i64),
    /// So many were counted, and there may be more.
    AtLeast(i64),
}

impl UnreadCount {
    /// Nothing is unread.
    pub const NOTHING: Self = Self::Exactly(0);

    /// How many were counted.
    pub fn number(self) -> i64 {
        match self {
            Self::Exactly(number) | Self::AtLeast(number) => number,
        }
    }

    /// Whether there may be more.
    pub fn is_capped(self) -> bool {
        matches!(self, Self::AtLeast(_))
    }

    /// Says in an object, under this name, that there may be more; says nothing where the number is exact.
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
