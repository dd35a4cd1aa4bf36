//! Threads with connections, as r2d2 keeps them: which there are, and which of them are of use.

use parking_lot::Mutex;
use std::sync::{Arc, Weak};

use super::pool::away;
use super::worker::{Worker, WorkerState};
use crate::error::Error;

/// Starts workers, and knows all that were started. A worker looks at its connection itself before it uses it.
#[derive(Clone, Default)]
pub(super) struct Workers(Arc<Mutex<Vec<Weak<WorkerState>>>>);

impl Workers {
    /// Starts a worker.
    pub(super) fn start(&self) -> Result<Worker, Error> {
        let worker = Worker::start()?;
        let mut states = self.0.lock();
        states.retain(|state| state.strong_count() > 0);
        states.push(Arc::downgrade(&worker.state));
        Ok(worker)
    }

    /// Every worker whose thread is there still.
    pub(super) fn all(&self) -> impl Iterator<Item = Arc<WorkerState>> + use<> {
        let states: Vec<_> = self.0.lock().iter().filter_map(Weak::upgrade).collect();
        states.into_iter()
    }

    /// A pool of at most so many of them, started when they are needed.
    pub(super) fn pooled(&self, size: u32) -> r2d2::Pool<Self> {
        r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(0))
            .idle_timeout(None)
            .max_lifetime(None)
            .build_unchecked(self.clone())
    }
}

impl r2d2::ManageConnection for Workers {
    type Connection = Worker;
    type Error = Error;

    fn connect(&self) -> Result<Worker, Error> {
        self.start()
    }

    fn is_valid(&self, worker: &mut Worker) -> Result<(), Error> {
        match worker.state.is_given_up() {
            true => Err(away()),
            false => Ok(()),
        }
    }

    fn has_broken(&self, worker: &mut Worker) -> bool {
        worker.state.is_given_up() || std::thread::panicking()
    }
}
