//! Cards and buttons.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::instance::StateVersion;
use language::field::Field;

/// A card in the conversation that asks a role to act. It is stored with its message and never changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Card {
    /// The heading.
    pub title: String,
    /// A sentence.
    pub subtitle: Option<String>,
    /// The state that shows it.
    pub state: String,
    /// The state version that a press of its buttons must name.
    pub state_version: StateVersion,
    /// The only role that sees it.
    pub visible_to: String,
    /// The buttons and forms.
    pub actions: Vec<AvailableAction>,
    /// The deadline of the state.
    pub deadline: Option<DateTime<Utc>>,
    /// The order to be paid. Its `razorpay_config` holds the options of the gateway's checkout.
    pub payment_order: Option<Value>,
}

/// An action that a participant may take now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = Offer))]
pub struct AvailableAction {
    /// The action's name.
    pub action: String,
    /// The label of the button.
    pub label: String,
    /// The style of the button.
    pub style: Style,
    /// The form to fill in first.
    pub input: Vec<Field>,
}

/// The style of a button.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// Agreement.
    Success,
    /// A final refusal.
    Danger,
    /// A request for changes.
    Warning,
    /// The expected action.
    #[default]
    Primary,
    /// Any other action.
    Secondary,
}
