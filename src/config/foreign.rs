//! Options of connections that are not native: Socket.IO.

use clap::Args;

use super::Switch;

/// How Socket.IO clients are served.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Socket.IO")]
pub struct ForeignOptions {
    /// Whether clients that come back are given what they missed
    #[arg(long, env = "STOA_RECOVERY", value_enum, default_value = "on")]
    pub recovery: Switch,
    /// Hours that a client may be away
    #[arg(long, env = "STOA_RECOVERY_HOURS", default_value_t = 72, value_parser = clap::value_parser!(u32).range(1..=8_760))]
    pub recovery_hours: u32,
    /// Changes of its conversations, all together, that a client may have missed
    #[arg(long, env = "STOA_RECOVERY_LIMIT", default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub recovery_limit: u32,
}
