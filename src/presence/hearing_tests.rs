//! Two directories, and what one says to the other in sealed frames.

use clock::ManualClock;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

use super::*;
use crate::domain::conversation::PresenceStatus;
use crate::domain::ids::{SessionId, UserNo};
use crate::presence::people::PAGE;
use crate::queue::ConnectionQueue;
use crate::wire::frame;
use crate::wire::frames::Frames;
use crate::wire::outgoing::Outgoing;
use crate::wire::seal::{Opener, Sealer, WireKey};

/// More than two pages.
const MANY: usize = PAGE * 2 + 1_000;
const ALICE: UserNo = UserNo(1);

struct Server {
    id: NodeId,
    directory: Directory,
    outgoing: Outgoing,
    frames: Frames,
    opener: Opener,
    time: ManualClock,
}

impl Server {
    fn new(id: u128, time: &ManualClock) -> Self {
        let (outgoing, gathered) = Outgoing::open(time.clock());
        outgoing.set_peers(true);
        let (id, key) = (Uuid::from_u128(id), WireKey::new(&[7; 32]));
        let sealer = Sealer::new(&key, id).unwrap();
        Self {
            id,
            directory: Directory::new(outgoing.clone()),
            outgoing,
            frames: Frames::new(gathered, sealer),
            opener: Opener::new(key),
            time: time.clone(),
        }
    }

    fn arrive(&self, user: UserNo) -> Arc<ConnectionQueue> {
        let session = SessionId(Uuid::now_v7());
        let queue = ConnectionQueue::new(session, 1_000, self.time.clock());
        self.directory.arrive(user, &queue, None).unwrap();
        queue
    }

    /// Hears everything that the other one has to say; answers how many frames that was.
    fn hear(&mut self, other: &mut Self) -> usize {
        let mut frames = 0;
        while let Some(sealed) = other.frames.next_now().unwrap() {
            let read = frame::read(&mut self.opener, &sealed.bytes).unwrap();
            frames += 1;
            let (node, number) = (read.node, read.number);
            for section in read.sections {
                self.hear_section(HeardIn { node, number }, section);
            }
        }
        frames
    }

    fn hear_section(&self, heard: HeardIn, section: Section) {
        let now = self.time.clock().now();
        match section {
            Section::People(people) => self.directory.hear_people(heard, &people),
            Section::AllPeople {
                page,
                is_last,
                people,
            } => self.directory.hear_all(heard, page, is_last, &people),
            Section::AskPeople(whom) if whom == self.id => self.directory.hear_ask(now),
            Section::Beat(beat) => self.directory.hear_beat(heard, &beat, now),
            other => panic!("{other:?}"),
        }
    }

    fn shows(&self, status: PresenceStatus) -> usize {
        let users = (0..i64::try_from(MANY).unwrap()).map(UserNo);
        users
            .filter(|user| self.directory.status(*user) == status)
            .count()
    }
}

fn two() -> (Server, Server) {
    let time = ManualClock::standing();
    (Server::new(1, &time), Server::new(2, &time))
}

#[test]
fn what_users_show_at_one_server_is_shown_at_the_other() {
    let (mut here, mut there) = two();
    let queue = there.arrive(ALICE);
    here.hear(&mut there);
    assert_eq!(here.directory.status(ALICE), PresenceStatus::Online);
    assert!(
        !here.directory.is_connected(ALICE),
        "her sessions are there"
    );
    there
        .directory
        .choose(ALICE, PresenceStatus::Busy, 5)
        .unwrap();
    here.hear(&mut there);
    assert_eq!(here.directory.status(ALICE), PresenceStatus::Busy);
    let now = there.time.clock().now();
    there.directory.depart(ALICE, queue.session(), now);
    there.directory.sweep(Duration::ZERO, now);
    here.hear(&mut there);
    assert_eq!(here.directory.status(ALICE), PresenceStatus::Offline);
}

#[test]
fn a_server_that_knows_nobody_asks_for_all_and_gets_them_in_pages() {
    let (mut here, mut there) = two();
    there.outgoing.set_peers(false);
    for user in 0..i64::try_from(MANY).unwrap() {
        there.arrive(UserNo(user));
    }
    there.outgoing.set_peers(true);
    assert_eq!(here.hear(&mut there), 0, "nobody listened");
    there.directory.say_beat(Vec::new());
    here.hear(&mut there);
    assert_eq!(here.shows(PresenceStatus::Offline), MANY);
    there.hear(&mut here);
    here.hear(&mut there);
    assert_eq!(here.shows(PresenceStatus::Online), MANY);
    // Nothing is asked for any more.
    here.time.advance(Duration::from_secs(2));
    there.directory.say_beat(Vec::new());
    here.hear(&mut there);
    assert_eq!(there.hear(&mut here), 0);
}

#[test]
fn many_users_who_go_at_once_are_told_of_in_few_frames() {
    let (mut here, mut there) = two();
    let users = (0..i64::try_from(MANY).unwrap()).map(UserNo);
    let sessions: Vec<_> = users.map(|user| (user, there.arrive(user))).collect();
    here.hear(&mut there);
    assert_eq!(here.shows(PresenceStatus::Online), MANY);
    let now = there.time.clock().now();
    for (user, queue) in &sessions {
        there.directory.depart(*user, queue.session(), now);
    }
    there.directory.sweep(Duration::ZERO, now);
    assert!(here.hear(&mut there) <= 2);
    assert_eq!(here.shows(PresenceStatus::Offline), MANY);
}

#[test]
fn the_users_of_a_server_that_is_gone_go_with_the_sweep_and_not_while_redis_is_away() {
    let (mut here, mut there) = two();
    for user in 0..i64::try_from(MANY).unwrap() {
        there.arrive(UserNo(user));
    }
    here.hear(&mut there);
    let (clock, grace) = (here.time.clock(), Duration::from_secs(10));
    here.directory.hear_stopping(there.id, clock.now());
    here.directory.hear_apart();
    here.time.advance(grace);
    here.directory.sweep(grace, clock.now());
    assert_eq!(here.shows(PresenceStatus::Online), MANY);
    here.directory.hear_whole(clock.now());
    here.time.advance(grace);
    here.directory.sweep(grace, clock.now());
    assert_eq!(here.shows(PresenceStatus::Offline), MANY);
}
