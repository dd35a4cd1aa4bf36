//! Events of the platform: what one says, and why it is refused. Pure.

mod reading;

use chrono::{DateTime, Utc};
use rules::Subject;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::ids::UserId;

pub use reading::{Told, Untold, read_batch};

/// The most events of a request.
pub const EVENTS: usize = 500;
/// The most bytes of an event.
pub const EVENT_BYTES: usize = 32 * 1_024;
/// The most bytes of an event's data.
pub const DATA_BYTES: usize = 16 * 1_024;

/// An event that was read and fits its type. Its users are not looked up yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Where it comes from.
    pub source: String,
    /// Its id there.
    pub id: String,
    /// Its type.
    pub event_type: String,
    /// Who did it; `None` where the platform acts.
    pub actor: Option<UserId>,
    /// What it is about.
    pub subject: Option<Subject>,
    /// When it happened, if it says so.
    pub at: Option<DateTime<Utc>>,
    /// The id of the event that it withdraws.
    pub undoes: Option<String>,
    /// Its declared data.
    pub data: Map<String, Value>,
    /// The users in its data, each with its field.
    pub users: Vec<(String, UserId)>,
    /// The names of what was not stored.
    pub dropped: Vec<String>,
}

impl Event {
    /// A number that tells a repeat from another event with the same id: the first 8 bytes of the SHA-256 of all that is stored.
    pub fn fingerprint(&self) -> i64 {
        let stored = serde_json::json!([
            self.event_type,
            self.actor,
            self.subject,
            self.at,
            self.undoes,
            self.data
        ]);
        let digest = Sha256::digest(stored.to_string());
        let mut first = [0; 8];
        first
            .iter_mut()
            .zip(digest)
            .for_each(|(to, from)| *to = from);
        i64::from_be_bytes(first)
    }
}

/// Why an event is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventProblem {
    /// No rules file declares its type.
    UnknownType {
        /// The type.
        name: String,
        /// The most similar one.
        near: Option<String>,
    },
    /// It happened more than seven days ago.
    TooOld,
    /// It happens more than five minutes from now.
    InFuture,
    /// Another event is stored under its id.
    Conflict,
}

impl EventProblem {
    /// The stable code and the HTTP status that goes with it.
    pub fn code_and_status(&self) -> (&'static str, u16) {
        match self {
            Self::UnknownType { .. } => ("UNKNOWN_EVENT_TYPE", 422),
            Self::TooOld => ("EVENT_TOO_OLD", 422),
            Self::InFuture => ("EVENT_IN_FUTURE", 422),
            Self::Conflict => ("EVENT_CONFLICT", 409),
        }
    }

    /// The sentence that a person reads.
    pub fn message(&self) -> String {
        match self {
            Self::UnknownType { name, near: None } => format!("There is no event type {name}"),
            Self::UnknownType {
                name,
                near: Some(near),
            } => format!("There is no event type {name}; did you mean {near}?"),
            Self::TooOld => "An event is accepted within 7 days after it happened".to_owned(),
            Self::InFuture => "An event may be at most 5 minutes ahead".to_owned(),
            Self::Conflict => "Another event is stored under this source and id".to_owned(),
        }
    }
}
