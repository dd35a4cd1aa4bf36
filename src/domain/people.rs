//! The participants of a conversation, shared: a copy is cheap, and a change copies only what it changes.

use std::collections::HashMap;
use std::sync::Arc;

use super::access::blocks::ReaderBlocks;
use super::conversation::Participant;
use super::ids::UserNo;

/// All present and past participants.
#[derive(Clone, Debug, Default)]
pub struct People(Arc<HashMap<UserNo, Arc<Participant>>>);

impl People {
    /// A participant.
    pub fn get(&self, no: UserNo) -> Option<&Participant> {
        self.0.get(&no).map(|person| &**person)
    }

    /// All participants, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &Participant> {
        self.0.values().map(|person| &**person)
    }

    /// All participants, in order of joining.
    pub fn in_order(&self) -> Vec<&Participant> {
        let mut all: Vec<&Participant> = self.iter().collect();
        all.sort_by_key(|person| (person.joined_at, person.no));
        all
    }

    /// All participants, in order of joining, owned.
    pub fn to_vec(&self) -> Vec<Participant> {
        self.in_order().into_iter().cloned().collect()
    }

    /// The same people, without the signals that blocks hide from a reader.
    pub fn masked(&self, reader_blocks: &ReaderBlocks) -> Self {
        let mut people = self.clone();
        let hidden = self.iter().filter(|person| reader_blocks.hides(person.no));
        for no in hidden.map(|person| person.no) {
            if let Some(person) = people.get_mut(no) {
                person.hide_signals();
            }
        }
        people
    }

    /// Adds or replaces a participant.
    pub fn insert(&mut self, person: Participant) {
        Arc::make_mut(&mut self.0).insert(person.no, Arc::new(person));
    }

    /// A participant, to be changed.
    pub fn get_mut(&mut self, no: UserNo) -> Option<&mut Participant> {
        if !self.0.contains_key(&no) {
            return None;
        }
        Arc::make_mut(&mut self.0).get_mut(&no).map(Arc::make_mut)
    }
}

impl FromIterator<Participant> for People {
    fn from_iter<I: IntoIterator<Item = Participant>>(people: I) -> Self {
        let people = people.into_iter();
        Self(Arc::new(
            people.map(|person| (person.no, Arc::new(person))).collect(),
        ))
    }
}
