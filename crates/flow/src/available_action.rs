//! What is asked of somebody: cards and buttons.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::instance::StateVersion;
use language::field::Field;

/// What is asked of somebody, shown in the conversation. Stored with its message as it was when it was said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
    pub actions: Vec<AvailableAction>,
    /// Until when.
    pub deadline: Option<DateTime<Utc>>,
    /// The order to be paid: `razorpay_config` as the gateway's checkout takes it.
    pub payment_order: Option<Value>,
}

/// An action that somebody may do now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Offer))]
pub struct AvailableAction {
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
