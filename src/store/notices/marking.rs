//! What becomes of notifications: read, seen, put away, withdrawn, expired, forgotten.

use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Nullable, Text};

use super::NoticeRow;
use crate::domain::ids::{NoticeNo, UserNo};
use crate::domain::notice::{About, Notice};
use crate::error::Error;
use crate::store::schema::notifications as table;

/// The most rows that one statement changes.
const MOST: i64 = 5_000;
/// How long notifications are kept, in days.
const KEPT_DAYS: i32 = 400;

/// A change by its receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It counts as read.
    Read,
    /// It counts as unread.
    Unread,
    /// It is put away.
    Archive,
    /// It is taken out again.
    Restore,
}

/// Which of a user's unread notifications.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// These; all if absent.
    pub numbers: Option<Vec<i64>>,
    /// Only with this key.
    pub key: Option<String>,
    /// Only of this type.
    pub kind: Option<String>,
}

/// Changes a notification that its receiver sees; `None` if they see no such. What is taken out or unread again keeps no key, so no newer
/// one takes its place.
pub fn change(
    connection: &mut PgConnection,
    user: UserNo,
    no: NoticeNo,
    change: Change,
) -> Result<Option<Changed>, Error> {
    let own = table::table
        .find(no.0)
        .filter(table::user_no.eq(user.0))
        .filter(table::state.eq("shown"));
    let (nothing, no_key) = (None::<DateTime<Utc>>, None::<String>);
    let (at, returning) = (now, NoticeRow::as_returning());
    let changed: QueryResult<NoticeRow> = match change {
        Change::Read => diesel::update(own.filter(table::read_at.is_null()))
            .set((table::read_at.eq(at), table::updated_at.eq(now)))
            .returning(returning)
            .get_result(connection),
        Change::Unread => diesel::update(own.filter(table::read_at.is_not_null()))
            .set((
                table::read_at.eq(nothing),
                table::key.eq(no_key),
                table::updated_at.eq(now),
            ))
            .returning(returning)
            .get_result(connection),
        Change::Archive => diesel::update(own.filter(table::archived_at.is_null()))
            .set((table::archived_at.eq(at), table::updated_at.eq(now)))
            .returning(returning)
            .get_result(connection),
        Change::Restore => diesel::update(own.filter(table::archived_at.is_not_null()))
            .set((
                table::archived_at.eq(nothing),
                table::key.eq(no_key),
                table::updated_at.eq(now),
            ))
            .returning(returning)
            .get_result(connection),
    };
    if let Some(row) = changed.optional()? {
        return Ok(Some(Changed::Now(row.into())));
    }
    let stands = own
        .select(NoticeRow::as_select())
        .first::<NoticeRow>(connection)
        .optional()?;
    Ok(stands.map(|row| Changed::Before(row.into())))
}

/// A notification after a change.
#[derive(Clone, Debug)]
pub enum Changed {
    /// The change was made now.
    Now(Notice),
    /// It stood like this before.
    Before(Notice),
}

/// Raw SQL: the index of unread notifications, in steps.
const READ: &str = "
update notifications set read_at = now(), updated_at = now() where no = any(array(
    select no from notifications where user_no = $1 and state = 'shown' and read_at is null and archived_at is null
        and ($2::bigint[] is null or no = any($2)) and ($3::text is null or key = $3) and ($4::text is null or type = $4)
    order by no limit $5)) and read_at is null";

const SEEN: &str = "
update notifications set seen_at = now(), updated_at = now() where no = any(array(
    select no from notifications where user_no = $1 and state = 'shown' and read_at is null and archived_at is null and seen_at is null
    order by no limit $2)) and seen_at is null";

/// Marks notifications as read, at most 5,000; returns how many.
pub fn mark_read(
    connection: &mut PgConnection,
    user: UserNo,
    which: &Which,
) -> Result<usize, Error> {
    let changed = diesel::sql_query(READ)
        .bind::<BigInt, _>(user.0)
        .bind::<Nullable<Array<BigInt>>, _>(which.numbers.as_ref())
        .bind::<Nullable<Text>, _>(which.key.as_ref())
        .bind::<Nullable<Text>, _>(which.kind.as_ref())
        .bind::<BigInt, _>(MOST)
        .execute(connection)?;
    Ok(changed)
}

/// Notes that a user has opened the list of what they have not read, at most 5,000 at once; returns how many were new to them.
pub fn mark_seen(connection: &mut PgConnection, user: UserNo) -> Result<usize, Error> {
    let changed = diesel::sql_query(SEEN)
        .bind::<BigInt, _>(user.0)
        .bind::<BigInt, _>(MOST)
        .execute(connection)?;
    Ok(changed)
}

/// What is withdrawn.
#[derive(Clone, Debug)]
pub enum Withdrawn {
    /// One notification.
    One(NoticeNo),
    /// What this user has not read with this key.
    Keyed(UserNo, String),
    /// What has not been read about this.
    About(About),
}

/// Withdraws notifications, at most 5,000; returns them.
pub fn withdraw(connection: &mut PgConnection, what: &Withdrawn) -> Result<Vec<Notice>, Error> {
    let unread = table::table.filter(diesel::dsl::sql::<diesel::sql_types::Bool>(
        "state = 'shown' and read_at is null and archived_at is null",
    ));
    let numbers: Vec<i64> = match what {
        Withdrawn::One(no) => vec![no.0],
        Withdrawn::Keyed(user, key) => unread
            .filter(table::user_no.eq(user.0))
            .filter(table::key.eq(key))
            .select(table::no)
            .load(connection)?,
        Withdrawn::About(about) => unread
            .filter(table::subject_type.eq(&about.kind))
            .filter(table::subject_id.eq(&about.id))
            .order(table::no)
            .limit(MOST)
            .select(table::no)
            .load(connection)?,
    };
    let alive = table::table
        .filter(table::no.eq_any(numbers))
        .filter(table::state.eq("shown"));
    let rows = diesel::update(alive)
        .set((
            table::state.eq("withdrawn"),
            table::end_reason.eq("by_platform"),
            table::ended_at.eq(now),
            table::updated_at.eq(now),
        ))
        .returning(NoticeRow::as_returning())
        .get_results::<NoticeRow>(connection)?;
    Ok(rows.into_iter().map(Notice::from).collect())
}

/// Ends what has been shown for its time, at most 5,000; returns them.
pub fn expire(connection: &mut PgConnection) -> Result<Vec<Notice>, Error> {
    let over: Vec<i64> = table::table
        .filter(diesel::dsl::sql::<diesel::sql_types::Bool>(
            "state = 'shown' and expires_at is not null",
        ))
        .filter(table::expires_at.le(now))
        .order(table::expires_at)
        .limit(MOST)
        .select(table::no)
        .load(connection)?;
    let rows = diesel::update(
        table::table
            .filter(table::no.eq_any(over))
            .filter(table::state.eq("shown")),
    )
    .set((
        table::state.eq("expired"),
        table::end_reason.eq("expired"),
        table::ended_at.eq(now),
        table::updated_at.eq(now),
    ))
    .returning(NoticeRow::as_returning())
    .get_results::<NoticeRow>(connection)?;
    Ok(rows.into_iter().map(Notice::from).collect())
}

/// Raw SQL: the oldest rows by the primary key, since times grow with numbers.
const FORGET: &str = "
delete from notifications where no = any(array(select no from notifications order by no limit $1))
    and created_at < now() - make_interval(days => $2)";

/// Deletes notifications that were made 400 days ago or earlier, at most 5,000; returns how many.
pub fn forget(connection: &mut PgConnection) -> Result<usize, Error> {
    let gone = diesel::sql_query(FORGET)
        .bind::<BigInt, _>(MOST)
        .bind::<diesel::sql_types::Integer, _>(KEPT_DAYS)
        .execute(connection)?;
    Ok(gone)
}
