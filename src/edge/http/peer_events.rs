//! What other servers send that concerns sessions and callers here.

use actix_web::web;
use uuid::Uuid;

use super::AppState;
use crate::domain::ids::{SessionId, UserId};
use crate::edge::connection::SessionDeps;
use crate::error::Error;
use crate::nodes::PeerEvents;
use crate::store::recoveries;

impl PeerEvents for web::Data<AppState> {
    fn hear_of_gap(&self) {
        self.deps.people.forget_profiles();
    }

    fn hear_of_profile(&self, user: &UserId) {
        self.deps.people.hear_of_profile(user);
    }

    fn hear_of_sign_out(&self) {
        self.deps.people.hear_of_sign_out();
    }

    fn hear_of_takeover(&self, pid: &str, session: SessionId) {
        let Ok(pid) = Uuid::try_parse(pid) else {
            return;
        };
        if self.deps.connected_clients.has_other(pid, session) {
            let server = self.clone();
            actix_rt::spawn(async move {
                if let Err(error) = let_go(&server.deps, pid).await {
                    log::debug!(event = "takeover_not_read"; "{error}");
                }
            });
        }
    }

    fn hear_of_jobs(&self) {
        self.job_signal.notify_here();
    }
}

/// Disconnects the client here, unless this server's connection speaks for it: it may have come back to this server since.
async fn let_go(deps: &SessionDeps, pid: Uuid) -> Result<(), Error> {
    let holder = move |connection: &mut _| recoveries::holder(connection, pid);
    if let Some(holder) = deps.room.pool.run(holder).await? {
        deps.connected_clients.leave_to(pid, holder);
    }
    Ok(())
}
