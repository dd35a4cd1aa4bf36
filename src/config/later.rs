//! Options of background work: jobs, and webhooks to the platform.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use std::convert::Infallible;

use super::addresses::web_address;
use super::{Secret, Switch};

fn secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::from(text))
}

/// Options of webhooks to the platform.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Webhooks to the platform")]
pub struct WebhookOptions {
    /// URL that receives the events of deals; https
    #[arg(long, env = "STOA_WEBHOOK_URL", requires = "webhook_secrets", value_parser = web_address)]
    pub webhook_url: Option<String>,
    /// Secrets that sign the webhooks, as whsec_<base64>, comma-separated: the new one first and, for a while after a change, the
    /// old one
    #[arg(long, env = "STOA_WEBHOOK_SECRETS", hide_env_values = true, value_parser = secret, value_delimiter = ',')]
    pub webhook_secrets: Vec<Secret>,
    /// Allow a webhook URL with a private address, and without TLS
    #[arg(long, env = "STOA_WEBHOOK_ALLOW_PRIVATE", value_parser = super::demo::yes_or_no)]
    pub webhook_allow_private: bool,
    /// Milliseconds that one delivery may take
    #[arg(long, env = "STOA_WEBHOOK_TIMEOUT_MS", default_value_t = 15_000, value_parser = clap::value_parser!(u64).range(100..=30_000))]
    pub webhook_timeout_ms: u64,
}

/// Options of jobs.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Jobs")]
pub struct JobOptions {
    /// Whether this server runs jobs and follows the feed; at least one server of the database must
    #[arg(long, env = "STOA_JOBS", value_enum, default_value = "on")]
    pub jobs: Switch,
    /// Jobs that run at the same time; webhooks to the platform count separately
    #[arg(long, env = "STOA_JOB_CONCURRENCY", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub job_concurrency: u16,
    /// Seconds after which another server takes over a job whose server is gone
    #[arg(long, env = "STOA_JOB_LEASE_SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub job_lease_seconds: u32,
    /// Milliseconds before the first retry of a failed job; each further retry waits longer
    #[arg(long, env = "STOA_JOB_RETRY_MS", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    pub job_retry_ms: u32,
    /// Days after which the wordings of deleted messages, and the contents of deleted conversations, are emptied for good; 0 for at once
    #[arg(long, env = "STOA_DELETED_DAYS", value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(0..=3_650))]
    pub deleted_days: u16,
}

impl WebhookOptions {
    /// The keys in the secrets, in the order given.
    pub fn keys(&self) -> Vec<Vec<u8>> {
        let secrets = self.webhook_secrets.iter();
        secrets.filter_map(|secret| key_of(&secret.0)).collect()
    }

    /// Checks the options. An error is a sentence that says what to do.
    pub(super) fn check(&self) -> Result<(), String> {
        if self
            .webhook_secrets
            .iter()
            .any(|secret| key_of(&secret.0).is_none())
        {
            return Err("Each of --webhook-secrets must be whsec_ and the base64 of 24 to 64 random bytes: \
                        echo whsec_$(openssl rand -base64 32)".to_owned());
        }
        let Some(url) = &self.webhook_url else {
            return Ok(());
        };
        let plain = self.webhook_allow_private && url.starts_with("http://");
        if !url.starts_with("https://") && !plain {
            return Err(
                "--webhook-url must begin with https:// (or http://, with --webhook-allow-private)."
                    .to_owned(),
            );
        }
        Ok(())
    }
}

/// The bytes of `whsec_<base64>`; `None` if their number is not what Standard Webhooks requires.
fn key_of(secret: &str) -> Option<Vec<u8>> {
    let key = STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
    (24..=64).contains(&key.len()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_secret_of_the_standards_form_gives_a_key() {
        let key = format!("whsec_{}", STANDARD.encode([7; 24]));
        assert_eq!(key_of(&key), Some(vec![7; 24]));
        let short = format!("whsec_{}", STANDARD.encode([7; 23]));
        for wrong in ["", "whsec_", "whsec_!", &short, &key[6..]] {
            assert_eq!(key_of(wrong), None, "{wrong}");
        }
    }
}
