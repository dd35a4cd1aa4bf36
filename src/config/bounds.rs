//! Options that bound callers: how many connections each may have, and how long a request's body may take.

use clap::Args;

use super::{Config, Switch};

/// Bounds for one caller.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Bounds of callers")]
pub struct BoundOptions {
    /// Connections that one user may have at once, native and Socket.IO together; --rate-limits off lifts it
    #[arg(long, env = "STOA_MAX_CONNECTIONS_PER_USER", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connections_per_user: u32,
    /// Connections of any kind that one address (for IPv6, one /64) may have at once; --rate-limits off lifts it
    #[arg(long, env = "STOA_MAX_CONNECTIONS_PER_ADDRESS", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connections_per_address: u32,
    /// Seconds within which the whole body of a request must arrive
    #[arg(long, env = "STOA_BODY_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub body_seconds: u32,
    /// Minimum rate of a body in bytes per second, after its first 5 seconds
    #[arg(long, env = "STOA_BODY_RATE", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    pub body_rate: u32,
}

impl Config {
    /// The bound for one user; `None` if it is lifted.
    pub fn connections_per_user(&self) -> Option<usize> {
        self.bound(self.bounds.max_connections_per_user)
    }

    /// The bound for one address; `None` if it is lifted.
    pub fn connections_per_address(&self) -> Option<usize> {
        self.bound(self.bounds.max_connections_per_address)
    }

    fn bound(&self, most: u32) -> Option<usize> {
        (self.rates.rate_limits == Switch::On).then_some(most as usize)
    }
}
