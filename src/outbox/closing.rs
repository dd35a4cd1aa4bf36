//! Why a connection is closed by the server, and with which code.

/// Why a connection is closed by the server (RFC 6455, section 7.4; 4xxx are Stoa's own).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// Stoa's own protocol was used wrongly.
    Misuse,
    /// A frame that WebSockets do not have.
    Malformed,
    /// A text that is not UTF-8.
    NotUtf8,
    /// A frame or message above the limit.
    TooLarge,
    /// The server restarts: come back after a random pause.
    Restarting,
    /// The outbox ran over: come back with the last seq.
    SlowReader,
    /// Nothing was heard for too long.
    Silent,
    /// No valid token, or it has expired.
    Unauthenticated,
    /// The platform has signed the user out.
    SignedOut,
    /// No authentication in time.
    AuthenticationTimeout,
    /// A page from elsewhere.
    Origin,
    /// Too many requests.
    TooFast,
    /// Its user has as many connections as they may.
    TooManyConnections,
}

impl CloseReason {
    /// The close code and the text beside it.
    pub fn code_and_text(self) -> (u16, &'static str) {
        match self {
            Self::Misuse => (1008, "protocol used wrongly"),
            Self::Malformed => (1002, "not a WebSocket frame that a client may send"),
            Self::NotUtf8 => (1007, "not UTF-8"),
            Self::TooLarge => (1009, "too large"),
            Self::Restarting => (1012, "restarting"),
            Self::SlowReader => (1013, "slow reader"),
            Self::Silent => (1001, "silent for too long"),
            Self::Unauthenticated => (4401, "unauthenticated"),
            Self::SignedOut => (4401, "signed out"),
            Self::AuthenticationTimeout => (4408, "no authentication in time"),
            Self::Origin => (4403, "origin refused: it is not in --allowed-origins"),
            Self::TooFast => (4429, "too fast"),
            Self::TooManyConnections => (1013, "too many connections of this user"),
        }
    }
}
