//! The law of peers and timelines: whatever is lost, doubled, late or out of order, and whenever the database is asked, a listener
//! hears each entry once and in order, and all of them once it is quiet.

use clock::ManualClock;
use proptest::prelude::*;
use std::time::Duration;
use uuid::Uuid;

use super::peers::{Peers, Wire};
use crate::domain::conversation::{Card, ConversationStatus, Settings};
use crate::domain::entry::{Entry, Fact};
use crate::domain::ids::Seq;
use crate::room::timeline::Timeline;
use crate::store::nodes::{NodeRow, NodeState};
use crate::wire::frame::VERSION;
use crate::wire::section::NodeId;

const OWN: NodeId = Uuid::from_u128(100);
const SENDERS: [NodeId; 2] = [Uuid::from_u128(1), Uuid::from_u128(2)];

#[derive(Clone, Copy, Debug)]
enum Happening {
    /// A sender commits an entry and publishes it.
    Commit(usize),
    /// A sender gives a sign of life.
    Beat(usize),
    /// The frame at this place of those that are under way arrives.
    Deliver(usize),
    /// It arrives, and once more later.
    Double(usize),
    /// It is lost.
    Lose(usize),
    /// The database is asked, if that is called for.
    Check,
    /// Time passes.
    Pass(u64),
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    sender: usize,
    number: u64,
    entry: Option<Seq>,
}

struct World {
    time: ManualClock,
    peers: Peers,
    timeline: Timeline,
    heard: Vec<Seq>,
    /// The last committed seq.
    committed: Seq,
    numbers: [u64; 2],
    under_way: Vec<Frame>,
    is_check_due: bool,
}

impl World {
    fn new() -> Self {
        let time = ManualClock::standing();
        let now = time.clock().now();
        let mut peers = Peers::new(OWN, Wire::Whole, now);
        let version = i16::from(VERSION);
        let row = |id| NodeRow {
            id,
            tag: None,
            address: String::new(),
            version: String::new(),
            wire: Some((version, version)),
            silent_for: 0.0,
            state: NodeState::Staying,
        };
        peers.note_rows(SENDERS.map(row).to_vec(), now);
        Self {
            time,
            peers,
            timeline: Timeline::new(0),
            heard: Vec::new(),
            committed: 0,
            numbers: [0; 2],
            under_way: Vec::new(),
            is_check_due: false,
        }
    }

    fn publish(&mut self, sender: usize, entry: Option<Seq>) {
        self.numbers[sender] += 1;
        let number = self.numbers[sender];
        self.under_way.push(Frame {
            sender,
            number,
            entry,
        });
    }

    fn happen(&mut self, happening: Happening) {
        let index = |at: usize, frames: &[Frame]| (!frames.is_empty()).then(|| at % frames.len());
        match happening {
            Happening::Commit(sender) => {
                self.committed += 1;
                self.publish(sender, Some(self.committed));
            }
            Happening::Beat(sender) => self.publish(sender, None),
            Happening::Deliver(at) => {
                if let Some(at) = index(at, &self.under_way) {
                    let frame = self.under_way.remove(at);
                    self.arrive(frame);
                }
            }
            Happening::Double(at) => {
                if let Some(at) = index(at, &self.under_way) {
                    self.arrive(self.under_way[at]);
                }
            }
            Happening::Lose(at) => {
                if let Some(at) = index(at, &self.under_way) {
                    self.under_way.remove(at);
                }
            }
            Happening::Check => self.check_if_due(),
            Happening::Pass(millis) => self.time.advance(Duration::from_millis(millis)),
        }
    }

    fn arrive(&mut self, frame: Frame) {
        let (node, now) = (SENDERS[frame.sender], self.time.clock().now());
        let arrival = self.peers.note_frame(node, frame.number, now);
        self.is_check_due |= arrival.may_miss_some();
        if let (true, Some(seq)) = (arrival.is_news(), frame.entry) {
            self.hear(seq);
        }
    }

    fn check_if_due(&mut self) {
        if std::mem::take(&mut self.is_check_due) {
            for seq in self.timeline.announced() + 1..=self.committed {
                self.hear(seq);
            }
        }
    }

    fn hear(&mut self, seq: Seq) {
        let fact = Fact::Settings {
            settings: Settings {
                title: None,
                status: ConversationStatus::Open,
                max_participants: None,
                slow_seconds: 0,
                closed: None,
            },
            card: Card::Null,
        };
        let at = chrono::DateTime::UNIX_EPOCH;
        self.timeline.offer(Entry { seq, at, fact });
        let ready = self.timeline.ready();
        self.heard.extend(ready.iter().map(|entry| entry.seq));
    }
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        (0..2usize).prop_map(Happening::Commit),
        (0..2usize).prop_map(Happening::Beat),
        // Mostly in order.
        Just(Happening::Deliver(0)),
        Just(Happening::Deliver(0)),
        (0..9usize).prop_map(Happening::Deliver),
        (0..9usize).prop_map(Happening::Double),
        (0..9usize).prop_map(Happening::Lose),
        Just(Happening::Check),
        (1..2_000u64).prop_map(Happening::Pass),
    ]
}

proptest! {
    #[test]
    fn a_listener_hears_each_entry_once_in_order_and_all_of_them_once_it_is_quiet(
        happenings in prop::collection::vec(happening(), 0..120),
    ) {
        let mut world = World::new();
        for happening in happenings {
            world.happen(happening);
            let count = world.heard.len() as Seq;
            prop_assert_eq!(&world.heard, &(1..=count).collect::<Vec<Seq>>());
        }
        // What is still under way is lost; then one sign of life of each arrives.
        world.under_way.clear();
        for sender in 0..2 {
            world.happen(Happening::Beat(sender));
            world.happen(Happening::Deliver(0));
        }
        world.happen(Happening::Check);
        prop_assert_eq!(&world.heard, &(1..=world.committed).collect::<Vec<Seq>>());
    }
}
