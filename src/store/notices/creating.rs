//! Makes notifications: one row for each recipient, in one transaction.

use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Text};
use notices::{Channel, NoticeType, Worded};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::{BTreeSet, HashMap};

use super::{NoticeRow, preferences};
use crate::domain::ids::UserNo;
use crate::domain::notice::{Notice, NoticeSpec, NoticeState};
use crate::domain::refusal::Refusal;
use crate::error::Error;
use crate::store::schema::notifications as table;

/// The class of the advisory locks of transactions that make notifications with a key or a `client_id`. No other code takes locks of
/// this class.
const LOCK_CLASS: i32 = 1_937_010_018;

/// Notifications to make: the same for all recipients, but for the language.
#[derive(Clone, Debug)]
pub struct NewNotices {
    /// What they say.
    pub spec: NoticeSpec,
    /// Their type.
    pub of: NoticeType,
    /// Who makes them.
    pub maker: UserNo,
    /// Who gets them, each named once.
    pub recipients: Vec<UserNo>,
}

/// Whether a notification is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Novelty {
    /// It is.
    New,
    /// It was made before under this `client_id`.
    Known,
}

/// What came of a request.
#[derive(Clone, Debug, Default)]
pub struct Made {
    /// The notification of each recipient, in their order.
    pub notices: Vec<(Notice, Novelty)>,
    /// Those that gave up their places to them.
    pub replaced: Vec<Notice>,
}

/// Makes the notifications. A `client_id` that was used for another notification is refused, and then none is made.
pub fn create(connection: &mut PgConnection, new: &NewNotices) -> Result<Made, Error> {
    let fingerprint = new.spec.fingerprint();
    connection.transaction(|connection| {
        take_turn(connection, new)?;
        let known = known(connection, new)?;
        if known.values().any(|row| row.fingerprint != fingerprint) {
            let why = "Another notification was made under this client_id";
            return Err(Refusal::Conflict(why).into());
        }
        let fresh: Vec<UserNo> = new
            .recipients
            .iter()
            .filter(|user| !known.contains_key(&user.0))
            .copied()
            .collect();
        let rows = rows(connection, new, &fresh)?;
        let replaced = replace(connection, &rows)?;
        let inserted: Vec<NoticeRow> = diesel::insert_into(table::table)
            .values(
                rows.iter()
                    .map(|row| row.to_insert(new, fingerprint))
                    .collect::<Vec<_>>(),
            )
            .returning(NoticeRow::as_returning())
            .get_results(connection)?;
        let mut made: HashMap<i64, (NoticeRow, Novelty)> = inserted
            .into_iter()
            .map(|row| (row.user_no, (row, Novelty::New)))
            .collect();
        made.extend(
            known
                .into_iter()
                .map(|(user, row)| (user, (row, Novelty::Known))),
        );
        let in_order = new
            .recipients
            .iter()
            .filter_map(|user| made.remove(&user.0));
        Ok(Made {
            notices: in_order
                .map(|(row, novelty)| (row.into(), novelty))
                .collect(),
            replaced: replaced.into_iter().map(Notice::from).collect(),
        })
    })
}

/// What one recipient gets.
struct Row {
    user: UserNo,
    words: Worded,
    state: NoticeState,
}

/// The words of each recipient, in their language, and whether they want them.
fn rows(
    connection: &mut PgConnection,
    new: &NewNotices,
    fresh: &[UserNo],
) -> Result<Vec<Row>, Error> {
    let words = preferences::of_many(connection, fresh)?;
    let row = |user: &UserNo| {
        let said = words.get(user);
        let wants = said.map(|said| said.preferences.allow(&new.of, Channel::InApp).allowed);
        let locale = said.and_then(|said| said.locale.as_deref());
        Ok(Row {
            user: *user,
            words: worded(&new.spec, &new.of, locale)?,
            state: match wants {
                Some(false) => NoticeState::Skipped,
                Some(true) | None => NoticeState::Shown,
            },
        })
    };
    fresh.iter().map(row).collect()
}

/// The words that were given, and for the rest the type's.
fn worded(spec: &NoticeSpec, of: &NoticeType, locale: Option<&str>) -> Result<Worded, Refusal> {
    let (title, message) = (spec.title.clone(), spec.message.clone());
    let worded = match (title, message) {
        (Some(title), Some(message)) => Worded {
            title,
            message,
            action: None,
            key: of.key_of(&spec.data),
        },
        (title, message) => {
            let words = of.worded(locale, &spec.data);
            let words = words.map_err(|wrong| Refusal::invalid(wrong.field, wrong.reason))?;
            Worded {
                title: title.unwrap_or(words.title),
                message: message.unwrap_or(words.message),
                ..words
            }
        }
    };
    Ok(Worded {
        action: spec.action.clone().or(worded.action),
        key: spec.key.clone().or(worded.key),
        ..worded
    })
}

/// A row to insert.
#[derive(Insertable)]
#[diesel(table_name = table)]
struct NewRow<'a> {
    user_no: i64,
    kind: &'a str,
    version: i32,
    module: Option<&'a str>,
    priority: i16,
    title: &'a str,
    message: &'a str,
    action_url: Option<&'a str>,
    action_text: Option<&'a str>,
    subject_type: Option<&'a str>,
    subject_id: Option<&'a str>,
    data: Value,
    metadata: Option<&'a Value>,
    key: Option<&'a str>,
    maker_no: i64,
    client_id: Option<&'a str>,
    fingerprint: i64,
    state: &'static str,
    end_reason: Option<&'static str>,
    expires_at: Option<DateTime<Utc>>,
}

impl Row {
    fn to_insert<'a>(&'a self, new: &'a NewNotices, fingerprint: i64) -> NewRow<'a> {
        let (spec, words) = (&new.spec, &self.words);
        let (about, action) = (spec.about.as_ref(), words.action.as_ref());
        NewRow {
            user_no: self.user.0,
            kind: &spec.kind,
            version: new.of.version,
            module: spec.module.as_deref(),
            priority: spec.priority.number(),
            title: &words.title,
            message: &words.message,
            action_url: action.map(|action| action.url.as_str()),
            action_text: action.map(|action| action.text.as_str()),
            subject_type: about.map(|about| about.kind.as_str()),
            subject_id: about.map(|about| about.id.as_str()),
            data: Value::Object(spec.data.clone()),
            metadata: spec.metadata.as_ref(),
            key: words.key.as_deref(),
            maker_no: new.maker.0,
            client_id: spec.client_id.as_deref(),
            fingerprint,
            state: self.state.name(),
            end_reason: (self.state == NoticeState::Skipped).then_some("preference"),
            expires_at: spec.expires_at,
        }
    }
}

/// The lanes of a request: one of 256 for each recipient's key and for each recipient's `client_id`.
fn lanes(new: &NewNotices) -> BTreeSet<i32> {
    let key = new
        .spec
        .key
        .clone()
        .or_else(|| new.of.key_of(&new.spec.data));
    let names = [("key", key), ("id", new.spec.client_id.clone())];
    let lane = |user: &UserNo, (what, name): &(&str, Option<String>)| {
        let digest = Sha256::digest(format!("{what}\0{}\0{}", user.0, name.as_ref()?));
        digest.first().map(|byte| i32::from(*byte))
    };
    let users = new.recipients.iter();
    users
        .flat_map(|user| {
            names
                .iter()
                .filter_map(|name| lane(user, name))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Raw SQL: Diesel has no functions without a value. The order is the same for all, so no two wait for each other.
const TAKE_LANES: &str = "select count(pg_advisory_xact_lock($1, lane)) from (select unnest($2) as lane order by 1) lanes";

/// Makes notifications with the same key, or the same `client_id`, one after the other.
fn take_turn(connection: &mut PgConnection, new: &NewNotices) -> Result<(), Error> {
    let lanes: Vec<i32> = lanes(new).into_iter().collect();
    if !lanes.is_empty() {
        diesel::sql_query(TAKE_LANES)
            .bind::<Integer, _>(LOCK_CLASS)
            .bind::<Array<Integer>, _>(&lanes)
            .execute(connection)?;
    }
    Ok(())
}

/// What was made before under the same `client_id`, by recipient.
fn known(
    connection: &mut PgConnection,
    new: &NewNotices,
) -> Result<HashMap<i64, NoticeRow>, Error> {
    let Some(client_id) = &new.spec.client_id else {
        return Ok(HashMap::new());
    };
    let users: Vec<i64> = new.recipients.iter().map(|user| user.0).collect();
    let rows: Vec<NoticeRow> = table::table
        .filter(table::user_no.eq_any(users))
        .filter(table::maker_no.eq(new.maker.0))
        .filter(table::client_id.eq(client_id))
        .select(NoticeRow::as_select())
        .load(connection)?;
    Ok(rows.into_iter().map(|row| (row.user_no, row)).collect())
}

/// Raw SQL: pairs, each looked up by the index of keys.
const SAME_KEYS: &str = "
select n.no from unnest($1, $2) as w(user_no, key), lateral (
    select no from notifications where user_no = w.user_no and key = w.key and state = 'shown' and read_at is null and archived_at is null
) n";

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    no: i64,
}

/// Withdraws the unread notifications whose places are taken.
fn replace(connection: &mut PgConnection, rows: &[Row]) -> Result<Vec<NoticeRow>, Error> {
    let shown = rows.iter().filter(|row| row.state == NoticeState::Shown);
    let keyed = shown.filter_map(|row| Some((row.user.0, row.words.key.as_deref()?)));
    let (users, keys): (Vec<i64>, Vec<&str>) = keyed.unzip();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let same: Vec<Number> = diesel::sql_query(SAME_KEYS)
        .bind::<Array<BigInt>, _>(&users)
        .bind::<Array<Text>, _>(&keys)
        .load(connection)?;
    let same: Vec<i64> = same.into_iter().map(|one| one.no).collect();
    let replaced = diesel::update(table::table.filter(table::no.eq_any(same)))
        .set((
            table::state.eq(NoticeState::Withdrawn.name()),
            table::end_reason.eq("replaced"),
            table::ended_at.eq(now),
            table::updated_at.eq(now),
        ))
        .returning(NoticeRow::as_returning())
        .get_results(connection)?;
    Ok(replaced)
}
