//! The watch on the database. It queries it twice a second, so that silence is noticed before a caller has
//! waited long.

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

/// The result of a query.
enum Look {
    /// The database responded.
    Answer,
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
        };
        self.previous.clone_from(&task.previous);
        let worker = self.worker.insert(worker);
        match worker.submit(move |slot| tell(task.run(slot))) {
            true => Ok(()),
            false => Err("a thread with a connection is gone".to_owned()),
        }
    }

    fn note(&mut self, shared: &Shared, look: Look) {
        match look {
            Look::Answer => {
                if self.is_older_one_dead() {
                    return mark_silent(
                        shared,
                        "older connections to the database are not answered any more; requests on them are answered 503, and new ones are made",
                    );
                }
                if shared.health.set(State::Answering) != State::Answering {
                    log::info!(event = "database_back"; "the database answers again");
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
}

impl LookTask {
    fn run(self, slot: &mut Slot) -> Look {
        let looked = self.look(slot);
        match looked {
            Ok(()) => {
                self.shared.health.note_response();
                Look::Answer
            }
            Err(told) => {
                slot.close();
                Look::Away(without_secrets(&told, &self.shared.opening.url))
            }
        }
    }

    fn look(&self, slot: &mut Slot) -> Result<(), String> {
        let explain = |error: diesel::result::Error| error.to_string();
        let connection = match slot.opened() {
            Some(connection) => connection,
            None => {
                let connection = slot.open(&self.shared.opening)?;
                end_processes(connection, self.previous.as_slice()).map_err(explain)?;
                connection
            }
        };
        let abandoned_backends = self.shared.abandoned_backends();
        end_processes(connection, &abandoned_backends).map_err(explain)?;
        connection.batch_execute("select 1").map_err(explain)
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
