//! Why a connection is closed by the server, and with which code.

/// Why a connection is closed by the server (RFC 6455, section 7.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The protocol was used wrongly.
    Misuse,
    /// A frame that WebSockets do not have.
    Malformed,
    /// A text that is not UTF-8.
    NotUtf8,
    /// A frame or message above the limit.
    TooLarge,
    /// The server restarts: come back after a random pause.
    Restarting,
    /// The queue ran over: come back, and say what came last.
    SlowReader,
    /// Nothing was heard for too long.
    Silent,
    /// Too many requests. The code is private, after HTTP's 429.
    TooFast,
    /// A reason of the application's own.
    Application {
        /// From 3000 on.
        code: u16,
        /// At most 123 bytes.
        text: &'static str,
    },
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
            Self::TooFast => (4429, "too fast"),
            Self::Application { code, text } => (code, text),
        }
    }
}
