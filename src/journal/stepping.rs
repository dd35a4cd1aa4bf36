//! The thread that commits the steps of deals: all that have gathered in one statement, on a connection of its own.

use clock::Clock;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

use super::JournalHandle;
use super::aside::Aside;
use crate::domain::ids::{ConversationNo, Seq};
use crate::error::Error;
use crate::store::dedicated::Dedicated;
use crate::store::locks::{LOCKED, free_among, is_locked};
use crate::store::pool::Pool;
use crate::store::steps::{self, NewStep, Won};
use crate::telemetry::metrics::Metrics;

/// Steps in one statement at most; a statement's text grows by about 3 KiB with each.
const TOGETHER: usize = 128;

/// What became of a step.
#[derive(Clone, Copy, Debug)]
pub enum Stepping {
    /// It is committed.
    Written {
        /// The conversation's last seq before it.
        before: Seq,
        /// When.
        at: chrono::DateTime<chrono::Utc>,
    },
    /// Something changed since it was decided: decide again.
    Lost,
}

struct Waiting {
    step: NewStep,
    /// Since when it waits for a conversation that somebody else holds.
    aside_since: Option<Instant>,
    outcome: oneshot::Sender<Result<Stepping, Error>>,
}

/// The way to the thread.
#[derive(Clone)]
pub(super) struct Steps(Sender<Waiting>);

impl Steps {
    /// Starts the thread. It ends with the last of those who can reach it.
    pub(super) fn start(pool: Pool, metrics: Arc<Metrics>, clock: Clock) -> Self {
        let (sender, waiting) = channel();
        std::thread::spawn(move || {
            let mut writer = Writer {
                metrics,
                clock,
                connection: pool.appender(),
                aside: Aside::default(),
            };
            writer.run(&waiting);
        });
        Self(sender)
    }
}

impl JournalHandle {
    /// Writes a step. An error leaves open whether it was written: its request id tells.
    pub async fn step(&self, step: NewStep) -> Result<Stepping, Error> {
        let (outcome, told) = oneshot::channel();
        let sent = self.steps.0.send(Waiting {
            step,
            aside_since: None,
            outcome,
        });
        sent.map_err(|_| Error::internal("the thread that writes steps is gone"))?;
        told.await
            .map_err(|_| Error::internal("a step was lost with the thread that writes them"))?
    }
}

struct Writer {
    metrics: Arc<Metrics>,
    clock: Clock,
    connection: Dedicated,
    /// Steps of conversations that somebody else holds.
    aside: Aside<Waiting>,
}

/// What became of a step.
enum Fate {
    Settled(Result<Stepping, Error>),
    /// Somebody else holds its conversation: it waits aside.
    Locked,
}

impl Writer {
    fn run(&mut self, queue: &Receiver<Waiting>) {
        let mut held = Vec::new();
        while let Some(batch) = next_batch(queue, &mut held, self.aside.wait(self.clock.now())) {
            let batch = self.keep_aside(batch);
            let steps: Vec<NewStep> = batch.iter().map(|waiting| waiting.step.clone()).collect();
            let all = (0..steps.len()).collect();
            let fates = self.write(&Arc::new(steps), all);
            for (waiting, fate) in batch.into_iter().zip(fates) {
                match fate {
                    Fate::Settled(result) => {
                        self.aside.forget_pause(waiting.step.conversation);
                        answer(waiting, result);
                    }
                    Fate::Locked => self.put_aside(waiting),
                }
            }
            self.give_up();
            self.call_back(&mut held);
        }
    }

    /// Where a step waits aside, another one of the same conversation waits behind it.
    fn keep_aside(&mut self, batch: Vec<Waiting>) -> Vec<Waiting> {
        let aside = &self.aside;
        let (behind, others): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .partition(|waiting| aside.holds(waiting.step.conversation));
        behind
            .into_iter()
            .for_each(|waiting| self.put_aside(waiting));
        others
    }

    fn put_aside(&mut self, waiting: Waiting) {
        let now = self.clock.now();
        let since = waiting.aside_since.unwrap_or(now);
        self.aside
            .put(waiting.step.conversation, waiting, since, now);
    }

    /// Whoever has waited aside for too long is told so.
    fn give_up(&mut self) {
        for waiting in self.aside.expired(self.clock.now()) {
            log::warn!(event = "conversation_locked", conversation_no = waiting.step.conversation.0; "somebody else has held a conversation for too long");
            answer(waiting, Err(LOCKED.into()));
        }
    }

    /// Takes what waits aside for the next batch where nobody holds its conversation any more.
    fn call_back(&mut self, held: &mut Vec<Waiting>) {
        let due = self.aside.due(self.clock.now());
        if due.is_empty() {
            return;
        }
        // The database is away: what waits is given up in time.
        let free = self.free_among(&due).unwrap_or_default();
        let (free, locked): (Vec<_>, Vec<_>) = due.into_iter().partition(|no| free.contains(no));
        self.aside.postpone(&locked, self.clock.now());
        let called = self.aside.release(&free).into_iter();
        let back = called.map(|(since, waiting)| Waiting {
            aside_since: Some(since),
            ..waiting
        });
        held.splice(0..0, back);
    }

    /// What becomes of each, in their order. Should Postgres refuse them together, each is tried alone; those that somebody else
    /// holds are left out.
    fn write(&mut self, steps: &Arc<Vec<NewStep>>, places: Vec<usize>) -> Vec<Fate> {
        if places.is_empty() {
            return Vec::new();
        }
        let error = match self.commit(steps, &places) {
            Ok(won) => {
                let placed = placed(won, places.len()).into_iter();
                return placed.map(|one| Fate::Settled(Ok(one))).collect();
            }
            Err(error) => error,
        };
        let is_alone = places.len() == 1;
        match error {
            error if is_alone && is_locked(&error) => vec![Fate::Locked],
            error if is_alone => vec![Fate::Settled(Err(error))],
            error if is_locked(&error) => self.write_unlocked(steps, places),
            Error::Internal(_) => self.write_each(steps, places),
            Error::Refused(refusal) => {
                let refused = |_| Fate::Settled(Err(Error::Refused(refusal.clone())));
                places.into_iter().map(refused).collect()
            }
        }
    }

    fn write_each(&mut self, steps: &Arc<Vec<NewStep>>, places: Vec<usize>) -> Vec<Fate> {
        let each = places.into_iter();
        each.flat_map(|place| self.write(steps, vec![place]))
            .collect()
    }

    fn write_unlocked(&mut self, steps: &Arc<Vec<NewStep>>, places: Vec<usize>) -> Vec<Fate> {
        let conversation = |place: &usize| steps.get(*place).map(|step| step.conversation);
        let conversations: Vec<ConversationNo> = places.iter().filter_map(conversation).collect();
        let free = match self.free_among(&conversations) {
            Ok(free) if free.len() < conversations.len() => free,
            // They are all free: somebody else holds another row of one of them.
            Ok(_) | Err(_) => return self.write_each(steps, places),
        };
        let is_free = |place: &usize| conversation(place).is_some_and(|no| free.contains(&no));
        let others: Vec<usize> = places.iter().copied().filter(is_free).collect();
        let mut fates = self.write(steps, others).into_iter();
        let fate = |place: usize| match is_free(&place) {
            true => fates.next().unwrap_or(Fate::Locked),
            false => Fate::Locked,
        };
        places.into_iter().map(fate).collect()
    }

    fn commit(&mut self, steps: &Arc<Vec<NewStep>>, places: &[usize]) -> Result<Vec<Won>, Error> {
        let (steps, places) = (Arc::clone(steps), places.to_vec());
        let committed = self.connection.run(move |connection| {
            let part = places.iter().filter_map(|place| steps.get(*place));
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

fn answer(waiting: Waiting, result: Result<Stepping, Error>) {
    // Whoever asked may have gone; what is committed stays.
    drop(waiting.outcome.send(result));
}

/// Everything that waits, at most `TOGETHER`, and no two steps of one conversation: the second waits for the next batch. After
/// `at_most` there may be nothing. None when nobody can send steps any more.
fn next_batch(
    queue: &Receiver<Waiting>,
    held: &mut Vec<Waiting>,
    at_most: Option<Duration>,
) -> Option<Vec<Waiting>> {
    let mut offered = std::mem::take(held);
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
    let mut places = HashSet::new();
    for waiting in offered {
        let is_first = taken.len() < TOGETHER && places.insert(waiting.step.conversation);
        if is_first {
            taken.push(waiting);
        } else {
            held.push(waiting);
        }
    }
    Some(taken)
}

fn placed(won: Vec<Won>, count: usize) -> Vec<Stepping> {
    let mut outcomes = vec![Stepping::Lost; count];
    for row in won {
        let place = usize::try_from(row.position - 1).unwrap_or(usize::MAX);
        if let Some(outcome) = outcomes.get_mut(place) {
            *outcome = Stepping::Written {
                before: row.before,
                at: row.at,
            };
        }
    }
    outcomes
}
