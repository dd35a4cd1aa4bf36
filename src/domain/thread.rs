//! Threads: messages that answer one message, the root, beside the main line of a conversation.

use super::ids::{MessageId, Seq, UserId};
use super::message::{Content, Message};

/// Users whom a thread names as those who take part in it.
pub const USERS_NAMED: usize = 5;

/// The place of a reply in a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InThread {
    /// The message that the thread answers. While the reply is being sent it may be any message of the thread.
    pub root: MessageId,
    /// Where else it is shown.
    pub shown: Shown,
}

/// Where a reply of a thread is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// In the thread alone.
    InThread,
    /// In the thread, and in the main line of the conversation.
    InConversation,
}

impl Shown {
    /// As the database and the wire keep it.
    pub const fn of(is_in_conversation: bool) -> Self {
        match is_in_conversation {
            true => Self::InConversation,
            false => Self::InThread,
        }
    }

    /// Whether it is shown in the main line.
    pub const fn is_in_conversation(self) -> bool {
        matches!(self, Self::InConversation)
    }
}

impl Message {
    /// Whether it is a reply that its thread alone shows.
    pub fn is_in_thread_alone(&self) -> bool {
        let thread = self.content.thread;
        thread.is_some_and(|it| !it.shown.is_in_conversation())
    }
}

impl Content {
    /// The message that it answers, for clients that show no threads: the one whose thread it is in, unless it answers another.
    pub fn answers(&self) -> Option<MessageId> {
        self.reply_to.or(self.thread.map(|thread| thread.root))
    }

    /// Whether something must be read before it can be sent: its files, whom it mentions, what it forwards, or the thread that it is in.
    pub fn names_others(&self) -> bool {
        let names_people = !self.mentions.is_empty();
        names_people
            || !self.attachments.is_empty()
            || self.forwards().is_some()
            || self.thread.is_some()
    }
}

/// Which messages of a conversation are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Line {
    /// All, those of threads too: the conversation of a client that shows no threads.
    #[default]
    All,
    /// Those of no thread, and replies that are shown outside of theirs too.
    Main,
    /// The replies of the thread with this root.
    Thread(MessageId),
}

/// A thread, as one reader sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct ThreadSummary {
    /// How many replies there are, without those that were deleted.
    pub replies: i64,
    /// The seq of the newest reply, deleted or not.
    pub last_seq: Seq,
    /// Those who replied first, at most `USERS_NAMED`.
    pub participants: Vec<UserId>,
    /// What it is for the reader.
    pub own: OwnThread,
}

/// What a thread is for one reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OwnThread {
    /// Whether they follow it.
    pub following: Following,
    /// Up to which seq they have read it; 0 for nothing of it.
    pub read_seq: Seq,
    /// How many replies of others beyond that are shown in the thread alone; 0 if they do not follow it.
    pub unread: i64,
    /// The seq of the conversation's newest change when the thread was counted.
    pub as_of: Seq,
}

/// Whether somebody follows a thread: counts it as unread, and is notified of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Following {
    /// They do.
    Yes,
    /// They do not.
    #[default]
    No,
}

impl Following {
    /// As the database keeps it.
    pub const fn of(is_following: bool) -> Self {
        match is_following {
            true => Self::Yes,
            false => Self::No,
        }
    }

    /// Whether they follow it.
    pub const fn is_following(self) -> bool {
        matches!(self, Self::Yes)
    }
}

/// A change of what a thread is for somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThreadChange {
    /// They have read it up to this seq.
    Seen(Seq),
    /// They follow it, or no longer.
    Follow(Following),
}
