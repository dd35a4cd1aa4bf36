//! What a queue does with what is pushed into it.

use super::*;
use clock::{Clock, ManualClock};
use uuid::Uuid;

const SECOND: Duration = Duration::from_secs(1);
const OVERDUE: CloseReason = CloseReason::Application {
    code: 4408,
    text: "not in time",
};

fn queue(bound: usize) -> Arc<ConnectionQueue> {
    ConnectionQueue::new(SessionId(Uuid::nil()), bound, Clock::default())
}

fn queue_by(time: &ManualClock) -> Arc<ConnectionQueue> {
    ConnectionQueue::new(SessionId(Uuid::nil()), 1_000, time.clock())
}

fn pings(queue: &ConnectionQueue) -> usize {
    let frames = queue.take().map(|drained| drained.frames);
    let is_ping = |frame: &&Frame| matches!(frame, Frame::Ping);
    frames.iter().flatten().filter(is_ping).count()
}

#[test]
fn frames_leave_in_the_order_they_came() {
    let queue = queue(1_000);
    for text in ["a", "b", "c"] {
        assert_eq!(queue.text(text.into()), Push::Queued);
    }
    let drained = queue.take().unwrap();
    let texts: Vec<_> = drained.frames.iter().map(|f| format!("{f:?}")).collect();
    assert_eq!(texts, [r#"Text("a")"#, r#"Text("b")"#, r#"Text("c")"#]);
    assert_eq!(queue.waiting_bytes(), 0);
    assert!(queue.take().is_none());
}

#[test]
fn beyond_the_bound_everything_is_dropped_and_the_reader_is_slow() {
    let queue = queue(3 * (FRAME_OVERHEAD + 10));
    let ten: ByteString = "0123456789".into();
    for _ in 0..3 {
        assert_eq!(queue.text(ten.clone()), Push::Queued);
    }
    assert_eq!(queue.text(ten.clone()), Push::Overflowed);
    assert_eq!(queue.text(ten), Push::Dropped);
    assert_eq!(queue.waiting_bytes(), 0);
    let drained = queue.take().unwrap();
    assert!(drained.frames.is_empty());
    assert_eq!(drained.close, Some(CloseReason::SlowReader));
}

/// Counts how often a session was woken.
#[derive(Default)]
struct Wakes(AtomicU64);

impl std::task::Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn several_texts_that_are_too_much_wake_the_session_that_is_to_close() {
    let queue = queue(3 * (FRAME_OVERHEAD + 10));
    let wakes = Arc::new(Wakes::default());
    let waker = std::task::Waker::from(Arc::clone(&wakes));
    let mut context = Context::from_waker(&waker);
    assert!(queue.poll_drained(&mut context).is_pending());
    queue.text("a".into());
    assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
    queue.waker.register(&waker);
    let ten: ByteString = "0123456789".into();
    let told = queue.texts([ten.clone(), ten.clone(), ten]);
    assert_eq!(told, Push::Overflowed);
    assert_eq!(wakes.0.load(Ordering::Relaxed), 2);
}

#[test]
fn a_close_comes_after_what_was_queued_and_only_once() {
    let queue = queue(1_000_000);
    let big: ByteString = "x".repeat(DRAIN_BYTES).into();
    queue.texts([big.clone(), big]);
    queue.close(CloseReason::Restarting);
    queue.close(CloseReason::TooFast);
    assert_eq!(queue.take().unwrap().close, None);
    assert_eq!(queue.take().unwrap().close, Some(CloseReason::Restarting));
    assert!(queue.take().is_none());
}

#[test]
fn a_deadline_closes_at_its_time_and_not_before() {
    let time = ManualClock::standing();
    let queue = queue_by(&time);
    time.advance(7 * SECOND);
    queue.set_deadline(3 * SECOND, OVERDUE);
    time.advance(3 * SECOND - Duration::from_millis(1));
    queue.close_when_overdue();
    assert_eq!(queue.closing(), None);
    time.advance(Duration::from_millis(1));
    queue.close_when_overdue();
    assert_eq!(queue.closing(), Some(OVERDUE));
}

#[test]
fn a_deadline_is_moved_by_a_later_one_and_lifted_for_its_own_reason() {
    let time = ManualClock::standing();
    let queue = queue_by(&time);
    queue.set_deadline(SECOND, OVERDUE);
    queue.set_deadline(3 * SECOND, OVERDUE);
    time.advance(2 * SECOND);
    queue.close_when_overdue();
    assert_eq!(queue.closing(), None, "it was moved");
    queue.lift_deadline(CloseReason::Silent);
    time.advance(SECOND);
    let lifted = queue_by(&time);
    lifted.set_deadline(SECOND, OVERDUE);
    lifted.lift_deadline(OVERDUE);
    time.advance(2 * SECOND);
    for queue in [&queue, &lifted] {
        queue.close_when_overdue();
    }
    assert_eq!(queue.closing(), Some(OVERDUE), "another reason was lifted");
    assert_eq!(lifted.closing(), None);
}

#[test]
fn silence_counts_from_the_last_sign_of_life() {
    let time = ManualClock::standing();
    let queue = queue_by(&time);
    time.advance(5 * SECOND);
    assert_eq!(queue.silence(), 5 * SECOND, "from the beginning");
    queue.note_heard();
    assert_eq!(queue.silence(), Duration::ZERO);
    time.advance(2 * SECOND);
    assert_eq!(queue.silence(), 2 * SECOND);
}

#[test]
fn a_quiet_peer_is_pinged_once_in_an_interval() {
    let time = ManualClock::standing();
    let queue = queue_by(&time);
    let mut pinged = Vec::new();
    for second in 1..=10 {
        time.advance(SECOND);
        if second == 4 {
            queue.note_heard();
        }
        queue.ping_when_quiet(3 * SECOND);
        if pings(&queue) == 1 {
            pinged.push(second);
        }
    }
    assert_eq!(pinged, [3, 7, 10], "a sign of life puts it off");
}
