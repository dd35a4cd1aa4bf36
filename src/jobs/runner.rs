//! The runner: claims what is due, does so many at once, and notes how each ended. Several servers may run on one database.

use diesel::pg::PgConnection;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::{End, JobDeps, backoff, code_of, telling};
use crate::domain::job::Lane;
use crate::error::Error;
use crate::job_signal::Listener;
use crate::store::dedicated::Dedicated;
use crate::store::jobs::{self, Claimed};
use crate::store::timers::{self, DueTimer};

/// How long to wait at most before looking again: for what other servers wrote down.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How long to wait at least between looks that found nothing: another server may be claiming what is due.
const BREATH: Duration = Duration::from_millis(10);
/// The same for timers, which may be that late: nearly every step sets one, for hours ahead.
const LONG_BREATH: Duration = Duration::from_millis(50);
/// How long jobs under way may take to end when the server stops. What is not over then is done again when its lease ends.
const STOP_PATIENCE: Duration = Duration::from_secs(5);
/// How long to wait before an end is noted again while the database is away.
const NOTE_AGAIN: Duration = Duration::from_millis(200);

/// A runner that runs.
pub struct Runner {
    stopping: watch::Sender<bool>,
    loops: Vec<JoinHandle<()>>,
}

/// Where work comes from. Each waits for itself only.
#[derive(Clone, Copy, Debug)]
enum Source {
    Jobs(Lane),
    Timers,
    /// Webhooks that nobody is to get.
    Unwanted,
}

/// Where this server's work comes from. Where no platform is to be told, its webhooks are not posted one by one into the void.
fn sources(deps: &JobDeps) -> [Source; 3] {
    let delivery = match deps.platform {
        Some(_) => Source::Jobs(Lane::Delivery),
        None => Source::Unwanted,
    };
    [Source::Jobs(Lane::Work), delivery, Source::Timers]
}

/// What a look has found.
enum Found {
    /// Claimed, at least one.
    Work(Vec<Work>),
    /// Nothing to do for so long.
    Nothing(Duration),
}

/// Something that is claimed.
enum Work {
    Job(Claimed),
    Timer(DueTimer),
}

impl Runner {
    /// Begins to look for work.
    pub fn start(deps: JobDeps) -> Self {
        let (stopping, stopped) = watch::channel(false);
        let sources = sources(&deps);
        let deps = Arc::new(deps);
        let start = |source| {
            let looking = look_after(Arc::clone(&deps), source, stopped.clone());
            tokio::spawn(looking)
        };
        Self {
            stopping,
            loops: sources.map(start).into(),
        }
    }

    /// Claims nothing more, and waits a little for what is under way.
    pub async fn stop(self) {
        self.stopping.send_replace(true);
        for looking in self.loops {
            if let Err(error) = looking.await {
                log::error!(event = "runner_failed"; "{error}");
            }
        }
    }
}

async fn look_after(deps: Arc<JobDeps>, source: Source, mut stopped: watch::Receiver<bool>) {
    let permits = Arc::new(Semaphore::new(usize::from(
        deps.config.jobs.job_concurrency,
    )));
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
        job_signal.forget();
        let free = permits.available_permits() + 1;
        let looked = look(&deps, &mut claimant, source, free).await;
        note_absence(&mut away, looked.as_ref().err());
        let pause = match looked {
            Ok(Found::Work(work)) => {
                begin(&deps, work, permit, &permits, &mut under_way);
                continue;
            }
            Ok(Found::Nothing(pause)) => pause,
            Err(_) => LOOK_AGAIN,
        };
        drop(permit);
        tokio::select! {
            () = rest(source, &mut job_signal, pause) => {}
            _ = stopped.changed() => {}
        }
    }
    let ended = async { while under_way.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_PATIENCE, ended).await.is_err() {
        log::warn!(event = "jobs_left_behind", jobs = under_way.len(); "");
    }
}

/// Waits until the signal rings, and then a moment longer: it rings for each step of each deal.
async fn rest(source: Source, job_signal: &mut Listener, pause: Duration) {
    let breath = match source {
        Source::Jobs(_) => BREATH,
        Source::Timers => LONG_BREATH,
        Source::Unwanted => return tokio::time::sleep(pause).await,
    };
    let rung = async {
        tokio::time::sleep(breath).await;
        job_signal.rung().await;
    };
    // Either way it is time to look.
    drop(tokio::time::timeout(pause, rung).await);
}

/// Begins what was claimed, each with a permit of its own; the first takes the one that is held already.
fn begin(
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
                Work::Job(claimed) => do_job(&deps, claimed).await,
                Work::Timer(due) => telling::due(&deps, due).await,
            }
            drop(permit);
        });
    }
}

/// Claims what is due, or says how long to wait for what is due next.
async fn look(
    deps: &JobDeps,
    claimant: &mut Dedicated,
    source: Source,
    free: usize,
) -> Result<Found, Error> {
    let lease = lease(deps);
    let looked = claimant.ask(move |connection| {
        let work = claim(connection, source, free, lease)?;
        if !work.is_empty() {
            return Ok(Found::Work(work));
        }
        let next = match source {
            Source::Jobs(lane) => jobs::next_due(connection, lane)?,
            Source::Timers => timers::next_due(connection)?,
            Source::Unwanted => None,
        };
        Ok(Found::Nothing(pause(next)))
    });
    looked.await
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
        Source::Unwanted => {
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
    Duration::from_secs_f64(seconds.clamp(BREATH.as_secs_f64(), LOOK_AGAIN.as_secs_f64()))
}

fn lease(deps: &JobDeps) -> Duration {
    Duration::from_secs(u64::from(deps.config.jobs.job_lease_seconds))
}

/// Tells errors that are not the absence of the database, of which the watch on it speaks.
fn note_absence(away: &mut bool, error: Option<&Error>) {
    match error {
        Some(Error::Internal(cause)) => log::error!(event = "jobs_not_claimed"; "{cause}"),
        Some(Error::Refused(_)) if !*away => log::debug!(event = "jobs_wait_for_database"; ""),
        None if *away => log::debug!(event = "jobs_go_on"; ""),
        Some(Error::Refused(_)) | None => {}
    }
    *away = error.is_some();
}

async fn do_job(deps: &Arc<JobDeps>, claimed: Claimed) {
    let begun = Instant::now();
    let end = match deps.run(&claimed).await {
        Ok(end) => end,
        Err(error) => End::Retry(code_of(error, &claimed.kind, Some(claimed.lease))),
    };
    let end = match end {
        End::Retry(problem) => match deps.patience(&claimed) {
            Some(delay) => Noted::PutBack(delay, Some(problem)),
            None => Noted::GiveUp(problem),
        },
        End::GiveUp(problem) => Noted::GiveUp(problem),
        End::Wait(delay) => Noted::PutBack(delay, None),
        End::Done => Noted::Finish,
        End::Gone => Noted::Nothing,
    };
    if let Noted::GiveUp(problem) = &end {
        log::error!(event = "job_given_up", kind = claimed.kind.as_str(), job = claimed.lease.no, problem = problem.as_str(); "");
    }
    let ended = matches!(end, Noted::Finish | Noted::Nothing);
    let is_given_up = matches!(end, Noted::GiveUp(_));
    note(deps, &claimed, end, begun + lease(deps)).await;
    if is_given_up {
        let given_up = &deps.metrics.given_up;
        given_up.with_label_values(&[claimed.kind.as_str()]).inc();
    }
    if ended {
        deps.job_signal.ring();
    }
}

/// What is noted of a job that ended.
#[derive(Clone)]
enum Noted {
    Nothing,
    Finish,
    PutBack(Duration, Option<String>),
    GiveUp(String),
}

/// Notes how a job ended; tries again while the database is away, until the claim would be void anyway.
async fn note(deps: &JobDeps, claimed: &Claimed, end: Noted, until: Instant) {
    let lease = claimed.lease;
    if matches!(end, Noted::Nothing) {
        return;
    }
    loop {
        let end = end.clone();
        let noted = deps.pool.run(move |connection| match end {
            Noted::Nothing => Ok(()),
            Noted::Finish => jobs::finish(connection, lease).map(drop),
            Noted::PutBack(delay, problem) => {
                jobs::put_back(connection, lease, delay, problem.as_deref())
            }
            Noted::GiveUp(problem) => jobs::give_up(connection, lease, &problem),
        });
        match noted.await {
            Err(Error::Refused(_)) if Instant::now() < until => {
                tokio::time::sleep(NOTE_AGAIN).await;
            }
            Err(error) => return drop(code_of(error, &claimed.kind, Some(lease))),
            Ok(()) => return,
        }
    }
}

/// The first delay after a timer that could not be told.
pub(super) fn timer_delay(deps: &JobDeps, due: &DueTimer) -> Duration {
    let first = Duration::from_millis(u64::from(deps.config.jobs.job_retry_ms));
    backoff::timer_delay(first, due.attempt.unsigned_abs(), backoff::chance())
}
