//! The e-mail addresses that people of a thread see of each other, as quotexbert's own answers show them.

use diesel::pg::PgConnection;
use std::collections::BTreeMap;

use crate::domain::conversation::Participant;
use crate::domain::ids::UserNo;
use crate::error::Error;
use crate::store::users;

/// Addresses by user: of all but those who have blocked the reader, or whom the reader has blocked.
#[derive(Debug, Default)]
pub(super) struct Addresses(BTreeMap<UserNo, String>);

impl Addresses {
    /// The addresses of these people that are stored.
    pub(super) fn read<'a>(
        connection: &mut PgConnection,
        reader: UserNo,
        people: impl Iterator<Item = &'a Participant>,
    ) -> Result<Self, Error> {
        let mut numbers: Vec<i64> = people.map(|person| person.no.0).collect();
        numbers.sort_unstable();
        numbers.dedup();
        users::addresses(connection, reader, &numbers).map(Self)
    }

    /// Somebody's address.
    pub(super) fn of(&self, user: UserNo) -> Option<&str> {
        self.0.get(&user).map(String::as_str)
    }
}
