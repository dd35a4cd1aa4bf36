//! Who is online and where: a sharded map from users to the queues of their sessions and to running rooms, and a table of what all
//! users show, here and at other servers.

mod hearing;
#[cfg(test)]
mod laws;
mod people;
mod table;

use actix::{Message, Recipient};
use dashmap::DashMap;
use foldhash::fast::RandomState;
use parking_lot::RwLock;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::domain::conversation::PresenceStatus;
use crate::domain::file::CheckEnd;
use crate::domain::ids::{ConversationNo, SessionId, UserNo};
use crate::domain::notice::NoticeNews;
use crate::queue::{ChatFrame, ConnectionQueue, Frame};
use crate::wire::outgoing::Outgoing;
pub use table::HeardIn;
use table::PresenceTable;

/// The users who are taken away together.
const SWEPT_TOGETHER: usize = 1_000;

/// Informs a room that a participant's presence changed.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct PresenceChanged {
    /// The participant.
    pub user: UserNo,
    /// The new presence.
    pub status: PresenceStatus,
}

/// The sessions of a user.
#[derive(Default)]
struct Sessions {
    queues: Vec<Arc<ConnectionQueue>>,
    /// When the last session closed; the grace period runs from here.
    empty_since: Option<Instant>,
}

impl Sessions {
    fn are_over(&self, grace: Duration, now: Instant) -> bool {
        let since = self.empty_since;
        since.is_some_and(|since| now.saturating_duration_since(since) >= grace)
    }
}

/// The directory. Sessions update it when they open and close, rooms when they start and stop, and what is heard from other servers.
pub struct Directory {
    connections: DashMap<SessionId, Arc<ConnectionQueue>>,
    connection_count: AtomicUsize,
    /// Code that changes both locks the table first. Rooms look up each participant here with each message, so its hash is quick; it need not
    /// resist chosen keys, since the database numbers users.
    users: DashMap<UserNo, Sessions, RandomState>,
    table: RwLock<PresenceTable>,
    rooms: DashMap<UserNo, Vec<(ConversationNo, Recipient<PresenceChanged>)>>,
    outgoing: Outgoing,
}

impl Directory {
    /// A directory of nobody. What its users show goes to other servers through the wire.
    pub fn new(outgoing: Outgoing) -> Self {
        Self {
            connections: DashMap::new(),
            connection_count: AtomicUsize::new(0),
            users: DashMap::default(),
            table: RwLock::default(),
            rooms: DashMap::new(),
            outgoing,
        }
    }

    /// Adds an open connection, authenticated or not; `None` if there are `most` already.
    pub fn open(&self, queue: &Arc<ConnectionQueue>, most: usize) -> Option<()> {
        if self.connection_count.fetch_add(1, Ordering::Relaxed) >= most {
            self.connection_count.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        self.connections.insert(queue.session(), Arc::clone(queue));
        Some(())
    }

    /// Removes a connection.
    pub fn close(&self, session: SessionId) {
        if self.connections.remove(&session).is_some() {
            self.connection_count.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// The number of open connections.
    pub fn connection_count(&self) -> usize {
        self.connection_count.load(Ordering::Relaxed)
    }

    /// All open connections.
    pub fn connections(&self) -> Vec<Arc<ConnectionQueue>> {
        self.connections
            .iter()
            .map(|entry| Arc::clone(entry.value()))
            .collect()
    }

    /// Adds an authenticated session of a user; `None` if the user has `most` sessions already.
    pub fn arrive(
        &self,
        user: UserNo,
        queue: &Arc<ConnectionQueue>,
        most: Option<usize>,
    ) -> Option<()> {
        self.change(|table, changes| {
            let mut sessions = self.users.entry(user).or_default();
            if most.is_some_and(|most| sessions.queues.len() >= most) {
                return None;
            }
            sessions.queues.push(Arc::clone(queue));
            sessions.empty_since = None;
            table.arrive(user, changes);
            Some(())
        })
    }

    /// Removes a session. The user stays online for the grace period that `sweep` gets.
    pub fn depart(&self, user: UserNo, session: SessionId, now: Instant) {
        if let Some(mut sessions) = self.users.get_mut(&user) {
            sessions.queues.retain(|queue| queue.session() != session);
            if sessions.queues.is_empty() {
                sessions.empty_since = Some(now);
            }
        }
    }

    /// Takes away users whose last session closed at least `grace` ago, here or at a server that is gone. They are offline unless
    /// they are elsewhere.
    pub fn sweep(&self, grace: Duration, now: Instant) {
        let candidates = self.users.iter();
        let candidates = candidates.filter(|sessions| sessions.are_over(grace, now));
        let candidates: Vec<UserNo> = candidates.map(|sessions| *sessions.key()).collect();
        for some in candidates.chunks(SWEPT_TOGETHER) {
            self.change(|table, changes| {
                for user in some {
                    // They may have come back meanwhile.
                    let are_over = |_: &UserNo, sessions: &Sessions| sessions.are_over(grace, now);
                    if self.users.remove_if(user, are_over).is_some() {
                        table.leave(*user, changes);
                    }
                }
            });
        }
        self.forget_overdue(grace, now);
    }

    /// Sets the presence that a connected user has chosen, at this time of the database's clock (microseconds since 1970); `None` if
    /// they are not connected.
    pub fn choose(&self, user: UserNo, status: PresenceStatus, at: i64) -> Option<()> {
        self.change(|table, changes| table.choose(user, status, at, changes))
    }

    /// A user's presence, over all servers.
    pub fn status(&self, user: UserNo) -> PresenceStatus {
        self.table.read().status(user)
    }

    /// Whether a user has an open session at this server.
    pub fn is_connected(&self, user: UserNo) -> bool {
        self.session_count(user) > 0
    }

    /// The number of a user's open sessions at this server.
    pub fn session_count(&self, user: UserNo) -> usize {
        self.users
            .get(&user)
            .map_or(0, |sessions| sessions.queues.len())
    }

    /// The queues of a user's sessions at this server.
    pub fn queues(&self, user: UserNo) -> Vec<Arc<ConnectionQueue>> {
        self.queues_where(user, |_| true)
    }

    /// The queues of those of a user's sessions that are wanted.
    pub fn queues_where(
        &self,
        user: UserNo,
        is_wanted: impl Fn(&ConnectionQueue) -> bool,
    ) -> Vec<Arc<ConnectionQueue>> {
        let Some(sessions) = self.users.get(&user) else {
            return Vec::new();
        };
        let queues = sessions.queues.iter();
        queues.filter(|queue| is_wanted(queue)).cloned().collect()
    }

    /// Tells a user's sessions at this server that the check of a file of theirs has ended.
    pub fn tell_of_file(&self, owner: UserNo, end: CheckEnd) {
        for queue in self.queues(owner) {
            queue.push(Frame::Own(ChatFrame::FileChecked(end)));
        }
    }

    /// Tells a user's sessions at this server about a notification of theirs.
    pub fn tell_of_notice(&self, user: UserNo, news: &Arc<NoticeNews>) {
        for queue in self.queues(user) {
            queue.push(Frame::Own(ChatFrame::Notice(Arc::clone(news))));
        }
    }

    /// Subscribes a room to the presence of a participant.
    pub fn attach(
        &self,
        user: UserNo,
        conversation: ConversationNo,
        room: Recipient<PresenceChanged>,
    ) {
        let mut rooms = self.rooms.entry(user).or_default();
        rooms.retain(|(no, _)| *no != conversation);
        rooms.push((conversation, room));
    }

    /// Ends the subscription, because the room stops or the user has left.
    pub fn detach(&self, user: UserNo, conversation: ConversationNo) {
        if let Some(mut rooms) = self.rooms.get_mut(&user) {
            rooms.retain(|(no, _)| *no != conversation);
        }
        self.rooms.remove_if(&user, |_, rooms| rooms.is_empty());
    }

    fn tell(&self, user: UserNo, status: PresenceStatus) {
        if let Some(rooms) = self.rooms.get(&user) {
            for (_, room) in rooms.value() {
                room.do_send(PresenceChanged { user, status });
            }
        }
    }
}

impl Default for Directory {
    /// A directory of a server without others.
    fn default() -> Self {
        Self::new(Outgoing::off())
    }
}

#[cfg(test)]
mod tests;
