//! Checks a database before a server uses it, and migrates its schema.

use diesel::connection::SimpleConnection;
use diesel::migration::MigrationSource;
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer, Text};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use std::collections::HashSet;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

use super::address::{OPTION, completed, is_final, without_secrets};
use super::pool::{Pool, explain};
use super::worker::Worker;
use crate::error::Error;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");
/// The advisory lock under which servers that start together migrate one after the other.
const MIGRATION_LOCK: i64 = 0x0053_746f_615f_6462;
/// The oldest supported version of PostgreSQL, and the versions that the tests have run on.
const OLDEST: i32 = 13;
const TESTED: [i32; 1] = [15];
/// How long to wait for a database that is not reachable.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often two connections are compared to detect that a pooler shares one between them.
const COMPARISONS: usize = 4;

/// Why the database cannot be used.
enum NotReady {
    /// It is not reachable now; a retry may succeed.
    Unreachable(String),
    /// A retry cannot succeed.
    Permanent(String),
}

/// Waits for the database, checks it, and migrates it to this version's schema. The error is a text for the
/// operator.
pub async fn prepare(pool: &Pool) -> Result<(), String> {
    let begun = Instant::now();
    let mut known = String::new();
    loop {
        let reason = match attempt(pool).await {
            Ok(()) => return Ok(()),
            Err(NotReady::Permanent(reason)) => return Err(reason),
            Err(NotReady::Unreachable(reason)) => reason,
        };
        if begun.elapsed() > PATIENCE {
            return Err(format!(
                "The database could not be reached for {} seconds: {reason}. Is {OPTION} right, and is it running?",
                PATIENCE.as_secs()
            ));
        }
        if known != reason {
            log::warn!(event = "database_away"; "waiting for the database: {reason}");
        }
        known = reason;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Runs on a thread of its own, so that a database that does not respond cannot keep the server from stopping.
async fn attempt(pool: &Pool) -> Result<(), NotReady> {
    let wrong = |error: Error| NotReady::Permanent(error.to_string());
    let worker = Worker::start().map_err(wrong)?;
    let (told, outcome) = oneshot::channel();
    let pool = pool.clone();
    worker.submit(move |_| drop(told.send(make_ready(&pool))));
    let gone = |_| NotReady::Permanent("the database could not be prepared".to_owned());
    outcome.await.map_err(gone)?
}

fn make_ready(pool: &Pool) -> Result<(), NotReady> {
    let address = &pool.0.opening.url;
    let mut connection = establish(address)?;
    check(&mut connection, address)?;
    migrate(&mut connection).map_err(unprepared)
}

fn establish(address: &str) -> Result<PgConnection, NotReady> {
    PgConnection::establish(address).map_err(|error| {
        let told = error.to_string();
        let shown = without_secrets(&told, address);
        match is_final(&told) {
            true => NotReady::Permanent(format!(
                "The database cannot be used: {shown}. It is named by {OPTION}."
            )),
            false => NotReady::Unreachable(shown),
        }
    })
}

fn unprepared(error: Error) -> NotReady {
    match error {
        Error::Internal(cause) => {
            NotReady::Permanent(format!("The database could not be prepared: {cause}"))
        }
        Error::Refused(refusal) => NotReady::Unreachable(refusal.message()),
    }
}

/// A connection for a command on a server's database. It makes the checks of a server's start and requires this
/// version's schema; it does not migrate. The error is a text for the operator.
pub fn connect(address: &str) -> Result<PgConnection, String> {
    let address = &completed(address).map_err(|error| error.to_string())?;
    let ready = establish(address).and_then(|mut connection| {
        check(&mut connection, address)?;
        refuse_other_schema(&mut connection)?;
        Ok(connection)
    });
    ready.map_err(|not_ready| match not_ready {
        NotReady::Permanent(reason) => reason,
        NotReady::Unreachable(reason) => format!("The database could not be reached: {reason}"),
    })
}

fn refuse_other_schema(connection: &mut PgConnection) -> Result<(), NotReady> {
    let is_older = refuse_newer(connection).and_then(|()| {
        let made = has_migrations(connection)?;
        let pending = made
            && connection
                .has_pending_migration(MIGRATIONS)
                .map_err(Error::internal)?;
        Ok(!made || pending)
    });
    match is_older.map_err(unprepared)? {
        true => Err(NotReady::Permanent(format!(
            "The database's schema is older than this version of Stoa ({}): start the server of this version on it first.",
            env!("CARGO_PKG_VERSION")
        ))),
        false => Ok(()),
    }
}

#[derive(QueryableByName)]
struct Facts {
    #[diesel(sql_type = Text)]
    version: String,
    #[diesel(sql_type = Integer)]
    number: i32,
    #[diesel(sql_type = Text)]
    encoding: String,
    #[diesel(sql_type = Text)]
    database: String,
}

fn check(connection: &mut PgConnection, address: &str) -> Result<(), NotReady> {
    const FACTS: &str = "select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
        current_setting('server_encoding') as encoding, current_database()::text as database";
    refuse_shared_connections(connection, address)?;
    let facts: Facts = diesel::sql_query(FACTS)
        .get_result(connection)
        .map_err(not_ready)?;
    if let Some(problem) = problem_of(&facts) {
        return Err(NotReady::Permanent(problem));
    }
    if !TESTED.contains(&(facts.number / 10_000)) {
        log::warn!(event = "database_not_tested", version = facts.version.as_str(); "Stoa's tests ran on PostgreSQL {}, and never on this version", tested());
    }
    Ok(())
}

fn not_ready(error: diesel::result::Error) -> NotReady {
    match explain(error) {
        Error::Internal(cause) => {
            NotReady::Permanent(format!("The database cannot be used: {cause}"))
        }
        Error::Refused(refusal) => NotReady::Unreachable(refusal.message()),
    }
}

fn tested() -> String {
    let names: Vec<String> = TESTED.iter().map(i32::to_string).collect();
    names.join(", ")
}

fn problem_of(facts: &Facts) -> Option<String> {
    if facts.number < OLDEST * 10_000 {
        return Some(format!(
            "The database runs PostgreSQL {}, and Stoa needs {OLDEST} or newer (its tests ran on {}). It is named by {OPTION}.",
            facts.version,
            tested()
        ));
    }
    (facts.encoding != "UTF8").then(|| {
        format!(
            "The database {} has the encoding {}, and Stoa needs UTF8: create database … encoding 'UTF8' template template0. It is named by {OPTION}.",
            facts.database, facts.encoding
        )
    })
}

/// Requires that each connection has a database process of its own. A pooler in transaction mode mixes up
/// prepared statements and settings such as `synchronous_commit`. Comparing several times detects poolers that
/// alternate.
fn refuse_shared_connections(connection: &mut PgConnection, address: &str) -> Result<(), NotReady> {
    let shared = || {
        NotReady::Permanent(format!(
            "The database is reached through a pooler that gives each transaction another connection. Stoa's connections must be its own: \
             choose the pooler's session mode (PgBouncer: pool_mode = session), or name PostgreSQL itself with {OPTION}."
        ))
    };
    let mut second = PgConnection::establish(address)
        .map_err(|error| NotReady::Unreachable(without_secrets(&error.to_string(), address)))?;
    let first = process(connection)?;
    for _ in 0..COMPARISONS {
        let other = process(&mut second)?;
        if first.is_none()
            || other.is_none()
            || other == first
            || process(connection)? != first
            || process(connection)? != first
        {
            return Err(shared());
        }
    }
    Ok(())
}

/// The database process of a connection; `None` if a pooler lost the statement.
fn process(connection: &mut PgConnection) -> Result<Option<i32>, NotReady> {
    let asked = diesel::sql_query("select pg_backend_pid() as pid").get_result(connection);
    match asked {
        Ok(Process { pid }) => Ok(Some(pid)),
        Err(error) if error.to_string().contains("prepared statement") => Ok(None),
        Err(error) => Err(not_ready(error)),
    }
}

#[derive(QueryableByName)]
struct Process {
    #[diesel(sql_type = Integer)]
    pid: i32,
}

/// Migrates the database to this version's schema; servers that start together wait for each other.
pub fn migrate(connection: &mut PgConnection) -> Result<(), Error> {
    connection
        .batch_execute(&format!("set statement_timeout = 0; set lock_timeout = 0; select pg_advisory_lock({MIGRATION_LOCK})"))
        .map_err(explain)?;
    let outcome = refuse_newer(connection).and_then(|()| {
        connection
            .run_pending_migrations(MIGRATIONS)
            .map(|_| ())
            .map_err(Error::internal)
    });
    connection
        .batch_execute(&format!("select pg_advisory_unlock({MIGRATION_LOCK})"))
        .map_err(explain)?;
    outcome
}

/// Refuses a schema made by a newer version, in which the same names may have other meanings.
pub fn refuse_newer(connection: &mut PgConnection) -> Result<(), Error> {
    let own: Vec<Box<dyn diesel::migration::Migration<Pg>>> =
        MIGRATIONS.migrations().map_err(Error::internal)?;
    let known: HashSet<String> = own
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect();
    if !has_migrations(connection)? {
        return Ok(());
    }
    let applied = connection.applied_migrations().map_err(Error::internal)?;
    let newer = applied
        .iter()
        .map(ToString::to_string)
        .find(|version| !known.contains(version));
    newer.map_or(Ok(()), |version| {
        Err(Error::Internal(format!(
            "its schema is newer than this version of Stoa ({}), which does not know the migration {version}. Run the version that made it, or a newer one",
            env!("CARGO_PKG_VERSION")
        )))
    })
}

fn has_migrations(connection: &mut PgConnection) -> Result<bool, Error> {
    const ASKED: &str = "select to_regclass('__diesel_schema_migrations') is not null as exists";
    let table: MigrationsTable = diesel::sql_query(ASKED).get_result(connection)?;
    Ok(table.exists)
}

#[derive(QueryableByName)]
struct MigrationsTable {
    #[diesel(sql_type = Bool)]
    exists: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(number: i32, encoding: &str) -> Facts {
        Facts {
            version: "x".to_owned(),
            number,
            encoding: encoding.to_owned(),
            database: "d".to_owned(),
        }
    }

    #[test]
    fn old_servers_and_other_encodings_are_refused() {
        assert!(problem_of(&facts(130_000, "UTF8")).is_none());
        let old = problem_of(&facts(129_999, "UTF8")).unwrap_or_default();
        assert!(old.contains("needs 13 or newer"), "{old}");
        let latin = problem_of(&facts(150_000, "LATIN1")).unwrap_or_default();
        assert!(
            latin.contains("LATIN1") && latin.contains("UTF8"),
            "{latin}"
        );
    }
}
