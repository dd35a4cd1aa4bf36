//! Lists and counts the notifications of a user.

use diesel::dsl::now;
use diesel::pg::{Pg, PgConnection};
use diesel::prelude::*;
use diesel::sql_types::Bool;

use super::NoticeRow;
use crate::domain::ids::{NoticeNo, UserNo};
use crate::domain::notice::{About, Notice, NoticeCount};
use crate::error::Error;
use crate::store::schema::notifications as table;

/// Which of a user's notifications.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shown {
    /// All but those that were put away.
    #[default]
    Current,
    /// Those that were not read.
    Unread,
    /// Those that were put away.
    Archived,
}

/// What a list is narrowed by.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Which.
    pub shown: Shown,
    /// Only this type.
    pub kind: Option<String>,
    /// Only of this module.
    pub module: Option<String>,
    /// Only at least this urgent.
    pub priority: Option<i16>,
    /// Only about this.
    pub about: Option<About>,
    /// Only before this one.
    pub before: Option<i64>,
}

/// A page of a user's notifications, newest first.
pub fn list(
    connection: &mut PgConnection,
    user: UserNo,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<Notice>, Error> {
    let mut query = alive(user)
        .select(NoticeRow::as_select())
        .order(table::no.desc())
        .limit(limit);
    query = match filter.shown {
        Shown::Current => query.filter(table::archived_at.is_null()),
        Shown::Unread => query
            .filter(table::archived_at.is_null())
            .filter(table::read_at.is_null()),
        Shown::Archived => query.filter(table::archived_at.is_not_null()),
    };
    if let Some(kind) = &filter.kind {
        query = query.filter(table::kind.eq(kind));
    }
    if let Some(module) = &filter.module {
        query = query.filter(table::module.eq(module));
    }
    if let Some(priority) = filter.priority {
        query = query.filter(table::priority.ge(priority));
    }
    if let Some(About { kind, id }) = &filter.about {
        query = query
            .filter(table::subject_type.eq(kind))
            .filter(table::subject_id.eq(id));
    }
    if let Some(before) = filter.before {
        query = query.filter(table::no.lt(before));
    }
    let rows = query.load::<NoticeRow>(connection)?;
    Ok(rows.into_iter().map(Notice::from).collect())
}

/// What a user sees now. The state is a literal, so that partial indexes serve it.
fn alive<'a>(user: UserNo) -> table::BoxedQuery<'a, Pg> {
    table::table
        .filter(table::user_no.eq(user.0))
        .filter(diesel::dsl::sql::<Bool>("state = 'shown'"))
        .filter(table::expires_at.is_null().or(table::expires_at.gt(now)))
        .into_boxed()
}

/// The notification with this number, whatever its state.
pub fn find(connection: &mut PgConnection, no: NoticeNo) -> Result<Option<Notice>, Error> {
    let row = table::table
        .find(no.0)
        .select(NoticeRow::as_select())
        .first(connection)
        .optional()?;
    Ok(row.map(Notice::from))
}

/// The notifications with these numbers, whatever their states.
pub fn with_numbers(connection: &mut PgConnection, numbers: &[i64]) -> Result<Vec<Notice>, Error> {
    let rows = table::table
        .filter(table::no.eq_any(numbers))
        .order(table::no)
        .select(NoticeRow::as_select())
        .load::<NoticeRow>(connection)?;
    Ok(rows.into_iter().map(Notice::from).collect())
}

/// How many notifications a user has to look at.
pub fn count(connection: &mut PgConnection, user: UserNo) -> Result<NoticeCount, Error> {
    let unread = alive(user)
        .filter(table::read_at.is_null())
        .filter(table::archived_at.is_null());
    let (unread, seen): (i64, i64) = unread
        .select((
            diesel::dsl::count_star(),
            diesel::dsl::count(table::seen_at),
        ))
        .first(connection)?;
    Ok(NoticeCount {
        unread,
        unseen: unread - seen,
    })
}
