//! The destination of a request's outcome. Each request is answered exactly once, even if its room is lost.

use std::sync::Arc;
use tokio::sync::oneshot;

use crate::domain::answer::Answer;
use crate::domain::ids::{ConversationId, JoinNo, Seq};
use crate::domain::refusal::Refusal;
use crate::domain::room_event::View;
use crate::error::Error;
use crate::queue::{ChatFrame, CloseReason, ConnectionQueue, Rejoin};
use crate::telemetry::metrics::Metrics;

/// Encodes the answer to a connection in its dialect. The conversation is passed if its room answers.
pub type Answering = dyn FnOnce(Result<Answer, Error>, Option<&View>) + Send;

/// Who receives the answer.
pub enum Asker {
    /// A connection, which encodes the answer.
    Connection(Box<Answering>),
    /// A session whose room was lost. It joins again after this seq until it succeeds.
    Rejoining {
        /// Its queue.
        queue: Arc<ConnectionQueue>,
        /// The last seq announced to it.
        after: Seq,
        /// The number of its join.
        join: JoinNo,
    },
    /// A REST request.
    Rest(oneshot::Sender<Result<Answer, Error>>),
    /// Nobody; the server itself made the request.
    Nobody,
}

/// The duty to answer a request. If it is dropped without an answer, as in a room that panics, the request is
/// refused as one that may be repeated.
pub struct Reply {
    conversation: ConversationId,
    asker: Option<Asker>,
}

impl Reply {
    /// A reply to a request about a conversation.
    pub fn new(conversation: ConversationId, asker: Asker) -> Self {
        Self {
            conversation,
            asker: Some(asker),
        }
    }

    /// Whether anybody waits for the answer.
    pub fn is_awaited(&self) -> bool {
        !matches!(self.asker, Some(Asker::Nobody) | None)
    }

    /// Answers with the outcome.
    pub fn send(mut self, outcome: Result<Answer, Error>) {
        if let Some(asker) = self.asker.take() {
            self.deliver(asker, outcome, None);
        }
    }

    /// Like `send`, with the state of the conversation in which it happened.
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
                // The client made no request that could be refused, so the connection is closed; the client
                // reconnects.
                Err(_) => queue.close(CloseReason::SlowReader),
            },
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        let lost = Refusal::Unavailable("The conversation is restarting: try again");
        match self.asker.take() {
            None => {}
            Some(Asker::Rejoining { queue, after, join }) => {
                queue.push(ChatFrame::rejoin(Rejoin {
                    conversation: self.conversation,
                    after,
                    join,
                }));
            }
            Some(asker) => self.deliver(asker, Err(Error::Refused(lost)), None),
        }
    }
}

/// The refusal for the client. An internal error is logged under an id, which the client gets.
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
