//! Why nothing follows from an input. Whatever is refused has changed nothing.

use std::borrow::Cow;
use std::fmt;

use crate::available_action::AvailableAction;
use crate::instance::{ChatPolicy, StateVersion};

/// Why an input was refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// A field is missing or not of its form.
    Invalid {
        /// The field's name.
        field: Cow<'static, str>,
        /// What it must be.
        reason: String,
    },
    /// It is for somebody else to do.
    Forbidden(&'static str),
    /// The flow knows no such action.
    ActionNotFound(String),
    /// The deal stands elsewhere than where the action begins.
    FlowStateInvalid(Box<Misplaced>),
    /// The flow's own rule says no; the text is the definition's.
    ActionNotAllowed(String),
    /// The state allows no free text.
    ChatNotAllowed {
        /// The state.
        state: String,
        /// What it allows.
        policy: ChatPolicy,
    },
    /// The deal and its definition do not fit together.
    Unprocessable(&'static str),
}

/// Where a deal stands, and where it would have to for what was asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Misplaced {
    /// The state it is in.
    pub current_state: String,
    /// The version of what is offered there.
    pub state_version: StateVersion,
    /// The states in which the action begins.
    pub required: Vec<String>,
    /// What the caller may do instead.
    pub available: Vec<AvailableAction>,
}

impl Refusal {
    /// A field that is not of its form.
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

    /// The sentence for a person.
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
                f.write_str("The deal has moved on: this can not be done in its state")
            }
            Self::ActionNotAllowed(why) => f.write_str(why),
            Self::ChatNotAllowed { .. } => {
                f.write_str("Free text is not possible while the deal is in this state")
            }
        }
    }
}

impl std::error::Error for Refusal {}
