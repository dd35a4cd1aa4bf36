//! What the platform's events tell about people: who is connected with whom, and traits.

use diesel::dsl::now;
use diesel::pg::PgConnection;
use diesel::prelude::*;

use super::schema::{connections, user_traits};
use crate::domain::ids::UserNo;
use crate::error::Error;

/// The lower number first.
fn ordered(one: UserNo, other: UserNo) -> (i64, i64) {
    (one.0.min(other.0), one.0.max(other.0))
}

/// Connects two users. A user is connected with nobody by being connected with themselves.
pub fn connect(
    connection: &mut PgConnection,
    one: UserNo,
    other: UserNo,
    kind: &str,
) -> Result<(), Error> {
    let (low, high) = ordered(one, other);
    if low == high {
        return Ok(());
    }
    diesel::insert_into(connections::table)
        .values((
            connections::low_no.eq(low),
            connections::high_no.eq(high),
            connections::kind.eq(kind),
        ))
        .on_conflict_do_nothing()
        .execute(connection)?;
    Ok(())
}

/// Ends that two users are connected.
pub fn disconnect(
    connection: &mut PgConnection,
    one: UserNo,
    other: UserNo,
    kind: &str,
) -> Result<(), Error> {
    let (low, high) = ordered(one, other);
    diesel::delete(connections::table.find((low, high, kind))).execute(connection)?;
    Ok(())
}

/// Notes a trait of a user; a later value replaces an earlier one.
pub fn note_trait(
    connection: &mut PgConnection,
    user: UserNo,
    name: &str,
    value: &str,
) -> Result<(), Error> {
    diesel::insert_into(user_traits::table)
        .values((
            user_traits::user_no.eq(user.0),
            user_traits::name.eq(name),
            user_traits::value.eq(value),
        ))
        .on_conflict((user_traits::user_no, user_traits::name))
        .do_update()
        .set((
            user_traits::value.eq(value),
            user_traits::updated_at.eq(now),
        ))
        .execute(connection)?;
    Ok(())
}
