//! When users were last here: gathered as their connections end, and written once a second.

use chrono::{DateTime, Utc};
use parking_lot::Mutex;
use std::collections::HashMap;

use crate::domain::ids::UserNo;
use crate::store::pool::Pool;
use crate::store::users;

/// Who has left since the last write, and when.
#[derive(Default)]
pub struct LastSeen(Mutex<HashMap<UserNo, DateTime<Utc>>>);

impl LastSeen {
    /// A connection of a user has ended.
    pub fn note(&self, user: UserNo, at: DateTime<Utc>) {
        self.0.lock().insert(user, at);
    }

    /// Writes what has gathered; after a failure it goes with the next.
    pub async fn write(&self, pool: &Pool) {
        let gathered = std::mem::take(&mut *self.0.lock());
        if gathered.is_empty() {
            return;
        }
        let rows: Vec<(UserNo, DateTime<Utc>)> = gathered.into_iter().collect();
        let written = rows.clone();
        let outcome = pool.run(move |connection| users::note_seen(connection, &written));
        if let Err(error) = outcome.await {
            log::debug!(event = "last_seen_not_written"; "{error}");
            let mut waiting = self.0.lock();
            for (user, at) in rows {
                waiting.entry(user).or_insert(at);
            }
        }
    }
}
