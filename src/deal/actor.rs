//! The actor of one running deal: handles its requests one at a time, has each step decided and written, and announces it.

use actix::prelude::*;
use clock::Clock;
use dashmap::DashMap;
use diesel::pg::PgConnection;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

use super::catalogue::Catalogue;
use super::deciding::{DealState, DecidedStep, access, decide};
use super::requests::{Memory, Requests};
use crate::domain::entry::Entry;
use crate::domain::flow::FlowInput;
use crate::domain::ids::{ConversationId, ConversationNo, UserNo};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::job_signal::JobSignal;
use crate::journal::{JournalHandle, StepOutcome};
use crate::store::conversations::Key;
use crate::store::flows::{self, LoadedDeal};
use crate::store::pool::Pool;

/// The actors of deals that run on this server. An actor removes itself when it ends.
pub type AwakeDeals = Arc<DashMap<ConversationId, Addr<Deal>>>;

/// Times that a step is decided again because something changed meanwhile.
const ATTEMPTS: u32 = 8;
/// How often an actor checks whether it may end.
const PULSE: Duration = Duration::from_secs(1);

/// What the actors of deals work with.
pub struct DealDeps {
    /// Writes steps.
    pub journal: JournalHandle,
    /// Reads deals.
    pub pool: Pool,
    /// The definitions.
    pub catalogue: Arc<Catalogue>,
    /// Takes committed entries to their room. Called before the request is answered, so that the room handles the caller's next request
    /// after these entries.
    pub committed: Arc<dyn Fn(Committed) + Send + Sync>,
    /// What time it is.
    pub clock: Clock,
    /// How long an actor keeps running without requests.
    pub idle: Duration,
    /// Notified when a step has inserted jobs or timers.
    pub job_signal: JobSignal,
}

/// Committed entries that the conversation's room did not write itself.
pub struct Committed {
    /// Which conversation.
    pub conversation: ConversationId,
    /// Its number.
    pub no: ConversationNo,
    /// Who may read there.
    pub readers: Vec<UserNo>,
    /// What was committed, in order.
    pub entries: Vec<Entry>,
}

/// Who makes something happen.
#[derive(Clone, Debug)]
pub enum Initiator {
    /// A caller.
    Person(Arc<Principal>),
    /// A timer that is due.
    Timer,
    /// The gateway.
    Payment,
}

/// A request to a deal. Its answer is the deal after the step, as the requester may see it, as JSON.
#[derive(Message)]
#[rtype(result = "()")]
pub struct DealRequest {
    /// As whom the deal decides on the input: a caller, a due timer or the gateway.
    pub by: Initiator,
    /// A press with its form, or what a timer or a payment reports.
    pub input: FlowInput,
    /// Identifies the request: a repeated one gets the stored answer.
    pub request_id: String,
    /// Answered once: after the commit, or with the refusal.
    pub outcome: oneshot::Sender<Result<Value, Error>>,
}

struct PendingRequest {
    request: DealRequest,
    attempts: u32,
}

/// The actor.
pub struct Deal {
    deps: Arc<DealDeps>,
    deals: AwakeDeals,
    conversation: ConversationId,
    /// The deal; `None` before it is first read, and after a write whose outcome is unknown.
    awake: Option<DealState>,
    requests: Requests<PendingRequest>,
    /// Ids of requests whose write has an unknown outcome. The actor looks for their steps until it ends, and announces those it finds.
    doubted: Vec<String>,
}

impl Deal {
    /// An actor that reads its deal at the first request.
    pub fn new(deps: Arc<DealDeps>, deals: AwakeDeals, conversation: ConversationId) -> Self {
        Self {
            requests: Requests::new(deps.clock.now()),
            deps,
            deals,
            conversation,
            awake: None,
            doubted: Vec::new(),
        }
    }

    fn next(&mut self, context: &mut Context<Self>) {
        while let Some(pending) = self.requests.next() {
            if let Some(answer) = self.requests.remembered(&pending.request.request_id) {
                answer_with(pending, Ok(answer));
                continue;
            }
            match self
                .awake
                .as_ref()
                .map(|awake| decide(awake, &pending.request, self.deps.pool.clock().now()))
            {
                Some(Ok(decided)) => self.write(pending, decided, context),
                // A refusal must rest on the database, not on this actor's memory.
                Some(Err(_)) | None => self.read(pending, context),
            }
        }
    }

    /// Reads the deal, and the stored answer if this request was made before; then decides.
    fn read(&mut self, pending: PendingRequest, context: &mut Context<Self>) {
        self.requests.begin();
        let (deps, id) = (Arc::clone(&self.deps), self.conversation);
        let (by, request_id) = (
            pending.request.by.clone(),
            pending.request.request_id.clone(),
        );
        let read = async move {
            let catalogue = Arc::clone(&deps.catalogue);
            let read = deps
                .pool
                .run(move |connection| Read::new(connection, &catalogue, id, &by, &request_id));
            read.await
        };
        context.spawn(read.into_actor(self).map(move |read, deal, context| {
            deal.requests.end();
            deal.have_read(pending, read, context);
            deal.next(context);
        }));
    }

    fn have_read(
        &mut self,
        pending: PendingRequest,
        read: Result<Read, Error>,
        context: &mut Context<Self>,
    ) {
        let Read { awake, answer } = match read {
            Ok(read) => read,
            Err(error) => {
                self.awake = None;
                return answer_with(pending, Err(error));
            }
        };
        let awake = self.awake.insert(awake);
        if let Some(answer) = answer {
            self.requests
                .remember(pending.request.request_id.clone(), answer.clone());
            return answer_with(pending, Ok(answer));
        }
        match decide(awake, &pending.request, self.deps.pool.clock().now()) {
            Ok(decided) => self.write(pending, decided, context),
            Err(error) => answer_with(pending, Err(error)),
        }
    }

    fn write(
        &mut self,
        pending: PendingRequest,
        decided: DecidedStep,
        context: &mut Context<Self>,
    ) {
        self.requests.begin();
        let (journal, step) = (self.deps.journal.clone(), decided.step.clone());
        let write = async move { journal.step(step).await };
        context.spawn(write.into_actor(self).map(move |outcome, deal, context| {
            deal.requests.end();
            deal.have_written(pending, decided, outcome, context);
            deal.next(context);
        }));
    }

    fn have_written(
        &mut self,
        mut pending: PendingRequest,
        decided: DecidedStep,
        outcome: Result<StepOutcome, Error>,
        context: &mut Context<Self>,
    ) {
        match outcome {
            Ok(StepOutcome::Committed { before, at }) => {
                let answer = decided.step.answer.clone();
                self.requests
                    .remember(pending.request.request_id.clone(), answer.clone());
                let entries = decided.entries(before, at);
                if decided.leaves_work() {
                    self.deps.job_signal.notify();
                }
                let no = decided.step.conversation;
                let readers = self.awake.as_ref().map(DealState::readers);
                if let Some(awake) = &mut self.awake {
                    awake.apply(decided);
                }
                (self.deps.committed)(Committed {
                    conversation: self.conversation,
                    no,
                    readers: readers.unwrap_or_default(),
                    entries,
                });
                answer_with(pending, Ok(answer));
            }
            Ok(StepOutcome::Conflict) if pending.attempts < ATTEMPTS => {
                pending.attempts += 1;
                self.read(pending, context);
            }
            Ok(StepOutcome::Conflict) => {
                answer_with(
                    pending,
                    Err(Error::internal("a step was overtaken too often")),
                );
            }
            Err(error) => self.learn_outcome(pending, error, context),
        }
    }

    /// Whether a step whose outcome was lost was written: the database has its request id then.
    fn learn_outcome(
        &mut self,
        pending: PendingRequest,
        error: Error,
        context: &mut Context<Self>,
    ) {
        self.awake = None;
        self.requests.begin();
        self.doubted.push(pending.request.request_id.clone());
        let (deps, id) = (Arc::clone(&self.deps), self.conversation);
        let (by, request_id) = (
            pending.request.by.clone(),
            pending.request.request_id.clone(),
        );
        let look_up = async move {
            let catalogue = Arc::clone(&deps.catalogue);
            let read = deps
                .pool
                .run(move |connection| Read::new(connection, &catalogue, id, &by, &request_id));
            read.await
        };
        context.spawn(look_up.into_actor(self).map(move |found, deal, context| {
            deal.requests.end();
            let answer = found.ok().and_then(|read| read.answer);
            answer_with(pending, answer.ok_or(error));
            deal.tell_doubted(context);
            deal.next(context);
        }));
    }

    /// Has the room announce steps that were written although nobody here learned so.
    fn tell_doubted(&mut self, context: &mut Context<Self>) {
        for request_id in &self.doubted {
            let (deps, id, request) = (
                Arc::clone(&self.deps),
                self.conversation,
                request_id.clone(),
            );
            let find = async move {
                let found = deps
                    .pool
                    .run(move |connection| flows::entries_since(connection, id, &request));
                found.await
            };
            let request = request_id.clone();
            context.spawn(find.into_actor(self).map(move |found, deal, _| {
                let is_doubted = deal.doubted.contains(&request);
                if let Some(found) = found.ok().flatten().filter(|_| is_doubted) {
                    deal.doubted.retain(|other| *other != request);
                    deal.deps.job_signal.notify();
                    (deal.deps.committed)(Committed {
                        conversation: deal.conversation,
                        no: found.conversation,
                        readers: found.readers,
                        entries: found.entries,
                    });
                }
            }));
        }
    }

    fn pulse(&mut self, context: &mut Context<Self>) {
        self.tell_doubted(context);
        let memory = match self.awake.is_none() && self.doubted.is_empty() {
            true => Memory::Nothing,
            false => Memory::Something,
        };
        let now = self.deps.clock.now();
        if self.requests.may_sleep(memory, self.deps.idle, now) {
            let own = context.address();
            self.deals
                .remove_if(&self.conversation, |_, deal| *deal == own);
            context.stop();
        }
    }
}

/// A deal as the database has it, and what a request was answered with, if it was made before.
struct Read {
    awake: DealState,
    answer: Option<Value>,
}

impl Read {
    fn new(
        connection: &mut PgConnection,
        catalogue: &Catalogue,
        id: ConversationId,
        by: &Initiator,
        request_id: &str,
    ) -> Result<Self, Error> {
        let loaded = flows::load(connection, Key::Id(id))?;
        let LoadedDeal {
            conversation,
            participants,
            flow,
        } = loaded.ok_or(Refusal::ConversationNotFound)?;
        let people: People = participants.into_iter().map(|p| (p.no, p)).collect();
        if let Initiator::Person(caller) = by {
            access(&people, caller)?;
        }
        let (name, version, instance) = flow.ok_or(Refusal::FlowNotFound)?;
        let answer = flows::answer_to(connection, conversation.no, request_id)?;
        let definition = catalogue.of(connection, &name, version)?;
        let gateway = catalogue.gateway();
        let awake = DealState::new(conversation, people, instance, definition, gateway);
        Ok(Self { awake, answer })
    }
}

fn answer_with(pending: PendingRequest, outcome: Result<Value, Error>) {
    // The requester may be gone; a committed step stays.
    drop(pending.request.outcome.send(outcome));
}

impl Actor for Deal {
    type Context = Context<Self>;

    fn started(&mut self, context: &mut Self::Context) {
        context.run_interval(PULSE, Self::pulse);
    }
}

impl Handler<DealRequest> for Deal {
    type Result = ();

    fn handle(&mut self, request: DealRequest, context: &mut Self::Context) {
        let pending = PendingRequest {
            request,
            attempts: 0,
        };
        if let Err(pending) = self.requests.add(pending, self.deps.clock.now()) {
            let full = Refusal::Unavailable("This deal is busier than it can be: try again");
            return answer_with(pending, Err(full.into()));
        }
        self.next(context);
    }
}

/// How the people of a deal are looked up.
pub(super) type People =
    HashMap<crate::domain::ids::UserNo, crate::domain::conversation::Participant>;
