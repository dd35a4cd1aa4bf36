//! Events of the platform: how they are stored, handled and forgotten.

mod accepting;
mod expiring;
mod listing;
mod turns;

use chrono::{DateTime, Utc};
use diesel::pg::PgConnection;
use diesel::prelude::*;
use rules::Subject;
use serde_json::Value;

use super::schema::events as table;
use crate::error::Error;

pub use accepting::{Acceptance, NewEvent, accept};
pub use expiring::expire;
pub use listing::{Filter, RunRow, find, list, runs_of};
pub use turns::{Turn, finish, may_handle};

/// A stored event.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = table)]
pub struct EventRow {
    /// Its number, in the order of acceptance.
    pub no: i64,
    /// Where it comes from.
    pub source: String,
    /// Its id there.
    pub id: String,
    /// Its type.
    pub event_type: String,
    /// Who did it.
    pub actor_no: Option<i64>,
    /// The type of what it is about.
    pub subject_type: Option<String>,
    /// The id of what it is about.
    pub subject_id: Option<String>,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// When it was accepted.
    pub accepted_at: DateTime<Utc>,
    /// The id of the event that it withdraws.
    pub undoes: Option<String>,
    /// Its declared data, while it is kept.
    pub data: Option<Value>,
    /// When it was decided what follows.
    pub decided_at: Option<DateTime<Utc>>,
    /// When all that follows had ended.
    pub handled_at: Option<DateTime<Utc>>,
}

impl EventRow {
    /// What it is about.
    pub fn subject(&self) -> Option<Subject> {
        Some(Subject {
            kind: self.subject_type.clone()?,
            id: self.subject_id.clone()?,
        })
    }
}

/// The event with this number.
pub fn by_no(connection: &mut PgConnection, no: i64) -> Result<Option<EventRow>, Error> {
    let found = table::table
        .find(no)
        .select(EventRow::as_select())
        .first(connection)
        .optional()?;
    Ok(found)
}
