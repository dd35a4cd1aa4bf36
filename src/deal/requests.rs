//! What a deal is asked: one thing at a time, in the order of coming; what was answered lately; and when the deal may sleep. Pure.

use serde_json::Value;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What may wait for one deal.
const WAITING: usize = 1_024;
/// Answers that are kept for those who ask again at once.
const REMEMBERED: usize = 64;

/// What waits, and what was answered.
pub(super) struct Requests<T> {
    waiting: VecDeque<T>,
    /// Something is being read or written; nothing else begins.
    is_busy: bool,
    answered: VecDeque<(String, Value)>,
    used_at: Instant,
}

/// What is lost with an actor that stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Memory {
    /// Nothing: the deal would be read again anyway.
    Nothing,
    /// The deal as it was read, or what is still to be announced.
    Something,
}

impl<T> Requests<T> {
    /// Nothing was asked yet.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            waiting: VecDeque::new(),
            is_busy: false,
            answered: VecDeque::new(),
            used_at: now,
        }
    }

    /// Takes a request in; gives it back where too many wait.
    pub(super) fn add(&mut self, request: T, now: Instant) -> Result<(), T> {
        self.used_at = now;
        if self.waiting.len() >= WAITING {
            return Err(request);
        }
        self.waiting.push_back(request);
        Ok(())
    }

    /// The next one, unless one is under way.
    pub(super) fn next(&mut self) -> Option<T> {
        match self.is_busy {
            true => None,
            false => self.waiting.pop_front(),
        }
    }

    /// Something is being read or written.
    pub(super) fn begin(&mut self) {
        self.is_busy = true;
    }

    /// It was read or written.
    pub(super) fn end(&mut self) {
        self.is_busy = false;
    }

    /// What a request was answered lately.
    pub(super) fn remembered(&self, request_id: &str) -> Option<Value> {
        let found = self.answered.iter().find(|(known, _)| known == request_id);
        found.map(|(_, answer)| answer.clone())
    }

    /// Keeps an answer in the place of the oldest.
    pub(super) fn remember(&mut self, request_id: String, answer: Value) {
        if self.answered.len() == REMEMBERED {
            self.answered.pop_front();
        }
        self.answered.push_back((request_id, answer));
    }

    /// Whether the deal may sleep now, where it stays awake for so long after it was asked last.
    pub(super) fn may_sleep(&self, memory: Memory, idle: Duration, now: Instant) -> bool {
        let is_over = now.duration_since(self.used_at) >= idle;
        !self.is_busy && self.waiting.is_empty() && (memory == Memory::Nothing || is_over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clock::ManualClock;

    const IDLE: Duration = Duration::from_secs(60);

    #[test]
    fn one_thing_is_done_at_a_time_in_the_order_of_coming() {
        let now = ManualClock::standing().clock().now();
        let mut requests = Requests::new(now);
        for request in ["first", "second", "third"] {
            assert_eq!(requests.add(request, now), Ok(()));
        }
        assert_eq!(requests.next(), Some("first"));
        requests.begin();
        assert_eq!(requests.next(), None);
        requests.end();
        assert_eq!(requests.next(), Some("second"));
        assert_eq!(requests.next(), Some("third"), "a refusal takes no time");
        assert_eq!(requests.next(), None);
    }

    #[test]
    fn one_too_many_is_given_back_and_the_others_stay() {
        let now = ManualClock::standing().clock().now();
        let mut requests = Requests::new(now);
        for request in 0..WAITING {
            assert_eq!(requests.add(request, now), Ok(()));
        }
        assert_eq!(requests.add(WAITING, now), Err(WAITING));
        assert_eq!(requests.next(), Some(0));
        assert_eq!(requests.add(WAITING, now), Ok(()));
        assert_eq!(requests.waiting.back(), Some(&WAITING));
    }

    #[test]
    fn the_latest_answers_are_given_again() {
        let mut requests = Requests::<()>::new(ManualClock::standing().clock().now());
        for answer in 0..=REMEMBERED {
            requests.remember(format!("request-{answer}"), answer.into());
        }
        assert_eq!(requests.remembered("request-0"), None);
        assert_eq!(requests.remembered("request-1"), Some(1.into()));
        let latest = format!("request-{REMEMBERED}");
        assert_eq!(requests.remembered(&latest), Some(REMEMBERED.into()));
    }

    #[test]
    fn a_deal_sleeps_when_nothing_was_asked_for_a_while_and_nothing_is_under_way() {
        let time = ManualClock::standing();
        let clock = time.clock();
        let mut requests = Requests::new(clock.now());
        time.advance(IDLE - Duration::from_nanos(1));
        let may_sleep =
            |requests: &Requests<_>, memory| requests.may_sleep(memory, IDLE, clock.now());
        assert!(!may_sleep(&requests, Memory::Something));
        assert!(may_sleep(&requests, Memory::Nothing), "it knows nothing");
        requests.add("press", clock.now()).unwrap();
        time.advance(IDLE);
        assert!(!may_sleep(&requests, Memory::Nothing), "something waits");
        requests.next();
        requests.begin();
        assert!(!may_sleep(&requests, Memory::Something), "it is written");
        requests.end();
        assert!(may_sleep(&requests, Memory::Something));
        requests.add("press", clock.now()).unwrap();
        requests.next();
        assert!(!may_sleep(&requests, Memory::Something), "just asked");
    }
}
