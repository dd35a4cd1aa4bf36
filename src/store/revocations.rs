//! Who was signed out, and from when on their tokens count again.

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
    /// The later of two.
    fn greatest(one: Timestamptz, other: Timestamptz) -> Timestamptz;
}

/// Somebody's sign-out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignOut {
    /// Their id on the platform.
    pub id: UserId,
    /// Their number.
    pub no: UserNo,
    /// Since when their tokens must be issued.
    pub not_before: NotBefore,
}

/// Refuses everything that was issued up to now. By the database's clock, to the next whole second: a token's `iat` mostly is one, and
/// what was issued within this second may be older than the sign-out.
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

/// Since when somebody's tokens must be issued, if they were ever signed out.
pub fn not_before(connection: &mut PgConnection, user: UserNo) -> Result<Option<NotBefore>, Error> {
    let found = revocations::table
        .find(user.0)
        .select(revocations::not_before)
        .first::<DateTime<Utc>>(connection);
    Ok(found.optional().map_err(explain)?.map(NotBefore::at))
}

/// The sign-outs of these last seconds, of whatever server.
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
