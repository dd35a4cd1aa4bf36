//! What can go wrong: refused (the caller gets the reason), or internal (logged once, answered 500).

use std::fmt;

use crate::domain::refusal::Refusal;

/// The outcome of a request that was not carried out.
#[derive(Debug)]
pub enum Error {
    /// The caller gets the reason, with a stable code.
    Refused(Refusal),
    /// The caller gets nothing but a request id; this text goes to the log.
    Internal(String),
}

impl Error {
    /// A cause for the log.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::Internal(cause.to_string())
    }

    /// Whether it says that the caller may not do this. Otherwise the same request may succeed later.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Refused(refusal) if !refusal.is_temporary())
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => f.write_str(refusal.code_and_status().0),
            Self::Internal(cause) => f.write_str(cause),
        }
    }
}

impl std::error::Error for Error {}
