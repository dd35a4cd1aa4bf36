//! What an event is about.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The platform's id of it.
    pub id: String,
}

impl Subject {
    /// Parses `type/id`: a type of 1 to 64 letters, digits and `_`, and an id of 1 to 128 characters without control characters.
    ///
    /// ```
    /// use rules::Subject;
    ///
    /// let subject = Subject::parse("order/42").unwrap();
    /// assert_eq!((subject.kind.as_str(), subject.id.as_str()), ("order", "42"));
    /// assert_eq!(Subject::parse("order"), None);
    /// assert_eq!(Subject::parse("order/"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, id) = text.split_once('/')?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_kind = !kind.is_empty() && kind.len() <= 64 && kind.chars().all(plain);
        let is_id =
            !id.trim().is_empty() && id.chars().count() <= 128 && !id.chars().any(char::is_control);
        (is_kind && is_id).then(|| Self {
            kind: kind.to_owned(),
            id: id.to_owned(),
        })
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.kind, self.id)
    }
}
