//! The thread that commits batches: one connection of its own, one commit at a time.

use actix::{Message, Recipient};
use diesel::pg::PgConnection;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use super::{Append, Marking, Outcome, PATIENCE};
use crate::domain::ids::ConversationNo;
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::store::append::{self, Appended, NewMessage};
use crate::store::marks;
use crate::store::pool::Pool;

/// What goes into one commit.
pub(super) struct Batch {
    pub(super) appends: Vec<Append>,
    pub(super) marks: Vec<Marking>,
}

/// A batch that is over, with an outcome for each append, in their order.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Committed {
    pub(super) batch: Batch,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) mark_outcome: Outcome,
    pub(super) took: Duration,
}

/// The way to the thread.
pub(super) struct Lane(Sender<Batch>);

impl Lane {
    /// Starts the thread; what it has committed it reports to `journal`. It ends with the journal.
    pub(super) fn start(pool: Pool, journal: Recipient<Committed>) -> Self {
        let (sender, batches) = channel();
        std::thread::spawn(move || {
            Worker {
                pool,
                connection: None,
            }
            .run(&batches, &journal)
        });
        Self(sender)
    }

    /// Hands over a batch. The thread lives as long as this does.
    pub(super) fn send(&self, batch: Batch) {
        if self.0.send(batch).is_err() {
            log::error!(event = "journal_thread_lost"; "the journal's thread is gone; what was handed to it is not committed");
        }
    }
}

struct Worker {
    pool: Pool,
    connection: Option<PgConnection>,
}

impl Worker {
    fn run(mut self, batches: &Receiver<Batch>, journal: &Recipient<Committed>) {
        while let Ok(batch) = batches.recv() {
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
        let messages: Vec<NewMessage<'_>> = appends.iter().map(new_message).collect();
        let mut outcomes = vec![Outcome::Stale; messages.len()];
        if !messages.is_empty() {
            self.commit_part(&messages, &mut outcomes);
        }
        outcomes
    }

    /// Commits a part of a batch. Should Postgres refuse it, its halves are tried, until the culprit stands alone.
    fn commit_part(&mut self, messages: &[NewMessage<'_>], outcomes: &mut [Outcome]) {
        match self.with_patience(|connection| append::append(connection, messages)) {
            Ok(rows) => rows.into_iter().for_each(|row| place(row, outcomes)),
            Err(Error::Refused(_)) => outcomes.fill(Outcome::Unknown),
            Err(Error::Internal(cause)) if messages.len() <= 1 => {
                log::error!(event = "append_refused"; "{cause}");
                outcomes.fill(Outcome::Refused(Refusal::Unprocessable(
                    "The message can not be stored",
                )));
            }
            Err(Error::Internal(_)) => {
                let middle = messages.len() / 2;
                let (first, second) = messages.split_at(middle);
                let (first_outcomes, second_outcomes) = outcomes.split_at_mut(middle);
                self.commit_part(first, first_outcomes);
                self.commit_part(second, second_outcomes);
            }
        }
    }

    fn commit_marks(&mut self, markings: &[Marking]) -> Outcome {
        let marks: Vec<marks::NewMark> = markings.iter().map(|marking| marking.mark).collect();
        if marks.is_empty() {
            return Outcome::Marked;
        }
        match self.with_patience(|connection| marks::advance(connection, &marks)) {
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
    fn with_patience<T>(
        &mut self,
        mut run: impl FnMut(&mut PgConnection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let begun = Instant::now();
        let mut pause = Duration::from_millis(20);
        loop {
            let tried = self.connected().and_then(&mut run);
            let Err(Error::Refused(refusal)) = tried else {
                return tried;
            };
            self.connection = None;
            if begun.elapsed() + pause > PATIENCE {
                log::warn!(event = "commit_given_up", refusal = refusal.code_and_status().0; "the database is away");
                return Err(Error::Refused(refusal));
            }
            std::thread::sleep(pause);
            pause *= 2;
        }
    }

    fn connected(&mut self) -> Result<&mut PgConnection, Error> {
        if self.connection.is_none() {
            self.connection = Some(self.pool.for_appends()?);
        }
        self.connection
            .as_mut()
            .ok_or_else(|| Error::internal("no connection"))
    }
}

fn new_message(append: &Append) -> NewMessage<'_> {
    NewMessage {
        conversation: append.conversation,
        policy: append.policy,
        sender: append.sender,
        draft: &append.draft,
        fingerprint: append.draft.fingerprint(append.conversation),
    }
}

fn place(row: Appended, outcomes: &mut [Outcome]) {
    let position = usize::try_from(row.position - 1).unwrap_or(usize::MAX);
    let Some(outcome) = outcomes.get_mut(position) else {
        return;
    };
    *outcome = match row.outcome.as_str() {
        "fresh" => Outcome::Stored {
            seq: row.seq,
            at: row.created_at,
        },
        "orphaned" => Outcome::Refused(Refusal::MessageNotFound),
        _ => Outcome::Known {
            conversation: ConversationNo(row.conversation),
            seq: row.seq,
            at: row.created_at,
            fingerprint: row.fingerprint,
        },
    };
}
