//! Who listens in a room: participants are told of each other when their first client joins, and when their last one leaves.

use super::actor::Room;
use super::listener::Listener;
use crate::domain::ids::{SessionId, UserNo};
use crate::domain::principal::Principal;
use crate::domain::room_event::Change;

impl Room {
    /// Whether any client of this user listens.
    pub(super) fn is_here(&self, user: UserNo) -> bool {
        let mut listeners = self.listeners.iter();
        listeners.any(|listener| listener.principal.no == user)
    }

    /// A session listens no more. A connection that is lost comes back, or its user is offline soon, which others are told anyway.
    pub(super) fn leave(&mut self, session: SessionId, reason: Leaving) {
        let mut listeners = self.listeners.iter();
        let place = listeners.position(|listener| listener.queue.session() == session);
        let Some(place) = place else {
            return;
        };
        let left = self.listeners.remove(place);
        if reason == Leaving::Asked && !self.is_here(left.principal.no) {
            self.announce_attendance(&left.principal, false);
        }
    }

    /// Tells the others that a participant is here, or has left. Staff from outside come and go unseen.
    pub(super) fn announce_attendance(&mut self, who: &Principal, is_here: bool) {
        let person = self.state.person(who.no);
        let wants = |listener: &Listener| {
            listener.dialect.needs().attendance && listener.principal.no != who.no
        };
        let is_news = person.is_some_and(|person| person.takes_part());
        if !is_news || !self.listeners.iter().any(wants) {
            return;
        }
        let user = who.id.clone();
        let event = self.signal(who.no, Change::Attendance { user, is_here });
        self.tell_those(&[event], wants);
    }
}

/// Why a session listens no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    /// Its client asked to leave.
    Asked,
    /// It has ended, or may not listen any more.
    Gone,
}
