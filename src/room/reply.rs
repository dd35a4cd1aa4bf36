//! Where the outcome of a request goes. Each request is answered exactly once, even if the room is lost.

use std::sync::Arc;
use tokio::sync::oneshot;

use crate::domain::answer::Answer;
use crate::domain::ids::{ConversationId, Seq};
use crate::domain::refusal::Refusal;
use crate::domain::room_event::View;
use crate::error::Error;
use crate::queue::{ChatFrame, CloseReason, ConnectionQueue};
use crate::telemetry::metrics::Metrics;

/// Answers a connection in its dialect; the conversation is there where the answer comes from its room.
pub type Answering = dyn FnOnce(Result<Answer, Error>, Option<&View>) + Send;

/// The one who asked.
pub enum Asker {
    /// A connection, which encodes the answer.
    Connection(Box<Answering>),
    /// A session whose room was lost: it joins again from this seq on, until it has.
    Rejoining {
        /// Its queue.
        queue: Arc<ConnectionQueue>,
        /// The last seq that it was told of.
        after: Seq,
    },
    /// A REST request.
    Rest(oneshot::Sender<Result<Answer, Error>>),
    /// Nobody: the server itself.
    Nobody,
}

/// An obligation to answer. Dropped unanswered, as when a room panics, it says that the request may be tried again.
pub struct Reply {
    place: ConversationId,
    asker: Option<Asker>,
}

impl Reply {
    /// An obligation about a conversation.
    pub fn new(place: ConversationId, asker: Asker) -> Self {
        Self {
            place,
            asker: Some(asker),
        }
    }

    /// Answers with the outcome.
    pub fn send(mut self, outcome: Result<Answer, Error>) {
        if let Some(asker) = self.asker.take() {
            self.deliver(asker, outcome, None);
        }
    }

    /// As `send`, from the room that it happened in.
    pub fn send_from(mut self, view: &View, outcome: Result<Answer, Error>) {
        if let Some(asker) = self.asker.take() {
            self.deliver(asker, outcome, Some(view));
        }
    }

    /// Answers with a refusal.
    pub fn refuse(self, refusal: Refusal) {
        self.send(Err(Error::Refused(refusal)));
    }

    fn deliver(&self, asker: Asker, outcome: Result<Answer, Error>, view: Option<&View>) {
        match asker {
            Asker::Connection(answering) => answering(outcome, view),
            Asker::Rest(caller) => drop(caller.send(outcome)),
            Asker::Nobody => {}
            Asker::Rejoining { queue, .. } => match outcome {
                Ok(_) | Err(Error::Refused(Refusal::Conflict(_))) => {}
                // Its client asked for nothing and can be answered nothing: it comes back by itself, and is told why not.
                Err(_) => queue.close(CloseReason::SlowReader),
            },
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        let lost = Refusal::Unavailable("The conversation is being reopened: try again");
        match self.asker.take() {
            None => {}
            Some(Asker::Rejoining { queue, after }) => {
                queue.push(ChatFrame::rejoin(self.place, after));
            }
            Some(asker) => self.deliver(asker, Err(Error::Refused(lost)), None),
        }
    }
}

/// The refusal that a socket is told; an internal error goes to the log under an id that the caller is given.
pub fn told(error: Error, metrics: &Metrics) -> Refusal {
    let refusal = match error {
        Error::Refused(refusal) => refusal,
        Error::Internal(cause) => {
            let request_id = uuid::Uuid::now_v7();
            log::error!(event = "request_failed", request_id:% = request_id; "{cause}");
            Refusal::Internal { request_id }
        }
    };
    metrics
        .refusals
        .with_label_values(&[refusal.code_and_status().0])
        .inc();
    refusal
}
