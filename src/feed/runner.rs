//! Runs all consumers one after the other on one connection, so that they load the database like one client.
//! With several servers, each consumer is run by one of them at a time.

use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::resting::{Load, Work, rest, work};
use super::stride::{Failure, Stride};
use super::{Bounds, Consumer, Feed, Found, pass};
use crate::error::Error;
use crate::job_signal;
use crate::store::dedicated::Dedicated;
use crate::store::feed_consumers::Lag;
use crate::store::health::State;
use crate::store::locks::is_locked;
use crate::store::pool::Pool;
use crate::store::{changed, feed_consumers};
use crate::telemetry::metrics::Metrics;

/// The intervals of the runner.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Longest pause between two looks: other servers may have committed something.
    pub look: Duration,
    /// Pause after a pass that handled something, so that the next pass handles more at once.
    pub rest: Duration,
    /// Interval of deleting rows that all consumers have handled.
    pub tidy: Duration,
    /// How long rows are kept for a consumer that no server runs any more.
    pub patience: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            look: Duration::from_secs(1),
            rest: Duration::from_secs(1),
            tidy: Duration::from_secs(5),
            patience: Duration::from_secs(86_400),
        }
    }
}

/// The most rows that one statement deletes.
const DELETED_TOGETHER: i64 = 5_000;
/// The most statements that delete rows before consumers run again.
const DELETIONS: usize = 20;

/// The running consumers.
pub struct FeedRunner {
    stopping: watch::Sender<bool>,
    following: JoinHandle<()>,
}

impl FeedRunner {
    /// Starts the consumers.
    pub fn start(
        pool: &Pool,
        feed: &Feed,
        metrics: Arc<Metrics>,
        consumers: Vec<Arc<dyn Consumer>>,
        timing: Timing,
    ) -> Self {
        let (stopping, stopped) = watch::channel(false);
        let runner = Runner {
            connection: pool.follower(),
            pool: pool.clone(),
            server: Uuid::now_v7(),
            metrics,
            followers: consumers.into_iter().map(Follower::new).collect(),
            timing,
            tidied: None,
            deleting: Stride::new(DELETED_TOGETHER),
        };
        let following = tokio::spawn(runner.run(feed.hints(), stopped));
        Self {
            stopping,
            following,
        }
    }

    /// Ends after the current pass and releases the consumers to other servers.
    pub async fn stop(self) {
        self.stopping.send_replace(true);
        if let Err(error) = self.following.await {
            log::error!(event = "feed_not_followed"; "{error}");
        }
    }
}

/// A consumer with its retry state.
struct Follower {
    consumer: Arc<dyn Consumer>,
    /// The entries of its next pass.
    stride: Stride,
    /// Not to be run before this time; `None` if it has not failed.
    due: Option<Instant>,
}

struct Runner {
    connection: Dedicated,
    pool: Pool,
    server: Uuid,
    metrics: Arc<Metrics>,
    followers: Vec<Follower>,
    timing: Timing,
    tidied: Option<Instant>,
    /// The rows that the next statement deletes.
    deleting: Stride,
}

impl Runner {
    async fn run(mut self, mut hints: job_signal::Listener, mut stopped: watch::Receiver<bool>) {
        let mut is_registered = false;
        let mut done = Work::new(self.work(), Instant::now());
        let mut load = Load::Light;
        while !*stopped.borrow() {
            hints.mark_seen();
            let begun = Instant::now();
            is_registered = is_registered || self.register().await;
            let found = match is_registered {
                true => self.look(load).await,
                false => Found::Nothing,
            };
            self.tidy_when_due().await;
            load = done.note(self.work(), Instant::now());
            let (at_least, at_most) = rest(found, begun.elapsed(), load, &self.timing);
            let pause = async {
                tokio::time::sleep(at_least).await;
                // The consumers are run after a timeout too.
                drop(tokio::time::timeout(at_most, hints.notified()).await);
            };
            tokio::select! {
                () = pause => {}
                _ = stopped.changed() => {}
            }
        }
        let server = self.server;
        let release = move |connection: &mut _| feed_consumers::release(connection, server);
        if let Err(error) = self.connection.ask(release).await {
            log::debug!(event = "feed_not_released"; "{error}");
        }
    }

    fn work(&self) -> u64 {
        work(self.metrics.messages.get(), self.metrics.deliveries.get())
    }

    async fn register(&mut self) -> bool {
        let consumers = self.followers.iter();
        let names: Vec<String> = consumers
            .map(|one| one.consumer.name().to_owned())
            .collect();
        let register = move |connection: &mut _| {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            feed_consumers::register(connection, &names)
        };
        let registered = self.connection.ask(register).await;
        if let Err(Error::Internal(cause)) = &registered {
            log::error!(event = "feed_not_followed"; "{cause}");
        }
        registered.is_ok()
    }

    /// Runs one pass of each consumer.
    async fn look(&mut self, load: Load) -> Found {
        let mut all = Found::Nothing;
        for follower in &mut self.followers {
            let database = (&mut self.connection, &self.pool, self.server);
            let found = follower.pass(database, load).await;
            all = match (all, found) {
                (Found::More, _) | (_, Found::More) => Found::More,
                (Found::CaughtUp, _) | (_, Found::CaughtUp) => Found::CaughtUp,
                (Found::Nothing, Found::Nothing) => Found::Nothing,
            };
        }
        all
    }

    /// Updates the lag metrics and deletes handled rows.
    async fn tidy_when_due(&mut self) {
        let is_due = self
            .tidied
            .is_none_or(|at| at.elapsed() >= self.timing.tidy);
        if !is_due {
            return;
        }
        self.tidied = Some(Instant::now());
        let patience = self.timing.patience;
        let look = move |connection: &mut _| {
            feed_consumers::expire_idle(connection, patience)?;
            feed_consumers::lags(connection)
        };
        let tidied = match self.connection.ask(look).await {
            Ok(lags) => {
                self.show(lags);
                self.delete_handled().await
            }
            Err(error) => Err(error),
        };
        match tidied {
            Ok(()) => {}
            Err(Error::Internal(cause)) => log::error!(event = "feed_not_tidied"; "{cause}"),
            Err(error) => match failure(&error, &self.pool) {
                Some(_) => {
                    log::warn!(event = "feed_not_tidied", rows = self.deleting.size(); "it took too long; the next deletions are smaller")
                }
                None => log::debug!(event = "feed_not_tidied"; "the database is unavailable"),
            },
        }
    }

    fn show(&self, lags: Vec<Lag>) {
        let oldest = lags.iter().map(|lag| lag.seconds).fold(0.0, f64::max);
        self.metrics.feed_oldest.set(oldest);
        for lag in lags {
            let lag_of = &self.metrics.feed_lag;
            lag_of.with_label_values(&[&lag.name]).set(lag.seconds);
        }
    }

    /// Deletes rows that all consumers have handled. Each statement is a transaction of its own.
    async fn delete_handled(&mut self) -> Result<(), Error> {
        for _ in 0..DELETIONS {
            let (most, begun) = (self.deleting.size(), Instant::now());
            let delete = move |connection: &mut _| changed::delete_handled(connection, most);
            match self.connection.ask(delete).await {
                Ok(deleted) if (deleted as i64) < most => {
                    self.deleting.note_done();
                    break;
                }
                Ok(_) => {
                    let allowed = self.pool.statement_timeout();
                    self.deleting.note_full(begun.elapsed(), allowed);
                }
                Err(error) => {
                    // The next interval is wait enough.
                    if let Some(failed) = failure(&error, &self.pool) {
                        self.deleting.note_failure(failed);
                    }
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

/// What an error says of the work that met it; `None` where the database is unavailable, which `store/watch.rs` reports, or a row is
/// locked.
fn failure(error: &Error, pool: &Pool) -> Option<Failure> {
    match error {
        Error::Internal(_) => Some(Failure::Broken),
        Error::Refused(_) if pool.state() != State::Answering || is_locked(error) => None,
        Error::Refused(_) => Some(Failure::Slow),
    }
}

impl Follower {
    fn new(consumer: Arc<dyn Consumer>) -> Self {
        Self {
            consumer,
            stride: Stride::new(Bounds::default().entries),
            due: None,
        }
    }

    async fn pass(
        &mut self,
        (connection, pool, server): (&mut Dedicated, &Pool, Uuid),
        load: Load,
    ) -> Found {
        if self.due.is_some_and(|due| Instant::now() < due) {
            return Found::Nothing;
        }
        let (consumer, begun) = (Arc::clone(&self.consumer), Instant::now());
        let entries = load.bound(self.stride.size());
        let bounds = Bounds {
            entries,
            ..Bounds::default()
        };
        let work = move |connection: &mut _| pass(connection, &*consumer, server, bounds);
        match connection.ask(work).await {
            Ok(found) => {
                self.due = None;
                match found {
                    Found::More if entries == self.stride.size() => {
                        let allowed = pool.statement_timeout();
                        self.stride.note_full(begun.elapsed(), allowed);
                    }
                    _ => self.stride.note_done(),
                }
                found
            }
            Err(error) => {
                self.note_failure(&error, failure(&error, pool));
                Found::Nothing
            }
        }
    }

    /// Retries a failed consumer with less work and growing delays; the others continue.
    fn note_failure(&mut self, error: &Error, failed: Option<Failure>) {
        let name = self.consumer.name();
        let Some(failed) = failed else {
            log::debug!(event = "consumer_waits", consumer = name; "the database is unavailable, or a row is locked: {error}");
            return;
        };
        let wait = self.stride.note_failure(failed);
        self.due = Some(Instant::now() + wait);
        let (seconds, entries) = (wait.as_secs(), self.stride.size());
        match failed {
            Failure::Slow => log::warn!(
                event = "consumer_too_slow", consumer = name, again_in_seconds = seconds, entries = entries;
                "its pass could not be finished in time, and is tried again with so many entries"
            ),
            Failure::Broken => log::error!(
                event = "consumer_failed", consumer = name, again_in_seconds = seconds;
                "{error}"
            ),
        }
    }
}
