//! Checks the data of an event against its type.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt;

use crate::event_type::{DataKind, EventType};
use language::value;

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

/// Data that was checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checked {
    /// The declared fields, as they are stored.
    pub data: Map<String, Value>,
    /// The names of fields that the type does not declare: they are not stored.
    pub dropped: Vec<String>,
}

/// A field that is missing or malformed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Its name.
    pub field: String,
    /// What it must be.
    pub reason: String,
}

/// The declared part of an event's data, or the first field that is wrong. A null counts as a missing value.
pub fn check_data(of: &EventType, given: &Map<String, Value>) -> Result<Checked, Wrong> {
    let mut checked = Checked::default();
    for (name, field) in &of.data {
        let wrong = |reason: String| Wrong {
            field: format!("data.{name}"),
            reason,
        };
        match given.get(name).filter(|value| !value.is_null()) {
            Some(value) => {
                let stored = stored(&field.kind, value).map_err(wrong)?;
                checked.data.insert(name.clone(), stored);
            }
            None if field.required => return Err(wrong("is missing".to_owned())),
            None => {}
        }
    }
    let unknown = given.keys().filter(|name| !of.data.contains_key(*name));
    checked.dropped = unknown.map(|name| format!("data.{name}")).collect();
    Ok(checked)
}

/// The stored form of a value, or what it must be.
fn stored(kind: &DataKind, given: &Value) -> Result<Value, String> {
    match kind {
        DataKind::Text => value::text(given, value::LONGEST_TEXT).map(Value::from),
        DataKind::User => {
            let text = given.as_str().ok_or("must be the id of a user")?;
            Ok(Value::from(text))
        }
        DataKind::Integer => value::integer(given, |_| Ok(())).map(Value::from),
        DataKind::Boolean => {
            let truth = given.as_bool().ok_or("must be true or false")?;
            Ok(Value::from(truth))
        }
        DataKind::Date => value::date(given).map(Value::from),
        DataKind::Time => value::instant(given).map(Value::from),
        DataKind::Url => value::url(given).map(Value::from),
        DataKind::Money(currency) => {
            let own = given.get("currency").and_then(Value::as_str);
            let own = own.filter(|own| value::is_currency(own));
            let currency = currency.as_deref().or(own).ok_or(
                "must be an amount with a currency: { \"amount\": 1250, \"currency\": \"EUR\" }",
            )?;
            value::money(given, currency, |_| Ok(())).map(|money| value::of_money(&money))
        }
    }
}
