//! Payment orders that deals have requested.

use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use uuid::Uuid;

use super::access::who_takes_part;
use super::schema::{participants, payment_orders as table, users};
use super::users::UserRow;
use crate::domain::flow::{Money, OrderRequest, StateVersion};
use crate::domain::ids::ConversationNo;
use crate::domain::job::Job;
use crate::domain::principal::Profile;
use crate::error::Error;

/// An order.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = table)]
pub struct OrderRow {
    /// Its number.
    pub no: i64,
    /// Stoa's id, which is the receipt at the gateway.
    pub id: Uuid,
    /// The deal.
    pub conversation_no: i64,
    /// The state version at which the deal requested it.
    pub requested_version: i64,
    /// The gateway.
    pub gateway: String,
    /// The gateway's id.
    pub gateway_order_id: Option<String>,
    /// The amount in the smallest unit of the currency.
    pub amount: i64,
    /// The currency.
    pub currency: String,
    /// The description.
    pub description: String,
    /// The role that pays.
    pub payer_role: Option<String>,
    /// One of `requested`, `created`, `paid`, `refunded`, `held`.
    pub status: String,
    /// The payment that paid it.
    pub paid_by: Option<String>,
    /// When the deal applied the payment.
    pub applied_at: Option<DateTime<Utc>>,
    /// When it was requested.
    pub created_at: DateTime<Utc>,
}

impl OrderRow {
    /// The amount with its currency.
    pub fn price(&self) -> Money {
        Money {
            amount: self.amount,
            currency: self.currency.clone(),
        }
    }

    /// The deal.
    pub fn conversation(&self) -> ConversationNo {
        ConversationNo(self.conversation_no)
    }
}

/// Inserts an order and the job that creates it at the gateway, in the step's transaction. A second request at
/// the same version changes nothing.
pub fn request(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    gateway: &str,
    wanted: &OrderRequest,
) -> Result<(), Error> {
    let made = diesel::insert_into(table::table)
        .values((
            table::id.eq(Uuid::now_v7()),
            table::conversation_no.eq(conversation.0),
            table::requested_version.eq(wanted.order),
            table::gateway.eq(gateway),
            table::amount.eq(wanted.price.amount),
            table::currency.eq(&wanted.price.currency),
            table::description.eq(&wanted.description),
            table::payer_role.eq(&wanted.payer),
        ))
        .on_conflict((table::conversation_no, table::requested_version))
        .do_nothing()
        .execute(connection)?;
    if made == 1 {
        let job = Job::CreateOrder {
            conversation_no: conversation,
            order: wanted.order,
        };
        super::jobs::add(connection, Some(conversation), &job, Default::default())?;
    }
    Ok(())
}

/// The order that a deal requested at a version.
pub fn find(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    order: StateVersion,
) -> Result<Option<OrderRow>, Error> {
    let found = table::table
        .filter(table::conversation_no.eq(conversation.0))
        .filter(table::requested_version.eq(order))
        .select(OrderRow::as_select())
        .first(connection)
        .optional()?;
    Ok(found)
}

/// An order by its number.
pub fn by_no(connection: &mut PgConnection, no: i64) -> Result<Option<OrderRow>, Error> {
    let found = table::table
        .find(no)
        .select(OrderRow::as_select())
        .first(connection)
        .optional()?;
    Ok(found)
}

/// An order by the gateway's id.
pub fn by_gateway_id(
    connection: &mut PgConnection,
    gateway: &str,
    id: &str,
) -> Result<Option<OrderRow>, Error> {
    let found = table::table
        .filter(table::gateway.eq(gateway))
        .filter(table::gateway_order_id.eq(id))
        .select(OrderRow::as_select())
        .first(connection)
        .optional()?;
    Ok(found)
}

/// Stores the gateway's id of an order and returns the order; `None` if it had one.
pub fn set_created(
    connection: &mut PgConnection,
    no: i64,
    gateway: &str,
    gateway_order_id: &str,
) -> Result<Option<OrderRow>, Error> {
    let created = diesel::update(table::table.find(no))
        .filter(table::gateway_order_id.is_null())
        .set((
            table::gateway.eq(gateway),
            table::gateway_order_id.eq(gateway_order_id),
            table::status.eq("created"),
            table::updated_at.eq(now),
        ))
        .returning(OrderRow::as_returning())
        .get_result(connection)
        .optional()?;
    Ok(created)
}

/// Records that the gateway was asked about an order.
pub fn set_checked(connection: &mut PgConnection, no: i64) -> Result<(), Error> {
    diesel::update(table::table.find(no))
        .set(table::checked_at.eq(now))
        .execute(connection)?;
    Ok(())
}

/// Marks an order's payment as applied by its deal, in the step's transaction; false if it was marked before.
pub fn apply(
    connection: &mut PgConnection,
    conversation: ConversationNo,
    order: StateVersion,
) -> Result<bool, Error> {
    let changed = diesel::update(table::table)
        .filter(table::conversation_no.eq(conversation.0))
        .filter(table::requested_version.eq(order))
        .filter(table::applied_at.is_null())
        .set((table::applied_at.eq(now), table::updated_at.eq(now)))
        .execute(connection)?;
    Ok(changed == 1)
}

/// The payer of an order: the only participant with its role; `None` if there are several.
pub fn payer(connection: &mut PgConnection, order: &OrderRow) -> Result<Option<Profile>, Error> {
    let Some(role) = &order.payer_role else {
        return Ok(None);
    };
    let mut found: Vec<UserRow> = participants::table
        .inner_join(users::table)
        .filter(participants::conversation_no.eq(order.conversation_no))
        .filter(participants::role.eq(role))
        .filter(who_takes_part("participants"))
        .select(UserRow::as_select())
        .limit(2)
        .load(connection)?;
    let only = found.pop().filter(|_| found.is_empty());
    Ok(only.map(|row| row.into_parts().2))
}
