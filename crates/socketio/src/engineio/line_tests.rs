//! The heartbeat of a session and the end of one that nobody fetches, without waiting for either.

use super::*;
use clock::ManualClock;

const SECOND: Duration = Duration::from_secs(1);
/// As the options below have them.
const INTERVAL: Duration = Duration::from_secs(25);
const TIMEOUT: Duration = Duration::from_secs(20);

fn options(time: &ManualClock) -> Options {
    Options {
        ping_interval: INTERVAL,
        ping_timeout: TIMEOUT,
        clock: time.clock(),
        ..Options::default()
    }
}

fn line(options: &Options) -> Arc<Line> {
    Line::new(Carrier::Polling, options)
}

/// Takes out what waits; whether it is a ping.
fn is_pinged(line: &Line) -> bool {
    let mut context = Context::from_waker(std::task::Waker::noop());
    match line.poll_batch(&mut context) {
        Poll::Ready(batch) => matches!(batch.frames.as_slice(), [Frame::Ping]),
        Poll::Pending => false,
    }
}

#[test]
fn a_session_is_pinged_at_each_interval_and_a_pong_keeps_it() {
    let time = ManualClock::standing();
    let options = options(&time);
    let line = line(&options);
    for _ in 0..3 {
        time.advance(INTERVAL - SECOND);
        assert_eq!(line.look(&options), None);
        assert!(!is_pinged(&line));
        time.advance(SECOND);
        assert_eq!(line.look(&options), None);
        assert!(is_pinged(&line));
        assert_eq!(line.receive(Packet::Pong), Ok(()));
    }
}

#[test]
fn a_session_without_a_pong_is_silent_when_the_timeout_is_over() {
    let time = ManualClock::standing();
    let options = options(&time);
    let line = line(&options);
    time.advance(INTERVAL);
    assert_eq!(line.look(&options), None);
    time.advance(TIMEOUT - SECOND);
    assert_eq!(line.look(&options), None);
    time.advance(SECOND);
    let silent = Ending::Closed(CloseReason::Silent);
    assert_eq!(line.look(&options), Some(silent));
}

#[test]
fn a_client_has_half_of_its_time_where_the_server_pinged_late() {
    let time = ManualClock::standing();
    let options = options(&time);
    let line = line(&options);
    time.advance(INTERVAL + TIMEOUT);
    assert_eq!(line.look(&options), None, "it was not asked yet");
    assert!(is_pinged(&line));
    time.advance(TIMEOUT / 2 - SECOND);
    assert_eq!(line.look(&options), None);
    time.advance(SECOND);
    let silent = Ending::Closed(CloseReason::Silent);
    assert_eq!(line.look(&options), Some(silent));
}

#[test]
fn a_close_that_nobody_fetches_is_carried_out_after_a_while() {
    let time = ManualClock::standing();
    let options = options(&time);
    let line = line(&options);
    line.queue().close(CloseReason::SlowReader);
    assert_eq!(line.look(&options), None, "its next poll may fetch it");
    time.advance(Duration::from_millis(LINGER_MILLISECONDS - 1));
    assert_eq!(line.look(&options), None);
    time.advance(Duration::from_millis(1));
    let slow = Ending::Closed(CloseReason::SlowReader);
    assert_eq!(line.look(&options), Some(slow));
}
