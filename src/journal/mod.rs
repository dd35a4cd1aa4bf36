//! The persistence actor, the only writer of facts: the batch lane (appends and marks of all rooms, gathered) and the
//! transaction lane (everything else).

mod batch;
mod lane;
mod stepping;
mod transact;

use actix::prelude::*;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::domain::ids::{ConversationNo, PolicyVersion, Seq, UserNo};
use crate::domain::message::Draft;
use crate::domain::refusal::Refusal;
use crate::metrics::Metrics;
use crate::store::marks::NewMark;
use crate::store::pool::Pool;

pub use stepping::Stepping;
pub use transact::Unsure;

/// A room's own number of a request, given back with its outcome.
pub type Ticket = u64;

/// A message for the next commit.
pub struct Append {
    /// Where.
    pub conversation: ConversationNo,
    /// The version of the policy that it was decided under.
    pub policy: PolicyVersion,
    /// Who sends it.
    pub sender: UserNo,
    /// What is said.
    pub draft: Arc<Draft>,
    /// The room's own number of it.
    pub ticket: Ticket,
    /// Where the outcome goes.
    pub room: Arc<Recipient<Settled>>,
    /// Counts against the journal's bound for as long as this exists.
    pub permit: Permit,
}

impl Message for Append {
    type Result = ();
}

/// A watermark for the next commit.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Marking {
    /// What moves.
    pub mark: NewMark,
    /// The room's own number of it.
    pub ticket: Ticket,
    /// Where the outcome goes.
    pub room: Arc<Recipient<Settled>>,
}

/// What became of requests of one room, in the order in which they were committed.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Settled {
    /// Each with its ticket.
    pub outcomes: Vec<(Ticket, Outcome)>,
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
        self.address.connected()
    }

    /// Hands over a message. Its outcome comes as `Settled`.
    pub fn append(&self, append: Append) {
        self.address.do_send(append);
    }

    /// Hands over a watermark. Its outcome comes as `Settled`.
    pub fn mark(&self, marking: Marking) {
        self.address.do_send(marking);
    }
}

/// Gathers what rooms want written, and keeps one commit in flight.
pub struct Journal {
    lane: lane::Lane,
    /// What waits for the next commit; bounded by the permits.
    appends: VecDeque<Append>,
    /// Watermarks that wait, the latest of each participant.
    marks: HashMap<(ConversationNo, UserNo), Vec<Marking>>,
    flight: Flight,
    batch_limit: usize,
    metrics: Arc<Metrics>,
}

enum Flight {
    Idle,
    /// What has arrived already is being taken in.
    Gathering,
    Committing,
}

impl Journal {
    /// Starts the journal on an arbiter of its own, with a thread for its commits.
    pub fn start(
        pool: Pool,
        options: &crate::config::ActorOptions,
        metrics: Arc<Metrics>,
    ) -> JournalHandle {
        let batch_limit = options.batch_limit as usize;
        let lane_pool = pool.clone();
        let steps = stepping::Steps::start(pool.clone(), Arc::clone(&metrics));
        let address = Self::start_in_arbiter(&Arbiter::new().handle(), move |context| {
            context.set_mailbox_capacity(1 << 16);
            Self {
                lane: lane::Lane::start(lane_pool, context.address().recipient()),
                appends: VecDeque::new(),
                marks: HashMap::new(),
                flight: Flight::Idle,
                batch_limit,
                metrics,
            }
        });
        JournalHandle {
            address,
            steps,
            pool,
            waiting: Arc::default(),
            bound: options.journal_limit as usize,
        }
    }

    /// Commits once everything that has arrived already is taken in, so that it goes together.
    fn commit_soon(&mut self, context: &mut Context<Self>) {
        if matches!(self.flight, Flight::Idle) {
            self.flight = Flight::Gathering;
            context.notify(Gathered);
        }
    }

    /// Sends everything that has gathered.
    fn commit(&mut self) {
        if self.appends.is_empty() && self.marks.is_empty() {
            self.flight = Flight::Idle;
            return;
        }
        let appends = batch::gather(&mut self.appends, self.batch_limit, batch::key_of);
        let marks = self
            .marks
            .drain()
            .flat_map(|(_, markings)| markings)
            .collect();
        self.flight = Flight::Committing;
        self.lane.send(lane::Batch { appends, marks });
    }
}

impl Actor for Journal {
    type Context = Context<Self>;
}

/// Everything that had arrived has been taken in.
#[derive(Message)]
#[rtype(result = "()")]
struct Gathered;

impl Handler<Append> for Journal {
    type Result = ();

    fn handle(&mut self, append: Append, context: &mut Self::Context) {
        self.appends.push_back(append);
        self.commit_soon(context);
    }
}

impl Handler<Marking> for Journal {
    type Result = ();

    fn handle(&mut self, marking: Marking, context: &mut Self::Context) {
        self.marks
            .entry((marking.mark.conversation, marking.mark.user))
            .or_default()
            .push(marking);
        self.commit_soon(context);
    }
}

impl Handler<Gathered> for Journal {
    type Result = ();

    fn handle(&mut self, _: Gathered, _: &mut Self::Context) {
        self.commit();
    }
}

impl Handler<lane::Committed> for Journal {
    type Result = ();

    fn handle(&mut self, committed: lane::Committed, _: &mut Self::Context) {
        self.commit();
        self.metrics
            .batch_size
            .observe(committed.batch.appends.len() as f64);
        self.metrics
            .batch_seconds
            .observe(committed.took.as_secs_f64());
        batch::settle(committed);
    }
}

/// How long a commit may be tried again while the database is away.
const PATIENCE: Duration = Duration::from_millis(2_500);
