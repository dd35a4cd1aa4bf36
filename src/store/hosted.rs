//! A loop on the thread of a connection of its own: its statements need no hop between threads. A guard beside it gives the thread up
//! when its connection does not answer, and begins the loop anew on another one.

use diesel::pg::PgConnection;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Instant;

use super::dedicated::LOOK;
use super::pool::{Pool, Shared, away};
use super::worker::{Opening, Slot, Worker, WorkerState};
use crate::error::Error;

/// Since when the statement under way is under way.
type Pulse = Mutex<Option<Instant>>;

/// What the loop does its statements with.
pub struct Hosted<'a> {
    slot: &'a mut Slot,
    shared: &'a Shared,
    opening: &'a Opening,
    pulse: &'a Pulse,
    state: Arc<WorkerState>,
}

/// Starts the loop that `begin` makes, and its guard. A loop ends when it has nothing more to do, or when it is given up: then
/// `abandoned` is called, and the next one begins. Of a loop that was given up a statement may be under way still; nobody waits for it,
/// and its outcome is unknown.
pub fn host<F>(
    pool: &Pool,
    mut begin: impl FnMut() -> F + Send + 'static,
    mut abandoned: impl FnMut() + Send + 'static,
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
            if is_at_its_end(&end, &shared, &worker.state, &pulse) {
                return;
            }
            worker.state.give_up();
            abandoned();
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
    worker.hand(move |slot| {
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

/// Waits until the loop has ended by itself, or has panicked, or is to be waited for no longer.
fn is_at_its_end(end: &Receiver<()>, shared: &Shared, state: &WorkerState, pulse: &Pulse) -> bool {
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
    /// Does something with the connection. An error leaves open whether it was done.
    pub fn run<T>(
        &mut self,
        job: impl FnOnce(&mut PgConnection) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if self.is_hopeless() {
            return Err(away());
        }
        self.state.expect();
        *self.pulse.lock() = Some(Instant::now());
        let outcome = self.shared.carry_out(self.slot, self.opening, job);
        *self.pulse.lock() = None;
        outcome
    }

    /// Whether trying again is of no use for now: nobody waits for this loop any more, or the database is silent.
    pub fn is_hopeless(&self) -> bool {
        self.is_given_up() || self.shared.health.is_silent()
    }

    /// Nobody waits for this loop any more: it ends now, and tells nothing.
    pub fn is_given_up(&self) -> bool {
        self.state.is_given_up()
    }
}
