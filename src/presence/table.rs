//! Who is online at which server. Each server decides on its own users and informs the others; a user is online while any of them has
//! them, and shows the status that was chosen last. Pure.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::people::{Chosen, Outcome, PAGE, People};
use crate::domain::conversation::PresenceStatus;
use crate::domain::ids::UserNo;
use crate::wire::section::{Beat, NodeId, PersonAt};

/// A server is not asked again sooner, and does not answer sooner again.
const AGAIN: Duration = Duration::from_secs(1);

/// Which frame something was heard in.
#[derive(Clone, Copy, Debug)]
pub struct HeardIn {
    /// The server that sent it.
    pub node: NodeId,
    /// The number of the frame.
    pub number: u64,
}

/// What follows from a change of the table.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Users who show something else now, for rooms.
    pub(super) shown: Vec<(UserNo, PresenceStatus)>,
    /// What others need to know of this server's users.
    pub(super) said: Vec<PersonAt>,
}

/// Whether a server has to be asked for all its users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Knowledge {
    /// They are known, or were asked for a moment ago.
    Enough,
    /// Some are not known: it is asked now.
    Lacking,
}

/// Whether the frames of others come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wire {
    #[default]
    Whole,
    /// What is known of others stays as it is.
    Apart,
}

/// Whether a server is there.
#[derive(Clone, Copy, Debug, Default)]
enum PeerState {
    #[default]
    Here,
    /// Its row says so since then.
    Dead(Instant),
    /// It has stopped then. Its frames count no more.
    Stopped(Instant),
}

#[derive(Debug, Default)]
struct Peer {
    people: People,
    /// The number of the newest frame that was heard.
    newest: u64,
    /// The page that continues what was heard of all its users.
    next_page: Option<u32>,
    state: PeerState,
    asked: Option<Instant>,
}

impl Peer {
    fn gone_since(&self) -> Option<Instant> {
        match self.state {
            PeerState::Here => None,
            PeerState::Dead(since) | PeerState::Stopped(since) => Some(since),
        }
    }
}

/// The users of this server and of its peers.
#[derive(Debug, Default)]
pub(super) struct PresenceTable {
    own: People,
    peers: HashMap<NodeId, Peer>,
    wire: Wire,
    answered: Option<Instant>,
}

impl PresenceTable {
    /// What a user shows.
    pub(super) fn status(&self, user: UserNo) -> PresenceStatus {
        let newest = self.newest(user);
        newest.map_or(PresenceStatus::Offline, Chosen::status)
    }

    fn newest(&self, user: UserNo) -> Option<Chosen> {
        let peers = self.peers.values();
        let elsewhere = peers.filter_map(|peer| peer.people.get(user));
        self.own.get(user).into_iter().chain(elsewhere).max()
    }

    /// A user has a session here. They show what they show elsewhere, or `Online`.
    pub(super) fn arrive(&mut self, user: UserNo, changes: &mut Changes) {
        if self.own.get(user).is_none() {
            let shown = self.newest(user).unwrap_or(Chosen::ONLINE);
            self.set_own(user, Some(shown), changes);
        }
    }

    /// The last session of a user and its grace are over.
    pub(super) fn leave(&mut self, user: UserNo, changes: &mut Changes) {
        self.set_own(user, None, changes);
    }

    /// A user chooses a status, at this time of the database's clock in microseconds; `None` if they have no session here.
    /// It counts as chosen after everything that is known, even if that came from a clock that was ahead.
    pub(super) fn choose(
        &mut self,
        user: UserNo,
        status: PresenceStatus,
        at: i64,
        changes: &mut Changes,
    ) -> Option<()> {
        self.own.get(user)?;
        let newest = self.newest(user)?;
        let chosen = Chosen::new(status, at.max(newest.at.saturating_add(1)))?;
        self.set_own(user, Some(chosen), changes);
        Some(())
    }

    fn set_own(&mut self, user: UserNo, chosen: Option<Chosen>, changes: &mut Changes) {
        let before = self.status(user);
        self.take_over(user, chosen, changes);
        self.note(user, before, changes);
    }

    fn take_over(&mut self, user: UserNo, chosen: Option<Chosen>, changes: &mut Changes) {
        if self.own.set(user, chosen) == Outcome::Changed {
            changes.said.push(self.own.person(user));
        }
    }

    fn note(&self, user: UserNo, before: PresenceStatus, changes: &mut Changes) {
        let now = self.status(user);
        if now != before {
            changes.shown.push((user, now));
        }
    }

    /// The number and the hash of this server's users.
    pub(super) fn digest(&self) -> (u32, u64) {
        self.own.digest()
    }

    /// All users of this server in pages; `None` if that was answered a moment ago.
    pub(super) fn answer(&mut self, now: Instant) -> Option<Vec<Vec<PersonAt>>> {
        if is_recent(self.answered, now) {
            return None;
        }
        self.answered = Some(now);
        Some(self.own.pages(PAGE))
    }

    /// A peer has sent what some of its users show. It is ignored if a newer frame was heard before.
    pub(super) fn hear_people(
        &mut self,
        heard: HeardIn,
        people: &[PersonAt],
        changes: &mut Changes,
    ) {
        if self.heard(heard).is_some() {
            for person in people {
                self.set_elsewhere(heard.node, person, changes);
            }
        }
    }

    /// A peer has sent a page of all its users. With the last one, those who were in no page are gone, unless a page is missing.
    pub(super) fn hear_page(
        &mut self,
        heard: HeardIn,
        (page, is_last): (u32, bool),
        people: &[PersonAt],
        changes: &mut Changes,
    ) {
        let Some(peer) = self.heard(heard) else {
            return;
        };
        if page == 0 {
            peer.people.begin_round();
            peer.next_page = Some(0);
        }
        peer.next_page = peer.next_page.filter(|next| *next == page);
        let is_complete = is_last && peer.next_page.is_some();
        peer.next_page = peer.next_page.map(|next| next.saturating_add(1));
        for person in people {
            self.set_elsewhere(heard.node, person, changes);
        }
        if is_complete && let Some(peer) = self.peers.get_mut(&heard.node) {
            peer.next_page = None;
            for user in peer.people.unset() {
                self.forget(heard.node, user, changes);
            }
        }
    }

    /// A peer has sent the digest of its users.
    pub(super) fn hear_beat(&mut self, heard: HeardIn, beat: &Beat, now: Instant) -> Knowledge {
        let Some(peer) = self.heard(heard) else {
            return Knowledge::Enough;
        };
        if peer.people.digest() == (beat.people, beat.hash) {
            peer.asked = None;
            return Knowledge::Enough;
        }
        if is_recent(peer.asked, now) {
            return Knowledge::Enough;
        }
        peer.asked = Some(now);
        Knowledge::Lacking
    }

    /// A peer has stopped. Its users stay for the grace, in which they come back elsewhere.
    pub(super) fn hear_stopping(&mut self, node: NodeId, now: Instant) {
        if let Some(peer) = self.peers.get_mut(&node) {
            peer.state = PeerState::Stopped(now);
        }
    }

    /// The peers that are alive by their rows. The users of one that is not stay for the grace, and longer if it is heard.
    pub(super) fn note_alive(&mut self, alive: &HashSet<NodeId>, now: Instant) {
        for (id, peer) in &mut self.peers {
            peer.state = match (peer.state, alive.contains(id)) {
                (PeerState::Here, false) => PeerState::Dead(now),
                (PeerState::Dead(_), true) => PeerState::Here,
                (state, _) => state,
            };
        }
    }

    /// Others cannot be heard: nobody elsewhere goes offline until they can.
    pub(super) fn note_apart(&mut self) {
        self.wire = Wire::Apart;
    }

    /// Others can be heard again. Graces begin anew, since their users could not be heard of elsewhere.
    pub(super) fn note_whole(&mut self, now: Instant) {
        self.wire = Wire::Whole;
        for peer in self.peers.values_mut() {
            peer.state = match peer.state {
                PeerState::Here => PeerState::Here,
                PeerState::Dead(_) => PeerState::Dead(now),
                PeerState::Stopped(_) => PeerState::Stopped(now),
            };
        }
    }

    /// The peers that are gone for at least `grace`.
    pub(super) fn overdue(&self, grace: Duration, now: Instant) -> Vec<NodeId> {
        let is_overdue = |peer: &Peer| {
            let since = peer.gone_since();
            since.is_some_and(|since| now.saturating_duration_since(since) >= grace)
        };
        match self.wire {
            Wire::Apart => Vec::new(),
            Wire::Whole => {
                let peers = self.peers.iter().filter(|(_, peer)| is_overdue(peer));
                peers.map(|(id, _)| *id).collect()
            }
        }
    }

    /// Takes away at most so many users of a peer that is still gone, and the peer after the last one; answers how many were taken.
    pub(super) fn forget_some(
        &mut self,
        node: NodeId,
        most: usize,
        changes: &mut Changes,
    ) -> usize {
        let peer = self.peers.get(&node);
        let gone = peer.filter(|peer| peer.gone_since().is_some());
        let Some(users) = gone.map(|peer| peer.people.some(most)) else {
            return 0;
        };
        for user in &users {
            self.forget(node, *user, changes);
        }
        if users.len() < most {
            self.peers.remove(&node);
        }
        users.len()
    }

    /// A frame of a peer; `None` if it is older than another one, or of a peer that has stopped.
    fn heard(&mut self, heard: HeardIn) -> Option<&mut Peer> {
        let peer = self.peers.entry(heard.node).or_default();
        let is_over = matches!(peer.state, PeerState::Stopped(_));
        if is_over || heard.number < peer.newest {
            return None;
        }
        peer.newest = heard.number;
        peer.state = PeerState::Here;
        Some(peer)
    }

    /// Sets what a user shows at a peer. If it is newer than what they show here, it is their choice here too, and stays so when
    /// they leave the peer.
    fn set_elsewhere(&mut self, node: NodeId, person: &PersonAt, changes: &mut Changes) {
        let (user, chosen) = (person.user, Chosen::new(person.status, person.chosen_at));
        let before = self.status(user);
        if let Some(peer) = self.peers.get_mut(&node) {
            peer.people.set(user, chosen);
        }
        if self.own.get(user).is_some_and(|own| Some(own) < chosen) {
            self.take_over(user, chosen, changes);
        }
        self.note(user, before, changes);
    }

    fn forget(&mut self, node: NodeId, user: UserNo, changes: &mut Changes) {
        let nobody = PersonAt {
            user,
            status: PresenceStatus::Offline,
            chosen_at: 0,
        };
        self.set_elsewhere(node, &nobody, changes);
    }
}

fn is_recent(since: Option<Instant>, now: Instant) -> bool {
    since.is_some_and(|since| now.saturating_duration_since(since) < AGAIN)
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
