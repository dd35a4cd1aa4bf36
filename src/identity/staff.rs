//! What has changed among the staff of businesses: rooms of this server learn of it here, whichever server changed it.

use clock::Clock;
use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::domain::business::{StaffChange, StaffMember};
use crate::domain::ids::{BusinessNo, UserNo};
use crate::error::Error;
use crate::store::businesses;
use crate::store::pool::Pool;

/// The most changes that are kept. A room that has missed one ends.
const KEPT: usize = 10_000;
/// How far back changes of other servers are read again, to find one that was committed late.
const OVERLAP: Duration = Duration::from_secs(15);

/// The newest changes, numbered from 1.
pub struct StaffNews {
    number: AtomicU64,
    kept: Mutex<NewestChanges>,
    clock: Clock,
    /// When the changes of other servers were last read.
    read: Mutex<Instant>,
}

#[derive(Default)]
struct NewestChanges {
    /// The last change of each, so that one that is read again is not told again.
    known: HashMap<(BusinessNo, UserNo), StaffMember>,
    changes: VecDeque<(u64, StaffChange)>,
}

impl StaffNews {
    /// Nothing has changed yet.
    pub fn new(clock: Clock) -> Self {
        Self {
            number: AtomicU64::new(0),
            kept: Mutex::default(),
            read: Mutex::new(clock.now()),
            clock,
        }
    }

    /// The number of the newest change.
    pub fn number(&self) -> u64 {
        self.number.load(Ordering::Acquire)
    }

    /// Tells a change, unless it is known.
    pub fn note(&self, change: StaffChange) {
        let mut kept = self.kept.lock();
        let key = (change.business, change.member.user);
        let known = kept.known.get(&key);
        if known.is_some_and(|known| known.changed_at >= change.member.changed_at) {
            return;
        }
        kept.known.insert(key, change.member.clone());
        let number = self.number() + 1;
        kept.changes.push_back((number, change));
        if kept.changes.len() > KEPT {
            kept.changes.pop_front();
        }
        self.number.store(number, Ordering::Release);
    }

    /// The changes of a business after the one with this number, or all that are kept; `None` if some are kept no more.
    pub fn since(
        &self,
        number: Option<u64>,
        business: BusinessNo,
    ) -> Option<(u64, Vec<StaffMember>)> {
        let kept = self.kept.lock();
        let oldest = kept.changes.front().map_or(1, |(number, _)| *number);
        if number.is_some_and(|number| number + 1 < oldest) {
            return None;
        }
        let after = number.unwrap_or(0);
        let changes = kept.changes.iter();
        let new = changes.filter(|(number, it)| *number > after && it.business == business);
        let members = new.map(|(_, change)| change.member.clone()).collect();
        Some((self.number(), members))
    }

    /// Takes in the changes by other servers on this database.
    pub async fn hear_of_changes(&self, pool: &Pool) -> Result<(), Error> {
        let begun = self.clock.now();
        let since = begun.duration_since(*self.read.lock()) + OVERLAP;
        let seconds = since.as_secs_f64();
        let recent = move |connection: &mut _| businesses::recent_changes(connection, seconds);
        for change in pool.run(recent).await? {
            self.note(change);
        }
        *self.read.lock() = begun;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::business::StaffRole;
    use chrono::DateTime;
    use clock::ManualClock;

    const SHOP: BusinessNo = BusinessNo(1);
    const OTHER: BusinessNo = BusinessNo(2);

    fn change(business: BusinessNo, user: i64, second: i64) -> StaffChange {
        StaffChange {
            business,
            member: StaffMember {
                user: UserNo(user),
                role: Some(StaffRole::Agent),
                display_name: None,
                changed_at: DateTime::from_timestamp(second, 0).unwrap(),
            },
        }
    }

    fn users(found: Option<(u64, Vec<StaffMember>)>) -> Vec<i64> {
        let (_, members) = found.expect("kept");
        members.iter().map(|member| member.user.0).collect()
    }

    #[test]
    fn each_change_is_told_once_to_the_rooms_of_its_business() {
        let news = StaffNews::new(ManualClock::standing().clock());
        assert_eq!(users(news.since(None, SHOP)), [0; 0]);
        for (business, user, second) in [(SHOP, 1, 5), (OTHER, 2, 5), (SHOP, 1, 5), (SHOP, 1, 4)] {
            news.note(change(business, user, second));
        }
        assert_eq!(news.number(), 2);
        assert_eq!(users(news.since(None, SHOP)), [1]);
        news.note(change(SHOP, 3, 1));
        news.note(change(SHOP, 1, 6));
        assert_eq!(users(news.since(Some(2), SHOP)), [3, 1]);
        assert_eq!(users(news.since(Some(4), SHOP)), [0; 0]);
    }

    #[test]
    fn a_room_that_has_missed_changes_learns_that_it_has() {
        let news = StaffNews::new(ManualClock::standing().clock());
        for user in 0..KEPT as i64 + 5 {
            news.note(change(SHOP, user, 1));
        }
        assert!(news.since(Some(3), SHOP).is_none());
        assert!(news.since(Some(5), SHOP).is_some());
        assert_eq!(users(news.since(None, SHOP)).len(), KEPT);
    }
}
