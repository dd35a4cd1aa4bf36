//! The thread that commits steps of deals: one statement writes all steps that are waiting, on a connection of
//! its own.

use clock::Clock;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

use super::JournalHandle;
use super::parked::Parked;
use crate::domain::ids::{ConversationNo, Seq};
use crate::error::Error;
use crate::store::dedicated::Dedicated;
use crate::store::locks::{LOCKED, free_among, is_locked};
use crate::store::pool::Pool;
use crate::store::steps::{self, CommittedStep, NewStep};
use crate::telemetry::metrics::Metrics;

/// The most steps in one statement; each adds about 3 KiB to its text.
const TOGETHER: usize = 128;

/// The outcome of writing a step.
#[derive(Clone, Copy, Debug)]
pub enum StepOutcome {
    /// The step is committed.
    Committed {
        /// The conversation's last seq before the step.
        before: Seq,
        /// The time of the commit.
        at: chrono::DateTime<chrono::Utc>,
    },
    /// The conversation's policy version changed after the step was decided: decide again.
    Conflict,
}

struct Waiting {
    step: NewStep,
    /// Since when it waits for the lock of its conversation.
    parked_since: Option<Instant>,
    outcome: oneshot::Sender<Result<StepOutcome, Error>>,
}

/// The sender of the thread's queue.
#[derive(Clone)]
pub(super) struct Steps(Sender<Waiting>);

impl Steps {
    /// Starts the thread. It ends when the last handle of the journal is dropped.
    pub(super) fn start(pool: Pool, metrics: Arc<Metrics>, clock: Clock) -> Self {
        let (sender, waiting) = channel();
        std::thread::spawn(move || {
            let mut writer = Writer {
                metrics,
                clock,
                connection: pool.appender(),
                parked: Parked::default(),
            };
            writer.run(&waiting);
        });
        Self(sender)
    }
}

impl JournalHandle {
    /// Writes a step. After an error the step may still have been committed; its request id says whether it was.
    pub async fn step(&self, step: NewStep) -> Result<StepOutcome, Error> {
        let (outcome, reply) = oneshot::channel();
        let sent = self.steps.0.send(Waiting {
            step,
            parked_since: None,
            outcome,
        });
        sent.map_err(|_| Error::internal("the thread that writes steps has ended"))?;
        reply
            .await
            .map_err(|_| Error::internal("the thread that writes steps ended before it answered"))?
    }
}

struct Writer {
    clock: Clock,
    metrics: Arc<Metrics>,
    connection: Dedicated,
    /// Steps of conversations that another transaction has locked.
    parked: Parked<Waiting>,
}

/// The result of one step of a statement.
enum StepResult {
    Done(Result<StepOutcome, Error>),
    /// Another transaction has locked its conversation: it is parked.
    Locked,
}

impl Writer {
    fn run(&mut self, queue: &Receiver<Waiting>) {
        let mut backlog = Vec::new();
        while let Some(batch) = next_batch(queue, &mut backlog, self.parked.wait(self.clock.now()))
        {
            let batch = self.park_behind(batch);
            let steps: Vec<NewStep> = batch.iter().map(|waiting| waiting.step.clone()).collect();
            let all = (0..steps.len()).collect();
            let results = self.write(&Arc::new(steps), all);
            for (waiting, result) in batch.into_iter().zip(results) {
                match result {
                    StepResult::Done(result) => {
                        self.parked.forget_pause(waiting.step.conversation);
                        answer(waiting, result);
                    }
                    StepResult::Locked => self.park(waiting),
                }
            }
            self.give_up();
            self.retry_parked(&mut backlog);
        }
    }

    /// Parks the steps of conversations that already have parked steps; returns the others.
    fn park_behind(&mut self, batch: Vec<Waiting>) -> Vec<Waiting> {
        let parked = &self.parked;
        let (behind, others): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .partition(|waiting| parked.contains(waiting.step.conversation));
        behind.into_iter().for_each(|waiting| self.park(waiting));
        others
    }

    fn park(&mut self, waiting: Waiting) {
        let now = self.clock.now();
        let since = waiting.parked_since.unwrap_or(now);
        self.parked
            .put(waiting.step.conversation, waiting, since, now);
    }

    /// Answers steps that were parked for `PATIENCE`.
    fn give_up(&mut self) {
        for waiting in self.parked.expired(self.clock.now()) {
            log::warn!(
                event = "conversation_locked", conversation_no = waiting.step.conversation.0;
                "another transaction has held the lock of a conversation for too long"
            );
            answer(waiting, Err(LOCKED.into()));
        }
    }

    /// Moves parked steps to the backlog if their conversation is no longer locked.
    fn retry_parked(&mut self, backlog: &mut Vec<Waiting>) {
        let due = self.parked.due(self.clock.now());
        if due.is_empty() {
            return;
        }
        // On an error the database is unavailable: nothing is retried, and the parked steps expire.
        let free = self.free_among(&due).unwrap_or_default();
        let (free, locked): (Vec<_>, Vec<_>) = due.into_iter().partition(|no| free.contains(no));
        self.parked.postpone(&locked, self.clock.now());
        let called = self.parked.release(&free).into_iter();
        let back = called.map(|(since, waiting)| Waiting {
            parked_since: Some(since),
            ..waiting
        });
        backlog.splice(0..0, back);
    }

    /// Writes the steps at these indexes and returns a result for each, in order. If PostgreSQL rejects the
    /// statement, each step is tried alone; steps of locked conversations are left out.
    fn write(&mut self, steps: &Arc<Vec<NewStep>>, indexes: Vec<usize>) -> Vec<StepResult> {
        if indexes.is_empty() {
            return Vec::new();
        }
        let error = match self.commit(steps, &indexes) {
            Ok(won) => {
                let outcomes_by_index = outcomes_by_index(won, indexes.len()).into_iter();
                return outcomes_by_index
                    .map(|one| StepResult::Done(Ok(one)))
                    .collect();
            }
            Err(error) => error,
        };
        let is_alone = indexes.len() == 1;
        match error {
            error if is_alone && is_locked(&error) => vec![StepResult::Locked],
            error if is_alone => vec![StepResult::Done(Err(error))],
            error if is_locked(&error) => self.write_unlocked(steps, indexes),
            Error::Internal(_) => self.write_each(steps, indexes),
            Error::Refused(refusal) => {
                let refused = |_| StepResult::Done(Err(Error::Refused(refusal.clone())));
                indexes.into_iter().map(refused).collect()
            }
        }
    }

    fn write_each(&mut self, steps: &Arc<Vec<NewStep>>, indexes: Vec<usize>) -> Vec<StepResult> {
        let each = indexes.into_iter();
        each.flat_map(|index| self.write(steps, vec![index]))
            .collect()
    }

    fn write_unlocked(
        &mut self,
        steps: &Arc<Vec<NewStep>>,
        indexes: Vec<usize>,
    ) -> Vec<StepResult> {
        let conversation = |index: &usize| steps.get(*index).map(|step| step.conversation);
        let conversations: Vec<ConversationNo> = indexes.iter().filter_map(conversation).collect();
        let free = match self.free_among(&conversations) {
            Ok(free) if free.len() < conversations.len() => free,
            // No conversation is locked, so another row of one step is.
            Ok(_) | Err(_) => return self.write_each(steps, indexes),
        };
        let is_free = |index: &usize| conversation(index).is_some_and(|no| free.contains(&no));
        let others: Vec<usize> = indexes.iter().copied().filter(is_free).collect();
        let mut results = self.write(steps, others).into_iter();
        let result = |index: usize| match is_free(&index) {
            true => results.next().unwrap_or(StepResult::Locked),
            false => StepResult::Locked,
        };
        indexes.into_iter().map(result).collect()
    }

    fn commit(
        &mut self,
        steps: &Arc<Vec<NewStep>>,
        indexes: &[usize],
    ) -> Result<Vec<CommittedStep>, Error> {
        let (steps, indexes) = (Arc::clone(steps), indexes.to_vec());
        let committed = self.connection.run(move |connection| {
            let part = indexes.iter().filter_map(|index| steps.get(*index));
            let part: Vec<NewStep> = part.cloned().collect();
            steps::commit(connection, &part)
        });
        if let Ok(won) = &committed {
            self.metrics.steps.inc_by(won.len() as u64);
        }
        committed
    }

    fn free_among(
        &mut self,
        conversations: &[ConversationNo],
    ) -> Result<HashSet<ConversationNo>, Error> {
        let asked = conversations.to_vec();
        self.connection
            .run(move |connection| free_among(connection, &asked))
    }
}

fn answer(waiting: Waiting, result: Result<StepOutcome, Error>) {
    // The requester may be gone; the committed step stays.
    drop(waiting.outcome.send(result));
}

/// Returns the waiting steps, at most `TOGETHER` and at most one for each conversation; the others stay in the
/// backlog. Returns an empty batch after `at_most`, and `None` when no sender is left.
fn next_batch(
    queue: &Receiver<Waiting>,
    backlog: &mut Vec<Waiting>,
    at_most: Option<Duration>,
) -> Option<Vec<Waiting>> {
    let mut offered = std::mem::take(backlog);
    if offered.is_empty() {
        match at_most.map(|at_most| queue.recv_timeout(at_most)) {
            None => offered.push(queue.recv().ok()?),
            Some(Ok(waiting)) => offered.push(waiting),
            Some(Err(RecvTimeoutError::Timeout)) => {}
            Some(Err(RecvTimeoutError::Disconnected)) => return None,
        }
    }
    offered.extend(queue.try_iter().take(TOGETHER));
    let mut taken: Vec<Waiting> = Vec::with_capacity(offered.len());
    let mut indexes = HashSet::new();
    for waiting in offered {
        let is_first = taken.len() < TOGETHER && indexes.insert(waiting.step.conversation);
        if is_first {
            taken.push(waiting);
        } else {
            backlog.push(waiting);
        }
    }
    Some(taken)
}

fn outcomes_by_index(won: Vec<CommittedStep>, count: usize) -> Vec<StepOutcome> {
    let mut outcomes = vec![StepOutcome::Conflict; count];
    for row in won {
        let index = usize::try_from(row.position - 1).unwrap_or(usize::MAX);
        if let Some(outcome) = outcomes.get_mut(index) {
            *outcome = StepOutcome::Committed {
                before: row.before,
                at: row.at,
            };
        }
    }
    outcomes
}
