//! Answers to requests, before a dialect encodes them.

use chrono::{DateTime, Utc};
use serde_json::Value;
use std::sync::Arc;

use super::annotation::{Pinned, Reacted};
use crate::domain::conversation::{Conversation, Participant};
use crate::domain::ids::{MessageId, Seq, UserId};
use crate::domain::message::Message;
use crate::domain::snapshot::Snapshot;
use crate::domain::thread::OwnThread;

/// The answer to a successful request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// A message was stored, now or by an earlier identical send.
    Sent(Message, Novelty),
    /// A message after a change.
    Message(Message),
    /// A reaction after a change.
    Reacted(Arc<Reacted>),
    /// A pin after a change.
    Pinned(Arc<Pinned>),
    /// What the thread of a message is for the caller, after a change.
    Thread(MessageId, OwnThread),
    /// A conversation was joined.
    Joined(Box<Snapshot>),
    /// The others who type, each with the time since when.
    Typists(Vec<(UserId, DateTime<Utc>)>),
    /// A watermark after it moved.
    Marked(Seq),
    /// A conversation after a change.
    Conversation(Box<Conversation>, Vec<Participant>),
    /// A deal after a step, as the caller may see it.
    Flow(Value),
    /// No content.
    Done,
}

/// Whether a send stored a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Novelty {
    /// The message is new.
    New,
    /// The message was stored before.
    Repeated,
}
