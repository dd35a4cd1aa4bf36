//! The persistence actor, the only writer of facts: the batch lane (appends and marks of all rooms, gathered) and the
//! transaction lane (everything else).

mod aside;
mod batch;
mod held;
mod lane;
mod part;
mod queue;
mod stepping;
mod transact;

use actix::prelude::*;
use clock::Clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::domain::ids::{ConversationNo, PolicyVersion, Seq, UserNo};
use crate::domain::message::Content;
use crate::domain::principal::Roles;
use crate::domain::refusal::Refusal;
use crate::store::marks::NewMark;
use crate::store::pool::Pool;
use crate::telemetry::metrics::Metrics;

pub use stepping::Stepping;
pub use transact::Unsure;

/// A room's own number of a request, given back with its outcome.
pub type RequestNo = u64;

/// A message for the next commit.
pub struct Append {
    /// Where.
    pub conversation: ConversationNo,
    /// The version of the policy that it was decided under.
    pub policy: PolicyVersion,
    /// Who sends it.
    pub sender: UserNo,
    /// What the sender's token gives.
    pub roles: Roles,
    /// What is said.
    pub content: Arc<Content>,
    /// `Content::fingerprint`, made by the room: rooms have several threads, commits have one.
    pub fingerprint: i64,
    /// The room's own number of it.
    pub request_no: RequestNo,
    /// Since when it waits for a conversation that somebody else holds.
    pub aside_since: Option<Instant>,
    /// Where the outcome goes.
    pub room: Arc<Recipient<Settled>>,
    /// Counts against the journal's bound for as long as this exists.
    pub permit: Permit,
}

/// A watermark for the next commit.
pub struct Marking {
    /// What moves.
    pub mark: NewMark,
    /// The room's own number of it.
    pub request_no: RequestNo,
    /// Since when it waits for a row that somebody else holds.
    pub aside_since: Option<Instant>,
    /// Where the outcome goes.
    pub room: Arc<Recipient<Settled>>,
}

/// What became of requests of one room, in the order in which they were committed.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Settled {
    /// Each with the number of its request.
    pub outcomes: Vec<(RequestNo, Outcome)>,
}

/// What became of a request.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// A message was stored now.
    Stored {
        /// Its seq.
        seq: Seq,
        /// When.
        at: chrono::DateTime<chrono::Utc>,
    },
    /// The same message was stored before, in this or another commit.
    Known {
        /// The conversation that holds it.
        conversation: ConversationNo,
        /// Its seq there.
        seq: Seq,
        /// When.
        at: chrono::DateTime<chrono::Utc>,
        /// Its fingerprint, to tell a repeat from a conflict.
        fingerprint: i64,
    },
    /// The policy has changed since it was decided, or the conversation is unknown: decide again.
    Stale,
    /// The watermark has moved.
    Marked,
    /// It can not be stored.
    Refused(Refusal),
    /// It may or may not have been stored: the database is away.
    Unknown,
}

/// A place among the requests that may wait.
pub struct Permit(Arc<AtomicUsize>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What rooms hold of the journal.
#[derive(Clone)]
pub struct JournalHandle {
    address: Addr<Journal>,
    steps: stepping::Steps,
    queue: Arc<queue::Queue>,
    pool: Pool,
    waiting: Arc<AtomicUsize>,
    bound: usize,
}

impl JournalHandle {
    /// A place for one more append; `None` when too many wait.
    pub fn permit(&self) -> Option<Permit> {
        let permit = Permit(Arc::clone(&self.waiting));
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        (before < self.bound).then_some(permit)
    }

    /// Whether the journal is there.
    pub fn is_alive(&self) -> bool {
        self.address.connected() && self.queue.is_open()
    }

    /// Hands over a message. Its outcome comes as `Settled`.
    pub fn append(&self, append: Append) {
        self.queue.append(append);
    }

    /// Hands over a watermark. Its outcome comes as `Settled`.
    pub fn mark(&self, marking: Marking) {
        self.queue.mark(marking);
    }
}

/// Keeps one commit in flight, and tells rooms what became of the last while the next is under way.
pub struct Journal {
    queue: Arc<queue::Queue>,
    metrics: Arc<Metrics>,
}

impl Journal {
    /// Starts the journal on an arbiter of its own, with a thread for its commits.
    pub fn start(
        pool: Pool,
        options: &crate::config::ActorOptions,
        metrics: Arc<Metrics>,
        clock: Clock,
    ) -> JournalHandle {
        let steps = stepping::Steps::start(pool.clone(), Arc::clone(&metrics), clock.clone());
        let queue = Arc::new(queue::Queue::default());
        let (lane_pool, batch_limit) = (pool.clone(), options.batch_limit as usize);
        let own_queue = Arc::clone(&queue);
        let address = Self::start_in_arbiter(&Arbiter::new().handle(), move |context| {
            let told = context.address().recipient();
            lane::start(&lane_pool, clock, Arc::clone(&own_queue), batch_limit, told);
            Self {
                queue: own_queue,
                metrics,
            }
        });
        JournalHandle {
            address,
            steps,
            queue,
            pool,
            waiting: Arc::default(),
            bound: options.journal_limit as usize,
        }
    }
}

impl Actor for Journal {
    type Context = Context<Self>;
}

impl Drop for Journal {
    /// The thread ends with the journal.
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl Handler<lane::Committed> for Journal {
    type Result = ();

    fn handle(&mut self, committed: lane::Committed, _: &mut Self::Context) {
        self.metrics
            .batch_size
            .observe(committed.appends.len() as f64);
        self.metrics
            .batch_seconds
            .observe(committed.took.as_secs_f64());
        batch::settle(committed);
    }
}

/// How long a commit may be tried again while the database is away, or while somebody else holds its conversation.
const PATIENCE: Duration = Duration::from_millis(2_500);

/// How long marks wait before they are tried again whose rows somebody else holds.
const MARKS_PAUSE: Duration = Duration::from_millis(20);
