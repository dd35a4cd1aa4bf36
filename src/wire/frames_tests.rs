//! Tests of gathering: order, bounds, numbers.

use chrono::DateTime;
use clock::ManualClock;
use proptest::collection::vec;
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

use super::*;
use crate::domain::entry::Fact;
use crate::domain::ids::{ConversationId, ConversationNo, MessageId, UserId, UserNo};
use crate::domain::message::{Content, Message};
use crate::wire::frame::{self, HeardFrame, Unread};
use crate::wire::outgoing::{LONGEST_WAIT, Outgoing};
use crate::wire::samples::{as_text, section};
use crate::wire::seal::{Opener, WireKey};

struct Pair {
    outgoing: Outgoing,
    frames: Frames,
    opener: Opener,
    time: ManualClock,
}

impl Pair {
    fn new() -> Self {
        let time = ManualClock::standing();
        let (outgoing, gathered) = Outgoing::open(time.clock());
        outgoing.set_peers(true);
        let key = WireKey::new(&[3; 32]);
        let sealer = Sealer::new(&key, Uuid::from_u128(1)).unwrap();
        Self {
            outgoing,
            frames: Frames::new(gathered, sealer),
            opener: Opener::new(key),
            time,
        }
    }

    /// The next frame, as another server hears it.
    fn hear(&mut self) -> Option<HeardFrame> {
        let frame = self.frames.next_now().unwrap()?;
        assert!(frame.bytes.len() <= MOST_BYTES, "{}", frame.bytes.len());
        assert!(frame.entries <= MOST_ENTRIES);
        let heard = frame::read(&mut self.opener, &frame.bytes).unwrap();
        assert_eq!(heard.number, frame.number);
        Some(heard)
    }
}

fn said(seq: i64, body: String) -> Entry {
    let at = DateTime::from_timestamp_micros(seq).unwrap();
    Entry {
        seq,
        at,
        fact: Fact::Said(Message {
            id: MessageId {
                conversation: ConversationNo(1),
                seq,
            },
            sender: UserNo(1),
            sender_id: UserId::stored("ada".into()),
            actor_id: None,
            content: Arc::new(Content::text(None, body)),
            card: None,
            created_at: at,
            edited_at: None,
            deleted_at: None,
            from_blocked: false,
        }),
    }
}

/// A section of messages with bodies of these lengths, with seqs from 1.
fn messages(lengths: &[usize]) -> Section {
    let entry = |(seq, length): (i64, &usize)| said(seq, "x".repeat(*length));
    let entries: Vec<Entry> = (1..).zip(lengths).map(entry).collect();
    Section::Entries(CommittedEntries {
        conversation: ConversationId(Uuid::nil()),
        no: ConversationNo(1),
        first: 1,
        last: entries.len() as i64,
        people: vec![UserNo(1), UserNo(2)],
        newcomers: vec![UserNo(2)],
        entries: WireEntries::Values(entries.into()),
    })
}

/// First and last seq of each section of entries, the seqs that it has, and whether one is unread.
fn seqs(heard: &HeardFrame) -> Vec<(i64, i64, Vec<i64>, Unread)> {
    let seqs = heard.sections.iter().filter_map(|section| match section {
        Section::Entries(committed) => {
            let read = committed.entries.read();
            let seqs = read.entries.iter().map(|entry| entry.seq).collect();
            Some((committed.first, committed.last, seqs, read.unread))
        }
        _ => None,
    });
    seqs.collect()
}

proptest! {
    #[test]
    fn everything_goes_out_in_order(sections in vec(section(), 0..12)) {
        let mut pair = Pair::new();
        sections.iter().for_each(|section| pair.outgoing.say(|| section.clone()));
        let mut heard = Vec::new();
        while let Some(frame) = pair.hear() {
            prop_assert_eq!(frame.number, 1 + heard.len() as u64);
            heard.push(frame);
        }
        prop_assert!(heard.len() <= 1, "all of it fits into one frame");
        let sent: Vec<Section> = heard.into_iter().flat_map(|frame| frame.sections).collect();
        prop_assert_eq!(as_text(&sent), as_text(&sections));
    }

    #[test]
    fn entries_are_cut_into_frames_and_none_is_lost(lengths in vec(1usize..400_000, 1..12)) {
        let mut pair = Pair::new();
        pair.outgoing.say(|| Section::Hello);
        pair.outgoing.say(|| messages(&lengths));
        pair.outgoing.say(|| Section::Stopping);
        let (mut next, mut number) = (1, 0);
        let mut last = None;
        while let Some(heard) = pair.hear() {
            number += 1;
            prop_assert_eq!(heard.number, number);
            for (first, last, seqs, unread) in seqs(&heard) {
                prop_assert_eq!(unread, Unread::Nothing);
                prop_assert_eq!((first, last), (next, next + seqs.len() as i64 - 1));
                prop_assert!(seqs.into_iter().eq(next..=last));
                next = last + 1;
            }
            last = heard.sections.into_iter().next_back();
        }
        prop_assert_eq!(next, 1 + lengths.len() as i64);
        prop_assert!(matches!(last, Some(Section::Stopping)));
    }
}

#[test]
fn a_frame_has_at_most_500_entries() {
    let mut pair = Pair::new();
    pair.outgoing.say(|| messages(&[10; 300]));
    pair.outgoing.say(|| messages(&[10; 300]));
    (0..450).for_each(|user| pair.outgoing.say(|| Section::Ended(UserNo(user))));
    let first = seqs(&pair.hear().unwrap());
    let lasts: Vec<i64> = first.iter().map(|(_, last, ..)| *last).collect();
    assert_eq!(lasts, [300, 200]);
    let second = pair.hear().unwrap();
    assert_eq!(seqs(&second)[0].0, 201);
    assert_eq!(second.sections.len(), 401);
    assert_eq!(pair.hear().unwrap().sections.len(), 50);
    assert!(pair.hear().is_none());
}

#[test]
fn an_entry_that_no_frame_holds_is_left_out_and_said_to_be() {
    let mut pair = Pair::new();
    pair.outgoing.say(|| messages(&[10, MOST_BYTES, 10]));
    let mut all = Vec::new();
    while let Some(heard) = pair.hear() {
        all.extend(seqs(&heard));
    }
    let expected = [
        (1, 1, vec![1], Unread::Nothing),
        (2, 2, vec![], Unread::Something),
        (3, 3, vec![3], Unread::Nothing),
    ];
    assert_eq!(all, expected);
}

#[test]
fn what_is_dropped_leaves_a_hole_in_the_numbers() {
    let mut pair = Pair::new();
    pair.outgoing.say(|| Section::Hello);
    assert_eq!(pair.hear().unwrap().number, 1);
    pair.outgoing.say(|| Section::Ended(UserNo(1)));
    pair.outgoing.say(|| Section::Ended(UserNo(2)));
    pair.time.advance(LONGEST_WAIT + Duration::from_millis(1));
    assert!(pair.hear().is_none());
    pair.outgoing.say(|| Section::Hello);
    assert_eq!(pair.hear().unwrap().number, 3);
    assert_eq!(pair.frames.dropped(), 2);
}

#[test]
fn the_rest_of_a_section_is_dropped_when_it_has_waited_too_long() {
    let mut pair = Pair::new();
    pair.outgoing.say(|| messages(&[600_000; 3]));
    assert_eq!(seqs(&pair.hear().unwrap())[0].1, 1);
    pair.time.advance(LONGEST_WAIT + Duration::from_millis(1));
    pair.outgoing.say(|| Section::Hello);
    assert_eq!(pair.hear().unwrap().number, 3);
    assert_eq!(pair.frames.dropped(), 1);
}

#[test]
fn another_section_that_no_frame_holds_is_dropped() {
    let mut pair = Pair::new();
    let topic = "x".repeat(MOST_BYTES);
    let numbers = Vec::new();
    pair.outgoing.say(|| Section::Hint { topic, numbers });
    pair.outgoing.say(|| Section::Hello);
    let heard = pair.hear().unwrap();
    assert_eq!((heard.number, heard.sections.len()), (2, 1));
    assert_eq!(pair.frames.dropped(), 1);
}
