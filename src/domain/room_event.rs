//! What a room publishes: one value for each change or transient signal, with the conversation after it. Connections encode it when
//! they send it.

mod masked;
mod weight;

use chrono::{DateTime, Utc};
use std::sync::Arc;

use super::access::Sight;
use super::access::blocks::Blocks;
use super::annotation::{Pinned, Reacted};
use super::command::Mark;
use super::conversation::{Conversation, Participant, PresenceStatus};
use super::deal_memory::DealMemory;
use super::dialect::Dialect;
use super::encoded::{Encoded, Encodings};
use super::flow::Stepped;
use super::ids::{ConversationId, MessageId, Seq, UserId, UserNo};
use super::message::Message;
use super::mine::Mine;
use super::people::People;
use super::snapshot::UnreadCount;
use super::thread::OwnThread;

/// A conversation at one moment. Its parts are shared: a copy copies no person and no text.
#[derive(Clone, Debug)]
pub struct View {
    /// The conversation.
    pub conversation: Conversation,
    /// Its people.
    pub people: People,
    /// The blocks between them.
    pub blocks: Blocks,
    /// The deal's context and open cards, if a listener's dialect needs them.
    pub deal: DealMemory,
}

impl View {
    /// A conversation and its people, without the deal's context.
    pub fn of(conversation: Conversation, people: impl IntoIterator<Item = Participant>) -> Self {
        Self {
            conversation,
            people: people.into_iter().collect(),
            blocks: Blocks::default(),
            deal: DealMemory::default(),
        }
    }
}

/// An event of a conversation.
#[derive(Debug)]
pub struct RoomEvent {
    /// The conversation's id.
    pub conversation: ConversationId,
    /// Its seq in the conversation; `None` for a transient signal.
    pub seq: Option<Seq>,
    /// The user whose signal this is: typing, presence, a watermark. Users whom they have blocked, or who have blocked them, do not get it.
    pub signal_of: Option<UserNo>,
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
    /// Somebody reacted to a message, or does no longer.
    Reacted(Arc<Reacted>),
    /// A message was pinned, or is no longer.
    Pinned(Arc<Pinned>),
    /// A deal made a step.
    Stepped {
        /// When.
        at: DateTime<Utc>,
        /// Which.
        stepped: Arc<Stepped>,
        /// The conversation after it.
        view: View,
    },
    /// The same step, as the button that a person pressed or the text that they typed.
    Acted {
        /// Which.
        stepped: Arc<Stepped>,
        /// The messages of the step.
        said: Vec<Message>,
        /// The conversation after it.
        view: View,
    },
    /// The same step, as another event of a dialect that sends a step as several.
    StepPart {
        /// Which part.
        part: StepPart,
        /// The step.
        stepped: Arc<Stepped>,
        /// Its messages.
        said: Vec<Message>,
        /// The conversation after it.
        view: View,
    },
    /// Something that a user gets wherever they are online, in dialects with events for users beside conversations.
    ToUser {
        /// What.
        news: UserNews,
        /// The conversation after it.
        view: View,
    },
    /// The conversation, or who takes part in it, changed.
    Changed(View),
    /// The conversation is new to somebody.
    Created(View),
    /// A user lost access and learns their new membership.
    Lost {
        /// The last seq that they could read.
        seq: Seq,
        /// `left`, `removed`, `blocked` or `none`.
        membership: &'static str,
    },
    /// A watermark moved.
    Marked {
        /// Which.
        mark: Mark,
        /// The user whose watermark it is.
        user: UserId,
        /// Where the watermark stands now.
        seq: Seq,
        /// The newest message up to there.
        message: MessageId,
        /// The messages of others that it moved over, as far as the room remembers them; only for what was read.
        passed: Vec<MessageId>,
    },
    /// Somebody began or ended typing.
    Typing {
        /// The one who types.
        user: UserId,
        /// The name to show.
        name: Option<String>,
        /// Whether they began.
        is_typing: bool,
    },
    /// Somebody listens from now on, with their first client, or no longer, because they left.
    Attendance {
        /// The one who listens or has left.
        user: UserId,
        /// Whether they listen now.
        is_here: bool,
    },
    /// Somebody's presence changed.
    Presence {
        /// Whose.
        user: UserId,
        /// What it is now.
        status: PresenceStatus,
    },
    /// A notification of a message, for a user who is online and has not joined.
    Notice {
        /// The message.
        preview: Preview,
        /// Why the receiver is told.
        reason: NoticeReason,
        /// How many messages the receiver has not read here.
        unread: UnreadCount,
        /// The conversation after it.
        view: View,
    },
    /// What the conversation is for a user changed; for their own connections.
    Mine(Mine),
    /// What the thread of a message is for a user changed; for their own connections.
    Thread(MessageId, OwnThread),
    /// A user's unread count or their newest visible message changed; for their connections that have not joined.
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

/// Why somebody is notified of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeReason {
    /// It was said.
    Message,
    /// It mentions them.
    Mention,
    /// It is a reply in a thread that they follow.
    Thread,
}

impl NoticeReason {
    /// The name in events.
    pub fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Mention => "mention",
            Self::Thread => "thread",
        }
    }
}

/// A part of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepPart {
    /// Where the conversation stands after it; before the step's other events.
    Conversation,
    /// What became of a payment; after the step's messages.
    Payment,
}

/// What a user hears of.
#[derive(Clone, Debug)]
pub enum UserNews {
    /// A message for them, in a session that has joined the conversation.
    Received(Arc<MessageNews>),
    /// A message of their own was sent.
    Sent(Arc<MessageNews>),
    /// A message is the newest of the conversation.
    Newest {
        /// The message.
        message: Arc<MessageNews>,
        /// Whether it is their own.
        is_own: bool,
    },
    /// How many messages they have not read, in a session that has not joined.
    Unread(UnreadCount),
    /// What became of a payment.
    Payment {
        /// The step that it led to.
        stepped: Arc<Stepped>,
        /// Its messages.
        said: Vec<Message>,
    },
}

/// A message of which users hear in several events.
#[derive(Debug)]
pub struct MessageNews {
    /// The message.
    pub preview: Preview,
    /// The part that these events have in common.
    pub common: Encodings,
}

impl MessageNews {
    /// Nothing of it is encoded yet.
    pub fn new(preview: Preview) -> Arc<Self> {
        let common = Encodings::default();
        Arc::new(Self { preview, common })
    }
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

/// A message with its sender's name, as notifications and lists show it.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The message.
    pub message: Message,
    /// The sender's name.
    pub sender_name: String,
}

impl RoomEvent {
    /// A new event, not encoded yet.
    pub fn new(conversation: ConversationId, seq: Option<Seq>, change: Change) -> Arc<Self> {
        Arc::new(Self::unshared(conversation, seq, change))
    }

    /// A signal of a user, which leaves no entry.
    pub fn signal(conversation: ConversationId, user: UserNo, change: Change) -> Arc<Self> {
        Arc::new(Self {
            signal_of: Some(user),
            ..Self::unshared(conversation, None, change)
        })
    }

    fn unshared(conversation: ConversationId, seq: Option<Seq>, change: Change) -> Self {
        Self {
            conversation,
            seq,
            signal_of: None,
            weight: weight::of(&change),
            change,
            encodings: Encodings::default(),
        }
    }

    /// Whether the event is for somebody: a message, and what is said about it, is for those who see it, everything else for everybody.
    pub fn is_seen(&self, sight: Sight<'_>) -> bool {
        match &self.change {
            Change::Message { message, .. } => message.is_visible_to(sight),
            Change::Reacted(reacted) => sight.sees_target(&reacted.target),
            Change::Pinned(pinned) => sight.sees_target(&pinned.target),
            _ => true,
        }
    }

    /// Whether a dialect may encode the event differently for each role.
    pub fn differs_by_role(&self) -> bool {
        match &self.change {
            Change::Stepped { .. } | Change::Acted { .. } | Change::StepPart { .. } => true,
            Change::Message { view, .. }
            | Change::Notice { view, .. }
            | Change::ToUser { view, .. }
            | Change::Changed(view)
            | Change::Created(view) => view.conversation.flow.is_some(),
            _ => false,
        }
    }

    /// Whether the event is for one user.
    pub fn is_personal(&self) -> bool {
        matches!(
            self.change,
            Change::Notice { .. }
                | Change::UnreadChanged { .. }
                | Change::Mine(_)
                | Change::Thread(..)
                | Change::ToUser { .. }
        )
    }

    /// Whether it is a part of a step that only some dialects have an event for.
    pub fn is_part_of_step(&self) -> bool {
        matches!(self.change, Change::Acted { .. } | Change::StepPart { .. })
    }

    /// The approximate size of the native event in bytes. It counts against the bound of a connection's queue.
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// The event in a dialect, for this role; calls `encode` if it was not encoded for them before.
    pub fn encoded(
        &self,
        dialect: Dialect,
        role: Option<&str>,
        encode: impl Fn() -> Option<Encoded>,
    ) -> Option<&Encoded> {
        self.encodings.get(dialect, role, encode)
    }
}
