//! Users, with the profiles in the platform's tokens.

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use std::collections::{BTreeMap, HashMap};

use super::access::{have_blocked, who_may_read, who_takes_part};
use super::pool::explain;
use super::schema::{participants, users};
use crate::domain::ids::{UserId, UserNo};
use crate::domain::principal::Profile;
use crate::domain::refusal::Refusal;
use crate::error::Error;

/// A stored user.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct UserRow {
    /// The number.
    pub no: i64,
    /// The platform's id.
    pub id: String,
    /// The name to show.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The URL of a picture.
    pub avatar_url: Option<String>,
    /// Another id of theirs.
    pub alias: Option<String>,
}

impl UserRow {
    /// Whether it has everything that the profile says.
    fn has(&self, profile: &Profile) -> bool {
        let same = |said: &Option<String>, stored| said.is_none() || said == stored;
        same(&profile.name, &self.name)
            && same(&profile.email, &self.email)
            && same(&profile.avatar_url, &self.avatar_url)
            && self.has_alias(profile.alias.as_ref())
    }

    /// Whether this alias is theirs, or their id; without one there is nothing to store.
    fn has_alias(&self, alias: Option<&UserId>) -> bool {
        alias.is_none_or(|alias| {
            self.id == alias.as_str() || self.alias.as_deref() == Some(alias.as_str())
        })
    }

    /// The row as number, id and profile.
    pub fn into_parts(self) -> (UserNo, UserId, Profile) {
        let profile = Profile {
            name: self.name,
            email: self.email,
            avatar_url: self.avatar_url,
            alias: self.alias.map(UserId::stored),
        };
        (UserNo(self.no), UserId::stored(self.id), profile)
    }
}

/// What storing a user has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// Nothing: the user was stored with this profile.
    Already,
    /// The user is new.
    New,
    /// Their profile.
    Changed,
}

/// Stores a user with this profile. Fields that it omits keep their stored value. An alias names its user; one that is another user's id
/// or alias is a conflict.
pub fn store(
    connection: &mut PgConnection,
    id: &UserId,
    profile: &Profile,
) -> Result<(UserRow, Stored), Error> {
    match find(connection, id.as_str())? {
        Some(row) if row.has(profile) => Ok((row, Stored::Already)),
        Some(row) if row.has_alias(profile.alias.as_ref()) => {
            let profile = Profile {
                alias: None,
                ..profile.clone()
            };
            let row = upsert(connection, &UserId::stored(row.id), &profile)?;
            Ok((row, Stored::Changed))
        }
        Some(_) | None => connection.transaction(|connection| store_named(connection, id, profile)),
    }
}

/// Stores a user whose id or alias may be new, while nobody else stores the same.
fn store_named(
    connection: &mut PgConnection,
    id: &UserId,
    profile: &Profile,
) -> Result<(UserRow, Stored), Error> {
    let mut texts: Vec<&str> = vec![id.as_str()];
    texts.extend(profile.alias.as_ref().map(UserId::as_str));
    texts.sort_unstable();
    for text in &texts {
        lock_text(connection, text)?;
    }
    let (id, stored) = match find(connection, id.as_str())? {
        Some(row) => (UserId::stored(row.id), Stored::Changed),
        None => (id.clone(), Stored::New),
    };
    let alias = profile.alias.clone().filter(|alias| *alias != id);
    if let Some(alias) = &alias
        && find(connection, alias.as_str())?.is_some_and(|row| row.id != id.as_str())
    {
        let why = "The alias is another user's id or alias";
        return Err(Refusal::Conflict(why).into());
    }
    let profile = Profile {
        alias,
        ..profile.clone()
    };
    Ok((upsert(connection, &id, &profile)?, stored))
}

/// Waits for others who store this id or alias, until the transaction ends.
fn lock_text(connection: &mut PgConnection, text: &str) -> Result<(), Error> {
    // Raw SQL, because Diesel has no advisory locks.
    diesel::sql_query("select pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind::<diesel::sql_types::Text, _>(format!("user {text}"))
        .execute(connection)
        .map(drop)
        .map_err(explain)
}

/// Inserts a user, or updates the profile. Fields that the profile omits keep their stored value.
fn upsert(connection: &mut PgConnection, id: &UserId, profile: &Profile) -> Result<UserRow, Error> {
    use diesel::dsl::{now, sql};
    use diesel::sql_types::{Nullable, Text};
    let kept = |column: &str| {
        sql::<Nullable<Text>>(&format!("coalesce(excluded.{column}, users.{column})"))
    };
    diesel::insert_into(users::table)
        .values((
            users::id.eq(id.as_str()),
            users::name.eq(&profile.name),
            users::email.eq(&profile.email),
            users::avatar_url.eq(&profile.avatar_url),
            users::alias.eq(profile.alias.as_ref().map(UserId::as_str)),
        ))
        .on_conflict(users::id)
        .do_update()
        .set((
            users::name.eq(kept("name")),
            users::email.eq(kept("email")),
            users::avatar_url.eq(kept("avatar_url")),
            users::alias.eq(kept("alias")),
            users::updated_at.eq(now),
        ))
        .returning(UserRow::as_returning())
        .get_result(connection)
        .map_err(explain)
}

/// Notes when these users were last here.
// Raw SQL: one statement for all of them, which locks them in the order of their numbers.
pub fn note_seen(
    connection: &mut PgConnection,
    seen: &[(UserNo, DateTime<Utc>)],
) -> Result<(), Error> {
    use diesel::sql_types::{Array, BigInt, Timestamptz};
    let numbers: Vec<i64> = seen.iter().map(|(user, _)| user.0).collect();
    let moments: Vec<DateTime<Utc>> = seen.iter().map(|(_, at)| *at).collect();
    diesel::sql_query(
        "with seen as materialized (
            select u.no, i.at from users u join unnest($1, $2) as i(no, at) on i.no = u.no order by u.no for no key update of u
        )
        update users u set last_seen_at = greatest(u.last_seen_at, s.at) from seen s where u.no = s.no",
    )
    .bind::<Array<BigInt>, _>(numbers)
    .bind::<Array<Timestamptz>, _>(moments)
    .execute(connection)
    .map(drop)
    .map_err(explain)
}

/// The e-mail addresses of these users, without those of users who have blocked the reader or whom the reader has blocked.
pub fn addresses(
    connection: &mut PgConnection,
    reader: UserNo,
    users: &[i64],
) -> Result<BTreeMap<UserNo, String>, Error> {
    use diesel::sql_types::{Array, BigInt};
    let blocked = have_blocked("$1", "u.no");
    let rows: Vec<AddressRow> = diesel::sql_query(format!(
        "select u.no, u.email from users u where u.no = any($2) and u.email is not null and not {blocked}"
    ))
    .bind::<BigInt, _>(reader.0)
    .bind::<Array<BigInt>, _>(users)
    .load(connection)
    .map_err(explain)?;
    let pair = |row: AddressRow| (UserNo(row.no), row.email);
    Ok(rows.into_iter().map(pair).collect())
}

#[derive(QueryableByName)]
struct AddressRow {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    no: i64,
    #[diesel(sql_type = diesel::sql_types::Text)]
    email: String,
}

/// When these users were last here; those who never were are left out.
pub fn last_seen(
    connection: &mut PgConnection,
    users: &[i64],
) -> Result<HashMap<UserNo, DateTime<Utc>>, Error> {
    let found: Vec<(i64, Option<DateTime<Utc>>)> = users::table
        .filter(users::no.eq_any(users))
        .select((users::no, users::last_seen_at))
        .load(connection)
        .map_err(explain)?;
    let seen = found.into_iter();
    Ok(seen
        .filter_map(|(no, at)| Some((UserNo(no), at?)))
        .collect())
}

/// Whether a text can be an id or an alias. PostgreSQL takes no NUL in a text, not even to look for one.
fn may_be_an_id(text: &str) -> bool {
    !text.contains('\0')
}

/// The user with that id or alias.
pub fn find(connection: &mut PgConnection, id: &str) -> Result<Option<UserRow>, Error> {
    if !may_be_an_id(id) {
        return Ok(None);
    }
    users::table
        .filter(users::id.eq(id).or(users::alias.eq(id)))
        .select(UserRow::as_select())
        .first(connection)
        .optional()
        .map_err(explain)
}

/// The id of the user with that number.
pub(super) fn id_of(connection: &mut PgConnection, user: UserNo) -> Result<UserId, Error> {
    let id: String = users::table
        .find(user.0)
        .select(users::id)
        .first(connection)
        .map_err(explain)?;
    Ok(UserId::stored(id))
}

/// Those who are stored of the users with these ids or aliases.
pub fn find_all(connection: &mut PgConnection, ids: &[&str]) -> Result<Vec<UserRow>, Error> {
    let ids = ids.iter().copied().filter(|id| may_be_an_id(id));
    let ids: Vec<&str> = ids.collect();
    users::table
        .filter(users::id.eq_any(&ids).or(users::alias.eq_any(&ids)))
        .select(UserRow::as_select())
        .load(connection)
        .map_err(explain)
}

/// The users with these numbers.
pub fn with_numbers(connection: &mut PgConnection, numbers: &[i64]) -> Result<Vec<UserRow>, Error> {
    users::table
        .filter(users::no.eq_any(numbers))
        .select(UserRow::as_select())
        .load(connection)
        .map_err(explain)
}

/// What a user may see of another, as a result of conversations that the first may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acquaintance {
    /// The other participates in one: profile and presence.
    Present,
    /// The other participated in one: the profile.
    Past,
}

/// What one user may see of another; `None` if they share no conversation that the first may read.
pub fn acquaintance(
    connection: &mut PgConnection,
    one: UserNo,
    other: UserNo,
) -> Result<Option<Acquaintance>, Error> {
    let theirs = diesel::alias!(participants as theirs);
    let shared = || {
        participants::table
            .inner_join(
                theirs.on(theirs
                    .field(participants::conversation_no)
                    .eq(participants::conversation_no)),
            )
            .filter(participants::user_no.eq(one.0))
            .filter(who_may_read("participants"))
            .filter(theirs.field(participants::user_no).eq(other.0))
            .select(participants::conversation_no)
    };
    let present = shared().filter(who_takes_part("theirs"));
    let both_take_part = diesel::select(diesel::dsl::exists(present));
    if both_take_part.get_result(connection).map_err(explain)? {
        return Ok(Some(Acquaintance::Present));
    }
    let took_part = diesel::select(diesel::dsl::exists(shared()));
    let took_part: bool = took_part.get_result(connection).map_err(explain)?;
    Ok(took_part.then_some(Acquaintance::Past))
}
