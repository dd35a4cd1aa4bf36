//! A room: the actor that is awake for a conversation. `state`, `timeline`, `authors`, `bedtime`, `overtaken` and `typists` are its rules, the other files carry.

pub mod actor;
mod announce;
mod authors;
mod bedtime;
mod changing;
mod crowd;
mod joining;
mod listener;
mod notifications;
mod overtaken;
mod read_receipts;
pub mod replay;
pub mod reply;
mod sending;
pub mod state;
mod timeline;
mod typists;
mod unread_changes;

use actix::{Message, Recipient};
use clock::Clock;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::command::Command;
use crate::domain::entry::Entry;
use crate::domain::ids::{ConversationId, Seq, SessionId};
use crate::domain::principal::Principal;
use crate::feed::Feed;
use crate::journal::JournalHandle;
use crate::presence::Directory;
use crate::queue::ConnectionQueue;
use crate::store::pool::Pool;
use crate::telemetry::metrics::Metrics;
use reply::Reply;

/// What rooms work with.
pub struct RoomDeps {
    /// Writes facts.
    pub journal: JournalHandle,
    /// Reads them.
    pub pool: Pool,
    /// Tells whoever follows what was committed.
    pub feed: Feed,
    /// Who is online.
    pub directory: Arc<Directory>,
    /// Figures.
    pub metrics: Arc<Metrics>,
    /// How deals stood at earlier steps.
    pub recall: Arc<replay::Recall>,
    /// What time it is, for rooms and sessions.
    pub clock: Clock,
    /// How long a room stays awake without anybody.
    pub idle: Duration,
    /// Commands that may wait for one room.
    pub mailbox: usize,
}

/// What can be asked of a room.
#[derive(Message)]
#[rtype(result = "()")]
pub enum ToRoom {
    /// A session wants to hear everything.
    Join {
        /// Whose session.
        principal: Arc<Principal>,
        /// Where events go.
        queue: Arc<ConnectionQueue>,
        /// How the session is told what it missed.
        backfill: Backfill,
        /// Where the answer goes.
        reply: Reply,
    },
    /// A session that has joined, or is about to, asks how the conversation stands.
    Look {
        /// Whose session.
        principal: Arc<Principal>,
        /// Where the answer goes.
        reply: Reply,
    },
    /// The caller of a session has shown another token: whether it may still read is looked at again.
    Renew {
        /// Who it is now.
        principal: Arc<Principal>,
        /// Which session.
        session: SessionId,
        /// Where the answer goes: a refusal where it may not, and hears no more.
        reply: Reply,
    },
    /// A session wants to hear no more.
    Leave {
        /// Which.
        session: SessionId,
        /// Where the answer goes.
        reply: Reply,
    },
    /// Entries that somebody else committed.
    Committed(Vec<Entry>),
    /// A command.
    Do {
        /// Who asks.
        principal: Arc<Principal>,
        /// For what.
        command: Command,
        /// Where the answer goes.
        reply: Reply,
    },
}

impl ToRoom {
    /// The obligation to answer it, where there is one.
    pub fn into_reply(self) -> Option<Reply> {
        match self {
            Self::Join { reply, .. }
            | Self::Look { reply, .. }
            | Self::Renew { reply, .. }
            | Self::Leave { reply, .. }
            | Self::Do { reply, .. } => Some(reply),
            Self::Committed(_) => None,
        }
    }
}

/// How a joining session is told what it missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backfill {
    /// In the answer to its request: everything after a seq, or the newest messages.
    InReply(Option<Seq>),
    /// As events after this seq: its client has asked for nothing.
    AsEvents(Seq),
    /// As events after this seq, and the answer says how the conversation stands.
    Both(Seq),
}

/// A room wants to sleep: the registry forgets it, and then says `Sleep`.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Tired {
    /// Which.
    pub conversation: ConversationId,
    /// Its own way of being told.
    pub room: Recipient<Sleep>,
}

/// The registry has forgotten the room: nothing new comes to it.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Sleep;

/// Makes a room panic, for tests of what that takes down.
#[cfg(debug_assertions)]
#[derive(Message)]
#[rtype(result = "()")]
pub struct Panic;
