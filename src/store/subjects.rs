//! What the platform says about the things that conversations are about.

use chrono::{DateTime, Utc};
use diesel::dsl::now;
use diesel::pg::PgConnection;
use diesel::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::access::{that_is_there, who_may_read};
use super::pool::explain;
use super::schema::{conversations, participants, subjects as table};
use crate::domain::conversation::Card;
use crate::domain::ids::{ConversationId, UserNo};
use crate::error::Error;

/// The most conversations about one thing that are brought up to date.
const CONVERSATIONS: i64 = 1_000;

/// What something is, and the platform's id of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectKey {
    /// What kind of thing.
    pub kind: String,
    /// The platform's id.
    pub id: String,
}

/// What the platform says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Described {
    /// What it is called.
    pub title: Option<String>,
    /// Where it is shown.
    pub url: Option<String>,
    /// The ids of the users whom it concerns.
    pub people: Vec<String>,
    /// The platform's own object.
    pub data: Option<Value>,
}

impl Described {
    /// The same as conversations carry it.
    pub fn card(&self) -> Card {
        json!({ "title": self.title, "url": self.url, "data": self.data })
    }
}

/// Writes what the platform says; returns when.
pub fn put(
    connection: &mut PgConnection,
    key: &SubjectKey,
    described: &Described,
) -> Result<DateTime<Utc>, Error> {
    let said = (
        table::title.eq(&described.title),
        table::url.eq(&described.url),
        table::people.eq(json!(described.people)),
        table::data.eq(&described.data),
    );
    diesel::insert_into(table::table)
        .values((
            table::kind.eq(&key.kind),
            table::id.eq(&key.id),
            said.clone(),
        ))
        .on_conflict((table::kind, table::id))
        .do_update()
        .set((said, table::updated_at.eq(now)))
        .returning(table::updated_at)
        .get_result(connection)
        .map_err(explain)
}

/// What the platform has said, and when.
pub fn find(
    connection: &mut PgConnection,
    key: &SubjectKey,
) -> Result<Option<(Described, DateTime<Utc>)>, Error> {
    type Row = (
        Option<String>,
        Option<String>,
        Value,
        Option<Value>,
        DateTime<Utc>,
    );
    let found: Option<Row> = table::table
        .find((&key.kind, &key.id))
        .select((
            table::title,
            table::url,
            table::people,
            table::data,
            table::updated_at,
        ))
        .first(connection)
        .optional()
        .map_err(explain)?;
    let read = |(title, url, people, data, updated_at): Row| {
        let people = serde_json::from_value(people).map_err(Error::internal)?;
        let described = Described {
            title,
            url,
            people,
            data,
        };
        Ok((described, updated_at))
    };
    found.map(read).transpose()
}

/// The conversations about it, the newest first.
pub fn conversations(
    connection: &mut PgConnection,
    key: &SubjectKey,
) -> Result<Vec<ConversationId>, Error> {
    let found: Vec<Uuid> = conversations::table
        .filter(conversations::subject_type.eq(&key.kind))
        .filter(conversations::subject_id.eq(&key.id))
        .filter(that_is_there())
        .order(conversations::no.desc())
        .limit(CONVERSATIONS)
        .select(conversations::id)
        .load(connection)
        .map_err(explain)?;
    Ok(found.into_iter().map(ConversationId).collect())
}

/// Whether a user may read a conversation about it as a participant.
pub fn reads_about(
    connection: &mut PgConnection,
    key: &SubjectKey,
    user: UserNo,
) -> Result<bool, Error> {
    let reads = participants::table
        .inner_join(conversations::table)
        .filter(conversations::subject_type.eq(&key.kind))
        .filter(conversations::subject_id.eq(&key.id))
        .filter(participants::user_no.eq(user.0))
        .filter(who_may_read("participants"));
    diesel::select(diesel::dsl::exists(reads))
        .get_result(connection)
        .map_err(explain)
}
