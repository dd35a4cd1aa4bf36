//! What has to be looked at again and again: silent and overdue connections, people who are gone, keys that are old. It stands
//! outside the sessions, since nobody polls a session whose peer does not read.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::edge::connection::SessionDeps;
use crate::store::{idempotency, recoveries};

/// How often the sign-outs of other servers are read.
const SIGN_OUTS: Duration = Duration::from_secs(2);

/// Looks at every connection once.
fn look_at_connections(deps: &SessionDeps) {
    let heartbeat = Duration::from_secs(deps.options.heartbeat_seconds);
    let patience = Duration::from_secs(deps.options.silence_seconds);
    for queue in deps.room.directory.connections() {
        queue.close_when_overdue();
        if queue.silence() >= patience {
            queue.close(crate::queue::CloseReason::Silent);
        } else {
            queue.ping_when_quiet(heartbeat);
        }
    }
    deps.room.directory.sweep(
        Duration::from_secs(deps.options.offline_grace_seconds),
        Instant::now(),
    );
}

/// Sweeps every second, for as long as the task is kept. What waits for the database holds up nothing else.
pub async fn run(deps: Arc<SessionDeps>) {
    tokio::join!(sweep(&deps), follow_sign_outs(&deps));
}

/// Takes in who was signed out through another server on the database.
async fn follow_sign_outs(deps: &SessionDeps) {
    let mut turn = tokio::time::interval(SIGN_OUTS);
    turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut were_read = true;
    loop {
        turn.tick().await;
        let outcome = deps.people.hear_of_sign_outs().await;
        if let (Err(error), true) = (&outcome, were_read) {
            log::warn!(event = "sign_outs_not_read"; "{error}");
        }
        were_read = outcome.is_ok();
    }
}

async fn sweep(deps: &SessionDeps) {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    for round in 0u64.. {
        second.tick().await;
        look_at_connections(deps);
        deps.refusals.tell_left_out();
        if round % 60 == 0 {
            deps.rate_limits.sweep();
        }
        if round % 3_600 == 0 {
            forget_the_old(deps).await;
        }
    }
}

/// Takes away what has had its time: keys, and clients that have been away for too long.
async fn forget_the_old(deps: &SessionDeps) {
    let (connected, hours) = (deps.connected_clients.all(), deps.foreign.recovery_hours);
    let forget = move |connection: &mut _| {
        idempotency::sweep(connection)?;
        recoveries::touch(connection, &connected)?;
        recoveries::sweep(connection, hours)
    };
    if let Err(error) = deps.room.pool.run(forget).await {
        log::warn!(event = "old_not_forgotten"; "{error}");
    }
}
