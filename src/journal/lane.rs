//! The thread that commits batches: one connection of its own, one commit at a time.

use actix::{Message, Recipient};
use clock::Clock;
use diesel::pg::PgConnection;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::batch::Batch;
use super::held::{Done, Held};
use super::part::{Fate, Part};
use super::queue::Queue;
use super::{Append, Marking, Outcome, PATIENCE};
use crate::domain::ids::{ConversationNo, UserNo};
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::store::append::{Appended, append, append_carefully};
use crate::store::hosted::{Hosted, host};
use crate::store::locks::{free_among, is_locked};
use crate::store::marks::{self, NewMark};
use crate::store::pool::Pool;

/// How many batches after one with a repeat are looked through for repeats first: they come together, as when many clients come
/// back, and each one that the unique index refuses costs a batch that was written in vain.
const CAUTION: u32 = 16;

/// What a commit is over for, each with its outcome.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Committed {
    pub(super) appends: Vec<(Append, Outcome)>,
    pub(super) marks: Vec<(Marking, Outcome)>,
    pub(super) took: Duration,
}

/// Starts the thread; what it has committed it reports to `journal`. It ends when the queue is closed, and closes it should it
/// panic. When its connection does not answer, another one takes its place, and what it was about to store is answered as unknown.
pub(super) fn start(
    pool: &Pool,
    clock: Clock,
    queue: Arc<Queue>,
    limit: usize,
    journal: Recipient<Committed>,
) {
    let held = Arc::new(Held::new(clock));
    let (abandoned, woken, told) = (Arc::clone(&held), Arc::clone(&queue), journal.clone());
    let mut dedup_batches_left = 0;
    let begin = move || {
        let (queue, held) = (Arc::clone(&queue), Arc::clone(&held));
        let (journal, turn) = (journal.clone(), held.turn());
        let dedup_batches_left = std::mem::replace(&mut dedup_batches_left, CAUTION);
        move |connection: &mut Hosted<'_>| {
            let lane = Lane {
                connection,
                queue,
                held,
                turn,
                dedup_batches_left,
                locked: HashSet::new(),
            };
            lane.run(limit, &journal);
        }
    };
    host(pool, begin, move || {
        told.do_send(abandoned.abandon());
        woken.wake();
    });
}

struct Lane<'a, 'b> {
    connection: &'a mut Hosted<'b>,
    queue: Arc<Queue>,
    held: Arc<Held>,
    /// Its number among the lanes, of which one is at work.
    turn: u64,
    /// Batches that are still to be looked through first.
    dedup_batches_left: u32,
    /// Conversations that turned out to be held while the present batch was stored.
    locked: HashSet<ConversationNo>,
}

impl Drop for Lane<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            log::error!(event = "journal_thread_lost"; "the journal's thread is gone; what was handed to it is not committed");
            self.queue.close();
        }
    }
}

impl Lane<'_, '_> {
    fn run(mut self, limit: usize, journal: &Recipient<Committed>) {
        while let Some(batch) = self.next(limit) {
            let begun = Instant::now();
            let Some(work) = self.held.take(self.turn, batch, &self.queue) else {
                return;
            };
            let done = Done {
                fates: self.commit_appends(work.appends),
                moved: self.commit_marks(&work.marks),
            };
            if self.connection.is_given_up() {
                return;
            }
            let Some(mut settled) = self.held.settle(self.turn, done) else {
                return;
            };
            if !settled.appends.is_empty() || !settled.marks.is_empty() {
                settled.took = begun.elapsed();
                journal.do_send(settled);
            }
            self.call_back();
        }
    }

    fn next(&self, limit: usize) -> Option<Batch> {
        let is_wanted = || !self.connection.is_given_up();
        self.queue.take(limit, self.held.wait(), is_wanted)
    }

    /// Puts what waits aside back into the queue where nobody holds its conversation any more.
    fn call_back(&mut self) {
        let due = self.held.due();
        if due.is_empty() {
            return;
        }
        let free = self.free_among(&due);
        // The database is away: what waits is given up in time.
        let free = free.unwrap_or_default();
        let (free, others): (Vec<_>, Vec<_>) = due.into_iter().partition(|no| free.contains(no));
        self.held.call_back(&free, &others, &self.queue);
    }

    fn commit_appends(&mut self, batch: Part) -> Vec<Fate> {
        self.locked.clear();
        let mut fates = vec![Fate::Settled(Outcome::Stale); batch.len()];
        self.commit_part(batch, &mut fates);
        fates
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
        let mut hopes = self.dedup_batches_left == 0;
        let stored = self.with_patience(|connection| match std::mem::take(&mut hopes) {
            true => append(connection, &part.messages()),
            false => append_carefully(connection, &part.messages()),
        });
        let is_repeat = |outcome: &Appended| matches!(outcome, Appended::Known { .. });
        let repeats = stored.as_ref().is_ok_and(|all| all.iter().any(is_repeat));
        self.dedup_batches_left = if repeats {
            CAUTION
        } else {
            self.dedup_batches_left.saturating_sub(1)
        };
        stored
    }

    /// Moves watermarks; answers whose have moved, or nothing where nobody knows.
    fn commit_marks(&mut self, marks: &[NewMark]) -> Option<HashSet<(ConversationNo, UserNo)>> {
        if marks.is_empty() {
            return Some(HashSet::new());
        }
        match self.with_patience(|connection| marks::advance(connection, marks)) {
            Ok(moved) => Some(moved),
            Err(error) => {
                if let Error::Internal(cause) = error {
                    log::error!(event = "marks_refused"; "{cause}");
                }
                None
            }
        }
    }

    /// Runs one statement, again on a new connection while the database is away. A commit whose outcome was lost with its
    /// connection is safe to run again: what it stored is found by its ids.
    fn with_patience<T>(
        &mut self,
        mut statement: impl FnMut(&mut PgConnection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let begun = Instant::now();
        let mut pause = Duration::from_millis(20);
        loop {
            let tried = self.connection.run(&mut statement);
            if tried.as_ref().is_err_and(is_locked) {
                return tried;
            }
            let Err(Error::Refused(refusal)) = tried else {
                return tried;
            };
            if self.connection.is_hopeless() || begun.elapsed() + pause > PATIENCE {
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
        self.with_patience(|connection| free_among(connection, conversations))
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
