//! Deals are told what became of money, and that a timer is due.

use std::sync::Arc;
use std::time::Duration;

use super::runner::timer_delay;
use super::{End, JobDeps, code_of};
use crate::domain::flow::{FlowInput, PaymentOutcome, StateVersion};
use crate::domain::ids::{ConversationNo, Seq};
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::store::jobs::Lease;
use crate::store::timers::DueTimer;
use crate::store::{jobs, orders, timers};

/// How long to wait at most for what the same deal is to be told first: should nobody call.
const AFTER_YOU: Duration = Duration::from_secs(30);

/// Whose turn it is.
enum Turn {
    Now,
    Later,
    Never,
}

/// Tells a deal what became of an order. Money that the deal has taken in already is not told again.
pub(super) async fn tell(
    deps: &Arc<JobDeps>,
    lease: Lease,
    conversation: ConversationNo,
    order: StateVersion,
    outcome: PaymentOutcome,
) -> Result<End, Error> {
    let paid = outcome == PaymentOutcome::Paid;
    let turn = deps.pool.run(move |connection| {
        if !jobs::has_turn(connection, lease, conversation, AFTER_YOU)? {
            return Ok(Turn::Later);
        }
        if !paid {
            return Ok(Turn::Now);
        }
        let row = orders::find(connection, conversation, order)?;
        Ok(match row.and_then(|row| row.applied_at) {
            Some(_) => Turn::Never,
            None => Turn::Now,
        })
    });
    match turn.await? {
        Turn::Later => return Ok(End::Gone),
        Turn::Never => {}
        Turn::Now => {
            let once = format!("job:{}", lease.no);
            hand_over(deps, conversation, order, outcome, once).await?;
        }
    }
    let done = move |connection: &mut _| jobs::finish_telling(connection, lease, conversation);
    deps.pool.run(done).await.map(|()| End::Gone)
}

/// Tells it. A deal that has moved on has heard it all the same.
async fn hand_over(
    deps: &JobDeps,
    conversation: ConversationNo,
    order: StateVersion,
    outcome: PaymentOutcome,
    once: String,
) -> Result<(), Error> {
    let input = FlowInput::Payment { order, outcome };
    match in_time(deps, conversation, input, once).await {
        Err(Error::Refused(Refusal::Flow(flow::Refusal::FlowStateInvalid(_)))) => {
            log::info!(event = "deal_has_moved_on", conversation = conversation.0, order = order; "");
            Ok(())
        }
        told => told,
    }
}

/// Tells a room what was committed beyond a seq.
pub(super) async fn announce(
    deps: &Arc<JobDeps>,
    conversation: ConversationNo,
    after: Seq,
) -> Result<End, Error> {
    deps.deals.announce(conversation, after).await?;
    Ok(End::Done)
}

/// Tells a deal something, and waits for less long than the claim lasts.
async fn in_time(
    deps: &JobDeps,
    conversation: ConversationNo,
    input: FlowInput,
    once: String,
) -> Result<(), Error> {
    let patience = Duration::from_secs(u64::from(deps.config.jobs.job_lease_seconds)) / 2;
    let told = tokio::time::timeout(patience, deps.deals.tell(conversation, input, once));
    let silent = Refusal::Unavailable("The deal does not answer");
    told.await.unwrap_or(Err(Error::Refused(silent)))
}

/// Tells a deal that a timer is due. The deal's step deletes the timer; one that is not the deal's any more is deleted here.
pub(super) async fn due(deps: &Arc<JobDeps>, due: DueTimer) {
    let once = format!(
        "timer:{}:{}",
        due.timer.name,
        due.timer.due.timestamp_micros()
    );
    let input = FlowInput::Due(due.timer.clone());
    let told = in_time(deps, due.conversation, input, once).await;
    let delay = timer_delay(deps, &due);
    let noted = match told {
        Ok(()) => return,
        Err(Error::Refused(Refusal::Flow(flow::Refusal::FlowStateInvalid(_)))) => {
            let delete = move |connection: &mut _| timers::delete(connection, &due);
            deps.pool.run(delete).await
        }
        Err(error) => {
            let problem = code_of(error, "timer", None);
            let put_back =
                move |connection: &mut _| timers::put_back(connection, &due, delay, &problem);
            deps.pool.run(put_back).await
        }
    };
    if let Err(Error::Internal(cause)) = noted {
        log::error!(event = "timer_not_noted"; "{cause}");
    }
}
