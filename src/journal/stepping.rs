//! The thread that commits the steps of deals: all that have gathered in one statement, on a connection of its own.

use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

use super::JournalHandle;
use crate::domain::ids::Seq;
use crate::error::Error;
use crate::metrics::Metrics;
use crate::store::dedicated::Dedicated;
use crate::store::pool::Pool;
use crate::store::steps::{self, NewStep, Won};

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
    outcome: oneshot::Sender<Result<Stepping, Error>>,
}

/// The way to the thread.
#[derive(Clone)]
pub(super) struct Steps(Sender<Waiting>);

impl Steps {
    /// Starts the thread. It ends with the last of those who can reach it.
    pub(super) fn start(pool: Pool, metrics: Arc<Metrics>) -> Self {
        let (sender, waiting) = channel();
        std::thread::spawn(move || {
            let mut writer = Writer {
                metrics,
                connection: pool.appender(),
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
        let sent = self.steps.0.send(Waiting { step, outcome });
        sent.map_err(|_| Error::internal("the thread that writes steps is gone"))?;
        told.await
            .map_err(|_| Error::internal("a step was lost with the thread that writes them"))?
    }
}

struct Writer {
    metrics: Arc<Metrics>,
    connection: Dedicated,
}

impl Writer {
    fn run(&mut self, queue: &Receiver<Waiting>) {
        let mut held = Vec::new();
        while let Some(batch) = next_batch(queue, &mut held) {
            let (steps, outcomes): (Vec<_>, Vec<_>) = batch
                .into_iter()
                .map(|waiting| (waiting.step, waiting.outcome))
                .unzip();
            let all = 0..steps.len();
            let results = self.write(&Arc::new(steps), all);
            for (outcome, result) in outcomes.into_iter().zip(results) {
                // Whoever asked may have gone; what is committed stays.
                drop(outcome.send(result));
            }
        }
    }

    /// An outcome for each, in their order. Should Postgres refuse them together, each is tried alone.
    fn write(
        &mut self,
        steps: &Arc<Vec<NewStep>>,
        part: Range<usize>,
    ) -> Vec<Result<Stepping, Error>> {
        match self.commit(steps, part.clone()) {
            Ok(won) => placed(won, part.len()).into_iter().map(Ok).collect(),
            Err(Error::Internal(_)) if part.len() > 1 => {
                part.flat_map(|at| self.write(steps, at..at + 1)).collect()
            }
            Err(Error::Internal(cause)) => vec![Err(Error::Internal(cause))],
            Err(Error::Refused(refusal)) => {
                part.map(|_| Err(Error::Refused(refusal.clone()))).collect()
            }
        }
    }

    fn commit(&mut self, steps: &Arc<Vec<NewStep>>, part: Range<usize>) -> Result<Vec<Won>, Error> {
        let steps = Arc::clone(steps);
        let committed = self.connection.run(move |connection| {
            let part = steps.get(part).unwrap_or_default();
            steps::commit(connection, part)
        });
        if let Ok(won) = &committed {
            self.metrics.steps.inc_by(won.len() as u64);
        }
        committed
    }
}

/// Everything that waits, at most `TOGETHER`, and no two steps of one conversation: the second waits for the next batch.
fn next_batch(queue: &Receiver<Waiting>, held: &mut Vec<Waiting>) -> Option<Vec<Waiting>> {
    let mut offered = std::mem::take(held);
    if offered.is_empty() {
        offered.push(queue.recv().ok()?);
    }
    offered.extend(queue.try_iter().take(TOGETHER));
    let mut taken: Vec<Waiting> = Vec::with_capacity(offered.len());
    let mut places = std::collections::HashSet::new();
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
