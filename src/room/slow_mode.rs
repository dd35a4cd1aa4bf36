//! Slow mode: when those who must wait between two messages have last spoken. Pure.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::domain::ids::UserNo;
use crate::domain::refusal::Refusal;
use crate::domain::snapshot::Spoken;

/// When each has last spoken, while slow mode is on.
#[derive(Debug, Default)]
pub(super) struct SlowMode {
    spoken: HashMap<UserNo, Instant>,
}

impl SlowMode {
    /// What the database knows at this moment.
    pub(super) fn of(spoken: &[Spoken], now: Instant) -> Self {
        let at = |one: &Spoken| Some((one.user, now.checked_sub(one.ago)?));
        Self {
            spoken: spoken.iter().filter_map(at).collect(),
        }
    }

    /// Refuses somebody who has spoken within the interval.
    pub(super) fn may_speak(
        &self,
        user: UserNo,
        interval: Duration,
        now: Instant,
    ) -> Result<(), Refusal> {
        let spoken = self.spoken.get(&user);
        let ago = spoken.map(|at| now.saturating_duration_since(*at));
        match ago.and_then(|ago| interval.checked_sub(ago)) {
            Some(left) if !left.is_zero() => Err(Refusal::SlowMode {
                retry_after: left.as_millis().div_ceil(1_000) as u64,
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// A user sends a message now.
    pub(super) fn speak(&mut self, user: UserNo, now: Instant) {
        self.spoken.insert(user, now);
    }

    /// The message for which `speak` was called was refused or not stored, so its sender need not wait.
    pub(super) fn take_back(&mut self, user: UserNo) {
        self.spoken.remove(&user);
    }

    /// Slow mode is off.
    pub(super) fn clear(&mut self) {
        self.spoken.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: UserNo = UserNo(1);
    const BOB: UserNo = UserNo(2);
    const TEN: Duration = Duration::from_secs(10);

    #[test]
    fn whoever_has_spoken_waits_for_the_rest_of_the_interval() {
        let (mut slow, start) = (SlowMode::default(), Instant::now());
        let after = |millis| start + Duration::from_millis(millis);
        assert_eq!(slow.may_speak(ANN, TEN, start), Ok(()));
        slow.speak(ANN, start);
        for (millis, left) in [(0, 10), (1, 10), (8_500, 2), (9_001, 1), (9_999, 1)] {
            let refused = slow.may_speak(ANN, TEN, after(millis));
            assert_eq!(refused, Err(Refusal::SlowMode { retry_after: left }));
        }
        assert_eq!(slow.may_speak(ANN, TEN, after(10_000)), Ok(()));
        assert_eq!(slow.may_speak(BOB, TEN, start), Ok(()));
        slow.take_back(ANN);
        assert_eq!(slow.may_speak(ANN, TEN, start), Ok(()));
    }

    #[test]
    fn a_room_that_wakes_knows_who_has_spoken() {
        let now = Instant::now();
        let spoken = [Spoken {
            user: ANN,
            ago: Duration::from_secs(4),
        }];
        let mut slow = SlowMode::of(&spoken, now);
        let refused = slow.may_speak(ANN, TEN, now);
        assert_eq!(refused, Err(Refusal::SlowMode { retry_after: 6 }));
        slow.clear();
        assert_eq!(slow.may_speak(ANN, TEN, now), Ok(()));
    }
}
