//! The watch on the database. It queries it twice a second, so that silence is noticed before a caller has
//! waited long, and holds the advisory lock by which servers on one database count each other.

use diesel::connection::SimpleConnection;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Text};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, sync_channel};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::address::without_secrets;
use super::health::State;
use super::pool::{Pool, Shared};
use super::worker::{Backend, Slot, Worker};

/// The interval of queries.
const PERIOD: Duration = Duration::from_millis(500);
/// How often the watch checks whether it should stop waiting.
const LOOK: Duration = Duration::from_millis(50);
/// The time limit of a query to a silent database. libpq gives up earlier, so queries do not pile up.
const LONG: Duration = Duration::from_secs(15);
/// How long terminated processes may take to end.
const ENDING: Duration = Duration::from_secs(2);
/// The intervals of counting other servers and of warning about them.
const OTHERS: Duration = Duration::from_secs(3);
const COMPLAINT: Duration = Duration::from_secs(60);
/// The advisory lock that every server holds in shared mode.
const PRESENCE: i64 = 0x0053_746f_615f_6e64;

/// The result of a query.
enum Look {
    /// The database responded; with the number of other servers if they were counted.
    Answer(Option<usize>),
    /// It cannot be reached, for this reason.
    Away(String),
    /// It does not respond.
    Silence,
    /// The watch's connection does not respond, but another one does.
    ConnectionDead,
}

struct Watch {
    worker: Option<Worker>,
    /// A query that was not answered although other connections were.
    unanswered: Option<Receiver<Look>>,
    /// The process of the watch's previous connection.
    previous: Option<Backend>,
    others_looked_for: Option<Instant>,
    /// Since when other servers are counted; one of them may be shutting down.
    others_since: Option<Instant>,
    complained: Option<Instant>,
}

/// Starts the watch. It ends with the pool.
pub fn start(pool: &Pool) -> Result<(), String> {
    let pool = Arc::downgrade(&pool.0);
    let named = std::thread::Builder::new().name("database-watch".to_owned());
    let started = named.spawn(move || watch(&pool));
    started.map(drop).map_err(|error| error.to_string())
}

fn watch(pool: &Weak<Shared>) {
    let mut watch = Watch {
        worker: None,
        unanswered: None,
        previous: None,
        others_looked_for: None,
        others_since: None,
        complained: None,
    };
    while let Some(shared) = pool.upgrade() {
        let look = watch.look(&shared);
        watch.note(&shared, look);
        drop(shared);
        std::thread::sleep(PERIOD);
    }
}

impl Watch {
    fn look(&mut self, shared: &Arc<Shared>) -> Look {
        let begun = Instant::now();
        let (told, found) = sync_channel(1);
        if let Err(problem) = self.ask(shared, move |look| drop(told.send(look))) {
            return Look::Away(problem);
        }
        let was_silent = shared.health.is_silent();
        loop {
            match found.recv_timeout(LOOK) {
                Ok(look) => return look,
                Err(RecvTimeoutError::Disconnected) => {
                    return Look::Away("the look failed".to_owned());
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            let allowed = if was_silent { LONG } else { shared.silence };
            if begun.elapsed() < allowed {
                continue;
            }
            if was_silent || shared.health.quiet_for() > shared.silence {
                return Look::Silence;
            }
            self.unanswered = Some(found);
            return Look::ConnectionDead;
        }
    }

    fn ask(
        &mut self,
        shared: &Arc<Shared>,
        tell: impl FnOnce(Look) + Send + 'static,
    ) -> Result<(), String> {
        let kept = self.worker.take();
        let worker = match kept.filter(|worker| !worker.state.is_given_up()) {
            Some(worker) => worker,
            None => shared.worker().map_err(|error| error.to_string())?,
        };
        let task = LookTask {
            shared: Arc::clone(shared),
            previous: worker.state.backend().or(self.previous.clone()),
            looks_for_others: self
                .others_looked_for
                .is_none_or(|at| at.elapsed() > OTHERS),
        };
        self.previous.clone_from(&task.previous);
        if task.looks_for_others {
            self.others_looked_for = Some(Instant::now());
        }
        let worker = self.worker.insert(worker);
        match worker.submit(move |slot| tell(task.run(slot))) {
            true => Ok(()),
            false => Err("a thread with a connection is gone".to_owned()),
        }
    }

    fn note(&mut self, shared: &Shared, look: Look) {
        match look {
            Look::Answer(others) => {
                if self.is_older_one_dead() {
                    return mark_silent(
                        shared,
                        "older connections to the database are not answered any more; requests on them are answered 503, and new ones are made",
                    );
                }
                if shared.health.set(State::Answering) != State::Answering {
                    log::info!(event = "database_back"; "the database answers again");
                }
                if let Some(others) = others {
                    self.note_others(shared, others);
                }
            }
            Look::Away(reason) => {
                if shared.health.set(State::Away) == State::Answering {
                    log::warn!(event = "database_away"; "{reason}");
                }
            }
            Look::ConnectionDead => {
                // The next query uses another connection.
                if let Some(worker) = self.worker.take() {
                    self.previous = worker.state.backend();
                    worker.state.give_up();
                }
            }
            Look::Silence => {
                mark_silent(
                    shared,
                    "the database takes connections and does not answer; requests are answered 503 until it does",
                );
            }
        }
    }

    /// Whether an older query is still unanswered while a new connection responds: then the old connections are
    /// dead, and neither this process nor the database is slow.
    fn is_older_one_dead(&mut self) -> bool {
        let unanswered = self.unanswered.take();
        unanswered.is_some_and(|found| found.try_recv().err() == Some(TryRecvError::Empty))
    }

    /// Counts a second time before it warns, because a server that was just stopped may still hold the lock.
    fn note_others(&mut self, shared: &Shared, count: usize) {
        if count == 0 {
            self.others_since = None;
            return shared.health.set_others(0);
        }
        let since = *self.others_since.get_or_insert_with(Instant::now);
        if since.elapsed() < PERIOD {
            self.others_looked_for = None;
            return;
        }
        shared.health.set_others(count);
        if self.complained.is_none_or(|at| at.elapsed() >= COMPLAINT) {
            self.complained = Some(Instant::now());
            log::warn!(
                event = "another_server", others = count;
                "{count} more server(s) run on this database. Stoa does not support that yet: people on one \
                 server do not hear at once what is said on another. Stop all but one"
            );
        }
    }
}

fn mark_silent(shared: &Shared, reason: &str) {
    if shared.mark_silent() == State::Answering {
        log::warn!(event = "database_silent"; "{reason}");
    }
}

/// One query, on the thread of the watch's connection.
struct LookTask {
    shared: Arc<Shared>,
    previous: Option<Backend>,
    looks_for_others: bool,
}

impl LookTask {
    fn run(self, slot: &mut Slot) -> Look {
        let looked = self.look(slot);
        match looked {
            Ok(others) => {
                self.shared.health.note_response();
                Look::Answer(others)
            }
            Err(told) => {
                slot.close();
                Look::Away(without_secrets(&told, &self.shared.opening.url))
            }
        }
    }

    fn look(&self, slot: &mut Slot) -> Result<Option<usize>, String> {
        let explain = |error: diesel::result::Error| error.to_string();
        let connection = match slot.opened() {
            Some(connection) => connection,
            None => {
                let connection = slot.open(&self.shared.opening)?;
                end_processes(connection, self.previous.as_slice()).map_err(explain)?;
                let lock = format!("select pg_advisory_lock_shared({PRESENCE})");
                connection.batch_execute(&lock).map_err(explain)?;
                connection
            }
        };
        let abandoned_backends = self.shared.abandoned_backends();
        end_processes(connection, &abandoned_backends).map_err(explain)?;
        if self.looks_for_others {
            return count_others(connection).map(Some).map_err(explain);
        }
        connection.batch_execute("select 1").map_err(explain)?;
        Ok(None)
    }
}

/// Terminates the processes of abandoned calls and waits until they have ended, so that the outcome of those
/// calls is final before anyone retries.
fn end_processes(connection: &mut PgConnection, processes: &[Backend]) -> QueryResult<()> {
    const END: &str = "select count(pg_terminate_backend(pid)) as number from pg_stat_activity where (pid, backend_start::text) in (select * from unnest($1, $2))";
    const THERE: &str = "select count(*) as number from pg_stat_activity where (pid, backend_start::text) in (select * from unnest($1, $2))";
    if processes.is_empty() {
        return Ok(());
    }
    let pids: Vec<i32> = processes.iter().map(|process| process.pid).collect();
    let times: Vec<&str> = processes.iter().map(|process| &*process.started).collect();
    let mut ask = |question: &str| -> QueryResult<i64> {
        let asked = diesel::sql_query(question)
            .bind::<Array<Integer>, _>(&pids)
            .bind::<Array<Text>, _>(&times);
        asked
            .get_result(connection)
            .map(|Counted { number }| number)
    };
    if ask(END)? == 0 {
        return Ok(());
    }
    let begun = Instant::now();
    while ask(THERE)? > 0 {
        if begun.elapsed() > ENDING {
            log::warn!(event = "calls_left_behind"; "the database does not end the processes of abandoned calls");
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

fn count_others(connection: &mut PgConnection) -> QueryResult<usize> {
    let (high, low) = (PRESENCE >> 32, PRESENCE & 0xffff_ffff);
    let holders = format!(
        "select count(*) as number from pg_locks where locktype = 'advisory' and granted and classid = {high} and objid = {low} and objsubid = 1
         and database = (select oid from pg_database where datname = current_database()) and pid <> pg_backend_pid()"
    );
    let counted: Counted = diesel::sql_query(holders).get_result(connection)?;
    Ok(usize::try_from(counted.number).unwrap_or_default())
}
