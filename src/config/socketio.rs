//! Options of connections that are not native: Socket.IO.

use clap::Args;

use super::Switch;

/// Options of Socket.IO.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Socket.IO")]
pub struct SocketIoOptions {
    /// Bytes of one POST over long-polling, with all its packets; each packet may have --frame-limit. At least --frame-limit
    #[arg(long, env = "STOA_POLL_BODY_LIMIT", default_value_t = 1_048_576, value_parser = clap::value_parser!(u32).range(1_024..=16_777_216))]
    pub poll_body_limit: u32,
    /// Whether clients that reconnect get what they missed
    #[arg(long, env = "STOA_RECOVERY", value_enum, default_value = "on")]
    pub recovery: Switch,
    /// Hours that a client may be away and still recover
    #[arg(long, env = "STOA_RECOVERY_HOURS", default_value_t = 72, value_parser = clap::value_parser!(u32).range(1..=8_760))]
    pub recovery_hours: u32,
    /// Changes in all its conversations that a client may miss and still recover
    #[arg(long, env = "STOA_RECOVERY_LIMIT", default_value_t = 5_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub recovery_limit: u32,
}

impl SocketIoOptions {
    /// Checks the options against the frame limit. An error is a sentence that says what to do.
    pub(super) fn check(&self, frame_limit: u32) -> Result<(), String> {
        if self.poll_body_limit < frame_limit {
            return Err(format!(
                "--poll-body-limit ({}) must not be below --frame-limit ({frame_limit}): a POST holds at least one packet.",
                self.poll_body_limit
            ));
        }
        Ok(())
    }
}
