//! The queue to one connection of the chat: its state, and the frames in it besides texts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use crate::domain::access::blocks::ReaderBlocks;
use crate::domain::dialect::{Dialect, UserRoom};
use crate::domain::file::CheckEnd;
use crate::domain::ids::{ConversationId, JoinNo, Seq};
use crate::domain::notice::NoticeNews;
use crate::domain::room_event::RoomEvent;

pub use socketio::queue::{CloseReason, Drain, Push};

/// The queue to one connection.
pub type ConnectionQueue = socketio::queue::ConnectionQueue<Chat>;
/// One thing for a session to do.
pub type Frame = socketio::queue::Frame<ChatFrame>;
/// What a session takes out at once.
pub type Drained = socketio::queue::Drained<ChatFrame>;

/// No valid token, or it has expired.
pub const UNAUTHENTICATED: CloseReason = own_reason(4401, "unauthenticated");
/// The platform has signed the user out.
pub const SIGNED_OUT: CloseReason = own_reason(4401, "signed out");
/// No authentication in time.
pub const AUTHENTICATION_TIMEOUT: CloseReason = own_reason(4408, "no authentication in time");
/// A page from elsewhere.
pub const ORIGIN_REFUSED: CloseReason =
    own_reason(4403, "origin refused: it is not in --allowed-origins");
/// Its user has as many connections as they may.
pub const TOO_MANY_CONNECTIONS: CloseReason = own_reason(1013, "too many connections of this user");

const fn own_reason(code: u16, text: &'static str) -> CloseReason {
    CloseReason::Application { code, text }
}

/// About the bytes of an event that tells of a file.
const FILE_CHECKED_BYTES: usize = 200;

/// What the chat adds to queues.
#[derive(Clone, Copy, Debug)]
pub struct Chat;

/// Frames that only the chat understands.
#[derive(Clone, Debug)]
pub enum ChatFrame {
    /// Encode this event and send it.
    Event {
        /// The event, shared by everybody who gets it.
        event: Arc<RoomEvent>,
        /// The role of the reader, where roles get different things; staff have none.
        role: Option<Arc<str>>,
        /// The blocks that concern the reader, if there are any.
        reader_blocks: Option<Arc<ReaderBlocks>>,
        /// Whether the connection has joined the conversation.
        heard: Heard,
    },
    /// The check of a file of the connection's user has ended.
    FileChecked(CheckEnd),
    /// Something about a notification of the connection's user.
    Notice(Arc<NoticeNews>),
    /// The room is gone, or the session has missed more than the room reads.
    Rejoin(Rejoin),
    /// Everything before it of a page of a replay has been sent. The number is the turn of the replay that the page belongs to.
    PageEnd(u64),
}

/// Where a session goes on to which a room sends nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejoin {
    /// The conversation.
    pub conversation: ConversationId,
    /// The session got everything up to this seq.
    pub after: Seq,
    /// The join since which it got it. After a later one, it gets everything by that.
    pub join: JoinNo,
}

/// Where a connection hears an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// As one that has joined the conversation: every event, in order.
    Joined,
    /// As a user who is online and has not joined: some events only, and they do not move its offset. Left out if the connection
    /// has joined by the time that the event is sent, since it hears the event there.
    Elsewhere,
    /// Whether it has joined or not: its user may read the conversation from now on, or may not any more.
    Anywhere,
}

/// The reader for whom an event is encoded.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventReader<'a> {
    /// The role of the reader; staff have none.
    pub role: Option<&'a Arc<str>>,
    /// The blocks that concern the reader, if there are any.
    pub reader_blocks: Option<&'a Arc<ReaderBlocks>>,
}

impl EventReader<'_> {
    /// Any reader.
    pub const ANYBODY: Self = Self {
        role: None,
        reader_blocks: None,
    };
}

impl ChatFrame {
    /// An event for a reader. The role is left out if the event is the same for all roles.
    pub fn event(event: &Arc<RoomEvent>, event_reader: EventReader<'_>, heard: Heard) -> Frame {
        let role = event_reader.role.filter(|_| event.differs_by_role());
        Frame::Own(Self::Event {
            event: Arc::clone(event),
            role: role.cloned(),
            reader_blocks: event_reader.reader_blocks.cloned(),
            heard,
        })
    }

    /// That a session is to go on from there by itself, as a frame.
    pub fn rejoin(rejoin: Rejoin) -> Frame {
        Frame::Own(Self::Rejoin(rejoin))
    }
}

impl socketio::queue::Extension for Chat {
    type Frame = ChatFrame;
    type State = Connection;

    fn bytes(frame: &ChatFrame) -> usize {
        match frame {
            ChatFrame::Event { event, .. } => event.weight(),
            ChatFrame::FileChecked(_) => FILE_CHECKED_BYTES,
            ChatFrame::Notice(news) => news.weight(),
            ChatFrame::Rejoin(..) | ChatFrame::PageEnd(_) => 0,
        }
    }
}

/// What holders of a queue know of its connection.
#[derive(Debug)]
pub struct Connection {
    dialect: Dialect,
    /// When the token was issued that it was opened with, in seconds since 1970; `i64::MIN` where that is not known.
    issued_at: AtomicI64,
    is_in_user_room: AtomicBool,
}

impl Default for Connection {
    fn default() -> Self {
        Self::of(Dialect::NATIVE)
    }
}

impl Connection {
    /// A connection that speaks this dialect.
    pub fn of(dialect: Dialect) -> Self {
        Self {
            dialect,
            issued_at: AtomicI64::new(i64::MIN),
            is_in_user_room: AtomicBool::new(false),
        }
    }

    /// What it speaks.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Notes that it has joined or left the room of its user.
    pub fn note_user_room(&self, room: UserRoom) {
        self.is_in_user_room
            .store(room.is_joined(), Ordering::Release);
    }

    /// Whether it has joined the room of its user.
    pub fn user_room(&self) -> UserRoom {
        UserRoom::of(self.is_in_user_room.load(Ordering::Acquire))
    }

    /// Whether it receives user events: its dialect has them, and it has joined the room of its user.
    pub fn hears_user_events(&self) -> bool {
        self.dialect.needs().user_events && self.user_room().is_joined()
    }

    /// Whether it receives changes of unread counts. Where its dialect has user events, they are sent in the room of its user only.
    pub fn hears_unread_changes(&self) -> bool {
        let needs = self.dialect.needs();
        needs.unread_changes && (!needs.user_events || self.hears_user_events())
    }

    /// Notes when the token was issued that it now goes on with.
    pub fn note_issued(&self, at: Option<i64>) {
        self.issued_at
            .store(at.unwrap_or(i64::MIN), Ordering::Relaxed);
    }

    /// When its token was issued, if that is known.
    pub fn issued_at(&self) -> Option<i64> {
        Some(self.issued_at.load(Ordering::Relaxed)).filter(|at| *at != i64::MIN)
    }
}
