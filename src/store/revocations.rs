//! Sign-outs: the time from which on each user's tokens are valid again.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Double, Timestamptz};

use super::pool::explain;
use super::schema::{revocations, users};
use crate::domain::ids::{UserId, UserNo};
use crate::domain::principal::NotBefore;
use crate::error::Error;

diesel::define_sql_function! {
    /// The later of two times.
    fn greatest(one: Timestamptz, other: Timestamptz) -> Timestamptz;
}

/// A user's sign-out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignOut {
    /// The platform's id.
    pub id: UserId,
    /// The number.
    pub no: UserNo,
    /// Earlier tokens are refused.
    pub not_before: NotBefore,
}

/// Refuses all tokens issued up to now. The time comes from the database's clock and is rounded up to the next
/// second, because `iat` usually has whole seconds and a token from this second may be older than the sign-out.
pub fn sign_out(connection: &mut PgConnection, user: UserNo) -> Result<NotBefore, Error> {
    use diesel::dsl::{now, sql};
    use diesel::upsert::excluded;
    let next_second =
        sql::<Timestamptz>("date_trunc('second', clock_timestamp()) + interval '1 second'");
    diesel::insert_into(revocations::table)
        .values((
            revocations::user_no.eq(user.0),
            revocations::not_before.eq(next_second),
        ))
        .on_conflict(revocations::user_no)
        .do_update()
        .set((
            revocations::not_before.eq(greatest(
                revocations::not_before,
                excluded(revocations::not_before),
            )),
            revocations::changed_at.eq(now),
        ))
        .returning(revocations::not_before)
        .get_result::<DateTime<Utc>>(connection)
        .map(NotBefore::at)
        .map_err(explain)
}

/// The time from which on a user's tokens are valid, if the user was ever signed out.
pub fn not_before(connection: &mut PgConnection, user: UserNo) -> Result<Option<NotBefore>, Error> {
    let found = revocations::table
        .find(user.0)
        .select(revocations::not_before)
        .first::<DateTime<Utc>>(connection);
    Ok(found.optional().map_err(explain)?.map(NotBefore::at))
}

/// The sign-outs of the last `seconds` seconds, on any server.
pub fn recent(connection: &mut PgConnection, seconds: f64) -> Result<Vec<SignOut>, Error> {
    let since = diesel::dsl::sql::<Timestamptz>("now() - make_interval(secs => ")
        .bind::<Double, _>(seconds)
        .sql(")");
    let found = revocations::table
        .inner_join(users::table)
        .filter(revocations::changed_at.gt(since))
        .select((users::id, users::no, revocations::not_before))
        .load::<(String, i64, DateTime<Utc>)>(connection)
        .map_err(explain)?;
    let sign_out = |(id, no, not_before)| SignOut {
        id: UserId::stored(id),
        no: UserNo(no),
        not_before: NotBefore::at(not_before),
    };
    Ok(found.into_iter().map(sign_out).collect())
}
