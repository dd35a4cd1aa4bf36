//! What a request is answered with, before an API writes it in its own shape.

use serde_json::Value;

use crate::domain::conversation::{Conversation, Participant};
use crate::domain::ids::Seq;
use crate::domain::message::Message;
use crate::domain::snapshot::Snapshot;

/// The outcome of a request that was carried out.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A message was stored, now or by an earlier send of the same.
    Sent(Message, Novelty),
    /// A message as it stands after a change.
    Message(Message),
    /// A conversation was joined.
    Joined(Box<Snapshot>),
    /// A watermark as it stands.
    Marked(Seq),
    /// A conversation as it stands after a change.
    Conversation(Box<Conversation>, Vec<Participant>),
    /// A deal as the caller sees it after a step.
    Flow(Value),
    /// Nothing more to say.
    Done,
}

/// Whether a send did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Novelty {
    /// It did.
    New,
    /// It had been done before.
    Repeated,
}
