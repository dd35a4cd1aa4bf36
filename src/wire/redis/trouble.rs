//! Why there is no connection to Redis, in words for the log, which hold neither a user nor a password.

use redis::RedisError;
use std::fmt;
use std::io;

use crate::config::redis::Encryption;

/// The characters of an error of Redis that are logged.
const MOST_TOLD: usize = 200;

/// Why there is no connection.
#[derive(Debug)]
pub(in crate::wire) enum Trouble {
    /// A server or a sentinel.
    At {
        /// Which one.
        address: String,
        /// What is wrong with it.
        why: Why,
    },
    /// None of several can be used.
    AtAll(Vec<Trouble>),
}

/// What is wrong with a server.
#[derive(Debug)]
pub(in crate::wire) enum Why {
    /// It has not answered in time. A server that does not speak TLS may wait for more.
    TimedOut(Encryption),
    /// The connection cannot be made, or has broken.
    Unreachable(io::Error),
    /// The name of the host has no address.
    Nameless,
    /// TLS failed: it does not speak it, or its certificate is not trusted.
    Untrusted(io::Error),
    /// It asks for a password.
    NoLogin,
    /// The user or the password is wrong.
    WrongLogin,
    /// Its access control list does not permit what is needed.
    NotPermitted,
    /// It is a replica.
    Replica,
    /// It is a sentinel.
    Sentinel,
    /// It is older than Redis 6.
    TooOld,
    /// It is a sentinel that knows no such master.
    UnknownName(String),
    /// It answered with this error.
    Refused(String),
    /// It answered with something that no Redis does.
    Unreadable,
}

impl Why {
    /// With the address at which it is so.
    pub(super) fn at(self, address: impl fmt::Display) -> Trouble {
        Trouble::At {
            address: address.to_string(),
            why: self,
        }
    }
}

impl Trouble {
    /// One of several, all, or the only one.
    pub(super) fn all(mut troubles: Vec<Self>) -> Self {
        match (troubles.pop(), troubles.is_empty()) {
            (Some(only), true) => only,
            (last, _) => {
                troubles.extend(last);
                Self::AtAll(troubles)
            }
        }
    }
}

impl From<RedisError> for Why {
    fn from(error: RedisError) -> Self {
        match error.code() {
            Some("NOAUTH") => return Self::NoLogin,
            Some("WRONGPASS") => return Self::WrongLogin,
            Some("NOPERM") => return Self::NotPermitted,
            Some(code) => {
                let detail = error.detail().unwrap_or_default();
                return match detail.contains("unknown command") {
                    true if detail.to_uppercase().contains("HELLO") => Self::TooOld,
                    _ => {
                        Self::Refused(format!("{code} {detail}").chars().take(MOST_TOLD).collect())
                    }
                };
            }
            None => {}
        }
        match error.kind() {
            redis::ErrorKind::RESP3NotSupported => Self::TooOld,
            redis::ErrorKind::AuthenticationFailed => Self::WrongLogin,
            redis::ErrorKind::Io => Self::Unreachable(io::Error::other(error)),
            _ => Self::Unreadable,
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut(Encryption::Off) => f.write_str("it does not answer"),
            Self::TimedOut(Encryption::Tls) => f.write_str("it does not answer over TLS"),
            Self::Unreachable(error) => write!(f, "it cannot be reached: {error}"),
            Self::Nameless => f.write_str("its name has no address"),
            Self::Untrusted(error) => write!(f, "TLS fails: {error}"),
            Self::NoLogin => f.write_str("it asks for a password"),
            Self::WrongLogin => f.write_str("the user or the password is wrong"),
            Self::NotPermitted => f.write_str(
                "the user is not permitted what is needed: +hello +publish +subscribe &stoa:*",
            ),
            Self::Replica => f.write_str("it is a replica"),
            Self::Sentinel => f.write_str("it is a sentinel: use redis-sentinel://"),
            Self::TooOld => f.write_str("it does not know HELLO: Redis 6 or newer is needed"),
            Self::UnknownName(name) => write!(f, "it knows no master with the name {name}"),
            Self::Refused(told) => write!(f, "it answers with an error: {told}"),
            Self::Unreadable => f.write_str("it does not answer as a Redis does"),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At { address, why } => write!(f, "{address}: {why}"),
            Self::AtAll(troubles) => {
                let all: Vec<String> = troubles.iter().map(ToString::to_string).collect();
                f.write_str(&all.join("; "))
            }
        }
    }
}
