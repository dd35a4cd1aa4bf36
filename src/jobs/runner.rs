//! The runner: claims jobs and timers that are due, runs a bounded number at once, and records how each ended.
//! Several servers may share one database.

use diesel::pg::PgConnection;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::{JobDeps, JobEnd, backoff, code_of, deal_inputs, forgetting};
use crate::domain::job::Lane;
use crate::error::Error;
use crate::job_signal::Listener;
use crate::store::dedicated::Dedicated;
use crate::store::jobs::{self, Claimed};
use crate::store::timers::{self, DueTimer};

/// Longest pause between two claims: other servers may have written jobs.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// Shortest pause after a claim that found nothing: another server may hold what is due.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);
/// Shortest pause for timers. They may be this late, because nearly every step sets one, mostly for hours
/// ahead.
const TIMER_PAUSE: Duration = Duration::from_millis(50);
/// How long running jobs may take to end when the server stops. Another server runs the rest again when their
/// leases expire.
const STOP_PATIENCE: Duration = Duration::from_secs(5);
/// Pause before the row of an ended job is updated again while the database is unavailable.
const UPDATE_RETRY: Duration = Duration::from_millis(200);

/// A running runner.
pub struct Runner {
    stopping: watch::Sender<bool>,
    loops: Vec<JoinHandle<()>>,
}

/// The sources of work. Each is polled by a task of its own, with a concurrency limit of its own.
#[derive(Clone, Copy, Debug)]
enum Source {
    Jobs(Lane),
    Timers,
    /// Webhooks that are deleted because no receiver is configured.
    DiscardDeliveries,
}

/// The sources that this server polls.
fn sources(deps: &JobDeps) -> Vec<Source> {
    let delivery = match deps.platform {
        Some(_) => Source::Jobs(Lane::Delivery),
        None => Source::DiscardDeliveries,
    };
    let files = deps.objects.as_ref().map(|_| Source::Jobs(Lane::Files));
    let events = deps.rules.as_ref().map(|_| Source::Jobs(Lane::Events));
    let always = [Source::Jobs(Lane::Work), delivery, Source::Timers];
    always.into_iter().chain(files).chain(events).collect()
}

/// How many items of a source run at once.
fn concurrency(deps: &JobDeps, source: Source) -> usize {
    usize::from(match source {
        Source::Jobs(Lane::Files) => deps.config.files.file_checks,
        Source::Jobs(_) | Source::Timers | Source::DiscardDeliveries => {
            deps.config.jobs.job_concurrency
        }
    })
}

/// The result of one claim.
enum Found {
    /// At least one item was claimed.
    Work(Vec<Work>),
    /// Nothing is due for this long.
    Nothing(Duration),
}

/// A claimed item.
enum Work {
    Job(Claimed),
    Timer(DueTimer),
}

impl Runner {
    /// Starts to claim and run work.
    pub fn start(deps: JobDeps) -> Self {
        let (stopping, stopped) = watch::channel(false);
        let sources = sources(&deps);
        let deps = Arc::new(deps);
        let start = |source| {
            let task = run_source(Arc::clone(&deps), source, stopped.clone());
            tokio::spawn(task)
        };
        let mut loops: Vec<JoinHandle<()>> = sources.into_iter().map(start).collect();
        let forgetting = forgetting::run(Arc::clone(&deps), stopped.clone());
        loops.push(tokio::spawn(forgetting));
        Self { stopping, loops }
    }

    /// Stops claiming, and waits up to `STOP_PATIENCE` for running jobs.
    pub async fn stop(self) {
        self.stopping.send_replace(true);
        for task in self.loops {
            if let Err(error) = task.await {
                log::error!(event = "runner_failed"; "{error}");
            }
        }
    }
}

async fn run_source(deps: Arc<JobDeps>, source: Source, mut stopped: watch::Receiver<bool>) {
    let permits = Arc::new(Semaphore::new(concurrency(&deps, source)));
    let mut job_signal = deps.job_signal.listen();
    let mut under_way = JoinSet::new();
    let mut away = false;
    let mut claimant = deps.pool.claimant();
    while !*stopped.borrow() {
        let permit = tokio::select! {
            permit = Arc::clone(&permits).acquire_owned() => permit,
            _ = stopped.changed() => break,
        };
        let Ok(permit) = permit else { break };
        while under_way.try_join_next().is_some() {}
        job_signal.mark_seen();
        let free = permits.available_permits() + 1;
        let claimed = claim_or_wait(&deps, &mut claimant, source, free).await;
        log_database_state(&mut away, claimed.as_ref().err());
        let pause = match claimed {
            Ok(Found::Work(work)) => {
                spawn(&deps, work, permit, &permits, &mut under_way);
                continue;
            }
            Ok(Found::Nothing(pause)) => pause,
            Err(_) => POLL_INTERVAL,
        };
        drop(permit);
        tokio::select! {
            () = wait_for_work(source, &mut job_signal, pause) => {}
            _ = stopped.changed() => {}
        }
    }
    let ended = async { while under_way.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_PATIENCE, ended).await.is_err() {
        log::warn!(event = "jobs_left_behind", jobs = under_way.len(); "");
    }
}

/// Waits for a signal, but for a shortest pause in any case: each step of each deal signals.
async fn wait_for_work(source: Source, job_signal: &mut Listener, pause: Duration) {
    let shortest = match source {
        Source::Jobs(_) => SHORTEST_PAUSE,
        Source::Timers => TIMER_PAUSE,
        Source::DiscardDeliveries => return tokio::time::sleep(pause).await,
    };
    let notified = async {
        tokio::time::sleep(shortest).await;
        job_signal.notified().await;
    };
    // The source is polled after a timeout too.
    drop(tokio::time::timeout(pause, notified).await);
}

/// Starts the claimed items, each with a permit; the first uses the permit that the caller holds.
fn spawn(
    deps: &Arc<JobDeps>,
    found: Vec<Work>,
    held: OwnedSemaphorePermit,
    permits: &Arc<Semaphore>,
    under_way: &mut JoinSet<()>,
) {
    let more = std::iter::repeat_with(|| Arc::clone(permits).try_acquire_owned().ok());
    for (work, permit) in found
        .into_iter()
        .zip(std::iter::once(Some(held)).chain(more))
    {
        let deps = Arc::clone(deps);
        under_way.spawn(async move {
            match work {
                Work::Job(claimed) => run_job(&deps, claimed).await,
                Work::Timer(due) => deal_inputs::fire_timer(&deps, due).await,
            }
            drop(permit);
        });
    }
}

/// Claims what is due; if nothing is, returns the time until the next item is.
async fn claim_or_wait(
    deps: &JobDeps,
    claimant: &mut Dedicated,
    source: Source,
    free: usize,
) -> Result<Found, Error> {
    let lease = lease(deps);
    let claimed = claimant.ask(move |connection| {
        let work = claim(connection, source, free, lease)?;
        if !work.is_empty() {
            return Ok(Found::Work(work));
        }
        let next = match source {
            Source::Jobs(lane) => jobs::next_due(connection, lane)?,
            Source::Timers => timers::next_due(connection)?,
            Source::DiscardDeliveries => None,
        };
        Ok(Found::Nothing(pause(next)))
    });
    claimed.await
}

fn claim(
    connection: &mut PgConnection,
    source: Source,
    free: usize,
    lease: Duration,
) -> Result<Vec<Work>, Error> {
    Ok(match source {
        Source::Jobs(lane) => {
            let found = jobs::claim(connection, lane, free, lease)?;
            found.into_iter().map(Work::Job).collect()
        }
        Source::Timers => {
            let found = timers::claim(connection, free, lease)?;
            found.into_iter().map(Work::Timer).collect()
        }
        Source::DiscardDeliveries => {
            let count = jobs::discard_deliveries(connection)?;
            if count > 0 {
                log::debug!(event = "webhooks_for_nobody", count = count; "");
            }
            Vec::new()
        }
    })
}

fn pause(next: Option<f64>) -> Duration {
    let seconds = next.unwrap_or(f64::MAX);
    Duration::from_secs_f64(
        seconds.clamp(SHORTEST_PAUSE.as_secs_f64(), POLL_INTERVAL.as_secs_f64()),
    )
}

fn lease(deps: &JobDeps) -> Duration {
    Duration::from_secs(u64::from(deps.config.jobs.job_lease_seconds))
}

/// Logs internal errors. Unavailability is logged at debug level only, because `store/watch.rs` reports it.
fn log_database_state(away: &mut bool, error: Option<&Error>) {
    match error {
        Some(Error::Internal(cause)) => log::error!(event = "jobs_not_claimed"; "{cause}"),
        Some(Error::Refused(_)) if !*away => log::debug!(event = "jobs_wait_for_database"; ""),
        None if *away => log::debug!(event = "jobs_go_on"; ""),
        Some(Error::Refused(_)) | None => {}
    }
    *away = error.is_some();
}

async fn run_job(deps: &Arc<JobDeps>, claimed: Claimed) {
    let begun = Instant::now();
    let end = match deps.run(&claimed).await {
        Ok(end) => end,
        Err(error) => JobEnd::Retry(code_of(error, &claimed.kind, Some(claimed.lease))),
    };
    let end = match end {
        JobEnd::Retry(problem) => match deps.retry_delay(&claimed) {
            Some(delay) => RowUpdate::PutBack(delay, Some(problem)),
            None => RowUpdate::GiveUp(problem),
        },
        JobEnd::GiveUp(problem) => RowUpdate::GiveUp(problem),
        JobEnd::Wait(delay) => RowUpdate::PutBack(delay, None),
        JobEnd::Done => RowUpdate::Finish,
        JobEnd::Finished => RowUpdate::Nothing,
    };
    if let RowUpdate::GiveUp(problem) = &end {
        log::error!(event = "job_given_up", kind = claimed.kind.as_str(), job = claimed.lease.no, problem = problem.as_str(); "");
    }
    let ended = matches!(end, RowUpdate::Finish | RowUpdate::Nothing);
    let is_given_up = matches!(end, RowUpdate::GiveUp(_));
    update_row(deps, &claimed, end, begun + lease(deps)).await;
    if is_given_up {
        let given_up = &deps.metrics.given_up;
        given_up.with_label_values(&[claimed.kind.as_str()]).inc();
    }
    if ended {
        deps.job_signal.notify();
    }
}

/// What is written to the row of a job that ended.
#[derive(Clone)]
enum RowUpdate {
    Nothing,
    Finish,
    PutBack(Duration, Option<String>),
    GiveUp(String),
}

/// Records how a job ended. Retries while the database is unavailable, until the lease has expired and the
/// update would be void.
async fn update_row(deps: &JobDeps, claimed: &Claimed, end: RowUpdate, until: Instant) {
    let lease = claimed.lease;
    if matches!(end, RowUpdate::Nothing) {
        return;
    }
    loop {
        let end = end.clone();
        let updated = deps.pool.run(move |connection| match end {
            RowUpdate::Nothing => Ok(()),
            RowUpdate::Finish => jobs::finish(connection, lease).map(drop),
            RowUpdate::PutBack(delay, problem) => {
                jobs::put_back(connection, lease, delay, problem.as_deref())
            }
            RowUpdate::GiveUp(problem) => jobs::give_up(connection, lease, &problem),
        });
        match updated.await {
            Err(Error::Refused(_)) if Instant::now() < until => {
                tokio::time::sleep(UPDATE_RETRY).await;
            }
            Err(error) => return drop(code_of(error, &claimed.kind, Some(lease))),
            Ok(()) => return,
        }
    }
}

/// The delay before a timer that failed is tried again.
pub(super) fn timer_delay(deps: &JobDeps, due: &DueTimer) -> Duration {
    let first = Duration::from_millis(u64::from(deps.config.jobs.job_retry_ms));
    backoff::timer_delay(first, due.attempt.unsigned_abs(), backoff::chance())
}
