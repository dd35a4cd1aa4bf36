//! Connections, shared by everybody who asks for something now and then. Whoever asks waits for a bounded time, whatever the
//! database does.

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::address;
use super::clock::DatabaseClock;
use super::dedicated::Dedicated;
use super::health::{Health, State, silenced};
use super::locks::{LOCKED, is_locked};
use super::worker::{Backend, Opening, Slot, Worker, WorkerState};
use super::workers::Workers;
use crate::config::DatabaseOptions;
use crate::domain::refusal::Refusal;
use crate::error::Error;

/// What a call may take beyond the time that Postgres allows a statement: then it is the connection that does not answer.
const GRACE: Duration = Duration::from_secs(2);
/// Settings of connections whose statements have one plan each, by index whatever the tables' sizes were when it was made.
const FOR_APPENDS: &str = "; set plan_cache_mode = force_generic_plan; set enable_seqscan = off; set enable_bitmapscan = off; set enable_mergejoin = off; set jit = off";
/// What a lane of the journal waits for a lock at most, in milliseconds.
const LANE_LOCK_TIMEOUT_MS: u64 = 250;
const FOR_CLAIMS: &str = "; set synchronous_commit = off; set enable_seqscan = off; set enable_bitmapscan = off; set jit = off";

/// Settings of the connection that follows the feed. What it commits hangs together, so what is lost with the database is lost as a whole,
/// and done again; and it looks everything up by index, since what it looks up is little of what there is.
const FOR_FOLLOWING: &str = "; set synchronous_commit = off; set enable_seqscan = off; set enable_bitmapscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set jit = off";

/// The pool and the settings that its connections have.
#[derive(Clone)]
pub struct Pool(pub(super) Arc<Shared>);

/// What all handles of the pool share.
pub(super) struct Shared {
    pub(super) opening: Opening,
    pub(super) health: Health,
    /// How long a call may take.
    pub(super) deadline: Duration,
    /// How long the database may say nothing at all.
    pub(super) silence: Duration,
    /// How long it may take until a connection is there and known to work.
    pub(super) beginning: Duration,
    /// Milliseconds that a lane of the journal waits for a lock: it writes for all conversations, and none may hold up the others.
    lane_lock_timeout_ms: u64,
    size: u32,
    current: Mutex<Arc<Generation>>,
    workers: Workers,
}

/// The connections that were opened since the database was last silent. Those that it left hanging count no more.
struct Generation {
    permits: Arc<Semaphore>,
    workers: r2d2::Pool<Workers>,
}

/// A worker that does something for somebody. It lies idle again when that is done, whoever still waits for it.
struct Lease {
    worker: r2d2::PooledConnection<Workers>,
    generation: Arc<Generation>,
    _permit: OwnedSemaphorePermit,
}

impl Generation {
    fn new(workers: &Workers, size: u32) -> Arc<Self> {
        let permits = Arc::new(Semaphore::new(size as usize));
        Self::with(permits, workers, size)
    }

    /// Fresh connections, of which there are never more at work than these permits allow, earlier ones included.
    fn with(permits: Arc<Semaphore>, workers: &Workers, size: u32) -> Arc<Self> {
        let workers = workers.pooled(size);
        Arc::new(Self { permits, workers })
    }
}

impl Pool {
    /// Opens connections when they are needed: a database that is away is an error of requests, not of this. Fails where the address
    /// is none.
    pub fn new(url: &str, options: &DatabaseOptions) -> Result<Self, Error> {
        let settings = format!(
            "set statement_timeout = {}; set lock_timeout = {}; set idle_in_transaction_session_timeout = {}; set timezone = 'UTC'",
            options.statement_timeout_ms,
            options.lock_timeout_ms,
            options.idle_in_transaction_timeout_ms
        );
        let size = options.database_connections;
        let workers = Workers::default();
        Ok(Self(Arc::new(Shared {
            opening: Opening {
                url: address::completed(url)?,
                settings,
                patience: Duration::from_millis(options.database_wait_ms),
                clock: DatabaseClock::default(),
            },
            lane_lock_timeout_ms: options.lock_timeout_ms.min(LANE_LOCK_TIMEOUT_MS),
            health: Health::new(),
            deadline: Duration::from_millis(options.statement_timeout_ms) + GRACE,
            silence: Duration::from_millis(options.database_silence_ms),
            beginning: Duration::from_millis(
                options.database_silence_ms.max(options.database_wait_ms),
            ),
            size,
            current: Mutex::new(Generation::new(&workers, size)),
            workers,
        })))
    }

    /// The connection that messages are appended on, for a thread that keeps it and whom nobody waits for.
    pub fn for_appends(&self) -> Result<PgConnection, Error> {
        self.connect(&self.0.for_lanes())
    }

    /// The database's clock, looked at with each connection that is opened.
    pub fn clock(&self) -> &DatabaseClock {
        &self.0.opening.clock
    }

    /// A connection outside the pool, for a thread that keeps it and whom nobody waits for.
    pub fn dedicated(&self) -> Result<PgConnection, Error> {
        self.connect("")
    }

    fn connect(&self, more: &str) -> Result<PgConnection, Error> {
        let opening = self.0.opening_with(more);
        let mut connection = PgConnection::establish(&opening.url).map_err(|_| away())?;
        connection
            .batch_execute(&opening.settings)
            .map_err(explain)?;
        Ok(connection)
    }

    /// A connection of its own for whoever writes steps.
    pub fn appender(&self) -> Dedicated {
        Dedicated::new(self, &self.0.for_lanes())
    }

    /// A connection of its own for whoever claims rows that say who works on what. Its commits are not waited for: a claim that is
    /// lost with the database is made again, and what is done under it is committed elsewhere, once.
    pub fn claimant(&self) -> Dedicated {
        Dedicated::new(self, FOR_CLAIMS)
    }

    /// A connection of its own for whoever follows the feed.
    pub fn follower(&self) -> Dedicated {
        Dedicated::new(self, FOR_FOLLOWING)
    }

    /// How the database was when it was last looked at.
    pub fn state(&self) -> State {
        self.0.health.state()
    }

    /// How many other servers use the same database, as far as is known.
    pub fn other_servers(&self) -> usize {
        self.0.health.others()
    }

    /// Does something with a connection, on that connection's thread. An error leaves open whether it was done.
    pub async fn run<T, F>(&self, job: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T, Error> + Send + 'static,
    {
        let mut listener = self.0.health.listen();
        let answers = async {
            let answers = listener.wait_for(|known| known.state != State::Silent);
            answers.await.map(|known| known.silences)
        };
        let waited = tokio::time::timeout(self.0.opening.patience, answers).await;
        let Ok(Ok(silences)) = waited else {
            return Err(away());
        };
        let asked = self.ask(job, silences);
        tokio::select! {
            outcome = asked => outcome,
            () = silenced(listener, silences) => Err(away()),
        }
    }

    async fn ask<T, F>(&self, job: F, silences: u64) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T, Error> + Send + 'static,
    {
        let lease = self.lease(silences).await?;
        let (told, mut outcome) = oneshot::channel();
        let (door, state) = (lease.worker.door(), Arc::clone(&lease.worker.state));
        let generation = Arc::clone(&lease.generation);
        state.expect();
        let shared = Arc::clone(&self.0);
        let work = move |slot: &mut Slot| {
            let done = shared.carry_out(slot, &shared.opening, job);
            drop(lease);
            drop(told.send(done));
        };
        if !door.hand(work) {
            return Err(Error::internal("a thread with a connection is gone"));
        }
        if let Ok(done) = tokio::time::timeout(self.0.beginning, &mut outcome).await {
            return done.map_err(Error::internal)?;
        }
        let rest = self.0.deadline.saturating_sub(self.0.beginning);
        if state.has_begun()
            && let Ok(done) = tokio::time::timeout(rest, outcome).await
        {
            return done.map_err(Error::internal)?;
        }
        state.give_up();
        self.0.leave(&generation);
        Err(away())
    }

    async fn lease(&self, silences: u64) -> Result<Lease, Error> {
        let generation = Arc::clone(&self.0.current.lock());
        let permit = Arc::clone(&generation.permits).acquire_owned();
        let permit = tokio::time::timeout(self.0.opening.patience, permit).await;
        let Ok(Ok(permit)) = permit else {
            return Err(away());
        };
        if self.0.health.silences() != silences {
            return Err(away());
        }
        // Whoever holds a permit finds an idle worker, or a new thread, which costs less than a look at the database.
        let worker = generation.workers.get().map_err(Error::internal)?;
        Ok(Lease {
            worker,
            generation,
            _permit: permit,
        })
    }
}

impl Shared {
    /// The settings of connections that messages and steps are written on.
    pub(super) fn for_lanes(&self) -> String {
        let lock_timeout = self.lane_lock_timeout_ms;
        format!("{FOR_APPENDS}; set lock_timeout = {lock_timeout}")
    }

    /// How whoever keeps a connection opens it, with these settings besides: owners have a patience of their own, or look again after
    /// a while.
    pub(super) fn opening_for_owner(&self, more: &str) -> Opening {
        let mut opening = self.opening_with(more);
        opening.patience = Duration::ZERO;
        opening
    }

    /// How long a worker's call may take: less until its connection is known to work.
    pub(super) fn allowed(&self, state: &WorkerState) -> Duration {
        match state.has_begun() {
            true => self.deadline,
            false => self.beginning,
        }
    }

    pub(super) fn opening_with(&self, more: &str) -> Opening {
        let mut opening = self.opening.clone();
        opening.settings.push_str(more);
        opening
    }

    /// Starts a worker that is given up should the database fall silent.
    pub(super) fn worker(&self) -> Result<Worker, Error> {
        self.workers.start()
    }

    /// A connection did not answer in time. Those that lie idle beside it are as old, and may be as dead: they are used no more.
    fn leave(&self, generation: &Arc<Generation>) {
        let mut current = self.current.lock();
        if Arc::ptr_eq(&current, generation) {
            let permits = Arc::clone(&generation.permits);
            *current = Generation::with(permits, &self.workers, self.size);
        }
    }

    /// Runs a job on a worker's thread, and notes that something was heard.
    pub(super) fn carry_out<T>(
        &self,
        slot: &mut Slot,
        opening: &Opening,
        job: impl FnOnce(&mut PgConnection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let outcome = slot.run(opening, job);
        let is_away = |error: &Error| {
            matches!(error, Error::Refused(Refusal::Unavailable(_))) && !is_locked(error)
        };
        if !outcome.as_ref().is_err_and(is_away) {
            self.health.heard();
        }
        outcome
    }

    /// The database is silent: nobody waits for what it was asked, and nobody asks for more.
    pub(super) fn fall_silent(&self) -> State {
        let before = self.health.set(State::Silent);
        self.workers.all().for_each(|state| state.give_up());
        *self.current.lock() = Generation::new(&self.workers, self.size);
        before
    }

    /// The database's processes for calls that nobody waits for any more.
    pub(super) fn left_behind(&self) -> Vec<Backend> {
        let states = self.workers.all();
        states
            .filter(|state| state.is_given_up())
            .filter_map(|state| state.backend())
            .collect()
    }
}

/// The refusal while the database can not be reached.
pub fn away() -> Error {
    Error::Refused(Refusal::Unavailable(
        "The database can not be reached at the moment",
    ))
}

/// Tells a lost connection or an exhausted wait (temporary) from everything else (internal).
pub fn explain(error: diesel::result::Error) -> Error {
    use diesel::result::{DatabaseErrorKind as Kind, Error as Db};
    match &error {
        Db::DatabaseError(
            Kind::ClosedConnection | Kind::UnableToSendCommand | Kind::SerializationFailure,
            _,
        )
        | Db::BrokenTransactionManager => away(),
        Db::DatabaseError(_, told) if told.message().contains("lock timeout") => LOCKED.into(),
        Db::DatabaseError(_, told) if is_passing(told.message()) => away(),
        _ => Error::internal(error),
    }
}

/// What Postgres says when it stops, starts, or lets nobody wait longer; Diesel knows no kinds for these.
fn is_passing(message: &str) -> bool {
    const SIGNS: [&str; 8] = [
        "terminating connection",
        "server closed the connection",
        "connection to server",
        "no connection to the server",
        "the database system is",
        "statement timeout",
        "could not receive data",
        "deadlock detected",
    ];
    SIGNS.iter().any(|sign| message.contains(sign))
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        explain(error)
    }
}
