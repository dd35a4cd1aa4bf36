//! What a queue does with what is pushed into it.

use super::*;
use uuid::Uuid;

fn queue(bound: usize) -> Arc<ConnectionQueue> {
    ConnectionQueue::new(SessionId(Uuid::nil()), bound)
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
