//! Where Redis is: one server, several, or sentinels that know which one is the master.

use std::fmt;
use std::path::PathBuf;

use crate::config::Secret;

/// Where Redis is, and how to be let in. `Display` shows neither users nor passwords.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedisServers {
    /// One or more servers, of which the master is used. With Redis Cluster, any of them.
    AnyOf(Vec<RedisServer>),
    /// Sentinels that know the master by this name.
    Watched {
        /// The sentinels; at least one.
        sentinels: Vec<RedisHost>,
        /// The name of the master.
        name: String,
        /// How the master lets this server in.
        access: RedisAccess,
    },
}

/// One server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisServer {
    /// Where it listens.
    pub address: RedisAddress,
    /// How it lets this server in.
    pub access: RedisAccess,
}

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedisAddress {
    /// At a port of a host.
    Tcp(RedisHost),
    /// At a socket in the file system.
    Unix(PathBuf),
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RedisHost {
    /// A name, or an address without brackets.
    pub name: String,
    /// The port.
    pub port: u16,
}

/// How a server is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisAccess {
    /// As whom; `None` if it asks for no password.
    pub login: Option<RedisLogin>,
    /// Whether over TLS.
    pub encryption: Encryption,
}

/// A user and a password. The `Debug` form shows neither.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisLogin {
    /// The user; `None` for Redis's default user.
    pub user: Option<String>,
    /// The password.
    pub password: Secret,
}

/// Whether a connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// It is not.
    Off,
    /// TLS, with a certificate that is verified.
    Tls,
}

impl fmt::Debug for RedisLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(redacted)")
    }
}

impl fmt::Display for RedisHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, port } = self;
        match name.contains(':') {
            true => write!(f, "[{name}]:{port}"),
            false => write!(f, "{name}:{port}"),
        }
    }
}

impl fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(host) => host.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl RedisAccess {
    fn redacted(&self) -> &'static str {
        match self.login {
            Some(_) => "(redacted)@",
            None => "",
        }
    }
}

impl fmt::Display for RedisServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let redacted = self.access.redacted();
        match (&self.address, self.access.encryption) {
            (RedisAddress::Tcp(host), Encryption::Off) => write!(f, "redis://{redacted}{host}"),
            (RedisAddress::Tcp(host), Encryption::Tls) => write!(f, "rediss://{redacted}{host}"),
            (RedisAddress::Unix(path), _) if redacted.is_empty() => {
                write!(f, "unix:{}", path.display())
            }
            (RedisAddress::Unix(path), _) => write!(f, "unix://{redacted}{}", path.display()),
        }
    }
}

impl fmt::Display for RedisServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AnyOf(servers) => f.write_str(&joined(servers)),
            Self::Watched {
                sentinels,
                name,
                access,
            } => {
                let scheme = match access.encryption {
                    Encryption::Off => "redis-sentinel",
                    Encryption::Tls => "rediss-sentinel",
                };
                let (redacted, hosts) = (access.redacted(), joined(sentinels));
                write!(f, "{scheme}://{redacted}{hosts}/{name}")
            }
        }
    }
}

fn joined(all: &[impl fmt::Display]) -> String {
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    all.join(",")
}

impl RedisServers {
    /// Whether a connection to any of them uses TLS.
    pub fn use_tls(&self) -> bool {
        match self {
            Self::AnyOf(servers) => servers
                .iter()
                .any(|server| server.access.encryption == Encryption::Tls),
            Self::Watched { access, .. } => access.encryption == Encryption::Tls,
        }
    }
}
