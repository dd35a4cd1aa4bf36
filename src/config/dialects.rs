//! Options of dialects: which ones are served, the system's id, and the hosts of files.

use clap::Args;
use std::net::IpAddr;

use crate::domain::ids::UserId;

/// The dialects of other back ends.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Dialects")]
pub struct DialectOptions {
    /// Dialects to serve besides the native one, comma-separated: stoory, lola, quotexbert, parttimepays; empty serves the native one alone
    #[arg(
        long,
        env = "STOA_DIALECTS",
        value_delimiter = ',',
        default_value = "stoory,lola"
    )]
    pub dialects: Vec<String>,
    /// Id that stands for the system in the Stoory dialect; no user may have it
    #[arg(
        long,
        env = "SYSTEM_USER_ID",
        default_value = "00000000-0000-0000-0000-000000000000"
    )]
    pub system_user_id: String,
    /// Hosts that files of messages may be on which are stored elsewhere (`url` of an attachment, `media_url` of the Stoory dialect),
    /// comma-separated, such as cdn.example.com or *.example.com; any host if empty, none if `off`
    #[arg(long, env = "STOA_MEDIA_HOSTS", value_delimiter = ',', value_parser = media_host)]
    pub media_hosts: Vec<String>,
}

impl DialectOptions {
    /// Checks the options. An error is a sentence that says what to do.
    pub(super) fn check(&self) -> Result<(), String> {
        UserId::parse(&self.system_user_id, "--system-user-id")
            .map(drop)
            .map_err(|refusal| format!("{}.", refusal.message()))
    }
}

/// A host that files may be on: a name, an IP address, or `*.` and a name for all hosts below it.
fn media_host(text: &str) -> Result<String, String> {
    let host = text.trim().to_lowercase();
    // `off` has the form of a host; see `domain::media_hosts::NONE`.
    let name = host.strip_prefix("*.").unwrap_or(&host);
    let is_label = |label: &str| {
        let fits = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
        !label.is_empty() && label.chars().all(fits)
    };
    match name.split('.').all(is_label) || host.parse::<IpAddr>().is_ok() {
        true => Ok(host),
        false => Err(
            "this is not a host: write its name alone, as cdn.example.com or *.example.com"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_alone() {
        for (given, kept) in [
            ("cdn.example.com", "cdn.example.com"),
            (" CDN.Example.com ", "cdn.example.com"),
            ("*.example.com", "*.example.com"),
            ("bücher.example", "bücher.example"),
            ("localhost", "localhost"),
            ("off", "off"),
            ("2001:db8::1", "2001:db8::1"),
        ] {
            assert_eq!(media_host(given), Ok(kept.to_owned()), "{given}");
        }
        for wrong in [
            "",
            "https://cdn.example.com",
            "cdn.example.com/a",
            "cdn.example.com:8443",
            "cdn.*.com",
            "*",
            "*example.com",
            ".example.com",
            "a b",
        ] {
            assert!(media_host(wrong).is_err(), "{wrong}");
        }
    }
}
