//! Starts the actors of deals on demand, finds them, and repeats a request when an actor was lost.

use actix::prelude::*;
use serde_json::Value;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::oneshot;

use crate::deal::actor::{AwakeDeals, Committed, Deal, DealDeps, DealRequest, Initiator};
use crate::deal::deciding::DecidedStep;
use crate::domain::flow::FlowInput;
use crate::domain::ids::{ConversationId, ConversationNo, Seq, UserId};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::journal::StepOutcome;
use crate::store::{conversations, participants, replay};

/// How often a request is repeated because the actor stopped before it answered.
const ATTEMPTS: u32 = 3;

/// The result of delivering an input to a deal.
pub type DeliveryFuture = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

type Deliver = dyn Fn(ConversationNo, FlowInput, String) -> DeliveryFuture + Send + Sync;
type Announce = dyn Fn(ConversationNo, Seq) -> DeliveryFuture + Send + Sync;

/// Delivers inputs to deals and entries to rooms, for code that depends on neither.
#[derive(Clone)]
pub struct DealSink {
    deliver: Arc<Deliver>,
    announce: Arc<Announce>,
}

impl DealSink {
    /// A sink that calls these two functions.
    pub fn new(
        deliver: impl Fn(ConversationNo, FlowInput, String) -> DeliveryFuture + Send + Sync + 'static,
        announce: impl Fn(ConversationNo, Seq) -> DeliveryFuture + Send + Sync + 'static,
    ) -> Self {
        Self {
            deliver: Arc::new(deliver),
            announce: Arc::new(announce),
        }
    }

    /// Delivers an input to a deal; an input with the same `request_id` takes effect once. Returns
    /// `FlowStateInvalid` if the input does not apply (any more), and `Unavailable` if it may be delivered
    /// again.
    pub async fn deliver(
        &self,
        conversation: ConversationNo,
        input: FlowInput,
        request_id: String,
    ) -> Result<(), Error> {
        (self.deliver)(conversation, input, request_id).await
    }

    /// Sends the entries after a seq to the conversation's room.
    pub async fn announce(&self, conversation: ConversationNo, after: Seq) -> Result<(), Error> {
        (self.announce)(conversation, after).await
    }
}

/// The handle through which sessions, REST and jobs reach deals.
#[derive(Clone)]
pub struct Deals {
    awake: AwakeDeals,
    deps: Arc<DealDeps>,
    arbiter: ArbiterHandle,
}

impl Deals {
    /// Starts a thread for the actors of deals and returns the handle.
    pub fn start(deps: DealDeps) -> Self {
        Self {
            awake: AwakeDeals::default(),
            deps: Arc::new(deps),
            arbiter: Arbiter::new().handle(),
        }
    }

    /// The dependencies of the actors.
    pub fn deps(&self) -> &DealDeps {
        &self.deps
    }

    /// The sink for timers and payments.
    pub fn deal_sink(&self) -> DealSink {
        let (delivering, announcing) = (self.clone(), self.clone());
        DealSink::new(
            move |conversation, input, request_id| {
                let deals = delivering.clone();
                Box::pin(async move { deals.deliver(conversation, input, request_id).await })
            },
            move |conversation, after| {
                let deals = announcing.clone();
                Box::pin(async move { deals.announce(conversation, after).await })
            },
        )
    }

    /// The number of running deals.
    pub fn count(&self) -> usize {
        self.awake.len()
    }

    /// Sends a request to a deal and returns the deal after the step, as JSON, as the caller may see it. A
    /// request with the same id takes effect once.
    pub async fn ask(
        &self,
        conversation: ConversationId,
        by: Initiator,
        input: FlowInput,
        request_id: String,
    ) -> Result<Value, Error> {
        for _ in 0..ATTEMPTS {
            let (outcome, answer_receiver) = oneshot::channel();
            self.deal(conversation).do_send(DealRequest {
                by: by.clone(),
                input: input.clone(),
                request_id: request_id.clone(),
                outcome,
            });
            if let Ok(answer) = answer_receiver.await {
                return answer;
            }
            self.awake
                .remove_if(&conversation, |_, deal| !deal.connected());
        }
        Err(Refusal::Unavailable("The deal is restarting: try again").into())
    }

    /// Takes an action for a caller. Without a request id, each call is a new request.
    pub async fn press(
        &self,
        conversation: ConversationId,
        caller: Arc<Principal>,
        press: FlowInput,
        request_id: Option<String>,
    ) -> Result<Value, Error> {
        let own = request_id.map_or_else(
            || uuid::Uuid::now_v7().simple().to_string(),
            |id| Self::stored_request_id(&caller.id, &id),
        );
        self.ask(conversation, Initiator::Person(caller), press, own)
            .await
    }

    /// The id under which a caller's own request id is stored. A user id contains no slash, so the ids of users, timers and payments
    /// never collide.
    pub fn stored_request_id(caller: &UserId, own: &str) -> String {
        format!("{caller}/{own}")
    }

    async fn deliver(
        &self,
        conversation: ConversationNo,
        input: FlowInput,
        request_id: String,
    ) -> Result<(), Error> {
        let by = match &input {
            FlowInput::Due(_) => Initiator::Timer,
            FlowInput::Payment { .. } => Initiator::Payment,
            FlowInput::Press { .. } => {
                return Err(Error::internal("only a person can press"));
            }
        };
        let find = move |connection: &mut _| conversations::id_of(connection, conversation);
        let id = self.deps.pool.run(find).await?;
        let id = id.ok_or(Refusal::ConversationNotFound)?;
        self.ask(id, by, input, request_id).await.map(drop)
    }

    async fn announce(&self, no: ConversationNo, after: Seq) -> Result<(), Error> {
        let read = self.deps.pool.run(move |connection| {
            let id = conversations::id_of(connection, no)?;
            let readers = participants::readers(connection, no)?;
            Ok((id, readers, replay::entries(connection, no, after)?))
        });
        if let (Some(conversation), readers, entries) = read.await? {
            (self.deps.committed)(Committed {
                conversation,
                no,
                readers,
                entries,
            });
        }
        Ok(())
    }

    /// Begins a deal in an existing conversation that has none.
    pub async fn begin(
        &self,
        conversation: ConversationId,
        first: DecidedStep,
    ) -> Result<(), Error> {
        let no = first.step.conversation;
        let read = move |connection: &mut _| participants::readers(connection, no);
        let readers = self.deps.pool.run(read).await?;
        match self.deps.journal.step(first.step.clone()).await? {
            StepOutcome::Committed { before, at } => {
                let entries = first.entries(before, at);
                if first.leaves_work() {
                    self.deps.job_signal.notify();
                }
                (self.deps.committed)(Committed {
                    conversation,
                    no,
                    readers,
                    entries,
                });
                Ok(())
            }
            StepOutcome::Conflict => {
                Err(Refusal::Conflict("The conversation changed meanwhile: try again").into())
            }
        }
    }

    fn deal(&self, conversation: ConversationId) -> Addr<Deal> {
        let woken = self.awake.entry(conversation).or_insert_with(|| {
            let (deps, awake) = (Arc::clone(&self.deps), Arc::clone(&self.awake));
            Deal::start_in_arbiter(&self.arbiter, move |_| Deal::new(deps, awake, conversation))
        });
        woken.clone()
    }
}
