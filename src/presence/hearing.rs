//! What the directory hears from other servers, and what it sends them of its own users.
//!
//! Everything about this server's users is said while the table is locked. So others get it in the order in which it came to be, and
//! a digest always fits the frames before it.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::Directory;
use super::people::PAGE;
use super::table::{Changes, HeardIn, Knowledge, PresenceTable};
use crate::wire::section::{Beat, NodeId, PersonAt, Section};

impl Directory {
    /// Another server has sent what some of its users show.
    pub fn hear_people(&self, heard: HeardIn, people: &[PersonAt]) {
        self.change(|table, changes| table.hear_people(heard, people, changes));
    }

    /// Another server has sent a page of all its users: the number of the page, and whether it is the last one.
    pub fn hear_all(&self, heard: HeardIn, page: u32, is_last: bool, people: &[PersonAt]) {
        self.change(|table, changes| table.hear_page(heard, (page, is_last), people, changes));
    }

    /// Another server has sent how many users it has, and their hash. If others are known here, it is asked for all of them, at most
    /// once a second.
    pub fn hear_beat(&self, heard: HeardIn, beat: &Beat, now: Instant) {
        let known = self.change(|table, _| table.hear_beat(heard, beat, now));
        if known == Knowledge::Lacking {
            self.outgoing.say(|| Section::AskPeople(heard.node));
        }
    }

    /// Another server asks for all users of this one. All others hear the answer too, so there is at most one a second.
    pub fn hear_ask(&self, now: Instant) {
        let mut table = self.table.write();
        let pages = table.answer(now).unwrap_or_default();
        let last = pages.len().saturating_sub(1);
        for (page, (index, people)) in (0..).zip(pages.into_iter().enumerate()) {
            let is_last = index == last;
            self.outgoing.say(|| Section::AllPeople {
                page,
                is_last,
                people,
            });
        }
    }

    /// Another server has stopped. Its users go with `sweep` when the grace is over.
    pub fn hear_stopping(&self, node: NodeId, now: Instant) {
        self.table.write().hear_stopping(node, now);
    }

    /// The other servers that are alive by their rows, as they are read once a second. The users of a server that is not among
    /// them, and from which nothing is heard, go with `sweep` when the grace is over.
    pub fn note_alive(&self, alive: &HashSet<NodeId>, now: Instant) {
        self.table.write().note_alive(alive, now);
    }

    /// Redis is away. Presence elsewhere stays as it was until it is back.
    pub fn hear_apart(&self) {
        self.table.write().note_apart();
    }

    /// Redis is back.
    pub fn hear_whole(&self, now: Instant) {
        self.table.write().note_whole(now);
    }

    /// The number of this server's users, and the exclusive or of their hashes.
    pub fn digest(&self) -> (u32, u64) {
        self.table.read().digest()
    }

    /// Says a sign of life, with the digest of this server's users.
    pub fn say_beat(&self, heard: Vec<(NodeId, u64)>) {
        let table = self.table.write();
        let (people, hash) = table.digest();
        let beat = Beat {
            heard,
            people,
            hash,
        };
        self.outgoing.say_always(Section::Beat(beat));
    }

    /// Takes away the users of servers that have been gone for the grace. Others may use the table in between.
    pub(super) fn forget_overdue(&self, grace: Duration, now: Instant) {
        let overdue = self.table.read().overdue(grace, now);
        for node in overdue {
            while self.change(|table, changes| table.forget_some(node, PAGE, changes)) == PAGE {}
        }
    }

    /// Changes the table, and sends rooms and other servers what follows.
    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&mut PresenceTable, &mut Changes) -> T,
    ) -> T {
        let mut table = self.table.write();
        let mut changes = Changes::default();
        let outcome = change(&mut table, &mut changes);
        for (user, status) in changes.shown {
            self.tell(user, status);
        }
        for people in changes.said.chunks(PAGE) {
            self.outgoing.say(|| Section::People(people.to_vec()));
        }
        outcome
    }
}

#[cfg(test)]
#[path = "hearing_tests.rs"]
mod tests;
