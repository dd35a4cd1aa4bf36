//! What a room publishes: one value for each change or passing signal, with the conversation as it stood after it. Connections
//! encode it when they send it.

use chrono::{DateTime, Utc};
use std::sync::Arc;

use super::command::Mark;
use super::conversation::{Conversation, Participant, PresenceStatus};
use super::deal_memory::DealMemory;
use super::dialect::Dialect;
use super::encoded::{Encoded, Encodings};
use super::flow::Stepped;
use super::ids::{ConversationId, MessageId, Seq, UserId};
use super::message::{Audience, Message};
use super::people::People;
use super::snapshot::UnreadCount;

/// A conversation at one moment. Its parts are shared: a copy copies no person and no text.
#[derive(Clone, Debug)]
pub struct View {
    /// The conversation.
    pub conversation: Conversation,
    /// Its people.
    pub people: People,
    /// What its deal remembers and asks, where somebody listens who needs that.
    pub deal: DealMemory,
}

impl View {
    /// A conversation and its people, where nobody needs to know what a deal remembers.
    pub fn of(conversation: Conversation, people: impl IntoIterator<Item = Participant>) -> Self {
        Self {
            conversation,
            people: people.into_iter().collect(),
            deal: DealMemory::default(),
        }
    }
}

/// An event of a conversation.
#[derive(Debug)]
pub struct RoomEvent {
    /// Which conversation.
    pub conversation: ConversationId,
    /// Its place in the order of changes; none for what is not stored.
    pub seq: Option<Seq>,
    /// What happened.
    pub change: Change,
    weight: usize,
    encodings: Encodings,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Change {
    /// A message was said, edited or deleted.
    Message {
        /// Which of these.
        kind: MessageChange,
        /// The message as it stands now.
        message: Message,
        /// The conversation after it.
        view: View,
    },
    /// A deal made a step.
    Stepped {
        /// When.
        at: DateTime<Utc>,
        /// Which.
        stepped: Arc<Stepped>,
        /// The conversation after it.
        view: View,
    },
    /// The same step, as what somebody pressed or typed.
    Acted {
        /// Which.
        stepped: Arc<Stepped>,
        /// The messages that the step said.
        said: Vec<Message>,
        /// The conversation after it.
        view: View,
    },
    /// The conversation, or who takes part in it, changed.
    Changed(View),
    /// The conversation is new to somebody.
    Created(View),
    /// Somebody may not read it any more, and is told so: what they are there now.
    Lost {
        /// Up to which change they could read.
        seq: Seq,
        /// `left`, `removed`, `blocked` or `none`.
        membership: &'static str,
    },
    /// A watermark moved.
    Marked {
        /// Which.
        mark: Mark,
        /// Whose.
        user: UserId,
        /// How far.
        seq: Seq,
        /// The newest message up to there.
        message: MessageId,
    },
    /// Somebody began or ended typing.
    Typing {
        /// Who.
        user: UserId,
        /// Whether they began.
        is_typing: bool,
    },
    /// Somebody's presence changed.
    Presence {
        /// Whose.
        user: UserId,
        /// What it is now.
        status: PresenceStatus,
    },
    /// A message, for somebody who is online and has not joined.
    Notice {
        /// The message.
        preview: Preview,
        /// What the receiver has not read here.
        unread: UnreadCount,
    },
    /// What somebody has not read here has changed, or the newest message that they may see has; for their connections that have
    /// not joined.
    UnreadChanged {
        /// The conversation's newest change when it was counted.
        seq: Seq,
        /// Where their read watermark stands.
        read_seq: Seq,
        /// How many messages of others are unread.
        unread: UnreadCount,
        /// The newest message that they may see.
        last_message: Option<Preview>,
    },
}

/// Which change of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageChange {
    /// It was said.
    New,
    /// Its body was replaced.
    Updated,
    /// It became a tombstone.
    Deleted,
}

/// A message, as it is shown to somebody who has not opened the conversation.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The message.
    pub message: Message,
    /// Who says it.
    pub sender_name: String,
}

/// Bytes of a native event beside its texts.
const ENVELOPE: usize = 400;
/// Bytes of a participant in a native conversation.
const PARTICIPANT: usize = 300;

impl RoomEvent {
    /// An event that nobody has encoded yet.
    pub fn new(conversation: ConversationId, seq: Option<Seq>, change: Change) -> Arc<Self> {
        Arc::new(Self {
            conversation,
            seq,
            weight: weight(&change),
            change,
            encodings: Encodings::default(),
        })
    }

    /// Whom alone it is for.
    pub fn audience(&self) -> Option<&Audience> {
        match &self.change {
            Change::Message { message, .. } => message.content.audience.as_ref(),
            _ => None,
        }
    }

    /// Whether a dialect may tell each role something else.
    pub fn differs_by_role(&self) -> bool {
        match &self.change {
            Change::Stepped { .. } | Change::Acted { .. } => true,
            Change::Message { view, .. } | Change::Changed(view) | Change::Created(view) => {
                view.conversation.flow.is_some()
            }
            _ => false,
        }
    }

    /// Whether it is for one person alone.
    pub fn is_personal(&self) -> bool {
        matches!(
            self.change,
            Change::Notice { .. } | Change::UnreadChanged { .. }
        )
    }

    /// About the bytes that it has as a native event, which count against the bound of a connection's queue.
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// The event in a dialect, for this role, encoded with `encode` where nobody needed it before.
    pub fn encoded(
        &self,
        dialect: Dialect,
        role: Option<&str>,
        encode: impl Fn() -> Option<Encoded>,
    ) -> Option<&Encoded> {
        self.encodings.get(dialect, role, encode)
    }
}

fn weight(change: &Change) -> usize {
    ENVELOPE
        + match change {
            Change::Message { message, .. } => bytes_of(message),
            Change::Acted { said, .. } => said.iter().map(bytes_of).sum(),
            Change::Changed(view) | Change::Created(view) => {
                view.people.iter().count() * PARTICIPANT
            }
            Change::Notice { preview, .. } => preview.message.preview().len(),
            _ => 0,
        }
}

fn bytes_of(message: &Message) -> usize {
    let content = &message.content;
    let attachments = content.attachments.iter().map(|file| file.url.len() + 100);
    let context = content
        .context
        .as_ref()
        .map_or(0, |context| context.get().len());
    let card = message.card.as_ref().map_or(0, |card| card.get().len());
    content.body.len() + attachments.sum::<usize>() + context + card
}
