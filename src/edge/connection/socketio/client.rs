//! How a Socket.IO client is answered: in its dialect, in the acknowledgement that it asks for.

use std::sync::Arc;

use super::{Ack, Socket};
use crate::domain::answer::Answer;
use crate::domain::conversation::PresenceStatus;
use crate::domain::ids::UserNo;
use crate::domain::refusal::Refusal;
use crate::domain::snapshot::Listed;
use crate::edge::connection::SessionDeps;
use crate::edge::connection::session::{Answered, Client, NOBODY};
use crate::edge::native::searching::FoundView;
use crate::queue::ConnectionQueue;
use crate::store::search::Found;
use serde_json::json;
use socketio::packet::{encode_event, encode_one};

/// An event of the client that is to be answered.
#[derive(Default)]
pub(in crate::edge::connection) struct AwaitedAck {
    /// The acknowledgement that it asks for.
    pub(super) ack: Option<Ack>,
    /// The dialect's event for a refusal of it.
    pub(super) refused_as: Option<&'static str>,
}

impl Client for Socket {
    type RequestId = AwaitedAck;

    fn queue(&self) -> &Arc<ConnectionQueue> {
        socketio::Socket::queue(self)
    }

    fn answer(&self, deps: &SessionDeps, to: AwaitedAck, answered: &Answered<'_>) {
        let Some(ack) = to.ack else {
            return;
        };
        let Answered {
            answer,
            view,
            reader,
            ..
        } = *answered;
        let dialect = self.queue().state().dialect();
        let dialects = &deps.dialects;
        let told = dialects.acknowledgement(dialect, answer, view, reader);
        let _ = ack.answer([told.as_str()]);
    }

    fn done(&self, deps: &SessionDeps, to: AwaitedAck) {
        if let Some(ack) = to.ack {
            let dialect = self.queue().state().dialect();
            let told = deps
                .dialects
                .acknowledgement(dialect, &Answer::Done, None, NOBODY);
            let _ = ack.answer([told.as_str()]);
        }
    }

    fn status(&self, deps: &SessionDeps, to: AwaitedAck, _: PresenceStatus) {
        self.done(deps, to);
    }

    fn listed(&self, deps: &SessionDeps, to: AwaitedAck, listed: &[Listed], reader: UserNo) {
        if let Some(ack) = to.ack {
            let dialect = self.queue().state().dialect();
            let told = deps.dialects.watched(dialect, listed, reader);
            let _ = ack.answer([told.as_str()]);
        }
    }

    fn found(&self, deps: &SessionDeps, to: AwaitedAck, found: &Found, reader: UserNo) {
        if let Some(ack) = to.ack {
            let found = FoundView::new(found, reader, &deps.files.links);
            let _ = ack.answer([found.to_json().as_str()]);
        }
    }

    /// In the acknowledgement where the client asks for one, else as an event; beside it as the dialect's own event for this.
    fn refuse(&self, deps: &SessionDeps, to: AwaitedAck, refusal: &Refusal) {
        let dialect = self.queue().state().dialect();
        let json = deps.dialects.refusal(dialect, refusal);
        let told = [json.as_str()];
        let Some(ack) = to.ack else {
            let namespace = self.namespace();
            let _ = self.push(encode_event(namespace, None, "error", told, 0));
            if let Some(name) = to.refused_as {
                let words = json!({ "error": refusal.message() });
                let _ = self.push(encode_one(namespace, name, &words));
            }
            return;
        };
        let _ = ack.answer(told);
    }
}
