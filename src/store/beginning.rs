//! Who may begin with whom: what the rule in `domain/access/beginning.rs` decides on, read in the transaction that begins.

use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Double, Text};
use std::collections::BTreeSet;

use super::access::{have_blocked, have_met};
use super::blocks::{hold, hold_together};
use super::pool::explain;
use super::schema::{new_contacts, users};
use crate::domain::access::beginning::{Accept, Acquainted, BlockBetween, Inviter, Relation};
use crate::domain::ids::UserNo;
use crate::domain::refusal::Refusal;
use crate::error::Error;

/// Refuses a person who may not begin with these users, and notes those whom they have not met. The users' rows are locked, so no block
/// begins before the transaction ends.
pub(super) fn admit(
    connection: &mut PgConnection,
    by: UserNo,
    inviter: Inviter,
    users: &[UserNo],
) -> Result<Result<(), Refusal>, Error> {
    if let Err(refusal) = inviter.may_begin() {
        return Ok(Err(refusal));
    }
    let all: BTreeSet<i64> = users.iter().chain([&by]).map(|user| user.0).collect();
    let all: Vec<i64> = all.into_iter().collect();
    let Inviter::Person {
        may_start,
        contacts_a_day,
    } = inviter
    else {
        hold_together(connection, &all)?;
        return Ok(Ok(()));
    };
    hold(connection, &all)?;
    let others: Vec<i64> = all.into_iter().filter(|no| *no != by.0).collect();
    let mut strangers = Vec::new();
    for (other, relation) in relations(connection, by, &others)? {
        if let Err(refusal) = relation.may_be_reached(may_start) {
            return Ok(Err(refusal));
        }
        if relation.acquainted == Acquainted::Strangers {
            strangers.push(other.0);
        }
    }
    match contacts_a_day {
        Some(most) if !strangers.is_empty() => count(connection, by, &strangers, most),
        Some(_) | None => Ok(Ok(())),
    }
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    no: i64,
    #[diesel(sql_type = Text)]
    accept: String,
    #[diesel(sql_type = Bool)]
    have_met: bool,
    #[diesel(sql_type = Bool)]
    have_blocked: bool,
}

/// The relation of each of these users to the one who would begin with them.
pub fn relations(
    connection: &mut PgConnection,
    by: UserNo,
    others: &[i64],
) -> Result<Vec<(UserNo, Relation)>, Error> {
    let (met, blocked) = (have_met("$1", "u.no"), have_blocked("$1", "u.no"));
    let rows: Vec<Row> = diesel::sql_query(format!(
        "select u.no, u.accept, {met} as have_met, {blocked} as have_blocked from users u where u.no = any($2)"
    ))
    .bind::<BigInt, _>(by.0)
    .bind::<Array<BigInt>, _>(others)
    .load(connection)
    .map_err(explain)?;
    rows.into_iter().map(relation).collect()
}

fn relation(row: Row) -> Result<(UserNo, Relation), Error> {
    let accept =
        Accept::named(&row.accept).ok_or_else(|| Error::internal("unknown value of accept"))?;
    let relation = Relation {
        accept,
        acquainted: match row.have_met {
            true => Acquainted::Met,
            false => Acquainted::Strangers,
        },
        block: match row.have_blocked {
            true => BlockBetween::Blocked,
            false => BlockBetween::Free,
        },
    };
    Ok((UserNo(row.no), relation))
}

#[derive(QueryableByName)]
struct Contacts {
    #[diesel(sql_type = BigInt)]
    n: i64,
    #[diesel(sql_type = Double)]
    until_next: f64,
}

/// Notes new contacts, and refuses those beyond the bound of 24 hours.
fn count(
    connection: &mut PgConnection,
    by: UserNo,
    strangers: &[i64],
    most: u32,
) -> Result<Result<(), Refusal>, Error> {
    if strangers.len() > most as usize {
        return Ok(Err(Refusal::Unprocessable(
            "These are more people whom you have not met than you may begin with in a day",
        )));
    }
    diesel::sql_query(
        "delete from new_contacts where user_no = $1 and at <= now() - interval '24 hours'",
    )
    .bind::<BigInt, _>(by.0)
    .execute(connection)
    .map_err(explain)?;
    let rows: Vec<_> = strangers
        .iter()
        .map(|other| {
            (
                new_contacts::user_no.eq(by.0),
                new_contacts::other_no.eq(*other),
            )
        })
        .collect();
    diesel::insert_into(new_contacts::table)
        .values(rows)
        .on_conflict_do_nothing()
        .execute(connection)
        .map_err(explain)?;
    // The seconds until enough contacts are older than 24 hours for the new ones to fit.
    let counted: Contacts = diesel::sql_query(
        "with mine as materialized (select at from new_contacts where user_no = $1),
            counted as materialized (select count(*) as n from mine)
        select n, extract(epoch from coalesce(
            (select at from mine order by at offset greatest(n - $2 - 1, 0) limit 1), now()) + interval '24 hours' - now()
        )::float8 as until_next from counted",
    )
    .bind::<BigInt, _>(by.0)
    .bind::<BigInt, _>(i64::from(most))
    .get_result(connection)
    .map_err(explain)?;
    match counted.n > i64::from(most) {
        true => Ok(Err(Refusal::RateLimited {
            retry_after: counted.until_next.ceil().max(1.0) as u64,
        })),
        false => Ok(Ok(())),
    }
}

/// From whom a user accepts new conversations.
pub fn accept(connection: &mut PgConnection, user: UserNo) -> Result<Accept, Error> {
    let found: String = users::table
        .find(user.0)
        .select(users::accept)
        .first(connection)
        .map_err(explain)?;
    Accept::named(&found).ok_or_else(|| Error::internal("unknown value of accept"))
}

/// Sets from whom a user accepts new conversations.
pub fn set_accept(
    connection: &mut PgConnection,
    user: UserNo,
    accept: Accept,
) -> Result<(), Error> {
    diesel::update(users::table.find(user.0))
        .set(users::accept.eq(accept.name()))
        .execute(connection)
        .map(drop)
        .map_err(explain)
}
