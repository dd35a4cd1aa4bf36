//! Who a session belongs to: the token of its first frame, and of later ones.

use actix::prelude::*;
use actix_web_actors::ws;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Session;
use crate::domain::principal::Principal;
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::outbox::CloseReason;
use crate::wire::encode;

impl Session {
    /// Frames that come meanwhile wait, so that they find the caller authenticated.
    pub(super) fn authenticate(
        &mut self,
        id: Option<u64>,
        token: String,
        context: &mut ws::WebsocketContext<Self>,
    ) {
        let door = Arc::clone(&self.door);
        let identify = async move { door.people.identify(&token).await };
        context.wait(
            identify
                .into_actor(self)
                .map(move |identified, session, _| session.identified(id, identified)),
        );
    }

    fn identified(&mut self, id: Option<u64>, identified: Result<Arc<Principal>, Error>) {
        match (identified, &self.principal) {
            (Err(error), before) => {
                let temporary = matches!(&error, Error::Refused(refusal) if refusal.is_temporary());
                let first = before.is_none();
                self.fail(id, error);
                if first && !temporary {
                    self.outbox.close(CloseReason::Unauthenticated);
                }
            }
            (Ok(new), Some(before)) if new.no != before.no => {
                self.refuse(
                    id,
                    Refusal::IdentityMismatch(
                        "This connection belongs to another user: open a new one",
                    ),
                );
            }
            (Ok(principal), before) => {
                if before.is_none() {
                    self.door.house.directory.arrive(principal.no, &self.outbox);
                }
                self.outbox
                    .set_deadline(time_left(&principal), CloseReason::Unauthenticated);
                let welcome = encode::Welcome {
                    user_id: &principal.id,
                    session_id: self.outbox.session().0,
                    heartbeat_seconds: self.door.options.heartbeat_seconds,
                };
                self.acknowledge(id, welcome);
                self.principal = Some(principal);
            }
        }
    }
}

/// How long a token is good for still.
pub(super) fn time_left(principal: &Principal) -> Duration {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Duration::from_secs(principal.valid_until).saturating_sub(now)
}
