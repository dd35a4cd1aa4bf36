//! Entries that a room had read when it woke: sessions that have not joined have not heard of those that woke it.

use actix::prelude::*;
use std::collections::BTreeSet;

use super::actor::Room;
use super::user_news::{Announced, paid};
use crate::domain::entry::{Entry, Fact};
use crate::domain::ids::{Seq, UserNo};
use crate::domain::room_event::Change;

/// Which of these entries were announced. Pure.
#[derive(Debug)]
pub(super) struct Earlier {
    woken_at: Seq,
    told: BTreeSet<Seq>,
}

impl Earlier {
    /// A room that has read everything up to this seq, and announced it to nobody.
    pub(super) fn new(woken_at: Seq) -> Self {
        Self {
            woken_at,
            told: BTreeSet::new(),
        }
    }

    /// Whether the entry with this seq is to be announced; once for each.
    fn is_news(&mut self, seq: Seq) -> bool {
        seq <= self.woken_at && self.told.insert(seq)
    }
}

impl Room {
    /// Accepts entries that did not go through this room, in any order. `newcomers` could not read the conversation before them.
    pub(super) fn take_in(
        &mut self,
        entries: Vec<Entry>,
        newcomers: &[UserNo],
        context: &mut Context<Self>,
    ) {
        self.tell_earlier(&entries, newcomers, context);
        for entry in entries {
            self.timeline.offer(entry);
        }
        self.announce(context);
        self.notify_absent(context);
    }

    fn tell_earlier(
        &mut self,
        entries: &[Entry],
        newcomers: &[UserNo],
        context: &mut Context<Self>,
    ) {
        let mut for_users = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            if !self.earlier.is_news(entry.seq) {
                continue;
            }
            match &entry.fact {
                Fact::Said(message) => {
                    self.notices.add(message);
                    for_users.push(Announced::Message(message.clone()));
                }
                Fact::Edited(message) | Fact::Deleted(message) => {
                    self.notices.unread_changes().add_message(message);
                }
                Fact::Stepped(stepped) => {
                    self.tell_elsewhere(&self.stepped(entry, stepped));
                    let after = entries.get(index + 1..).unwrap_or_default();
                    for_users.extend(paid(stepped, after));
                }
                Fact::Participant { now, .. } => {
                    self.tell_earlier_move(now.no, entry.seq, newcomers, context);
                }
                Fact::Settings { .. } => self.tell_conversation_elsewhere(entry.seq),
                // The room has read who is apart when it woke; sessions that have not joined get no event of it.
                Fact::Block { .. } => {}
                // Sessions that have not joined are told of no reaction and of no pin.
                Fact::Reacted(_) | Fact::Pinned(_) | Fact::Void => {}
                // No room wakes in a deleted conversation.
                Fact::Ended => {}
            }
        }
        self.tell_users(&for_users);
    }

    /// A participant was changed before this room woke: the event says how they stand now.
    fn tell_earlier_move(
        &mut self,
        user: UserNo,
        seq: Seq,
        newcomers: &[UserNo],
        context: &mut Context<Self>,
    ) {
        let Some(person) = self.state.person(user).cloned() else {
            return;
        };
        self.move_person(&person, seq, context);
        if newcomers.contains(&user) && person.may_read().is_ok() {
            self.welcome(user);
        }
        self.tell_conversation_elsewhere(seq);
    }

    fn tell_conversation_elsewhere(&self, seq: Seq) {
        let changed = self.event(Some(seq), Change::Changed(self.state.view().clone()));
        self.tell_elsewhere(&changed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_that_woke_the_room_is_told_once_and_a_later_one_with_the_others() {
        let mut earlier = Earlier::new(7);
        assert!(earlier.is_news(7) && earlier.is_news(5));
        assert!(!earlier.is_news(7) && !earlier.is_news(5));
        assert!(!earlier.is_news(8));
    }
}
