//! What waits aside in the lane: tried again, kept in order, and given up after patience. The clock is moved; nothing is committed.

use super::*;
use crate::domain::ids::Seq;
use crate::domain::message::Content;
use crate::domain::principal::Roles;
use crate::journal::{Permit, RequestNo, Settled};
use actix::prelude::*;
use clock::ManualClock;
use std::sync::Arc;

const PLACE: ConversationNo = ConversationNo(7);
const OTHER: ConversationNo = ConversationNo(8);
const BOB: UserNo = UserNo(2);
const MILLISECOND: Duration = Duration::from_millis(1);

/// Somebody to whom outcomes would go.
struct Nobody;

impl Actor for Nobody {
    type Context = Context<Self>;
}

impl Handler<Settled> for Nobody {
    type Result = ();

    fn handle(&mut self, _: Settled, _: &mut Self::Context) {}
}

fn nobody() -> Arc<Recipient<Settled>> {
    Arc::new(Context::<Nobody>::new().address().recipient())
}

fn append(conversation: ConversationNo, request_no: RequestNo) -> Append {
    let content = Arc::new(Content::text(None, "hello".to_owned()));
    Append {
        conversation,
        policy: 1,
        sender: BOB,
        roles: Roles::default(),
        fingerprint: content.fingerprint(conversation),
        content,
        request_no,
        aside_since: None,
        room: nobody(),
        permit: Permit(Arc::default()),
    }
}

fn marking(seq: Seq) -> Marking {
    Marking {
        mark: NewMark {
            conversation: PLACE,
            user: BOB,
            delivered: seq,
            read: 0,
        },
        request_no: 1,
        aside_since: None,
        room: nobody(),
    }
}

fn batch(appends: Vec<Append>, marks: Vec<Marking>) -> Batch {
    Batch { appends, marks }
}

fn done(fates: Vec<Fate>) -> Done {
    Done {
        fates,
        moved: Some(HashSet::new()),
    }
}

fn stored() -> Fate {
    Fate::Settled(Outcome::Stored {
        seq: 1,
        at: chrono::DateTime::UNIX_EPOCH,
    })
}

/// Who is told of a commit, and whether it is known what became of it.
fn told(committed: Option<Committed>) -> Vec<(RequestNo, bool)> {
    let appends = committed.into_iter().flat_map(|all| all.appends);
    let is_known = |outcome: &Outcome| !matches!(outcome, Outcome::Unknown);
    let told = appends.map(|(append, outcome)| (append.request_no, is_known(&outcome)));
    told.collect()
}

fn queued(queue: &Queue) -> Vec<RequestNo> {
    let batch = queue.take(100, Some(Duration::ZERO), || true).unwrap();
    batch
        .appends
        .iter()
        .map(|append| append.request_no)
        .collect()
}

#[test]
fn what_somebody_else_holds_is_tried_again_and_what_follows_waits_behind_it() {
    let (time, queue) = (ManualClock::standing(), Queue::default());
    let held = Held::new(time.clock());
    let both = vec![append(PLACE, 1), append(OTHER, 2)];
    assert_eq!(held.wait(), None, "for as long as nothing comes");
    held.take(0, batch(both, Vec::new()), &queue).unwrap();
    let settled = held.settle(0, done(vec![Fate::Locked, stored()]));
    assert_eq!(told(settled), [(2, true)]);
    let behind = vec![append(PLACE, 3), append(OTHER, 4)];
    let work = held.take(0, batch(behind, Vec::new()), &queue).unwrap();
    assert_eq!(work.appends.len(), 1, "the third waits behind the first");
    assert_eq!(told(held.settle(0, done(vec![stored()]))), [(4, true)]);
    let pause = held.wait().unwrap();
    time.advance(pause - MILLISECOND);
    assert_eq!(held.due(), []);
    time.advance(MILLISECOND);
    assert_eq!(held.due(), [PLACE]);
    held.call_back(&[PLACE], &[], &queue);
    assert_eq!(queued(&queue), [1, 3]);
    assert_eq!(held.wait(), None);
}

#[test]
fn whoever_is_called_back_in_vain_is_given_up_when_patience_is_over() {
    let (time, queue) = (ManualClock::standing(), Queue::default());
    let held = Held::new(time.clock());
    held.take(0, batch(vec![append(PLACE, 1)], Vec::new()), &queue);
    assert_eq!(told(held.settle(0, done(vec![Fate::Locked]))), []);
    time.advance(PATIENCE - MILLISECOND);
    held.call_back(&[PLACE], &[], &queue);
    let again = queue.take(100, Some(Duration::ZERO), || true).unwrap();
    held.take(0, again, &queue).unwrap();
    assert_eq!(told(held.settle(0, done(vec![Fate::Locked]))), []);
    time.advance(MILLISECOND);
    held.take(0, batch(Vec::new(), Vec::new()), &queue).unwrap();
    let settled = held.settle(0, done(Vec::new()));
    assert_eq!(told(settled), [(1, false)], "it has waited since the first");
}

#[test]
fn a_mark_whose_row_is_held_goes_with_the_next_batches_until_patience_is_over() {
    let (time, queue) = (ManualClock::standing(), Queue::default());
    let held = Held::new(time.clock());
    let mut marks = vec![marking(5)];
    for _ in 0..2 {
        let work = held.take(0, batch(Vec::new(), std::mem::take(&mut marks)), &queue);
        assert_eq!(work.unwrap().marks.len(), 1);
        let settled = held.settle(0, done(Vec::new())).unwrap();
        assert!(settled.marks.is_empty());
        assert_eq!(held.wait(), Some(MARKS_PAUSE));
        time.advance(PATIENCE / 2);
    }
    held.take(0, batch(Vec::new(), Vec::new()), &queue).unwrap();
    let settled = held.settle(0, done(Vec::new())).unwrap();
    let outcomes = settled.marks.iter().map(|(_, outcome)| outcome);
    assert!(matches!(
        outcomes.collect::<Vec<_>>()[..],
        [Outcome::Unknown]
    ));
}

#[test]
fn a_lane_that_was_given_up_takes_nothing_and_settles_nothing() {
    let (time, queue) = (ManualClock::standing(), Queue::default());
    let held = Held::new(time.clock());
    held.take(0, batch(vec![append(PLACE, 1)], Vec::new()), &queue);
    assert_eq!(told(Some(held.abandon())), [(1, false)]);
    assert!(held.settle(0, done(vec![stored()])).is_none());
    assert!(
        held.take(0, batch(vec![append(PLACE, 2)], vec![marking(5)]), &queue)
            .is_none()
    );
    assert_eq!(queued(&queue), [2], "for the lane that follows");
    assert_eq!(held.turn(), 1);
}
