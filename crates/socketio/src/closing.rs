//! Why the server closes a connection, and with which code.

/// Why the server closes a connection (RFC 6455, section 7.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The protocol was violated.
    Misuse,
    /// A malformed WebSocket frame.
    Malformed,
    /// A text that is not UTF-8.
    NotUtf8,
    /// A frame or message above the limit.
    TooLarge,
    /// The server restarts; the client should reconnect after a random pause.
    Restarting,
    /// The queue overflowed; the client should reconnect and name the last event that it got.
    SlowReader,
    /// The peer was silent for too long.
    Silent,
    /// Too many requests. The code is private, after HTTP's 429.
    TooFast,
    /// A reason of the application.
    Application {
        /// From 3000 on.
        code: u16,
        /// At most 123 bytes.
        text: &'static str,
    },
}

impl CloseReason {
    /// The close code and its text.
    pub fn code_and_text(self) -> (u16, &'static str) {
        match self {
            Self::Misuse => (1008, "protocol used wrongly"),
            Self::Malformed => (1002, "not a WebSocket frame that a client may send"),
            Self::NotUtf8 => (1007, "not UTF-8"),
            Self::TooLarge => (1009, "too large"),
            Self::Restarting => (1012, "restarting"),
            Self::SlowReader => (1013, "slow reader"),
            Self::Silent => (1001, "silent for too long"),
            Self::TooFast => (4429, "too fast"),
            Self::Application { code, text } => (code, text),
        }
    }
}
