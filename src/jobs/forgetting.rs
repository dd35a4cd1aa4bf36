//! Empties, part by part, what was deleted long enough ago: wordings of messages, contents of conversations. And deletes old receipts.

use diesel::pg::PgConnection;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

use super::JobDeps;
use crate::error::Error;
use crate::store::{forgetting, receipts};

/// Pause between two looks for what is due.
const INTERVAL: Duration = Duration::from_secs(5);
/// Pause between two parts, in which others get the database.
const BETWEEN_PARTS: Duration = Duration::from_millis(20);
/// Messages, or changes of a conversation, in one part.
const PART: i64 = 1_000;

/// Days for which it is kept when watermarks moved.
const RECEIPT_DAYS: i32 = 90;

/// Goes on until the server stops.
pub(super) async fn run(deps: Arc<JobDeps>, mut stopped: watch::Receiver<bool>) {
    let days = i32::from(deps.config.jobs.deleted_days);
    while !*stopped.borrow() {
        let pause = match deps
            .pool
            .run(move |connection| forget(connection, days))
            .await
        {
            Ok(pause) => pause,
            Err(error) => {
                tell(&error);
                INTERVAL
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stopped.changed() => {}
        }
    }
}

/// Empties a part; returns the pause before the next one.
fn forget(connection: &mut PgConnection, days: i32) -> Result<Duration, Error> {
    let wordings = forgetting::empty_wordings(connection, days, PART)?;
    let moves = receipts::delete_old(connection, RECEIPT_DAYS, PART)?;
    let is_more = forgetting::empty_conversation(connection, days, PART)?;
    if wordings > 0 {
        log::debug!(event = "wordings_emptied", messages = wordings; "");
    }
    Ok(match is_more || wordings > 0 || moves > 0 {
        true => BETWEEN_PARTS,
        false => INTERVAL,
    })
}

/// That the database is away is reported by `store/watch.rs`.
fn tell(error: &Error) {
    match error {
        Error::Internal(cause) => log::error!(event = "nothing_emptied"; "{cause}"),
        Error::Refused(_) => log::debug!(event = "emptying_waits_for_database"; ""),
    }
}
