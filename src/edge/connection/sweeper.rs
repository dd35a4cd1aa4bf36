//! What has to be looked at again and again: silent and overdue connections, people who are gone, keys that are old. It stands
//! outside the sessions, since nobody polls a session whose peer does not read.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::config::SocketOptions;
use crate::edge::connection::SessionDeps;
use crate::presence::Directory;
use crate::queue::CloseReason;
use crate::store::{events, idempotency, notices, recoveries};

/// How often the sign-outs of other servers are read.
const SIGN_OUTS: Duration = Duration::from_secs(2);

/// Looks at every connection once, and at those whose last one is gone.
fn look_at_connections(directory: &Directory, options: &SocketOptions, now: Instant) {
    let heartbeat = Duration::from_secs(options.heartbeat_seconds);
    let patience = Duration::from_secs(options.silence_seconds);
    for queue in directory.connections() {
        queue.close_when_overdue();
        if queue.silence() >= patience {
            queue.close(CloseReason::Silent);
        } else {
            queue.ping_when_quiet(heartbeat);
        }
    }
    directory.sweep(Duration::from_secs(options.offline_grace_seconds), now);
}

/// Sweeps every second, for as long as the task is kept. What waits for the database holds up nothing else.
pub async fn run(deps: Arc<SessionDeps>) {
    tokio::join!(
        sweep(&deps),
        follow_sign_outs(&deps),
        follow_staff(&deps),
        note_who_left(&deps)
    );
}

/// Takes in what has changed among the staff of businesses through other servers on the database.
async fn follow_staff(deps: &SessionDeps) {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut were_read = true;
    loop {
        second.tick().await;
        let outcome = deps.room.staff.hear_of_changes(&deps.room.pool).await;
        if let (Err(error), true) = (&outcome, were_read) {
            log::warn!(event = "staff_not_read"; "{error}");
        }
        were_read = outcome.is_ok();
    }
}

/// Writes who has left, once a second.
async fn note_who_left(deps: &SessionDeps) {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        second.tick().await;
        deps.last_seen.write(&deps.room.pool).await;
    }
}

/// Takes in who was signed out through another server on the database, when it says so, and often enough without that.
async fn follow_sign_outs(deps: &SessionDeps) {
    let mut turn = tokio::time::interval(SIGN_OUTS);
    turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut were_read = true;
    loop {
        tokio::select! {
            _ = turn.tick() => {}
            () = deps.people.sign_out_is_heard() => {}
        }
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
        let room = &deps.room;
        look_at_connections(&room.directory, &deps.options, room.clock.now());
        deps.refusals.tell_left_out();
        if round % 60 == 0 {
            deps.rate_limits.sweep();
            expire_notifications(deps).await;
        }
        if round % 3_600 == 0 {
            forget_the_old(deps).await;
            forget_events(deps).await;
            forget_notifications(deps).await;
        }
    }
}

/// Takes away what has had its time: keys, and clients that have been away for too long.
async fn forget_the_old(deps: &SessionDeps) {
    let (connected, hours) = (deps.connected_clients.all(), deps.socketio.recovery_hours);
    let forget = move |connection: &mut _| {
        idempotency::sweep(connection)?;
        recoveries::touch(connection, &connected)?;
        recoveries::sweep(connection, hours)
    };
    if let Err(error) = deps.room.pool.run(forget).await {
        log::warn!(event = "old_not_forgotten"; "{error}");
    }
}

/// The most statements that forget events within an hour.
const FORGETTING: usize = 1_000;

/// Takes away events that have had their time, part by part.
async fn forget_events(deps: &SessionDeps) {
    for _ in 0..FORGETTING {
        match deps.room.pool.run(events::expire).await {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => return log::warn!(event = "events_not_forgotten"; "{error}"),
        }
    }
}

/// Ends notifications that have been shown for their time, and informs those who saw them.
async fn expire_notifications(deps: &SessionDeps) {
    match deps.room.pool.run(notices::expire).await {
        Ok(gone) => deps.room.notifier.tell(gone),
        Err(error) => log::warn!(event = "notifications_not_expired"; "{error}"),
    }
}

/// Takes away old notifications, part by part.
async fn forget_notifications(deps: &SessionDeps) {
    for _ in 0..FORGETTING {
        match deps.room.pool.run(notices::forget).await {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) => return log::warn!(event = "notifications_not_forgotten"; "{error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::conversation::PresenceStatus;
    use crate::domain::ids::{SessionId, UserNo};
    use crate::queue::ConnectionQueue;
    use clock::ManualClock;

    const ALICE: UserNo = UserNo(1);

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        options: SocketOptions,
    }

    /// Pings after 25 seconds, closes after 60, and gives a grace of 10.
    fn options() -> SocketOptions {
        <Line as clap::Parser>::parse_from(["stoa"]).options
    }

    #[test]
    fn a_connection_is_pinged_then_closed_as_silent_and_its_user_is_offline_after_the_grace() {
        let (time, directory) = (ManualClock::standing(), Directory::default());
        let clock = time.clock();
        let look_after = |seconds| {
            time.advance(Duration::from_secs(seconds));
            look_at_connections(&directory, &options(), clock.now());
        };
        let queue = ConnectionQueue::new(SessionId(uuid::Uuid::nil()), 1_000, clock.clone());
        directory.open(&queue, 1).unwrap();
        directory.arrive(ALICE, &queue, None).unwrap();
        look_after(24);
        assert_eq!(queue.waiting_bytes(), 0);
        look_after(1);
        assert!(queue.waiting_bytes() > 0, "a ping waits");
        look_after(34);
        assert_eq!(queue.closing(), None);
        look_after(1);
        assert_eq!(queue.closing(), Some(CloseReason::Silent));
        directory.depart(ALICE, queue.session(), clock.now());
        look_after(9);
        assert_eq!(directory.status(ALICE), PresenceStatus::Online);
        look_after(1);
        assert_eq!(directory.status(ALICE), PresenceStatus::Offline);
    }
}
