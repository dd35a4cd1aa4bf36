//! The thread that commits batches on a connection of its own, one commit at a time.

use actix::{Message, Recipient};
use clock::Clock;
use diesel::pg::PgConnection;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::batch::Batch;
use super::in_flight::{BatchResult, InFlight};
use super::queue::Queue;
use super::subset::{AppendResult, Subset};
use super::{Append, MarkRequest, Outcome, PATIENCE};
use crate::domain::ids::{ConversationNo, UserNo};
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::store::append::{Appended, append, append_deduplicating, append_with_files};
use crate::store::hosted::{Hosted, host};
use crate::store::locks::{free_among, is_locked};
use crate::store::marks::{self, NewMark};
use crate::store::pool::Pool;

/// After a batch with a duplicate, check this many batches for duplicates before inserting. Duplicates come in
/// bursts (mass reconnects), and each batch that the unique index rejects is wasted work.
const DEDUP_BATCHES: u32 = 16;

/// The requests of one commit, each with its outcome.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Committed {
    pub(super) appends: Vec<(Append, Outcome)>,
    pub(super) marks: Vec<(MarkRequest, Outcome)>,
    pub(super) took: Duration,
}

/// Starts the thread, which reports each commit to `journal`. It ends when the queue is closed; if it panics,
/// it closes the queue. If its connection stops responding, a new lane replaces it, and the requests that it
/// was storing are answered as `Outcome::Unknown`.
pub(super) fn start(
    pool: &Pool,
    clock: Clock,
    queue: Arc<Queue>,
    limit: usize,
    journal: Recipient<Committed>,
) {
    let in_flight = Arc::new(InFlight::new(clock));
    let (abandoned, wake_lane, report_abandoned) =
        (Arc::clone(&in_flight), Arc::clone(&queue), journal.clone());
    let mut dedup_batches_left = 0;
    let begin = move || {
        let (queue, in_flight) = (Arc::clone(&queue), Arc::clone(&in_flight));
        let (journal, lane_no) = (journal.clone(), in_flight.lane_no());
        let dedup_batches_left = std::mem::replace(&mut dedup_batches_left, DEDUP_BATCHES);
        move |connection: &mut Hosted<'_>| {
            let lane = Lane {
                connection,
                queue,
                in_flight,
                lane_no,
                dedup_batches_left,
                locked: HashSet::new(),
            };
            lane.run(limit, &journal);
        }
    };
    host(pool, begin, move || {
        report_abandoned.do_send(abandoned.abandon());
        wake_lane.wake();
    });
}

struct Lane<'a, 'b> {
    connection: &'a mut Hosted<'b>,
    queue: Arc<Queue>,
    in_flight: Arc<InFlight>,
    /// This lane's number; see `InFlight`.
    lane_no: u64,
    /// How many of the next batches are checked for duplicates first.
    dedup_batches_left: u32,
    /// Conversations that were found locked while the current batch was stored.
    locked: HashSet<ConversationNo>,
}

impl Drop for Lane<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            log::error!(event = "journal_thread_lost"; "the journal's thread has panicked; pending appends are not committed");
            self.queue.close();
        }
    }
}

impl Lane<'_, '_> {
    fn run(mut self, limit: usize, journal: &Recipient<Committed>) {
        while let Some(batch) = self.next(limit) {
            let begun = Instant::now();
            let Some(work) = self.in_flight.take(self.lane_no, batch, &self.queue) else {
                return;
            };
            let result = BatchResult {
                results: self.commit_appends(work.appends),
                moved: self.commit_marks(&work.marks),
            };
            if self.connection.is_given_up() {
                return;
            }
            let Some(mut finished) = self.in_flight.finish(self.lane_no, result) else {
                return;
            };
            if !finished.appends.is_empty() || !finished.marks.is_empty() {
                finished.took = begun.elapsed();
                journal.do_send(finished);
            }
            self.retry_parked();
        }
    }

    fn next(&self, limit: usize) -> Option<Batch> {
        let is_wanted = || !self.connection.is_given_up();
        self.queue.take(limit, self.in_flight.wait(), is_wanted)
    }

    /// Puts parked appends back into the queue if their conversation is no longer locked.
    fn retry_parked(&mut self) {
        let due = self.in_flight.due();
        if due.is_empty() {
            return;
        }
        let free = self.free_among(&due);
        // On an error the database is unavailable: nothing is requeued, and the parked appends expire.
        let free = free.unwrap_or_default();
        let (free, others): (Vec<_>, Vec<_>) = due.into_iter().partition(|no| free.contains(no));
        self.in_flight.requeue_parked(&free, &others, &self.queue);
    }

    fn commit_appends(&mut self, batch: Subset) -> Vec<AppendResult> {
        self.locked.clear();
        let mut results = vec![AppendResult::Done(Outcome::Stale); batch.len()];
        self.commit_subset(batch, &mut results);
        results
    }

    /// Commits a subset of a batch. If PostgreSQL rejects it, tries its halves, until the append that it
    /// rejects is alone.
    fn commit_subset(&mut self, subset: Subset, results: &mut [AppendResult]) {
        let subset = match self.locked.is_empty() {
            true => subset,
            false => {
                let (locked, others) = subset.split_by_conversation(&self.locked);
                locked.set_all(results, &AppendResult::Locked);
                others
            }
        };
        if subset.len() == 0 {
            return;
        }
        match self.store(&subset) {
            Ok(stored) => subset.set_each(
                results,
                stored
                    .into_iter()
                    .map(|one| AppendResult::Done(outcome_of(one))),
            ),
            Err(error) if is_locked(&error) => self.commit_unlocked(subset, results),
            Err(Error::Refused(_)) => {
                subset.set_all(results, &AppendResult::Done(Outcome::Unknown))
            }
            Err(Error::Internal(cause)) if subset.len() <= 1 => {
                log::error!(event = "append_refused"; "{cause}");
                let refused = Refusal::Unprocessable("The message cannot be stored");
                subset.set_all(results, &AppendResult::Done(Outcome::Refused(refused)));
            }
            Err(Error::Internal(_)) => {
                let (first, second) = subset.halves();
                self.commit_subset(first, results);
                self.commit_subset(second, results);
            }
        }
    }

    /// Commits what it can of a subset that met a lock. If conversations are locked, commits the others; if
    /// another row is locked, tries half of the conversations at a time.
    fn commit_unlocked(&mut self, subset: Subset, results: &mut [AppendResult]) {
        let conversations = subset.conversations();
        let free = match self.free_among(&conversations) {
            Ok(free) => free,
            Err(_) => return subset.set_all(results, &AppendResult::Done(Outcome::Unknown)),
        };
        if free.len() < conversations.len() {
            let locked = conversations.into_iter().filter(|no| !free.contains(no));
            self.locked.extend(locked);
            return self.commit_subset(subset, results);
        }
        let (half, _) = conversations.split_at(conversations.len() / 2);
        if half.is_empty() {
            self.locked.extend(conversations);
            return subset.set_all(results, &AppendResult::Locked);
        }
        let (first, second) = subset.split_by_conversation(&half.iter().copied().collect());
        self.commit_subset(first, results);
        self.commit_subset(second, results);
    }

    /// The first attempt assumes that every message is new, unless duplicates are likely. A retry deduplicates,
    /// because the first attempt may have been committed. So does a batch in which a message shows a file that is
    /// stored here, or mentions somebody.
    fn store(&mut self, subset: &Subset) -> Result<Vec<Appended>, Error> {
        let mut optimistic = self.dedup_batches_left == 0;
        let needs_transaction = subset.needs_transaction();
        let stored = self.with_patience(|connection| {
            match (needs_transaction, std::mem::take(&mut optimistic)) {
                (true, _) => append_with_files(connection, &subset.messages()),
                (false, true) => append(connection, &subset.messages()),
                (false, false) => append_deduplicating(connection, &subset.messages()),
            }
        });
        let is_repeat = |outcome: &Appended| matches!(outcome, Appended::Duplicate { .. });
        let repeats = stored.as_ref().is_ok_and(|all| all.iter().any(is_repeat));
        self.dedup_batches_left = if repeats {
            DEDUP_BATCHES
        } else {
            self.dedup_batches_left.saturating_sub(1)
        };
        stored
    }

    /// Advances watermarks and returns whose watermarks moved; `None` if the outcome is unknown.
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

    /// Runs one statement, and retries it on a new connection for up to `PATIENCE` while the database is
    /// unavailable. Repeating a commit whose outcome was lost is safe: the messages that it stored are found by
    /// their client ids.
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
            if self.connection.should_stop_retrying() || begun.elapsed() + pause > PATIENCE {
                log::debug!(event = "commit_given_up", refusal = refusal.code_and_status().0; "the database is unavailable");
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
        Appended::Stored { seq, at } => Outcome::Stored { seq, at },
        Appended::Duplicate {
            conversation,
            seq,
            at,
            fingerprint,
        } => Outcome::Duplicate {
            conversation,
            seq,
            at,
            fingerprint,
        },
        Appended::Orphaned => Outcome::Refused(Refusal::MessageNotFound),
        Appended::WithoutFile(problem) => Outcome::Refused(problem.into()),
        Appended::Stale => Outcome::Stale,
    }
}
