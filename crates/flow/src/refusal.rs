//! Refusals of inputs. A refused input changes nothing.

use std::borrow::Cow;
use std::fmt;

use crate::available_action::AvailableAction;
use crate::instance::{ChatPolicy, StateVersion};

/// Why an input was refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// A field is missing or malformed.
    Invalid {
        /// The field's name.
        field: Cow<'static, str>,
        /// What it must be.
        reason: String,
    },
    /// The action is for other actors.
    Forbidden(&'static str),
    /// The flow has no such action.
    ActionNotFound(String),
    /// The action is not available in the deal's state.
    FlowStateInvalid(Box<Misplaced>),
    /// The flow's own rule forbids it; the text is the definition's.
    ActionNotAllowed(String),
    /// The state permits no free text.
    ChatNotAllowed {
        /// The state.
        state: String,
        /// The chat policy.
        policy: ChatPolicy,
    },
    /// The deal and its definition do not fit together.
    Unprocessable(&'static str),
}

/// The deal's state, and the states that the action needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Misplaced {
    /// The current state.
    pub current_state: String,
    /// The current state version.
    pub state_version: StateVersion,
    /// The states in which the action is available.
    pub required: Vec<String>,
    /// The caller's available actions.
    pub available: Vec<AvailableAction>,
}

impl Refusal {
    /// The refusal of a malformed field.
    pub fn invalid(field: impl Into<Cow<'static, str>>, reason: impl Into<String>) -> Self {
        Self::Invalid {
            field: field.into(),
            reason: reason.into(),
        }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid { .. } => "INVALID_REQUEST",
            Self::Forbidden(_) => "FORBIDDEN",
            Self::ActionNotFound(_) => "ACTION_NOT_FOUND",
            Self::FlowStateInvalid(_) => "FLOW_STATE_INVALID",
            Self::ActionNotAllowed(_) => "ACTION_NOT_ALLOWED",
            Self::ChatNotAllowed { .. } => "CHAT_NOT_ALLOWED",
            Self::Unprocessable(_) => "UNPROCESSABLE",
        }
    }

    /// A sentence for people.
    pub fn message(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { field, reason } => write!(f, "{field} {reason}"),
            Self::Forbidden(why) | Self::Unprocessable(why) => f.write_str(why),
            Self::ActionNotFound(name) => write!(f, "The flow has no action {name}"),
            Self::FlowStateInvalid(_) => {
                f.write_str("The deal has changed: this action is not available in its state")
            }
            Self::ActionNotAllowed(why) => f.write_str(why),
            Self::ChatNotAllowed { .. } => {
                f.write_str("Free text is not possible while the deal is in this state")
            }
        }
    }
}

impl std::error::Error for Refusal {}
