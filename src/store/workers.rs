//! The set of threads with connections, as r2d2 manages it.

use parking_lot::Mutex;
use std::sync::{Arc, Weak};

use super::pool::away;
use super::worker::{Worker, WorkerState};
use crate::error::Error;

/// Starts workers and knows all that were started. A worker tests its connection itself before use.
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

    /// All workers whose thread is still running.
    pub(super) fn all(&self) -> impl Iterator<Item = Arc<WorkerState>> + use<> {
        let states: Vec<_> = self.0.lock().iter().filter_map(Weak::upgrade).collect();
        states.into_iter()
    }

    /// A pool of at most `size` workers, started on demand.
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
