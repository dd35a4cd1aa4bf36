//! A loop that owns a connection and runs on that connection's thread, so that a statement needs no hop between
//! threads. A guard abandons the loop if its connection stops responding, and starts it again on a new
//! connection.

use diesel::pg::PgConnection;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Instant;

use super::dedicated::LOOK;
use super::pool::{Pool, Shared, away};
use super::worker::{Opening, Slot, Worker, WorkerState};
use crate::error::Error;

/// When the running statement began; `None` between statements.
type Pulse = Mutex<Option<Instant>>;

/// The loop's access to its connection.
pub struct Hosted<'a> {
    slot: &'a mut Slot,
    shared: &'a Shared,
    opening: &'a Opening,
    pulse: &'a Pulse,
    state: Arc<WorkerState>,
}

/// Starts the loop made by `begin`, and its guard. The guard ends when the loop returns. If the guard abandons
/// the loop, it calls `on_abandoned` and starts the next loop. A statement of an abandoned loop may still be
/// running; its outcome is unknown.
pub fn host<F>(
    pool: &Pool,
    mut begin: impl FnMut() -> F + Send + 'static,
    mut on_abandoned: impl FnMut() + Send + 'static,
) where
    F: FnOnce(&mut Hosted<'_>) + Send + 'static,
{
    let shared = Arc::clone(&pool.0);
    let opening = Arc::new(shared.opening_for_owner(&shared.for_lanes()));
    std::thread::spawn(move || {
        loop {
            let worker = match shared.worker() {
                Ok(worker) => worker,
                Err(error) => {
                    log::error!(event = "thread_not_started"; "{error}");
                    std::thread::sleep(LOOK);
                    continue;
                }
            };
            let pulse = Arc::default();
            let end = hand_over(&worker, &shared, &opening, &pulse, begin());
            if has_ended(&end, &shared, &worker.state, &pulse) {
                return;
            }
            worker.state.give_up();
            on_abandoned();
        }
    });
}

fn hand_over<F>(
    worker: &Worker,
    shared: &Arc<Shared>,
    opening: &Arc<Opening>,
    pulse: &Arc<Pulse>,
    body: F,
) -> Receiver<()>
where
    F: FnOnce(&mut Hosted<'_>) + Send + 'static,
{
    let (ended, end) = sync_channel(1);
    let (shared, opening, pulse) = (Arc::clone(shared), Arc::clone(opening), Arc::clone(pulse));
    let state = Arc::clone(&worker.state);
    worker.submit(move |slot| {
        body(&mut Hosted {
            slot,
            shared: &shared,
            opening: &opening,
            pulse: &pulse,
            state,
        });
        ended.send(()).ok();
    });
    end
}

/// Waits until the loop has returned or panicked (true), or must be abandoned (false).
fn has_ended(end: &Receiver<()>, shared: &Shared, state: &WorkerState, pulse: &Pulse) -> bool {
    loop {
        match end.recv_timeout(LOOK) {
            Ok(()) => return !state.is_given_up(),
            Err(RecvTimeoutError::Disconnected) => return true,
            Err(RecvTimeoutError::Timeout) => {}
        }
        let allowed = shared.allowed(state);
        let is_late = pulse.lock().is_some_and(|begun| begun.elapsed() > allowed);
        if is_late || state.is_given_up() {
            return false;
        }
    }
}

impl Hosted<'_> {
    /// Runs a job with the connection. After an error the job may still have been committed.
    pub fn run<T>(
        &mut self,
        job: impl FnOnce(&mut PgConnection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if self.should_stop_retrying() {
            return Err(away());
        }
        self.state.expect();
        *self.pulse.lock() = Some(Instant::now());
        let outcome = self.shared.carry_out(self.slot, self.opening, job);
        *self.pulse.lock() = None;
        outcome
    }

    /// Whether a retry is pointless: the loop was abandoned, or the database is silent.
    pub fn should_stop_retrying(&self) -> bool {
        self.is_given_up() || self.shared.health.is_silent()
    }

    /// Whether the guard has abandoned this loop. It must then return and report nothing.
    pub fn is_given_up(&self) -> bool {
        self.state.is_given_up()
    }
}
