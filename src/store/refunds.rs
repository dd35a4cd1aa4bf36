//! Money that goes back: asked for by a deal, sent by the gateway, confirmed by its webhooks.

use diesel::dsl::now;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use std::time::Duration;
use uuid::Uuid;

use super::jobs;
use super::schema::{payment_orders, payments, refunds as table};
use crate::domain::flow::RefundRequest;
use crate::domain::ids::ConversationNo;
use crate::domain::job::Job;
use crate::domain::payment::{RefundReport, RefundStatus, Verdict};
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
/// Each payment goes back once, however often it is asked for. Says how many.
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

/// A refund by our id.
pub fn find(connection: &mut PgConnection, id: Uuid) -> Result<Option<RefundRow>, Error> {
    let found = table::table
        .filter(table::id.eq(id))
        .select(RefundRow::as_select())
        .first(connection)
        .optional()?;
    Ok(found)
}

/// Keeps what the gateway says of the refund of a payment. What is processed stays so; a refund that nobody here asked for
/// has no row, and the payment's own status says what is to be known of it.
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
    diesel::update(table::table)
        .filter(table::gateway.eq(gateway))
        .filter(table::payment_id.eq(payment))
        .filter(table::status.eq_any(known))
        .filter(
            table::gateway_refund_id
                .is_null()
                .or(table::gateway_refund_id.eq(&report.id)),
        )
        .set((
            table::status.eq(report.status.name()),
            table::gateway_refund_id.eq(&report.id),
            table::updated_at.eq(now),
        ))
        .execute(connection)?;
    Ok(())
}
