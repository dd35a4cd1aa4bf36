//! Connections: a pool with short waits, the settings of every connection, migrations under an advisory lock.

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::r2d2::ConnectionManager;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use r2d2::ManageConnection;
use std::time::{Duration, Instant};

use crate::config::DatabaseOptions;
use crate::domain::refusal::Refusal;
use crate::error::Error;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");
/// The advisory lock under which servers that start side by side migrate one after the other.
const MIGRATION_LOCK: i64 = 0x0053_746f_615f_6462;

/// The pool and the settings that its connections have.
#[derive(Clone)]
pub struct Pool {
    inner: r2d2::Pool<Connections>,
    url: String,
    settings: String,
}

/// Opens connections with their settings, and looks whether they are still there.
struct Connections {
    manager: ConnectionManager<PgConnection>,
    settings: String,
}

/// A connection of the pool.
struct Kept {
    connection: PgConnection,
    /// When it last did what it should; none when it failed since.
    proven: Option<Instant>,
}

/// For how long a connection that has just worked is taken to work. Asking costs a round trip for each request.
const TRUST: Duration = Duration::from_millis(500);

impl ManageConnection for Connections {
    type Connection = Kept;
    type Error = diesel::r2d2::Error;

    fn connect(&self) -> Result<Kept, Self::Error> {
        let mut connection = self.manager.connect()?;
        connection
            .batch_execute(&self.settings)
            .map_err(diesel::r2d2::Error::QueryError)?;
        let proven = Some(Instant::now());
        Ok(Kept { connection, proven })
    }

    fn is_valid(&self, kept: &mut Kept) -> Result<(), Self::Error> {
        if kept.proven.is_some_and(|at| at.elapsed() < TRUST) {
            return Ok(());
        }
        self.manager.is_valid(&mut kept.connection)
    }

    fn has_broken(&self, kept: &mut Kept) -> bool {
        self.manager.has_broken(&mut kept.connection)
    }
}

impl Pool {
    /// Opens connections lazily: a database that is away is an error of requests, not of this.
    pub fn new(url: &str, options: &DatabaseOptions) -> Result<Self, Error> {
        let url = with_connect_timeout(url);
        let settings = format!(
            "set statement_timeout = {}; set lock_timeout = {}; set idle_in_transaction_session_timeout = {}; set timezone = 'UTC'",
            options.statement_timeout_ms, options.lock_timeout_ms, options.statement_timeout_ms
        );
        let inner = r2d2::Pool::builder()
            .max_size(options.database_connections)
            .min_idle(Some(1))
            .connection_timeout(Duration::from_millis(options.database_wait_ms))
            .error_handler(Box::new(LoggedOnce))
            .build_unchecked(Connections {
                manager: ConnectionManager::new(&url),
                settings: settings.clone(),
            });
        Ok(Self {
            inner,
            url,
            settings,
        })
    }

    /// The connection that messages are appended on. Its one statement gets one plan, by index whatever the tables' sizes
    /// were when it was made.
    pub fn for_appends(&self) -> Result<PgConnection, Error> {
        let mut connection = self.dedicated()?;
        connection.batch_execute("set plan_cache_mode = force_generic_plan; set enable_seqscan = off; set enable_bitmapscan = off; set enable_mergejoin = off; set jit = off").map_err(explain)?;
        Ok(connection)
    }

    fn for_claims(&self) -> Result<PgConnection, Error> {
        let mut connection = self.dedicated()?;
        let settings = "set synchronous_commit = off; set enable_seqscan = off; set enable_bitmapscan = off; set jit = off";
        connection.batch_execute(settings).map_err(explain)?;
        Ok(connection)
    }

    /// A connection outside the pool, for a thread that keeps it.
    pub fn dedicated(&self) -> Result<PgConnection, Error> {
        let mut connection = PgConnection::establish(&self.url).map_err(|_| away())?;
        connection.batch_execute(&self.settings).map_err(explain)?;
        Ok(connection)
    }

    /// Whoever claims rows that say who works on what.
    pub fn claimant(&self) -> Claimant {
        Claimant {
            pool: self.clone(),
            connection: None,
        }
    }

    /// Runs a blocking job with a connection on a thread for such jobs.
    pub async fn run<T, F>(&self, job: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T, Error> + Send + 'static,
    {
        let pool = self.inner.clone();
        let with_connection = move || {
            let mut kept = pool.get().map_err(|_| away())?;
            let outcome = job(&mut kept.connection);
            kept.proven = outcome.is_ok().then(Instant::now);
            outcome
        };
        let joined = tokio::task::spawn_blocking(with_connection).await;
        joined.map_err(Error::internal)?
    }
}

/// A connection of its own for claims. Its commits are not waited for: a claim that is lost with the database is made again, and
/// what is done under it is committed elsewhere, once.
pub struct Claimant {
    pool: Pool,
    connection: Option<PgConnection>,
}

impl Claimant {
    /// Runs a blocking job on a thread for such jobs. After an error the next one gets a new connection.
    pub async fn run<T, F>(&mut self, job: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T, Error> + Send + 'static,
    {
        let (pool, kept) = (self.pool.clone(), self.connection.take());
        let with_connection = move || {
            let mut connection = match kept {
                Some(connection) => connection,
                None => pool.for_claims()?,
            };
            let outcome = job(&mut connection)?;
            Ok::<_, Error>((connection, outcome))
        };
        let joined = tokio::task::spawn_blocking(with_connection).await;
        let (connection, outcome) = joined.map_err(Error::internal)??;
        self.connection = Some(connection);
        Ok(outcome)
    }
}

/// r2d2 reports each failed attempt to connect, several a second while the database is away.
#[derive(Debug)]
struct LoggedOnce;

impl<E: std::error::Error> r2d2::HandleError<E> for LoggedOnce {
    fn handle_error(&self, error: E) {
        log::debug!(event = "database_connection_failed"; "{error}");
    }
}

/// A host that does not answer is given up after 3 seconds; libpq would wait for minutes.
fn with_connect_timeout(url: &str) -> String {
    if url.contains("connect_timeout") || !url.contains("://") {
        return url.to_owned();
    }
    format!(
        "{url}{}connect_timeout=3",
        if url.contains('?') { '&' } else { '?' }
    )
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
        Db::DatabaseError(_, told) if is_passing(told.message()) => away(),
        _ => Error::internal(error),
    }
}

/// What Postgres says when it stops, starts, or lets nobody wait longer; Diesel knows no kinds for these.
fn is_passing(message: &str) -> bool {
    const SIGNS: [&str; 9] = [
        "terminating connection",
        "server closed the connection",
        "connection to server",
        "no connection to the server",
        "the database system is",
        "lock timeout",
        "statement timeout",
        "could not receive data",
        "deadlock detected",
    ];
    SIGNS.iter().any(|sign| message.contains(sign))
}

/// Brings the database to this version's schema; servers that start together wait for each other.
pub fn migrate(connection: &mut PgConnection) -> Result<(), Error> {
    connection
        .batch_execute(&format!("set statement_timeout = 0; set lock_timeout = 0; select pg_advisory_lock({MIGRATION_LOCK})"))
        .map_err(explain)?;
    let outcome = connection
        .run_pending_migrations(MIGRATIONS)
        .map(|_| ())
        .map_err(Error::internal);
    connection
        .batch_execute(&format!("select pg_advisory_unlock({MIGRATION_LOCK})"))
        .map_err(explain)?;
    outcome
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        explain(error)
    }
}
