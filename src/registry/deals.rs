//! The way to the actors of deals: finds them, wakes them, asks again when one was lost.

use actix::prelude::*;
use serde_json::Value;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::oneshot;

use crate::deal::actor::{AwakeDeals, By, Committed, Deal, DealDeps, Happens};
use crate::deal::deciding::Decided;
use crate::domain::flow::FlowInput;
use crate::domain::ids::{ConversationId, ConversationNo, Seq};
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::journal::Stepping;
use crate::store::{conversations, replay};

/// Times that a deal is woken again because its actor went away with the question.
const ATTEMPTS: u32 = 3;

/// What comes of telling a deal something.
pub type Telling = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

type Deliver = dyn Fn(ConversationNo, FlowInput, String) -> Telling + Send + Sync;
type Announce = dyn Fn(ConversationNo, Seq) -> Telling + Send + Sync;

/// Carries news to deals and rooms, for those who know neither.
#[derive(Clone)]
pub struct DealSink {
    deliver: Arc<Deliver>,
    announce: Arc<Announce>,
}

impl DealSink {
    /// One that delivers and announces by calling these.
    pub fn new(
        deliver: impl Fn(ConversationNo, FlowInput, String) -> Telling + Send + Sync + 'static,
        announce: impl Fn(ConversationNo, Seq) -> Telling + Send + Sync + 'static,
    ) -> Self {
        Self {
            deliver: Arc::new(deliver),
            announce: Arc::new(announce),
        }
    }

    /// Tells a deal something; `once` makes it the same news again. `FlowStateInvalid`: it does not apply (any more).
    /// `Unavailable`: try again.
    pub async fn tell(
        &self,
        conversation: ConversationNo,
        input: FlowInput,
        once: String,
    ) -> Result<(), Error> {
        (self.deliver)(conversation, input, once).await
    }

    /// Tells a conversation's room what was committed beyond a seq.
    pub async fn announce(&self, conversation: ConversationNo, after: Seq) -> Result<(), Error> {
        (self.announce)(conversation, after).await
    }
}

/// What sessions, REST and jobs hold of the deals.
#[derive(Clone)]
pub struct Deals {
    awake: AwakeDeals,
    deps: Arc<DealDeps>,
    arbiter: ArbiterHandle,
}

impl Deals {
    /// The way to deals that run on a thread of their own.
    pub fn start(deps: DealDeps) -> Self {
        Self {
            awake: AwakeDeals::default(),
            deps: Arc::new(deps),
            arbiter: Arbiter::new().handle(),
        }
    }

    /// What the actors of deals work with.
    pub fn deps(&self) -> &DealDeps {
        &self.deps
    }

    /// The way for news of timers and of money.
    pub fn deal_sink(&self) -> DealSink {
        let (telling, announcing) = (self.clone(), self.clone());
        DealSink::new(
            move |conversation, input, once| {
                let deals = telling.clone();
                Box::pin(async move { deals.tell(conversation, input, once).await })
            },
            move |conversation, after| {
                let deals = announcing.clone();
                Box::pin(async move { deals.announce(conversation, after).await })
            },
        )
    }

    /// How many deals are awake.
    pub fn count(&self) -> usize {
        self.awake.len()
    }

    /// Has something happen to a deal; answers with the deal as whoever asked sees it afterwards. What has the same request id
    /// happens once.
    pub async fn ask(
        &self,
        conversation: ConversationId,
        by: By,
        input: FlowInput,
        request_id: String,
    ) -> Result<Value, Error> {
        for _ in 0..ATTEMPTS {
            let (outcome, told) = oneshot::channel();
            self.deal(conversation).do_send(Happens {
                by: by.clone(),
                input: input.clone(),
                request_id: request_id.clone(),
                outcome,
            });
            if let Ok(answer) = told.await {
                return answer;
            }
            self.awake
                .remove_if(&conversation, |_, deal| !deal.connected());
        }
        Err(Refusal::Unavailable("The deal is being reopened: try again").into())
    }

    /// A caller presses a button. Without a request id of their own, a press is what it is: one of many.
    pub async fn press(
        &self,
        conversation: ConversationId,
        caller: Arc<Principal>,
        press: FlowInput,
        request_id: Option<String>,
    ) -> Result<Value, Error> {
        let own = request_id.map_or_else(
            || uuid::Uuid::now_v7().simple().to_string(),
            // No user id has a slash: nobody's request is anybody else's, a timer's or a payment's.
            |id| format!("{}/{id}", caller.id),
        );
        self.ask(conversation, By::Person(caller), press, own).await
    }

    async fn tell(
        &self,
        conversation: ConversationNo,
        input: FlowInput,
        once: String,
    ) -> Result<(), Error> {
        let by = match &input {
            FlowInput::Due(_) => By::Timer,
            FlowInput::Payment { .. } => By::Payment,
            FlowInput::Press { .. } => {
                return Err(Error::internal("a press is a person's"));
            }
        };
        let find = move |connection: &mut _| conversations::id_of(connection, conversation);
        let id = self.deps.pool.run(find).await?;
        let id = id.ok_or(Refusal::ConversationNotFound)?;
        self.ask(id, by, input, once).await.map(drop)
    }

    async fn announce(&self, conversation: ConversationNo, after: Seq) -> Result<(), Error> {
        let read = self.deps.pool.run(move |connection| {
            let id = conversations::id_of(connection, conversation)?;
            Ok((id, replay::entries(connection, conversation, after)?))
        });
        if let (Some(conversation), entries) = read.await? {
            (self.deps.committed)(Committed {
                conversation,
                entries,
            });
        }
        Ok(())
    }

    /// Begins a deal in a conversation that is there already and has none.
    pub async fn begin(&self, conversation: ConversationId, first: Decided) -> Result<(), Error> {
        match self.deps.journal.step(first.step.clone()).await? {
            Stepping::Written { before, at } => {
                let entries = first.entries(before, at);
                if first.leaves_work() {
                    self.deps.job_signal.ring();
                }
                (self.deps.committed)(Committed {
                    conversation,
                    entries,
                });
                Ok(())
            }
            Stepping::Lost => {
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
