//! The rooms that rules have made so far in a simulation.

use std::collections::BTreeMap;

use crate::effect::{Effect, Rooms, Selected};
use crate::event::Subject;

/// The rooms, by what they are about and their names.
#[derive(Default)]
pub(super) struct World {
    rooms: BTreeMap<(Subject, String), Room>,
}

struct Room {
    /// Roles by user.
    people: BTreeMap<String, String>,
    open: bool,
}

impl World {
    /// Carries out an effect; returns what came of it where that is not plain from the effect itself.
    pub(super) fn carry_out(&mut self, effect: &Effect) -> Option<String> {
        match effect {
            Effect::Converse {
                room,
                subject,
                people,
                ..
            } => {
                let key = (subject.clone(), room.clone());
                if self.rooms.contains_key(&key) {
                    return Some("it is there already".to_owned());
                }
                let people = people.iter();
                let people = people.map(|place| (place.user.clone(), place.role.clone()));
                let people = people.collect();
                self.rooms.insert(key, Room { people, open: true });
                None
            }
            Effect::People {
                rooms,
                add,
                remove,
                roles,
            } => self.each(rooms, |room| {
                for whom in remove {
                    match whom {
                        Selected::User(user) => drop(room.people.remove(user)),
                        Selected::Role(role) => room.people.retain(|_, own| own != role),
                        Selected::Participants => room.people.clear(),
                    }
                }
                for place in add.iter().chain(roles) {
                    room.people.insert(place.user.clone(), place.role.clone());
                }
            }),
            Effect::Say { rooms, .. } | Effect::Press { rooms, .. } => self.each(rooms, |_| {}),
            Effect::Close { rooms } => self.each(rooms, |room| room.open = false),
            Effect::Emit { .. }
            | Effect::Audit { .. }
            | Effect::Connect { .. }
            | Effect::Disconnect { .. }
            | Effect::Notify { .. }
            | Effect::Trait { .. } => None,
        }
    }

    /// Changes the open rooms that an effect takes place in; says so where there is none.
    fn each(&mut self, of: &Rooms, change: impl Fn(&mut Room)) -> Option<String> {
        let fits = |(subject, name): &(Subject, String)| {
            *subject == of.subject && of.room.as_ref().is_none_or(|room| room == name)
        };
        let mut found = 0;
        for (key, room) in &mut self.rooms {
            if fits(key) && room.open {
                change(room);
                found += 1;
            }
        }
        (found == 0).then(|| "there is no open room".to_owned())
    }

    /// The rooms as they are, a line for each.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        self.rooms.iter().map(|((subject, name), room)| {
            let people = room.people.iter();
            let people: Vec<String> = people
                .map(|(user, role)| format!("{user} as {role}"))
                .collect();
            let state = if room.open { "open" } else { "closed" };
            format!("{name} of {subject}, {state}: {}", people.join(", "))
        })
    }
}
