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
use socketio::packet::encode_event;

impl Client for Socket {
    type RequestId = Option<Ack>;

    fn queue(&self) -> &Arc<ConnectionQueue> {
        socketio::Socket::queue(self)
    }

    fn answer(&self, deps: &SessionDeps, to: Option<Ack>, answered: &Answered<'_>) {
        let Some(ack) = to else {
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

    fn done(&self, deps: &SessionDeps, to: Option<Ack>) {
        if let Some(ack) = to {
            let dialect = self.queue().state().dialect();
            let told = deps
                .dialects
                .acknowledgement(dialect, &Answer::Done, None, NOBODY);
            let _ = ack.answer([told.as_str()]);
        }
    }

    fn status(&self, deps: &SessionDeps, to: Option<Ack>, _: PresenceStatus) {
        self.done(deps, to);
    }

    fn listed(&self, deps: &SessionDeps, to: Option<Ack>, listed: &[Listed], reader: UserNo) {
        if let Some(ack) = to {
            let dialect = self.queue().state().dialect();
            let told = deps.dialects.watched(dialect, listed, reader);
            let _ = ack.answer([told.as_str()]);
        }
    }

    fn found(&self, to: Option<Ack>, found: &Found, reader: UserNo) {
        if let Some(ack) = to {
            let _ = ack.answer([FoundView::new(found, reader).to_json().as_str()]);
        }
    }

    /// In the acknowledgement where the client asks for one, else as an event.
    fn refuse(&self, deps: &SessionDeps, to: Option<Ack>, refusal: &Refusal) {
        let dialect = self.queue().state().dialect();
        let refusal = deps.dialects.refusal(dialect, refusal);
        let told = [refusal.as_str()];
        let _ = match to {
            Some(ack) => ack.answer(told),
            None => self.push(encode_event(self.namespace(), None, "error", told, 0)),
        };
    }
}
