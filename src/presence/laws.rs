//! The law of presence over servers: whatever is lost, doubled and heard out of order, all servers show the same once it is quiet, and
//! rooms have heard exactly that.

use clock::ManualClock;
use proptest::prelude::*;
use std::collections::HashMap;
use std::time::Duration;
use uuid::Uuid;

use super::table::{Changes, HeardIn, Knowledge, PresenceTable};
use crate::domain::conversation::PresenceStatus;
use crate::domain::ids::UserNo;
use crate::wire::section::{Beat, NodeId, PersonAt, Section};

const SERVERS: usize = 3;
const USERS: i64 = 4;
const STATUSES: [PresenceStatus; 3] = [
    PresenceStatus::Online,
    PresenceStatus::Away,
    PresenceStatus::Busy,
];

#[derive(Clone, Debug)]
enum Step {
    Arrive(usize, i64),
    Leave(usize, i64),
    /// By a clock that is not the others'.
    Choose(usize, i64, usize, i64),
    Beat(usize),
    /// A frame on its way to a server is heard, and stays on its way.
    Hear(usize, prop::sample::Index),
    /// A frame on its way to a server is lost.
    Lose(usize, prop::sample::Index),
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    let (server, user) = (0..SERVERS, 0..USERS);
    let which = any::<prop::sample::Index>;
    let choice = (server.clone(), user.clone(), 0..3_usize, 0..50_i64);
    prop_oneof![
        1 => (server.clone(), user.clone()).prop_map(|(at, user)| Step::Arrive(at, user)),
        1 => (server.clone(), user).prop_map(|(at, user)| Step::Leave(at, user)),
        1 => choice.prop_map(|(at, user, status, time)| Step::Choose(at, user, status, time)),
        1 => server.clone().prop_map(Step::Beat),
        6 => (server.clone(), which()).prop_map(|(at, which)| Step::Hear(at, which)),
        2 => (server, which()).prop_map(|(at, which)| Step::Lose(at, which)),
        1 => Just(Step::Wait),
    ]
}

struct Server {
    id: NodeId,
    table: PresenceTable,
    /// The number of the last frame that it sent.
    sent: u64,
    /// What rooms heard last of each user.
    told: HashMap<UserNo, PresenceStatus>,
    /// Frames on their way to it.
    coming: Vec<(HeardIn, Section)>,
    has: Vec<UserNo>,
}

struct Servers {
    servers: Vec<Server>,
    time: ManualClock,
}

impl Servers {
    fn new() -> Self {
        let server = |id: usize| Server {
            id: Uuid::from_u128(id as u128),
            table: PresenceTable::default(),
            sent: 0,
            told: HashMap::new(),
            coming: Vec::new(),
            has: Vec::new(),
        };
        Self {
            servers: (0..SERVERS).map(server).collect(),
            time: ManualClock::standing(),
        }
    }

    /// A frame goes to all others.
    fn say(&mut self, from: usize, section: &Section) {
        let sender = &mut self.servers[from];
        sender.sent += 1;
        let heard = HeardIn {
            node: sender.id,
            number: sender.sent,
        };
        for (index, server) in self.servers.iter_mut().enumerate() {
            if index != from {
                server.coming.push((heard, section.clone()));
            }
        }
    }

    fn change<T>(
        &mut self,
        at: usize,
        change: impl FnOnce(&mut PresenceTable, &mut Changes) -> T,
    ) -> T {
        let server = &mut self.servers[at];
        let mut changes = Changes::default();
        let outcome = change(&mut server.table, &mut changes);
        for (user, status) in changes.shown {
            let before = server.told.insert(user, status);
            assert_ne!(before, Some(status), "rooms are told what they know");
        }
        if !changes.said.is_empty() {
            self.say(at, &Section::People(changes.said));
        }
        outcome
    }

    fn beat(&mut self, at: usize) {
        let (people, hash) = self.servers[at].table.digest();
        let beat = Beat {
            heard: Vec::new(),
            people,
            hash,
        };
        self.say(at, &Section::Beat(beat));
    }

    fn hear(&mut self, at: usize, heard: HeardIn, section: Section) {
        let now = self.time.clock().now();
        match section {
            Section::People(people) => {
                self.change(at, |table, c| table.hear_people(heard, &people, c));
            }
            Section::AllPeople {
                page,
                is_last,
                people,
            } => {
                self.change(at, |table, c| {
                    table.hear_page(heard, (page, is_last), &people, c);
                });
            }
            Section::Beat(beat) => {
                let known = self.servers[at].table.hear_beat(heard, &beat, now);
                if known == Knowledge::Lacking {
                    self.say(at, &Section::AskPeople(heard.node));
                }
            }
            Section::AskPeople(whom) if whom == self.servers[at].id => self.answer(at),
            _ => {}
        }
    }

    /// Says all users, one to a page.
    fn answer(&mut self, at: usize) {
        let now = self.time.clock().now();
        let Some(people) = self.servers[at].table.answer(now) else {
            return;
        };
        let singles: Vec<Vec<PersonAt>> =
            people.concat().into_iter().map(|one| vec![one]).collect();
        let pages = match singles.is_empty() {
            true => vec![Vec::new()],
            false => singles,
        };
        let last = pages.len() - 1;
        for (page, people) in pages.into_iter().enumerate() {
            let section = Section::AllPeople {
                page: u32::try_from(page).unwrap(),
                is_last: page == last,
                people,
            };
            self.say(at, &section);
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Arrive(at, user) => {
                self.change(at, |table, c| table.arrive(UserNo(user), c));
                self.servers[at].has.push(UserNo(user));
            }
            Step::Leave(at, user) => {
                self.change(at, |table, c| table.leave(UserNo(user), c));
                self.servers[at].has.retain(|has| *has != UserNo(user));
            }
            Step::Choose(at, user, status, time) => {
                let chosen = STATUSES[status];
                let outcome =
                    self.change(at, |table, c| table.choose(UserNo(user), chosen, time, c));
                if outcome.is_some() {
                    let shown = self.servers[at].table.status(UserNo(user));
                    assert_eq!(shown, chosen, "the chooser sees the choice");
                }
            }
            Step::Beat(at) => self.beat(at),
            Step::Hear(at, which) if !self.servers[at].coming.is_empty() => {
                let (heard, section) = which.get(&self.servers[at].coming).clone();
                self.hear(at, heard, section);
            }
            Step::Lose(at, which) if !self.servers[at].coming.is_empty() => {
                let which = which.index(self.servers[at].coming.len());
                self.servers[at].coming.remove(which);
            }
            Step::Hear(..) | Step::Lose(..) => {}
            Step::Wait => self.time.advance(Duration::from_secs(1)),
        }
    }

    /// Every frame is heard, in order; beats come for a few seconds.
    fn settle(&mut self) {
        for server in &mut self.servers {
            server.coming.clear();
        }
        for _ in 0..6 {
            self.time.advance(Duration::from_secs(1));
            (0..SERVERS).for_each(|at| self.beat(at));
            while let Some(at) = (0..SERVERS).find(|at| !self.servers[*at].coming.is_empty()) {
                let (heard, section) = self.servers[at].coming.remove(0);
                self.hear(at, heard, section);
            }
        }
    }
}

proptest! {
    #[test]
    fn servers_agree_once_it_is_quiet(steps in prop::collection::vec(step(), 0..120)) {
        let mut servers = Servers::new();
        for step in steps {
            servers.step(step);
        }
        servers.settle();
        for user in (0..USERS).map(UserNo) {
            let shown = servers.servers.iter().map(|server| server.table.status(user));
            let shown: Vec<PresenceStatus> = shown.collect();
            prop_assert!(shown.windows(2).all(|two| two[0] == two[1]), "{user:?}: {shown:?}");
            let is_there = servers.servers.iter().any(|server| server.has.contains(&user));
            prop_assert_eq!(shown[0] != PresenceStatus::Offline, is_there);
            for server in &servers.servers {
                let told = server.told.get(&user).copied();
                prop_assert_eq!(told.unwrap_or(PresenceStatus::Offline), shown[0]);
            }
        }
    }
}
