//! Options of payments: Razorpay's keys, the sandbox, and when a silent order is looked up.

use clap::Args;
use std::convert::Infallible;

use super::Secret;
use super::addresses::web_address;

fn secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::from(text))
}

/// The payment gateway.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Payments")]
pub struct PaymentOptions {
    /// Razorpay's key id; without it there are no payments, unless --sandbox or --demo is given
    #[arg(long, env = "RAZORPAY_KEY_ID", requires = "razorpay_key_secret")]
    pub razorpay_key_id: Option<String>,
    /// Razorpay's key secret
    #[arg(long, env = "RAZORPAY_KEY_SECRET", hide_env_values = true, value_parser = secret, requires = "razorpay_key_id")]
    pub razorpay_key_secret: Option<Secret>,
    /// Secrets that verify Razorpay's webhooks, comma-separated: the new one first and, for a day after a change, the old one
    #[arg(long, env = "STOA_RAZORPAY_WEBHOOK_SECRETS", hide_env_values = true, value_parser = secret, value_delimiter = ',')]
    pub razorpay_webhook_secrets: Vec<Secret>,
    /// URL of Razorpay's API
    #[arg(
        long,
        env = "STOA_RAZORPAY_BASE_URL",
        default_value = "https://api.razorpay.com",
        value_parser = web_address
    )]
    pub razorpay_base_url: String,
    /// Milliseconds that one call to Razorpay may take
    #[arg(long, env = "STOA_RAZORPAY_TIMEOUT_MS", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(100..=30_000))]
    pub razorpay_timeout_ms: u64,
    /// Accept payments without moving money: the visitor of a checkout chooses its outcome. --demo implies it
    #[arg(long, env = "STOA_SANDBOX", conflicts_with = "razorpay_key_id")]
    pub sandbox: bool,
    /// Secret that verifies the sandbox's webhooks; giving it enables the sandbox [default: derived from the tokens' secret or the
    /// database's address]
    #[arg(long, env = "STOA_SANDBOX_WEBHOOK_SECRET", hide_env_values = true, value_parser = secret)]
    pub sandbox_webhook_secret: Option<Secret>,
    /// Secret that the sandbox signs its webhooks with [default: the secret that verifies them]
    #[arg(long, env = "STOA_SANDBOX_SIGNING_SECRET", hide_env_values = true, value_parser = secret)]
    pub sandbox_signing_secret: Option<Secret>,
    /// URL of this server: the sandbox posts its webhooks there [default: the address it listens on]
    #[arg(long, env = "STOA_PUBLIC_URL", value_parser = web_address)]
    pub public_url: Option<String>,
    /// Name that the checkout shows
    #[arg(long, env = "STOA_CHECKOUT_NAME", default_value = "Stoa")]
    pub checkout_name: String,
    /// Colour of the checkout, such as #3B82F6
    #[arg(long, env = "STOA_CHECKOUT_COLOR", default_value = "#3B82F6", value_parser = colour)]
    pub checkout_color: String,
    /// Milliseconds without news of an order after which the gateway is asked about it; then at twice the age each time
    #[arg(long, env = "STOA_RECONCILE_AFTER_MS", default_value_t = 900_000, value_parser = clap::value_parser!(u64).range(10..=2_592_000_000))]
    pub reconcile_after_ms: u64,
    /// Hours after which the gateway is no longer asked
    #[arg(long, env = "STOA_RECONCILE_HOURS", default_value_t = 96, value_parser = clap::value_parser!(u32).range(1..=720))]
    pub reconcile_hours: u32,
}

impl PaymentOptions {
    /// Whether the sandbox is the gateway when no keys are given.
    pub fn wants_sandbox(&self) -> bool {
        self.sandbox || self.sandbox_webhook_secret.is_some()
    }

    /// Checks the options. An error is a sentence that says what to do.
    pub(super) fn check(&self) -> Result<(), String> {
        let has_secret = self
            .razorpay_webhook_secrets
            .iter()
            .any(|secret| !secret.0.is_empty());
        if self.razorpay_key_id.is_some() && !has_secret {
            return Err("With --razorpay-key-id, --razorpay-webhook-secrets is needed: only a webhook completes a payment. \
                        docs/payments.md says where to find it.".to_owned());
        }
        Ok(())
    }
}

/// Reads a colour in the form that the checkout accepts.
fn colour(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix('#').unwrap_or_default();
    match digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => Ok(text.to_owned()),
        false => Err("write it as six hexadecimal digits, as #3B82F6".to_owned()),
    }
}
