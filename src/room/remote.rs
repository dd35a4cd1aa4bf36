//! The servers beside this one: what a room sends them, and what it does with what they send.

use actix::prelude::*;

use super::actor::Room;
use crate::domain::command::{Mark, Typing};
use crate::domain::entry::{Entry, Fact};
use crate::domain::ids::{Seq, UserId, UserNo};
use crate::feed::Concerned;
use crate::wire::entries::ReadEntries;
use crate::wire::frame::Unread;
use crate::wire::section::{Attendance, CommittedEntries, NodeId};

/// What another server has sent about a conversation.
#[derive(Debug)]
pub enum RemoteEvent {
    /// It has committed entries.
    Committed(CommittedEntries),
    /// A user's watermark has moved.
    Marked(UserNo, Mark, Seq),
    /// A user with this id and name has begun to type, or ended.
    Typing(UserNo, UserId, Option<String>, Typing),
    /// What the conversation, or the thread of the message with this seq, is for a user themselves has changed.
    Mine(UserNo, Option<Seq>),
    /// A user's first session there has joined, or the last one has left.
    Attendance(NodeId, UserNo, Attendance),
    /// A server that may have missed something is heard again.
    Met,
    /// The server is gone, and everybody who listened there.
    Gone(NodeId),
}

impl Room {
    /// Passes entries that this room has committed to the feed, and so to other servers.
    pub(super) fn tell_peers(&self, entries: &[Entry]) {
        let conversation = &self.state.conversation;
        let key = (conversation.id, conversation.no);
        let feed = &self.deps.feed;
        feed.committed(key, entries, || self.concerned(entries));
    }

    /// Whom these entries concern, before they are announced.
    pub(super) fn concerned(&self, entries: &[Entry]) -> Concerned {
        let readers = self.state.everybody();
        let readers = readers.filter(|person| person.may_read().is_ok());
        let mut people: Vec<UserNo> = readers.map(|person| person.no).collect();
        let mut newcomers = Vec::new();
        for entry in entries {
            if let Fact::Participant { now, .. } = &entry.fact
                && !people.contains(&now.no)
            {
                people.push(now.no);
            }
            newcomers.extend(self.newcomer(&entry.fact));
        }
        Concerned { people, newcomers }
    }

    /// Something of this room's may have been committed: the room reads what was, and announces it to other servers then.
    pub(super) fn note_unknown_outcome(&mut self) {
        self.suspects_gap = true;
        self.owes_peers = true;
    }

    /// Takes in what another server has sent.
    pub(super) fn hear_remote(&mut self, event: RemoteEvent, context: &mut Context<Self>) {
        match event {
            RemoteEvent::Committed(committed) => self.hear_committed(&committed, context),
            RemoteEvent::Marked(user, mark, seq) => self.hear_mark(user, mark, seq, context),
            RemoteEvent::Typing(user, id, name, typing) => {
                if self.typists.note(user, typing, self.deps.clock.now()) {
                    self.announce_typing(user, &id, name, typing);
                }
            }
            RemoteEvent::Attendance(node, user, change) => self.hear_attendance(node, user, change),
            RemoteEvent::Mine(user, None) => self.read_mine(user, context),
            RemoteEvent::Mine(user, Some(root)) => self.read_thread(user, root, context),
            RemoteEvent::Met => self.owe_attendance(),
            RemoteEvent::Gone(node) => self.forget_attendance_at(node),
        }
    }

    /// A watermark that is beyond what was announced waits for that.
    fn hear_mark(&mut self, user: UserNo, mark: Mark, seq: Seq, context: &mut Context<Self>) {
        if seq > self.timeline.announced() {
            let waiting = self.marks_heard.entry((user, mark)).or_insert(seq);
            *waiting = seq.max(*waiting);
            return self.watch_hole(context);
        }
        if self.is_read_again(user, mark, seq) {
            self.note_unread_from(user, None);
        }
        match self.state.evolve_mark(user, mark, seq) {
            Some(before) => self.announce_mark_here(user, mark, before, seq),
            // It had moved when this room woke: sessions that have not joined do not know.
            None if mark != Mark::Delivered => self.notices.unread_changes().add_reader(user, 0),
            None => {}
        }
    }

    /// Announces the watermarks that have waited for what was announced now.
    pub(super) fn announce_marks_heard(&mut self, context: &mut Context<Self>) {
        let announced = self.timeline.announced();
        let reached = self.marks_heard.extract_if(|_, seq| *seq <= announced);
        let reached: Vec<_> = reached.collect();
        for ((user, mark), seq) in reached {
            self.hear_mark(user, mark, seq, context);
        }
    }

    /// Reads what was committed before watermarks that have waited for too long. Those beyond it, as after a failover that lost
    /// commits, are dropped.
    pub(super) fn read_for_marks_heard(&mut self, context: &mut Context<Self>) {
        if self.marks_heard.is_empty() {
            return;
        }
        let waiting = std::mem::take(&mut self.marks_heard);
        let wait = self.catch_up();
        context.spawn(wait.into_actor(self).map(|missed, room, context| {
            room.caught_up(missed, context);
            let announced = room.timeline.announced();
            let reached = waiting.into_iter().filter(|(_, seq)| *seq <= announced);
            for ((user, mark), seq) in reached {
                room.hear_mark(user, mark, seq, context);
            }
        }));
    }

    /// What cannot be decoded, as of a newer server, is read from the database.
    fn hear_committed(&mut self, committed: &CommittedEntries, context: &mut Context<Self>) {
        self.crowd.note_heard(self.deps.clock.now());
        let ReadEntries { entries, unread } = committed.entries.read();
        self.take_in(entries, &committed.newcomers, context);
        if unread == Unread::Something {
            self.suspects_gap = true;
            self.catch_up_when_needed(context);
        }
    }
}
