//! Informs people's sessions of their notifications, at this server and at the others.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::ids::{NoticeNo, UserNo};
use crate::domain::notice::{Notice, NoticeNews};
use crate::presence::Directory;
use crate::store::notices;
use crate::store::pool::Pool;
use crate::wire::outgoing::Outgoing;
use crate::wire::section::Section;

/// The topic of hints that notifications changed. Their numbers are pairs: whose it is, and its own; 0 if only the count changed.
pub const NOTIFICATIONS: &str = "notifications";

/// The most pairs of a hint.
const PAIRS: usize = 5_000;

/// Informs people of their notifications. Cheap to clone.
#[derive(Clone)]
pub struct Notifier {
    pool: Pool,
    directory: Arc<Directory>,
    outgoing: Outgoing,
    /// Whose notifications are being counted now.
    counting: Arc<Mutex<HashMap<UserNo, Count>>>,
}

/// A count that is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Count {
    /// Nothing has changed since it began.
    Fresh,
    /// Something has: count again.
    Stale,
}

impl Notifier {
    /// Informs the sessions that this directory knows, and the servers that this wire leads to.
    pub fn new(pool: Pool, directory: Arc<Directory>, outgoing: Outgoing) -> Self {
        Self {
            pool,
            directory,
            outgoing,
            counting: Arc::default(),
        }
    }

    /// Informs their receivers of notifications as they stand. Call it after the commit.
    pub fn tell(&self, changed: Vec<Notice>) {
        let pairs: Vec<i64> = changed
            .iter()
            .flat_map(|notice| [notice.user.0, notice.no.0])
            .collect();
        self.say(&pairs);
        self.tell_here(changed);
    }

    /// Informs a user that their notifications have changed, without saying which.
    pub fn tell_count(&self, user: UserNo) {
        self.say(&[user.0, 0]);
        self.count(user);
    }

    fn say(&self, pairs: &[i64]) {
        for part in pairs.chunks(2 * PAIRS) {
            self.outgoing.say(|| Section::Hint {
                topic: NOTIFICATIONS.to_owned(),
                numbers: part.to_vec(),
            });
        }
    }

    fn tell_here(&self, changed: Vec<Notice>) {
        for notice in changed {
            let user = notice.user;
            if !self.directory.is_connected(user) {
                continue;
            }
            let news = Arc::new(NoticeNews::of(notice));
            self.directory.tell_of_notice(user, &news);
            self.count(user);
        }
    }

    /// Hears a hint of another server.
    pub fn hear(&self, numbers: &[i64]) {
        let pairs = numbers.chunks_exact(2).filter_map(|pair| match pair {
            &[user, no] => Some((UserNo(user), NoticeNo(no))),
            _ => None,
        });
        let (mut wanted, mut counted) = (Vec::new(), Vec::new());
        for (user, no) in pairs.filter(|(user, _)| self.directory.is_connected(*user)) {
            match no {
                NoticeNo(0) => counted.push(user),
                no => wanted.push(no.0),
            }
        }
        counted.into_iter().for_each(|user| self.count(user));
        if wanted.is_empty() {
            return;
        }
        let own = self.clone();
        tokio::spawn(async move {
            let read = move |connection: &mut _| notices::with_numbers(connection, &wanted);
            match own.pool.run(read).await {
                Ok(found) => own.tell_here(found),
                Err(error) => log::warn!(event = "notifications_not_told"; "{error}"),
            }
        });
    }

    /// Counts what a user has to look at, and informs their sessions. One count of a user runs at a time, so the last one that they hear is
    /// the last one that was read.
    fn count(&self, user: UserNo) {
        if !self.directory.is_connected(user) {
            return;
        }
        let mut counting = self.counting.lock();
        if counting.contains_key(&user) {
            counting.insert(user, Count::Stale);
            return;
        }
        counting.insert(user, Count::Fresh);
        drop(counting);
        let own = self.clone();
        tokio::spawn(async move {
            loop {
                let read = move |connection: &mut _| notices::count(connection, user);
                match own.pool.run(read).await {
                    Ok(count) => own
                        .directory
                        .tell_of_notice(user, &Arc::new(NoticeNews::Counted(count))),
                    Err(error) => log::warn!(event = "notifications_not_counted"; "{error}"),
                }
                if !own.goes_on(user) {
                    return;
                }
            }
        });
    }

    /// Whether to count again: something has changed meanwhile.
    fn goes_on(&self, user: UserNo) -> bool {
        let mut counting = self.counting.lock();
        match counting.get(&user) {
            Some(Count::Stale) => {
                counting.insert(user, Count::Fresh);
                true
            }
            Some(Count::Fresh) | None => {
                counting.remove(&user);
                false
            }
        }
    }
}
