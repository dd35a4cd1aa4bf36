//! People between whom a block stands: what their sessions hear of each other while they listen here.

use super::actor::Room;
use super::listener::Listener;
use crate::domain::access::blocks::{Block, Blocking};
use crate::domain::conversation::PresenceStatus;
use crate::domain::ids::UserNo;
use crate::domain::room_event::Change;

impl Room {
    /// Somebody has blocked somebody here, or does no more. Each seems to be offline to the other from now on, or shows their presence
    /// again.
    pub(super) fn keep_apart(&mut self, block: Block, blocking: Blocking) {
        let pairs = [(block.by, block.whom), (block.whom, block.by)];
        match blocking {
            Blocking::Begun => {
                for (user, other) in pairs {
                    self.tell_presence(user, PresenceStatus::Offline, other);
                }
                self.note_who_is_apart();
            }
            Blocking::Ended => {
                self.note_who_is_apart();
                for (user, other) in pairs {
                    let status = self.deps.directory.status(user);
                    self.tell_presence(user, status, other);
                }
            }
        }
    }

    /// Tells one user's sessions the presence of another, unless that one is offline.
    fn tell_presence(&mut self, user: UserNo, status: PresenceStatus, to: UserNo) {
        let is_here = self.deps.directory.status(user) != PresenceStatus::Offline;
        let Some(person) = self.state.person(user).filter(|_| is_here) else {
            return;
        };
        let presence = Change::Presence {
            user: person.id.clone(),
            status,
        };
        let event = self.signal(user, presence);
        self.tell_those(&[event], |listener| listener.principal.no == to);
    }

    /// Each listener hears no signals of those from whom their user is apart.
    pub(super) fn note_who_is_apart(&mut self) {
        let blocks = &self.state.blocks;
        let note = |listener: &mut Listener| listener.apart = blocks.apart(listener.principal.no);
        self.listeners.iter_mut().for_each(note);
    }
}
