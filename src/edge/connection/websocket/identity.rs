//! Who a session belongs to: the token of its first frame, and of later ones.

use actix::prelude::*;
use actix_web_actors::ws;
use std::sync::Arc;
use tokio::sync::oneshot;

use super::NativeSession;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::edge::connection::hold_to_token;
use crate::edge::native::encode;
use crate::edge::native::frame_id::FrameId;
use crate::error::Error;
use crate::queue::{CloseReason, TOO_MANY_CONNECTIONS, UNAUTHENTICATED};
use crate::room::ToRoom;
use crate::room::reply::{Asker, Reply};

impl NativeSession {
    /// Frames that come meanwhile wait, so that they find the caller authenticated.
    pub(super) fn authenticate(
        &mut self,
        id: Option<FrameId>,
        token: String,
        context: &mut ws::WebsocketContext<Self>,
    ) {
        let deps = Arc::clone(&self.core.deps);
        let identify = async move { deps.people.identify(&token).await };
        context.wait(
            identify
                .into_actor(self)
                .map(move |identified, session, context| {
                    session.identified(id, identified, context)
                }),
        );
    }

    fn identified(
        &mut self,
        id: Option<FrameId>,
        identified: Result<Arc<Principal>, Error>,
        context: &mut ws::WebsocketContext<Self>,
    ) {
        match (identified, self.core.principal.clone()) {
            (Err(error), before) => {
                let temporary = matches!(&error, Error::Refused(refusal) if refusal.is_temporary());
                let first = before.is_none();
                self.core.refuse(id, error);
                if first && !temporary {
                    self.core.client.close(UNAUTHENTICATED);
                }
            }
            (Ok(new), Some(before)) if new.no != before.no => {
                self.core.refuse(
                    id,
                    Refusal::IdentityMismatch(
                        "This connection belongs to another user: open a new one",
                    ),
                );
            }
            (Ok(new), Some(before)) if new.roles != before.roles => {
                self.enter(Arc::clone(&new));
                self.look_again(id, new, context);
            }
            (Ok(principal), before) => {
                if before.is_none()
                    && let Err(refusal) = self.core.deps.arrive(&self.core.client, &principal)
                {
                    self.core.refuse(id, refusal);
                    return self.core.client.close(TOO_MANY_CONNECTIONS);
                }
                self.enter(Arc::clone(&principal));
                self.welcome(id, &principal);
            }
        }
    }

    fn enter(&mut self, principal: Arc<Principal>) {
        hold_to_token(&self.core.client, &principal, &self.core.deps.room.clock);
        self.core.principal = Some(principal);
    }

    fn welcome(&self, id: Option<FrameId>, principal: &Principal) {
        let welcome = encode::Welcome {
            user_id: &principal.id,
            session_id: self.core.client.session().0,
            heartbeat_seconds: self.core.deps.options.heartbeat_seconds,
            node: self.core.deps.node.map(|tag| tag.to_string()),
        };
        self.acknowledge(id, welcome);
    }

    /// Asks the room of every conversation that was joined whether its caller may still read as what they are now, and answers when all
    /// have said so: from then on nothing comes that they may not read.
    fn look_again(
        &self,
        id: Option<FrameId>,
        principal: Arc<Principal>,
        context: &mut ws::WebsocketContext<Self>,
    ) {
        let ask = |conversation| {
            let (sender, answer) = oneshot::channel();
            let reply = Reply::new(conversation, Asker::Rest(sender));
            let renew = ToRoom::Renew {
                principal: Arc::clone(&principal),
                session: self.core.client.session(),
                reply,
            };
            self.core.deps.rooms.send(conversation, renew);
            async move { (conversation, answer.await) }
        };
        let asked: Vec<_> = self.joined.all().into_iter().map(ask).collect();
        let looked = futures_util::future::join_all(asked).into_actor(self);
        context.wait(looked.map(move |answers, session, _| {
            for (conversation, answer) in answers {
                match answer {
                    Ok(Ok(_)) => {}
                    Ok(Err(Error::Refused(refusal))) if !refusal.is_temporary() => {
                        session.joined.leave(conversation);
                    }
                    // Nobody knows whether it still listens there as what it was: it comes back as what it is.
                    Ok(Err(_)) | Err(_) => session.core.client.close(CloseReason::SlowReader),
                }
            }
            session.welcome(id, &principal);
        }));
    }
}
