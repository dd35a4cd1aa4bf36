//! Refunds as gateways report them, by the gateway's id. `domain/refund.rs` holds the rules.

use diesel::dsl::now;
use diesel::pg::PgConnection;
use diesel::prelude::*;

use super::schema::gateway_refunds as table;
use crate::domain::refund::{Refund, RefundStatus};
use crate::error::Error;

/// The reported refunds of a payment.
pub fn of(
    connection: &mut PgConnection,
    gateway: &str,
    payment: &str,
) -> Result<Vec<Refund>, Error> {
    let rows: Vec<(String, i64, String)> = table::table
        .filter(table::gateway.eq(gateway))
        .filter(table::payment_id.eq(payment))
        .select((table::id, table::amount, table::status))
        .load(connection)?;
    let refund = |(id, amount, status): (String, i64, String)| {
        let status = RefundStatus::named(&status);
        Ok(Refund {
            id,
            amount,
            status: status.ok_or_else(|| Error::internal("unknown status of a refund"))?,
        })
    };
    rows.into_iter().map(refund).collect()
}

/// Stores a refund.
pub fn keep(
    connection: &mut PgConnection,
    gateway: &str,
    payment: &str,
    refund: &Refund,
) -> Result<(), Error> {
    let (amount, status) = (refund.amount, refund.status.name());
    diesel::insert_into(table::table)
        .values((
            table::gateway.eq(gateway),
            table::id.eq(&refund.id),
            table::payment_id.eq(payment),
            table::amount.eq(amount),
            table::status.eq(status),
        ))
        .on_conflict((table::gateway, table::id))
        .do_update()
        .set((
            table::amount.eq(amount),
            table::status.eq(status),
            table::updated_at.eq(now),
        ))
        .execute(connection)?;
    Ok(())
}
