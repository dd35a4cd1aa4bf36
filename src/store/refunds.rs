//! Refunds: requested by a deal, sent by the gateway, confirmed by its webhooks.

use diesel::dsl::now;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use std::time::Duration;
use uuid::Uuid;

use super::jobs;
use super::schema::{gateway_refunds, payment_orders, payments, refunds as table};
use crate::domain::flow::RefundRequest;
use crate::domain::ids::ConversationNo;
use crate::domain::job::Job;
use crate::domain::payment::Verdict;
use crate::domain::refund::{RefundReport, RefundStatus};
use crate::error::Error;

/// A refund.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = table)]
pub struct RefundRow {
    /// Stoa's id.
    pub id: Uuid,
    /// The gateway.
    pub gateway: String,
    /// The gateway's id of the payment.
    pub payment_id: String,
    /// The amount in the smallest unit of the payment's currency.
    pub amount: i64,
    /// The reason.
    pub reason: String,
    /// One of `requested`, `pending`, `processed`, `failed`.
    pub status: String,
}

/// Inserts refunds and the jobs that send them, in the step's transaction; returns how many. The reason
/// `wrong_amount` or `repeated` selects the payments with that verdict, any other reason the payment that paid
/// the order. Each payment is refunded once, however often it is requested; if part of it was refunded at the
/// gateway, the rest is.
pub fn request(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    wanted: &RefundRequest,
) -> Result<usize, Error> {
    let of_verdict = [Verdict::WrongAmount, Verdict::Repeated]
        .into_iter()
        .find(|verdict| verdict.name() == wanted.reason)
        .unwrap_or(Verdict::Paid);
    let due: Vec<(String, String, i64, String)> = payments::table
        .inner_join(payment_orders::table)
        .filter(payment_orders::conversation_no.eq(conversation.0))
        .filter(payment_orders::requested_version.eq(wanted.order))
        .filter(payments::verdict.eq(of_verdict.name()))
        .filter(payments::status.eq("captured"))
        .select((
            payments::gateway,
            payments::id,
            payments::amount,
            payments::currency,
        ))
        .load(connection)?;
    let mut made = 0;
    for (gateway, payment, amount, currency) in due {
        let amount = amount - refunded_amount(connection, &gateway, &payment)?;
        if amount <= 0 {
            continue;
        }
        let id = Uuid::now_v7();
        let new = diesel::insert_into(table::table)
            .values((
                table::id.eq(id),
                table::gateway.eq(gateway),
                table::payment_id.eq(payment),
                table::amount.eq(amount),
                table::currency.eq(currency),
                table::reason.eq(&wanted.reason),
            ))
            .on_conflict((table::gateway, table::payment_id))
            .do_nothing()
            .execute(connection)?;
        if new == 1 {
            let job = Job::Refund { refund: id };
            jobs::add(connection, Some(conversation), &job, Duration::ZERO)?;
            made += 1;
        }
    }
    Ok(made)
}

/// The amount of a payment that the gateway has refunded or is refunding.
fn refunded_amount(
    connection: &mut PgConnection,
    gateway: &str,
    payment: &str,
) -> Result<i64, Error> {
    let amounts: Vec<i64> = gateway_refunds::table
        .filter(gateway_refunds::gateway.eq(gateway))
        .filter(gateway_refunds::payment_id.eq(payment))
        .filter(gateway_refunds::status.ne(RefundStatus::Failed.name()))
        .select(gateway_refunds::amount)
        .load(connection)?;
    Ok(amounts.into_iter().fold(0, i64::saturating_add))
}

/// A refund by Stoa's id.
pub fn find(connection: &mut PgConnection, id: Uuid) -> Result<Option<RefundRow>, Error> {
    let found = table::table
        .filter(table::id.eq(id))
        .select(RefundRow::as_select())
        .first(connection)
        .optional()?;
    Ok(found)
}

/// Applies the gateway's report to the requested refund. A processed refund stays processed. A refund begun at
/// the gateway has no row here: until the gateway's id is known, Stoa's id identifies the row, or the amount if
/// the gateway does not return Stoa's id.
pub fn apply_report(
    connection: &mut PgConnection,
    gateway: &str,
    payment: &str,
    report: &RefundReport,
) -> Result<(), Error> {
    let known = match report.status {
        RefundStatus::Pending => vec!["requested"],
        RefundStatus::Failed => vec!["requested", "pending"],
        RefundStatus::Processed => vec!["requested", "pending", "failed"],
    };
    let alike = report.asked.is_none().then_some(report.amount);
    let meant = table::id.nullable().eq(report.asked);
    let meant = meant.or(table::amount.nullable().eq(alike));
    diesel::update(table::table)
        .filter(table::gateway.eq(gateway))
        .filter(table::payment_id.eq(payment))
        .filter(table::status.eq_any(known))
        .filter(
            table::gateway_refund_id
                .eq(&report.id)
                .or(table::gateway_refund_id.is_null().and(meant)),
        )
        .set((
            table::status.eq(report.status.name()),
            table::gateway_refund_id.eq(&report.id),
            table::updated_at.eq(now),
        ))
        .execute(connection)?;
    Ok(())
}

/// Marks a refund that the gateway refused for good as failed.
pub fn set_failed(connection: &mut PgConnection, id: Uuid) -> Result<(), Error> {
    diesel::update(table::table)
        .filter(table::id.eq(id))
        .filter(table::status.eq_any(["requested", "pending"]))
        .set((
            table::status.eq(RefundStatus::Failed.name()),
            table::updated_at.eq(now),
        ))
        .execute(connection)?;
    Ok(())
}
