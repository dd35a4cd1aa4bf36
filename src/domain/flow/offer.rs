//! What is asked of somebody: cards, buttons, forms.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::StateVersion;

/// What is asked of somebody, shown in the conversation. Stored with its message as it was when it was said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Card {
    /// A few words.
    pub title: String,
    /// A sentence.
    pub subtitle: Option<String>,
    /// The state that asks.
    pub state: String,
    /// The version of what is offered: a press names it.
    pub state_version: StateVersion,
    /// The only role that sees it.
    pub visible_to: String,
    /// The buttons and forms.
    pub actions: Vec<Offer>,
    /// Until when.
    pub deadline: Option<DateTime<Utc>>,
    /// The order to be paid: `razorpay_config` as the gateway's checkout takes it.
    pub payment_order: Option<Value>,
}

/// An action that somebody may do now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Offer {
    /// The action's name.
    pub action: String,
    /// On the button.
    pub label: String,
    /// How the button looks.
    pub style: Style,
    /// What is to be filled in first.
    pub input: Vec<Field>,
}

/// How a button looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// Yes.
    Success,
    /// No, for good.
    Danger,
    /// Think again.
    Warning,
    /// The expected one.
    #[default]
    Primary,
    /// Another one.
    Secondary,
}

/// One field of a form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
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
