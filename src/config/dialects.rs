//! Options of other vocabularies: who the system is in them, where their files may be.

use clap::Args;

use crate::domain::ids::UserId;

/// How the words of other back ends are spoken.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Dialects")]
pub struct DialectOptions {
    /// Id that stands for the system in the Stoory dialect; no user may have it
    #[arg(
        long,
        env = "SYSTEM_USER_ID",
        default_value = "00000000-0000-0000-0000-000000000000"
    )]
    pub system_user_id: String,
    /// Hosts on which the `media_url` of the Stoory dialect may be, comma-separated, as cdn.example.com or *.example.com; any where none is named
    #[arg(long, env = "STOA_MEDIA_HOSTS", value_delimiter = ',')]
    pub media_hosts: Vec<String>,
}

impl DialectOptions {
    /// What is wrong with them, in a sentence that says what to do.
    pub(super) fn check(&self) -> Result<(), String> {
        UserId::parse(&self.system_user_id, "--system-user-id")
            .map(drop)
            .map_err(|refusal| format!("{}.", refusal.message()))
    }
}
