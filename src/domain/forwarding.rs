//! Messages that say what another message said.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::ids::MessageId;

/// What a forwarded message says of the one whose content it has.
#[derive(Clone, Debug, PartialEq)]
pub struct Forwarded {
    /// The message that is forwarded; known only of a message that is being sent.
    pub of: Option<MessageId>,
    /// Who had said it first, and when; `None` until the message was read.
    pub origin: Option<Origin>,
}

/// Who said something first, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The name; `None` for staff.
    pub name: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

impl Forwarded {
    /// A message that is to be forwarded, before it was read.
    pub fn wanted(of: MessageId) -> Self {
        Self {
            of: Some(of),
            origin: None,
        }
    }

    /// A message that was forwarded.
    pub fn stored(origin: Origin) -> Self {
        Self {
            of: None,
            origin: Some(origin),
        }
    }
}
