//! Creates orders, handles what gateways report, and sends refunds.

use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

use super::{JobDeps, JobEnd};
use crate::domain::flow::{PaymentOutcome, StateVersion};
use crate::domain::ids::ConversationNo;
use crate::domain::job::Job;
use crate::domain::payment::{PaymentStatus, Report};
use crate::domain::refund::{RefundReport, RefundStatus};
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::payment::checkout::Checkout;
use crate::payment::envelope::{Read, read};
use crate::payment::{Gateway, NewOrder, NewRefund};
use crate::store::jobs::{self, Lease};
use crate::store::orders::{self, OrderRow};
use crate::store::payment_events::{self, Body};
use crate::store::payments::{self, Applied};
use crate::store::refunds;

/// Creates an order at the gateway and notifies the deal. If the order exists already, only notifies the deal.
pub(super) async fn create_order(
    deps: &Arc<JobDeps>,
    lease: Lease,
    conversation: ConversationNo,
    order: StateVersion,
) -> Result<JobEnd, Error> {
    let find = move |connection: &mut _| orders::find(connection, conversation, order);
    let Some(row) = deps.pool.run(find).await? else {
        return Ok(JobEnd::GiveUp("order_unknown".to_owned()));
    };
    let Some(gateway) = deps.payments.name() else {
        return Ok(JobEnd::Retry("gateway_not_configured".to_owned()));
    };
    let made = match row.gateway_order_id.clone() {
        Some(id) => id,
        None => {
            let wanted = NewOrder {
                receipt: row.id,
                price: row.price(),
            };
            let asked = deps.ask(move |gateway| gateway.create_order(&wanted));
            match asked.await? {
                Ok(id) => id,
                Err(error) => return Ok(error.into()),
            }
        }
    };
    let keeping = Arc::clone(deps);
    let kept = deps.pool.run(move |connection| {
        jobs::finish_with(connection, lease, |connection| {
            keep_order(&keeping, connection, row, gateway, &made)
        })
    });
    kept.await.map(|_| JobEnd::Finished)
}

fn keep_order(
    deps: &JobDeps,
    connection: &mut diesel::PgConnection,
    row: OrderRow,
    gateway: &str,
    made: &str,
) -> Result<(), Error> {
    let kept = match orders::set_created(connection, row.no, gateway, made)? {
        Some(created) => {
            let ask = Job::Reconcile { order_no: row.no };
            let after = Duration::from_millis(deps.config.payments.reconcile_after_ms);
            jobs::add(connection, Some(row.conversation()), &ask, after)?;
            created
        }
        None => orders::by_no(connection, row.no)?.unwrap_or(row),
    };
    let checkout = checkout(deps, connection, &kept, made)?;
    payments::queue_outcome(connection, &kept, PaymentOutcome::Ready { checkout })
}

fn checkout(
    deps: &JobDeps,
    connection: &mut diesel::PgConnection,
    row: &OrderRow,
    made: &str,
) -> Result<Value, Error> {
    let payer = orders::payer(connection, row)?;
    let checkout = Checkout {
        key_id: deps.payments.gateway().map_or("", Gateway::key_id),
        order: row.gateway_order_id.as_deref().unwrap_or(made),
        price: &row.price(),
        description: &row.description,
        payer: payer.as_ref(),
    };
    Ok(checkout.razorpay_config(&deps.config.payments))
}

/// The result of handling a gateway's event.
enum EventOutcome {
    /// The report in it was applied; `None` if the event reports nothing that concerns payments.
    Applied(Option<Report>),
    /// It cannot be read; the text says why.
    Unreadable(String),
}

/// Applies a gateway's event in one transaction, so that it takes effect once. An unreadable event is kept for
/// an operator, because it may be about money.
pub(super) async fn handle_payment_event(
    deps: &Arc<JobDeps>,
    lease: Lease,
    gateway: String,
    event_id: String,
) -> Result<JobEnd, Error> {
    let done = deps.pool.run(move |connection| {
        let read = match payment_events::body(connection, &gateway, &event_id)? {
            Some(Body::Text(body)) => read(&body),
            Some(Body::Bytes) => {
                Read::Unreadable("it is not UTF-8 text without NUL characters".to_owned())
            }
            None => Read::Other,
        };
        let report = match read {
            Read::Of(report) => Some(report),
            Read::Other => None,
            Read::Unreadable(why) => return Ok(EventOutcome::Unreadable(why)),
        };
        jobs::finish_with(connection, lease, |connection| {
            payment_events::set_handled(connection, &gateway, &event_id)?;
            let Some(report) = &report else {
                return Ok(());
            };
            match payments::apply(connection, &gateway, report)? {
                Applied::Done => Ok(()),
                Applied::Unknown => Err(Error::Refused(Refusal::OrderNotFound)),
            }
        })?;
        Ok(EventOutcome::Applied(report))
    });
    match done.await? {
        EventOutcome::Applied(report) => {
            report.iter().for_each(warn_of_failure);
            Ok(JobEnd::Finished)
        }
        EventOutcome::Unreadable(why) => Ok(JobEnd::GiveUp(format!("event_unreadable: {why}"))),
    }
}

/// Logs a refund that the gateway could not make; an operator must send the money back.
fn warn_of_failure(report: &Report) {
    let refund = report.refund.as_ref();
    if let Some(refund) = refund.filter(|refund| refund.status == RefundStatus::Failed) {
        log::error!(event = "refund_failed", payment = report.payment.as_str(), refund = refund.id.as_str(); "");
    }
}

/// Asks the gateway to send money back.
pub(super) async fn refund(deps: &Arc<JobDeps>, lease: Lease, id: Uuid) -> Result<JobEnd, Error> {
    let find = move |connection: &mut _| refunds::find(connection, id);
    let Some(row) = deps.pool.run(find).await? else {
        return Ok(JobEnd::GiveUp("refund_unknown".to_owned()));
    };
    if row.status != "requested" {
        return Ok(JobEnd::Done);
    }
    if !deps.has_gateway(&row.gateway) {
        return Ok(JobEnd::Retry("gateway_not_configured".to_owned()));
    }
    let wanted = NewRefund {
        id,
        payment: row.payment_id.clone(),
        amount: row.amount,
        reason: row.reason.clone(),
    };
    let asked = deps.ask(move |gateway| gateway.refund(&wanted));
    match asked.await? {
        Ok(told) => {
            let told = RefundReport {
                asked: Some(id),
                ..told
            };
            let report = report(&row, told);
            warn_of_failure(&report);
            let keep = move |connection: &mut _| {
                jobs::finish_with(connection, lease, |connection| {
                    payments::apply(connection, &row.gateway, &report)
                })
            };
            deps.pool.run(keep).await.map(|_| JobEnd::Finished)
        }
        Err(error) if error.is_temporary() => Ok(error.into()),
        Err(error) => {
            let keep = move |connection: &mut _| refunds::set_failed(connection, id);
            deps.pool.run(keep).await?;
            Ok(error.into())
        }
    }
}

fn report(row: &refunds::RefundRow, refund: RefundReport) -> Report {
    Report {
        payment: row.payment_id.clone(),
        order: None,
        paid: None,
        status: PaymentStatus::Created,
        refund: Some(refund),
    }
}

/// Posts the sandbox's events to this server. If one post fails, all are posted again; the server handles each
/// id once.
pub(super) async fn post_as_sandbox(
    deps: &Arc<JobDeps>,
    events: Vec<(String, String)>,
) -> Result<JobEnd, Error> {
    let Some(sandbox) = deps.payments.sandbox().cloned() else {
        return Ok(JobEnd::GiveUp("sandbox_not_active".to_owned()));
    };
    let own_url = deps.own_url.clone();
    let posted = deps.ask(move |_| {
        events
            .iter()
            .try_for_each(|(id, body)| sandbox.post(&own_url, id, body))
    });
    Ok(posted.await?.map_or_else(JobEnd::from, |()| JobEnd::Done))
}
