//! What is asked for and what is remembered, each with its type.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::value::Shape;

/// One field of a form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name in `input`.
    pub name: String,
    /// Beside it; the name where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What it takes.
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// Whether it must be filled in.
    #[serde(default)]
    pub required: bool,
    /// The smallest number, or amount in the currency's smallest unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    /// The largest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    /// Characters of a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
    /// Shown while it is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<String>,
    /// Of a money field; ISO 4217.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

/// What a field takes.
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
    /// An address.
    Email,
    /// An https address.
    Url,
    /// `YYYY-MM-DD`.
    Date,
    /// A `Money`, or a bare integer in the field's own currency.
    Money,
}

/// A declared value: one thing that is remembered.
#[derive(Clone, Debug)]
pub struct ContextField {
    /// Its type.
    pub kind: Kind,
    /// Whether nothing can begin without it.
    pub required: bool,
    /// What it is where nothing is given.
    pub default: Option<Value>,
}

/// The type of a declared value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text of at most 4,000 characters.
    Text,
    /// An amount, not negative.
    Money {
        /// ISO 4217.
        currency: String,
    },
    /// A whole number.
    Integer,
    /// A day.
    Date,
    /// An https address.
    Url,
}

impl Kind {
    /// What a value of this type is.
    pub fn shape(&self) -> Shape {
        match self {
            Self::Text | Self::Url => Shape::Text,
            Self::Money { .. } => Shape::Money,
            Self::Integer => Shape::Integer,
            Self::Date => Shape::Date,
        }
    }
}
