//! Delivers inputs to deals: outcomes of payments, and timers that are due.

use std::sync::Arc;
use std::time::Duration;

use super::runner::timer_delay;
use super::{JobDeps, JobEnd, code_of};
use crate::domain::flow::{FlowInput, PaymentOutcome, StateVersion};
use crate::domain::ids::{ConversationNo, Seq};
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::store::jobs::Lease;
use crate::store::timers::DueTimer;
use crate::store::{jobs, orders, timers};

/// Longest wait for an earlier outcome of the same deal. The job of that outcome signals when it ends; this
/// bounds a lost signal.
const TURN_TIMEOUT: Duration = Duration::from_secs(30);

/// Whether an outcome may be delivered now.
enum Turn {
    Now,
    Later,
    Never,
}

/// Delivers the outcome of an order to its deal. A payment that the deal has applied already is not delivered
/// again.
pub(super) async fn deliver_outcome(
    deps: &Arc<JobDeps>,
    lease: Lease,
    conversation: ConversationNo,
    order: StateVersion,
    outcome: PaymentOutcome,
) -> Result<JobEnd, Error> {
    let paid = outcome == PaymentOutcome::Paid;
    let turn = deps.pool.run(move |connection| {
        if !jobs::may_deliver(connection, lease, conversation, TURN_TIMEOUT)? {
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
        Turn::Later => return Ok(JobEnd::Finished),
        Turn::Never => {}
        Turn::Now => {
            let request_id = format!("job:{}", lease.no);
            deliver_once(deps, conversation, order, outcome, request_id).await?;
        }
    }
    let done =
        move |connection: &mut _| jobs::finish_and_wake_next(connection, lease, conversation);
    deps.pool.run(done).await.map(|()| JobEnd::Finished)
}

/// Delivers it under a request id. A deal that is no longer in the state that awaits it counts as notified.
async fn deliver_once(
    deps: &JobDeps,
    conversation: ConversationNo,
    order: StateVersion,
    outcome: PaymentOutcome,
    request_id: String,
) -> Result<(), Error> {
    let input = FlowInput::Payment { order, outcome };
    match deliver_with_timeout(deps, conversation, input, request_id).await {
        Err(Error::Refused(Refusal::Flow(flow::Refusal::FlowStateInvalid(_)))) => {
            log::info!(event = "deal_has_moved_on", conversation = conversation.0, order = order; "");
            Ok(())
        }
        delivered => delivered,
    }
}

/// Sends the entries after a seq to the room of the conversation.
pub(super) async fn announce(
    deps: &Arc<JobDeps>,
    conversation: ConversationNo,
    after: Seq,
) -> Result<JobEnd, Error> {
    deps.deals.announce(conversation, after).await?;
    Ok(JobEnd::Done)
}

/// Delivers an input, and gives up after half of the lease.
async fn deliver_with_timeout(
    deps: &JobDeps,
    conversation: ConversationNo,
    input: FlowInput,
    request_id: String,
) -> Result<(), Error> {
    let patience = Duration::from_secs(u64::from(deps.config.jobs.job_lease_seconds)) / 2;
    let delivered = tokio::time::timeout(
        patience,
        deps.deals.deliver(conversation, input, request_id),
    );
    let timeout = Refusal::Unavailable("The deal does not answer");
    delivered.await.unwrap_or(Err(Error::Refused(timeout)))
}

/// Delivers a timer that is due. The deal's step deletes the timer's row; a timer that the deal no longer has
/// is deleted here.
pub(super) async fn fire_timer(deps: &Arc<JobDeps>, due: DueTimer) {
    let request_id = format!(
        "timer:{}:{}",
        due.timer.name,
        due.timer.due.timestamp_micros()
    );
    let input = FlowInput::Due(due.timer.clone());
    let delivered = deliver_with_timeout(deps, due.conversation, input, request_id).await;
    let delay = timer_delay(deps, &due);
    let updated = match delivered {
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
    if let Err(Error::Internal(cause)) = updated {
        log::error!(event = "timer_not_noted"; "{cause}");
    }
}
