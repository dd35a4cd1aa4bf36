//! What people say about the notifications that they get, and the language that they read.

use diesel::dsl::now;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use notices::{Preference, Preferences};
use std::collections::HashMap;

use crate::domain::ids::UserNo;
use crate::error::Error;
use crate::store::schema::{notification_preferences as table, notification_settings as settings};

/// What somebody has said.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// About types and channels.
    pub preferences: Preferences,
    /// The language that they read.
    pub locale: Option<String>,
}

/// What these people have said; nothing for those who have said nothing.
pub fn of_many(
    connection: &mut PgConnection,
    users: &[UserNo],
) -> Result<HashMap<UserNo, Said>, Error> {
    let numbers: Vec<i64> = users.iter().map(|user| user.0).collect();
    let rows: Vec<(i64, String, String, bool)> = table::table
        .filter(table::user_no.eq_any(&numbers))
        .select((table::user_no, table::kind, table::channel, table::allowed))
        .load(connection)?;
    let locales: Vec<(i64, Option<String>)> = settings::table
        .filter(settings::user_no.eq_any(&numbers))
        .select((settings::user_no, settings::locale))
        .load(connection)?;
    let mut words: HashMap<UserNo, Vec<Preference>> = HashMap::new();
    for (user, kind, channel, allowed) in rows {
        let one = Preference {
            kind,
            channel,
            allowed,
        };
        words.entry(UserNo(user)).or_default().push(one);
    }
    let mut said: HashMap<UserNo, Said> = words
        .into_iter()
        .map(|(user, words)| {
            let preferences = Preferences::of(words);
            (
                user,
                Said {
                    preferences,
                    locale: None,
                },
            )
        })
        .collect();
    for (user, locale) in locales {
        said.entry(UserNo(user)).or_default().locale = locale;
    }
    Ok(said)
}

/// What somebody has said about types and channels, in a fixed order.
pub fn list(connection: &mut PgConnection, user: UserNo) -> Result<Vec<Preference>, Error> {
    let rows: Vec<(String, String, bool)> = table::table
        .filter(table::user_no.eq(user.0))
        .order((table::kind, table::channel))
        .select((table::kind, table::channel, table::allowed))
        .load(connection)?;
    let one = |(kind, channel, allowed)| Preference {
        kind,
        channel,
        allowed,
    };
    Ok(rows.into_iter().map(one).collect())
}

/// Replaces all that somebody has said.
pub fn replace(
    connection: &mut PgConnection,
    user: UserNo,
    said: &[Preference],
) -> Result<(), Error> {
    connection.transaction(|connection| {
        diesel::delete(table::table.filter(table::user_no.eq(user.0))).execute(connection)?;
        let row = |one: &Preference| {
            (
                table::user_no.eq(user.0),
                table::kind.eq(one.kind.clone()),
                table::channel.eq(one.channel.clone()),
                table::allowed.eq(one.allowed),
            )
        };
        let rows: Vec<_> = said.iter().map(row).collect();
        // Another replacement may have come between.
        diesel::insert_into(table::table)
            .values(rows)
            .on_conflict((table::user_no, table::kind, table::channel))
            .do_update()
            .set((
                table::allowed.eq(diesel::upsert::excluded(table::allowed)),
                table::updated_at.eq(now),
            ))
            .execute(connection)?;
        Ok(())
    })
}

/// The language that somebody reads.
pub fn locale(connection: &mut PgConnection, user: UserNo) -> Result<Option<String>, Error> {
    let found = settings::table
        .find(user.0)
        .select(settings::locale)
        .first(connection)
        .optional()?;
    Ok(found.flatten())
}

/// Sets the language that somebody reads.
pub fn set_locale(
    connection: &mut PgConnection,
    user: UserNo,
    locale: Option<&str>,
) -> Result<(), Error> {
    diesel::insert_into(settings::table)
        .values((settings::user_no.eq(user.0), settings::locale.eq(locale)))
        .on_conflict(settings::user_no)
        .do_update()
        .set((settings::locale.eq(locale), settings::updated_at.eq(now)))
        .execute(connection)?;
    Ok(())
}
