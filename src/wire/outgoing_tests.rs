//! Tests of the queue: who says what, what is dropped.

use clock::ManualClock;
use futures_util::FutureExt;

use super::*;
use crate::domain::ids::UserNo;

/// What `ended` says, in order.
fn users(taken: &Taken) -> Vec<i64> {
    let users = taken.said.iter().filter_map(|said| match said.section {
        Section::Ended(user) => Some(user.0),
        _ => None,
    });
    users.collect()
}

fn ended(user: i64) -> Section {
    Section::Ended(UserNo(user))
}

/// A section of about so many bytes.
fn long(bytes: usize) -> Section {
    Section::Hint {
        topic: "x".repeat(bytes),
        numbers: Vec::new(),
    }
}

fn open() -> (Outgoing, Gathered, ManualClock) {
    let time = ManualClock::standing();
    let (outgoing, gathered) = Outgoing::open(time.clock());
    outgoing.set_peers(true);
    (outgoing, gathered, time)
}

fn take(gathered: &Gathered) -> Taken {
    gathered.take(usize::MAX, usize::MAX)
}

#[test]
fn nothing_is_made_that_nobody_hears() {
    let never = || -> Section { panic!("nobody hears it") };
    Outgoing::off().say(never);
    Outgoing::off().say_always(Section::Hello);
    let (outgoing, gathered) = Outgoing::open(Clock::default());
    outgoing.say(never);
    outgoing.say_always(ended(1));
    outgoing.set_peers(true);
    outgoing.say(|| ended(2));
    outgoing.set_peers(false);
    outgoing.say(never);
    assert_eq!(users(&take(&gathered)), [1, 2]);
}

#[test]
fn what_is_taken_keeps_its_order_and_its_bounds() {
    let (outgoing, gathered, _) = open();
    (0..5).for_each(|user| outgoing.say(|| ended(user)));
    assert_eq!(users(&gathered.take(2, usize::MAX)), [0, 1]);
    assert_eq!(users(&gathered.take(9, 1)), [2], "at least one");
    let two = 2 * weight::of(&ended(0));
    assert_eq!(users(&gathered.take(9, two)), [3, 4]);
    assert!(take(&gathered).said.is_empty());
    assert_eq!(gathered.0.queue.lock().bytes, 0);
}

#[test]
fn what_waits_longer_than_its_time_is_dropped() {
    let (outgoing, gathered, time) = open();
    outgoing.say(|| ended(1));
    time.advance(LONGEST_WAIT);
    outgoing.say(|| ended(2));
    time.advance(Duration::from_millis(1));
    let taken = take(&gathered);
    assert_eq!((users(&taken), taken.dropped), (vec![2], 1));
    assert_eq!(take(&gathered).dropped, 0, "it is told once");
}

#[test]
fn nothing_takes_more_memory_while_nobody_takes_it_out() {
    let (outgoing, gathered, time) = open();
    outgoing.say(|| long(1_000));
    time.advance(LONGEST_WAIT + Duration::from_millis(1));
    outgoing.say(|| ended(2));
    assert_eq!(gathered.0.queue.lock().said.len(), 1);
}

#[test]
fn more_than_the_bound_drops_what_waits_and_keeps_what_is_new() {
    let (outgoing, gathered, _) = open();
    let third = MOST_WAITING / 3;
    (0..3).for_each(|_| outgoing.say(|| long(third)));
    outgoing.say(|| ended(4));
    let taken = take(&gathered);
    assert_eq!(taken.dropped, 2);
    assert_eq!((taken.said.len(), users(&taken)), (2, vec![4]));
    outgoing.say(|| ended(5));
    outgoing.say(|| long(MOST_WAITING));
    let taken = take(&gathered);
    assert_eq!((taken.said.len(), taken.dropped), (0, 2));
    assert_eq!(gathered.0.queue.lock().bytes, 0);
}

#[test]
fn one_who_waits_is_woken() {
    let (outgoing, gathered, _) = open();
    outgoing.say(|| ended(1));
    outgoing.say(|| ended(2));
    assert!(gathered.filled().now_or_never().is_some());
    take(&gathered);
    let mut filled = Box::pin(gathered.filled());
    assert!(filled.as_mut().now_or_never().is_none());
    outgoing.say(|| ended(3));
    assert!(filled.now_or_never().is_some());
    outgoing.say(|| long(MOST_WAITING));
    assert!(
        gathered.filled().now_or_never().is_some(),
        "a hole is told too"
    );
}
