//! Stores payments as gateways report them, and their consequences. `domain/payment.rs` holds the rules.

use diesel::dsl::now;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use std::time::Duration;

use super::orders::OrderRow;
use super::schema::{payment_orders, payments as table};
use super::{gateway_refunds, jobs, refunds};
use crate::domain::flow::{Money, PaymentOutcome};
use crate::domain::job::Job;
use crate::domain::payment::{
    Judgement, OrderFacts, PaymentFacts, PaymentStatus, Report, Verdict, judge,
};
use crate::domain::refund;
use crate::error::Error;

/// The outcome of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It was applied; a job notifies the deal if necessary.
    Done,
    /// Stoa knows no order or payment with that id yet.
    Unknown,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = table)]
struct PaymentRow {
    amount: i64,
    currency: String,
    status: String,
    verdict: Option<String>,
}

impl PaymentRow {
    fn facts(self) -> Result<PaymentFacts, Error> {
        let status = PaymentStatus::named(&self.status);
        Ok(PaymentFacts {
            status: status.ok_or_else(|| Error::internal("unknown status of a payment"))?,
            paid: Money {
                amount: self.amount,
                currency: self.currency,
            },
            judged: self.verdict.is_some(),
        })
    }
}

/// Applies a report inside the caller's transaction. It locks the order's row, so reports of one order are
/// judged one after the other, and the deal gets their outcomes in that order.
pub fn apply(
    connection: &mut PgConnection,
    gateway: &str,
    report: &Report,
) -> Result<Applied, Error> {
    let Some(order) = locked_order(connection, gateway, report)? else {
        return Ok(Applied::Unknown);
    };
    let known = facts(connection, gateway, &report.payment)?;
    let order_facts = OrderFacts {
        price: order.price(),
        paid_by: order.paid_by.clone(),
    };
    let refunds = gateway_refunds::of(connection, gateway, &report.payment)?;
    let told = report.refund.as_ref();
    let refund = told.map(|told| refund::apply_report(&refunds, told));
    let returned = refund::returned(&refunds, refund.as_ref());
    let Some(judgement) = judge(&order_facts, known.as_ref(), report, returned) else {
        return Ok(Applied::Unknown);
    };
    keep_payment(connection, gateway, &order, &report.payment, &judgement)?;
    keep_order(connection, &order, &report.payment, &judgement)?;
    if let (Some(told), Some(refund)) = (told, &refund) {
        gateway_refunds::keep(connection, gateway, &report.payment, refund)?;
        refunds::apply_report(connection, gateway, &report.payment, told)?;
    }
    for outcome in judgement.outcomes {
        queue_outcome(connection, &order, outcome)?;
    }
    Ok(Applied::Done)
}

/// Inserts the job that delivers an outcome to the deal.
pub fn queue_outcome(
    connection: &mut PgConnection,
    order: &OrderRow,
    outcome: PaymentOutcome,
) -> Result<(), Error> {
    let conversation = order.conversation();
    let job = Job::TellDeal {
        conversation_no: conversation,
        order: order.requested_version,
        outcome,
    };
    jobs::add(connection, Some(conversation), &job, Duration::ZERO).map(drop)
}

fn locked_order(
    connection: &mut PgConnection,
    gateway: &str,
    report: &Report,
) -> Result<Option<OrderRow>, Error> {
    let by_payment: Option<i64> = match &report.order {
        Some(_) => None,
        None => table::table
            .find((gateway, &report.payment))
            .select(table::order_no)
            .first(connection)
            .optional()?,
    };
    let orders = payment_orders::table
        .select(OrderRow::as_select())
        .for_update();
    let found = match (&report.order, by_payment) {
        (Some(id), _) => orders
            .filter(payment_orders::gateway.eq(gateway))
            .filter(payment_orders::gateway_order_id.eq(id))
            .first(connection)
            .optional()?,
        (None, Some(no)) => orders
            .filter(payment_orders::no.eq(no))
            .first(connection)
            .optional()?,
        (None, None) => None,
    };
    Ok(found)
}

/// The stored facts of a payment.
pub fn facts(
    connection: &mut PgConnection,
    gateway: &str,
    payment: &str,
) -> Result<Option<PaymentFacts>, Error> {
    let row: Option<PaymentRow> = table::table
        .find((gateway, payment))
        .select(PaymentRow::as_select())
        .first(connection)
        .optional()?;
    row.map(PaymentRow::facts).transpose()
}

fn keep_payment(
    connection: &mut PgConnection,
    gateway: &str,
    order: &OrderRow,
    payment: &str,
    judgement: &Judgement,
) -> Result<(), Error> {
    let Money { amount, currency } = &judgement.paid;
    let status = judgement.status.name();
    let verdict = judgement.verdict.map(Verdict::name);
    diesel::insert_into(table::table)
        .values((
            table::gateway.eq(gateway),
            table::id.eq(payment),
            table::order_no.eq(order.no),
            table::amount.eq(amount),
            table::currency.eq(currency),
            table::status.eq(status),
            table::verdict.eq(verdict),
        ))
        .on_conflict((table::gateway, table::id))
        .do_update()
        .set((
            table::amount.eq(amount),
            table::currency.eq(currency),
            table::status.eq(status),
            verdict.map(|verdict| table::verdict.eq(verdict)),
            table::updated_at.eq(now),
        ))
        .execute(connection)?;
    Ok(())
}

fn keep_order(
    connection: &mut PgConnection,
    order: &OrderRow,
    payment: &str,
    judgement: &Judgement,
) -> Result<(), Error> {
    let row = diesel::update(payment_orders::table.find(order.no));
    let status = payment_orders::status;
    match (judgement.verdict, judgement.order_refunded) {
        (Some(Verdict::Paid), refunded) => row
            .filter(payment_orders::paid_by.is_null())
            .set((
                payment_orders::paid_by.eq(payment),
                status.eq(if refunded { "refunded" } else { "paid" }),
                payment_orders::updated_at.eq(now),
            ))
            .execute(connection)?,
        (_, true) => row
            .set((status.eq("refunded"), payment_orders::updated_at.eq(now)))
            .execute(connection)?,
        (_, false) => 0,
    };
    Ok(())
}
