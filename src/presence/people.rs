//! The users whose sessions are at one server, with a digest by which two servers compare what they know. Pure.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::domain::conversation::PresenceStatus;
use crate::domain::ids::UserNo;
use crate::wire::section::PersonAt;

/// The users of one page of `AllPeople`.
pub(super) const PAGE: usize = 5_000;

/// A status, and when it was chosen. The greater one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Chosen {
    /// In microseconds since 1970, by the database's clock; 0 for `Online` that nobody has chosen.
    pub(super) at: i64,
    status: u8,
}

impl Chosen {
    /// What is shown of a user who has chosen nothing.
    pub(super) const ONLINE: Self = Self { at: 0, status: 0 };

    /// A choice; `None` for `Offline`, which is the absence of a user.
    pub(super) fn new(status: PresenceStatus, at: i64) -> Option<Self> {
        let status = match status {
            PresenceStatus::Online => 0,
            PresenceStatus::Away => 1,
            PresenceStatus::Busy => 2,
            PresenceStatus::Offline => return None,
        };
        Some(Self { at, status })
    }

    pub(super) fn status(self) -> PresenceStatus {
        match self.status {
            0 => PresenceStatus::Online,
            1 => PresenceStatus::Away,
            _ => PresenceStatus::Busy,
        }
    }

    /// The exclusive or of all users' hashes is a digest's hash. The function belongs to the version of the wire.
    fn hash(self, user: UserNo) -> u64 {
        let [user, at] = [user.0, self.at].map(i64::cast_unsigned);
        mix(mix(mix(user) ^ at) ^ u64::from(self.status))
    }
}

/// SplitMix64's step.
fn mix(value: u64) -> u64 {
    let z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// One user's row: 24 bytes with the key, at most about 60 in a map that has just grown.
#[derive(Clone, Copy, Debug)]
struct Row {
    at: i64,
    status: u8,
    /// The round of `mark_all` in which it was set last.
    round: u8,
}

/// The users at one server.
#[derive(Debug, Default)]
pub(super) struct People {
    rows: HashMap<UserNo, Row>,
    hash: u64,
    round: u8,
}

/// Whether something is another than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Changed,
    Same,
}

impl People {
    pub(super) fn get(&self, user: UserNo) -> Option<Chosen> {
        let row = self.rows.get(&user)?;
        Some(Chosen {
            at: row.at,
            status: row.status,
        })
    }

    /// Sets what a user shows; with `None` they are not at this server.
    pub(super) fn set(&mut self, user: UserNo, chosen: Option<Chosen>) -> Outcome {
        let before = self.get(user);
        match (chosen, self.rows.entry(user)) {
            (Some(Chosen { at, status }), entry) => {
                let round = self.round;
                entry.insert_entry(Row { at, status, round });
            }
            (None, Entry::Occupied(entry)) => drop(entry.remove()),
            (None, Entry::Vacant(_)) => {}
        }
        if before == chosen {
            return Outcome::Same;
        }
        let hash = |chosen: Option<Chosen>| chosen.map_or(0, |chosen| chosen.hash(user));
        self.hash ^= hash(before) ^ hash(chosen);
        Outcome::Changed
    }

    /// The number of users, and the exclusive or of their hashes. Equal users have equal digests at every server.
    pub(super) fn digest(&self) -> (u32, u64) {
        let count = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        (count, self.hash)
    }

    /// All users, in pages of at most so many; one empty page if there is nobody.
    pub(super) fn pages(&self, most: usize) -> Vec<Vec<PersonAt>> {
        let people: Vec<PersonAt> = self.rows.keys().map(|user| self.person(*user)).collect();
        match people.is_empty() {
            true => vec![people],
            false => people.chunks(most).map(<[PersonAt]>::to_vec).collect(),
        }
    }

    /// A user as others see them.
    pub(super) fn person(&self, user: UserNo) -> PersonAt {
        let chosen = self.get(user);
        PersonAt {
            user,
            status: chosen.map_or(PresenceStatus::Offline, Chosen::status),
            chosen_at: chosen.map_or(0, |chosen| chosen.at),
        }
    }

    /// Begins a round: `unset` finds the users that are not set until then.
    pub(super) fn begin_round(&mut self) {
        self.round = self.round.wrapping_add(1);
    }

    /// The users who were not set in this round.
    pub(super) fn unset(&self) -> Vec<UserNo> {
        let rows = self.rows.iter();
        let old = rows.filter(|(_, row)| row.round != self.round);
        old.map(|(user, _)| *user).collect()
    }

    /// Some of the users, at most so many.
    pub(super) fn some(&self, most: usize) -> Vec<UserNo> {
        self.rows.keys().take(most).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: UserNo = UserNo(1);

    fn busy(at: i64) -> Option<Chosen> {
        Chosen::new(PresenceStatus::Busy, at)
    }

    #[test]
    fn a_digest_depends_on_who_is_there_and_not_on_the_way() {
        let (mut one, mut other) = (People::default(), People::default());
        one.set(ALICE, busy(7));
        one.set(UserNo(2), Some(Chosen::ONLINE));
        other.set(UserNo(3), busy(1));
        other.set(UserNo(2), busy(2));
        other.set(ALICE, busy(7));
        assert_ne!(one.digest(), other.digest());
        other.set(UserNo(3), None);
        assert_ne!(one.digest(), other.digest());
        other.set(UserNo(2), Some(Chosen::ONLINE));
        assert_eq!(one.digest(), other.digest());
        for user in [ALICE, UserNo(2)] {
            other.set(user, None);
        }
        assert_eq!(other.digest(), (0, 0));
    }

    /// Two releases must agree on the hash.
    #[test]
    fn a_hash_stays_what_it_is() {
        let mut people = People::default();
        people.set(ALICE, busy(1_700_000_000_000_000));
        assert_eq!(people.digest(), (1, 10_244_211_426_342_362_730));
    }

    #[test]
    fn pages_hold_everybody_once() {
        let mut people = People::default();
        assert_eq!(people.pages(2), [Vec::new()]);
        for user in 0..5 {
            people.set(UserNo(user), busy(user));
        }
        let pages = people.pages(2);
        let sizes: Vec<usize> = pages.iter().map(Vec::len).collect();
        assert_eq!(sizes, [2, 2, 1]);
        let mut users: Vec<i64> = pages.concat().iter().map(|one| one.user.0).collect();
        users.sort_unstable();
        assert_eq!(users, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn who_is_not_set_in_a_round_is_found() {
        let mut people = People::default();
        people.set(ALICE, busy(1));
        people.set(UserNo(2), busy(1));
        people.begin_round();
        assert_eq!(people.set(ALICE, busy(1)), Outcome::Same);
        assert_eq!(people.unset(), [UserNo(2)]);
    }

    #[test]
    fn a_row_is_small() {
        assert!(size_of::<(UserNo, Row)>() <= 24);
    }
}
