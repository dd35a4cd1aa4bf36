//! Parked requests of the lane: tried again, kept in order, and given up after patience. The test moves the clock and commits nothing.

use super::*;
use crate::domain::ids::Seq;
use crate::domain::message::Content;
use crate::domain::principal::Roles;
use crate::journal::{Outcomes, Permit, RequestNo};
use actix::prelude::*;
use clock::ManualClock;
use std::sync::Arc;

const ONE: ConversationNo = ConversationNo(7);
const OTHER: ConversationNo = ConversationNo(8);
const BOB: UserNo = UserNo(2);
const MILLISECOND: Duration = Duration::from_millis(1);

/// A room that ignores its outcomes.
struct Nobody;

impl Actor for Nobody {
    type Context = Context<Self>;
}

impl Handler<Outcomes> for Nobody {
    type Result = ();

    fn handle(&mut self, _: Outcomes, _: &mut Self::Context) {}
}

fn nobody() -> Arc<Recipient<Outcomes>> {
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
        parked_since: None,
        room: nobody(),
        permit: Permit(Arc::default()),
    }
}

fn mark(seq: Seq) -> MarkRequest {
    MarkRequest {
        mark: NewMark {
            conversation: ONE,
            user: BOB,
            delivered: seq,
            read: 0,
            threads: 0,
        },
        request_no: 1,
        parked_since: None,
        room: nobody(),
    }
}

fn batch(appends: Vec<Append>, marks: Vec<MarkRequest>) -> Batch {
    Batch { appends, marks }
}

fn result(results: Vec<AppendResult>) -> BatchResult {
    BatchResult {
        results,
        moved: Some(HashSet::new()),
    }
}

fn stored() -> AppendResult {
    AppendResult::Done(Outcome::Stored {
        seq: 1,
        at: chrono::DateTime::UNIX_EPOCH,
    })
}

/// The requests that a commit answers, and whether their outcome is known.
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
fn a_locked_append_is_tried_again_and_the_next_ones_wait_behind_it() {
    let (time, queue) = (ManualClock::standing(), Queue::default());
    let in_flight = InFlight::new(time.clock());
    let both = vec![append(ONE, 1), append(OTHER, 2)];
    assert_eq!(in_flight.wait(), None, "for as long as nothing comes");
    in_flight.take(0, batch(both, Vec::new()), &queue).unwrap();
    let finished = in_flight.finish(0, result(vec![AppendResult::Locked, stored()]));
    assert_eq!(told(finished), [(2, true)]);
    let behind = vec![append(ONE, 3), append(OTHER, 4)];
    let work = in_flight
        .take(0, batch(behind, Vec::new()), &queue)
        .unwrap();
    assert_eq!(work.appends.len(), 1, "the third waits behind the first");
    assert_eq!(
        told(in_flight.finish(0, result(vec![stored()]))),
        [(4, true)]
    );
    let pause = in_flight.wait().unwrap();
    time.advance(pause - MILLISECOND);
    assert_eq!(in_flight.due(), []);
    time.advance(MILLISECOND);
    assert_eq!(in_flight.due(), [ONE]);
    in_flight.requeue_parked(&[ONE], &[], &queue);
    assert_eq!(queued(&queue), [1, 3]);
    assert_eq!(in_flight.wait(), None);
}

#[test]
fn an_append_that_stays_locked_is_given_up_after_patience() {
    let (time, queue) = (ManualClock::standing(), Queue::default());
    let in_flight = InFlight::new(time.clock());
    in_flight.take(0, batch(vec![append(ONE, 1)], Vec::new()), &queue);
    assert_eq!(
        told(in_flight.finish(0, result(vec![AppendResult::Locked]))),
        []
    );
    time.advance(PATIENCE - MILLISECOND);
    in_flight.requeue_parked(&[ONE], &[], &queue);
    let again = queue.take(100, Some(Duration::ZERO), || true).unwrap();
    in_flight.take(0, again, &queue).unwrap();
    assert_eq!(
        told(in_flight.finish(0, result(vec![AppendResult::Locked]))),
        []
    );
    time.advance(MILLISECOND);
    in_flight
        .take(0, batch(Vec::new(), Vec::new()), &queue)
        .unwrap();
    let finished = in_flight.finish(0, result(Vec::new()));
    assert_eq!(
        told(finished),
        [(1, false)],
        "it has waited since the first"
    );
}

#[test]
fn a_mark_whose_row_is_locked_goes_with_the_next_batches_until_patience_is_over() {
    let (time, queue) = (ManualClock::standing(), Queue::default());
    let in_flight = InFlight::new(time.clock());
    let mut marks = vec![mark(5)];
    for _ in 0..2 {
        let work = in_flight.take(0, batch(Vec::new(), std::mem::take(&mut marks)), &queue);
        assert_eq!(work.unwrap().marks.len(), 1);
        let finished = in_flight.finish(0, result(Vec::new())).unwrap();
        assert!(finished.marks.is_empty());
        assert_eq!(in_flight.wait(), Some(MARKS_PAUSE));
        time.advance(PATIENCE / 2);
    }
    in_flight
        .take(0, batch(Vec::new(), Vec::new()), &queue)
        .unwrap();
    let finished = in_flight.finish(0, result(Vec::new())).unwrap();
    let outcomes = finished.marks.iter().map(|(_, outcome)| outcome);
    assert!(matches!(
        outcomes.collect::<Vec<_>>()[..],
        [Outcome::Unknown]
    ));
}

#[test]
fn an_abandoned_lane_takes_and_finishes_nothing() {
    let (time, queue) = (ManualClock::standing(), Queue::default());
    let in_flight = InFlight::new(time.clock());
    in_flight.take(0, batch(vec![append(ONE, 1)], Vec::new()), &queue);
    assert_eq!(told(Some(in_flight.abandon())), [(1, false)]);
    assert!(in_flight.finish(0, result(vec![stored()])).is_none());
    assert!(
        in_flight
            .take(0, batch(vec![append(ONE, 2)], vec![mark(5)]), &queue)
            .is_none()
    );
    assert_eq!(queued(&queue), [2], "for the lane that follows");
    assert_eq!(in_flight.lane_no(), 1);
}
