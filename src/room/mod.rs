//! A room is the actor of one conversation in use. `state` and `timeline` hold its rules; the other files do
//! I/O.

pub mod actor;
mod announce;
mod attendance;
mod authors;
mod behind;
mod blocking;
mod changing;
mod commands;
mod confirming;
mod crowd;
mod earlier;
mod ending;
mod idle_tracker;
mod join_reading;
mod joining;
mod listener;
mod mine;
mod notifications;
mod overtaken;
pub mod progress;
mod read_receipts;
pub mod remote;
pub mod replay;
pub mod reply;
mod sending;
mod slow_mode;
mod staff;
pub mod state;
pub mod timeline;
mod typists;
mod unread_changes;
mod user_news;
#[cfg(test)]
mod without_database;

use actix::{Message, Recipient};
use clock::Clock;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

use crate::domain::access::policies::Policies;
use crate::domain::command::Command;
use crate::domain::entry::Entry;
use crate::domain::ids::{ConversationId, JoinNo, Seq, SessionId, UserNo};
use crate::domain::principal::Principal;
use crate::feed::Feed;
use crate::identity::staff::StaffNews;
use crate::journal::JournalHandle;
use crate::notifier::Notifier;
use crate::presence::Directory;
use crate::queue::ConnectionQueue;
use crate::store::catch_up::Watermarks;
use crate::store::pool::Pool;
use crate::telemetry::metrics::Metrics;
use crate::wire::outgoing::Outgoing;
use progress::Progress;
use remote::RemoteEvent;
use reply::Reply;

/// The dependencies of rooms.
pub struct RoomDeps {
    /// Writes changes.
    pub journal: JournalHandle,
    /// Reads conversations.
    pub pool: Pool,
    /// Informs consumers about commits.
    pub feed: Feed,
    /// Where what leaves no entry goes to other servers.
    pub outgoing: Outgoing,
    /// Knows who is online.
    pub directory: Arc<Directory>,
    /// Informs people of their notifications.
    pub notifier: Notifier,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// How deals stood at earlier steps.
    pub recall: Arc<replay::Recall>,
    /// What time it is, for rooms and sessions.
    pub clock: Clock,
    /// How long a room stays awake without anybody.
    pub idle: Duration,
    /// The capacity of a room's mailbox.
    pub mailbox: usize,
    /// Catch-up checks, and reads of rooms that are behind, at the same time.
    pub catch_ups: Arc<Semaphore>,
    /// What the platform allows.
    pub policies: Arc<Policies>,
    /// What has changed among the staff of businesses.
    pub staff: StaffNews,
}

/// The messages to a room.
#[derive(Message)]
#[rtype(result = "()")]
pub enum ToRoom {
    /// A session subscribes to all events.
    Join {
        /// The session's user.
        principal: Arc<Principal>,
        /// The queue for its events.
        queue: Arc<ConnectionQueue>,
        /// The session's number of this join.
        join: JoinNo,
        /// How the session gets what it missed.
        backfill: Backfill,
        /// Receives the answer.
        reply: Reply,
    },
    /// A session that has joined, or is joining, asks for the current state of the conversation.
    Look {
        /// The session's user.
        principal: Arc<Principal>,
        /// The session.
        session: SessionId,
        /// Receives the answer.
        reply: Reply,
    },
    /// A session's user has presented another token: check again whether the user may read.
    Renew {
        /// The user according to the new token.
        principal: Arc<Principal>,
        /// The session.
        session: SessionId,
        /// Receives the answer: a refusal if the user may not read, which also removes the listener.
        reply: Reply,
    },
    /// A session unsubscribes.
    Leave {
        /// The session.
        session: SessionId,
        /// Receives the answer.
        reply: Reply,
    },
    /// Entries that this server has committed without this room, and who could not read the conversation before them.
    Committed(Vec<Entry>, Vec<UserNo>),
    /// What another server has sent.
    Remote(RemoteEvent),
    /// A catch-up check has found this newest seq.
    LastSeq(Seq),
    /// A catch-up check has found these watermarks.
    Watermarks(Vec<Watermarks>),
    /// The database has lost entries that this room has announced.
    End,
    /// A command.
    Do {
        /// The caller.
        principal: Arc<Principal>,
        /// The command.
        command: Command,
        /// Receives the outcome.
        reply: Reply,
    },
}

impl ToRoom {
    /// Whether it keeps the room awake. Checks do not, nor do other servers.
    fn is_use(&self) -> bool {
        !matches!(
            self,
            Self::Remote(_) | Self::LastSeq(_) | Self::Watermarks(_) | Self::End
        )
    }

    /// The reply that the message carries, if it has one.
    pub fn into_reply(self) -> Option<Reply> {
        match self {
            Self::Join { reply, .. }
            | Self::Look { reply, .. }
            | Self::Renew { reply, .. }
            | Self::Leave { reply, .. }
            | Self::Do { reply, .. } => Some(reply),
            Self::Committed(..)
            | Self::Remote(_)
            | Self::LastSeq(_)
            | Self::Watermarks(_)
            | Self::End => None,
        }
    }
}

/// How a joining session gets what it missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backfill {
    /// In the answer to its request: everything after a seq, or the newest messages.
    InReply(Option<Seq>),
    /// As events after this seq: its client has asked for nothing.
    AsEvents(Seq),
    /// As events after this seq, and the answer says how the conversation stands.
    Both(Seq),
    /// As `Both`, and the watermarks too, for a session that is getting what it missed: everything up to this seq is in its queue.
    Again(Seq),
}

/// The messages of rooms to the registry.
#[derive(Message)]
#[rtype(result = "()")]
pub enum ToRegistry {
    /// A room asks to stop: the registry forgets it and answers with `Sleep`.
    Idle {
        /// The conversation.
        conversation: ConversationId,
        /// The room's own progress: the conversation may have another room by now.
        progress: Arc<Progress>,
        /// The room's address.
        room: Recipient<Sleep>,
    },
    /// A forgotten room has committed entries: the conversation's next room announces them. The users could not read it before.
    Committed(ConversationId, Vec<Entry>, Vec<UserNo>),
}

/// The registry has forgotten the room and sends it nothing more.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Sleep;

/// Makes a room panic, for tests.
#[cfg(debug_assertions)]
#[derive(Message)]
#[rtype(result = "()")]
pub struct Panic;
