//! Reads the address of Redis.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::PathBuf;

use super::servers::{
    Encryption, RedisAccess, RedisAddress, RedisHost, RedisLogin, RedisServer, RedisServers,
};
use crate::config::Secret;

const REDIS_PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;
/// The servers or sentinels of one address.
const MOST: usize = 32;

/// What is wrong with an address. The text goes on after the option's name, and repeats nothing of the address, which may hold a
/// password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongUrl {
    /// Nothing was given.
    Empty,
    /// Another scheme, or none.
    Scheme,
    /// No host, or one with characters that no host has.
    Host,
    /// A port that is not a number from 1 to 65535.
    Port,
    /// A user without a password.
    Password,
    /// A percent sign that encodes no character.
    Encoding,
    /// Something behind the host.
    Path,
    /// A `?` or a `#`.
    Settings,
    /// Sentinels without a name.
    Name,
    /// A socket whose path does not begin with a slash.
    Socket,
    /// Too many.
    TooMany,
}

impl fmt::Display for WrongUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => {
                "is empty: say where Redis is, as redis://host:6379, or leave it out if this server is the only one."
            }
            Self::Scheme => {
                "is not the address of a Redis: it must begin with redis://, rediss:// (TLS), unix:/, redis-sentinel:// or rediss-sentinel://."
            }
            Self::Host => {
                "has an address without a host, or with characters that no host has; in a user and a password, other characters than letters and digits are written percent-encoded, such as %40 for @."
            }
            Self::Port => {
                "has a port that is not a number from 1 to 65535; in a user and a password, other characters than letters and digits are written percent-encoded, such as %3A for a colon."
            }
            Self::Password => {
                "has a user without a password: write user:password@host, or :password@host for the default user."
            }
            Self::Encoding => {
                "has a percent sign that does not encode a character: write %25 for a percent sign."
            }
            Self::Path => {
                "has something behind the host: only a number of a database may stand there, which the wire does not use; a slash in a user or a password is written %2F."
            }
            Self::Settings => {
                "has a ? or a #: it takes no settings, and certificates are always verified (--redis-ca); in a user and a password they are written %3F and %23."
            }
            Self::Name => {
                "does not say the name of the master that the sentinels watch: write redis-sentinel://host,host,host/NAME."
            }
            Self::Socket => "has a socket without a path that begins with a slash: write unix:/run/redis/redis.sock.",
            Self::TooMany => "has more than 32 addresses.",
        })
    }
}

/// Reads an address.
pub(super) fn parse(text: &str) -> Result<RedisServers, WrongUrl> {
    let text = text.trim();
    if text.is_empty() {
        return Err(WrongUrl::Empty);
    }
    if text.contains(['?', '#']) {
        return Err(WrongUrl::Settings);
    }
    if text.split(',').count() > MOST {
        return Err(WrongUrl::TooMany);
    }
    match Scheme::of(text)? {
        (Scheme::Sentinel(encryption), rest) => watched(rest, encryption),
        (Scheme::Redis(_) | Scheme::Unix, _) => any_of(text),
    }
}

#[derive(Clone, Copy)]
enum Scheme {
    Redis(Encryption),
    Unix,
    Sentinel(Encryption),
}

impl Scheme {
    /// The scheme of an address, and what follows.
    fn of(text: &str) -> Result<(Self, &str), WrongUrl> {
        if let Some(rest) = text.strip_prefix("unix:") {
            return Ok((Self::Unix, rest));
        }
        let (scheme, rest) = text.split_once("://").ok_or(WrongUrl::Scheme)?;
        let scheme = match scheme {
            "redis" => Self::Redis(Encryption::Off),
            "rediss" => Self::Redis(Encryption::Tls),
            "redis-sentinel" => Self::Sentinel(Encryption::Off),
            "rediss-sentinel" => Self::Sentinel(Encryption::Tls),
            _ => return Err(WrongUrl::Scheme),
        };
        Ok((scheme, rest))
    }
}

/// Servers with commas between them. One without a scheme has the scheme, the user and the password of the one before.
fn any_of(text: &str) -> Result<RedisServers, WrongUrl> {
    let mut servers: Vec<RedisServer> = Vec::new();
    for part in text.split(',').map(str::trim) {
        let server = match (Scheme::of(part), servers.last()) {
            (Ok((Scheme::Redis(encryption), rest)), _) => server(rest, encryption)?,
            (Ok((Scheme::Unix, rest)), _) => socket(rest)?,
            (Ok((Scheme::Sentinel(_), _)), _) => return Err(WrongUrl::Scheme),
            (Err(_), Some(before)) if !part.contains("://") => RedisServer {
                address: RedisAddress::Tcp(host(database_off(part)?, REDIS_PORT)?),
                access: before.access.clone(),
            },
            (Err(wrong), _) => return Err(wrong),
        };
        servers.push(server);
    }
    Ok(RedisServers::AnyOf(servers))
}

fn server(rest: &str, encryption: Encryption) -> Result<RedisServer, WrongUrl> {
    let (login, at) = login(database_off(rest)?)?;
    Ok(RedisServer {
        address: RedisAddress::Tcp(host(at, REDIS_PORT)?),
        access: RedisAccess { login, encryption },
    })
}

fn socket(rest: &str) -> Result<RedisServer, WrongUrl> {
    let (login, path) = match rest.strip_prefix("//") {
        Some(rest) => login(rest)?,
        None => (None, rest),
    };
    if !path.starts_with('/') || path.len() < 2 {
        return Err(WrongUrl::Socket);
    }
    Ok(RedisServer {
        address: RedisAddress::Unix(PathBuf::from(path)),
        access: RedisAccess {
            login,
            encryption: Encryption::Off,
        },
    })
}

fn watched(rest: &str, encryption: Encryption) -> Result<RedisServers, WrongUrl> {
    let (before, name) = rest.rsplit_once('/').ok_or(WrongUrl::Name)?;
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.is_empty() || !name.chars().all(is_of_name) {
        return Err(WrongUrl::Name);
    }
    let (login, hosts) = login(before)?;
    let hosts = hosts.split(',').map(str::trim);
    let sentinels = hosts.map(|one| host(one, SENTINEL_PORT));
    Ok(RedisServers::Watched {
        sentinels: sentinels.collect::<Result<_, _>>()?,
        name: name.to_owned(),
        access: RedisAccess { login, encryption },
    })
}

/// Takes the number of a database off: publishing does not depend on it.
fn database_off(text: &str) -> Result<&str, WrongUrl> {
    match text.split_once('/') {
        None => Ok(text),
        Some((before, number)) if number.chars().all(|c| c.is_ascii_digit()) => Ok(before),
        Some(_) => Err(WrongUrl::Path),
    }
}

/// The user and the password before the last `@`, and what follows.
fn login(text: &str) -> Result<(Option<RedisLogin>, &str), WrongUrl> {
    let Some((before, rest)) = text.rsplit_once('@') else {
        return Ok((None, text));
    };
    let (user, password) = before.split_once(':').ok_or(WrongUrl::Password)?;
    if password.is_empty() {
        return Err(WrongUrl::Password);
    }
    let user = match user {
        "" => None,
        user => Some(decoded(user)?),
    };
    let password = Secret(decoded(password)?);
    Ok((Some(RedisLogin { user, password }), rest))
}

/// A host with or without a port; without it, `port` is taken.
fn host(text: &str, port: u16) -> Result<RedisHost, WrongUrl> {
    let (name, given) = match text.strip_prefix('[') {
        Some(bracketed) => bracketed_host(bracketed)?,
        None => plain_host(text)?,
    };
    let port = match given.map(str::parse) {
        None => port,
        Some(Ok(port @ 1..)) => port,
        Some(_) => return Err(WrongUrl::Port),
    };
    Ok(RedisHost {
        name: name.to_owned(),
        port,
    })
}

fn bracketed_host(text: &str) -> Result<(&str, Option<&str>), WrongUrl> {
    let (name, after) = text.split_once(']').ok_or(WrongUrl::Host)?;
    let _address: Ipv6Addr = name.parse().map_err(|_| WrongUrl::Host)?;
    match after.strip_prefix(':') {
        None if after.is_empty() => Ok((name, None)),
        None => Err(WrongUrl::Host),
        port => Ok((name, port)),
    }
}

fn plain_host(text: &str) -> Result<(&str, Option<&str>), WrongUrl> {
    let (name, port) = match text.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (text, None),
    };
    let is_of_host = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if name.is_empty() || !name.chars().all(is_of_host) {
        return Err(WrongUrl::Host);
    }
    Ok((name, port))
}

fn decoded(text: &str) -> Result<String, WrongUrl> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(WrongUrl::Encoding);
        };
        bytes.push(u8::try_from(high * 16 + low).map_err(|_| WrongUrl::Encoding)?);
    }
    String::from_utf8(bytes).map_err(|_| WrongUrl::Encoding)
}

#[cfg(test)]
#[path = "url_tests.rs"]
mod tests;
