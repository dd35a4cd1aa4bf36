//! The end of a deleted conversation: participants and listeners get an event that they have lost it.

use super::actor::Room;
use crate::domain::conversation::Membership;
use crate::domain::ids::Seq;
use crate::domain::room_event::Change;
use crate::queue::{ChatFrame, EventReader, Heard};

impl Room {
    /// Sends `Lost` to all sessions of the participants and to all other listeners, and removes the listeners.
    pub(super) fn send_everybody_away(&mut self, seq: Seq) {
        self.tell_crowd();
        let membership = Membership::Removed.name();
        let lost = self.event(None, Change::Lost { seq, membership });
        let directory = &self.deps.directory;
        let mut told = Vec::new();
        for person in self.state.everybody().filter(|it| it.takes_part()) {
            for queue in directory.queues(person.no) {
                told.push(queue.session());
                queue.push(ChatFrame::event(
                    &lost,
                    EventReader::ANYBODY,
                    Heard::Anywhere,
                ));
            }
            directory.detach(person.no, self.state.conversation.no);
        }
        // Staff listen without taking part.
        for listener in self.listeners.drain(..) {
            if !told.contains(&listener.queue.session()) {
                let frame = ChatFrame::event(&lost, EventReader::ANYBODY, Heard::Anywhere);
                listener.queue.push(frame);
            }
        }
    }
}
