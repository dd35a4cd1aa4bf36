//! Form fields and declared context values, with their types.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::value::Shape;

/// A field of a form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name in `input`.
    pub name: String,
    /// Its label; clients show the name if it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Its kind.
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// Whether it must be filled in.
    #[serde(default)]
    pub required: bool,
    /// The smallest number, or amount in the currency's smallest unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    /// The largest number or amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    /// The most characters of a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
    /// The placeholder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<String>,
    /// The currency of a money field (ISO 4217).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

/// The kind of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// One line.
    Text,
    /// Several lines.
    Textarea,
    /// An integer.
    Number,
    /// An e-mail address.
    Email,
    /// An https URL.
    Url,
    /// `YYYY-MM-DD`.
    Date,
    /// A `Money`, or an integer in the field's currency.
    Money,
}

/// A declared value of the context.
#[derive(Clone, Debug)]
pub struct ContextField {
    /// Its type.
    pub kind: Kind,
    /// Whether a deal cannot begin without it.
    pub required: bool,
    /// Its default.
    pub default: Option<Value>,
}

/// The type of a context value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text of at most 4,000 characters.
    Text,
    /// An amount, not negative.
    Money {
        /// The currency (ISO 4217).
        currency: String,
    },
    /// A whole number.
    Integer,
    /// A date.
    Date,
    /// An https URL.
    Url,
}

impl Kind {
    /// The shape of values of this type.
    pub fn shape(&self) -> Shape {
        match self {
            Self::Text | Self::Url => Shape::Text,
            Self::Money { .. } => Shape::Money,
            Self::Integer => Shape::Integer,
            Self::Date => Shape::Date,
        }
    }
}
