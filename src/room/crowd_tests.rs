//! Each listener of a crowd gets every event since they joined, in order, once, whatever the turns are.

use super::*;
use crate::domain::ids::UserNo;
use crate::queue::Push;
use crate::room::listener::tests::{event, live_listener, pushed};
use proptest::prelude::*;

/// A room's crowd and its listeners, without the room.
struct Played {
    crowd: Crowd,
    listeners: Vec<Listener>,
    metrics: Metrics,
    said: Seq,
}

impl Played {
    fn of(count: usize) -> Self {
        let mut played = Self {
            crowd: Crowd::default(),
            listeners: Vec::new(),
            metrics: Metrics::new().unwrap(),
            said: 0,
        };
        (0..count).for_each(|_| played.join());
        played
    }

    fn join(&mut self) {
        let mut listener = live_listener(UserNo(self.listeners.len() as i64 + 1));
        listener.position_in_crowd = self.crowd.end();
        self.listeners.push(listener);
    }

    /// A message is announced.
    fn say(&mut self, sends: Sends) {
        self.said += 1;
        let events = vec![event(self.said)];
        match self.crowd.take_in(events, self.listeners.len(), sends) {
            Delivery::Now(events) => {
                for listener in &mut self.listeners {
                    assert_eq!(listener.give(&events), Push::Queued);
                }
            }
            Delivery::BeginTurns => self.crowd.turns = Some(SpawnHandle::default()),
            Delivery::InTurns => {}
            Delivery::All => self.crowd.tell_all(&mut self.listeners, &self.metrics),
        }
    }

    fn turn(&mut self) {
        if self.crowd.turns.is_some() {
            self.crowd.tell_part(&mut self.listeners, &self.metrics);
        }
    }
}

#[test]
fn another_server_that_tells_often_counts_as_sends_under_way() {
    let time = clock::ManualClock::standing();
    let clock = time.clock();
    let mut crowd = Crowd::default();
    for (pause, often) in [(0, false), (9, true), (10, false), (9, true)] {
        time.advance(Duration::from_millis(pause));
        crowd.note_heard(clock.now());
        assert_eq!(crowd.hears_often(clock.now()), often, "{pause}");
    }
    time.advance(OFTEN);
    assert!(!crowd.hears_often(clock.now()), "it has ended");
}

#[test]
fn few_listeners_or_a_lone_sender_wait_for_nothing() {
    for (count, sends) in [(CROWD - 1, Sends::Underway), (CROWD, Sends::None)] {
        let mut room = Played::of(count);
        room.say(sends);
        for listener in &room.listeners {
            assert_eq!(pushed(listener), ["1"]);
        }
        assert!(room.crowd.turns.is_none());
    }
}

#[test]
fn a_crowd_is_told_a_tenth_at_a_turn_until_a_turn_has_nothing_to_tell() {
    let mut room = Played::of(100);
    room.say(Sends::Underway);
    room.say(Sends::None);
    for part in 0..PARTS {
        room.turn();
        let told = room.listeners.iter().filter(|it| pushed(it) == ["1", "2"]);
        assert_eq!(told.count(), 10, "at turn {part}");
    }
    assert!(room.crowd.waiting.is_empty(), "everybody was told");
    assert!(room.crowd.turns.is_some());
    room.turn();
    assert!(room.crowd.turns.is_none(), "the turns are over");
    room.say(Sends::None);
    assert_eq!(pushed(room.listeners.first().unwrap()), ["3"]);
}

#[test]
fn no_more_events_wait_than_one_write_carries() {
    let mut room = Played::of(CROWD);
    for _ in 0..TOGETHER {
        room.say(Sends::Underway);
    }
    assert!(room.crowd.waiting.is_empty());
    let all: Vec<String> = (1..=TOGETHER).map(|seq| seq.to_string()).collect();
    for listener in &room.listeners {
        assert_eq!(pushed(listener), all);
    }
}

#[test]
fn listeners_before_their_turn_have_events_up_to_the_first_that_waits() {
    let mut room = Played::of(100);
    room.say(Sends::None);
    room.say(Sends::Underway);
    room.say(Sends::Underway);
    room.turn();
    let (first, last) = (
        room.listeners.first().unwrap(),
        room.listeners.last().unwrap(),
    );
    assert_eq!(room.crowd.received_up_to(first, 3), 3);
    assert_eq!(room.crowd.received_up_to(last, 3), 1);
}

proptest! {
    #[test]
    fn everybody_is_told_everything_since_they_joined_in_order_and_once(
        steps in prop::collection::vec(0..6u8, 0..200)
    ) {
        let mut room = Played::of(CROWD);
        // The events that each got, in the order of the listeners, and from which seq on.
        let mut joined: Vec<Seq> = vec![0; CROWD];
        for step in steps {
            match step {
                0 => room.turn(),
                1 => {
                    joined.push(room.said);
                    room.join();
                }
                2 => {
                    let index = room.said as usize % room.listeners.len();
                    room.listeners.remove(index);
                    joined.remove(index);
                    room.join();
                    joined.push(room.said);
                }
                3 => room.say(Sends::None),
                _ => room.say(Sends::Underway),
            }
        }
        room.crowd.tell_all(&mut room.listeners, &room.metrics);
        for (listener, since) in room.listeners.iter().zip(joined) {
            let all: Vec<String> = (since + 1..=room.said).map(|seq| seq.to_string()).collect();
            prop_assert_eq!(pushed(listener), all);
        }
    }
}
