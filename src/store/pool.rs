//! The connection pool. A call waits for a bounded time, whatever the database does.

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
use super::health::{Health, State, wait_for_silence};
use super::locks::{LOCKED, is_locked};
use super::worker::{Backend, LastLoss, Opening, Slot, Worker, WorkerState};
use super::workers::Workers;
use crate::config::DatabaseOptions;
use crate::domain::refusal::Refusal;
use crate::error::Error;

/// Extra time beyond the statement timeout; after it, the connection counts as unresponsive.
const GRACE: Duration = Duration::from_secs(2);
/// Settings for statements that must use indexes whatever the table sizes were when their plan was made.
const FOR_APPENDS: &str = "; set plan_cache_mode = force_generic_plan; set enable_seqscan = off; set enable_bitmapscan = off; set enable_mergejoin = off; set jit = off";
/// The lock timeout of the journal's lanes, in milliseconds.
const LANE_LOCK_TIMEOUT_MS: u64 = 250;
const FOR_CLAIMS: &str = "; set synchronous_commit = off; set enable_seqscan = off; set enable_bitmapscan = off; set jit = off";

/// Settings of the feed's connection. Each of its transactions is consistent by itself, so a commit that is
/// lost in a crash is simply repeated. It reads by index only, because it reads few of many rows.
const FOR_FOLLOWING: &str = "; set synchronous_commit = off; set enable_seqscan = off; set enable_bitmapscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set jit = off";

/// Settings of searches: what is read by key is not read by any other index. `set local` permits the index of
/// words where it is used.
const FOR_SEARCHES: &str = "; set statement_timeout = 500; set enable_seqscan = off; set enable_bitmapscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set jit = off";

/// A handle of the pool.
#[derive(Clone)]
pub struct Pool(pub(super) Arc<Shared>);

/// The state shared by all handles.
pub(super) struct Shared {
    pub(super) opening: Opening,
    pub(super) health: Health,
    /// The time limit of a call.
    pub(super) deadline: Duration,
    /// How long the database may not respond at all before it counts as silent.
    pub(super) silence: Duration,
    /// The time limit for opening a connection and proving that it works.
    pub(super) beginning: Duration,
    /// The lock timeout of the journal's lanes, in milliseconds. A lane writes for all conversations, so one
    /// locked conversation must not delay the others for long.
    lane_lock_timeout_ms: u64,
    size: u32,
    current: Mutex<Arc<Generation>>,
    workers: Workers,
}

/// The connections opened since the database was last silent. Connections from before are not reused.
struct Generation {
    permits: Arc<Semaphore>,
    workers: r2d2::Pool<Workers>,
}

/// A worker in use. It becomes idle when its job ends, whether or not a caller still waits for it.
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

    /// A generation of new connections. The permits bound the calls of all generations together.
    fn with(permits: Arc<Semaphore>, workers: &Workers, size: u32) -> Arc<Self> {
        let workers = workers.pooled(size);
        Arc::new(Self { permits, workers })
    }
}

impl Pool {
    /// Connects lazily: an unreachable database fails requests, not this. Fails if `url` is not an address.
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
                last_loss: LastLoss::default(),
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

    /// A connection with the settings of appends, for a thread that owns it and may block.
    pub fn for_appends(&self) -> Result<PgConnection, Error> {
        self.connect(&self.0.for_lanes())
    }

    /// The database's clock, set whenever a connection is opened.
    pub fn clock(&self) -> &DatabaseClock {
        &self.0.opening.clock
    }

    /// A connection outside the pool, for a thread that owns it and may block.
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

    /// The dedicated connection of the thread that writes steps.
    pub fn appender(&self) -> Dedicated {
        Dedicated::new(self, &self.0.for_lanes())
    }

    /// A dedicated connection for claims. Its commits are asynchronous: a claim that is lost in a crash is made
    /// again, and the work under it is committed on other connections, once.
    pub fn claimant(&self) -> Dedicated {
        Dedicated::new(self, FOR_CLAIMS)
    }

    /// The dedicated connection of this server's row in `nodes`. Its commits are asynchronous: a beat that is
    /// lost in a crash is as old as the crash.
    pub fn beating(&self) -> Dedicated {
        Dedicated::new(self, "; set synchronous_commit = off")
    }

    /// The number of connections in the pool.
    pub fn size(&self) -> u32 {
        self.0.size
    }

    /// The dedicated connection of the feed.
    pub fn follower(&self) -> Dedicated {
        Dedicated::new(self, FOR_FOLLOWING)
    }

    /// A dedicated connection for searches.
    pub fn searcher(&self) -> Dedicated {
        Dedicated::new(self, FOR_SEARCHES)
    }

    /// The time that one statement may take.
    pub fn statement_timeout(&self) -> Duration {
        self.0.deadline.saturating_sub(GRACE)
    }

    /// The last observed state of the database.
    pub fn state(&self) -> State {
        self.0.health.state()
    }

    /// Runs a job on a pooled connection's thread. After an error the job may still have been committed.
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
            () = wait_for_silence(listener, silences) => Err(away()),
        }
    }

    async fn ask<T, F>(&self, job: F, silences: u64) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T, Error> + Send + 'static,
    {
        let lease = self.lease(silences).await?;
        let (told, mut outcome) = oneshot::channel();
        let (sender, state) = (lease.worker.sender(), Arc::clone(&lease.worker.state));
        let generation = Arc::clone(&lease.generation);
        state.expect();
        let shared = Arc::clone(&self.0);
        let work = move |slot: &mut Slot| {
            let done = shared.carry_out(slot, &shared.opening, job);
            drop(lease);
            drop(told.send(done));
        };
        if !sender.submit(work) {
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
        self.0.retire_connections(&generation);
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
        // The permit guarantees an idle worker or a new thread.
        let worker = generation.workers.get().map_err(Error::internal)?;
        Ok(Lease {
            worker,
            generation,
            _permit: permit,
        })
    }
}

impl Shared {
    /// The settings of connections that write messages and steps.
    pub(super) fn for_lanes(&self) -> String {
        let lock_timeout = self.lane_lock_timeout_ms;
        format!("{FOR_APPENDS}; set lock_timeout = {lock_timeout}")
    }

    /// The options of connections with an owner. Opening is not retried: owners retry by themselves.
    pub(super) fn opening_for_owner(&self, more: &str) -> Opening {
        let mut opening = self.opening_with(more);
        opening.patience = Duration::ZERO;
        opening
    }

    /// The time limit of a worker's call; shorter until its connection has proven to work.
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

    /// Starts a worker, which is abandoned if the database becomes silent.
    pub(super) fn worker(&self) -> Result<Worker, Error> {
        self.workers.start()
    }

    /// Retires a generation after one of its connections did not respond in time: its idle connections are as
    /// old and may be dead too.
    fn retire_connections(&self, generation: &Arc<Generation>) {
        let mut current = self.current.lock();
        if Arc::ptr_eq(&current, generation) {
            let permits = Arc::clone(&generation.permits);
            *current = Generation::with(permits, &self.workers, self.size);
        }
    }

    /// Runs a job on a worker's thread and records the response.
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
            self.health.note_response();
        }
        outcome
    }

    /// Marks the database as silent: pending calls fail, and new ones are refused.
    pub(super) fn mark_silent(&self) -> State {
        let before = self.health.set(State::Silent);
        self.workers.all().for_each(|state| state.give_up());
        *self.current.lock() = Generation::new(&self.workers, self.size);
        before
    }

    /// The database processes of abandoned calls.
    pub(super) fn abandoned_backends(&self) -> Vec<Backend> {
        let states = self.workers.all();
        states
            .filter(|state| state.is_given_up())
            .filter_map(|state| state.backend())
            .collect()
    }
}

/// The refusal while the database is not reachable.
pub fn away() -> Error {
    Error::Refused(Refusal::Unavailable(
        "The database cannot be reached at the moment",
    ))
}

/// Maps a lost connection or a timeout to a temporary refusal, everything else to an internal error.
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

/// Messages of PostgreSQL on shutdown, startup or timeouts; Diesel has no kinds for them.
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
