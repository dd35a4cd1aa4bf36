//! What rooms tell, and what one has to know to put it into words.

use crate::domain::command::Mark;
use crate::domain::conversation::{Conversation, Participant, PresenceStatus};
use crate::domain::entry::Entry;
use crate::domain::flow::Stepped;
use crate::domain::ids::{MessageId, Seq, UserId};
use crate::domain::message::Message;
use crate::domain::snapshot::{Preview, UnreadCount};
use crate::edge::native::encode::MessageEvent;
use crate::edge::stoory::known::Known;
use crate::presence::Directory;

/// Something that people are told.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A message was said, edited or deleted.
    Message {
        /// Which of these.
        kind: MessageEvent,
        /// The change's place.
        seq: Seq,
        /// The message as it stands now.
        message: &'a Message,
    },
    /// A deal made a step.
    Step {
        /// When and where.
        entry: &'a Entry,
        /// Which.
        stepped: &'a Stepped,
    },
    /// The same step, as what somebody pressed or typed.
    Act {
        /// Which.
        stepped: &'a Stepped,
        /// What is said with it.
        said: &'a [Message],
    },
    /// The conversation, or who takes part in it, changed.
    Changed {
        /// The change's place.
        seq: Seq,
    },
    /// The conversation is new to somebody.
    Created,
    /// Somebody may not read it any more, and is told so.
    Lost {
        /// The change's place.
        seq: Seq,
        /// What they are there now.
        membership: &'static str,
    },
    /// A watermark moved.
    Marked {
        /// Which.
        mark: Mark,
        /// Whose.
        user: &'a UserId,
        /// How far.
        seq: Seq,
        /// The newest message up to there.
        message: MessageId,
    },
    /// Somebody began or ended typing.
    Typing {
        /// Who.
        user: &'a UserId,
        /// Whether they began.
        is_typing: bool,
    },
    /// Somebody's presence changed.
    Presence {
        /// Whose.
        user: &'a UserId,
        /// What it is now.
        status: PresenceStatus,
    },
    /// A message, for somebody who is online and elsewhere.
    Notice {
        /// The message.
        message: &'a Message,
        /// Who says it.
        sender_name: &'a str,
        /// What the receiver has not read here.
        unread: UnreadCount,
    },
    /// What somebody has not read here has changed, or the newest message that they may see has; for their sessions elsewhere.
    UnreadChanged {
        /// The conversation's newest change when it was counted.
        seq: Seq,
        /// Where their read watermark stands.
        read_seq: Seq,
        /// How many messages of others are unread.
        unread: UnreadCount,
        /// The newest message that they may see.
        last_message: Option<Preview<'a>>,
    },
}

/// Those who take or took part.
pub trait People {
    /// In the order of coming.
    fn in_order(&self) -> Vec<&Participant>;
}

impl People for Vec<Participant> {
    fn in_order(&self) -> Vec<&Participant> {
        self.iter().collect()
    }
}

/// Where something happens.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The conversation as it stands.
    pub conversation: &'a Conversation,
    /// Its people as they stand.
    pub people: &'a dyn People,
    /// Who is online.
    pub directory: &'a Directory,
    /// What its deal remembers and asks, as far as anybody here needs it.
    pub known: &'a Known,
    /// The id under which the system speaks where it needs one.
    pub system: &'a str,
}

impl<'a> Scene<'a> {
    /// Its people, owned, for views that want them so.
    pub(in crate::edge) fn everybody(&self) -> Vec<Participant> {
        self.people.in_order().into_iter().cloned().collect()
    }
}
