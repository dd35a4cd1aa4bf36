//! Follows the feed for all consumers, one after the other on one connection: so consumers take no more of the database than one client
//! does, however much there is to take in. Several servers may run; each consumer is run by one of them at a time.

use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::{Bounds, Consumer, Feed, Found, pass};
use crate::error::Error;
use crate::job_signal;
use crate::store::dedicated::Dedicated;
use crate::store::pool::Pool;
use crate::store::{changed, feed_consumers};
use crate::telemetry::metrics::Metrics;

/// How often consumers look and rest.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// How long to wait at most before looking again: for what other servers have written.
    pub look: Duration,
    /// How long to rest after something was taken in: what comes meanwhile is taken in together.
    pub rest: Duration,
    /// How often rows are deleted that everybody has handled.
    pub tidy: Duration,
    /// How long a consumer that no server runs any more holds rows.
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

/// How long to wait at least between two looks.
const BREATH: Duration = Duration::from_millis(100);
/// How long a consumer that fails waits at most before it is tried again.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Rows that one statement deletes.
const DELETED_TOGETHER: i64 = 5_000;

/// Consumers that are followed for.
pub struct Following {
    stopping: watch::Sender<bool>,
    following: JoinHandle<()>,
}

impl Following {
    /// Begins to follow the feed.
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
            server: Uuid::now_v7(),
            metrics,
            followers: consumers.into_iter().map(Follower::new).collect(),
            timing,
            tidied: None,
        };
        let following = tokio::spawn(runner.run(feed.hints(), stopped));
        Self {
            stopping,
            following,
        }
    }

    /// Ends with the pass that is under way, and leaves the consumers to other servers.
    pub async fn stop(self) {
        self.stopping.send_replace(true);
        if let Err(error) = self.following.await {
            log::error!(event = "feed_not_followed"; "{error}");
        }
    }
}

/// A consumer, and how it gets on.
struct Follower {
    consumer: Arc<dyn Consumer>,
    failures: u32,
    /// Not to be tried before; none where it has not failed.
    due: Option<Instant>,
}

struct Runner {
    connection: Dedicated,
    server: Uuid,
    metrics: Arc<Metrics>,
    followers: Vec<Follower>,
    timing: Timing,
    tidied: Option<Instant>,
}

impl Runner {
    async fn run(mut self, mut hints: job_signal::Listener, mut stopped: watch::Receiver<bool>) {
        let mut is_registered = false;
        while !*stopped.borrow() {
            hints.forget();
            let begun = Instant::now();
            is_registered = is_registered || self.register().await;
            let found = match is_registered {
                true => self.look().await,
                false => Found::Nothing,
            };
            self.tidy_when_due().await;
            let (at_least, at_most) = match found {
                // At least half of the time is left to others.
                Found::More => (begun.elapsed().max(BREATH), Duration::ZERO),
                Found::Everything => (self.timing.rest, Duration::ZERO),
                Found::Nothing => (BREATH, self.timing.look),
            };
            let pause = async {
                tokio::time::sleep(at_least).await;
                // Either way it is time to look.
                drop(tokio::time::timeout(at_most, hints.rung()).await);
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

    async fn register(&mut self) -> bool {
        let consumers = self.followers.iter();
        let names: Vec<&str> = consumers.map(|one| one.consumer.name()).collect();
        let register = move |connection: &mut _| feed_consumers::register(connection, &names);
        let registered = self.connection.ask(register).await;
        if let Err(Error::Internal(cause)) = &registered {
            log::error!(event = "feed_not_followed"; "{cause}");
        }
        registered.is_ok()
    }

    /// A pass of each consumer.
    async fn look(&mut self) -> Found {
        let mut all = Found::Nothing;
        for follower in &mut self.followers {
            let found = follower.pass(&mut self.connection, self.server).await;
            all = match (all, found) {
                (Found::More, _) | (_, Found::More) => Found::More,
                (Found::Everything, _) | (_, Found::Everything) => Found::Everything,
                (Found::Nothing, Found::Nothing) => Found::Nothing,
            };
        }
        all
    }

    /// Deletes what everybody has handled, and shows how far behind the consumers are.
    async fn tidy_when_due(&mut self) {
        let is_due = self
            .tidied
            .is_none_or(|at| at.elapsed() >= self.timing.tidy);
        if !is_due {
            return;
        }
        self.tidied = Some(Instant::now());
        let patience = self.timing.patience;
        let tidy = move |connection: &mut _| {
            feed_consumers::let_go(connection, patience)?;
            while changed::delete_handled(connection, DELETED_TOGETHER)? as i64 == DELETED_TOGETHER
            {
            }
            feed_consumers::lags(connection)
        };
        match self.connection.ask(tidy).await {
            Ok(lags) => {
                let oldest = lags.iter().map(|lag| lag.seconds).fold(0.0, f64::max);
                self.metrics.feed_oldest.set(oldest);
                for lag in lags {
                    let lag_of = &self.metrics.feed_lag;
                    lag_of.with_label_values(&[&lag.name]).set(lag.seconds);
                }
            }
            Err(Error::Internal(cause)) => log::error!(event = "feed_not_tidied"; "{cause}"),
            // The database is away, of which the watch on it speaks.
            Err(Error::Refused(_)) => {}
        }
    }
}

impl Follower {
    fn new(consumer: Arc<dyn Consumer>) -> Self {
        Self {
            consumer,
            failures: 0,
            due: None,
        }
    }

    async fn pass(&mut self, connection: &mut Dedicated, server: Uuid) -> Found {
        if self.due.is_some_and(|due| Instant::now() < due) {
            return Found::Nothing;
        }
        let consumer = Arc::clone(&self.consumer);
        let work =
            move |connection: &mut _| pass(connection, &*consumer, server, Bounds::default());
        match connection.ask(work).await {
            Ok(found) => {
                (self.failures, self.due) = (0, None);
                found
            }
            Err(error) => {
                self.note_failure(error);
                Found::Nothing
            }
        }
    }

    /// A consumer that fails is tried again, with growing distance; the others go on.
    fn note_failure(&mut self, error: Error) {
        let cause = match error {
            Error::Internal(cause) => cause,
            Error::Refused(refusal) => {
                let code = refusal.code_and_status().0;
                log::debug!(event = "consumer_waits", consumer = self.consumer.name(), refusal = code; "the database is away, or somebody holds a row");
                return;
            }
        };
        let wait = Duration::from_secs(1) * 2_u32.saturating_pow(self.failures);
        let wait = wait.min(LONGEST_WAIT);
        self.failures = (self.failures + 1).min(10);
        self.due = Some(Instant::now() + wait);
        log::error!(event = "consumer_failed", consumer = self.consumer.name(), again_in_seconds = wait.as_secs(); "{cause}");
    }
}
