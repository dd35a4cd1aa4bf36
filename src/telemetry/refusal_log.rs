//! Logs why requests are refused: at most one line a second for each reason, so that a stranger cannot flood the log.

use clock::Clock;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The minimum time between two lines about one reason.
const PAUSE: Duration = Duration::from_secs(1);
/// The number of characters of a detail that are logged; the caller may have made it up.
const DETAIL_CHARACTERS: usize = 200;

/// What was refused (`token_refused`, `origin_refused`, ...), and why. Both are fixed texts, so that a caller cannot add reasons.
type Reason = (&'static str, &'static str);

/// Writes the lines about refusals and counts those that are left out.
#[derive(Debug)]
pub struct RefusalLog {
    clock: Clock,
    reasons: Mutex<HashMap<Reason, Line>>,
}

#[derive(Debug)]
struct Line {
    written: Instant,
    left_out: u64,
}

impl RefusalLog {
    /// Nothing was refused yet.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            reasons: Mutex::default(),
        }
    }

    /// Logs a refusal with a detail (an origin or an address, never a token), unless a line about the same reason was written
    /// within a second. The next line has the number of those left out.
    pub fn note(&self, event: &'static str, reason: &'static str, detail: &str) {
        if let Some(left_out) = self.admit((event, reason), self.clock.now()) {
            let detail: String = detail.chars().take(DETAIL_CHARACTERS).collect();
            log::info!(event = event, reason = reason, detail = detail.as_str(), left_out = left_out; "");
        }
    }

    /// Writes a line for each reason whose left-out refusals are not logged yet. Called every second.
    pub fn tell_left_out(&self) {
        for ((event, reason), left_out) in self.take_left_out(self.clock.now()) {
            log::info!(event = event, reason = reason, left_out = left_out; "");
        }
    }

    /// Returns the number of lines left out before, if a line may be written now.
    fn admit(&self, reason: Reason, now: Instant) -> Option<u64> {
        let mut reasons = self.reasons.lock();
        let Some(line) = reasons.get_mut(&reason) else {
            let line = Line {
                written: now,
                left_out: 0,
            };
            reasons.insert(reason, line);
            return Some(0);
        };
        if now.duration_since(line.written) < PAUSE {
            line.left_out += 1;
            return None;
        }
        line.written = now;
        Some(std::mem::take(&mut line.left_out))
    }

    fn take_left_out(&self, now: Instant) -> Vec<(Reason, u64)> {
        let mut reasons = self.reasons.lock();
        let due = reasons
            .iter_mut()
            .filter(|(_, line)| line.left_out > 0 && now.duration_since(line.written) >= PAUSE);
        let take = |(reason, line): (&Reason, &mut Line)| {
            line.written = now;
            (*reason, std::mem::take(&mut line.left_out))
        };
        due.map(take).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: Reason = ("token_refused", "expired");
    const ORIGIN: Reason = ("origin_refused", "not listed");

    #[test]
    fn a_reason_has_a_line_a_second_and_those_left_out_are_counted() {
        let (log, now) = (RefusalLog::new(Clock::default()), Instant::now());
        assert_eq!(log.admit(TOKEN, now), Some(0));
        for _ in 0..1_000 {
            assert_eq!(log.admit(TOKEN, now + PAUSE / 2), None);
        }
        assert_eq!(
            log.admit(ORIGIN, now),
            Some(0),
            "another reason has its own"
        );
        assert_eq!(log.admit(TOKEN, now + PAUSE), Some(1_000));
        assert_eq!(log.admit(TOKEN, now + 3 * PAUSE), Some(0));
    }

    #[test]
    fn what_was_left_out_is_told_once_without_another_refusal() {
        let (log, now) = (RefusalLog::new(Clock::default()), Instant::now());
        for _ in 0..3 {
            log.admit(TOKEN, now);
        }
        assert_eq!(log.take_left_out(now), [], "a line has just been written");
        assert_eq!(log.take_left_out(now + PAUSE), [(TOKEN, 2)]);
        assert_eq!(log.take_left_out(now + 3 * PAUSE), []);
        assert_eq!(log.admit(TOKEN, now + 3 * PAUSE), Some(0));
    }
}
