//! Who listens in a room: participants get an event when another's first client joins, and when their last one leaves, at
//! whichever server.

use std::collections::{HashMap, HashSet};

use super::actor::Room;
use super::listener::Listener;
use crate::domain::ids::{SessionId, UserNo};
use crate::domain::principal::Principal;
use crate::domain::room_event::Change;
use crate::wire::section::{Attendance, NodeId, Section};

/// Why a session listens no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    /// Its client asked to leave.
    Asked,
    /// It has ended, or may not listen any more.
    Gone,
}

/// Who listens at other servers, and which listeners of this one they know. Pure.
#[derive(Debug, Default)]
pub(super) struct Attendees {
    elsewhere: HashMap<NodeId, HashSet<UserNo>>,
    told: HashSet<UserNo>,
    /// A server may have missed what was sent to it.
    is_owed: bool,
}

/// Whether a server had announced anybody in this room before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Server {
    Known,
    New,
}

impl Attendees {
    fn is_elsewhere(&self, user: UserNo) -> bool {
        self.elsewhere.values().any(|users| users.contains(&user))
    }

    fn note(&mut self, node: NodeId, user: UserNo, change: Attendance) -> Server {
        let server = match self.elsewhere.contains_key(&node) {
            true => Server::Known,
            false => Server::New,
        };
        match change {
            Attendance::Joined | Attendance::Stays => {
                self.elsewhere.entry(node).or_default().insert(user);
                server
            }
            Attendance::Left | Attendance::Lost => {
                if let Some(users) = self.elsewhere.get_mut(&node) {
                    users.remove(&user);
                }
                self.elsewhere.retain(|_, users| !users.is_empty());
                Server::Known
            }
        }
    }

    /// What other servers need, so that they know who is here now.
    fn differences(&self, here: &HashSet<UserNo>) -> Vec<(UserNo, Attendance)> {
        let lost = self.told.difference(here);
        let lost = lost.map(|user| (*user, Attendance::Lost));
        let stays = here
            .iter()
            .filter(|user| self.is_owed || !self.told.contains(user));
        let stays = stays.map(|user| (*user, Attendance::Stays));
        lost.chain(stays).collect()
    }

    fn note_told(&mut self, user: UserNo, change: Attendance) {
        match change {
            Attendance::Joined | Attendance::Stays => self.told.insert(user),
            Attendance::Left | Attendance::Lost => self.told.remove(&user),
        };
    }
}

impl Room {
    /// Whether any client of this user listens.
    pub(super) fn is_here(&self, user: UserNo) -> bool {
        let mut listeners = self.listeners.iter();
        listeners.any(|listener| listener.principal.no == user)
    }

    /// A session listens no more. A connection that is lost comes back, or its user is offline soon, which others hear anyway.
    pub(super) fn leave(&mut self, session: SessionId, reason: Leaving) {
        let mut listeners = self.listeners.iter();
        let index = listeners.position(|listener| listener.queue.session() == session);
        let Some(index) = index else {
            return;
        };
        let left = self.listeners.remove(index);
        if reason == Leaving::Asked && !self.is_here(left.principal.no) {
            self.announce_attendance(&left.principal, Attendance::Left);
        }
    }

    /// A participant's first client at this server has joined, or the last one has left. The others get an event, unless the
    /// participant also listens at another server. Staff from outside come and go unseen.
    pub(super) fn announce_attendance(&mut self, who: &Principal, change: Attendance) {
        if self.attends(who.no) {
            if !self.attendees.is_elsewhere(who.no) {
                self.tell_attendance(who.no, change);
            }
            self.tell_peers_of_attendance(who.no, change);
        }
    }

    fn attends(&self, user: UserNo) -> bool {
        let person = self.state.person(user);
        person.is_some_and(|person| person.takes_part())
    }

    fn tell_attendance(&mut self, no: UserNo, change: Attendance) {
        let wants = |listener: &Listener| {
            listener.dialect.needs().attendance && listener.principal.no != no
        };
        let Some(person) = self.state.person(no) else {
            return;
        };
        if self.listeners.iter().any(wants) {
            let (user, is_here) = (person.id.clone(), change == Attendance::Joined);
            let event = self.event(None, Change::Attendance { user, is_here });
            self.tell_those(&[event], wants);
        }
    }

    fn tell_peers_of_attendance(&mut self, user: UserNo, change: Attendance) {
        let conversation = self.state.conversation.id;
        let attendees = &mut self.attendees;
        self.deps.outgoing.say(|| {
            attendees.note_told(user, change);
            Section::Attendance {
                conversation,
                user,
                change,
            }
        });
    }

    /// Announces to other servers who has come or gone, as far as they do not know it.
    pub(super) fn correct_attendance(&mut self) {
        if self.listeners.is_empty() && self.attendees.told.is_empty() {
            return;
        }
        let here = self.attending();
        let differences = self.attendees.differences(&here);
        self.attendees.is_owed = false;
        for (user, change) in differences {
            self.tell_peers_of_attendance(user, change);
        }
    }

    /// The participants who listen here and have been answered.
    fn attending(&self) -> HashSet<UserNo> {
        let live = self.listeners.iter().filter(|it| it.is_live());
        let users = live.map(|listener| listener.principal.no);
        users.filter(|user| self.attends(*user)).collect()
    }

    /// A server whose first listener this is does not know who listens here, so it gets the list.
    pub(super) fn hear_attendance(&mut self, node: NodeId, user: UserNo, change: Attendance) {
        let was_there = self.is_here(user) || self.attendees.is_elsewhere(user);
        let server = self.attendees.note(node, user, change);
        let is_there = self.is_here(user) || self.attendees.is_elsewhere(user);
        match change {
            Attendance::Joined if !was_there => self.tell_attendance(user, change),
            Attendance::Left if was_there && !is_there => self.tell_attendance(user, change),
            Attendance::Joined | Attendance::Left | Attendance::Stays | Attendance::Lost => {}
        }
        if server == Server::New {
            for user in self.attending() {
                self.tell_peers_of_attendance(user, Attendance::Stays);
            }
        }
    }

    /// A server is heard anew and may have missed something: with the next pulse it gets the list of who listens here again.
    pub(super) fn owe_attendance(&mut self) {
        self.attendees.is_owed = true;
    }

    /// A server is gone. Its clients come back elsewhere, or their users are offline soon.
    pub(super) fn forget_attendance_at(&mut self, node: NodeId) {
        self.attendees.elsewhere.remove(&node);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const ANN: UserNo = UserNo(1);
    const BOB: UserNo = UserNo(2);
    const ONE: NodeId = Uuid::from_u128(1);
    const OTHER: NodeId = Uuid::from_u128(2);

    #[test]
    fn somebody_is_elsewhere_until_their_last_session_at_the_last_server_has_left() {
        let mut attendees = Attendees::default();
        assert_eq!(attendees.note(ONE, ANN, Attendance::Joined), Server::New);
        assert_eq!(attendees.note(ONE, BOB, Attendance::Stays), Server::Known);
        attendees.note(OTHER, ANN, Attendance::Stays);
        attendees.note(ONE, ANN, Attendance::Left);
        assert!(attendees.is_elsewhere(ANN) && attendees.is_elsewhere(BOB));
        attendees.note(OTHER, ANN, Attendance::Lost);
        assert!(!attendees.is_elsewhere(ANN));
        let again = attendees.note(OTHER, ANN, Attendance::Joined);
        assert_eq!(again, Server::New, "it has forgotten who is here");
    }

    #[test]
    fn other_servers_are_told_what_they_do_not_know() {
        let mut attendees = Attendees::default();
        let here = HashSet::from([ANN]);
        let differences = attendees.differences(&here);
        assert_eq!(differences, [(ANN, Attendance::Stays)]);
        attendees.note_told(ANN, Attendance::Stays);
        assert_eq!(attendees.differences(&here), []);
        let lost = attendees.differences(&HashSet::new());
        assert_eq!(lost, [(ANN, Attendance::Lost)]);
        attendees.note_told(ANN, Attendance::Lost);
        assert_eq!(attendees.differences(&HashSet::new()), []);
    }
}
