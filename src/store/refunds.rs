//! Money that goes back: asked for by a deal, sent by the gateway, confirmed by its webhooks.

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
    /// Our id of it.
    pub id: Uuid,
    /// The gateway.
    pub gateway: String,
    /// The gateway's id of the payment.
    pub payment_id: String,
    /// How much.
    pub amount: i64,
    /// Why.
    pub reason: String,
    /// How it stands: `requested`, `pending`, `processed`, `failed`.
    pub status: String,
}

/// Writes down that money is to go back, and the jobs that have the gateway send it; in the step's own transaction. The reason
/// `wrong_amount` or `repeated` means the payments that were found to be so, any other reason the payment that paid the order.
/// Each payment goes back once, however often it is asked for: what is left of it, where somebody has sent a part back at the gateway.
/// Says how many.
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
        let amount = amount - going_back(connection, &gateway, &payment)?;
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

/// How much of a payment is back or on its way, as its gateway tells.
fn going_back(connection: &mut PgConnection, gateway: &str, payment: &str) -> Result<i64, Error> {
    let amounts: Vec<i64> = gateway_refunds::table
        .filter(gateway_refunds::gateway.eq(gateway))
        .filter(gateway_refunds::payment_id.eq(payment))
        .filter(gateway_refunds::status.ne(RefundStatus::Failed.name()))
        .select(gateway_refunds::amount)
        .load(connection)?;
    Ok(amounts.into_iter().fold(0, i64::saturating_add))
}

/// A refund by our id.
pub fn find(connection: &mut PgConnection, id: Uuid) -> Result<Option<RefundRow>, Error> {
    let found = table::table
        .filter(table::id.eq(id))
        .select(RefundRow::as_select())
        .first(connection)
        .optional()?;
    Ok(found)
}

/// Keeps what the gateway says of the refund that was asked for. What is processed stays so. One that was begun at the gateway has no
/// row here: before the gateway's id is known, ours tells them apart, or the amount where the gateway does not repeat ours.
pub fn heard(
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

/// Notes that the gateway will never send this one back.
pub fn refused(connection: &mut PgConnection, id: Uuid) -> Result<(), Error> {
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
