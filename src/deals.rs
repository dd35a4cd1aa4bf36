//! The way to the deals, for those who know nothing of flows: a conversation and what happens to its deal.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::domain::flow::FlowInput;
use crate::domain::ids::ConversationNo;
use crate::domain::refusal::Refusal;
use crate::error::Error;

/// What comes of telling a deal something.
pub type Telling = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// Tells deals what happens to them.
#[derive(Clone)]
pub struct Deals(Arc<dyn Fn(ConversationNo, FlowInput) -> Telling + Send + Sync>);

impl Deals {
    /// Deals that are told by calling this.
    pub fn new(
        tell: impl Fn(ConversationNo, FlowInput) -> Telling + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(tell))
    }

    /// Nobody is there to be told yet: it is to be tried again.
    pub fn away() -> Self {
        Self::new(|_, _| {
            let away = Refusal::Unavailable("Deals can not be told anything at the moment");
            Box::pin(std::future::ready(Err(Error::Refused(away))))
        })
    }

    /// Tells a deal something. `FlowStateInvalid`: it does not apply (any more). `Unavailable`: try again.
    pub async fn tell(&self, conversation: ConversationNo, input: FlowInput) -> Result<(), Error> {
        (self.0)(conversation, input).await
    }
}

impl fmt::Debug for Deals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Deals")
    }
}
