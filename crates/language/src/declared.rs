//! Declared data, such as that of events: the types of fields, how files declare them, and the check of given values.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

use crate::fields::currency_of;
use crate::source::{Item, Section};
use crate::value::{self, Shape};

/// The most fields.
const MOST_FIELDS: usize = 64;

/// Declared fields by name.
pub type DataFields = BTreeMap<String, DataField>;

/// A declared field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataField {
    /// Its type.
    pub kind: DataKind,
    /// Whether data without it is refused.
    pub required: bool,
}

/// The type of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataKind {
    /// A text of at most 4,000 characters.
    Text,
    /// The id of a known user.
    User,
    /// A whole number.
    Integer,
    /// True or false.
    Boolean,
    /// An amount, in this currency if one is named.
    Money(Option<String>),
    /// A date.
    Date,
    /// A point in time.
    Time,
    /// An https URL.
    Url,
}

impl DataKind {
    fn named(name: &str) -> Option<Self> {
        match name {
            "text" => Some(Self::Text),
            "user" => Some(Self::User),
            "integer" => Some(Self::Integer),
            "boolean" => Some(Self::Boolean),
            "money" => Some(Self::Money(None)),
            "date" => Some(Self::Date),
            "time" => Some(Self::Time),
            "url" => Some(Self::Url),
            _ => None,
        }
    }

    /// The name in files.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::User => "user",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Money(_) => "money",
            Self::Date => "date",
            Self::Time => "time",
            Self::Url => "url",
        }
    }

    /// The shape of its values.
    pub fn shape(&self) -> Shape {
        match self {
            Self::Text | Self::User | Self::Url => Shape::Text,
            Self::Integer => Shape::Integer,
            Self::Boolean => Shape::Truth,
            Self::Money(_) => Shape::Money,
            Self::Date => Shape::Date,
            Self::Time => Shape::Instant,
        }
    }
}

/// Data that was checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checked {
    /// The declared fields, as they are stored.
    pub data: Map<String, Value>,
    /// The names of given fields that are not declared: they are not stored.
    pub unknown: Vec<String>,
}

/// A field that is missing or malformed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Its name: `data.minutes`.
    pub field: String,
    /// What it must be.
    pub reason: String,
}

/// The declared part of given data, or the first field that is wrong. A null counts as a missing value.
pub fn check(declared: &DataFields, given: &Map<String, Value>) -> Result<Checked, Wrong> {
    let mut checked = Checked::default();
    for (name, field) in declared {
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
    let unknown = given.keys().filter(|name| !declared.contains_key(*name));
    checked.unknown = unknown.map(|name| format!("data.{name}")).collect();
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

/// The declared fields of a table.
pub fn fields(section: &Section<'_>) -> DataFields {
    if section.all().len() > MOST_FIELDS {
        let message = format!("{} fields; at most {MOST_FIELDS}", section.all().len());
        section.problems.add(section.at, message);
    }
    let field = |item: &Item<'_>| Some((field_name(*item)?, data_field(*item)?));
    section.all().iter().filter_map(field).collect()
}

/// The name of a field: as platforms write them, so capital letters too.
fn field_name(item: Item<'_>) -> Option<String> {
    let begins = item.key.starts_with(|c: char| c.is_ascii_alphabetic());
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if begins && item.key.len() <= 64 && item.key.chars().all(plain) {
        return Some(item.key.to_owned());
    }
    let help = "letters, digits and underscores, beginning with a letter, at most 64";
    item.advise(format!("`{}` is not a name of a field", item.key), help);
    None
}

fn data_field(item: Item<'_>) -> Option<DataField> {
    if item.is_text() {
        let kind = data_kind(item)?;
        return Some(DataField {
            kind,
            required: true,
        });
    }
    let section = item.section("a field of the data")?;
    let kind = section.need("type").and_then(data_kind);
    let currency = section.item("currency").and_then(currency_of);
    let required = section.item("required").and_then(Item::flag);
    section.finish();
    let kind = match (kind?, currency) {
        (DataKind::Money(_), currency) => DataKind::Money(currency),
        (kind, None) => kind,
        (_, Some(_)) => {
            item.complain("only money has a currency");
            return None;
        }
    };
    Some(DataField {
        kind,
        required: required.unwrap_or(true),
    })
}

fn data_kind(item: Item<'_>) -> Option<DataKind> {
    let name = item.text(20)?;
    let kind = DataKind::named(name);
    if kind.is_none() {
        let help = "one of text, user, integer, boolean, money, date, time, url";
        item.advise(format!("there is no type `{name}`"), help);
    }
    kind
}
