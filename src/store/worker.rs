//! A database connection on a thread of its own. A libpq call returns only when the server responds, so this
//! thread blocks, and callers wait for the thread as long as they choose.

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};
use parking_lot::Mutex;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use super::clock::DatabaseClock;
use super::locks::is_locked;
use super::pool::{away, explain};
use crate::error::Error;

type Job = Box<dyn FnOnce(&mut Slot) + Send>;

/// How long a connection that has just worked is trusted without a test, which costs a round trip.
const TRUSTED_FOR: Duration = Duration::from_millis(500);

/// The database process of a connection. The start time distinguishes it from a later process with the same
/// number.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub(super) struct Backend {
    #[diesel(sql_type = Integer)]
    pub(super) pid: i32,
    #[diesel(sql_type = Text)]
    pub(super) started: String,
}

/// How connections are opened.
#[derive(Clone)]
pub(super) struct Opening {
    pub(super) url: String,
    /// Statements run on every new connection.
    pub(super) settings: String,
    /// How long to retry.
    pub(super) patience: Duration,
    /// Set from each new connection.
    pub(super) clock: DatabaseClock,
    /// Shared by all workers.
    pub(super) last_loss: LastLoss,
}

/// When a connection was last lost. What worked before may be lost too, so it is tested before it is used again.
#[derive(Clone, Default)]
pub(super) struct LastLoss(Arc<Mutex<Option<Instant>>>);

impl LastLoss {
    fn note(&self) {
        *self.0.lock() = Some(Instant::now());
    }

    fn is_after(&self, success: Instant) -> bool {
        self.0.lock().is_some_and(|lost| lost >= success)
    }
}

/// The state of a worker that others can read while it is busy.
#[derive(Default)]
pub(super) struct WorkerState {
    backend: Mutex<Option<Backend>>,
    given_up: AtomicBool,
    /// Whether its connection has been tested and the requested job has begun.
    begun: AtomicBool,
}

/// A thread with a connection. The thread ends when this is dropped, or after its current call if it was given
/// up.
pub(super) struct Worker {
    jobs: Sender<Job>,
    pub(super) state: Arc<WorkerState>,
}

/// The thread's side: its connection, once it has one.
pub(super) struct Slot {
    connection: Option<PgConnection>,
    /// When it last succeeded; `None` after a failure.
    last_success: Option<Instant>,
    state: Arc<WorkerState>,
}

impl WorkerState {
    /// Abandons the worker: its current call is its last.
    pub(super) fn give_up(&self) {
        self.given_up.store(true, Ordering::Release);
    }

    pub(super) fn is_given_up(&self) -> bool {
        self.given_up.load(Ordering::Acquire)
    }

    /// Prepares the state for a new job.
    pub(super) fn expect(&self) {
        self.begun.store(false, Ordering::Release);
    }

    pub(super) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Acquire)
    }

    pub(super) fn backend(&self) -> Option<Backend> {
        self.backend.lock().clone()
    }
}

impl Worker {
    /// Starts a thread, which connects on its first job.
    pub(super) fn start() -> Result<Self, Error> {
        let (jobs, came) = channel();
        let state = Arc::new(WorkerState::default());
        let slot = Slot {
            connection: None,
            last_success: None,
            state: Arc::clone(&state),
        };
        let named = std::thread::Builder::new().name("database".to_owned());
        named
            .spawn(move || work(&came, slot))
            .map_err(Error::internal)?;
        Ok(Self { jobs, state })
    }

    /// A sender to the same thread, for a job that owns this worker.
    pub(super) fn sender(&self) -> WorkerSender {
        WorkerSender(self.jobs.clone())
    }

    /// Sends a job to the thread; false if the thread has ended.
    pub(super) fn submit(&self, job: impl FnOnce(&mut Slot) + Send + 'static) -> bool {
        self.sender().submit(job)
    }
}

/// A sender of jobs to a worker's thread.
pub(super) struct WorkerSender(Sender<Job>);

impl WorkerSender {
    pub(super) fn submit(self, job: impl FnOnce(&mut Slot) + Send + 'static) -> bool {
        self.0.send(Box::new(job)).is_ok()
    }
}

fn work(jobs: &Receiver<Job>, mut slot: Slot) {
    while let Ok(job) = jobs.recv() {
        let panicked = catch_unwind(AssertUnwindSafe(|| job(&mut slot))).is_err();
        if panicked || slot.state.is_given_up() {
            return slot.state.give_up();
        }
    }
}

impl Slot {
    /// Runs a job with the connection. Opens it if necessary and keeps it if it is still usable.
    pub(super) fn run<T>(
        &mut self,
        opening: &Opening,
        job: impl FnOnce(&mut PgConnection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.drop_if_lost(&opening.last_loss);
        if self.connection.is_none() {
            self.open_with_patience(opening)?;
        }
        self.state.begun.store(true, Ordering::Release);
        let connection = self.connection.as_mut();
        let outcome = job(connection.ok_or_else(|| Error::internal("no connection"))?);
        self.last_success = outcome.is_ok().then(Instant::now);
        let is_lost = |error: &Error| matches!(error, Error::Refused(_)) && !is_locked(error);
        if outcome.as_ref().is_err_and(is_lost) || self.is_broken() {
            opening.last_loss.note();
            self.close();
        }
        outcome
    }

    /// The connection, if there is one.
    pub(super) fn opened(&mut self) -> Option<&mut PgConnection> {
        self.connection.as_mut()
    }

    /// Closes the connection, if there is one.
    pub(super) fn close(&mut self) {
        self.connection = None;
        *self.state.backend.lock() = None;
    }

    /// Opens a connection; the error is libpq's text.
    pub(super) fn open(&mut self, opening: &Opening) -> Result<&mut PgConnection, String> {
        self.close();
        let mut connection =
            PgConnection::establish(&opening.url).map_err(|error| error.to_string())?;
        let begun = connection
            .batch_execute(&opening.settings)
            .and_then(|()| opening.clock.set_by(&mut connection))
            .and_then(|()| backend_of(&mut connection));
        *self.state.backend.lock() = Some(begun.map_err(|error| error.to_string())?);
        self.last_success = Some(Instant::now());
        Ok(self.connection.insert(connection))
    }

    fn open_with_patience(&mut self, opening: &Opening) -> Result<(), Error> {
        let begun = Instant::now();
        let mut pause = Duration::from_millis(20);
        while let Err(told) = self.open(opening).map(drop) {
            log::debug!(event = "database_connection_failed"; "{}", super::address::without_secrets(&told, &opening.url));
            if self.state.is_given_up() || begun.elapsed() + pause > opening.patience {
                return Err(away());
            }
            std::thread::sleep(pause);
            pause *= 2;
        }
        Ok(())
    }

    fn drop_if_lost(&mut self, last_loss: &LastLoss) {
        let is_fresh = self
            .last_success
            .is_some_and(|at| at.elapsed() < TRUSTED_FOR && !last_loss.is_after(at));
        let Some(connection) = self.connection.as_mut().filter(|_| !is_fresh) else {
            return;
        };
        if connection
            .batch_execute("select 1")
            .map_err(explain)
            .is_err()
        {
            last_loss.note();
            self.close();
        }
    }

    fn is_broken(&mut self) -> bool {
        self.connection
            .as_mut()
            .is_some_and(AnsiTransactionManager::is_broken_transaction_manager)
    }
}

fn backend_of(connection: &mut PgConnection) -> QueryResult<Backend> {
    let own = "select pid, backend_start::text as started from pg_stat_activity where pid = pg_backend_pid()";
    diesel::sql_query(own).get_result(connection)
}
