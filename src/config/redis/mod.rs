//! Options of the wire between servers: where Redis is.

use clap::Args;
use std::convert::Infallible;
use std::fmt;
use std::path::PathBuf;

mod servers;
mod url;

pub use servers::{
    Encryption, RedisAccess, RedisAddress, RedisHost, RedisLogin, RedisServer, RedisServers,
};

/// Options of the wire between servers.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Redis")]
pub struct RedisOptions {
    /// Redis through which several servers on one database hear each other at once, such as redis://user:password@host:6379; rediss://
    /// for TLS, unix:/path for a socket; several addresses with commas, of which the master is used; or
    /// redis-sentinel://host,host,host/NAME
    #[arg(long, env = "STOA_REDIS", hide_env_values = true, value_name = "URL", value_parser = unread)]
    pub redis: Option<RedisUrl>,
    /// PEM file with the certificates by which a Redis with TLS is verified; without it, those of the system
    #[arg(long, env = "STOA_REDIS_CA", value_name = "FILE")]
    pub redis_ca: Option<PathBuf>,
}

/// What was given as `--redis`. Its `Debug` form shows neither user nor password, and nothing of what cannot be read.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisUrl(String);

/// Never fails: an error of clap's would repeat the password. `RedisOptions::check` reads the address.
fn unread(text: &str) -> Result<RedisUrl, Infallible> {
    Ok(RedisUrl::from(text))
}

impl From<&str> for RedisUrl {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match url::parse(&self.0) {
            Ok(servers) => write!(f, "{servers}"),
            Err(_) => f.write_str("(redacted)"),
        }
    }
}

impl RedisOptions {
    /// Where Redis is; `None` without `--redis`. An error is a sentence that says what to do, without any part of the address.
    pub fn servers(&self) -> Result<Option<RedisServers>, String> {
        let parse = |url: &RedisUrl| url::parse(&url.0);
        let servers = self.redis.as_ref().map(parse).transpose();
        servers.map_err(|wrong| format!("--redis (STOA_REDIS) {wrong}"))
    }

    /// Checks the options. An error is a sentence that says what to do.
    pub(super) fn check(&self) -> Result<(), String> {
        let servers = self.servers()?;
        let Some(file) = &self.redis_ca else {
            return Ok(());
        };
        let file = file.display();
        match servers {
            None => Err(format!("--redis-ca {file} needs --redis.")),
            Some(servers) if !servers.use_tls() => Err(format!(
                "--redis-ca {file} is for a --redis with TLS: write rediss:// or rediss-sentinel://."
            )),
            Some(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(redis: Option<&str>, redis_ca: Option<&str>) -> RedisOptions {
        RedisOptions {
            redis: redis.map(RedisUrl::from),
            redis_ca: redis_ca.map(PathBuf::from),
        }
    }

    #[test]
    fn certificates_need_a_redis_with_tls() {
        assert_eq!(options(None, None).check(), Ok(()));
        assert_eq!(options(Some("rediss://a"), Some("f")).check(), Ok(()));
        for (redis, told) in [
            (None, "needs --redis"),
            (Some("redis://a"), "write rediss://"),
            (Some("unix:/a"), "write rediss://"),
        ] {
            let said = options(redis, Some("ca.pem")).check().unwrap_err();
            assert!(said.contains(told) && said.contains("ca.pem"), "{said}");
        }
    }

    #[test]
    fn neither_user_nor_password_is_printed() {
        for (url, shown) in [
            (
                "redis://ann:s3cret@a:1,b",
                "redis://(redacted)@a:1,redis://(redacted)@b:6379",
            ),
            ("rediss://:s3cret@[::1]", "rediss://(redacted)@[::1]:6379"),
            ("unix:/run/redis", "unix:/run/redis"),
            (
                "unix://ann:s3cret@/run/redis",
                "unix://(redacted)@/run/redis",
            ),
            (
                "redis-sentinel://ann:s3cret@a,b:7/main",
                "redis-sentinel://(redacted)@a:26379,b:7/main",
            ),
            ("redis://ann:s3cret", "(redacted)"),
            ("s3cret", "(redacted)"),
        ] {
            let printed = format!("{:?}", options(Some(url), None));
            assert!(printed.contains(shown), "{printed}");
            assert!(!printed.contains("s3cret"), "{printed}");
            assert!(!printed.contains("ann"), "{printed}");
        }
    }
}
