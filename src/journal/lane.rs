//! The thread that commits batches: one connection of its own, one commit at a time.

use actix::{Message, Recipient};
use diesel::pg::PgConnection;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::batch::Batch;
use super::queue::Queue;
use super::{Append, Marking, Outcome, PATIENCE};
use crate::domain::ids::{ConversationNo, PolicyVersion, UserNo};
use crate::domain::message::Draft;
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::store::append::{Appended, NewMessage, append, append_carefully};
use crate::store::dedicated::Dedicated;
use crate::store::marks;
use crate::store::pool::Pool;

/// How many batches after one with a repeat are looked through for repeats first: they come together, as when many clients come
/// back, and each one that the unique index refuses costs a batch that was written in vain.
const CAUTION: u32 = 16;

/// A batch that is over, with an outcome for each append, in their order.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Committed {
    pub(super) batch: Batch,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) mark_outcome: Outcome,
    pub(super) took: Duration,
}

/// Starts the thread; what it has committed it reports to `journal`. It ends when the queue is closed, and closes it should it
/// panic.
pub(super) fn start(pool: Pool, queue: Arc<Queue>, limit: usize, journal: Recipient<Committed>) {
    let worker = Worker {
        connection: pool.appender(),
        queue,
        caution: 0,
    };
    std::thread::spawn(move || worker.run(limit, &journal));
}

struct Worker {
    connection: Dedicated,
    queue: Arc<Queue>,
    /// Batches that are still to be looked through first.
    caution: u32,
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
        while let Some(batch) = self.queue.take(limit) {
            let begun = Instant::now();
            let outcomes = self.commit_appends(&batch.appends);
            let mark_outcome = self.commit_marks(&batch.marks);
            journal.do_send(Committed {
                batch,
                outcomes,
                mark_outcome,
                took: begun.elapsed(),
            });
        }
    }

    fn commit_appends(&mut self, appends: &[Append]) -> Vec<Outcome> {
        let messages: Vec<Said> = appends.iter().map(Said::of).collect();
        let mut outcomes = vec![Outcome::Stale; messages.len()];
        if !messages.is_empty() {
            let all = 0..messages.len();
            self.commit_part(&Arc::new(messages), all, &mut outcomes);
        }
        outcomes
    }

    /// Commits a part of a batch. Should Postgres refuse it, its halves are tried, until the culprit stands alone.
    fn commit_part(
        &mut self,
        messages: &Arc<Vec<Said>>,
        part: Range<usize>,
        outcomes: &mut [Outcome],
    ) {
        match self.store(messages, part.clone()) {
            Ok(stored) => {
                let told = stored.into_iter().map(outcome_of);
                outcomes
                    .iter_mut()
                    .zip(told)
                    .for_each(|(to, from)| *to = from);
            }
            Err(Error::Refused(_)) => outcomes.fill(Outcome::Unknown),
            Err(Error::Internal(cause)) if part.len() <= 1 => {
                log::error!(event = "append_refused"; "{cause}");
                outcomes.fill(Outcome::Refused(Refusal::Unprocessable(
                    "The message can not be stored",
                )));
            }
            Err(Error::Internal(_)) => {
                let half = part.len() / 2;
                let (first_outcomes, second_outcomes) = outcomes.split_at_mut(half);
                let middle = part.start + half;
                self.commit_part(messages, part.start..middle, first_outcomes);
                self.commit_part(messages, middle..part.end, second_outcomes);
            }
        }
    }

    /// The first try takes every message for a new one, unless repeats are likely; a second try finds what the first has stored.
    fn store(
        &mut self,
        messages: &Arc<Vec<Said>>,
        part: Range<usize>,
    ) -> Result<Vec<Appended>, Error> {
        let mut hopes = self.caution == 0;
        let stored = self.with_patience(|| {
            let (messages, part) = (Arc::clone(messages), part.clone());
            let hopes = std::mem::take(&mut hopes);
            move |connection: &mut PgConnection| {
                let part = messages.get(part).unwrap_or_default();
                let new: Vec<NewMessage<'_>> = part.iter().map(Said::as_new).collect();
                match hopes {
                    true => append(connection, &new),
                    false => append_carefully(connection, &new),
                }
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

    fn commit_marks(&mut self, markings: &[Marking]) -> Outcome {
        let marks: Arc<Vec<marks::NewMark>> =
            Arc::new(markings.iter().map(|marking| marking.mark).collect());
        if marks.is_empty() {
            return Outcome::Marked;
        }
        let advanced = self.with_patience(|| {
            let marks = Arc::clone(&marks);
            move |connection: &mut PgConnection| marks::advance(connection, &marks)
        });
        match advanced {
            Ok(()) => Outcome::Marked,
            Err(Error::Refused(_)) => Outcome::Unknown,
            Err(Error::Internal(cause)) => {
                log::error!(event = "marks_refused"; "{cause}");
                Outcome::Unknown
            }
        }
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
}

/// What is stored of an append. It may outlive its batch on a connection that does not answer, so it holds no permit.
struct Said {
    conversation: ConversationNo,
    policy: PolicyVersion,
    sender: UserNo,
    draft: Arc<Draft>,
    fingerprint: i64,
}

impl Said {
    fn of(append: &Append) -> Self {
        Self {
            conversation: append.conversation,
            policy: append.policy,
            sender: append.sender,
            draft: Arc::clone(&append.draft),
            fingerprint: append.fingerprint,
        }
    }

    fn as_new(&self) -> NewMessage<'_> {
        NewMessage {
            conversation: self.conversation,
            policy: self.policy,
            sender: self.sender,
            draft: &self.draft,
            fingerprint: self.fingerprint,
        }
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
