//! Who is online and where: a sharded map from users to the queues of their sessions and to running rooms.

use actix::{Message, Recipient};
use dashmap::DashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::domain::conversation::PresenceStatus;
use crate::domain::ids::{ConversationNo, SessionId, UserNo};
use crate::queue::ConnectionQueue;

/// Informs a room that a participant's presence changed.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct PresenceChanged {
    /// The participant.
    pub user: UserNo,
    /// The new presence.
    pub status: PresenceStatus,
}

struct Presence {
    outboxes: Vec<Arc<ConnectionQueue>>,
    chosen: PresenceStatus,
    /// When the last session closed; the grace period runs from here.
    empty_since: Option<Instant>,
}

impl Presence {
    fn status(&self) -> PresenceStatus {
        self.chosen
    }
}

/// The directory. Sessions update it when they open and close, rooms when they start and stop.
#[derive(Default)]
pub struct Directory {
    connections: DashMap<SessionId, Arc<ConnectionQueue>>,
    connection_count: AtomicUsize,
    users: DashMap<UserNo, Presence>,
    rooms: DashMap<UserNo, Vec<(ConversationNo, Recipient<PresenceChanged>)>>,
}

impl Directory {
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
        let mut presence = self.users.entry(user).or_insert_with(|| Presence {
            outboxes: Vec::with_capacity(1),
            chosen: PresenceStatus::Offline,
            empty_since: None,
        });
        if most.is_some_and(|most| presence.outboxes.len() >= most) {
            return None;
        }
        let was = presence.status();
        presence.outboxes.push(Arc::clone(queue));
        presence.empty_since = None;
        if was == PresenceStatus::Offline {
            presence.chosen = PresenceStatus::Online;
        }
        drop(presence);
        if was == PresenceStatus::Offline {
            self.tell(user, PresenceStatus::Online);
        }
        Some(())
    }

    /// Removes a session. The user stays online for the grace period that `sweep` gets.
    pub fn depart(&self, user: UserNo, session: SessionId, now: Instant) {
        if let Some(mut presence) = self.users.get_mut(&user) {
            presence.outboxes.retain(|queue| queue.session() != session);
            if presence.outboxes.is_empty() {
                presence.empty_since = Some(now);
            }
        }
    }

    /// Sets users offline whose last session closed at least `grace` ago.
    pub fn sweep(&self, grace: Duration, now: Instant) {
        let mut gone = Vec::new();
        self.users.retain(|user, presence| {
            let over = presence
                .empty_since
                .is_some_and(|since| now.duration_since(since) >= grace);
            if over {
                gone.push(*user);
            }
            !over
        });
        for user in gone {
            self.tell(user, PresenceStatus::Offline);
        }
    }

    /// Sets the presence that a connected user has chosen; `None` if they are not connected.
    pub fn choose(&self, user: UserNo, status: PresenceStatus) -> Option<()> {
        let mut presence = self.users.get_mut(&user)?;
        let before = std::mem::replace(&mut presence.chosen, status);
        drop(presence);
        if before != status {
            self.tell(user, status);
        }
        Some(())
    }

    /// A user's presence.
    pub fn status(&self, user: UserNo) -> PresenceStatus {
        self.users
            .get(&user)
            .map_or(PresenceStatus::Offline, |presence| presence.status())
    }

    /// Whether a user has an open session.
    pub fn is_connected(&self, user: UserNo) -> bool {
        self.users
            .get(&user)
            .is_some_and(|presence| !presence.outboxes.is_empty())
    }

    /// The number of a user's open sessions.
    pub fn session_count(&self, user: UserNo) -> usize {
        self.users
            .get(&user)
            .map_or(0, |presence| presence.outboxes.len())
    }

    /// The queues of a user's sessions.
    pub fn outboxes(&self, user: UserNo) -> Vec<Arc<ConnectionQueue>> {
        self.outboxes_where(user, |_| true)
    }

    /// The queues of those of a user's sessions that are wanted.
    pub fn outboxes_where(
        &self,
        user: UserNo,
        is_wanted: impl Fn(&ConnectionQueue) -> bool,
    ) -> Vec<Arc<ConnectionQueue>> {
        let Some(presence) = self.users.get(&user) else {
            return Vec::new();
        };
        let queues = presence.outboxes.iter();
        queues.filter(|queue| is_wanted(queue)).cloned().collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use clock::Clock;
    use uuid::Uuid;

    const ALICE: UserNo = UserNo(1);

    fn queue() -> Arc<ConnectionQueue> {
        ConnectionQueue::new(SessionId(Uuid::now_v7()), 1_000, Clock::default())
    }

    #[test]
    fn a_user_is_online_from_the_first_session_to_the_grace_after_the_last() {
        let (directory, first, second) = (Directory::default(), queue(), queue());
        let (now, grace) = (Instant::now(), Duration::from_secs(10));
        directory.arrive(ALICE, &first, None);
        directory.arrive(ALICE, &second, None);
        directory.depart(ALICE, first.session(), now);
        directory.sweep(grace, now + grace);
        assert_eq!(directory.status(ALICE), PresenceStatus::Online);
        directory.depart(ALICE, second.session(), now);
        directory.sweep(grace, now + grace / 2);
        assert_eq!(directory.status(ALICE), PresenceStatus::Online);
        directory.sweep(grace, now + grace);
        assert_eq!(directory.status(ALICE), PresenceStatus::Offline);
    }

    #[test]
    fn a_chosen_status_survives_a_second_session() {
        let directory = Directory::default();
        assert!(directory.choose(ALICE, PresenceStatus::Busy).is_none());
        directory.arrive(ALICE, &queue(), None);
        assert!(directory.choose(ALICE, PresenceStatus::Busy).is_some());
        directory.arrive(ALICE, &queue(), None);
        assert_eq!(directory.status(ALICE), PresenceStatus::Busy);
    }

    #[test]
    fn a_user_has_a_bound_and_gets_back_what_they_let_go() {
        let (directory, first) = (Directory::default(), queue());
        assert!(directory.arrive(ALICE, &first, Some(2)).is_some());
        assert!(directory.arrive(ALICE, &queue(), Some(2)).is_some());
        assert!(directory.arrive(ALICE, &queue(), Some(2)).is_none());
        assert!(directory.arrive(UserNo(2), &queue(), Some(2)).is_some());
        directory.depart(ALICE, first.session(), Instant::now());
        assert!(directory.arrive(ALICE, &queue(), Some(2)).is_some());
    }

    #[test]
    fn connections_are_counted_to_their_bound() {
        let (directory, first) = (Directory::default(), queue());
        assert!(directory.open(&first, 1).is_some());
        assert!(directory.open(&queue(), 1).is_none());
        directory.close(first.session());
        directory.close(first.session());
        assert_eq!(directory.connection_count(), 0);
        assert!(directory.open(&queue(), 1).is_some());
    }
}
