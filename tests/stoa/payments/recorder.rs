//! Deals that only record the inputs that they get.

use std::sync::{Arc, Mutex};
use stoa::domain::flow::{FlowInput, PaymentOutcome};
use stoa::domain::ids::ConversationNo;
use stoa::error::Error;
use stoa::registry::deals::{DealSink, DeliveryFuture};

use crate::polling::until;

type Told = (ConversationNo, FlowInput);
type Answer = dyn Fn(&Told) -> Result<(), Error> + Send + Sync;

/// What deals were told, and what they answered.
#[derive(Clone)]
pub struct Recorder {
    told: Arc<Mutex<Vec<Told>>>,
    answer: Arc<Answer>,
}

impl Recorder {
    /// Deals that take everything.
    pub fn new() -> Self {
        Self::answering(|_| Ok(()))
    }

    /// Deals that answer so.
    pub fn answering(answer: impl Fn(&Told) -> Result<(), Error> + Send + Sync + 'static) -> Self {
        Self {
            told: Arc::default(),
            answer: Arc::new(answer),
        }
    }

    pub fn deals(&self) -> DealSink {
        let this = self.clone();
        let take = move |conversation, input, _| -> DeliveryFuture {
            let told = (conversation, input);
            let answer = (this.answer)(&told);
            this.told.lock().expect("a lock").push(told);
            Box::pin(std::future::ready(answer))
        };
        DealSink::new(take, |_, _| {
            Box::pin(std::future::ready(Err(Error::internal("no room is here"))))
        })
    }

    /// Everything that was told so far.
    pub fn told(&self) -> Vec<Told> {
        self.told.lock().expect("a lock").clone()
    }

    /// What a deal was told of money so far, but that its orders are ready.
    pub fn outcomes(&self, conversation: ConversationNo) -> Vec<PaymentOutcome> {
        let told = self.told().into_iter();
        let outcome = |(no, input)| match input {
            FlowInput::Payment { outcome, .. } if no == conversation => Some(outcome),
            _ => None,
        };
        let ready = |outcome: &PaymentOutcome| matches!(outcome, PaymentOutcome::Ready { .. });
        told.filter_map(outcome)
            .filter(|outcome| !ready(outcome))
            .collect()
    }

    /// Waits until something holds of what was told.
    pub async fn until(&self, what: &str, holds: impl Fn(&[Told]) -> bool) {
        until(what, async || self.told(), |told| holds(told)).await;
    }
}
