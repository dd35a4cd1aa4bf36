//! A connection for an owner who runs one statement after the other. A call waits no longer than one on the
//! pool.

use diesel::pg::PgConnection;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

use super::health::wait_for_silence;
use super::pool::{Pool, Shared, away};
use super::worker::{Opening, Slot, Worker};
use crate::error::Error;

/// How often a waiting thread checks whether it should give up.
pub(super) const LOOK: Duration = Duration::from_millis(50);

/// A dedicated connection. After an error that may be the connection's, the next call opens a new one.
pub struct Dedicated {
    shared: Arc<Shared>,
    opening: Arc<Opening>,
    worker: Option<Worker>,
}

impl Dedicated {
    /// Connects on first use, with additional settings.
    pub(super) fn new(pool: &Pool, settings: &str) -> Self {
        Self {
            shared: Arc::clone(&pool.0),
            opening: Arc::new(pool.0.opening_for_owner(settings)),
            worker: None,
        }
    }

    /// Runs a job and blocks until it ends. After an error the job may still have been committed.
    pub fn run<T, F>(&mut self, job: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T, Error> + Send + 'static,
    {
        let (told, outcome) = sync_channel(1);
        self.submit(job, move |done| drop(told.send(done)))?;
        let waited = self.wait(&outcome);
        waited.unwrap_or_else(|| {
            self.give_up();
            Err(away())
        })
    }

    fn wait<T>(&self, outcome: &Receiver<Result<T, Error>>) -> Option<Result<T, Error>> {
        let begun = Instant::now();
        loop {
            match outcome.recv_timeout(LOOK) {
                Ok(done) => return Some(done),
                Err(RecvTimeoutError::Disconnected) => {
                    return Some(Err(Error::internal("a call to the database has panicked")));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            let state = &self.worker.as_ref()?.state;
            if begun.elapsed() > self.shared.allowed(state) || state.is_given_up() {
                return None;
            }
        }
    }

    /// Like `run`, for async callers.
    pub async fn ask<T, F>(&mut self, job: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T, Error> + Send + 'static,
    {
        let listener = self.shared.health.listen();
        let silences = listener.borrow().silences;
        let (told, outcome) = oneshot::channel();
        self.submit(job, move |done| drop(told.send(done)))?;
        let waited = tokio::select! {
            waited = tokio::time::timeout(self.shared.deadline, outcome) => waited.ok(),
            () = wait_for_silence(listener, silences) => None,
        };
        match waited {
            Some(outcome) => outcome.map_err(Error::internal)?,
            None => {
                self.give_up();
                Err(away())
            }
        }
    }

    fn give_up(&mut self) {
        if let Some(worker) = self.worker.take() {
            worker.state.give_up();
        }
    }

    fn submit<T, F>(
        &mut self,
        job: F,
        tell: impl FnOnce(Result<T, Error>) + Send + 'static,
    ) -> Result<(), Error>
    where
        F: FnOnce(&mut PgConnection) -> Result<T, Error> + Send + 'static,
    {
        if self.shared.health.is_silent() {
            return Err(away());
        }
        let (shared, opening) = (Arc::clone(&self.shared), Arc::clone(&self.opening));
        let work = move |slot: &mut Slot| tell(shared.carry_out(slot, &opening, job));
        let kept = self.worker.take();
        let worker = match kept.filter(|worker| !worker.state.is_given_up()) {
            Some(worker) => worker,
            None => self.shared.worker()?,
        };
        worker.state.expect();
        let handed = self.worker.insert(worker).submit(work);
        handed
            .then_some(())
            .ok_or_else(|| Error::internal("a thread with a connection is gone"))
    }
}
