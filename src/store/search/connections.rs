//! The connections of searches: few, with a short time limit and settings that leave each statement one plan.

use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::store::dedicated::Dedicated;
use crate::store::pool::Pool;
use diesel::pg::PgConnection;

/// Searches that run at the same time.
const CONNECTIONS: usize = 3;
/// How long a search waits for its turn.
const PATIENCE: Duration = Duration::from_secs(2);

/// The connections. Cheap to clone.
#[derive(Clone)]
pub struct SearchConnections(Arc<Shared>);

struct Shared {
    turns: Semaphore,
    free: Mutex<Vec<Dedicated>>,
}

/// A connection in use. It returns also if nobody waits for its answer any more.
struct Held {
    shared: Arc<Shared>,
    connection: Option<Dedicated>,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.shared.free.lock().extend(self.connection.take());
    }
}

impl SearchConnections {
    /// Connections beside a pool, each opened on first use.
    pub fn new(pool: &Pool) -> Self {
        let free = (0..CONNECTIONS).map(|_| pool.searcher()).collect();
        Self(Arc::new(Shared {
            turns: Semaphore::new(CONNECTIONS),
            free: Mutex::new(free),
        }))
    }

    /// Runs a search when it is its turn.
    pub async fn run<T, F>(&self, job: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce(&mut PgConnection) -> Result<T, Error> + Send + 'static,
    {
        const BUSY: Error = Error::Refused(Refusal::Unavailable("Too many searches at once"));
        let turn = tokio::time::timeout(PATIENCE, self.0.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            return Err(BUSY);
        };
        let mut held = Held {
            shared: Arc::clone(&self.0),
            connection: self.0.free.lock().pop(),
        };
        match &mut held.connection {
            Some(connection) => connection.ask(job).await,
            None => Err(BUSY),
        }
    }
}
