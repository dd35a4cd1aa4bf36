//! The sections of a frame: what one server sends the others.

use bytes::Bytes;
use std::sync::Arc;
use uuid::Uuid;

use crate::domain::command::{Mark, Typing};
use crate::domain::conversation::PresenceStatus;
use crate::domain::entry::Entry;
use crate::domain::ids::{ConversationId, ConversationNo, Seq, SessionId, UserId, UserNo};

/// The id of one start of a server.
pub type NodeId = Uuid;

/// One thing that a server sends the others. A kind that the receiver does not know is skipped.
#[derive(Clone, Debug)]
pub enum Section {
    /// A server has begun, or begun anew, to listen. A server that hears it answers with a `Beat` and its people.
    Hello,
    /// A sign of life; it goes out at least every 250 ms.
    Beat(Beat),
    /// A server stops, after everything that it had to send.
    Stopping,
    /// Entries of one conversation were committed.
    Entries(CommittedEntries),
    /// A conversation was created.
    Created {
        /// Its number.
        no: ConversationNo,
        /// Its id.
        id: ConversationId,
        /// Its participants.
        people: Vec<UserNo>,
    },
    /// The stored profile of a user changed: what is cached of it is old.
    Profile(UserId),
    /// A watermark moved.
    Marked {
        /// The conversation.
        conversation: ConversationId,
        /// Whose watermark.
        user: UserNo,
        /// Which of the two.
        mark: Mark,
        /// Up to where.
        seq: Seq,
    },
    /// Somebody types, or types no more.
    Typing {
        /// The conversation.
        conversation: ConversationId,
        /// The user, who need not take part in it.
        user: UserNo,
        /// The platform's id.
        id: UserId,
        /// The name in their token.
        name: Option<String>,
        /// Whether they have begun or stopped.
        typing: Typing,
    },
    /// The first session of a participant has joined a room of the sender, or the last one has left it.
    Attendance {
        /// The conversation.
        conversation: ConversationId,
        /// The user.
        user: UserNo,
        /// What has happened.
        change: Attendance,
    },
    /// What a conversation is for a user themselves has changed. What is true stands in the database.
    Mine {
        /// The conversation.
        conversation: ConversationId,
        /// The user.
        user: UserNo,
        /// The seq of the message whose thread it is that has changed for them; `None` for the conversation itself.
        thread: Option<Seq>,
    },
    /// The presence of users whose sessions are at the sender.
    People(Vec<PersonAt>),
    /// A page of all users whose sessions are at the sender. The first page has number 0; the last one says so.
    AllPeople {
        /// The number of the page.
        page: u32,
        /// Whether no page follows.
        is_last: bool,
        /// The users of the page.
        people: Vec<PersonAt>,
    },
    /// Asks one server for all its people.
    AskPeople(NodeId),
    /// A Socket.IO client goes on at the sender, in this session: another session of this client ends.
    Taken {
        /// The private id of the client, by which it came back.
        pid: String,
        /// Its session at the sender.
        session: SessionId,
    },
    /// The sessions of a user, whose tokens were issued earlier, are ended. What is true stands in the database.
    Ended(UserNo),
    /// Something in the database is new for those who work on this topic.
    Hint {
        /// The name of the topic.
        topic: String,
        /// The numbers of rows, as the topic has them.
        numbers: Vec<i64>,
    },
}

/// What has become of a participant's sessions in a room of the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attendance {
    /// The first one has joined.
    Joined,
    /// One is there, which the receiver may not know.
    Stays,
    /// The last one has left.
    Left,
    /// The last one was lost. It may come back, so nobody hears of it yet.
    Lost,
}

/// What a sign of life says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beat {
    /// The number of the last frame that was heard from each peer.
    pub heard: Vec<(NodeId, u64)>,
    /// The number of users who are online at the sender.
    pub people: u32,
    /// The exclusive or of a hash of each of them with their presence.
    pub hash: u64,
}

/// A user at one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonAt {
    /// The user.
    pub user: UserNo,
    /// Their presence; `Offline` when the last session and its grace are over.
    pub status: PresenceStatus,
    /// When they chose it, in microseconds since 1970, by the database's clock.
    pub chosen_at: i64,
}

/// Committed entries of one conversation, in order of seq.
#[derive(Clone, Debug)]
pub struct CommittedEntries {
    /// The conversation.
    pub conversation: ConversationId,
    /// Its number.
    pub no: ConversationNo,
    /// The first seq.
    pub first: Seq,
    /// The last seq.
    pub last: Seq,
    /// Who may read there, who came, and whom the entries are about. Receivers where none of them is online, and whose room
    /// sleeps, need not read the entries.
    pub people: Vec<UserNo>,
    /// Those of them who could not read there before these entries. A room that wakes after that cannot know.
    pub newcomers: Vec<UserNo>,
    /// The entries.
    pub entries: WireEntries,
}

/// Entries on their way: values where they were committed, bytes where they arrive.
#[derive(Clone, Debug)]
pub enum WireEntries {
    /// Not encoded yet.
    Values(Arc<[Entry]>),
    /// Not decoded yet.
    Encoded(Bytes),
}
