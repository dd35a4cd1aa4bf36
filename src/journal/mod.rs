//! The only writer of committed changes: the batch lane gathers messages and watermarks of all rooms, another
//! thread writes steps of deals, and transactions on the pool write the rest.

mod batch;
mod in_flight;
mod lane;
mod parked;
mod queue;
mod step_writer;
mod subset;
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

pub use step_writer::StepOutcome;
pub use transact::OutcomeUnknown;

/// A number by which a room recognises the outcome of its request.
pub type RequestNo = u64;

/// A message for the next commit.
pub struct Append {
    /// The conversation.
    pub conversation: ConversationNo,
    /// The policy version under which the room accepted the message.
    pub policy: PolicyVersion,
    /// The sender.
    pub sender: UserNo,
    /// The roles in the sender's token.
    pub roles: Roles,
    /// The content.
    pub content: Arc<Content>,
    /// `Content::fingerprint`. The room computes it: rooms run on several threads, commits on one.
    pub fingerprint: i64,
    /// The room's number of the request.
    pub request_no: RequestNo,
    /// Since when it waits for the lock of its conversation.
    pub parked_since: Option<Instant>,
    /// The room that receives the outcome.
    pub room: Arc<Recipient<Outcomes>>,
    /// Counts towards the journal's limit until the append is dropped.
    pub permit: Permit,
}

/// A watermark for the next commit.
pub struct MarkRequest {
    /// The watermark.
    pub mark: NewMark,
    /// The room's number of the request.
    pub request_no: RequestNo,
    /// Since when it waits for the lock of its row.
    pub parked_since: Option<Instant>,
    /// The room that receives the outcome.
    pub room: Arc<Recipient<Outcomes>>,
}

/// The outcomes of requests of one room, in commit order.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Outcomes {
    /// Each outcome with the number of its request.
    pub outcomes: Vec<(RequestNo, Outcome)>,
}

/// The outcome of a request.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The message was stored by this commit.
    Stored {
        /// Its seq.
        seq: Seq,
        /// The time of the commit.
        at: chrono::DateTime<chrono::Utc>,
    },
    /// The same sender had stored a message with this client id before.
    Duplicate {
        /// The conversation that holds that message.
        conversation: ConversationNo,
        /// Its seq there.
        seq: Seq,
        /// The time of its commit.
        at: chrono::DateTime<chrono::Utc>,
        /// Its fingerprint, to tell a retry from a conflict.
        fingerprint: i64,
    },
    /// The policy version has changed since the room decided, or the conversation does not exist: decide again.
    Stale,
    /// The watermark has moved.
    Marked,
    /// The message cannot be stored.
    Refused(Refusal),
    /// The message may or may not have been stored, because the database is unavailable.
    Unknown,
}

/// The right to one pending append; dropping it releases it.
pub struct Permit(Arc<AtomicUsize>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The handle through which rooms and deals reach the journal.
#[derive(Clone)]
pub struct JournalHandle {
    address: Addr<Journal>,
    steps: step_writer::Steps,
    queue: Arc<queue::Queue>,
    pool: Pool,
    waiting: Arc<AtomicUsize>,
    bound: usize,
}

impl JournalHandle {
    /// Reserves one pending append; `None` if the limit is reached.
    pub fn permit(&self) -> Option<Permit> {
        let permit = Permit(Arc::clone(&self.waiting));
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        (before < self.bound).then_some(permit)
    }

    /// Whether the journal and its thread are running.
    pub fn is_alive(&self) -> bool {
        self.address.connected() && self.queue.is_open()
    }

    /// Queues a message. The outcome arrives as `Outcomes`.
    pub fn append(&self, append: Append) {
        self.queue.append(append);
    }

    /// Queues a watermark. The outcome arrives as `Outcomes`.
    pub fn mark(&self, marking: MarkRequest) {
        self.queue.mark(marking);
    }
}

/// Sends the outcomes of one commit to the rooms while the lane performs the next.
pub struct Journal {
    queue: Arc<queue::Queue>,
    metrics: Arc<Metrics>,
}

impl Journal {
    /// Starts the journal on its own arbiter, with its own thread for commits.
    pub fn start(
        pool: Pool,
        options: &crate::config::ActorOptions,
        metrics: Arc<Metrics>,
        clock: Clock,
    ) -> JournalHandle {
        let steps = step_writer::Steps::start(pool.clone(), Arc::clone(&metrics), clock.clone());
        let queue = Arc::new(queue::Queue::default());
        let (lane_pool, batch_limit) = (pool.clone(), options.batch_limit as usize);
        let own_queue = Arc::clone(&queue);
        let address = Self::start_in_arbiter(&Arbiter::new().handle(), move |context| {
            let committed_to = context.address().recipient();
            lane::start(
                &lane_pool,
                clock,
                Arc::clone(&own_queue),
                batch_limit,
                committed_to,
            );
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
    /// Ends the lane's thread.
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
        batch::send_outcomes(committed);
    }
}

/// How long a request may wait while the database is unavailable or its conversation is locked.
const PATIENCE: Duration = Duration::from_millis(2_500);

/// How long marks with a locked row wait before they are tried again.
const MARKS_PAUSE: Duration = Duration::from_millis(20);
