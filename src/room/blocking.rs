//! Blocks between the people of a conversation: which signals their sessions get while they listen.

use super::actor::Room;
use super::listener::Listener;
use crate::domain::access::blocks::{Block, Blocking};
use crate::domain::conversation::PresenceStatus;
use crate::domain::ids::UserNo;
use crate::domain::room_event::Change;

impl Room {
    /// Applies a block, or its end, to the two users' sessions: each sees the other go offline, or sees their presence again.
    pub(super) fn apply_block(&mut self, block: Block, blocking: Blocking) {
        let pairs = [(block.by, block.whom), (block.whom, block.by)];
        match blocking {
            Blocking::Begun => {
                for (user, other) in pairs {
                    self.tell_presence(user, PresenceStatus::Offline, other);
                }
                self.renew_reader_blocks();
            }
            Blocking::Ended => {
                self.renew_reader_blocks();
                for (user, other) in pairs {
                    let status = self.deps.directory.status(user);
                    self.tell_presence(user, status, other);
                }
            }
        }
    }

    /// Sends the presence of one user to the sessions of another. Sends nothing if the first is offline.
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

    /// Gives each listener the current blocks of its user.
    pub(super) fn renew_reader_blocks(&mut self) {
        let blocks = &self.state.blocks;
        let note = |listener: &mut Listener| {
            listener.reader_blocks = blocks.of_reader(listener.principal.no)
        };
        self.listeners.iter_mut().for_each(note);
    }
}
