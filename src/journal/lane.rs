//! The thread that commits batches: one connection of its own, one commit at a time.

use actix::{Message, Recipient};
use diesel::pg::PgConnection;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::aside::Aside;
use super::batch::Batch;
use super::part::{Fate, Part};
use super::queue::Queue;
use super::{Append, Marking, Outcome, PATIENCE};
use crate::domain::ids::ConversationNo;
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::store::append::{Appended, append, append_carefully};
use crate::store::dedicated::Dedicated;
use crate::store::locks::{free_among, is_locked};
use crate::store::marks;
use crate::store::pool::Pool;

/// How many batches after one with a repeat are looked through for repeats first: they come together, as when many clients come
/// back, and each one that the unique index refuses costs a batch that was written in vain.
const CAUTION: u32 = 16;

/// How long marks wait before they are tried again whose rows somebody else holds.
const MARKS_PAUSE: Duration = Duration::from_millis(20);

/// What a commit is over for, each with its outcome.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Committed {
    pub(super) appends: Vec<(Append, Outcome)>,
    pub(super) marks: Vec<(Marking, Outcome)>,
    pub(super) took: Duration,
}

/// Starts the thread; what it has committed it reports to `journal`. It ends when the queue is closed, and closes it should it
/// panic.
pub(super) fn start(pool: Pool, queue: Arc<Queue>, limit: usize, journal: Recipient<Committed>) {
    let worker = Worker {
        connection: pool.appender(),
        queue,
        caution: 0,
        aside: Aside::default(),
        locked: HashSet::new(),
        marks_aside: Vec::new(),
    };
    std::thread::spawn(move || worker.run(limit, &journal));
}

struct Worker {
    connection: Dedicated,
    queue: Arc<Queue>,
    /// Batches that are still to be looked through first.
    caution: u32,
    /// Appends of conversations that somebody else holds.
    aside: Aside<Append>,
    /// Conversations that turned out to be held while the present batch was stored.
    locked: HashSet<ConversationNo>,
    /// Marks whose rows somebody else holds.
    marks_aside: Vec<Marking>,
}

impl Drop for Worker {
    fn drop(&mut self) {
        if std::thread::panicking() {
            log::error!(event = "journal_thread_lost"; "the journal's thread is gone; what was handed to it is not committed");
        }
        self.queue.close();
    }
}

impl Worker {
    fn run(mut self, limit: usize, journal: &Recipient<Committed>) {
        while let Some(batch) = self.queue.take(limit, self.wait()) {
            let begun = Instant::now();
            let Batch { appends, mut marks } = batch;
            let appends = self.keep_aside(appends);
            let mut appends = self.commit_appends(appends);
            appends.extend(self.give_up());
            marks.append(&mut self.marks_aside);
            let marks = self.commit_marks(marks);
            if !appends.is_empty() || !marks.is_empty() {
                let took = begun.elapsed();
                journal.do_send(Committed {
                    appends,
                    marks,
                    took,
                });
            }
            self.call_back();
        }
    }

    /// How long to wait for a batch at most.
    fn wait(&self) -> Option<Duration> {
        let marks = (!self.marks_aside.is_empty()).then_some(MARKS_PAUSE);
        let appends = self.aside.wait(Instant::now());
        marks.into_iter().chain(appends).min()
    }

    /// Where something waits aside, whatever comes for the same conversation waits behind it.
    fn keep_aside(&mut self, appends: Vec<Append>) -> Vec<Append> {
        if self.aside.is_empty() {
            return appends;
        }
        let aside = &self.aside;
        let (behind, others): (Vec<_>, Vec<_>) = appends
            .into_iter()
            .partition(|append| aside.holds(append.conversation));
        behind.into_iter().for_each(|append| self.put_aside(append));
        others
    }

    fn put_aside(&mut self, append: Append) {
        let now = Instant::now();
        let since = append.aside_since.unwrap_or(now);
        self.aside.put(append.conversation, append, since, now);
    }

    /// Puts what waits aside back into the queue, before everything else, where nobody holds its conversation any more.
    fn call_back(&mut self) {
        let due = self.aside.due(Instant::now());
        if due.is_empty() {
            return;
        }
        let free = self.free_among(&due);
        // The database is away: what waits is given up in time.
        let free = free.unwrap_or_default();
        let (free, held): (Vec<_>, Vec<_>) = due.into_iter().partition(|no| free.contains(no));
        self.aside.postpone(&held, Instant::now());
        let called = self.aside.release(&free).into_iter();
        let back = called.map(|(since, append)| Append {
            aside_since: Some(since),
            ..append
        });
        self.queue.put_back(back.collect());
    }

    /// Whoever has waited aside for too long is told so.
    fn give_up(&mut self) -> Vec<(Append, Outcome)> {
        let expired = self.aside.expired(Instant::now());
        if let Some(first) = expired.first() {
            log::warn!(event = "conversation_locked", conversation_no = first.conversation.0, appends = expired.len(); "somebody else has held a conversation for too long");
        }
        let unknown = |append| (append, Outcome::Unknown);
        expired.into_iter().map(unknown).collect()
    }

    fn commit_appends(&mut self, appends: Vec<Append>) -> Vec<(Append, Outcome)> {
        if appends.is_empty() {
            return Vec::new();
        }
        self.locked.clear();
        let mut fates = vec![Fate::Settled(Outcome::Stale); appends.len()];
        self.commit_part(Part::whole(&appends), &mut fates);
        let mut settled = Vec::with_capacity(appends.len());
        for (append, fate) in appends.into_iter().zip(fates) {
            match fate {
                Fate::Settled(outcome) => {
                    self.aside.forget_pause(append.conversation);
                    settled.push((append, outcome));
                }
                Fate::Locked => self.put_aside(append),
            }
        }
        settled
    }

    /// Commits a part of a batch. Should Postgres refuse it, its halves are tried, until the culprit stands alone.
    fn commit_part(&mut self, part: Part, fates: &mut [Fate]) {
        let part = match self.locked.is_empty() {
            true => part,
            false => {
                let (held, others) = part.of(&self.locked);
                held.meet(fates, &Fate::Locked);
                others
            }
        };
        if part.len() == 0 {
            return;
        }
        match self.store(&part) {
            Ok(stored) => part.meet_each(
                fates,
                stored.into_iter().map(|one| Fate::Settled(outcome_of(one))),
            ),
            Err(error) if is_locked(&error) => self.commit_unlocked(part, fates),
            Err(Error::Refused(_)) => part.meet(fates, &Fate::Settled(Outcome::Unknown)),
            Err(Error::Internal(cause)) if part.len() <= 1 => {
                log::error!(event = "append_refused"; "{cause}");
                let refused = Refusal::Unprocessable("The message can not be stored");
                part.meet(fates, &Fate::Settled(Outcome::Refused(refused)));
            }
            Err(Error::Internal(_)) => {
                let (first, second) = part.halves();
                self.commit_part(first, fates);
                self.commit_part(second, fates);
            }
        }
    }

    /// Somebody else holds something of this part. Where they hold conversations, the others are committed; where they hold another
    /// row, half of the conversations are tried at a time.
    fn commit_unlocked(&mut self, part: Part, fates: &mut [Fate]) {
        let conversations = part.conversations();
        let free = match self.free_among(&conversations) {
            Ok(free) => free,
            Err(_) => return part.meet(fates, &Fate::Settled(Outcome::Unknown)),
        };
        if free.len() < conversations.len() {
            let held = conversations.into_iter().filter(|no| !free.contains(no));
            self.locked.extend(held);
            return self.commit_part(part, fates);
        }
        let (half, _) = conversations.split_at(conversations.len() / 2);
        if half.is_empty() {
            self.locked.extend(conversations);
            return part.meet(fates, &Fate::Locked);
        }
        let (first, second) = part.of(&half.iter().copied().collect());
        self.commit_part(first, fates);
        self.commit_part(second, fates);
    }

    /// The first try takes every message for a new one, unless repeats are likely; a second try finds what the first has stored.
    fn store(&mut self, part: &Part) -> Result<Vec<Appended>, Error> {
        let mut hopes = self.caution == 0;
        let stored = self.with_patience(|| {
            let part = part.clone();
            let hopes = std::mem::take(&mut hopes);
            move |connection: &mut PgConnection| match hopes {
                true => append(connection, &part.messages()),
                false => append_carefully(connection, &part.messages()),
            }
        });
        let is_repeat = |outcome: &Appended| matches!(outcome, Appended::Known { .. });
        let repeats = stored.as_ref().is_ok_and(|all| all.iter().any(is_repeat));
        self.caution = if repeats {
            CAUTION
        } else {
            self.caution.saturating_sub(1)
        };
        stored
    }

    /// Moves watermarks. One whose row somebody else holds is tried again a moment later.
    fn commit_marks(&mut self, markings: Vec<Marking>) -> Vec<(Marking, Outcome)> {
        if markings.is_empty() {
            return Vec::new();
        }
        let marks: Arc<Vec<marks::NewMark>> =
            Arc::new(markings.iter().map(|marking| marking.mark).collect());
        let advanced = self.with_patience(|| {
            let marks = Arc::clone(&marks);
            move |connection: &mut PgConnection| marks::advance(connection, &marks)
        });
        let moved = match advanced {
            Ok(moved) => moved,
            Err(error) => {
                if let Error::Internal(cause) = error {
                    log::error!(event = "marks_refused"; "{cause}");
                }
                let unknown = |marking| (marking, Outcome::Unknown);
                return markings.into_iter().map(unknown).collect();
            }
        };
        let (now, mut settled) = (Instant::now(), Vec::with_capacity(markings.len()));
        for mut marking in markings {
            let since = *marking.aside_since.get_or_insert(now);
            if moved.contains(&(marking.mark.conversation, marking.mark.user)) {
                settled.push((marking, Outcome::Marked));
            } else if now.saturating_duration_since(since) < PATIENCE {
                self.marks_aside.push(marking);
            } else {
                settled.push((marking, Outcome::Unknown));
            }
        }
        settled
    }

    /// Runs one statement, again on a new connection while the database is away. A commit whose outcome was lost with its
    /// connection is safe to run again: what it stored is found by its ids.
    fn with_patience<T, J>(&mut self, mut statement: impl FnMut() -> J) -> Result<T, Error>
    where
        T: Send + 'static,
        J: FnOnce(&mut PgConnection) -> Result<T, Error> + Send + 'static,
    {
        let begun = Instant::now();
        let mut pause = Duration::from_millis(20);
        loop {
            let tried = self.connection.run(statement());
            if tried.as_ref().is_err_and(is_locked) {
                return tried;
            }
            let Err(Error::Refused(refusal)) = tried else {
                return tried;
            };
            if begun.elapsed() + pause > PATIENCE {
                log::debug!(event = "commit_given_up", refusal = refusal.code_and_status().0; "the database is away");
                return Err(Error::Refused(refusal));
            }
            std::thread::sleep(pause);
            pause *= 2;
        }
    }

    fn free_among(
        &mut self,
        conversations: &[ConversationNo],
    ) -> Result<HashSet<ConversationNo>, Error> {
        self.with_patience(|| {
            let asked = conversations.to_vec();
            move |connection: &mut PgConnection| free_among(connection, &asked)
        })
    }
}

fn outcome_of(appended: Appended) -> Outcome {
    match appended {
        Appended::Fresh { seq, at } => Outcome::Stored { seq, at },
        Appended::Known {
            conversation,
            seq,
            at,
            fingerprint,
        } => Outcome::Known {
            conversation,
            seq,
            at,
            fingerprint,
        },
        Appended::Orphaned => Outcome::Refused(Refusal::MessageNotFound),
        Appended::Stale => Outcome::Stale,
    }
}
